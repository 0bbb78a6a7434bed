"""The passages of an index: columns on disk, a `Passage` by row or by id.

Each row carries a CRC-32 of its fields, checked whenever a passage is read, so that a damaged file can
never show up as a quotation.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import overload

import numpy as np

from ragmed.columns import SortedStrings, StringColumn, StringColumnWriter, map_array, write_array
from ragmed.errors import CorpusError, DamagedIndex
from ragmed.types import Passage

_STRINGS = ("passage_id", "doc_id", "text", "title", "url", "published", "question", "section", "page", "meta")
_CODES = ("source", "licence", "kind")
"""Columns of few distinct values: stored once each, with a code per row."""


def write_passages(folder: Path, passages: Iterable[Passage]) -> int:
    """Write the store into the existing, empty ``folder``; return the number of passages.

    Raises:
        CorpusError: two passages share an id.
    """
    writers = {name: StringColumnWriter(folder, name) for name in _STRINGS}
    code_of: dict[str, dict[str, int]] = {name: {} for name in _CODES}
    codes: dict[str, list[int]] = {name: [] for name in _CODES}
    starts: list[int] = []
    ends: list[int] = []
    checksums: list[int] = []
    rows: dict[str, int] = {}
    for passage in passages:
        if passage.passage_id in rows:
            raise CorpusError(f"two passages have the id {passage.passage_id!r}; ids must be unique in an index")
        rows[passage.passage_id] = len(rows)
        fields = _fields(passage)
        for name in _STRINGS:
            writers[name].append(fields[name])
        for name in _CODES:
            codes[name].append(code_of[name].setdefault(fields[name], len(code_of[name])))
        starts.append(passage.start)
        ends.append(passage.end)
        checksums.append(_checksum(fields, passage.start, passage.end))
    for writer in writers.values():
        writer.close()
    for name in _CODES:
        write_array(folder / f"{name}.codes.npy", np.array(codes[name], dtype=np.uint32))
        (folder / f"{name}.json").write_text(json.dumps(list(code_of[name]), ensure_ascii=False), encoding="utf-8")
    write_array(folder / "span.npy", np.array([starts, ends], dtype=np.uint64).reshape(2, -1))
    write_array(folder / "checksum.npy", np.array(checksums, dtype=np.uint32))
    ids = sorted(rows, key=lambda passage_id: passage_id.encode("utf-8", "replace"))
    write_array(folder / "by_id.npy", np.array([rows[passage_id] for passage_id in ids], dtype=np.uint32))
    return len(rows)


class PassageStore(Sequence[Passage]):
    """The passages of an open index, by row; `row_of` finds one by id. Safe for threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._strings = {name: StringColumn(folder, name) for name in _STRINGS}
        self._codes = {name: map_array(folder / f"{name}.codes.npy") for name in _CODES}
        self._values = {name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in _CODES}
        self._span = map_array(folder / "span.npy")
        self._checksum = map_array(folder / "checksum.npy")
        self._by_id = SortedStrings(self.ids, map_array(folder / "by_id.npy"))

    @property
    def ids(self) -> StringColumn:
        """The passage ids by row."""
        return self._strings["passage_id"]

    def row_of(self, passage_id: str) -> int | None:
        """The row of a passage id; None where there is none."""
        return self._by_id.find(passage_id)

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, row: int) -> Passage: ...
    @overload
    def __getitem__(self, row: slice) -> list[Passage]: ...
    def __getitem__(self, row: int | slice) -> Passage | list[Passage]:
        if isinstance(row, slice):
            return [self[i] for i in range(*row.indices(len(self)))]
        if row < 0:
            row += len(self)
        if not 0 <= row < len(self):
            raise IndexError(row)
        try:
            fields = {name: self._strings[name][row] for name in _STRINGS}
            fields |= {name: self._values[name][int(self._codes[name][row])] for name in _CODES}
            start, end = int(self._span[0, row]), int(self._span[1, row])
            if _checksum(fields, start, end) != int(self._checksum[row]):
                raise ValueError("checksum differs")
            meta = json.loads(fields.pop("meta"))
        except (ValueError, IndexError) as error:
            raise DamagedIndex(
                f"{self._folder}: passage {row} is damaged ({error}); "
                f"rebuild it with: ragmed index build {self._folder.parent.name}"
            ) from error
        return Passage(start=start, end=end, meta=meta, **fields)

    def __iter__(self) -> Iterator[Passage]:
        return (self[row] for row in range(len(self)))


def _fields(passage: Passage) -> dict[str, str]:
    fields = {name: getattr(passage, name) for name in (*_STRINGS, *_CODES) if name != "meta"}
    fields["meta"] = json.dumps(dict(passage.meta), ensure_ascii=False, sort_keys=True)
    # Lone surrogates cannot be written as UTF-8: what is stored is what is checked and shown.
    return {name: value.encode("utf-8", "replace").decode("utf-8") for name, value in fields.items()}


def _checksum(fields: dict[str, str], start: int, end: int) -> int:
    joined = "\x1f".join([*(fields[name] for name in (*_STRINGS, *_CODES)), str(start), str(end)])
    return zlib.crc32(joined.encode("utf-8"))
