"""Documents of folders in the layouts of BEIR and R2MED."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from ragmed.corpora.beir import BEIR
from ragmed.errors import DamagedFile
from ragmed.types import Document
from tests.benchmarks.folders import folder_files, write_folder
from tests.benchmarks.r2med_folder import CORPUS, write_r2med_folder

LINE = '{"_id": "MED-1", "title": "A  trial", "text": "It worked.", "metadata": {"url": "https://a.org/1"}}\n'


def read(folder: Path, content: str | bytes) -> tuple[BEIR, list[Document]]:
    corpus = BEIR(write_folder(folder, corpus_jsonl=content), licence="CC0", source="nfcorpus")
    return corpus, list(corpus.documents())


def test_a_line_is_a_document(tmp_path: Path) -> None:
    _, [document] = read(tmp_path, LINE)
    assert document == Document(
        "MED-1", "A trial", "It worked.", source="nfcorpus", url="https://a.org/1", licence="CC0", kind="document"
    )


def test_ids_are_kept_to_the_letter(tmp_path: Path) -> None:
    _, documents = read(tmp_path, '{"_id": " a b/0.txt", "text": "x"}\n{"_id": 12, "text": "y"}\n')
    assert [document.doc_id for document in documents] == [" a b/0.txt", "12"]


def test_r2med_names_its_ids_otherwise(tmp_path: Path) -> None:
    documents = BEIR(folder_files(write_r2med_folder(tmp_path))).documents()
    assert {document.doc_id: document.text for document in documents} == CORPUS


def test_a_title_stands_for_a_missing_text(tmp_path: Path) -> None:
    corpus, [document] = read(tmp_path, '{"_id": "1", "title": "Only a title", "text": ""}\n')
    assert (document.title, document.text) == ("Only a title", "Only a title")
    assert corpus.report.notes["title only"].n == 1


def test_without_an_address_the_homepage_is_shown(tmp_path: Path) -> None:
    _, documents = read(tmp_path, '{"_id": "1", "text": "x", "metadata": {"url": "javascript:x", "pubmed_id": 7}}\n')
    assert documents[0].url == BEIR({}).homepage
    assert documents[0].meta == {"pmid": "7"}


def test_what_is_no_document_is_counted_and_left_out(tmp_path: Path) -> None:
    corpus, documents = read(tmp_path, LINE + '{"_id": "2"}\n{"text": "x"}\n[]\n{"_id": "3", "te\n\n' + LINE)
    assert len(documents) == 2
    assert {reason: tally.examples for reason, tally in corpus.report.skipped.items()} == {
        "no text": ["corpus.jsonl, line 2: 2"],
        "no id": ["corpus.jsonl, line 3"],
        "not a JSON object": ["corpus.jsonl, line 4"],
        "not JSON": ["corpus.jsonl, line 5"],
    }


def test_a_packed_file_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "corpus.jsonl.gz"
    path.write_bytes(gzip.compress(LINE.encode()))
    assert [document.doc_id for document in BEIR({"folder/corpus.jsonl.gz": path}).documents()] == ["MED-1"]
    path.write_bytes(gzip.compress(LINE.encode() * 50)[:-9])
    with pytest.raises(DamagedFile, match="not a whole gzip file"):
        list(BEIR({"corpus": path}).documents())


def test_only_files_of_documents_are_parts(tmp_path: Path) -> None:
    files = write_folder(tmp_path, corpus_jsonl=LINE, queries_jsonl="", qrels__test_tsv="")
    assert BEIR(files).parts() == ["folder/corpus.jsonl"]


def test_lone_surrogates_and_nuls_are_replaced(tmp_path: Path) -> None:
    _, [document] = read(tmp_path, '{"_id": "1", "text": "a\\ud800b\\u0000c"}\n')
    assert document.text == "a\ufffdb\ufffdc"
