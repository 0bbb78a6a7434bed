"""R2MED's sets, its instructions and the documents generated for its queries."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragmed.analysis.generated import without_reasoning
from ragmed.benchmarks.r2med import INSTRUCTIONS, R2MED
from ragmed.corpora.beir import BEIR
from ragmed.errors import MissingFile, UnknownName
from ragmed.evaluation.known_documents import unknown_documents
from ragmed.protocols import Benchmark
from tests.benchmarks.folders import folder_files
from tests.benchmarks.r2med_folder import MODEL, write_r2med_folder


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    return folder_files(write_r2med_folder(tmp_path))


def test_the_released_layout_is_read(files: dict[str, Path]) -> None:
    benchmark = R2MED(files, set="Biology")
    questions = list(benchmark.questions())
    assert isinstance(benchmark, Benchmark)
    assert [(q.query.query_id, q.query.text, q.group) for q in questions] == [
        ("q1", "Potassium?", "Biology"),
        ("q2", "Fever?", "Biology"),
        ("q3", "Headache?", "Biology"),
    ]
    assert questions[1].relevant == {"d4": 2, "d3": 1}
    assert benchmark.report.notes["query without judgements, left out"].examples == ["q4"]


@pytest.mark.parametrize("method", ["hyde", "query2doc", "lamer"])
def test_generated_documents_come_without_the_reasoning(files: dict[str, Path], method: str) -> None:
    questions = R2MED(files, generated=MODEL, method=method).questions()  # type: ignore[arg-type]
    assert [q.generated for q in questions] == [("Spironolactone.",), ("Amoxicillin.",), ("Hyperthyroidism.",)]


def test_a_query_without_a_generated_document_is_noted(files: dict[str, Path]) -> None:
    path = files[f"folder/hyde/{MODEL}/query_with_hydoc.jsonl"]
    path.write_text(
        '{"id": "q1", "hy_doc": "<think>x</think> "}\n{"id": "q2", "hy_doc": ["One.", "Two."]}\n', encoding="utf-8"
    )
    benchmark = R2MED(files, generated=MODEL)
    assert [q.generated for q in benchmark.questions()] == [(), ("One.", "Two."), ()]
    assert benchmark.report.notes["no generated document on the line"].n == 1
    assert benchmark.report.notes["no generated document; the query alone is searched"].examples == ["q1", "q3"]


def test_a_model_that_wrote_nothing_is_an_error(files: dict[str, Path]) -> None:
    with pytest.raises(UnknownName, match=rf"no models with documents by hyde named 'o3'; have: {MODEL}"):
        list(R2MED(files, generated="o3").questions())


def test_an_encoder_is_told_what_to_look_for(files: dict[str, Path]) -> None:
    question = next(R2MED(files).questions())
    assert R2MED(files, set="PMC-Clinical").search_query(question) == "Potassium?"
    assert R2MED(files, set="PMC-Clinical", instruction="set").search_query(question) == (
        "Instruct: Given a Clinical Case, retrieve similar cases that help diagnose the case\nQuery: Potassium?"
    )
    assert R2MED(files, instruction="bge").search_query(question) == (
        "Represent this sentence for searching relevant passages: Potassium?"
    )


def test_there_are_eight_sets(files: dict[str, Path]) -> None:
    assert len(INSTRUCTIONS) == 8
    with pytest.raises(UnknownName, match="no sets of R2MED named 'Biologie'"):
        list(R2MED(files, set="Biologie").questions())
    with pytest.raises(UnknownName, match="its instruction is asked for"):
        list(R2MED(files, instruction="set").questions())


def test_missing_files_are_named(files: dict[str, Path]) -> None:
    del files["folder/qrels.jsonl"]
    with pytest.raises(MissingFile, match=r"needs a file qrels\.jsonl"):
        list(R2MED(files).questions())


def test_judged_documents_that_are_not_there_are_found_out(files: dict[str, Path]) -> None:
    doc_ids = [document.doc_id for document in BEIR(files).documents()]
    assert unknown_documents(list(R2MED(files).questions()), doc_ids) == {"d9": ["q3"]}


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ("Plain.", "Plain."),
        ("<think>a</think>\n\nb</think>c", "b</think>c"),
        ("thought without a beginning </think> Said. ", "Said."),
        ("<think>never ends", "<think>never ends"),
        ("## Thinking\n\na\n\n## Final Response\n\nb", "b"),
        ("Thinking of it: ## Final Response", "Thinking of it: ## Final Response"),
        ("<|begin_of_thought|>a<|end_of_thought|> <|begin_of_solution|> b <|end_of_solution|>", "b"),
    ],
)
def test_only_what_follows_the_reasoning_is_searched(reply: str, said: str) -> None:
    assert without_reasoning(reply) == said


@pytest.mark.mirror
def test_the_demonstration_set_is_read(mirror: Path) -> None:
    files = folder_files(mirror / "r2med-demo" / "Biology-demo")
    benchmark = R2MED(files, set="Biology", generated="qwen-7b")
    [question] = benchmark.questions()
    assert question.query.query_id == "0"
    assert len(question.relevant) == 2
    assert question.generated[0].startswith("Certainly!")
    assert sum(1 for _ in BEIR(files).documents()) == 2
    assert not benchmark.report.skipped
