"""BioASQ's questions with their documents, snippets and answers."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ragmed.benchmarks.bioasq import BioASQ
from ragmed.errors import DamagedFile
from ragmed.protocols import Benchmark
from ragmed.types import Question, Snippet

ENTRY = {
    "id": "55",
    "type": "yesno",
    "body": "Is  fever common?",
    "documents": ["http://www.ncbi.nlm.nih.gov/pubmed/007", "https://pubmed.ncbi.nlm.nih.gov/9/"],
    "snippets": [{"document": "http://www.ncbi.nlm.nih.gov/pubmed/9", "text": "Fever is common."}],
    "exact_answer": "Yes",
    "ideal_answer": ["It is.", "Quite."],
}


def archive(folder: Path, *entries: Any, name: str = "a/7B1_golden.json") -> dict[str, Path]:
    path = folder / "Task7B.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(name, json.dumps({"questions": list(entries)}))
    return {"task7b": path}


def read(folder: Path, **changes: Any) -> tuple[BioASQ, list[Question]]:
    benchmark = BioASQ(archive(folder, ENTRY | changes))
    return benchmark, list(benchmark.questions())


def test_a_question_has_documents_snippets_and_answers(tmp_path: Path) -> None:
    benchmark, [question] = read(tmp_path)
    assert isinstance(benchmark, Benchmark)
    assert question.query.text == benchmark.search_query(question) == "Is fever common?"
    assert question.relevant == {"PMID:7": 1, "PMID:9": 1}
    assert question.snippets == (Snippet("PMID:9", "Fever is common."),)
    assert (question.choice, question.reference, question.group) == ("yes", "It is.", "yesno")
    assert question.meta == {"type": "yesno", "batch": "7B1", "exact_answer": "Yes"}
    assert not benchmark.report.notes


@pytest.mark.parametrize("exact", [["YES "], "yes"])
def test_yes_is_yes_however_it_is_written(tmp_path: Path, exact: Any) -> None:
    assert read(tmp_path, exact_answer=exact)[1][0].choice == "yes"


@pytest.mark.parametrize(
    ("exact", "names"),
    [([["PD-L1", "CD274"]], "PD-L1"), ([["a", "b"], ["c"]], "a; c"), (["a", "a"], "a"), ("a", "a"), (None, None)],
)
def test_exact_answers_are_kept_by_their_first_names(tmp_path: Path, exact: Any, names: str | None) -> None:
    _, [question] = read(tmp_path, type="factoid", exact_answer=exact)
    assert question.choice == ""
    assert question.meta.get("exact_answer") == names


def test_types_may_be_chosen(tmp_path: Path) -> None:
    files = archive(tmp_path, ENTRY, ENTRY | {"id": "56", "type": "summary"})
    benchmark = BioASQ(files, types=("summary",))
    assert [question.query.query_id for question in benchmark.questions()] == ["56"]
    assert benchmark.report.skipped["of another type"].n == 1


def test_a_snippet_of_another_document_is_noted(tmp_path: Path) -> None:
    benchmark, [question] = read(tmp_path, documents=["http://www.ncbi.nlm.nih.gov/pubmed/7"])
    assert question.relevant == {"PMID:7": 1}
    assert len(question.snippets) == 1
    assert benchmark.report.notes["snippet of a document that is not among the relevant ones"].n == 1


def test_what_is_missing_or_odd_is_counted(tmp_path: Path) -> None:
    odd = {"documents": ["https://example.org/7", 3], "snippets": ["x", {"text": ""}], "exact_answer": "perhaps"}
    files = archive(tmp_path, ENTRY | odd, 7, {"id": "1"}, ENTRY | {"body": "Given again?"})
    benchmark = BioASQ(files)
    [question] = benchmark.questions()
    assert (question.relevant, question.snippets, question.choice) == ({}, (), "")
    assert {reason: tally.n for reason, tally in benchmark.report.notes.items()} == {
        "address not of PubMed": 2,
        "question without a relevant document": 1,
        "snippet without text": 2,
        "yes/no question without its answer": 1,
    }
    assert {reason: tally.n for reason, tally in benchmark.report.skipped.items()} == {
        "not a question": 1,
        "question without id or text": 1,
        "question given twice; the first counts": 1,
    }


def test_a_json_file_that_is_not_packed_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "7B1_golden.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps({"questions": [ENTRY]}).encode())
    assert len(list(BioASQ({"batch": path}).questions())) == 1


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"questions": {}}', b"\xff", b"[" * 100_000])
def test_what_is_no_golden_file_is_damage(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "golden.json"
    path.write_bytes(content)
    with pytest.raises(DamagedFile, match=r"golden\.json"):
        list(BioASQ({"batch": path}).questions())


def test_a_broken_archive_is_damage(tmp_path: Path) -> None:
    files = archive(tmp_path, *[ENTRY] * 100)
    whole = bytearray(files["task7b"].read_bytes())
    whole[200] ^= 0xFF
    files["task7b"].write_bytes(whole)
    with pytest.raises(DamagedFile, match="not a whole zip archive"):
        list(BioASQ(files).questions())


@pytest.mark.mirror
def test_tasks_7_to_9_ask_1497_questions(mirror: Path) -> None:
    benchmark = BioASQ({f"task{n}b": mirror / f"bioasq/Task{n}BGoldenEnriched.zip" for n in (7, 8, 9)})
    questions = list(benchmark.questions())
    assert len(questions) == 1497
    assert Counter(question.group for question in questions) == {
        "factoid": 476,
        "yesno": 409,
        "summary": 352,
        "list": 260,
    }
    assert Counter(question.choice for question in questions if question.choice) == {"yes": 265, "no": 144}
    assert all(question.relevant and question.snippets and question.reference for question in questions)
    assert not benchmark.report.skipped
    assert {reason: tally.n for reason, tally in benchmark.report.notes.items()} == {
        "snippet of a document that is not among the relevant ones": 173
    }
