"""MIRAGE's questions, read from its benchmark.json."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ragmed.benchmarks.mirage import MIRAGE
from ragmed.errors import DamagedFile
from ragmed.protocols import Benchmark
from ragmed.report import Report

ANATOMY = {"question": "Which nerve?", "options": {"A": "VII", "B": "V"}, "answer": "A"}
YES_NO = {"question": "Is it safe?", "options": {"A": "yes", "B": "no"}, "answer": "B", "PMID": [34687634, 12]}
TABLE = {
    "medmcqa": {"45258d3d": ANATOMY},
    "bioasq": {"6402": YES_NO},
    "mmlu": {"b-1": ANATOMY, "a-2": ANATOMY},
    "medqa": {},
    "pubmedqa": {},
}


def benchmark(folder: Path, content: Any, **options: Any) -> MIRAGE:
    path = folder / "benchmark.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return MIRAGE(files={"benchmark": path}, report=Report(), **options)


def test_questions_come_set_by_set_and_by_id(tmp_path: Path) -> None:
    made = benchmark(tmp_path, TABLE)
    assert isinstance(made, Benchmark)
    assert made.corpus is None
    assert [q.query.query_id for q in made.questions()] == ["mmlu/a-2", "mmlu/b-1", "medmcqa/45258d3d", "bioasq/6402"]


def test_a_question_has_its_options_its_choice_and_its_split(tmp_path: Path) -> None:
    *_, medmcqa, bioasq = benchmark(tmp_path, TABLE).questions()
    assert (medmcqa.query.text, medmcqa.query.options) == ("Which nerve?", {"A": "VII", "B": "V"})
    assert (medmcqa.choice, medmcqa.group, medmcqa.meta) == ("A", "medmcqa", {"split": "dev"})
    assert (bioasq.choice, bioasq.meta) == ("B", {"split": "test", "pmids": "34687634; 12"})


def test_retrieval_sees_the_question_and_never_its_options(tmp_path: Path) -> None:
    made = benchmark(tmp_path, TABLE)
    for question in made.questions():
        assert made.search_query(question) == question.query.text
        assert not any(option in made.search_query(question) for option in ("VII", "yes"))


def test_sets_can_be_chosen(tmp_path: Path) -> None:
    chosen = benchmark(tmp_path, TABLE, sets=("bioasq",))
    assert [question.group for question in chosen.questions()] == ["bioasq"]


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ("text", "not an object"),
        ({**ANATOMY, "question": " "}, "no question"),
        ({**ANATOMY, "options": None}, "no options"),
        ({**ANATOMY, "options": {"A": 1}}, "no options"),
        ({**ANATOMY, "answer": "E"}, "answer is none of the options"),
        ({**ANATOMY, "answer": ["A"]}, "answer is none of the options"),
    ],
)
def test_an_item_that_is_no_question_is_counted(tmp_path: Path, item: Any, reason: str) -> None:
    made = benchmark(tmp_path, {"mmlu": {"x": item, "y": ANATOMY}}, sets=("mmlu",))
    assert [question.query.query_id for question in made.questions()] == ["mmlu/y"]
    assert made.report.skipped[reason].examples == ["mmlu/x"]


def test_an_id_given_twice_is_noted(tmp_path: Path) -> None:
    item = json.dumps(ANATOMY)
    made = benchmark(tmp_path, f'{{"mmlu": {{"x": {item}, "x": {item}}}}}', sets=("mmlu",))
    assert len(list(made.questions())) == 1
    assert made.report.notes["key given twice; the last counts"].examples == ["x"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"mmlu": {\n"x": }', "line 2: not JSON"),
        ("version https://git-lfs.github.com/spec/v1", "line 1: not JSON"),
        ("[]", "sets of questions"),
        ("[" * 100_000, r"not MIRAGE's benchmark\.json"),
        ({"mmlu": {}}, "holds no set 'medqa'; has: mmlu"),
        ({"mmlu": []}, "holds no set 'mmlu'"),
    ],
)
def test_what_is_no_benchmark_is_damage(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(DamagedFile, match=message):
        list(benchmark(tmp_path, content).questions())


@pytest.mark.mirror
def test_there_are_7663_questions_and_a_is_often_right(mirror: Path) -> None:
    made = MIRAGE(files={"benchmark": mirror / "mirage" / "benchmark.json"}, report=Report())
    questions = list(made.questions())
    counts = Counter(question.group for question in questions)
    assert len({question.query.query_id for question in questions}) == 7663
    assert counts == {"mmlu": 1089, "medqa": 1273, "medmcqa": 4183, "pubmedqa": 500, "bioasq": 618}
    a = Counter(question.group for question in questions if question.choice == "A")
    assert (round(a["bioasq"] / 618, 3), round(a["pubmedqa"] / 500, 3)) == (0.639, 0.552)
    assert not made.report.skipped
