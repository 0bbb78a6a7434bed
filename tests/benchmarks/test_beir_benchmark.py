"""Questions and judgements of a folder in BEIR's layout."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from ragmed import catalog
from ragmed.benchmarks.beir import BEIR
from ragmed.errors import DamagedFile, MissingFile, UnknownName
from ragmed.protocols import Benchmark
from ragmed.types import Question
from tests.benchmarks.folders import write_folder

QUERIES = '{"_id": "q1", "text": "Why fever?"}\n{"_id": "q2", "text": "Why rash?"}\n{"_id": "q3", "text": "Why?"}\n'
QRELS = "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\nq2\td 3\t1\n"


def of_qrels(folder: Path, content: str | bytes) -> BEIR:
    return BEIR(write_folder(folder, queries_jsonl=QUERIES, qrels_tsv=content))


def relevant(questions: list[Question]) -> dict[str, dict[str, int]]:
    return {question.query.query_id: dict(question.relevant) for question in questions}


def test_the_judged_queries_are_the_questions(tmp_path: Path) -> None:
    benchmark = BEIR(write_folder(tmp_path, queries_jsonl=QUERIES, qrels__test_tsv=QRELS))
    questions = list(benchmark.questions())
    assert isinstance(benchmark, Benchmark)
    assert [question.query.text for question in questions] == ["Why fever?", "Why rash?"]
    assert relevant(questions) == {"q1": {"d1": 2, "d2": 0}, "q2": {"d 3": 1}}
    assert benchmark.report.notes["query without judgements, left out"].examples == ["q3"]


def test_another_split_has_other_questions(tmp_path: Path) -> None:
    files = write_folder(tmp_path, queries_jsonl=QUERIES, qrels__test_tsv=QRELS, qrels__dev_tsv="q3\td1\t1\n")
    assert relevant(list(BEIR(files, split="dev").questions())) == {"q3": {"d1": 1}}
    with pytest.raises(UnknownName, match="no splits named 'train'; have: dev, test"):
        list(BEIR(files, split="train").questions())


@pytest.mark.parametrize(
    "content",
    [
        "q1\td1\t2\nq1\td2\t0\nq2\td 3\t1\n",
        "q1\t0\td1\t2\r\nq1\t0\td2\t0\r\n\r\nq2\t0\td 3\t1\r\n",
        "\ufeffquery-id\tcorpus-id\tscore\nq1\td1\t2.0\nq1\td2\t0\nq2\td 3\t1\n",
        gzip.compress(QRELS.encode()),
        '{"query-id": "q1", "corpus-id": "d1", "score": 2}\n{"q_id": "q1", "p_id": "d2", "score": 0}\n'
        '{"query-id": "q2", "corpus-id": "d 3", "score": 1.0}\n',
    ],
    ids=["no header", "TREC", "byte order mark", "gzip", "JSON"],
)
def test_judgements_are_read_in_each_layout(tmp_path: Path, content: str | bytes) -> None:
    assert relevant(list(of_qrels(tmp_path, content).questions())) == {"q1": {"d1": 2, "d2": 0}, "q2": {"d 3": 1}}


def test_trec_columns_may_be_apart_by_spaces(tmp_path: Path) -> None:
    assert relevant(list(of_qrels(tmp_path, "q1 0 d1 1\nq2 Q0   d2 3\n").questions())) == {
        "q1": {"d1": 1},
        "q2": {"d2": 3},
    }


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("q1\td1", "2 columns"),
        ("q1\td1\tnan", "'nan' is not a grade"),
        ("q1\td1\tinf", "'inf' is not a grade"),
        ("q1\td1\t0.5", "'0.5' is not a grade"),
        ("q1\td1\thigh", "'high' is not a grade"),
        ("\td1\t1", "without the id"),
        ('{"q_id": "q1", "p_id": "d1"}', "None is not a grade"),
        ('{"q_id": "q1", "p_id": "d1", "score": true}', "True is not a grade"),
        ('{"q_id": "q1"', "not JSON"),
    ],
)
def test_a_malformed_judgement_names_file_and_line(tmp_path: Path, line: str, what: str) -> None:
    with pytest.raises(DamagedFile, match=rf"qrels\.tsv, line 3: .*{what}"):
        list(of_qrels(tmp_path, f"q1\td0\t1\n\n{line}\n").questions())


def test_a_malformed_query_names_file_and_line(tmp_path: Path) -> None:
    files = write_folder(tmp_path, queries_jsonl=QUERIES + '{"_id": "q4", "te', qrels_tsv=QRELS)
    with pytest.raises(DamagedFile, match=r"queries\.jsonl, line 4: not JSON"):
        list(BEIR(files).questions())


def test_a_grade_below_zero_counts_as_zero(tmp_path: Path) -> None:
    benchmark = of_qrels(tmp_path, "q1\td1\t-2\nq1\td2\t1\n")
    assert relevant(list(benchmark.questions())) == {"q1": {"d1": 0, "d2": 1}}
    assert benchmark.report.notes["judgement below 0, counted as 0"].n == 1


def test_a_document_judged_twice_is_counted(tmp_path: Path) -> None:
    benchmark = of_qrels(tmp_path, "q1\td1\t1\nq1\td1\t1\nq1\td1\t2\n")
    assert relevant(list(benchmark.questions())) == {"q1": {"d1": 2}}
    notes = benchmark.report.notes
    assert notes["judged twice alike"].n == notes["judged twice; the later grade counts"].n == 1


def test_judgements_of_a_missing_query_are_counted(tmp_path: Path) -> None:
    benchmark = of_qrels(tmp_path, "q1\td1\t1\nq9\td1\t1\n")
    assert list(relevant(list(benchmark.questions()))) == ["q1"]
    assert benchmark.report.skipped["judged, but its query is missing"].examples == ["q9"]


def test_a_query_given_twice_or_without_text_is_counted(tmp_path: Path) -> None:
    queries = '{"_id": "q1", "text": "a"}\n{"_id": "q1", "text": "b"}\n{"_id": "q2", "text": " "}\n{"text": "c"}\n'
    benchmark = BEIR(write_folder(tmp_path, queries_jsonl=queries, qrels_tsv="q1\td1\t1\n"))
    assert [question.query.text for question in benchmark.questions()] == ["b"]
    assert benchmark.report.notes["query given twice; the later text counts"].n == 1
    assert benchmark.report.skipped["query without id or text"].n == 2


def test_a_query_without_a_relevant_document_stays_and_is_noted(tmp_path: Path) -> None:
    benchmark = of_qrels(tmp_path, "q1\td1\t0\n")
    assert relevant(list(benchmark.questions())) == {"q1": {"d1": 0}}
    assert benchmark.report.notes["query without a relevant document"].n == 1


def test_an_instruction_stands_before_the_query(tmp_path: Path) -> None:
    benchmark = BEIR(write_folder(tmp_path, queries_jsonl=QUERIES, qrels_tsv=QRELS), instruction="query: ")
    assert benchmark.search_query(next(benchmark.questions())) == "query: Why fever?"


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match=r"needs a file queries\.jsonl .*have: folder/qrels\.tsv"):
        list(BEIR(write_folder(tmp_path, qrels_tsv=QRELS)).questions())
    (tmp_path / "none").mkdir()
    with pytest.raises(MissingFile, match=r"qrels\.tsv"):
        list(BEIR(write_folder(tmp_path / "none", queries_jsonl=QUERIES)).questions())


def test_no_judgement_at_all_is_damage(tmp_path: Path) -> None:
    with pytest.raises(DamagedFile, match="holds no judgement"):
        list(of_qrels(tmp_path, "query-id\tcorpus-id\tscore\n").questions())


def test_files_may_be_named_one_by_one(tmp_path: Path) -> None:
    paths = write_folder(tmp_path, queries_jsonl=QUERIES, qrels_tsv=QRELS)
    files = {"queries": paths["folder/queries.jsonl"], "qrels": paths["folder/qrels.tsv"]}
    assert len(list(BEIR(files).questions())) == 2


def test_its_documents_are_read_by_a_builder_that_there_is() -> None:
    corpus = BEIR({}, source="nfcorpus").corpus
    assert corpus is not None
    assert catalog.make("corpora", corpus, "test", files={}).source == "nfcorpus"
