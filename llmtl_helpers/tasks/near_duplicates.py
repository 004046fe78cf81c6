"""Texts that are nearly the same: letters sent often, with another name in each. Taught in 06."""

from collections.abc import Sequence

SHINGLE = 5  # words
ALIKE = 0.5  # share of common shingles from which on two texts count as one
BUCKETS = 2**22  # of the hash; two different shingles in one bucket are rare


def drop_near_duplicates(rows: list[dict]) -> tuple[list[dict], int]:
    """Keep the first of each group of near-duplicates.

    Returns:
        the rows that are left, and how many were dropped.
    """
    group = near_duplicates([row["text"] for row in rows])
    kept = [row for place, row in enumerate(rows) if group[place] == place]
    return kept, len(rows) - len(kept)


def near_duplicates(texts: Sequence[str], alike: float = ALIKE,
                    shingle: int = SHINGLE) -> list[int]:
    """The number of the first text of each text's group; a text like no other is its own group.

    Two texts belong together if their resemblance, common shingles over all shingles of the two
    (Broder 1997, section 2), reaches `alike`; so do those that are linked by a third. All pairs are
    compared, block by block, so memory stays bounded.

    Args:
        texts: a text with fewer words than a shingle is compared as a whole.
    """
    import numpy as np
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from sklearn.feature_extraction.text import HashingVectorizer

    if not texts:
        return []
    hashed = HashingVectorizer(analyzer=lambda text: _shingles(text, shingle), binary=True,
                               norm=None, alternate_sign=False, n_features=BUCKETS,
                               dtype=np.float32)
    found = hashed.transform(texts).tocsr()
    sizes, columns = np.asarray(found.sum(1)).ravel(), found.T.tocsr()
    pairs: list[tuple] = []
    for start in range(0, len(texts), 256):
        common = (found[start:start + 256] @ columns).tocoo()
        rows, others = common.row + start, common.col
        enough = common.data >= alike * (sizes[rows] + sizes[others] - common.data)
        pairs.append((rows[enough], others[enough]))
    rows, others = (np.concatenate(side) for side in zip(*pairs, strict=True))
    links = coo_array((np.ones(len(rows), np.int8), (rows, others)), shape=(len(texts),) * 2)
    _, group = connected_components(links, directed=False)
    _, first, where = np.unique(group, return_index=True, return_inverse=True)
    return first[where].tolist()


def _shingles(text: str, size: int) -> set[str]:
    words = text.casefold().split()
    return {" ".join(words[at:at + size]) for at in range(max(1, len(words) - size + 1))}
