"""How written answers are held against their targets, and against what was read before.

Taught in 08 (diversity, copying, bits per byte), 09 (ROUGE) and 10 (chrF, BLEU). Scores go from 0
to 1, more is better. An empty answer scores 0.
"""

import math
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

ORDERS = 6  # of the runs of characters that chrF counts
BETA = 2  # in chrF recall weighs as much as BETA precisions
RUN = 5  # words: fewer in a row are often the same without having been copied


def words(text: str) -> list[str]:
    """Runs of letters, digits and the marks on them, of any script; case is ignored."""
    return "".join(c if c.isalnum() or unicodedata.category(c)[0] == "M" else " "
                   for c in text.casefold()).split()


def _check(gold: Sequence[str], answers: Sequence[str]) -> None:
    if len(gold) != len(answers):
        raise ValueError(f"{len(answers):,} answers cannot be held against {len(gold):,} targets")
    if not len(gold):
        raise ValueError("there are no answers to score")


def chrf(gold: Sequence[str], answers: Sequence[str]) -> float:
    """F2 of shared runs of 1 to 6 characters, counted over all texts together; spaces aside.

    chrF (Popovic 2015) as sacrebleu computes it (Post 2018), divided by 100. Taught in 10.

    Raises:
        ValueError: none, or as many targets as answers are not there.
    """
    from sacrebleu.metrics import CHRF

    _check(gold, answers)
    return min(1.0, CHRF().corpus_score(list(answers), [list(gold)]).score / 100)


def bleu(gold: Sequence[str], answers: Sequence[str]) -> float:
    """Precision of shared runs of 1 to 4 words, counted over all texts, short answers punished.

    BLEU (Papineni et al. 2002) as sacrebleu computes it (Post 2018), divided by 100. Where no
    spaces stand between words, as in Chinese, it says little: use chrF. Taught in 10.

    Raises:
        ValueError: as `chrf`.
    """
    from sacrebleu.metrics import BLEU

    _check(gold, answers)
    return min(1.0, BLEU().corpus_score(list(answers), [list(gold)]).score / 100)


def exact_match(gold: Sequence[str], answers: Sequence[str]) -> float:
    """Share of answers that are their target, spaces aside. Taught in 10."""
    return _mean(per_text_scores("exact_match", gold, answers))


def rouge_1(gold: Sequence[str], answers: Sequence[str]) -> float:
    """F1 of shared words, mean over texts; see `rouge_l`."""
    return _mean(per_text_scores("rouge_1", gold, answers))


def rouge_2(gold: Sequence[str], answers: Sequence[str]) -> float:
    """F1 of shared pairs of neighbouring words, mean over texts; see `rouge_l`."""
    return _mean(per_text_scores("rouge_2", gold, answers))


def rouge_l(gold: Sequence[str], answers: Sequence[str]) -> float:
    """F1 of the longest sequence of words in common, gaps allowed; mean over texts.

    ROUGE (Lin 2004) as rouge_score computes it, without stemming. That library's own tokenizer
    drops every letter but a to z, so `words` is used; on plain English the two agree. Taught in 09.

    Raises:
        ValueError: as `chrf`.
    """
    return _mean(per_text_scores("rouge_l", gold, answers))


def _mean(scores: list[float]) -> float:
    return math.fsum(scores) / len(scores)


class _Words:
    """What rouge_score asks for its words."""

    tokenize = staticmethod(words)


def _rouge(kind: str) -> Callable[[str, str], float]:
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer([kind], tokenizer=_Words())
    return lambda target, answer: float(scorer.score(target, answer)[kind].fmeasure)


def _sentence(name: str) -> Callable[[str, str], float]:
    from sacrebleu.metrics import BLEU, CHRF

    metric = CHRF() if name == "chrf" else BLEU(effective_order=True)
    return lambda target, answer: min(1.0, metric.sentence_score(answer, [target]).score / 100)


def _same(target: str, answer: str) -> float:
    plain = (" ".join(unicodedata.normalize("NFC", text).split()) for text in (target, answer))
    return float(len(set(plain)) == 1)


ONE_TEXT: dict[str, Callable[[], Callable[[str, str], float]]] = {
    "chrf": lambda: _sentence("chrf"), "bleu": lambda: _sentence("bleu"),
    "rouge_1": lambda: _rouge("rouge1"), "rouge_2": lambda: _rouge("rouge2"),
    "rouge_l": lambda: _rouge("rougeL"), "exact_match": lambda: _same}


def per_text_scores(metric: str, gold: Sequence[str], answers: Sequence[str]) -> list[float]:
    """The score of each answer, for a paired bootstrap over texts.

    The mean of these is the metric itself for ROUGE and exact match. chrF and BLEU count over all
    texts together, so theirs is another number: resample the counts of `chrf_counts` instead.

    Raises:
        ValueError: as `chrf`; or the metric has no score of a single text.
    """
    if metric not in ONE_TEXT:
        raise ValueError(f"{metric!r} does not score single texts; {', '.join(ONE_TEXT)} do")
    _check(gold, answers)
    score = ONE_TEXT[metric]()
    return [score(target, answer) for target, answer in zip(gold, answers, strict=True)]


def chrf_counts(gold: Sequence[str], answers: Sequence[str]):
    """What chrF is made of, text by text: integers (texts, ORDERS, 3).

    For runs of 1 to ORDERS characters: how many the answer has, the target has, and both share.

    Raises:
        ValueError: as `chrf`.
    """
    import numpy as np
    from sacrebleu.metrics.helpers import extract_all_char_ngrams

    _check(gold, answers)
    counts = np.zeros((len(gold), ORDERS, 3), np.int64)
    for text, pair in enumerate(zip(answers, gold, strict=True)):
        both = [extract_all_char_ngrams(side, ORDERS, include_whitespace=False) for side in pair]
        for order, (answer, target) in enumerate(zip(*both, strict=True)):
            # sacrebleu leaves an answer's runs out where the target is too short to have any
            counts[text, order] = (answer.total() if target else 0, target.total(),
                                   (answer & target).total())
    return counts


def chrf_from_counts(counts):
    """chrF of texts whose counts were added up: numbers (..., ORDERS, 3) -> scores (...).

    A bootstrap over texts adds up resampled rows: `chrf_from_counts(counts[drawn].sum(1))` with
    `drawn` (resamples, texts) has the score of each resample. Agrees with `chrf`.
    """
    import numpy as np

    answer, target, common = np.moveaxis(np.asarray(counts, float), -1, 0)  # each (..., ORDERS)
    used = (answer > 0) & (target > 0)
    orders = np.maximum(used.sum(-1), 1)
    precision = (common * used / np.maximum(answer, 1)).sum(-1) / orders
    recall = (common * used / np.maximum(target, 1)).sum(-1) / orders
    below = BETA**2 * precision + recall
    return (1 + BETA**2) * precision * recall / np.where(below > 0, below, 1)


def distinct_n(texts: Iterable[str], n: int = 2) -> float:
    """Share of different runs of n words among all of the texts'; 1: none occurs twice.

    After Li et al. (2016). It falls as more text is looked at, so compare equal amounts. Not a
    number where no text has n words. Taught in 08.
    """
    counts = Counter(run for text in texts for run in _runs(text, n))
    return len(counts) / counts.total() if counts else math.nan


def copied(answers: Iterable[str], training: Iterable[str], n: int = RUN) -> float:
    """Share of the answers' runs of n words that stand in a training text; case aside.

    One minus the n-novelty of Merrill, Smith & Elazar (2024), which McCoy et al. (2023) looked at
    too. What people write repeats some runs as well, so hold it against the targets'. Not a number
    where no answer has n words. Taught in 08.
    """
    seen = {run for text in training for run in _runs(text, n)}
    runs = [run in seen for text in answers for run in _runs(text, n)]
    return sum(runs) / len(runs) if runs else math.nan


def longest_copied(answers: Iterable[str], training: Iterable[str]) -> list[str]:
    """The longest run of words of each answer that stands in a training text; "": none.

    Of equally long ones the first. Taught in 08.
    """
    seen = "\n".join(f" {' '.join(words(text))} " for text in training)
    found = []
    for answer in answers:
        said, start, best = words(answer), 0, (0, 0)
        for end in range(1, len(said) + 1):  # grow to the right, give way on the left
            while start < end and f" {' '.join(said[start:end])} " not in seen:
                start += 1
            best = max(best, (start, end), key=lambda run: run[1] - run[0])
        found.append(" ".join(said[slice(*best)]))
    return found


def _runs(text: str, n: int) -> list[tuple[str, ...]]:
    if n < 1:
        raise ValueError(f"a run has at least one word, not {n}")
    said = words(text)
    return [tuple(said[at:at + n]) for at in range(len(said) - n + 1)]


def bits_per_byte(log_likelihoods: Iterable[float], targets: Sequence[str]) -> float:
    """-(sum of log p) / (ln 2 * bytes of the targets in UTF-8); less is better.

    Perplexity counts tokens, so it can be compared under one tokenizer only; bytes are the same
    under all (Gao et al. 2020, The Pile, section 3.1). Taught in 08.

    Args:
        log_likelihoods: for each target, log p(target) in nats, summed over its tokens.

    Raises:
        ValueError: another number of targets, or all are empty.
    """
    sums = list(log_likelihoods)
    size = sum(len(target.encode()) for target in targets)
    if len(sums) != len(targets) or not size:
        raise ValueError(f"{len(sums):,} log-likelihoods and {len(targets):,} targets of {size:,} "
                         "bytes give no bits per byte")
    return -math.fsum(sums) / (math.log(2) * size)
