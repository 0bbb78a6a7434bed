"""docs/graph.md: it names what there is, its ablation table is made from results, a part of it is measured anew."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ragmed import catalog
from ragmed.errors import MissingFile
from ragmed.evaluation.measure_names import make_measures
from ragmed.evaluation.pages import between
from ragmed.evaluation.results import Results, read_results
from ragmed.evaluation.run import evaluate
from ragmed.recipe import read_evaluation_recipe
from tests.results_for_tests import row, write_results

CHECKOUT = Path(__file__).parents[1]
PAGE = (CHECKOUT / "docs" / "graph.md").read_text(encoding="utf-8")
WRITER: dict[str, Any] = runpy.run_path(str(CHECKOUT / "docs" / "write_graph.py"))
SETS: Mapping[str, tuple[str, str]] = WRITER["SETS"]
N_QUESTIONS, TOLERANCE = 100, 0.05
"""The mean of 100 questions may be off by as much from that of all of them without anything having changed."""


def described(heading: str) -> set[str]:
    """The names in the first column of the table whose first heading that is."""
    [rows] = re.findall(rf"^\| {heading} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    return {name for line in rows.splitlines() for name in re.findall(r"`(.*?)`", line.split("|")[1])}


def test_every_reader_is_named_and_no_other() -> None:
    assert described("reader") == set(catalog.files("knowledge"))


def test_every_method_that_is_given_the_graph_is_named() -> None:
    given = {name for name in catalog.files("methods") if hasattr(catalog.load("methods", name), "graph")}
    assert described("method") == given


@pytest.mark.parametrize("name", SETS)
def test_every_set_measures_the_system_of_the_table(name: str) -> None:
    recipe = read_evaluation_recipe(CHECKOUT / "eval" / f"{name}.toml")
    assert WRITER["SYSTEM"] in {system.name for system in recipe.systems}
    labels = {measure.label.removesuffix(" (proxy)") for measure in make_measures(recipe.measures, name)}
    assert SETS[name][1] in labels
    assert re.search(rf"[-,] `{name}`[,:]", PAGE), "say what the set is"


def figures_on(page: str) -> Iterator[tuple[str, float, float, float, float]]:
    """Recipe, mean with and without the graph, the difference's upper end, p."""
    line = r"^\| .*\(`(\w+)`\) \|[^|]*\|[^|]*\| ([\d.]+) \| ([\d.]+) \| .*?, ([-+\d.]+)\] \| (?:< )?([\d.]+) \|"
    for recipe, *figures in re.findall(line, page, re.MULTILINE):
        yield recipe, *map(float, figures)


def test_the_graph_makes_no_set_significantly_worse() -> None:
    for recipe, _, _, high, p in figures_on(PAGE):
        assert not (high < 0 and p < 0.05), recipe


def effect(subset: str = "", **figures: float) -> dict[str, Any]:
    base = {"measure": "nDCG@10", "subset": subset, "n": 2, "with": 0.9, "without": 0.8}
    return base | {"difference": 0.1, "low": 0.05, "high": 0.2, "p": 0.01, "p_holm": 1.0} | figures


def results(folder: Path, *effects: Mapping[str, Any], name: str = "pubmedqa", **summary: Any) -> Results:
    measured = [row("q1", **{"nDCG@10": "0.9"}), row("q2", **{"nDCG@10": "0.9"})]
    table = {"part": "graph", "system": "hybrid", "without": "hybrid-without-graph", "left_out": ["retriever graph"]}
    systems = dict.fromkeys(("hybrid", "rrf", "hybrid-without-graph", "rrf-without-graph"), measured)
    other = table | {"system": "rrf", "without": "rrf-without-graph", "rows": [effect(difference=9.0)]}
    told: dict[str, Any] = {"ablations": [other, table | {"rows": list(effects)}]} if effects else {}
    made = {"versions": {"ragmed": "9.9"}, "index_card": {"name": name, "index_id": "abcdefabcdef00"}}
    return read_results(write_results(folder / name, systems, **made, **told, **summary))


def test_a_set_has_a_row_and_one_of_its_linked_questions(tmp_path: Path) -> None:
    other_measure = effect() | {"measure": "RR"}
    read = results(tmp_path, effect(), effect("linked", n=1, p=0.4, low=-0.1), other_measure)
    table = WRITER["written"]([read]).splitlines()
    assert table[2:4] == [
        "| PubMedQA: question → abstract (`pubmedqa`) | nDCG@10 | 2 | 0.9000 | 0.8000 | "
        "**+0.1000** [+0.0500, +0.2000] | 0.0100 | 0.0200 |",
        "| — its questions with linked diseases, drugs or other names | nDCG@10 | 1 | 0.9000 | 0.8000 | "
        "+0.1000 [-0.1000, +0.2000] | 0.4000 | 0.4000 |",
    ]
    assert list(figures_on("\n".join(table))) == [("pubmedqa", 0.9, 0.8, 0.2, 0.01)]
    assert table[4:] == ["", "ragmed 9.9; indexes: `pubmedqa` abcdefabcdef."]


def test_p_is_corrected_over_the_rows_of_the_table(tmp_path: Path) -> None:
    read = [results(tmp_path, effect(p=0.03), name=name) for name in ("pubmedqa", "bioasq_dev")]
    assert WRITER["written"](read).count("| +0.1000 [+0.0500, +0.2000] | 0.0300 | 0.0600 |") == 2


def test_the_graph_is_named_by_its_release(tmp_path: Path) -> None:
    read = results(tmp_path, effect(), graph_card={"name": "default", "graph_id": "0123456789abcdef"})
    assert WRITER["written"]([read]).endswith("; graphs: `default` 0123456789ab.")


def test_what_was_measured_in_part_or_without_a_graph_is_no_row(tmp_path: Path) -> None:
    for made in (results(tmp_path / "a", effect(), limit=2), results(tmp_path / "b")):
        with pytest.raises(MissingFile, match="not every question"):
            WRITER["rows"](made)
    assert WRITER["written"]([]) == WRITER["NOTHING"]


@pytest.mark.parametrize("name", ["ablation table", "diagnosis table"])
def test_what_is_written_has_its_place_on_the_page(name: str) -> None:
    assert between(PAGE, name, "new") != PAGE


@pytest.mark.mirror
@pytest.mark.parametrize("figures", [f for f in figures_on(PAGE) if f[0] == "pubmedqa"])
def test_the_first_questions_of_pubmedqa_measure_as_recorded(
    figures: tuple[str, float, float, float, float],
    pubmedqa_index: Path,
    mirror: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name, with_graph, without, _, _ = figures
    monkeypatch.setenv("RAGMED_HOME", str(CHECKOUT))
    folder = evaluate(name, folder=tmp_path / "results", mirror=mirror, fetch=False, limit=N_QUESTIONS)
    told = [table for table in read_results(folder).ablations if table["system"] == WRITER["SYSTEM"]]
    measured = next(r for r in told[0]["rows"] if (r["measure"], r["subset"]) == (SETS[name][1], ""))
    assert measured["n"] == N_QUESTIONS
    assert measured["with"] == pytest.approx(with_graph, abs=TOLERANCE)
    assert measured["without"] == pytest.approx(without, abs=TOLERANCE)
    assert not (measured["high"] < 0 and measured["p"] < 0.05)
