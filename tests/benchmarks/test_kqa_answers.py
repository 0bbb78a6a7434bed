"""K-QA's questions asked of MedLFQA's answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ragmed.benchmarks.kqa_answers import KQAAnswers
from ragmed.corpora.medlfqa import MedLFQA
from ragmed.protocols import Benchmark
from ragmed.report import Report
from ragmed.types import Document

ROWS = [("What is  aspirin?", "A drug."), ("Is it safe?", " "), ("what is aspirin?", "A painkiller.")]


def files(folder: Path) -> dict[str, Path]:
    paths = {"kqa_golden": folder / "k.jsonl", "medication_qa": folder / "m.jsonl"}
    for path, rows in zip(paths.values(), (ROWS, [("WHAT IS ASPIRIN?", "An acid."), ("Why?", "So.")]), strict=True):
        lines: list[Any] = [{"Question": question, "Free_form_answer": answer} for question, answer in rows]
        path.write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")
    return paths


def test_every_answer_to_the_same_words_is_relevant(tmp_path: Path) -> None:
    benchmark = KQAAnswers(files(tmp_path))
    assert isinstance(benchmark, Benchmark)
    [question] = benchmark.questions()
    assert (question.query.query_id, benchmark.search_query(question)) == ("kqa_golden/1", "What is aspirin?")
    assert question.relevant == {"medlfqa:kqa_golden/1": 1, "medlfqa:kqa_golden/3": 1, "medlfqa:medication_qa/1": 1}
    assert {reason: tally.n for reason, tally in benchmark.report.skipped.items()} == {
        "no question or no answer": 1,
        "question asked more than once": 1,
    }


def test_other_sets_may_be_asked(tmp_path: Path) -> None:
    questions = KQAAnswers(files(tmp_path), sets=("medication_qa",)).questions()
    assert [question.query.query_id for question in questions] == ["medication_qa/1", "medication_qa/2"]


def test_documents_are_the_answers_without_the_questions(tmp_path: Path) -> None:
    report = Report()
    documents = list(MedLFQA(files(tmp_path), licence="research use", report=report).documents())
    assert documents[0] == Document(
        "medlfqa:kqa_golden/1", "", "A drug.", "medlfqa", "https://github.com/dmis-lab/OLAPH", "research use"
    )
    assert not any("aspirin" in f"{document.title} {document.text} {document.question}" for document in documents)
    assert report.skipped["no answer"].examples == ["k.jsonl, line 2"]
    relevant = {doc_id for question in KQAAnswers(files(tmp_path)).questions() for doc_id in question.relevant}
    assert relevant <= {document.doc_id for document in documents}


@pytest.mark.mirror
def test_k_qa_asks_201_questions_of_867_answers(mirror: Path) -> None:
    paths = {name: mirror / "medlfqa" / f"{name}_test_MedLFQA.jsonl" for name in ("kqa_golden", "medication_qa")}
    assert len(list(KQAAnswers(paths).questions())) == 201
    assert len(list(MedLFQA(paths).documents())) == 867
