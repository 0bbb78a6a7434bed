"""MIRIAD's pairs of question and answer, and the passages that they were made from."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from ragmed import catalog
from ragmed.corpora import miriad
from ragmed.corpora.miriad import MIRIAD, NOTICE
from ragmed.errors import DamagedFile, MissingExtra
from ragmed.protocols import Parted
from ragmed.recipe import read_corpus_recipe
from ragmed.report import Report
from ragmed.types import Document

ROW = {
    "qa_id": "38_775_0_1",
    "paper_id": "775",
    "question": "How is fever\ntreated?",
    "answer": "With  rest.\n\nAnd with:\n1. fluids\n2. time",
    "paper_url": "https://api.semanticscholar.org/CorpusID:775",
    "paper_title": "On fever",
    "passage_text": "Fever was treated with rest.",
    "passage_position": "0",
    "year": 1998.0,
    "venue": "Journal of Fever",
    "specialty": "Infectious Disease",
}


def jsonl(folder: Path, *rows: Any, name: str = "a.jsonl", **options: Any) -> MIRIAD:
    path = folder / name
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
    return MIRIAD(files={f"train/{name}": path}, licence="ODC-BY 1.0", report=Report(), **options)


def parquet(folder: Path, *rows: Any, **options: Any) -> MIRIAD:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = folder / "a.parquet"
    parquet.write_table(pyarrow.Table.from_pylist(list(rows)), path, row_group_size=2)
    return MIRIAD(files={"train/a.parquet": path}, licence="ODC-BY 1.0", report=Report(), **options)


@pytest.mark.parametrize("write", [jsonl, parquet])
def test_a_pair_is_a_document(tmp_path: Path, write: Any) -> None:
    read = write(tmp_path, ROW)
    assert list(read.documents()) == [
        Document(
            doc_id="miriad:38_775_0_1",
            title="On fever",
            text="With rest.\n\nAnd with:\n1. fluids\n2. time",
            source="miriad",
            url="https://api.semanticscholar.org/CorpusID:775",
            licence="ODC-BY 1.0",
            published="1998",
            kind="qa",
            question="How is fever treated?",
            meta={
                "paper_id": "775",
                "passage_position": "0",
                "journal": "Journal of Fever",
                "specialty": "Infectious Disease",
                "language": "en",
                "notice": NOTICE,
            },
        )
    ]
    assert read.report == Report()


@pytest.mark.parametrize("write", [jsonl, parquet])
def test_passages_are_given_once(tmp_path: Path, write: Any) -> None:
    read = write(tmp_path, ROW, {**ROW, "qa_id": "38_775_0_2"}, {**ROW, "passage_position": "1"}, include="passages")
    documents = list(read.documents())
    assert [document.doc_id for document in documents] == ["miriad:775#0", "miriad:775#1"]
    assert (documents[0].kind, documents[0].text, documents[0].question) == (
        "passage",
        "Fever was treated with rest.",
        "",
    )
    assert "notice" not in documents[0].meta
    assert read.report == Report()


def test_both_are_passages_each_before_its_pairs(tmp_path: Path) -> None:
    read = jsonl(tmp_path, ROW, {**ROW, "qa_id": "38_775_0_2"}, include="both")
    assert [document.doc_id for document in read.documents()] == [
        "miriad:775#0",
        "miriad:38_775_0_1",
        "miriad:38_775_0_2",
    ]


def test_a_passage_that_changes_is_told(tmp_path: Path) -> None:
    read = jsonl(tmp_path, ROW, {**ROW, "passage_text": "Something else."}, include="passages")
    assert len(list(read.documents())) == 1
    assert read.report.skipped["another text of a passage"].examples == ["miriad:775#0"]


def test_files_are_read_apart_in_the_order_of_their_names(tmp_path: Path) -> None:
    files = {**jsonl(tmp_path, {**ROW, "qa_id": "2"}, name="b.jsonl").files, **jsonl(tmp_path, ROW).files}
    read = MIRIAD(files=files)
    assert isinstance(read, Parted)
    assert read.parts() == ["train/a.jsonl", "train/b.jsonl"]
    assert [document.doc_id for document in read.documents_of("train/b.jsonl")] == ["miriad:2"]


@pytest.mark.parametrize("write", [jsonl, parquet])
def test_nulls_are_skipped_with_a_reason_or_left_out(tmp_path: Path, write: Any) -> None:
    rows = [{**ROW, key: None} for key in ("qa_id", "question", "answer", "paper_title", "year", "venue", "paper_url")]
    read = write(tmp_path, *rows)
    documents = list(read.documents())
    assert len(documents) == 4
    assert {reason: tally.n for reason, tally in read.report.skipped.items()} == {
        "pair without an id": 1,
        "pair without question or answer": 2,
    }
    assert set(read.report.notes) == {"paper without a title", "paper without an address"}
    assert documents[0].title == "miriad:38_775_0_1"
    assert documents[1].published == ""
    assert "journal" not in documents[2].meta
    assert documents[3].url.startswith("https://")


def test_a_passage_without_place_or_text_is_skipped(tmp_path: Path) -> None:
    rows = [{**ROW, "passage_text": " "}, {**ROW, "passage_position": None}, {**ROW, "paper_id": None}]
    read = jsonl(tmp_path, *rows, include="passages")
    assert list(read.documents()) == []
    assert {reason: tally.n for reason, tally in read.report.skipped.items()} == {
        "passage without text": 1,
        "passage without paper or position": 2,
    }


def test_a_bad_line_does_not_stop_the_file(tmp_path: Path) -> None:
    read = jsonl(tmp_path, "{cut", "[1]", "", "[" * 100_000, ROW)
    assert [document.doc_id for document in read.documents()] == ["miriad:38_775_0_1"]
    assert read.report.skipped["not a JSON object"].n == 3


def test_too_long_a_line_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(miriad, "MAX_LINE_BYTES", 1000)
    read = jsonl(tmp_path, {**ROW, "answer": "x" * 5000}, ROW)
    assert len(list(read.documents())) == 1
    assert read.report.skipped["line too long"].examples == ["a.jsonl:1"]


def test_what_cannot_be_stored_is_replaced(tmp_path: Path) -> None:
    (document,) = jsonl(tmp_path, {**ROW, "answer": "a\x00b\ud800"}).documents()
    assert document.text == "ab�"


def test_a_cut_parquet_file_is_damage(tmp_path: Path) -> None:
    read = parquet(tmp_path, ROW)
    path = read.files["train/a.parquet"]
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DamagedFile, match="not a whole Parquet file"):
        list(read.documents())


def test_a_parquet_file_of_something_else_is_damage(tmp_path: Path) -> None:
    with pytest.raises(DamagedFile, match="has no columns qa_id"):
        list(parquet(tmp_path, {"text": "x"}).documents())


def test_parquet_without_its_package_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=r"ragmed\[parquet\]"):
        list(MIRIAD(files={"a": tmp_path / "a.parquet"}).documents())


def test_the_corpus_file_makes_the_builder() -> None:
    recipe = read_corpus_recipe("miriad")
    assert catalog.make("corpora", recipe.builder, "test", files={}).include == "pairs"
