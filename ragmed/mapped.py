"""Pages of mapped files that a process has read count as its memory; past a limit they are given back.

They stay in the system's cache, which takes what others do not need, and reading one again costs a microsecond. Without
this, searching an index of ten million passages would have all of it counted as the process's memory by and by, and
whoever limits that (a container, a scheduler) would see a process far larger than what it needs.
"""

from __future__ import annotations

import itertools
import mmap
import weakref
from pathlib import Path
from typing import Any

LIMIT = 4 << 30
"""Bytes of mapped pages; what a search of a million passages reads is a third of it."""
_WORTHWHILE = 16 << 20
_AT_ONCE = 256 << 20
"""Bytes of files whose pages are given back together: some ten milliseconds, which one search has to wait."""
_STATUS = Path("/proc/self/statm")
_large: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
_turn = itertools.count()


def watch(array: Any) -> None:
    """Let the pages of a ``numpy.memmap`` be given back."""
    if array.nbytes >= _WORTHWHILE and hasattr(mmap, "MADV_DONTNEED"):
        _large[id(array)] = array


def resident() -> int:
    """Bytes of mapped files in this process's memory; 0 where the system does not tell (it is Linux that does)."""
    try:
        pages = int(_STATUS.read_bytes().split()[2])
    except OSError:
        return 0
    return pages * mmap.PAGESIZE


def give_back(limit: int = LIMIT) -> bool:
    """If there are more than ``limit`` bytes of pages, give back those of the next piece of the watched arrays.

    Each call has another piece in turn. Safe for threads.
    """
    if not _large or resident() <= limit:
        return False
    pieces = [(array._mmap, start) for array in list(_large.values()) for start in range(0, len(array._mmap), _AT_ONCE)]
    mapped, start = pieces[next(_turn) % len(pieces)]
    mapped.madvise(mmap.MADV_DONTNEED, start, min(_AT_ONCE, len(mapped) - start))
    return True
