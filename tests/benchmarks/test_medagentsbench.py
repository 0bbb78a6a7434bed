"""MedAgentsBench's hard sets."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ragmed.benchmarks.medagentsbench import MedAgentsBench
from ragmed.errors import DamagedFile
from ragmed.protocols import Benchmark
from ragmed.report import Report

ITEM = {
    "realidx": 7,
    "question": "Which organism? ",
    "options": {"A": "E. coli", "B": "n/a"},
    "answer_idx": "A",
    "answer": "E. coli",
}


def benchmark(folder: Path, *items: Any, name: str = "mmlu-pro") -> MedAgentsBench:
    path = folder / f"{name}.jsonl"
    path.write_text("\n".join(i if isinstance(i, str) else json.dumps(i) for i in items), encoding="utf-8")
    return MedAgentsBench(files={name: path}, report=Report())


def test_a_line_is_a_question_of_its_file_s_set(tmp_path: Path) -> None:
    made = benchmark(tmp_path, ITEM)
    assert isinstance(made, Benchmark)
    assert made.corpus is None
    (question,) = made.questions()
    assert (question.query.query_id, question.group, question.choice) == ("mmlu-pro/7", "mmlu-pro", "A")
    assert question.query.options == {"A": "E. coli", "B": "n/a"}
    assert made.search_query(question) == "Which organism?"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"realidx": None}, "no id"),
        ({"realidx": True}, "no id"),
        ({"question": ""}, "no question"),
        ({"options": []}, "no options"),
        ({"options": None}, "no options"),
        ({"answer_idx": "C"}, "answer is none of the options"),
        ({"answer_idx": None}, "answer is none of the options"),
    ],
)
def test_a_line_that_is_no_question_is_counted(tmp_path: Path, change: dict[str, Any], reason: str) -> None:
    made = benchmark(tmp_path, {**ITEM, **change}, {**ITEM, "realidx": 8})
    assert [question.query.query_id for question in made.questions()] == ["mmlu-pro/8"]
    assert made.report.skipped[reason].examples == ["mmlu-pro: mmlu-pro.jsonl, line 1"]


def test_an_id_given_twice_is_counted_and_the_first_kept(tmp_path: Path) -> None:
    made = benchmark(tmp_path, ITEM, {**ITEM, "answer_idx": "B"})
    assert [question.choice for question in made.questions()] == ["A"]
    assert made.report.skipped["id given twice"].n == 1


def test_what_is_odd_but_kept_is_noted(tmp_path: Path) -> None:
    made = benchmark(tmp_path, {**ITEM, "options": {"A": "E. coli", "B": None}, "answer": "Klebsiella"})
    (question,) = made.questions()
    assert question.query.options == {"A": "E. coli"}
    assert set(made.report.notes) == {"option without text left out", "answer's text is not its option's"}


def test_a_line_that_is_no_json_is_damage_with_its_number(tmp_path: Path) -> None:
    with pytest.raises(DamagedFile, match="line 2"):
        list(benchmark(tmp_path, ITEM, "{cut").questions())


@pytest.mark.mirror
def test_the_seven_hard_sets(mirror: Path) -> None:
    files = {path.parent.name: path for path in (mirror / "medagentsbench").glob("*/test_hard.jsonl")}
    made = MedAgentsBench(files=files, report=Report())
    assert Counter(question.group for question in made.questions()) == {
        "afrimedqa": 32,
        "medbullets": 89,
        "medmcqa": 100,
        "medqa": 100,
        "mmlu": 73,
        "mmlu-pro": 100,
        "pubmedqa": 100,
    }
    assert not made.report.skipped
    assert not made.report.notes
