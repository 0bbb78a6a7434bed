"""From a mask of allowed passages to what Milvus is told: partitions and filter expressions.

A search is restricted by sources, licences, kinds and dates (`ragmed.index.restriction`), but a retriever sees the mask
alone. Where the mask is exactly a choice of values of these columns, it is told to Milvus as such; else as ranges of
rows, where there are few; else as lists of rows, searched one after another.

Files: of each column each distinct value once, ``<column>.json``, and a number a passage, ``<column>.codes.npy``.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragmed.columns import map_array, write_array
from ragmed.protocols import Allowed

COLUMNS = ("source", "licence", "kind", "published")
MAX_PARTITIONS = 64
"""Sources that have a partition of their own: the first ones."""
_MAX_VALUES, _MAX_RUNS, _ROWS = 2_000, 500, 10_000
"""Values and ranges of rows in one expression, rows in one list."""


@dataclass(frozen=True, slots=True)
class Selection:
    """``expressions`` select disjoint parts of the allowed passages, which are searched one after another; an empty one
    selects all. ``partitions`` (empty: all) hold every allowed passage."""

    expressions: tuple[str, ...] = ("",)
    partitions: tuple[str, ...] = ()


class ColumnsWriter:
    """Collects the columns, 16 bytes a passage, and writes them."""

    def __init__(self) -> None:
        self._values: dict[str, dict[str, int]] = {name: {} for name in COLUMNS}
        self._codes = {name: array("I") for name in COLUMNS}

    def append(self, name: str, values: Sequence[str]) -> list[int]:
        """Append values to a column; return the number of each."""
        known = self._values[name]
        codes = [known.setdefault(value, len(known)) for value in values]
        self._codes[name].extend(codes)
        return codes

    def write(self, folder: Path) -> None:
        for name in COLUMNS:
            write_array(folder / f"{name}.codes.npy", np.array(self._codes[name], dtype=np.uint32))
            (folder / f"{name}.json").write_text(json.dumps(list(self._values[name]), ensure_ascii=False), "utf-8")


class Columns:
    """The columns of an open index, by row."""

    def __init__(self, folder: Path) -> None:
        self._values: dict[str, list[str]] = {
            name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in COLUMNS
        }
        self._codes: dict[str, NDArray[Any]] = {name: map_array(folder / f"{name}.codes.npy") for name in COLUMNS}

    def selection(self, allowed: Allowed | None, *, partitioned: bool) -> Selection:
        if allowed is None or allowed.all():
            return Selection()
        by_value = self._by_value(allowed)
        partitions: tuple[str, ...] = ()
        if partitioned:
            sources = np.unique(self._codes["source"][np.flatnonzero(allowed)]).tolist()
            if all(code < MAX_PARTITIONS for code in sources):
                partitions = tuple(partition_name(code) for code in sources)
        if by_value is not None:
            return Selection((by_value,), partitions)
        return Selection(_by_rows(np.flatnonzero(allowed)), partitions)

    def _by_value(self, allowed: Allowed) -> str | None:
        """The mask as a choice of values of each column; None where it is none."""
        parts = []
        chosen = np.ones(len(allowed), dtype=np.bool_)
        for name in COLUMNS:
            wanted = np.zeros(len(self._values[name]), dtype=np.bool_)
            wanted[self._codes[name][allowed]] = True
            if wanted.all():
                continue
            values = [self._values[name][code] for code in np.flatnonzero(wanted).tolist()]
            if len(values) > _MAX_VALUES:
                return None
            chosen &= wanted[self._codes[name]]
            parts.append(f"{name} in {_literal(values)}")
        return " and ".join(parts) if parts and np.array_equal(chosen, allowed) else None


def partition_name(code: int) -> str:
    """The partition of a source, by its place among them; the default one for those beyond `MAX_PARTITIONS`."""
    return f"source_{code}" if code < MAX_PARTITIONS else "_default"


def lists_of(rows: Sequence[int]) -> list[str]:
    """Expressions that select these rows, so many each that Milvus reads them quickly."""
    return [f"row in {_literal(rows[start : start + _ROWS])}" for start in range(0, len(rows), _ROWS)]


def _by_rows(rows: NDArray[np.int64]) -> tuple[str, ...]:
    """Expressions for rows in ascending order: ranges where they are few.

    >>> _by_rows(np.array([1, 2, 3, 7]))
    ('(row >= 1 and row <= 3) or (row >= 7 and row <= 7)',)
    """
    breaks = np.flatnonzero(np.diff(rows) > 1)
    if len(breaks) < _MAX_RUNS:
        firsts = rows[np.concatenate([[0], breaks + 1])] if len(rows) else rows
        lasts = rows[np.concatenate([breaks, [len(rows) - 1]])] if len(rows) else rows
        runs = zip(firsts.tolist(), lasts.tolist(), strict=True)
        return (" or ".join(f"(row >= {first} and row <= {last})" for first, last in runs),)
    return tuple(lists_of(rows.tolist()))


def _literal(values: Sequence[str] | Sequence[int]) -> str:
    return json.dumps(list(values), ensure_ascii=False)
