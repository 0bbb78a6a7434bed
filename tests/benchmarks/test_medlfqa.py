"""MedLFQA: long answers and the statements they should make."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ragmed.benchmarks.medlfqa import MedLFQA
from ragmed.errors import DamagedFile
from ragmed.protocols import Benchmark
from ragmed.report import Report
from ragmed.types import Claim

ITEM = {
    "Question": "what is divalproex\n",
    "Free_form_answer": "An anticonvulsant.",
    "Must_have": ["Divalproex is an  anticonvulsant"],
    "Nice_to_have": ["It is also given against migraine"],
}


def benchmark(folder: Path, *items: Any) -> MedLFQA:
    path = folder / "kqa.jsonl"
    path.write_text("\n".join(i if isinstance(i, str) else json.dumps(i) for i in items), encoding="utf-8")
    return MedLFQA(files={"kqa_golden": path}, report=Report())


def test_a_line_is_a_question_with_claims_and_a_reference(tmp_path: Path) -> None:
    made = benchmark(tmp_path, ITEM)
    assert isinstance(made, Benchmark)
    (question,) = made.questions()
    assert (question.query.query_id, question.group) == ("kqa_golden/1", "kqa_golden")
    assert question.query.text == made.search_query(question) == "what is divalproex"
    assert question.query.options is None
    assert question.reference == "An anticonvulsant."
    assert question.claims == (
        Claim("Divalproex is an anticonvulsant", True),
        Claim("It is also given against migraine", False),
    )


def test_statements_without_words_are_left_out_and_noted(tmp_path: Path) -> None:
    made = benchmark(tmp_path, {**ITEM, "Must_have": ["Yes", " ", "-", None], "Nice_to_have": None})
    (question,) = made.questions()
    assert question.claims == (Claim("Yes", True),)
    assert made.report.notes["statement without words left out"].n == 3


def test_a_question_asked_twice_is_kept_and_noted(tmp_path: Path) -> None:
    made = benchmark(tmp_path, ITEM, ITEM)
    assert [question.query.query_id for question in made.questions()] == ["kqa_golden/1", "kqa_golden/2"]
    assert made.report.notes["question asked more than once"].examples == ["kqa_golden: kqa.jsonl, line 2"]


def test_a_line_without_a_question_is_counted_and_the_others_keep_their_ids(tmp_path: Path) -> None:
    made = benchmark(tmp_path, {**ITEM, "Question": 3}, ITEM)
    assert [question.query.query_id for question in made.questions()] == ["kqa_golden/2"]
    assert made.report.skipped["no question"].n == 1


def test_a_line_that_is_no_object_is_damage_with_its_number(tmp_path: Path) -> None:
    with pytest.raises(DamagedFile, match="line 2"):
        list(benchmark(tmp_path, ITEM, "[]").questions())


@pytest.mark.mirror
def test_k_qa_and_medication_qa(mirror: Path) -> None:
    files = {
        "kqa_golden": mirror / "medlfqa" / "kqa_golden_test_MedLFQA.jsonl",
        "medication_qa": mirror / "medlfqa" / "medication_qa_test_MedLFQA.jsonl",
    }
    made = MedLFQA(files=files, report=Report())
    questions = list(made.questions())
    assert Counter(question.group for question in questions) == {"kqa_golden": 201, "medication_qa": 666}
    assert all(question.reference and any(claim.must for claim in question.claims) for question in questions)
    assert made.report.notes["question asked more than once"].n == 39
    assert made.report.notes["statement without words left out"].n == 3
