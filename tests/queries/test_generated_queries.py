"""Documents from a file: which question they are for, and that they are searched with as an evaluation does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ragmed.analysis.generated import CONVENTIONS, Convention, with_documents
from ragmed.benchmarks.r2med import R2MED
from ragmed.errors import DamagedFile, MissingFile
from ragmed.evaluation.adhoc import folder_recipe
from ragmed.evaluation.run import evaluate
from ragmed.queries.generated import Generated
from ragmed.recipe import parse_evaluation_recipe
from ragmed.types import Query
from tests.benchmarks.folders import folder_files
from tests.benchmarks.r2med_folder import MODEL, write_r2med_folder
from tests.queries.scripted import finds_nothing

WRITTEN = ("Pyrogens raise it.",)


def write(folder: Path, *rows: dict[str, Any]) -> str:
    path = folder / "written.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def documents(path: str, query: Query) -> tuple[str, ...]:
    [[searched]] = Generated(path).rewrite([query], finds_nothing)
    return searched.documents


@pytest.mark.parametrize(
    "row",
    [
        {"query_id": "q", "documents": ["Pyrogens raise it."]},
        {"query": "Why  fever?\n", "documents": "Pyrogens raise it."},
        {"query_id": "q", "query": "Why fever?", "documents": ["", "<think>Hm</think>Pyrogens raise it."]},
        {"id": "q", "text": "Why fever?", "hy_doc": "<think>Hm</think>Pyrogens raise it.", "doc_id": ["d"]},
        {"id": "other", "text": "Why fever?", "hy_doc": ["Pyrogens raise it."]},
    ],
)
def test_each_form_of_line_is_read(tmp_path: Path, row: dict[str, Any]) -> None:
    assert documents(write(tmp_path, row), Query("q", "Why fever?")) == WRITTEN


def test_a_line_of_other_words_is_not_taken_for_its_id(tmp_path: Path) -> None:
    path = write(tmp_path, {"id": "0", "text": "Why fever?", "hy_doc": "Pyrogens raise it."})
    query = Query("0", "What is gout?")
    assert Generated(path).rewrite([query], finds_nothing) == [(query,)]


def test_id_and_words_come_before_words_and_the_later_line_counts(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        {"query_id": "a", "query": "Why?", "documents": "For a."},
        {"query_id": "b", "query": "Why?", "documents": "For b, first."},
        {"query_id": "b", "query": "Why?", "documents": "For b."},
    )
    assert documents(path, Query("a", "Why?")) == ("For a.",)
    assert documents(path, Query("b", "Why?")) == ("For b.",)
    assert documents(path, Query("c", "Why?")) == ("For b.",)


@pytest.mark.parametrize("row", [{"query_id": "x", "documents": "No."}, {"query_id": "q", "documents": []}])
def test_a_question_without_documents_passes_unchanged(tmp_path: Path, row: dict[str, Any]) -> None:
    query = Query("q", "Why fever?")
    assert Generated(write(tmp_path, row)).rewrite([query], finds_nothing) == [(query,)]


def test_the_question_is_compared_without_the_encoders_instruction(tmp_path: Path) -> None:
    path = write(tmp_path, {"query": "Why fever?", "documents": "Pyrogens raise it."})
    assert documents(path, Query("q", "Find: Why fever?", lexical="Why fever?")) == WRITTEN


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("{broken", "not JSON"),
        ('{"documents": "x"}', "names no question"),
        ('{"query_id": "q"}', "has no documents"),
        ('{"query_id": "q", "documents": 3}', "its documents are not texts"),
        ('{"query_id": "q", "documents": ["x", null]}', "its documents are not texts"),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: str, fault: str) -> None:
    path = tmp_path / "written.jsonl"
    path.write_text('{"query_id": "a", "documents": "fine"}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(DamagedFile, match=rf"written\.jsonl, line 2: {fault}"):
        Generated(str(path)).rewrite([Query("q", "Why?")], finds_nothing)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match=r"none\.jsonl: no such file"):
        Generated(str(tmp_path / "none.jsonl")).rewrite([Query("q", "Why?")], finds_nothing)


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_r2meds_released_files_give_the_queries_that_its_benchmark_does(mirror: Path, convention: Convention) -> None:
    folder = mirror / "r2med-demo" / "Biology-demo"
    if not folder.is_dir():
        pytest.skip("the mirror has no demonstration set of R2MED")
    questions = list(R2MED(folder_files(folder), generated="qwen-7b").questions())
    rewriter = Generated(str(folder / "hyde" / "qwen-7b" / "query_with_hydoc.jsonl"), convention)
    expected = [(with_documents(q.query, q.generated, convention),) for q in questions]
    assert rewriter.rewrite([q.query for q in questions], finds_nothing) == expected
    assert all(q.generated for q in questions)


def test_an_evaluation_finds_the_same_by_either_way(home: Path, tmp_path: Path) -> None:
    folder = write_r2med_folder(tmp_path)
    base = folder_recipe("r2med", folder, "bm25")
    systems: list[dict[str, Any]] = []
    for convention in CONVENTIONS:
        path = str(folder / convention / MODEL / "query_with_hydoc.jsonl")
        rewriter = {"name": "generated", "path": path, "convention": convention}
        systems += [
            {"name": f"{convention}-benchmark", "retriever": "bm25", "convention": convention},
            {"name": f"{convention}-rewriter", "retriever": "bm25", "queries": [rewriter]},
        ]
    table = {**base.table, "benchmark": {"name": "r2med", "generated": MODEL}, "systems": systems}
    results = evaluate(parse_evaluation_recipe(table, base.path))
    runs = {
        system["name"]: [line.split()[:5] for line in (results / system["name"] / "run.trec").read_text().splitlines()]
        for system in systems
    }
    for convention in CONVENTIONS:
        assert runs[f"{convention}-benchmark"] == runs[f"{convention}-rewriter"] != []
