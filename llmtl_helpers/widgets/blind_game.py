"""BlindGame: of two answers to one text, which one is the tuned model's?"""

import ipywidgets as w

from llmtl_helpers.curves.writing import guessing_does_that, guessing_range
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.journal import Journal
from llmtl_helpers.ledger import Ledger
from llmtl_helpers.plots.writing_data import LIKELIHOOD, TUNED, Written, rows_of
from llmtl_helpers.plots.writing_pairs import OPPONENTS, Pair, opponent, pairs
from llmtl_helpers.plots.writing_cards import Samples, card, language, side_by_side
from llmtl_helpers.plots.writing_samples import (Answer, answer_card, label_of, prompt_card,
                                                 said_score, score_of_text, texts_of)
from llmtl_helpers.plots.writing_words import examples, missing, spoken
from llmtl_helpers.profiles import WRITING, Profile, rule_at
from llmtl_helpers.widgets.guard import guard
from llmtl_helpers.widgets.panel import WRAP, choose, sentence
from llmtl_helpers.widgets.shelf import of_one_version
from llmtl_helpers.widgets.view import View

ROUNDS = 10
NAMES = ("A", "B")


class BlindGame(View):
    """Two answers to the same text; the learner says which one the tuned decoder wrote.

    A game has a fixed number of rounds, for who stops when luck is high has not been tested. Every
    round is kept in a file at once. The order of texts and of answers follows from the game's
    number, which is kept too. Texts to which both wrote the same are left out.

    Controls are attributes: other (the opponent) and size (examples) have a `value` to set; first,
    second, following and new have a `click()`. question, score and lesson show.

    Args:
        task: name of a written task.
        profile: name or Profile whose training rule is played where the usual one has no runs.
        ledger: default: `Ledger()`.
        other: opponent at first, a name in `OPPONENTS`. size: examples; default: the most.
        rounds: of a game. number: of the first game; default: the next that was not played.
        journal: where rounds are kept; default: the usual one.

    Attributes:
        right: whether each answered round of this game was right.
        last_error: the last exception of a handler, which is also shown in the widget.

    Taught in 08.
    """

    def __init__(self, task: str = "write/films", profile: str | Profile | None = None,
                 ledger: Ledger | None = None, *, other: str = "scratch", size: int | None = None,
                 rounds: int = ROUNDS, number: int | None = None, journal: Journal | None = None):
        super().__init__(profile, ledger, "light", 1.0)
        self.task, self._rounds = task, max(1, rounds)
        self.journal = journal or Journal()
        rule = rule_at(self.shelf.profile, WRITING).budget
        self.found = Written(of_one_version(rows_of(self.shelf.ledger, task, rule)))
        sizes = self.found.sizes(TUNED[0])
        self.other = choose("Against", [(spoken(opponent(name, 0)), name)
                                        for name in OPPONENTS], other)
        self.size = choose("Tuned on", [(examples(n), n) for n in sizes] or [("-", 0)],
                           size if size in sizes else max(sizes, default=0))
        self.first, self.second = (w.Button(
            description=f"{name} was tuned", button_style="primary",
            layout=w.Layout(width="130px")) for name in NAMES)
        self.following = w.Button(description="Next round", layout=w.Layout(width="120px"))
        self.new = w.Button(description="New game", layout=w.Layout(width="110px"),
                            tooltip="the rounds that were played are kept")
        self.question, self.score, self.lesson = w.HTML(), w.HTML(), w.HTML()
        self.first.on_click(lambda button: self._say(0))
        self.second.on_click(lambda button: self._say(1))
        self.following.on_click(self._following)
        self.new.on_click(self._new)
        for control in (self.other, self.size):
            control.observe(self._choice_changed, "value")
        self._begin(number)
        self.show_controls([
            w.HBox([self.other, self.size], layout=WRAP), self.question, self.picture,
            w.HBox([self.first, self.second, self.following, self.new], layout=WRAP),
            self.errors, self.lesson, self.score, self.table], [])

    @property
    def pair(self) -> Pair | None:
        """What is shown now; None where the runs have no pair to play with."""
        return self._pairs[self._at] if self._pairs else None

    @property
    def answered(self) -> bool:
        return len(self.right) > self._at

    @property
    def over(self) -> bool:
        return bool(self._pairs) and len(self.right) == len(self._pairs)

    def static(self) -> Samples:
        """Pair and solution as HTML, for pages without a kernel: the solution is folded."""
        if self.pair is None:
            return Samples(sentence(self._lacking()), [], self._lacking())
        told = self._told()
        return Samples(f"{self._cards(False)}<details><summary>Which one was tuned?</summary>"
                       f"{sentence(told)}</details>", [], self._asked())

    def draw(self) -> None:
        playing = self.pair is not None
        for button in (self.first, self.second):
            button.disabled = not playing or self.answered
        self.following.disabled = not playing or not self.answered or self.over
        self.new.disabled = not playing
        self.question.value = sentence(self._asked() if playing else self._lacking(), strong=True)
        self.picture.value = self._cards(self.answered) if playing else ""
        self.lesson.value = sentence(self._told(), strong=True) if self.answered else ""
        self.score.value = sentence(self._standing())
        self.layers.alt = self.layers.reading = self._asked() if playing else self._lacking()

    # -- the game --------------------------------------------------------------------------------

    def _begin(self, number: int | None = None) -> None:
        """Deal a game: the next one that was not played, or that of a number."""
        if number is None:
            number = max((entry["game"] for entry in self._played()), default=-1) + 1
        self.number, self.right, self._at = number, [], 0
        dealt, self.ties = pairs(self.found, self.other.value, self.size.value, number)
        self._pairs = dealt[:self._rounds]

    def _kind(self) -> dict:
        """What rounds must share to be counted together."""
        return {"name": self.task, "opponent": self.other.value, "n": self.size.value}

    def _played(self) -> list[dict]:
        """Rounds of that kind; none where the journal cannot be read, which keeping one will say."""
        try:
            return self.journal.entries("blind", **self._kind())
        except LearnerError:
            return []

    @guard
    def _say(self, place: int) -> None:
        if self.pair is None or self.answered:
            return
        pair, right = self.pair, (place == 0) == self.pair.first_tuned
        self.right.append(right)
        try:
            self.journal.add(
                "blind", **self._kind(), game=self.number, round=self._at + 1,
                rounds=len(self._pairs), text=pair.text, run_seed=pair.seed,
                tuned=NAMES[not pair.first_tuned], guess=NAMES[place], right=right)
        finally:
            self.redraw()

    @guard
    def _following(self, button=None) -> None:
        if self.answered and not self.over:
            self._at += 1
            self.redraw()

    @guard
    def _new(self, button=None) -> None:
        self._begin(None if self.right else self.number + 1)
        self.redraw()

    @guard
    def _choice_changed(self, change=None) -> None:
        self._begin()
        self.redraw()

    # -- what is said ----------------------------------------------------------------------------

    def _lacking(self) -> str:
        return (f"There is no pair of answers of the tuned decoder and of "
                f"{spoken(opponent(self.other.value, self.size.value))} yet, or none that differ. "
                f"{missing(self.found, self.task)}").strip()

    def _asked(self) -> str:
        return (f"Round {self._at + 1} of {len(self._pairs)}, game {self.number}. Both answer "
                f"text {self.pair.text}. Which one was tuned on {examples(self.size.value)}? The "
                f"other is {spoken(opponent(self.other.value, self.size.value))}.")

    def _cards(self, told: bool) -> str:
        prompt, target, note = texts_of(self.found, self.pair.text)
        cards = [answer_card(self.found, answer, "" if told else name)
                 for name, answer in zip(NAMES, self._answers(), strict=True)]
        if told and target is not None:
            cards.append(card("a person", target, lang=language(self.task)))
        return prompt_card(prompt, note) + side_by_side(cards)

    def _answers(self) -> list[Answer]:
        return [Answer(row["arm"], row["n"],
                       f"{name}: {label_of(self.found, row['arm'], row['n'])}", text, score_of_text(self.found, row, self.pair.text))
                for name, row, text in zip(NAMES, self.pair.rows, self.pair.answers, strict=True)]

    def _told(self) -> str:
        """Which one was tuned, and which one the metric would have chosen."""
        pair = self.pair
        tuned = NAMES[not pair.first_tuned]
        text = f"{tuned} was tuned."
        if self.answered:
            text = f"{'Right' if self.right[self._at] else 'No'}: {text}"
        scores = [answer.score for answer in self._answers()]
        if None not in scores:
            said = ", ".join(f"{name} {said_score(self.found, score)}"
                             for name, score in zip(NAMES, scores, strict=True))
            better = min(scores) if self.found.metric == LIKELIHOOD else max(scores)
            apart = scores[0] != scores[1]
            text += f" By the metric: {said}; " + (
                f"it would have chosen {NAMES[scores.index(better)]}." if apart else "a tie.")
        return text

    def _standing(self) -> str:
        """Right answers of this game, what guessing would have done, and all games together."""
        right, played = sum(self.right), len(self.right)
        text = f"{right} of {played} right so far." if played else ""
        if self.over:
            few, many = guessing_range(played)
            text = (f"The game is over: {right} of {played}. {chance_of(right, played)} Guessing "
                    f"ends between {few} and {many} in at least 95 of 100 games.")
        elif played:
            text += " What guessing would do is worked out at the end of the game."
        rounds = self._played()
        if len(rounds) > played:
            text += (f" All rounds of this kind that were ever played here: "
                     f"{sum(bool(one.get('right')) for one in rounds)} of {len(rounds)}.")
        if self.ties:
            text += f" Left out, since both wrote the same: {self.ties:,} pairs."
        return text.strip()


def chance_of(right: int, rounds: int) -> str:
    """'Guessing does that or better in 17% of games.'"""
    share = guessing_does_that(right, rounds)
    said = ("fewer than 1 of 100" if share < 0.01 else "more than 99 of 100"
            if 0.99 < share < 1 else f"{100 * share:.0f}% of")
    return f"Guessing does that or better in {said} games."
