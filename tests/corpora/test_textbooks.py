"""Plain-text textbooks: cut into documents that give the book's text back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmed.corpora.textbooks import Textbooks


def corpus(folder: Path, content: str | bytes, max_characters: int = 40, name: str = "Anatomy_Gray.txt") -> Textbooks:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return Textbooks(files={f"en/{name}": path}, licence="the publishers'", max_characters=max_characters)


def test_paragraphs_are_kept_together_as_far_as_they_fit(tmp_path: Path) -> None:
    one, two = corpus(tmp_path, "What is anatomy?\n\nThe study of form.\n\nThe heart lies in the middle.\n").documents()
    assert one.text == "What is anatomy?\n\nThe study of form."
    assert two.text == "The heart lies in the middle."
    assert (one.doc_id, two.doc_id) == ("textbook:Anatomy_Gray#1", "textbook:Anatomy_Gray#2")
    assert (one.title, one.kind, one.licence) == ("Anatomy Gray", "textbook", "the publishers'")
    assert one.url == "https://github.com/jind11/MedQA"
    assert two.meta == {"language": "en", "book": "Anatomy_Gray", "book_offset": "38"}


@pytest.mark.parametrize(
    ("book", "first"),
    [
        ("Line one is this one.\nLine two is that other one.", "Line one is this one."),
        ("A sentence goes here. Another one goes there.", "A sentence goes here."),
        ("words without any end of any sentence at all", "words without any end of any sentence"),
        ("x" * 100, "x" * 40),
    ],
)
def test_where_no_paragraph_ends_it_is_cut_at_a_line_a_sentence_a_word_or_anywhere(
    tmp_path: Path, book: str, first: str
) -> None:
    assert next(iter(corpus(tmp_path, book).documents())).text == first


@given(st.text(alphabet="aé. \n\t", max_size=300), st.integers(1, 50))
def test_offsets_give_the_text_back_and_nothing_is_lost(
    tmp_path_factory: pytest.TempPathFactory, book: str, max_characters: int
) -> None:
    found = list(corpus(tmp_path_factory.mktemp("book"), book, max_characters).documents())
    covered: set[int] = set()
    for document in found:
        start = int(document.meta["book_offset"])
        assert book[start : start + len(document.text)] == document.text
        assert 0 < len(document.text) <= max_characters
        covered.update(range(start, start + len(document.text)))
    assert {i for i, character in enumerate(book) if not character.isspace()} <= covered
    assert len({document.doc_id for document in found}) == len(found)


def test_a_paragraph_of_twenty_million_characters_is_cut(tmp_path: Path) -> None:
    documents = corpus(tmp_path, "word " * 4_000_000, 20_000).documents()
    assert sum(len(re.findall("word", document.text)) for document in documents) == 4_000_000


def test_what_is_not_utf_8_is_replaced_and_noted(tmp_path: Path) -> None:
    made = corpus(tmp_path, b"\xef\xbb\xbfM\xe9ni\xe8re\r\nand\0")
    (found,) = made.documents()
    assert found.text == "M\ufffdni\ufffdre\nand\ufffd"
    assert made.report.notes["characters that are not UTF-8, or NUL"].n == 1


@pytest.mark.parametrize("content", [b"", b"  \n\n \n"])
def test_an_empty_book_is_skipped(tmp_path: Path, content: bytes) -> None:
    made = corpus(tmp_path, content)
    assert list(made.documents()) == []
    assert made.report.skipped["no text"].examples == ["en/Anatomy_Gray.txt"]


def test_other_files_are_skipped(tmp_path: Path) -> None:
    made = corpus(tmp_path, "x", name="a.pdf")
    assert list(made.documents()) == []
    assert made.report.skipped["not a .txt file"].n == 1


def test_books_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("A.")
    (tmp_path / "b.txt").write_text("B.")
    made = Textbooks(files={"en/b.txt": tmp_path / "b.txt", "en/a.txt": tmp_path / "a.txt"})
    assert [document.text for document in made.documents()] == ["A.", "B."]
