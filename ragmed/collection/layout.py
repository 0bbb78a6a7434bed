"""Where a built corpus lies, and the columns of its documents.

corpora/<name>/built/
  manifest.json        what it was read from: parts in order, files with hashes, report, sealed by its own sha256
  previous.json        the manifest before this one
  parts/<key>/         the documents of one part, as they were read; <key> is a hash of all that they depend on
  live/<seal>/         which rows of which parts are the collection: part.npy, row.npy
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ragmed.columns import StringColumnWriter, Table, TableWriter, map_array, write_array
from ragmed.types import Document, Section

STRINGS = ("doc_id", "title", "text", "url", "published", "question", "sections", "meta")
CODES = ("source", "licence", "kind")


def fields_of(document: Document) -> dict[str, str]:
    """A document's fields as strings."""
    fields = {name: getattr(document, name) for name in (*STRINGS, *CODES)}
    fields["sections"] = (
        json.dumps([[s.start, s.title, s.page] for s in document.sections], ensure_ascii=False)
        if document.sections
        else ""
    )
    fields["meta"] = json.dumps(dict(document.meta), ensure_ascii=False, sort_keys=True) if document.meta else ""
    return fields


def document_of(fields: Mapping[str, Any]) -> Document:
    """The document that `fields_of` took apart. Raises `ValueError`."""
    sections = tuple(Section(*entry) for entry in json.loads(fields["sections"] or "[]"))
    return Document(**{**fields, "sections": sections, "meta": json.loads(fields["meta"] or "{}")})


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
        import numpy as np

        from ragmed.columns import StringColumn, hash64

        self._table.close()
        self._deleted.close()
        for name in ("doc_id", "deleted"):
            column = StringColumn(self._folder, name)
            hashes = np.fromiter((hash64(value) for value in column), dtype=np.uint64, count=len(column))
            write_array(self._folder / f"{name}.hash.npy", hashes)
        write_array(self._folder / "deleted_at.npy", np.array(self._deleted_at, dtype=np.uint64))


class Part:
    """One part, open."""

    def __init__(self, folder: Path) -> None:
        self.table = Table(folder, STRINGS, CODES)
        self.id_hashes = map_array(folder / "doc_id.hash.npy")
        self.deleted_hashes = map_array(folder / "deleted.hash.npy")
        self.deleted_at = map_array(folder / "deleted_at.npy")
        self.folder = folder
