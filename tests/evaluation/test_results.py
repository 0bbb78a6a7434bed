"""A results folder is read whole, or refused with file and line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ragmed.errors import DamagedFile, MissingFile
from ragmed.evaluation.results import QuestionRow, read_results
from ragmed.types import Answer
from tests.results_for_tests import row, write_results

ROWS = [
    row("q1", group="a", Accuracy="1.0", outcome="answered", choice="B", gold="B", confidence="0.75"),
    row("q2", group="b", Accuracy="0.0", outcome="abstained", gold="C", confidence="0.25"),
    row("q3", group="b"),
]


def answer(query_id: str = "q1", text: str = "Yes.") -> Answer:
    return Answer(query_id, "Is it so?", text, (), (), "answered", "B", 0.75)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_results(tmp_path / "quiz", {"hybrid": ROWS}, answers=[answer()], texts={"q1": "Is it so?"})


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def change_summary(folder: Path, **values: Any) -> None:
    path = folder / "summary.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | values), encoding="utf-8")


def test_everything_in_the_folder_is_read(folder: Path) -> None:
    results = read_results(folder)
    assert (results.name, results.benchmark, results.n_questions, results.seed) == ("quiz", "quiz", 3, 7)
    system = results.systems["hybrid"]
    assert system.rows[0] == QuestionRow("q1", "a", {"Accuracy": 1.0}, "answered", "B", "B", 0.75)
    assert (system.measures["Accuracy"].mean, system.measures["Accuracy"].n) == (0.5, 2)
    assert system.measures["Accuracy"].by_group["b"].n == 1
    assert [found.query_id for found in system.answers()] == ["q1"]
    assert list(results.questions()) == [("q1", "Is it so?", {})]


def test_an_empty_cell_is_a_question_to_which_the_measure_does_not_apply(folder: Path) -> None:
    assert read_results(folder).systems["hybrid"].figures("Accuracy") == {"q1": 1.0, "q2": 0.0}


def test_a_benchmark_may_be_named_by_text_or_by_its_recipe_table(folder: Path) -> None:
    change_summary(folder, benchmark="mirage")
    assert read_results(folder).benchmark == "mirage"
    change_summary(folder, benchmark={"name": "beir", "split": "test"})
    assert read_results(folder).benchmark == "beir"


def test_costs_may_lie_beside_the_rows(folder: Path) -> None:
    (folder / "hybrid" / "cost.json").write_text('{"latency_s": {"p50": 0.5}}')
    assert read_results(folder).systems["hybrid"].cost == {"latency_s": {"p50": 0.5}}


@pytest.mark.parametrize(
    ("outcome", "choice", "gold", "verdict"),
    [
        ("answered", "A", "A", "right"),
        ("answered", "A", "B", "wrong"),
        ("answered", "", "B", "wrong"),
        ("answered", "A", "", ""),
        ("abstained", "A", "A", "abstained"),
        ("unparsed", "", "A", "unparsed"),
        ("failed", "", "A", "failed"),
        ("", "", "A", ""),
    ],
)
def test_only_an_answer_that_was_given_is_right_or_wrong(outcome: str, choice: str, gold: str, verdict: str) -> None:
    assert QuestionRow("q", "", {}, outcome, choice, gold).verdict == verdict


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("q2\t", "q1\t", r"per_question\.tsv:3: question 'q1' a second time"),
        ("\t1.0\t", "\tnan\t", r"per_question\.tsv:2: Accuracy is 'nan', not a number"),
        ("\t1.0\t", "\tinf\t", r"per_question\.tsv:2: Accuracy is 'inf'"),
        ("\t1.0\t", "\tone\t", r"per_question\.tsv:2: Accuracy is 'one'"),
        ("\t0.25", "\t1.25", r"per_question\.tsv:3: confidence is 1\.25, not between 0 and 1"),
        ("abstained", "shrugged", r"per_question\.tsv:3: outcome 'shrugged'; have: answered, abstained"),
        ("q2\tb\t", "q2\t", r"per_question\.tsv:3: 6 columns where the first line has 7"),
        ("query_id\t", "id\t", r"per_question\.tsv:1: should name the columns"),
        ("\toutcome\t", "\tchoice\t", r"per_question\.tsv:1: should name the columns"),
        ("\tAccuracy", "\tRecall", r"per_question\.tsv:1: no column for 'Accuracy'"),
        ("q3\tb\t\t\t\t\t\n", "", r"per_question\.tsv: has 2 questions, summary\.json says 3"),
        ("q3\tb\t\t\t\t\t\n", "q3\tb\t\t\t\t\t", r"per_question\.tsv:4: the last line is cut"),
    ],
)
def test_a_wrong_line_of_the_table_is_named(folder: Path, old: str, new: str, said: str) -> None:
    change(folder / "hybrid" / "per_question.tsv", old, new)
    with pytest.raises(DamagedFile, match=said):
        read_results(folder)


@pytest.mark.parametrize("content", [b"", b"\n", b"query_id"])
def test_an_empty_table_is_damage(folder: Path, content: bytes) -> None:
    (folder / "hybrid" / "per_question.tsv").write_bytes(content)
    with pytest.raises(DamagedFile, match=r"per_question\.tsv:1"):
        read_results(folder)


def test_ids_keep_their_quotation_marks_and_odd_blanks(tmp_path: Path) -> None:
    ids = ['"quoted', "a\u2028b", "c\rd", "e\x85"]
    rows = [row(query_id, AP="0.5") for query_id in ids]
    path = write_results(tmp_path / "odd", {"s": rows})
    (path / "s" / "per_question.tsv").write_bytes(
        ("query_id\tgroup\tAP\n" + "".join(f"{query_id}\t\t0.5\n" for query_id in ids)).encode()
    )
    assert [found.query_id for found in read_results(path).systems["s"].rows] == ids


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"n_questions": "3"}, "'n_questions' should be a whole number"),
        ({"n_questions": True}, "'n_questions' should be a whole number"),
        ({"n_questions": -1}, "'n_questions' is -1"),
        ({"name": 3}, "'name' should be text"),
        ({"systems": {}}, "'systems' is empty"),
        ({"systems": []}, "systems: should be a JSON object"),
        ({"systems": {"hybrid": {"measures": {"AP": {"mean": 1, "low": 1, "n": 1}}}}}, "no column for 'AP'|'high'"),
        ({"systems": {"../quiz": {"measures": {}}}}, "cannot be the name of a system's folder"),
        ({"expected": {}}, None),
        ({"expected": "x"}, "'expected' should be a list"),
        ({"published": [3]}, "published: should be a JSON object"),
        ({"report": []}, None),
        ({"report": [1]}, "report: should be a JSON object"),
    ],
)
def test_a_wrong_value_of_the_summary_is_named(folder: Path, values: dict[str, Any], said: str | None) -> None:
    change_summary(folder, **values)
    if said is None:
        assert read_results(folder).systems
        return
    with pytest.raises(DamagedFile, match=said):
        read_results(folder)


def test_a_mean_that_is_no_number_is_refused(folder: Path) -> None:
    change(folder / "summary.json", '"mean": 0.5', '"mean": NaN')
    with pytest.raises(DamagedFile, match="'mean' is nan"):
        read_results(folder)


def test_a_summary_that_is_no_json_names_its_line(folder: Path) -> None:
    (folder / "summary.json").write_text('{\n"name": }')
    with pytest.raises(DamagedFile, match=r"summary\.json:2: not JSON"):
        read_results(folder)


def test_what_is_not_there_says_how_to_make_it(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match="ragmed eval"):
        read_results(tmp_path / "nowhere")
    (folder / "hybrid" / "per_question.tsv").unlink()
    with pytest.raises(MissingFile, match=r"per_question\.tsv: not there"):
        read_results(folder)


@pytest.mark.parametrize("line", ["{", "{}", "[" * 100_000])
def test_a_broken_answer_names_its_line_after_those_before_it(folder: Path, line: str) -> None:
    with (folder / "hybrid" / "answers.jsonl").open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    answers = read_results(folder).systems["hybrid"].answers()
    assert next(answers).query_id == "q1"
    with pytest.raises(DamagedFile, match=r"answers\.jsonl:2: "):
        next(answers)


def test_a_broken_text_of_a_question_names_its_line(folder: Path) -> None:
    (folder / "questions.jsonl").write_text('\n{"query_id": "q1"}\n')
    with pytest.raises(DamagedFile, match=r"questions\.jsonl:2: needs query_id and text"):
        list(read_results(folder).questions())
