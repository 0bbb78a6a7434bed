"""MedRAG's snippets: JSON lines with an id, a title and a content."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ragmed.corpora.medrag import MedRAG
from ragmed.errors import DamagedFile
from ragmed.types import Document, Section


def corpus(folder: Path, content: str | bytes, **options: object) -> MedRAG:
    path = folder / "a.jsonl"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return MedRAG(files={"chunk/a.jsonl": path}, licence="CC0", **options)  # type: ignore[arg-type]


def one(folder: Path, row: dict[str, object], **options: object) -> Document:
    (document,) = corpus(folder, json.dumps(row) + "\n", **options).documents()
    return document


def test_a_snippet_is_a_document(tmp_path: Path) -> None:
    found = one(tmp_path, {"id": "Anatomy_Gray_0", "title": "Anatomy_Gray", "content": "Text.", "contents": "A. Text."})
    assert (found.doc_id, found.title, found.text) == ("Anatomy_Gray_0", "Anatomy_Gray", "Text.")
    assert (found.url, found.licence, found.kind) == ("https://huggingface.co/MedRAG", "CC0", "snippet")


def test_a_title_names_the_headings_above_the_snippet(tmp_path: Path) -> None:
    found = one(tmp_path, {"id": "article-5_3", "title": "Aspirin -- Uses -- Fever", "content": "Text."})
    assert found.title == "Aspirin"
    assert found.sections == (Section(0, "Uses > Fever"),)


@pytest.mark.parametrize(
    ("row", "item_url", "url"),
    [
        ({"PMID": 21645374}, "https://pubmed.ncbi.nlm.nih.gov/{pmid}/", "https://pubmed.ncbi.nlm.nih.gov/21645374/"),
        ({"PMID": None}, "https://pubmed.ncbi.nlm.nih.gov/{pmid}/", "https://huggingface.co/MedRAG"),
        ({"id": "article-5_3"}, "https://example.org/{document}/", "https://example.org/article-5/"),
        ({"wiki_id": "a/b?c"}, "https://example.org/?curid={wiki_id}", "https://example.org/?curid=a%2Fb%3Fc"),
        ({}, "https://example.org/{nosuch}", "https://huggingface.co/MedRAG"),
    ],
)
def test_the_address_is_made_of_what_a_snippet_has(
    tmp_path: Path, row: dict[str, object], item_url: str, url: str
) -> None:
    found = one(tmp_path, {"id": "x_1", "title": "T", "content": "Text.", **row}, item_url=item_url)
    assert found.url == url


def test_a_pmid_is_kept(tmp_path: Path) -> None:
    assert one(tmp_path, {"id": "x", "title": "T", "content": "c", "PMID": 7}).meta == {"language": "en", "pmid": "7"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{broken", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[1]", "not a JSON object"),
        ('{"id": "a", "title": "t"}', "no content"),
        ('{"id": "a", "title": "t", "content": "  "}', "no content"),
        ('{"id": "a", "title": "t", "content": ["x"]}', "no content"),
        (json.dumps({"id": "a", "content": "x" * 200_000}), "longer than max_line_bytes"),
        (b"\xff\xfe", "not JSON"),
    ],
)
def test_a_broken_line_is_skipped_and_the_rest_is_read(tmp_path: Path, line: str | bytes, reason: str) -> None:
    line = line.encode() if isinstance(line, str) else line
    made = corpus(tmp_path, line + b'\n\n{"id": "b", "title": "t", "content": "c"}\n', max_line_bytes=150_000)
    assert [document.doc_id for document in made.documents()] == ["b"]
    assert made.report.skipped[reason].examples == ["chunk/a.jsonl, line 1"]


def test_missing_ids_and_titles_are_noted(tmp_path: Path) -> None:
    made = corpus(tmp_path, '{"content": "c"}\n{"content": "d"}')
    assert [document.doc_id for document in made.documents()] == [
        "medrag:chunk/a.jsonl, line 1",
        "medrag:chunk/a.jsonl, line 2",
    ]
    assert (made.report.notes["no id"].n, made.report.notes["no title"].n) == (2, 2)


def test_characters_that_no_text_may_hold_are_replaced(tmp_path: Path) -> None:
    made = corpus(tmp_path, '{"id": "a\\ud800", "title": "t\\u0000", "content": "c\\udfff\\u0000d"}\n')
    (found,) = made.documents()
    assert (found.doc_id, found.title, found.text) == ("a\ufffd", "t\ufffd", "c\ufffd\ufffdd")
    found.url.encode()
    assert made.report.notes["characters that no text may hold, replaced"].n == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:x\nsize 1\n", "git lfs pull"),
        (b'{"id": "a", "content": "c"}\n{"id": "b", "cont', "cut within its last line"),
    ],
)
def test_pointers_and_cut_files_are_damage(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(DamagedFile, match=message):
        list(corpus(tmp_path, content).documents())


def test_what_stands_before_the_cut_is_given(tmp_path: Path) -> None:
    found = corpus(tmp_path, '{"id": "a", "content": "c"}\n{"id').documents()
    assert next(found).doc_id == "a"
    with pytest.raises(DamagedFile):
        next(found)
