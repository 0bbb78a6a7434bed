"""What differs between two corpora: documents added, removed, changed, and which fields of them.

Documents are matched by the 64-bit hashes of their ids and compared by CRC-32 of their fields, both of which a
built corpus keeps; ids and texts are read only of what differs. Two documents of one id that differ and share
their CRC-32, one pair in four thousand million, are taken for equal. Ids that share a hash are told apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ragmed.types import Document

Rows = NDArray[np.int64]


class Keyed(Protocol):
    """A corpus whose documents are told apart by keys: `ragmed.collection.store.BuiltCorpus`."""

    def __getitem__(self, row: int, /) -> Document: ...

    def keys(self) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
        """Per row: the hash of the document's id, the checksum of all its fields."""
        ...

    def doc_id(self, row: int) -> str: ...


@dataclass(frozen=True)
class Change:
    """A document that is not what it was. ``fields`` names what differs, a key of meta as ``meta.journal``."""

    doc_id: str
    fields: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Difference:
    """Rows of two corpora that differ: ``added`` of the later one, ``removed`` of the earlier, ``changed`` of
    both, pair by pair; each in the order of its corpus, ``changed`` of the later one.

    A changed row may turn out to hold the same document where the two corpora were not written alike;
    `changes` leaves those out.
    """

    before: Keyed
    after: Keyed
    added: Rows
    removed: Rows
    changed: tuple[Rows, Rows]

    def added_ids(self) -> Iterator[str]:
        return (self.after.doc_id(int(row)) for row in self.added)

    def removed_ids(self) -> Iterator[str]:
        return (self.before.doc_id(int(row)) for row in self.removed)

    def changes(self) -> Iterator[Change]:
        """The documents that changed, each with the fields that differ."""
        for old_row, new_row in zip(*self.changed, strict=True):
            old, new = self.before[int(old_row)], self.after[int(new_row)]
            differing = changed_fields(old, new)
            if differing:
                yield Change(new.doc_id, differing)


def compare(before: Keyed, after: Keyed) -> Difference:
    """Match the documents of two corpora by id."""
    old_hashes, old_checksums = before.keys()
    new_hashes, new_checksums = after.keys()
    shared = _repeated(old_hashes, new_hashes)
    old_rows = np.flatnonzero(~np.isin(old_hashes, shared))
    new_rows = np.flatnonzero(~np.isin(new_hashes, shared))
    _, old_at, new_at = np.intersect1d(
        old_hashes[old_rows], new_hashes[new_rows], assume_unique=True, return_indices=True
    )
    removed = np.delete(old_rows, old_at)
    added = np.delete(new_rows, new_at)
    old_same, new_same = old_rows[old_at], new_rows[new_at]
    differ = old_checksums[old_same] != new_checksums[new_same]
    old_changed, new_changed = old_same[differ], new_same[differ]
    # One hash for two ids: what looks like a change is one document gone and another come.
    alike = np.array(
        [before.doc_id(int(old)) == after.doc_id(int(new)) for old, new in zip(old_changed, new_changed, strict=True)],
        dtype=bool,
    )
    added = np.concatenate([added, new_changed[~alike]])
    removed = np.concatenate([removed, old_changed[~alike]])
    old_changed, new_changed = old_changed[alike], new_changed[alike]
    if len(shared):
        old_ids = {before.doc_id(int(row)): int(row) for row in np.flatnonzero(np.isin(old_hashes, shared))}
        new_ids = {after.doc_id(int(row)): int(row) for row in np.flatnonzero(np.isin(new_hashes, shared))}
        both = [
            (old_ids[doc_id], new_ids[doc_id])
            for doc_id in old_ids.keys() & new_ids.keys()
            if old_checksums[old_ids[doc_id]] != new_checksums[new_ids[doc_id]]
        ]
        removed = _with(removed, [row for doc_id, row in old_ids.items() if doc_id not in new_ids])
        added = _with(added, [row for doc_id, row in new_ids.items() if doc_id not in old_ids])
        old_changed = _with(old_changed, [old for old, _ in both])
        new_changed = _with(new_changed, [new for _, new in both])
    order = np.argsort(new_changed, kind="stable")
    return Difference(before, after, np.sort(added), np.sort(removed), (old_changed[order], new_changed[order]))


def changed_fields(old: Document, new: Document) -> tuple[str, ...]:
    """The fields in which two documents differ, in the order of the record; of meta, the keys."""
    differing = [
        field.name
        for field in fields(Document)
        if field.name != "meta" and getattr(old, field.name) != getattr(new, field.name)
    ]
    keys = sorted({*old.meta, *new.meta})
    return (*differing, *(f"meta.{key}" for key in keys if old.meta.get(key) != new.meta.get(key)))


def _repeated(*hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The values that occur more than once in one of the arrays."""
    found = []
    for values in hashes:
        ordered = np.sort(values)
        found.append(ordered[1:][ordered[1:] == ordered[:-1]])
    return np.unique(np.concatenate(found))


def _with(rows: Rows, more: list[int]) -> Rows:
    return np.concatenate([rows, np.array(more, dtype=np.int64)])
