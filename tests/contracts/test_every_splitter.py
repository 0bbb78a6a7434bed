"""What every splitter must do, run over each file of ragmed/passages/."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragmed import catalog
from ragmed.protocols import Splitter
from ragmed.types import Document, Passage, Section

NAMES = sorted(catalog.files("passages"))


def split(name: str, text: str, **fields: Any) -> tuple[Document, list[Passage]]:
    document = Document("d", "T", text, "test", "https://example.org/d", "CC0", **fields)
    return document, list(catalog.make("passages", name, "test").split(document))


@pytest.mark.parametrize("name", NAMES)
def test_is_a_splitter(name: str) -> None:
    assert isinstance(catalog.make("passages", name, "test"), Splitter)


@pytest.mark.parametrize("name", NAMES)
@given(
    st.text(alphabet="aB. \n?é", max_size=400) | st.text(max_size=200),
    st.lists(st.integers(0, 400), max_size=5),
    st.sampled_from(["", "Why?"]),
)
@settings(deadline=None, max_examples=50)
def test_offsets_give_the_text_back_and_nothing_is_lost(name: str, text: str, starts: list[int], question: str) -> None:
    sections = tuple(Section(start, f"H{row % 2} > h", str(row)) for row, start in enumerate(sorted(starts)))
    document, passages = split(name, text, sections=sections, question=question)
    assert all(p.text == document.text[p.start : p.end] and p.text.strip() for p in passages)
    covered = set().union(*(range(p.start, p.end) for p in passages))
    assert {i for i, c in enumerate(text) if not c.isspace()} <= covered
    assert len({p.passage_id for p in passages}) == len(passages)
    assert all(p.doc_id == "d" and p.question == question for p in passages)


@pytest.mark.parametrize("name", NAMES)
def test_a_document_without_text_gives_no_passage(name: str) -> None:
    assert split(name, " \n ")[1] == []


@pytest.mark.parametrize("name", NAMES)
def test_splitting_twice_gives_the_same_passages(name: str) -> None:
    text = "\n\n".join(f"Sign {row} is fever. It lasts {row} days.\n- or more" for row in range(100))
    assert split(name, text) == split(name, text)


@pytest.mark.parametrize("name", NAMES)
def test_lone_surrogates_and_nulls_are_characters(name: str) -> None:
    document, passages = split(name, "A \x00 and a \ud800 here. " * 100)
    assert all(p.text == document.text[p.start : p.end] for p in passages)
    assert "".join("".join(p.text.split()) for p in passages).startswith("A\x00anda\ud800here.")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("unit", ["x", ".", "- ", "\n", "a\n", "的"])
def test_ten_times_the_text_gives_ten_times_the_passages(name: str, unit: str) -> None:
    """Passages are bounded work each, so that the whole is in proportion; only `whole` takes a document as it comes."""
    n_short, n_long = (len(split(name, unit * (n_chars // len(unit)))[1]) for n_chars in (20_000, 200_000))
    assert n_long <= 10 * n_short + 10
    assert name == "whole" or unit == "\n" or n_long >= 9 * (n_short - 1)


@pytest.mark.parametrize("name", NAMES)
def test_a_paragraph_of_two_million_characters_without_a_space_is_split(name: str) -> None:
    _, passages = split(name, "x" * 2_000_000)
    assert sum(len(p.text) for p in passages) >= 2_000_000
    assert name == "whole" or max(len(p.text) for p in passages) <= 4_000
