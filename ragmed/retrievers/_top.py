"""The best k rows of an array of scores, with ties at the edge kept so that they can be broken by id."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


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
