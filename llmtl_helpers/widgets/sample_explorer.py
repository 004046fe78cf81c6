"""SampleExplorer: choose a test text, a size and a seed, and read what every arm wrote to it."""

import ipywidgets as w

from llmtl_helpers.errors import LearnerError
from llmtl_helpers.ledger import Ledger
from llmtl_helpers.plots.writing_data import PROMPTS, SCRATCH, TUNED, Written, rows_of
from llmtl_helpers.plots.writing_cards import Samples
from llmtl_helpers.plots.writing_samples import kept, samples
from llmtl_helpers.plots.writing_words import examples, missing
from llmtl_helpers.profiles import WRITING, Profile, rule_at
from llmtl_helpers.widgets.guard import guard
from llmtl_helpers.widgets.panel import LINE, WIDE, WRAP, choose, sentence
from llmtl_helpers.widgets.shelf import of_one_version
from llmtl_helpers.widgets.static_twin import all_of
from llmtl_helpers.widgets.view import View

TEXTS = 8  # that a page without a kernel offers


class SampleExplorer(View):
    """Answers side by side: same text, same seed, tuned and from scratch, prompts, no model.

    It shows what the ledger's runs wrote and writes nothing itself. Every control is an attribute
    with a `value` to set: text (a number from 1), size (examples that was tuned on), seed, shown
    (examples in the prompts). following and before have a `click()`.

    Args:
        task: name of a written task.
        profile: name or Profile whose training rule is shown where the usual one has no runs.
        ledger: default: `Ledger()`.
        text, size, seed, shown: what is chosen first; size defaults to the largest.

    Attributes:
        found: the runs. last_error: the last exception of a handler, also shown in the widget.

    Taught in 08.
    """

    def __init__(self, task: str = "write/films", profile: str | Profile | None = None,
                 ledger: Ledger | None = None, *, text: int = 1, size: int | None = None,
                 seed: int = 0, shown: int = 0):
        super().__init__(profile, ledger, "light", 1.0)
        self.task = task
        rule = rule_at(self.shelf.profile, WRITING).budget
        self.found = Written(of_one_version(rows_of(self.shelf.ledger, task, rule)))
        sizes, prompts = self.found.sizes(*TUNED, SCRATCH), self.found.sizes(*PROMPTS)
        seeds = sorted({row["run_seed"] for row in self.found.rows})
        most = max(1, kept(self.found))
        self.text = w.IntSlider(value=min(max(1, text), most), min=1, max=most, description="Text",
                                style=WIDE, layout=LINE, continuous_update=False)
        self.before = w.Button(description="Text before", layout=w.Layout(width="120px"))
        self.following = w.Button(description="Next text", layout=w.Layout(width="120px"))
        self.size = _choose("Tuned on", [(examples(n), n) for n in sizes],
                            max(sizes, default=0) if size is None else size)
        self.seed = _choose("Seed", [(str(one), one) for one in seeds], seed)
        self.shown = _choose("In the prompt", [(examples(n), n) for n in prompts], shown)
        self.before.on_click(self._before)
        self.following.on_click(self._following)
        self.show_controls([
            w.HBox([self.text, self.before, self.following], layout=WRAP),
            w.HBox([w.VBox([self.size, self.seed]), self.shown], layout=WRAP),
            self.errors, self.picture, self.table], [self.text, self.size, self.seed, self.shown])

    def page_offers(self) -> dict[str, list]:
        texts = [(str(number), number) for number in range(1, min(self.text.max, TEXTS) + 1)]
        return {"text": texts, "size": all_of(self.size), "shown": all_of(self.shown)}

    def static(self) -> Samples:
        """The same answers as HTML and as a table, for pages without a kernel."""
        lacking = missing(self.found, self.task)
        if not self.found.curves:
            return Samples(sentence(lacking), [], lacking)
        try:
            found = samples(self.found, self.text.value, self.size.value or None, self.seed.value,
                            self.shown.value)
        except LearnerError as error:
            return Samples(sentence(str(error)), [], str(error))
        said = f"{found.reading} {lacking}".rstrip()
        return Samples(found.body + sentence(said), found.table, said)

    def draw(self) -> None:
        found = self.static()
        self.picture.value, self.table.value = found.body, found.listing
        self.layers.alt = self.layers.reading = found.reading
        self.before.disabled = self.text.value <= self.text.min
        self.following.disabled = self.text.value >= self.text.max

    @guard
    def _before(self, button=None) -> None:
        self.text.value = max(self.text.min, self.text.value - 1)

    @guard
    def _following(self, button=None) -> None:
        self.text.value = min(self.text.max, self.text.value + 1)


def _choose(name: str, options: list[tuple[str, int]], wanted: int) -> w.Dropdown:
    """A list of what there is, at what is wanted if that is there."""
    options = options or [("-", 0)]
    there = [value for _, value in options]
    return choose(name, options, wanted if wanted in there else there[0])
