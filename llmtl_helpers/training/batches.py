"""Token numbers -> batches of similar length. Taught in 01."""

from collections.abc import Sequence

import numpy as np
import torch

WINDOW = 16  # batches whose examples are sorted by length together
MULTIPLE = 4  # tokens: lengths of batches


def plan_batches(lengths: Sequence[int], batch_size: int, updates: int, seed: int) -> list:
    """Which examples each update sees: `updates` index arrays of `batch_size` each.

    Every epoch is a new shuffle. Within a window of 16 batches examples are sorted by
    length (with a little noise, so that neighbours change from epoch to epoch) and cut into
    batches, which then come in random order: padding nearly vanishes and the order stays
    random. The few examples that do not fill a batch are left out of that epoch. The plan
    depends on nothing but its arguments, so two arms see the same batches.
    """
    rng = np.random.default_rng(seed)
    lengths = np.asarray(lengths)
    batch_size = min(batch_size, len(lengths))
    plan: list[np.ndarray] = []
    while len(plan) < updates:
        order = rng.permutation(len(lengths))
        order = order[:len(order) - len(order) % batch_size]  # left over: out of this epoch
        epoch = []
        for start in range(0, len(order), WINDOW * batch_size):
            window = order[start:start + WINDOW * batch_size]
            noise = rng.uniform(0.9, 1.1, len(window))
            window = window[np.argsort(lengths[window] * noise, kind="stable")]
            epoch += np.split(window, len(window) // batch_size)
        plan += [epoch[i] for i in rng.permutation(len(epoch))]
    return plan[:updates]


def by_length(lengths: Sequence[int], tokens: int = 512) -> list:
    """Index arrays for evaluation: sorted by length, each of at most `tokens` padded tokens.

    With 512 what passes between two layers stays in a core's cache: quicker than 1,024 or 2,048
    where this was tried, and it takes less memory.
    """
    order = np.argsort(lengths, kind="stable")
    batches, start = [], 0
    for stop in range(1, len(order) + 1):
        longest = lengths[order[stop]] if stop < len(order) else 0
        if stop == len(order) or longest * (stop + 1 - start) > tokens:
            batches.append(order[start:stop])
            start = stop
    return batches


def pad(encoded: Sequence[list[int]], rows, padding: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Token numbers and mask of the given rows, both (batch, longest) int64.

    In the mask padding is 0 and a token is 1; of `Tokens` for a language model those that are to be
    guessed are 2. The longest is rounded up to a multiple of 4: the kernels of a matrix product are made, and
    kept in memory, for each shape that occurs, so fewer shapes save some 150 MB.
    """
    longest = -(-max(len(encoded[row]) for row in rows) // MULTIPLE) * MULTIPLE
    ids = torch.full((len(rows), longest), padding)
    mask = torch.zeros((len(rows), longest), dtype=torch.long)
    for place, row in enumerate(rows):
        ids[place, :len(encoded[row])] = torch.tensor(encoded[row])
        mask[place, :len(encoded[row])] = 1
        if (given := getattr(encoded[row], "given", None)) is not None:
            mask[place, given:len(encoded[row])] = 2
    return ids, mask
