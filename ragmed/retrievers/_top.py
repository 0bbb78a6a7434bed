"""The best k of scored rows, equal scores in the order of passage ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragmed.protocols import Ranking, Rows


def nothing_found() -> Ranking:
    return Ranking(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float64))


def top_rows(scores: NDArray[Any], k: int) -> NDArray[np.intp]:
    """Rows of the k highest scores, in no order, and of every score equal to the k-th.

    >>> sorted(top_rows(np.array([3.0, 1.0, 2.0, 2.0]), 2).tolist())
    [0, 2, 3]
    """
    if k <= 0:
        return np.zeros(0, dtype=np.intp)
    if k >= len(scores):
        return np.arange(len(scores))
    threshold = scores[np.argpartition(scores, len(scores) - k)[len(scores) - k]]
    return np.flatnonzero(scores >= threshold)


def ranking(rows: Rows, scores: NDArray[Any], k: int, passage_ids: Sequence[str]) -> Ranking:
    """The best ``k`` of the rows given, by score and then by passage id.

    >>> ranking(np.array([4, 2, 0]), np.array([1.0, 2.0, 1.0]), 2, ["a", "b", "c", "d", "e"]).rows.tolist()
    [2, 0]
    """
    best = top_rows(scores, k)
    rows, scores = rows[best].astype(np.int64), scores[best].astype(np.float64)
    order = np.argsort(-scores, kind="stable")
    rows, scores = rows[order], scores[order]
    ends = [*(np.flatnonzero(scores[1:] != scores[:-1]) + 1).tolist(), len(rows)]
    start = 0
    for end in ends:
        if end - start > 1:
            rows[start:end] = sorted(rows[start:end].tolist(), key=lambda row: (passage_ids[row], row))
        start = end
    return Ranking(rows[:k], scores[:k])
