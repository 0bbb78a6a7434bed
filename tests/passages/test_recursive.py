"""Recursive splitting by characters: langchain's chunks, with their places."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from langchain_text_splitters import RecursiveCharacterTextSplitter

from ragmed import catalog
from ragmed.errors import RecipeError
from ragmed.passages import recursive
from ragmed.passages.recursive import Recursive
from ragmed.types import Document


def document(text: str) -> Document:
    return Document("d", "T", text, "test", "https://example.org/d", "CC0")


def split(text: str, max_chars: int = 1000, overlap_chars: int = 200) -> list[str]:
    return [p.text for p in Recursive(max_chars, overlap_chars).split(document(text))]


def chunks(text: str, max_chars: int, overlap_chars: int) -> list[str]:
    return RecursiveCharacterTextSplitter(chunk_size=max_chars, chunk_overlap=overlap_chars).split_text(text)


def test_paragraphs_then_lines_then_words_then_characters() -> None:
    text = "One two.\n\nThree four\nfive six seven.\n\nincomprehensibilities"
    expected = ["One two.", "Three four", "five six", "seven.", "incomprehen", "sibilities"]
    assert split(text, 12, 0) == chunks(text, 12, 0) == expected


def test_passages_overlap_by_whole_words() -> None:
    passages = list(Recursive(12, 5).split(document("one two three four five")))
    assert [p.text for p in passages] == ["one two", "two three", "four five"]
    assert [(p.start, p.end) for p in passages] == [(0, 7), (4, 13), (14, 23)]
    assert [p.passage_id for p in passages] == ["d:0-7", "d:4-13", "d:14-23"]


# The same examples each time: where a text begins with several blank lines, overlapping chunks can differ.
@settings(derandomize=True)
@given(
    st.lists(st.sampled_from(["fever", "cough", "a", "rash.", "\n", "\n\n", " ", "thrombocytopenia" * 3]), max_size=60),
    st.integers(5, 60),
    st.data(),
)
def test_without_repetition_they_are_langchain_s_chunks(words: list[str], max_chars: int, data: st.DataObject) -> None:
    # Numbered, so that no chunk occurs twice.
    text = "".join(f" {word}{number}" if word.strip() else word for number, word in enumerate(words))
    overlap_chars = data.draw(st.integers(0, max_chars - 1))
    expected = chunks(text, max_chars, overlap_chars)
    found = split(text, max_chars, overlap_chars)
    # A chunk that adds nothing but white space to the one before it makes no passage.
    assert [chunk for chunk in expected if chunk in set(found)] == found
    assert all(any(chunk in passage for passage in found) for chunk in expected)


@given(st.text(alphabet="ab \n", max_size=300), st.integers(1, 40), st.data())
@example("a a a a a a a a a a a a", 5, None)
@settings(max_examples=300)
def test_a_text_that_repeats_itself_loses_nothing(text: str, max_chars: int, data: st.DataObject | None) -> None:
    overlap_chars = data.draw(st.integers(0, max_chars - 1)) if data else max_chars // 2
    passages = list(Recursive(max_chars, overlap_chars).split(document(text)))
    assert all(text[p.start : p.end] == p.text and len(p.text) <= max_chars for p in passages)
    covered = set().union(*(range(p.start, p.end) for p in passages))
    assert {i for i, c in enumerate(text) if not c.isspace()} <= covered
    assert len({p.passage_id for p in passages}) == len(passages)


def test_a_short_chunk_that_the_one_before_it_contains_has_its_own_place() -> None:
    text = "The summary comes last: Summary\n\nSummary\n\n" + "word " * 12
    passages = list(Recursive(32, 16).split(document(text)))
    assert [p.start for p in passages if p.text == "Summary"] == [33]


def test_a_word_without_end_is_cut_as_often_as_its_length_asks() -> None:
    for n_chars in (200_000, 2_000_000):
        passages = split("x" * n_chars)
        assert len(passages) == -(-(n_chars - 200) // 800)
        assert all(len(passage) == 1000 for passage in passages[:-1])


def test_a_long_text_is_handed_over_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "\n\n".join(f"Paragraph {number} has so many words." for number in range(300))
    monkeypatch.setattr(recursive, "_PART_CHARS", 1000)
    passages = list(Recursive(100, 20).split(document(text)))
    assert all(text[p.start : p.end] == p.text for p in passages)
    assert all(f"Paragraph {number} has so many words." in "|".join(p.text for p in passages) for number in range(300))


def test_an_overlap_as_long_as_the_passage_is_an_error_in_the_recipe() -> None:
    with pytest.raises(RecipeError, match="overlap_chars = 1000"):
        catalog.make("passages", {"name": "recursive", "overlap_chars": 1000}, "test")


def test_without_the_library_the_extra_is_named() -> None:
    program = (
        "import sys\nsys.modules['langchain_text_splitters'] = None\n"
        "from ragmed import catalog, errors\n"
        "try:\n    catalog.load('passages', 'recursive')\nexcept errors.MissingExtra as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "pip install 'ragmed[split]'" in done.stdout
