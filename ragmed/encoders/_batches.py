"""Texts of similar lengths side by side, so that little is spent on padding."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def by_length(lengths: NDArray[np.int64], batch_tokens: int) -> list[NDArray[np.intp]]:
    """Rows in batches of at most ``batch_tokens`` tokens, padding included; longest first, ties in their order.

    A longer text is a batch by itself. Decided by the lengths alone, so that it is the same on any number of cores.

    >>> [rows.tolist() for rows in by_length(np.array([2, 9, 2, 3]), 6)]
    [[1], [3, 0], [2]]
    """
    order = np.argsort(-lengths, kind="stable")
    batches = []
    start = 0
    while start < len(order):
        width = max(1, int(lengths[order[start]]))
        batches.append(order[start : start + max(1, batch_tokens // width)])
        start += len(batches[-1])
    return batches
