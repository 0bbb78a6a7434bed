"""An evaluation of a folder in BEIR's layout: figures worked out by hand, resumption to the byte, one-line errors."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import ragmed
from ragmed.benchmarks import beir
from ragmed.benchmarks.beir import BEIR
from ragmed.errors import DamagedFile, RagmedError, RecipeError, UnknownName
from ragmed.evaluation.adhoc import folder_recipe
from ragmed.evaluation.results import read_results
from ragmed.evaluation.run import evaluate
from ragmed.evaluation.store import DURATIONS, RESULTS
from ragmed.evaluation.summary import failures
from ragmed.recipe import parse_evaluation_recipe, read_evaluation_recipe
from ragmed.types import Question
from tests.benchmarks.r2med_folder import MODEL, NDCG_AT_10, write_r2med_folder

DOCUMENTS = {
    "d1": "Aspirin relieves headache.",
    "d2": "Warfarin thins the blood.",
    "d3": "Headache after alcohol is common; headache passes with rest.",
    "d4": "Insulin lowers glucose.",
}
QUERIES = {"q1": "headache", "q2": "insulin glucose", "q3": "unicorn"}
QRELS = [("q1", "d1", 2), ("q1", "d3", 1), ("q2", "d4", 1), ("q3", "d2", 1), ("q1", "gone", 1)]
MADE = {"summary.json", "bm25/run.trec", "bm25/per_question.tsv", f"bm25/{RESULTS}"}


@pytest.fixture
def folder(tmp_path: Path, home: Path) -> Path:
    folder = tmp_path / "tiny set"
    (folder / "qrels").mkdir(parents=True)
    write_lines(folder / "corpus.jsonl", [{"_id": k, "title": "", "text": v} for k, v in DOCUMENTS.items()])
    write_lines(folder / "queries.jsonl", [{"_id": k, "text": v} for k, v in QUERIES.items()])
    rows = ["query-id\tcorpus-id\tscore", *(f"{q}\t{d}\t{grade}" for q, d, grade in QRELS)]
    (folder / "qrels" / "test.tsv").write_text("\n".join(rows) + "\n")
    return folder


def write_lines(path: Path, rows: list[dict[str, str]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def summary_of(results: Path) -> dict[str, Any]:
    table: dict[str, Any] = json.loads((results / "summary.json").read_text())
    return table


def test_figures_of_a_folder_are_those_worked_out_by_hand(folder: Path) -> None:
    results = evaluate(folder_recipe("beir", folder, "bm25"))
    measures = summary_of(results)["systems"]["bm25"]["measures"]
    # q1: d3 has the word twice and d1, which is shorter, once; d3 comes first. Ideal: 2, 1, 1 (one is in no document).
    first = [
        line.split()[2] for line in (results / "bm25" / "run.trec").read_text().splitlines() if line.startswith("q1")
    ]
    gains = {"d1": 2, "d3": 1}
    dcg = sum(gains[doc] / math.log2(i + 2) for i, doc in enumerate(first))
    ideal = 2 + 1 / math.log2(3) + 1 / math.log2(4)
    expected = (dcg / ideal + 1.0 + 0.0) / 3
    assert measures["nDCG@10"]["mean"] == pytest.approx(expected, abs=1e-12)
    assert measures["nDCG@10"]["n"] == 3
    assert measures["R@100"]["mean"] == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert measures["P@10"]["mean"] == pytest.approx((0.2 + 0.1 + 0) / 3)
    assert measures["nDCG@10"]["low"] <= measures["nDCG@10"]["mean"] <= measures["nDCG@10"]["high"]


def test_what_is_odd_is_counted(folder: Path) -> None:
    with (folder / "queries.jsonl").open("a") as file:
        file.write(json.dumps({"_id": "q9", "text": "never judged"}) + "\n")
    report = summary_of(evaluate(folder_recipe("beir", folder, "bm25")))["report"]
    assert report["n_kept"] == 3
    reasons = {**report["skipped"], **report["notes"]}
    assert sum(tally["n"] for reason, tally in reasons.items() if "judge" in reason or "qrels" in reason) >= 1


def test_the_hybrid_and_each_retriever_run_on_one_folder(folder: Path) -> None:
    places = {name: evaluate(folder_recipe("beir", folder, name)) for name in ("hybrid", "bm25", "dense")}
    assert len(set(places.values())) == 3
    for name, results in places.items():
        assert list(summary_of(results)["systems"]) == [name]
        assert (results / name / "run.trec").read_text().split()[5] == name
    with pytest.raises(UnknownName, match="no pipelines named 'magic'"):
        folder_recipe("beir", folder, "magic")


def test_a_run_cut_short_goes_on_and_gives_the_same_bytes(folder: Path) -> None:
    recipe = folder_recipe("beir", folder, "bm25")
    results = evaluate(recipe)
    made = {name: (results / name).read_bytes() for name in MADE}
    file = results / "bm25" / RESULTS
    for n_bytes in (0, 10, len(made[f"bm25/{RESULTS}"]) // 2, len(made[f"bm25/{RESULTS}"]) - 1):
        file.write_bytes(made[f"bm25/{RESULTS}"][:n_bytes])
        (results / "bm25" / DURATIONS).write_text("")
        (results / "summary.json").unlink()
        evaluate(recipe)
        assert {name: (results / name).read_bytes() for name in MADE} == made


def test_results_of_other_questions_are_not_gone_on_with(folder: Path) -> None:
    results = evaluate(folder_recipe("beir", folder, "bm25"))
    write_lines(
        folder / "queries.jsonl", [{"_id": k, "text": v.replace("unicorn", "warfarin")} for k, v in QUERIES.items()]
    )
    evaluate(folder_recipe("beir", folder, "bm25"))
    assert summary_of(results)["systems"]["bm25"]["measures"]["RR@10"]["mean"] == pytest.approx(1.0)


def test_killing_it_and_starting_again_gives_the_same_bytes(folder: Path, home: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "ragmed",
        "eval",
        "--benchmark",
        "beir",
        "--path",
        str(folder),
        "--pipeline",
        "bm25",
    ]
    environment = {**os.environ, "RAGMED_HOME": str(home)}
    whole = subprocess.run(
        [*command, "--results", str(home / "whole")], env=environment, capture_output=True, text=True
    )
    assert whole.returncode == 0, whole.stderr
    started = time.monotonic()
    subprocess.run([*command, "--results", str(home / "timed")], env=environment, capture_output=True)
    duration = time.monotonic() - started
    for i, share in enumerate((0.3, 0.6, 0.9)):
        place = home / f"killed{i}"
        process = subprocess.Popen([*command, "--results", str(place)], env=environment, stdout=subprocess.DEVNULL)
        time.sleep(share * duration)
        process.send_signal(signal.SIGKILL)
        process.wait()
        subprocess.run([*command, "--results", str(place)], env=environment, check=True, capture_output=True)
        for name in MADE - {f"bm25/{RESULTS}", "summary.json"}:
            assert (place / name).read_bytes() == (home / "whole" / name).read_bytes(), name


def test_json_for_programs(folder: Path, home: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "ragmed", "eval", "--benchmark", "beir", "--path", str(folder), "--json"],
        env={**os.environ, "RAGMED_HOME": str(home)},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    table = json.loads(ran.stdout)
    figure = table["systems"]["hybrid"]["measures"]["nDCG@10"]
    assert set(figure) >= {"mean", "low", "high", "n"}
    assert Path(table["html"]).is_file()


def test_an_expected_figure_that_does_not_hold_is_told(folder: Path) -> None:
    base = folder_recipe("beir", folder, "bm25")
    table = {
        **base.table,
        "expected": [
            {"measure": "R@100", "value": 0.5556, "tolerance": 0.001},
            {"measure": "nDCG@10", "value": 0.1, "tolerance": 0.01},
            {"measure": "AP@7", "value": 0.1},
        ],
    }
    summary = summary_of(evaluate(parse_evaluation_recipe(table, base.path)))
    assert [entry["ok"] for entry in summary["expected"]] == [True, False, False]
    assert ["nDCG@10 is 0." in line for line in failures(summary)] == [True, False]
    assert "not measured" in failures(summary)[1]


def test_a_trial_with_few_questions_says_so(folder: Path) -> None:
    summary = summary_of(evaluate(folder_recipe("beir", folder, "bm25"), limit=2))
    assert (summary["n_questions"], summary["limit"]) == (2, 2)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"measures": []}, "needs measures"),
        ({"measures": ["nDGC@10"]}, "nDCG"),
        ({"systems": [{"name": "a"}, {"name": "a"}]}, "named twice"),
        ({"systems": [{"name": "a", "retriever": "bm52"}]}, "bm52"),
        ({"kk": 3}, "kk"),
        ({"index": 3}, "needs index"),
        ({"benchmark": "nonsuch"}, "no benchmarks named 'nonsuch'"),
    ],
)
def test_a_wrong_recipe_is_one_line(folder: Path, change: dict[str, Any], complaint: str) -> None:
    base = folder_recipe("beir", folder, "bm25")
    with pytest.raises(RagmedError, match=complaint) as error:
        evaluate(parse_evaluation_recipe({**base.table, **change}, base.path))
    assert "\n" not in str(error.value)


def test_from_python_by_the_recipes_file(folder: Path, home: Path) -> None:
    recipe = home / "mine.toml"
    recipe.write_text(
        'benchmark = "beir"\nmeasures = ["nDCG@10"]\n[index]\nretrievers = [{ name = "bm25" }]\n'
        f'[[files]]\nname = "folder"\npath = "**/*"\nfolder = "{folder}"\n'
    )
    results = read_results(ragmed.evaluate(recipe))
    assert results.summary["n_questions"] == 3
    assert list(results.summary["systems"]) == ["hybrid"]


def test_a_recipe_file_that_is_not_there(home: Path) -> None:
    with pytest.raises(UnknownName, match="no eval named 'nowhere'"):
        read_evaluation_recipe("nowhere")
    with pytest.raises(RecipeError, match="no such file"):
        read_evaluation_recipe("nowhere.toml")


def test_a_folder_in_r2meds_layout_gives_the_figures_worked_out_by_hand(home: Path, tmp_path: Path) -> None:
    folder = write_r2med_folder(tmp_path)
    base = folder_recipe("r2med", folder, "bm25")
    systems = [
        {"name": name, "retriever": "bm25", **({} if name == "plain" else {"convention": name})} for name in NDCG_AT_10
    ]
    table = {
        **base.table,
        "benchmark": {"name": "r2med", "generated": MODEL},
        "systems": systems,
        "measures": ["nDCG@10"],
    }
    results = evaluate(parse_evaluation_recipe(table, base.path))
    for name, by_hand in NDCG_AT_10.items():
        lines = (results / name / "per_question.tsv").read_text().splitlines()[1:]
        measured = {line.split("\t")[0]: float(line.split("\t")[2]) for line in lines}
        assert measured == pytest.approx(by_hand, abs=1e-9), name


def test_generated_documents_move_a_dense_query(home: Path, tmp_path: Path) -> None:
    folder = write_r2med_folder(tmp_path)
    base = folder_recipe("r2med", folder, "dense")
    systems = [{"name": "plain", "retriever": "dense"}, {"name": "hyde", "retriever": "dense", "convention": "hyde"}]
    table = {**base.table, "benchmark": {"name": "r2med", "generated": MODEL}, "systems": systems}
    results = evaluate(parse_evaluation_recipe(table, base.path))
    plain, hyde = ((results / name / "run.trec").read_text() for name in ("plain", "hyde"))
    assert plain.split()[:4] != hyde.split()[:4] or plain != hyde.replace("hyde", "plain")


def test_a_perturbed_system_is_asked_other_words_and_judged_by_the_same_truth(folder: Path) -> None:
    long = "insulin glucose lowers warfarin headache alcohol common aspirin relieves passes blood thins"
    write_lines(folder / "queries.jsonl", [{"_id": k, "text": long} for k in QUERIES])
    base = folder_recipe("beir", folder, "bm25")
    systems = [{"name": "bm25", "retriever": "bm25"}, {"name": "typos", "retriever": "bm25", "perturb": "typos"}]
    results = evaluate(parse_evaluation_recipe({**base.table, "systems": systems}, base.path))
    scores = [
        [line.split()[4] for line in (results / s / "run.trec").read_text().splitlines()] for s in ("bm25", "typos")
    ]
    assert scores[0] != scores[1]
    measures = [system["measures"]["R@100"] for system in summary_of(results)["systems"].values()]
    assert [measure["n"] for measure in measures] == [3, 3]
    with pytest.raises(UnknownName, match="no perturbations named 'noise'"):
        evaluate(parse_evaluation_recipe({**base.table, "systems": [{"name": "a", "perturb": "noise"}]}, base.path))


def changed(folder: Path, name: str, **table: Any) -> dict[str, Any]:
    """The summary of an evaluation of the folder whose recipe says this too."""
    base = folder_recipe("beir", folder, name)
    return summary_of(evaluate(parse_evaluation_recipe({**base.table, **table}, base.path)))


def test_documents_that_are_not_indexed_may_count_for_nothing(folder: Path) -> None:
    with (folder / "queries.jsonl").open("a") as file:
        file.write(json.dumps({"_id": "q4", "text": "headache"}) + "\n")
    with (folder / "qrels" / "test.tsv").open("a") as file:
        file.write("\nq4\tgone\t1\n")
    strict, lenient = changed(folder, "bm25"), changed(folder, "bm25", only_indexed=True)
    assert (strict["n_questions"], lenient["n_questions"]) == (4, 3)
    assert strict["report"]["notes"]["a relevant document is not in the index, so it cannot be found"]["n"] == 2
    assert lenient["report"]["notes"]["a relevant document is not in the index, so it does not count"]["n"] == 2
    assert lenient["report"]["skipped"]["no relevant document is in the index"] == {"n": 1, "examples": ["q4"]}
    assert lenient["report"]["n_kept"] == 3
    recall = [summary["systems"]["bm25"]["measures"]["R@100"]["mean"] for summary in (strict, lenient)]
    assert recall == pytest.approx([(2 / 3 + 1 + 0 + 0) / 4, (1 + 1 + 0) / 3])


def test_an_index_without_any_relevant_document_is_an_error(folder: Path) -> None:
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tgone\t1\n")
    with pytest.raises(DamagedFile, match="is it the right one"):
        changed(folder, "bm25", only_indexed=True)


class Excluding(BEIR):
    """The folder's questions, each but the last kept from one document."""

    def questions(self) -> Iterator[Question]:
        for question, excluded in zip(super().questions(), ("d3; gone", "d4", ""), strict=True):
            yield replace(question, meta={"exclude": excluded})


@pytest.mark.parametrize("pipeline", ["bm25", "hybrid"])
def test_a_question_does_not_find_what_it_excludes(
    folder: Path, monkeypatch: pytest.MonkeyPatch, pipeline: str
) -> None:
    results = evaluate(folder_recipe("beir", folder, pipeline))
    before = (results / pipeline / "run.trec").read_text()
    assert "q1 Q0 d3" in before
    monkeypatch.setattr(beir, "COMPONENT", Excluding)
    # Run again, it does not take over what was found without.
    after = (evaluate(folder_recipe("beir", folder, pipeline)) / pipeline / "run.trec").read_text()
    assert "q1 Q0 d3" not in after
    assert "q1 Q0 d1" in after
    assert "q2 Q0 d4" not in after


def test_rewriters_cannot_leave_documents_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beir, "COMPONENT", Excluding)
    systems = [{"name": "bm25", "retriever": "bm25", "rerankers": [{"name": "mmr"}]}]
    with pytest.raises(RecipeError, match="excludes documents"):
        changed(folder, "bm25", systems=systems)
