"""Every family of widgets in a real JupyterLab: by keyboard, by name, in the dark, under strain.

All tests of this file share one page, so each leaves its widget where it found it.
"""

import hashlib
import io
import random
from statistics import median

import pytest
from gallery import FAMILIES, NAMES
from lab import hosts, serious_faults

from llmtl_helpers.plots import twin_curve
from llmtl_helpers.sweep.workers import PATIENCE

OUTPUTS = ".jp-Notebook .jp-OutputArea"
FOLDED = "details:not([open]) > :not(summary)"
PICTURE, WORDS = "figure img", ".widget-html-content"


@pytest.fixture(autouse=True)
def silent(gallery):
    """Whatever a test does, the console has no complaint and no other host is asked."""
    yield
    assert gallery.page.errors == []
    assert hosts(gallery.page.asked) == hosts([gallery.server.address])


@pytest.mark.parametrize("name", FAMILIES)
def test_keys_reach_every_control_and_change_picture_and_words(gallery, name):
    family = FAMILIES[name]
    gallery.begin(name)
    assert gallery.walk(name) == []
    for keys in family.keys:
        before = gallery.seen(name)
        assert bool(before["alts"]) == family.pictured
        gallery.type(name, keys)
        after = gallery.wait_for_change(name, before)
        assert not family.pictured or after["alts"] != before["alts"]
        assert all(after["alts"]) and after["words"] != before["words"]
        assert gallery.at(name).get_by_role("alert").count() == 0


@pytest.mark.parametrize("name", NAMES)
def test_every_control_has_a_name(gallery, name):
    assert gallery.unnamed(name) == []


@pytest.mark.parametrize("name", FAMILIES)
def test_an_error_in_a_handler_is_a_sentence_in_the_widget(gallery, name):
    family = FAMILIES[name]
    once, again = family.keys
    gallery.begin(name)
    alert = gallery.at(name).get_by_role("alert")
    gallery.ask(f"exhibits.spoil({name!r}, {family.part!r})")
    try:
        gallery.type(name, once)
        alert.wait_for(timeout=20_000)
        assert alert.inner_text() == (
            "A fault in the suite, not in what you did: RuntimeError: a made-up fault. "
            "The exception itself is in the widget's last_error.")
    finally:
        gallery.ask(f"exhibits.repair({name!r})")
    gallery.type(name, again)
    alert.wait_for(state="detached", timeout=20_000)


def test_a_guess_that_is_no_share_is_answered_in_the_widget(gallery):
    guess = gallery.control("unfreeze", "spinbutton", "My guess")
    guess.fill("80")
    gallery.press("unfreeze", "Commit my guess")
    alert = gallery.at("unfreeze").get_by_role("alert")
    alert.wait_for(timeout=20_000)
    assert "write 80% as 0.80" in alert.inner_text().lower()
    guess.fill("0.8")
    gallery.press("unfreeze", "Commit my guess")
    alert.wait_for(state="detached", timeout=20_000)
    assert "You said 0.80" in gallery.at("unfreeze").inner_text()


def test_the_table_of_a_level_is_downloaded(gallery, tmp_path):
    link = gallery.control("level", "link", "Download this table as CSV")
    with gallery.sheet.expect_download() as waiting:
        link.focus()
        gallery.sheet.keyboard.press("Enter")
    waiting.value.save_as(tmp_path / "got.csv")
    arms = ("fine_tuned", "small_scratch", "probe", "tfidf", "majority")
    rows = gallery.ledger.rows(purpose="curve")
    assert (tmp_path / "got.csv").read_bytes() == twin_curve(rows, arms=arms).csv().encode()


def test_200_rapid_keys_end_in_the_picture_of_the_last_level(gallery):
    slider = gallery.begin("level")
    before = slider.get_attribute("aria-valuetext")
    keys = random.Random(3).choices(FAMILIES["level"].keys, k=200)
    assert keys.count("ArrowLeft") != 100  # it ends elsewhere
    for key in keys:
        gallery.sheet.keyboard.press(key)
    level = slider.get_attribute("aria-valuetext")
    assert level != before
    wanted = gallery.ask("", f"exhibits.drawn_alone({level})")
    picture = gallery.at("level").locator(PICTURE)
    gallery.sheet.wait_for_timeout(500)  # a late picture of an earlier level would come now
    assert gallery.ask("", "exhibits.shown['level'].level.value") == pytest.approx(float(level))
    assert f"A level line at {level}" in picture.get_attribute("alt")
    assert _hash(picture.get_attribute("src")) == _hash(wanted)


def test_a_picture_follows_a_key_nearly_as_fast_as_a_bare_text(gallery, record_property):
    gallery.begin("level")
    gallery.sheet.keyboard.press("Home")
    gallery.ask("")  # what that draws is over
    pictures = [gallery.time("level", "ArrowRight", PICTURE) for _ in range(15)]
    gallery.control("bare", "slider", "Bare").focus()
    texts = [gallery.time("bare", "ArrowRight", WORDS) for _ in range(15)]
    record_property("slider", f"key to new picture {median(pictures):.0f} ms, "
                              f"to a bare text {median(texts):.0f} ms (medians of 15)")
    assert median(pictures) < 1000 or median(pictures) < 20 * median(texts)


def test_stop_in_training_takes_two_seconds_at_most_and_loses_nothing(gallery, record_property):
    """A worker has `PATIENCE` to go by itself; a loaded machine adds what it adds to any key."""
    gallery.control("bare", "slider", "Bare").focus()
    trip = max(gallery.time("bare", key, WORDS) for key in ("ArrowRight", "ArrowLeft")) / 1000
    gallery.begin("twin")
    live = gallery.ledger.rows(purpose="live")
    assert len(live) == 1
    words = gallery.at("twin").get_by_text
    gallery.ask("exhibits.updates = 100_000")
    gallery.press("twin", "Train it live")
    words("of 100,000, loss").wait_for(timeout=120_000)
    gallery.control("twin", "button", "Stop").focus()
    took = gallery.time("twin", "Enter", WORDS, "Stopped. Runs that were") / 1000
    record_property("stop", f"from the key to “Stopped” {took:.2f} s, a bare text {trip:.2f} s")
    assert gallery.ledger.rows(purpose="live") == live
    gallery.ask("exhibits.updates = 5")
    gallery.press("twin", "Train it live")
    words("Seed 1001 of").wait_for(timeout=120_000)
    after = gallery.ledger.rows(purpose="live")
    assert len(after) == 2 and live[0] in after
    assert {row["status"] for row in after} == {"done"}
    assert took < (PATIENCE if trip < 0.05 else PATIENCE + 1 + 10 * trip)


def test_pre_training_is_stopped_and_gone_on_with(gallery):
    words = gallery.at("pretraining").get_by_text
    gallery.ask("exhibits.crew.gate.clear()")
    gallery.press("pretraining", "Pre-train")
    words(", loss").wait_for(timeout=20_000)
    gallery.press("pretraining", "Stop")
    words("Stopping").wait_for(timeout=20_000)
    gallery.ask("exhibits.crew.gate.set()")
    words("Stopped. Press Pre-train and it goes on from here.").wait_for(timeout=20_000)
    gallery.press("pretraining", "Pre-train")
    words("done, a checkpoint of that name is here").wait_for(timeout=20_000)


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_pictures_follow_the_theme_and_axe_finds_no_serious_fault(gallery, theme):
    """In a dark JupyterLab the browser turns the light pictures: dark paper, light ink."""
    # JupyterLab leaves off-screen cells without a layout: axe would take them to overlap
    gallery.sheet.add_style_tag(content=".jp-Cell { content-visibility: visible !important }")
    dark = theme == "Dark"
    gallery.sheet.evaluate("theme => window.jupyterapp.commands.execute("
                           "'apputils:change-theme', {theme})", f"JupyterLab {theme}")
    gallery.sheet.wait_for_function("light => document.body.dataset.jpThemeLight === light",
                                    arg="false" if dark else "true")
    for name in FAMILIES:
        turned = gallery.at(name).locator(PICTURE).evaluate_all(
            "all => all.map(one => getComputedStyle(one).filter !== 'none')")
        assert turned == [dark] * len(turned)
    darkest, usual, lightest = _greys(gallery.at("level").locator(PICTURE).screenshot())
    assert usual < 60 if dark else usual > 240
    assert lightest - darkest > 150  # the ink stands out from the paper
    gallery.at("level").locator("details").evaluate("table => table.open = true")
    assert serious_faults(gallery.sheet, OUTPUTS, FOLDED) == []


def _hash(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()


def _greys(png: bytes) -> tuple[int, int, int]:
    """The darkest, the usual and the lightest grey of a picture, a hundredth of it left out."""
    import numpy as np
    from PIL import Image

    return tuple(np.percentile(np.asarray(Image.open(io.BytesIO(png)).convert("L")), (1, 50, 99)))
