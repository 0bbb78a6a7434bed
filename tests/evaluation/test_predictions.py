"""Scores of replies made elsewhere, in MIRAGE's layout and as JSON lines."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ragmed.benchmarks.mirage import MIRAGE
from ragmed.errors import MissingFile
from ragmed.evaluation.predictions import (
    PredictionScores,
    SetScores,
    SystemScores,
    read_predictions,
    results_of,
    score_predictions,
)
from ragmed.measures.accuracy import Accuracy
from ragmed.report import Report
from ragmed.types import Query, Question

YES_NO = {"A": "yes", "B": "no"}
COT = "cot/OpenAI/gpt-4-32k"


def question(query_id: str, choice: str = "B", split: str = "test") -> Question:
    return Question(Query(query_id, "?", YES_NO), query_id.split("/")[0], choice, meta={"split": split})


QUESTIONS = [
    question("bioasq/1", "A"),
    question("bioasq/2", "B"),
    question("medmcqa/x", "B", "dev"),
    question("medmcqa/y", "A", "dev"),
]


def reply(choice: str) -> list[str]:
    return ['{"step_by_step_thinking": "…", "answer_choice": "' + choice + '"}']


def stored(folder: Path, files: Mapping[str, Any]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return folder


def scored(path: Path, questions: list[Question] = QUESTIONS) -> PredictionScores:
    return score_predictions(questions, path, Report())


def only(scores: PredictionScores) -> SystemScores:
    [system] = scores.systems.values()
    return system


def of_bioasq(folder: Path, first: Any, second: Any) -> SetScores:
    files = {"1": first, "2": second}
    return only(
        scored(stored(folder, {f"bioasq/{COT}/test_{n}.json": c for n, c in files.items() if c is not None}))
    ).sets["bioasq"]


WHOLE = {
    f"bioasq/{COT}/test_1.json": reply("A. yes"),
    f"bioasq/{COT}/test_2.json": reply("A"),
    f"medmcqa/{COT}/dev_x.json": reply("B"),
    f"medmcqa/{COT}/dev_y.json": reply("Information not available"),
}


def test_each_set_has_its_accuracies_and_the_macro_mean_is_over_sets(tmp_path: Path) -> None:
    scores = scored(stored(tmp_path, WHOLE))
    assert list(scores.systems) == [COT]
    sets = only(scores).sets
    assert [(name, s.n_questions, s.accuracy, s.legacy_accuracy) for name, s in sets.items()] == [
        ("bioasq", 2, 0.5, 0.5),
        ("medmcqa", 2, 0.5, 1.0),
    ]
    assert (only(scores).macro_accuracy, only(scores).macro_legacy_accuracy) == (0.5, 0.75)
    medmcqa = sets["medmcqa"]
    assert (medmcqa.n_answered, medmcqa.n_abstained, medmcqa.n_unparsed) == (1, 1, 0)
    assert (medmcqa.n_legacy_by_default, medmcqa.n_legacy_by_default_right) == (1, 1)
    assert medmcqa.table()["std"] == math.sqrt(0.25 / 2)
    assert medmcqa.table()["legacy_std"] == 0.0


def test_the_table_is_json_with_the_scores_of_the_one_system_on_top(tmp_path: Path) -> None:
    table = json.loads(json.dumps(scored(stored(tmp_path, WHOLE)).table()))
    assert (table["system"], table["macro_accuracy"], table["macro_legacy_accuracy"]) == (COT, 0.5, 0.75)
    assert (table["n_questions"], table["n_script_stops"], table["not_begun"]) == (4, 0, [])
    assert table["sets"]["bioasq"]["accuracy"] == 0.5
    assert table["report"]["n_kept"] == 4


@pytest.mark.parametrize("inside", ["", "bioasq", "bioasq/cot", f"bioasq/{COT}"])
def test_any_folder_of_the_layout_may_be_given(tmp_path: Path, inside: str) -> None:
    stored(tmp_path, {name: content for name, content in WHOLE.items() if name.startswith("bioasq")})
    scores = scored(tmp_path / inside)
    assert list(scores.systems) == [COT]
    assert only(scores).sets["bioasq"].n_answered == 2


def test_files_lying_together_are_told_by_their_ids(tmp_path: Path) -> None:
    flat = stored(tmp_path, {Path(name).name: content for name, content in WHOLE.items()})
    assert only(scored(flat)).sets == only(scored(stored(tmp_path / "deep", WHOLE))).sets


def test_several_systems_are_scored_apart(tmp_path: Path) -> None:
    rag = {name.replace("cot", "rag_32") + "": reply("B") for name in WHOLE}
    scores = scored(stored(tmp_path, {**WHOLE, **rag}))
    assert list(scores.systems) == [COT, "rag_32/OpenAI/gpt-4-32k"]
    assert scores.systems["rag_32/OpenAI/gpt-4-32k"].macro_accuracy == 0.5
    assert set(scores.table()["systems"]) == set(scores.systems)


def test_missing_predictions_are_wrong_and_the_script_would_stop(tmp_path: Path) -> None:
    bioasq = of_bioasq(tmp_path, reply("A"), None)
    assert (bioasq.n_missing, bioasq.accuracy, bioasq.legacy_accuracy) == (1, 0.5, 0.5)
    assert bioasq.n_script_stops == 1


def test_a_set_without_predictions_counts_strictly_and_not_in_the_script_s_average(tmp_path: Path) -> None:
    files = {name: content for name, content in WHOLE.items() if name.startswith("medmcqa")}
    scores = only(scored(stored(tmp_path, files)))
    assert (scores.macro_accuracy, scores.macro_legacy_accuracy) == (0.25, 1.0)
    assert scores.table()["not_begun"] == ["bioasq"]
    assert scores.table()["n_script_stops"] == 0


def test_an_empty_list_is_wrong_and_an_empty_reply_is_a_to_the_script(tmp_path: Path) -> None:
    bioasq = of_bioasq(tmp_path, [], [""])
    assert (bioasq.n_empty, bioasq.n_unparsed, bioasq.legacy_accuracy) == (2, 0, 0.0)
    bioasq = of_bioasq(tmp_path, [""], [])
    assert (bioasq.n_empty, bioasq.accuracy, bioasq.legacy_accuracy) == (2, 0.0, 0.5)
    assert bioasq.n_script_stops == 0


def test_of_several_replies_the_first_counts(tmp_path: Path) -> None:
    bioasq = of_bioasq(tmp_path, [*reply("B"), *reply("A"), *reply("A")], [*reply("B"), None])
    assert (bioasq.n_several, bioasq.accuracy, bioasq.legacy_accuracy) == (2, 0.5, 0.5)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("not JSON", "not JSON"),
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ({"answer_choice": "A"}, "not a list of replies"),
        ([{"answer_choice": "A"}], "not a list of replies"),
        ([None], "not a list of replies"),
        ("null", "not a list of replies"),
    ],
)
def test_a_malformed_file_is_wrong_and_named(tmp_path: Path, content: Any, reason: str) -> None:
    path = stored(tmp_path, {f"bioasq/{COT}/test_1.json": content})
    scores = scored(path)
    bioasq = only(scores).sets["bioasq"]
    assert (bioasq.n_malformed, bioasq.n_missing, bioasq.n_right, bioasq.n_legacy_right) == (1, 1, 0, 0)
    assert bioasq.n_script_stops == 2
    assert scores.report.skipped[reason].examples == [str(path / f"bioasq/{COT}/test_1.json")]


def test_a_reply_outside_a_list_is_read_and_the_script_sees_its_first_character(tmp_path: Path) -> None:
    bioasq = of_bioasq(tmp_path, json.dumps(reply("A")[0]), json.dumps("B is the best answer."))
    assert (bioasq.n_right, bioasq.n_legacy_right, bioasq.n_script_stops) == (2, 2, 0)
    assert bioasq.n_legacy_by_default == 1  # of the first, "{" is read


def test_files_of_no_question_are_counted(tmp_path: Path) -> None:
    more = {
        f"bioasq/{COT}/test_9.json": reply("A"),
        f"bioasq/{COT}/dev_1.json": reply("B"),
        f"medmcqa/{COT}/test_x.json": reply("A"),
        "summary.json": {},
        "notes.txt": "not looked at",
    }
    scores = scored(stored(tmp_path, {**WHOLE, **more}))
    assert scores.report.skipped["file of no question"].n == 4
    assert only(scores).macro_accuracy == 0.5


def test_pmc_llama_is_read_by_its_own_patterns(tmp_path: Path) -> None:
    files = {"bioasq/cot/axiong/PMC_LLaMA_13B/test_2.json": ["B. no"], "bioasq/cot/x/test_2.json": ["B. no"]}
    scores = scored(stored(tmp_path, files))
    assert [s.sets["bioasq"].n_legacy_right for s in scores.systems.values()] == [0, 1]
    assert [s.sets["bioasq"].n_right for s in scores.systems.values()] == [1, 1]


def test_an_empty_folder_has_all_predictions_missing(tmp_path: Path) -> None:
    scores = only(scored(tmp_path))
    assert [s.n_missing for s in scores.sets.values()] == [2, 2]
    assert scores.macro_accuracy == scores.macro_legacy_accuracy == 0.0


def test_no_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match="no such folder or file"):
        scored(tmp_path / "none")


# JSON lines


def lines(folder: Path, *rows: Any) -> Path:
    path = folder / "predictions.jsonl"
    path.write_text("\n".join(r if isinstance(r, str) else json.dumps(r) for r in rows), encoding="utf-8")
    return path


def test_lines_name_the_question_by_its_bare_or_whole_id(tmp_path: Path) -> None:
    path = lines(
        tmp_path,
        {"id": "bioasq/1", "choice": "A"},
        {"id": 2, "reply": "The answer is (B)."},
        {"id": "x", "choice": "no"},
        {"id": "medmcqa/y", "reply": reply("A")},
    )
    scores = only(scored(path))
    assert scores.macro_accuracy == 1.0
    # The script would take "no" and the prose without its pattern for "A".
    assert scores.sets["bioasq"].n_legacy_right == 1
    assert scores.sets["medmcqa"].n_legacy_right == 1


def test_a_bare_id_that_two_sets_have_names_neither(tmp_path: Path) -> None:
    asked = [question("bioasq/1", "A"), question("mmlu/1", "A")]
    scores = scored(lines(tmp_path, {"id": "1", "choice": "A"}, {"id": "mmlu/1", "choice": "A"}), asked)
    assert [s.n_missing for s in only(scores).sets.values()] == [1, 0]
    assert scores.report.skipped["line of no question"].n == 1


def test_of_doubled_lines_the_first_counts_and_they_are_counted_apart(tmp_path: Path) -> None:
    path = lines(
        tmp_path,
        {"id": "1", "choice": "B"},
        {"id": "bioasq/1", "choice": "A"},
        {"id": "2", "choice": "B"},
        {"id": "2", "choice": "B"},
    )
    scores = scored(path)
    bioasq = only(scores).sets["bioasq"]
    assert (bioasq.n_doubled, bioasq.n_answered, bioasq.accuracy) == (2, 2, 0.5)
    assert scores.report.skipped["doubled otherwise; the first counts"].examples == ["predictions.jsonl, line 2"]
    assert scores.report.skipped["doubled alike"].examples == ["predictions.jsonl, line 4"]


def test_bad_lines_are_counted_with_their_numbers(tmp_path: Path) -> None:
    path = lines(
        tmp_path,
        "{cut",
        {"id": "1", "choice": "A"},
        [1],
        {"choice": "A"},
        {"id": "nowhere", "choice": "A"},
        {"id": "2"},
        {"id": "2", "choice": 1},
    )
    report = scored(path).report
    assert {reason: tally.examples for reason, tally in report.skipped.items()} == {
        "not JSON": ["predictions.jsonl, line 1"],
        "not a JSON object": ["predictions.jsonl, line 3"],
        "line without id": ["predictions.jsonl, line 4"],
        "line of no question": ["predictions.jsonl, line 5"],
        "line without choice or reply": ["predictions.jsonl, line 6", "predictions.jsonl, line 7"],
    }
    assert report.n_kept == 1


def test_empty_unparsed_and_abstained_choices_are_told_apart(tmp_path: Path) -> None:
    path = lines(
        tmp_path,
        {"id": "1", "choice": None},
        {"id": "2", "choice": "E"},
        {"id": "x", "choice": "I don't know"},
        {"id": "y", "choice": "", "reply": ""},
    )
    sets = only(scored(path)).sets
    assert (sets["bioasq"].n_empty, sets["bioasq"].n_unparsed, sets["bioasq"].n_abstained) == (1, 1, 0)
    assert (sets["medmcqa"].n_empty, sets["medmcqa"].n_unparsed, sets["medmcqa"].n_abstained) == (1, 0, 1)


def test_every_question_is_counted_once(tmp_path: Path) -> None:
    path = stored(tmp_path, {**WHOLE, f"bioasq/{COT}/test_1.json": "cut", f"medmcqa/{COT}/dev_x.json": []})
    for s in only(scored(path)).sets.values():
        ended = (s.n_answered, s.n_abstained, s.n_unparsed, s.n_missing, s.n_empty, s.n_malformed)
        assert sum(ended) == s.n_questions


def test_predictions_serve_measures_as_results(tmp_path: Path) -> None:
    path = stored(tmp_path, {**WHOLE, f"medmcqa/{COT}/dev_x.json": "cut"})
    [given] = read_predictions(QUESTIONS, path, Report()).values()
    results = results_of(given)
    assert set(results) == {"bioasq/1", "bioasq/2", "medmcqa/y"}
    assert dict(Accuracy().per_question(QUESTIONS, results)) == {
        "bioasq/1": 1.0,
        "bioasq/2": 0.0,
        "medmcqa/x": 0.0,
        "medmcqa/y": 0.0,
    }


@pytest.mark.mirror
def test_thirty_of_gpt_4_s_replies(mirror: Path) -> None:
    questions = list(MIRAGE(files={"benchmark": mirror / "mirage" / "benchmark.json"}).questions())
    scores = score_predictions(questions, mirror / "mirage" / "prediction_sample", Report())
    cot, rag = scores.systems[COT], scores.systems["rag_32/OpenAI/gpt-4-32k/medcorp/RRF-4"]
    assert scores.report.n_kept == 30
    assert not scores.report.skipped
    n_right = [[sum(getattr(s, f"n_{kind}") for s in system.sets.values()) for system in (cot, rag)] for kind in
               ("answered", "abstained", "unparsed", "right", "legacy_right", "legacy_by_default")]  # fmt: skip
    # One reply says "Information not available"; the script takes it for "A", which is right.
    assert n_right == [[14, 15], [1, 0], [0, 0], [8, 10], [9, 10], [1, 0]]
    assert cot.choices["bioasq/5e7f69d2835f4e4777000021"].outcome == "abstained"
