"""What every splitter must do, run over each file of ragmed/passages/."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmed import catalog
from ragmed.protocols import Splitter
from ragmed.types import Document

NAMES = sorted(catalog.files("passages"))


def split(name: str, text: str) -> tuple[Document, list]:  # type: ignore[type-arg]
    document = Document("d", "T", text, "test", "https://example.org/d", "CC0")
    return document, list(catalog.make("passages", name, "test").split(document))


@pytest.mark.parametrize("name", NAMES)
def test_is_a_splitter(name: str) -> None:
    assert isinstance(catalog.make("passages", name, "test"), Splitter)


@pytest.mark.parametrize("name", NAMES)
@given(st.text(alphabet="aB. \n?é", max_size=400) | st.text(max_size=200))
def test_offsets_give_the_text_back_and_nothing_is_lost(name: str, text: str) -> None:
    document, passages = split(name, text)
    assert all(p.text == document.text[p.start : p.end] and p.text.strip() for p in passages)
    covered = set().union(*(range(p.start, p.end) for p in passages))
    assert {i for i, c in enumerate(text) if not c.isspace()} <= covered
    assert len({p.passage_id for p in passages}) == len(passages)


@pytest.mark.parametrize("name", NAMES)
def test_a_document_without_text_gives_no_passage(name: str) -> None:
    assert split(name, " \n ")[1] == []
