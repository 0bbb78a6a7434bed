"""docs/retrieval.md: it names what there is, its figures are those that recipes expect, a part is measured anew."""

from __future__ import annotations

import re
import runpy
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ragmed import catalog
from ragmed.encoders._presets import PRESETS
from ragmed.errors import MissingFile
from ragmed.evaluation.pages import between
from ragmed.evaluation.results import Results, read_results
from ragmed.evaluation.run import evaluate
from ragmed.recipe import Figure, parse_index_recipe, read_evaluation_recipe, read_index_recipe
from tests.results_for_tests import row, write_results

CHECKOUT = Path(__file__).parents[1]
PAGE = (CHECKOUT / "docs" / "retrieval.md").read_text(encoding="utf-8")
WRITER: dict[str, Any] = runpy.run_path(str(CHECKOUT / "docs" / "write_retrieval.py"))
SETS, MEASURE, PARTS, RRF, HYBRID = (WRITER[name] for name in ("SETS", "MEASURE", "PARTS", "RRF", "HYBRID"))
SYSTEMS = (*PARTS, RRF, HYBRID)
N_QUESTIONS, LEAST_GAIN, TOLERANCE = 100, -0.002, 0.015
"""Of 100 questions of 500 the mean may be off by as much without anything having changed."""


def described(heading: str) -> set[str]:
    """The names in the first column of every table whose first heading that is."""
    tables = re.findall(rf"^\| {heading} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    return {name for rows in tables for row in rows.splitlines() for name in re.findall(r"`(.*?)`", row.split("|")[1])}


@pytest.mark.parametrize(
    ("heading", "family"),
    [("rewriter", "queries"), ("reranker", "rerankers"), ("fusion", "fusion"), ("retriever", "retrievers")],
)
def test_every_component_is_named_and_no_other(heading: str, family: str) -> None:
    assert described(heading) == set(catalog.files(family))


def test_every_preset_is_named_and_no_other() -> None:
    patterns = [re.compile(re.escape(name).replace(r"\*", ".*") + r"\Z") for name in described("presets")]
    assert all(any(pattern.match(model) for pattern in patterns) for model in PRESETS)
    assert all(any(pattern.match(model) for model in PRESETS) for pattern in patterns)


def test_the_recipe_shown_can_be_built() -> None:
    shown, queries = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    recipe = parse_index_recipe(tomllib.loads(shown), Path("shown.toml"))
    unsaid = {key: value for key, value in recipe.table.items() if key != "fusion"}
    assert recipe.fusion == parse_index_recipe(unsaid, Path("unsaid.toml")).fusion
    for family, tables in (("queries", recipe.queries), ("rerankers", recipe.rerankers)):
        assert all(str(table["name"]) in catalog.files(family) for table in tables)
    assert tomllib.loads(queries)["queries"][0]["name"] in catalog.files("queries")


@pytest.mark.parametrize("name", SETS)
def test_every_set_measures_the_systems_of_the_table(name: str) -> None:
    recipe = read_evaluation_recipe(CHECKOUT / "eval" / f"{name}.toml")
    assert {system.name for system in recipe.systems} == set(SYSTEMS)
    assert MEASURE in recipe.measures
    alone = {system.name: system.retriever for system in recipe.systems if system.retriever}
    assert alone == {part: part for part in PARTS}
    assert re.search(rf"[-.] `{name}`[ :]", PAGE), "say what the set is"


def test_every_example_asks_an_index_there_is() -> None:
    for _, index, _ in WRITER["EXAMPLES"]:
        read_index_recipe(CHECKOUT / "indexes" / f"{index}.toml")


def figures_on_the_page() -> Iterator[tuple[str, dict[str, float]]]:
    """Recipe → mean of each system, of the rows that the page has."""
    for recipe, *cells in re.findall(r"^\| .*\(`(\w+)`\) \| [\d,]+ \|(.*?)\|(.*?)\|(.*?)\|(.*?)\|", PAGE, re.MULTILINE):
        means = [float(re.findall(r"\d\.\d+", cell)[0]) for cell in cells]
        yield recipe, dict(zip(SYSTEMS, means, strict=True))


def expected(recipe: str) -> list[Figure]:
    figures = read_evaluation_recipe(CHECKOUT / "eval" / f"{recipe}.toml").expected
    return [figure for figure in figures if figure.measure == MEASURE and figure.system in SYSTEMS]


def test_figures_are_those_that_the_recipes_expect() -> None:
    for recipe, means in figures_on_the_page():
        for figure in expected(recipe):
            assert means[figure.system] == pytest.approx(figure.value, abs=figure.tolerance + 5e-5), recipe


def test_the_hybrid_loses_to_no_part() -> None:
    for recipe, means in figures_on_the_page():
        assert means[HYBRID] >= max(means[part] for part in PARTS) + LEAST_GAIN, recipe


FIGURES = {"bm25": (0.9, 0.5), "dense": (1.0, 0.2), "rrf": (0.5, 0.5), "hybrid": (1.0, 0.6)}


def results(folder: Path, figures: Mapping[str, tuple[float, float]], **summary: Any) -> Results:
    systems = {
        name: [row(f"q{i}", **{MEASURE: str(value)}) for i, value in enumerate(values)]
        for name, values in figures.items()
    }
    return read_results(write_results(folder / "pubmedqa", systems, **summary))


def test_the_hybrid_is_compared_with_the_better_part_question_by_question(tmp_path: Path) -> None:
    made = WRITER["row"](results(tmp_path, FIGURES))
    assert (made.recipe, made.n, made.better) == ("pubmedqa", 2, "bm25")
    assert made.means["hybrid"][0] == pytest.approx(0.8)
    assert made.difference == pytest.approx((0.1, 0.1, 0.1))
    assert made.p == 0.5


def test_what_was_measured_in_part_is_no_row(tmp_path: Path) -> None:
    without = {name: values for name, values in FIGURES.items() if name != "rrf"}
    for made in (results(tmp_path / "a", FIGURES, limit=2), results(tmp_path / "b", without)):
        with pytest.raises(MissingFile, match="run make retrieval"):
            WRITER["row"](made)


def test_a_table_shows_the_best_and_the_difference_to_the_better_part() -> None:
    means = {"bm25": (0.8, 0.7, 0.9), "dense": (0.5, 0.4, 0.6), "rrf": (0.7, 0.6, 0.8), "hybrid": (0.8, 0.71, 0.88)}
    *_, line = WRITER["table"]([WRITER["Row"]("pubmedqa", 1500, means, "bm25", (0.00004, -0.01, 0.01), 0.00002)])
    assert line.endswith(
        "(`pubmedqa`) | 1,500 | **0.8000** [0.700, 0.900] | 0.5000 [0.400, 0.600] | 0.7000 [0.600, 0.800] | "
        "**0.8000** [0.710, 0.880] | +0.0000 [-0.0100, +0.0100] | < 0.0001 |"
    )


@pytest.mark.parametrize("name", ["retrieval table", "explain examples"])
def test_what_is_written_has_its_place_on_the_page(name: str) -> None:
    assert between(PAGE, name, "new") != PAGE


@pytest.mark.mirror
def test_the_first_questions_of_pubmedqa_measure_as_recorded(
    pubmedqa_index: Path, mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAGMED_HOME", str(CHECKOUT))
    folder = evaluate("pubmedqa", folder=tmp_path / "results", mirror=mirror, fetch=False, limit=N_QUESTIONS)
    systems = read_results(folder).systems
    means = {name: systems[name].measures[MEASURE].mean for name in SYSTEMS}
    assert all(len(systems[name].rows) == N_QUESTIONS for name in SYSTEMS)
    assert means[HYBRID] >= max(means[part] for part in PARTS) + LEAST_GAIN
    for figure in expected("pubmedqa"):
        assert means[figure.system] == pytest.approx(figure.value, abs=TOLERANCE), figure.system
