"""What every explorer with a guess, a reveal and a live run must do; asked of each of them."""

from test_widgets import plan, text


def planned(task, arm, n, profile, ledger, knob=None):
    """A run without data behind it, as `live_config` would plan it."""
    config = plan(task, arm, n, profile, ledger)
    return config if knob is None else config.changed(learning_rate=knob)


def made(kind, ledger, tmp_path, **usual):
    """A maker of explorers of one kind; afterwards no thread of them is left (for a fixture)."""
    explorers = []

    def make(**options):
        explorers.append(kind(**{"ledger": ledger, "profile": "laptop",
                                 "guesses_file": tmp_path / "guesses.jsonl", **usual, **options}))
        return explorers[-1]

    yield make
    for one in explorers:  # no thread of one test may reach into the next
        one.stop.click()
        assert one.wait(10)


def stops_and_stores_nothing(explorer, workers, ledger):
    """Stop ends the run that `workers` play and that hangs there."""
    explorer.show.click()
    explorer.train.click()
    assert workers.reached.wait(10)
    explorer.stop.click()
    assert explorer.wait(10) and "Stopped" in text(explorer.live_text)
    assert not ledger.rows(purpose="live")


def keeps_another_rule_apart(explorer, ledger):
    """A run of profile `smoke` is kept, and not held against the shipped ones."""
    explorer.show.click()
    explorer.train.click()
    assert explorer.wait(10) and explorer.last_error is None
    assert "kept and not compared" in text(explorer.live_text)
    assert ledger.rows(purpose="live")[0]["budget"] == "smoke"


def takes_what_was_chosen_at_the_click(explorer, change):
    """`change` is called after the click and before the thread plans its run."""
    start = explorer._live.start

    def change_first(plan, ready):  # what a quick hand does before the thread has begun
        def late():
            change()
            return plan()
        start(late, ready)

    explorer._live.start = change_first
    explorer.train.click()
    assert explorer.wait(10) and explorer.last_error is None
