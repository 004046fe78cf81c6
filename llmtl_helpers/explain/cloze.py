"""Sentences about well-known facts, each with a right and a wrong ending. Taught in 08.

Every ending is right once and wrong once, so how frequent it is does not help. What a model then
prefers, it prefers because of the beginning.
"""

from functools import lru_cache
from pathlib import Path

from llmtl_helpers.explain.minimal_pairs import Pair, read_rows

FILE = Path(__file__).with_name("facts.tsv")


@lru_cache
def fact_pairs() -> tuple[Pair, ...]:
    """The facts as pairs of whole sentences, for `preferences`, in the order of the file.

    The two have one beginning, so their difference is that of the endings. Taught in 08.
    """
    return tuple(Pair(row["kind"], *(f"{row['beginning']} {row[ending]}."
                                     for ending in ("right", "wrong")))
                 for row in read_rows(FILE))
