"""What every filter must do, run over each file of ragmed/filters/."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmed import catalog
from ragmed.protocols import Filter
from ragmed.types import Document

NAMES = sorted(catalog.files("filters"))

ODD = [
    "",
    " \n",
    "\x00",
    "\ud800",
    "a",
    "#…" * 50,
    "x" * 100_000,
    "-\n" * 1000,
    "é" * 5000,
    "的" * 5000,
    "1 2 3\n" * 900,
]


def make(name: str) -> Filter:
    made: Filter = catalog.make("filters", name, "test")
    return made


def document(row: int, text: str, **fields: str) -> Document:
    return Document(f"d{row}", "T", text, "test", "https://example.org/d", fields.pop("licence", "CC0"), **fields)


@pytest.mark.parametrize("name", NAMES)
def test_is_a_filter(name: str) -> None:
    assert isinstance(make(name), Filter)


@pytest.mark.parametrize("name", NAMES)
def test_no_documents_give_no_reasons(name: str) -> None:
    assert make(name).refuse([]) == []


@pytest.mark.parametrize("name", NAMES)
def test_there_is_a_reason_or_none_for_each_document_however_odd(name: str) -> None:
    documents = [document(row, text) for row, text in enumerate(ODD)]
    documents += [document(len(ODD), "Text.", licence="\ud800", published="\x00", kind="", question="?" * 9999)]
    reasons = make(name).refuse(documents)
    assert len(reasons) == len(documents)
    assert all(isinstance(reason, str) and reason == reason.strip() for reason in reasons)


@pytest.mark.parametrize("name", NAMES)
def test_reasons_name_no_document(name: str) -> None:
    """They are counted, so they are few; which document it was is said beside them."""
    documents = [document(row, text, published=str(row)) for row, text in enumerate(ODD * 2)]
    assert not any(f"d{row}" in reason for row, reason in enumerate(make(name).refuse(documents)))


@pytest.mark.parametrize("name", NAMES)
@given(st.lists(st.text(max_size=80) | st.sampled_from(ODD[:7]), max_size=12), st.integers(1, 12))
def test_batches_make_no_difference_and_neither_does_a_second_build(name: str, texts: list[str], size: int) -> None:
    documents = [document(row, text) for row, text in enumerate(texts)]
    at_once, in_batches = make(name), make(name)
    expected = at_once.refuse(documents)
    found = [
        reason
        for start in range(0, len(documents), size)
        for reason in in_batches.refuse(documents[start : start + size])
    ]
    assert found == expected


@pytest.mark.parametrize("name", NAMES)
def test_documents_are_left_as_they_are(name: str) -> None:
    documents = [document(row, text) for row, text in enumerate(ODD)]
    before = list(documents)
    make(name).refuse(documents)
    assert documents == before
