"""The page with a widget of every family, as a test handles it: look, walk, press, ask, time."""

import ast
import json
import re
from dataclasses import dataclass

from llmtl_helpers import Ledger
from llmtl_helpers.benchmark.browser import Page, Server


@dataclass(frozen=True)
class Family:
    """The control by which a family is tried.

    Attributes:
        control: its role and name. keys: pressed on it, twice, each time with another outcome.
        first: buttons that are pressed before anything is shown.
        part: of the widget, whose failure a handler must show.
        pictured: whether it shows a picture with an alt text, else words.
    """

    control: tuple[str, str]
    keys: tuple[str, str]
    first: tuple[str, ...] = ()
    part: str = "draw"
    pictured: bool = True


ALONG, DOWN, TICK = ("ArrowRight", "ArrowLeft"), ("ArrowDown", "ArrowUp"), ("Space", "Space")
REVEAL = ("Just show me",)
FAMILIES = {
    "twin": Family(("slider", "Labels"), ALONG, REVEAL),
    "level": Family(("slider", "Level"), ALONG),
    "forecast": Family(("slider", "Shown up to"), ALONG[::-1], REVEAL),
    "pretraining": Family(("listbox", "Recipes"), DOWN, part="_draw"),
    "transplant": Family(("checkbox", "block 1"), TICK, REVEAL),
    "unfreeze": Family(("combobox", "Labels"), DOWN, REVEAL),
    "test_sets": Family(("slider", "Test messages"), ALONG),
    "price": Family(("slider", "Price"), ALONG),
    "message": Family(("textbox", "Message"), ("x Tab Enter", "Backspace Tab Enter"),
                      part="_table", pictured=False),
    "domains": Family(("combobox", "Arm"), DOWN),
    "replay": Family(("slider", "films again"), ALONG, REVEAL),
    "samples": Family(("slider", "Text"), ALONG, pictured=False),
    "blind": Family(("combobox", "Against"), DOWN, pictured=False),
    "prompt": Family(("spinbutton", "Most tokens"), DOWN[::-1], ("Write",), "_cost", False),
    "cost": Family(("slider", "Level"), ALONG),
    "fairness": Family(("checkbox", "a small test set"), TICK),
    "own_data": Family(("button", "Read the file"), ("Enter", "Tab Tab Tab Enter"),
                       part="_preview", pictured=False),
    "rehearsal": Family(("button", "Next question"), ("Enter", "Enter"), part="_show",
                        pictured=False),
    "quiz": Family(("button", "B"), ("Enter", "Tab Enter"), part="_chosen", pictured=False),
}
NAMES = (*FAMILIES, "bare")
CONTROLS = "button|checkbox|combobox|listbox|progressbar|slider|spinbutton|textbox"

ASK = """async ([code, wanted]) => {
    const session = window.jupyterapp.shell.currentWidget.context.sessionContext.session;
    const {content} = await session.kernel.requestExecute(
        {code, silent: true, user_expressions: {wanted}}).done;
    const found = content.user_expressions?.wanted;
    if (found?.status !== 'ok') throw new Error(JSON.stringify(found ?? content));
    return found.data['text/plain'];
}"""
SEEN = """root => {
    const pictures = Array.from(root.querySelectorAll('figure img'));
    return {
        pictures: pictures.map(one => one.src), alts: pictures.map(one => one.alt),
        words: Array.from(root.querySelectorAll('.widget-html-content'), one => one.innerText),
    };
}"""
FOCUSABLE = """root => Array.from(root.querySelectorAll('button, input, select, textarea, summary,'
    + 'a[href], [tabindex="0"], [contenteditable="true"]')).filter(
        one => !one.disabled && one.checkVisibility())"""
# Starts at the first control; one step is a Tab pressed by the browser's driver.
BEGIN = f"""root => {{
    window.root = root;
    window.missed = new Set(({FOCUSABLE})(root));
    [...window.missed][0].focus();
}}"""
STEP = """() => {
    window.missed.delete(document.activeElement);
    return window.root.contains(document.activeElement);
}"""
MISSED = "() => Array.from(window.missed, one => one.outerHTML.slice(0, 200))"
# From the next key to the moment when what is shown has changed and can be painted.
CLOCK = """(root, [place, wanted]) => {
    const read = () => Array.from(
        root.querySelectorAll(place), one => one.src || one.textContent).join();
    const before = read();
    window.took = new Promise((done, fail) => window.addEventListener('keydown', () => {
        setTimeout(() => fail(new Error('nothing changed within 120 s')), 120000);
        const began = performance.now(), watch = new MutationObserver(() => {
            const now = read();
            if (now === before || !now.includes(wanted)) return;
            watch.disconnect();
            Promise.all(Array.from(root.querySelectorAll('img'), one => one.decode()))
                .then(() => done(performance.now() - began));
        });
        watch.observe(root, {subtree: true, childList: true, characterData: true});
    }, {once: true, capture: true}));
}"""


class Gallery:
    """What tests do with the page.

    Attributes:
        page: the browser's page. server: its JupyterLab. ledger: the runs of `twin` and `level`.
    """

    def __init__(self, page: Page, server: Server, ledger: Ledger):
        self.page, self.server, self.ledger = page, server, ledger
        self.sheet = page.sheet
        self._begun: set[str] = set()

    def at(self, name: str):
        """Output of the cell that shows this widget."""
        cell = self.sheet.locator(".jp-Notebook .jp-Cell").nth(1 + NAMES.index(name))
        return cell.locator(".jp-OutputArea").first  # of cells the first one imports

    def control(self, name: str, role: str = "", label: str = ""):
        """The control by which a family is tried, or another one of its controls."""
        role, label = (role, label) if role else FAMILIES[name].control
        return self.at(name).get_by_role(role, name=label, exact=True).first

    def press(self, name: str, button: str) -> None:
        """Press a button by keyboard."""
        self.control(name, "button", button).focus()
        self.sheet.keyboard.press("Enter")

    def type(self, name: str, keys: str) -> None:
        """Press these keys, with spaces between them, from the family's control on."""
        self.begin(name)
        for key in keys.split():
            self.sheet.keyboard.press(key)

    def begin(self, name: str):
        """Bring the widget to where its control changes something; returns the control, focused."""
        if name not in self._begun:
            self._begun.add(name)
            for button in FAMILIES[name].first:
                before = self.seen(name)
                self.press(name, button)
                self.wait_for_change(name, before)
        control = self.control(name)
        control.focus()
        return control

    def seen(self, name: str) -> dict[str, list[str]]:
        """Pictures, their alt texts, and the words shown."""
        return self.at(name).evaluate(SEEN)

    def wait_for_change(self, name: str, before: dict[str, list[str]]) -> dict[str, list[str]]:
        """Wait until the picture is another one, or the words, where there is no picture."""
        what = "pictures" if before["pictures"] else "words"
        self.sheet.wait_for_function(
            f"([root, what, before]) => JSON.stringify(({SEEN})(root)[what]) !== before",
            arg=[self.at(name).element_handle(), what, _as_json(before[what])], timeout=20_000)
        return self.seen(name)

    def walk(self, name: str) -> list[str]:
        """Tab from the first control until the widget is left; returns what was never reached."""
        self.at(name).evaluate(BEGIN)
        steps = 0
        while self.sheet.evaluate(STEP):
            self.sheet.keyboard.press("Tab")
            steps += 1
            assert steps < 100, "the keyboard is trapped"
        return self.sheet.evaluate(MISSED)

    def unnamed(self, name: str) -> list[str]:
        """Controls that a screen reader would announce by their role alone."""
        tree = self.at(name).aria_snapshot()
        assert re.search(rf"- ({CONTROLS})\b", tree), tree
        return re.findall(rf"^\s*- (?:{CONTROLS})\b(?! \").*", tree, re.MULTILINE)

    def ask(self, code: str, wanted: str = "None"):
        """Carry out code in the kernel, after all that was sent to it before; returns a value."""
        return ast.literal_eval(self.sheet.evaluate(ASK, [code, wanted]))

    def time(self, name: str, key: str, place: str, wanted: str = "") -> float:
        """Milliseconds from this key to another picture or text there, with `wanted` in it."""
        self.at(name).evaluate(CLOCK, [place, wanted])
        self.sheet.keyboard.press(key)
        return self.sheet.evaluate("() => window.took")


def _as_json(values: list[str]) -> str:
    """As JavaScript's JSON.stringify writes it."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))
