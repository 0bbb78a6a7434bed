"""The passages of an index: columns on disk, a `Passage` by row or by id.

Each row carries a CRC-32 of its fields, checked whenever a passage is read, so that a damaged file can
never show up as a quotation.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import overload

from ragmed.collection.layout import sections_json, sections_of
from ragmed.columns import HashedStrings, StringColumn, Table, TableWriter, write_hashed
from ragmed.errors import CorpusError, DamagedIndex
from ragmed.types import Passage

_STRINGS = (
    "passage_id",
    "doc_id",
    "text",
    "title",
    "url",
    "published",
    "question",
    "section",
    "page",
    "sections",
    "meta",
)
_CODES = ("source", "licence", "kind")
_NUMBERS = ("start", "end")


def write_passages(folder: Path, passages: Iterable[Passage]) -> int:
    """Write the store into the existing, empty ``folder``; return the number of passages.

    Raises:
        CorpusError: two passages share an id.
    """
    writer = TableWriter(folder, _STRINGS, _CODES, _NUMBERS)
    for passage in passages:
        fields = {name: getattr(passage, name) for name in (*_STRINGS, *_CODES, *_NUMBERS)}
        fields["sections"] = sections_json(passage.sections)
        fields["meta"] = json.dumps(dict(passage.meta), ensure_ascii=False, sort_keys=True)
        writer.append(fields)
    writer.close()
    twice = write_hashed(folder, "by_id", StringColumn(folder, "passage_id"))
    if twice is not None:
        raise CorpusError(f"two passages have the id {twice!r}; ids must be unique in an index")
    return writer.n_rows


class PassageStore(Sequence[Passage]):
    """The passages of an open index, by row; `row_of` finds one by id. Safe for threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._table = Table(folder, _STRINGS, _CODES, _NUMBERS)
        self._by_id = HashedStrings(folder, "by_id", self.ids)

    @property
    def ids(self) -> StringColumn:
        """The passage ids by row."""
        return self._table.strings["passage_id"]

    @property
    def doc_ids(self) -> StringColumn:
        """The document ids by row."""
        return self._table.strings["doc_id"]

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
        except (ValueError, TypeError, IndexError) as error:
            raise DamagedIndex(
                f"{self._folder}: passage {row} is damaged ({error}); "
                f"rebuild it with: ragmed index build {self._folder.parent.name}"
            ) from error
        return Passage(**fields)

    def __iter__(self) -> Iterator[Passage]:
        return (self[row] for row in range(len(self)))
