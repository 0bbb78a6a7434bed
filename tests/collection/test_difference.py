"""What differs between two corpora, by keys first and by words where keys do not tell."""

from __future__ import annotations

import zlib
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from ragmed.collection.difference import Change, changed_fields, compare
from ragmed.types import Document, Section


def document(doc_id: str, text: str = "Text.") -> Document:
    return Document(doc_id, "Title", text, "s", f"https://example.org/{doc_id}", "CC0")


class Held:
    """Documents with keys; ``hashes`` gives ids a hash of the test's choosing."""

    def __init__(self, *documents: Document, **hashes: int) -> None:
        self._documents, self._hashes = documents, hashes

    def __getitem__(self, row: int) -> Document:
        return self._documents[row]

    def doc_id(self, row: int) -> str:
        return self._documents[row].doc_id

    def keys(self) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
        hashes = [self._hashes.get(d.doc_id, zlib.crc32(d.doc_id.encode()) << 20) for d in self._documents]
        checksums = [zlib.crc32(repr(d).encode()) for d in self._documents]
        return np.array(hashes, dtype=np.uint64), np.array(checksums, dtype=np.uint32)


def outcome(before: Held, after: Held) -> tuple[list[str], list[str], list[Change]]:
    found = compare(before, after)
    return list(found.added_ids()), list(found.removed_ids()), list(found.changes())


def test_documents_are_added_removed_and_changed() -> None:
    before = Held(document("a"), document("b"), document("c"))
    after = Held(document("d"), document("c", "Other."), document("a"))
    assert outcome(before, after) == (["d"], ["b"], [Change("c", ("text",))])


def test_another_order_is_no_difference() -> None:
    assert outcome(Held(document("a"), document("b")), Held(document("b"), document("a"))) == ([], [], [])


@pytest.mark.parametrize("n", [0, 1, 3])
def test_an_empty_corpus_differs_by_all(n: int) -> None:
    some = [document(str(i)) for i in range(n)]
    ids = [d.doc_id for d in some]
    assert outcome(Held(), Held(*some)) == (ids, [], [])
    assert outcome(Held(*some), Held()) == ([], ids, [])


def test_ids_come_in_the_order_of_their_corpus() -> None:
    later = [document(f"n{i}") for i in range(50)]
    both = [document(f"c{i}") for i in range(50)]
    found = compare(Held(*both), Held(*[replace(d, title="New") for d in reversed(both)], *later))
    assert list(found.added_ids()) == [d.doc_id for d in later]
    assert [change.doc_id for change in found.changes()] == [d.doc_id for d in reversed(both)]


def test_every_field_that_differs_is_named_and_meta_by_its_keys() -> None:
    old = replace(document("a"), meta={"journal": "A", "mesh": "x", "gone": "1"})
    new = replace(old, title="T", sections=(Section(0, "S"),), meta={"journal": "B", "mesh": "x", "new": "1"})
    assert changed_fields(old, new) == ("title", "sections", "meta.gone", "meta.journal", "meta.new")
    assert changed_fields(old, old) == ()


def test_two_ids_of_one_hash_are_one_gone_and_one_come() -> None:
    assert outcome(Held(document("a"), a=7), Held(document("b"), b=7)) == (["b"], ["a"], [])


def test_ids_that_share_a_hash_in_one_corpus_are_matched_by_their_words() -> None:
    same = {"a": 7, "b": 7, "c": 7}
    before = Held(document("a"), document("b"), document("x"), **same)
    after = Held(document("b", "Other."), document("c"), document("x"), **same)
    assert outcome(before, after) == (["c"], ["a"], [Change("b", ("text",))])


def test_equal_documents_written_with_other_checksums_are_no_change() -> None:
    class Other(Held):
        def keys(self) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
            hashes, checksums = super().keys()
            return hashes, checksums + np.uint32(1)

    assert outcome(Held(document("a")), Other(document("a"))) == ([], [], [])
