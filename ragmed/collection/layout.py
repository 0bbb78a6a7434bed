"""Where a built corpus lies, and the columns of its documents.

corpora/<name>/built/
  manifest.json        what it was read from: parts in order, files with hashes, report, sealed by its own sha256
  previous.json        the manifest before this one
  parts/<key>/         the documents of one part, as they were read; <key> is a hash of all that they depend on
  live/<seal>/         which rows of which parts are the collection: part.npy, row.npy
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragmed.columns import StringColumn, StringColumnWriter, Table, TableWriter, hash64, map_array, write_array
from ragmed.types import Document, Section

STRINGS = ("doc_id", "title", "text", "url", "published", "question", "sections", "meta")
CODES = ("source", "licence", "kind")


def fields_of(document: Document) -> dict[str, str]:
    """A document's fields as strings."""
    fields = {name: getattr(document, name) for name in (*STRINGS, *CODES)}
    fields["sections"] = sections_json(document.sections)
    fields["meta"] = json.dumps(dict(document.meta), ensure_ascii=False, sort_keys=True) if document.meta else ""
    return fields


def document_of(fields: Mapping[str, Any]) -> Document:
    """The document that `fields_of` took apart. Raises `ValueError`."""
    return Document(
        **{**fields, "sections": sections_of(fields["sections"]), "meta": json.loads(fields["meta"] or "{}")}
    )


def sections_json(sections: Sequence[Section]) -> str:
    """Sections as a string; empty where there are none."""
    return json.dumps([[s.start, s.title, s.page] for s in sections], ensure_ascii=False) if sections else ""


def sections_of(written: str) -> tuple[Section, ...]:
    """What `sections_json` wrote. Raises `ValueError`, `TypeError`."""
    return tuple(Section(*entry) for entry in json.loads(written)) if written else ()


class PartWriter:
    """Writes the documents and deletions of one part in their order."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._table = TableWriter(folder, STRINGS, CODES)
        self._deleted = StringColumnWriter(folder, "deleted")
        self._deleted_at: list[int] = []

    @property
    def n_documents(self) -> int:
        return self._table.n_rows

    def add(self, document: Document) -> None:
        self._table.append(fields_of(document))

    def delete(self, doc_id: str) -> None:
        self._deleted.append(doc_id)
        self._deleted_at.append(self._table.n_rows)

    def close(self) -> None:
        """Finish the columns and hash the ids."""
        self._table.close()
        self._deleted.close()
        for name in ("doc_id", "deleted"):
            column = StringColumn(self._folder, name)
            hashes = np.fromiter((hash64(value) for value in column), dtype=np.uint64, count=len(column))
            write_array(self._folder / f"{name}.hash.npy", hashes)
        write_array(self._folder / "deleted_at.npy", np.array(self._deleted_at, dtype=np.uint64))


class Part:
    """One part; its files are mapped when they are first needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def table(self) -> Table:
        """The documents."""
        return Table(self.folder, STRINGS, CODES)

    @property
    def id_hashes(self) -> NDArray[np.uint64]:
        """Of each document's id."""
        return map_array(self.folder / "doc_id.hash.npy")

    @property
    def checksums(self) -> NDArray[np.uint32]:
        """Of each document's fields."""
        return map_array(self.folder / "checksum.npy")

    @property
    def deletions(self) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        """Of each deletion, the id's hash, and the row before which it came."""
        return map_array(self.folder / "deleted.hash.npy"), map_array(self.folder / "deleted_at.npy")

    def name_of(self, row: int) -> str:
        """The id of the document in that row; of deletion i, given as row -1 - i, the id it names."""
        if row >= 0:
            return self.table.strings["doc_id"][row]
        return StringColumn(self.folder, "deleted")[-1 - row]
