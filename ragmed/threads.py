"""Work shared among the cores."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_Item = TypeVar("_Item")
_Done = TypeVar("_Done")

_FEW = 4
"""With fewer items, starting threads costs more than it saves."""


def in_threads(work: Callable[[_Item], _Done], items: Sequence[_Item], least: int = _FEW) -> Iterator[_Done]:
    """``work`` of each item, in their order; in threads where there are ``least`` items or more."""
    if len(items) < least or n_cores() == 1:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(n_cores()) as pool:
        yield from pool.map(work, items)


def n_cores() -> int:
    """The cores that this process may use; fewer where ``RAGMED_THREADS`` says so."""
    have = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    told = os.environ.get("RAGMED_THREADS", "")
    return min(have, max(1, int(told))) if told.isdigit() else have
