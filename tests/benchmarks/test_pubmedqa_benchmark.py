"""PubMedQA's questions, each answered by one abstract."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ragmed.benchmarks.pubmedqa import PubMedQA
from ragmed.errors import DamagedFile
from ragmed.protocols import Benchmark

ENTRIES: dict[str, Any] = {
    "11": {"QUESTION": "Does  it work?", "final_decision": "yes", "LONG_ANSWER": "It does. "},
    "12": {"QUESTION": "Is it safe?", "final_decision": "maybe", "LONG_ANSWER": "Perhaps."},
}


def files(folder: Path, entries: object = ENTRIES, test: object = None) -> dict[str, Path]:
    paths = {name: folder / f"{name}.json" for name in ("ori_pqal", "test_ground_truth")}
    paths["ori_pqal"].write_text(json.dumps(entries), encoding="utf-8")
    paths["test_ground_truth"].write_text(json.dumps({"12": "maybe"} if test is None else test), encoding="utf-8")
    return paths


def test_a_question_is_answered_by_its_abstract(tmp_path: Path) -> None:
    benchmark = PubMedQA(files(tmp_path), split="dev")
    [question] = benchmark.questions()
    assert isinstance(benchmark, Benchmark)
    assert (question.query.query_id, question.query.text, question.query.options) == ("11", "Does it work?", None)
    assert (question.choice, question.relevant, question.reference) == ("yes", {"PMID:11": 1}, "It does.")


@pytest.mark.parametrize(("split", "ids"), [("test", ["12"]), ("dev", ["11"]), ("all", ["11", "12"])])
def test_the_ground_truth_names_the_test_split(tmp_path: Path, split: Any, ids: list[str]) -> None:
    assert [question.query.query_id for question in PubMedQA(files(tmp_path), split=split).questions()] == ids


def test_all_questions_need_no_ground_truth(tmp_path: Path) -> None:
    assert len(list(PubMedQA({"ori_pqal": files(tmp_path)["ori_pqal"]}, split="all").questions())) == 2


def test_what_does_not_match_is_counted(tmp_path: Path) -> None:
    entries = ENTRIES | {"13": {"QUESTION": "Why?", "final_decision": 1}, "14": {"QUESTION": ""}, "15": []}
    test = {"11": "no", "12": "maybe", "13": "", "14": "yes", "15": "yes", "99": "yes"}
    benchmark = PubMedQA(files(tmp_path, entries, test))
    assert [question.choice for question in benchmark.questions()] == ["yes", "maybe", ""]
    assert {reason: tally.examples for reason, tally in benchmark.report.skipped.items()} == {
        "of the test split, but its question is missing": ["PMID:99"],
        "no question": ["PMID:14", "PMID:15"],
    }
    assert {reason: tally.examples for reason, tally in benchmark.report.notes.items()} == {
        "its two files give different answers; ori_pqal's counts": ["PMID:11"],
        "no answer of yes, no or maybe": ["PMID:13"],
    }


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"[" * 100_000])
def test_a_broken_file_is_damage(tmp_path: Path, content: bytes) -> None:
    paths = files(tmp_path)
    paths["ori_pqal"].write_bytes(content)
    with pytest.raises(DamagedFile, match=r"ori_pqal\.json"):
        list(PubMedQA(paths).questions())


@pytest.mark.mirror
@pytest.mark.parametrize(("split", "n"), [("test", 500), ("dev", 500), ("all", 1000)])
def test_half_of_the_1000_questions_are_the_test_split(mirror: Path, split: Any, n: int) -> None:
    paths = {name: mirror / "pubmedqa" / f"{name}.json" for name in ("ori_pqal", "test_ground_truth")}
    benchmark = PubMedQA(paths, split=split)
    questions = list(benchmark.questions())
    assert len(questions) == n
    assert all(question.choice and question.reference for question in questions)
    assert not benchmark.report.skipped
    assert not benchmark.report.notes
