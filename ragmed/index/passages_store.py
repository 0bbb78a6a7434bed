"""The passages of an index: columns on disk, a `Passage` by row or by id.

Each row carries a CRC-32 of its fields, checked whenever a passage is read, so that a damaged file can
never show up as a quotation.

What a search may be restricted by (`ragmed.index.restriction`) is kept as codes: each distinct string once, in
``<name>.json``, and a number a passage, in ``<name>.codes.npy``. Two of these columns repeat what ``meta`` says:
``publication_types`` as it stands there, and ``retracted``, "yes" or empty.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from ragmed.collection.layout import sections_json, sections_of
from ragmed.columns import HashedStrings, StringColumn, Table, TableWriter, map_array, write_hashed
from ragmed.errors import CorpusError, DamagedIndex
from ragmed.protocols import Allowed
from ragmed.types import Passage

_STRINGS = (
    "passage_id",
    "doc_id",
    "text",
    "title",
    "url",
    "question",
    "section",
    "page",
    "sections",
    "meta",
)
_CODES = ("source", "licence", "kind", "published")
_FROM_META = ("publication_types", "retracted")
_NUMBERS = ("start", "end")
_BLOCK = 1 << 20
"""Codes looked up at once: bounds memory at 8 × _BLOCK bytes."""

Coded: TypeAlias = Literal["source", "licence", "kind", "published", "publication_types", "retracted"]
"""The columns kept as codes."""


@dataclass(frozen=True, slots=True, eq=False)
class CodeColumn:
    """A column of few distinct strings: that of a row is ``values[codes[row]]``."""

    values: Sequence[str]
    codes: NDArray[np.uint32]

    def where(self, passes: Callable[[str], bool]) -> Allowed:
        """One flag a row: whether its string passes. Each distinct string is looked at once."""
        flags = np.fromiter(map(passes, self.values), dtype=np.bool_, count=len(self.values))
        if flags.all():
            return np.ones(len(self.codes), dtype=np.bool_)
        result = np.zeros(len(self.codes), dtype=np.bool_)
        if flags.any():
            for start in range(0, len(result), _BLOCK):
                result[start : start + _BLOCK] = flags[self.codes[start : start + _BLOCK]]
        return result

    def counts(self) -> dict[str, int]:
        """How many rows have each string."""
        total = np.zeros(len(self.values), dtype=np.int64)
        for start in range(0, len(self.codes), _BLOCK):
            total += np.bincount(self.codes[start : start + _BLOCK], minlength=len(self.values))
        return dict(zip(self.values, total.tolist(), strict=True))


def write_passages(folder: Path, passages: Iterable[Passage]) -> int:
    """Write the store into the existing, empty ``folder``; return the number of passages.

    Raises:
        CorpusError: two passages share an id.
    """
    writer = TableWriter(folder, _STRINGS, (*_CODES, *_FROM_META), _NUMBERS)
    for passage in passages:
        fields = {name: getattr(passage, name) for name in (*_STRINGS, *_CODES, *_NUMBERS)}
        fields["sections"] = sections_json(passage.sections)
        fields["meta"] = json.dumps(dict(passage.meta), ensure_ascii=False, sort_keys=True)
        writer.append({**fields, **_from_meta(passage.meta)})
    writer.close()
    twice = write_hashed(folder, "by_id", StringColumn(folder, "passage_id"))
    if twice is not None:
        raise CorpusError(f"two passages have the id {twice!r}; ids must be unique in an index")
    return writer.n_rows


def _from_meta(meta: Mapping[str, str]) -> dict[str, str]:
    return {
        "publication_types": meta.get("publication_types", ""),
        "retracted": "yes" if meta.get("retracted") else "",
    }


class PassageStore(Sequence[Passage]):
    """The passages of an open index, by row; `row_of` finds one by id. Safe for threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._table = Table(folder, _STRINGS, (*_CODES, *_FROM_META), _NUMBERS)
        self._by_id = HashedStrings(folder, "by_id", self.ids)

    @property
    def ids(self) -> StringColumn:
        """The passage ids by row."""
        return self._table.strings["passage_id"]

    @property
    def doc_ids(self) -> StringColumn:
        """The document ids by row."""
        return self._table.strings["doc_id"]

    def coded(self, name: Coded) -> CodeColumn:
        """A column of codes, mapped. Raises `DamagedIndex` where a code stands for nothing."""
        values = json.loads((self._folder / f"{name}.json").read_text(encoding="utf-8"))
        codes = map_array(self._folder / f"{name}.codes.npy")
        if len(codes) != len(self) or (len(codes) and int(codes.max()) >= len(values)):
            raise DamagedIndex(
                f"{self._folder}: the column {name} is damaged; "
                f"rebuild it with: ragmed index build {self._folder.parent.name}"
            )
        return CodeColumn(values, codes)

    def row_of(self, passage_id: str) -> int | None:
        """The row of a passage id; None where there is none."""
        return self._by_id.find(passage_id)

    def __len__(self) -> int:
        return len(self._table)

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
            fields = self._table.row(row)
            fields["sections"] = sections_of(fields["sections"])
            fields["meta"] = json.loads(fields["meta"])
            for name in _FROM_META:
                del fields[name]
        except (ValueError, TypeError, IndexError) as error:
            raise DamagedIndex(
                f"{self._folder}: passage {row} is damaged ({error}); "
                f"rebuild it with: ragmed index build {self._folder.parent.name}"
            ) from error
        return Passage(**fields)

    def __iter__(self) -> Iterator[Passage]:
        return (self[row] for row in range(len(self)))
