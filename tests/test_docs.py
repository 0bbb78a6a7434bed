"""What docs/corpora.md and evaluation.md say is so: recipes can be read, tables name what there is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from ragmed import catalog
from ragmed.evaluation.measure_names import make_measures
from ragmed.evaluation.robustness import PERTURBATIONS
from ragmed.recipe import (
    parse_evaluation_recipe,
    parse_index_recipe,
    read_corpus_recipe,
    read_evaluation_recipe,
    read_index_recipe,
)

CHECKOUT = Path(__file__).parents[1]
PAGE = (CHECKOUT / "docs" / "corpora.md").read_text(encoding="utf-8")
EVALUATION = (CHECKOUT / "docs" / "evaluation.md").read_text(encoding="utf-8")


def rows(heading: str, page: str = PAGE) -> dict[str, list[str]]:
    """First cell → the others, of the table whose first heading that is."""
    _, _, table = page.partition(f"| {heading} |")
    lines = table.split("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {name: rest for first, *rest in cells for name in re.findall(r"`([a-z0-9_]+)`", first)}


def test_the_recipe_shown_can_be_built() -> None:
    [block] = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    recipe = parse_index_recipe(tomllib.loads(block), Path("shown.toml"))
    for corpus in recipe.corpora:
        read_corpus_recipe(corpus.name)
        catalog.make("passages", corpus.splitter, "docs")
    assert [table["name"] for table in recipe.filters] == ["licence", "retracted", "near_duplicates"]
    for table in recipe.filters:
        catalog.make("filters", table, "docs")


@pytest.mark.parametrize(("heading", "family"), [("splitter", "passages"), ("filter", "filters")])
def test_every_component_is_described(heading: str, family: str) -> None:
    assert set(rows(heading)) == set(catalog.files(family))


def test_every_corpus_is_described_with_its_count() -> None:
    described = rows("corpus")
    names = {path.stem for path in (CHECKOUT / "corpora").glob("*.toml")}
    assert set(described) == names
    for name, (_, _, count) in described.items():
        counts = read_corpus_recipe(CHECKOUT / "corpora" / f"{name}.toml").counts
        assert count == (f"{counts['documents']:,}" if counts else ""), name


def test_every_evaluation_is_described_and_can_be_read() -> None:
    names = {path.stem for path in (CHECKOUT / "eval").glob("*.toml")}
    assert set(rows("recipe", EVALUATION)) == names
    for name in names:
        recipe = read_evaluation_recipe(CHECKOUT / "eval" / f"{name}.toml")
        assert recipe.files.files or "files_of" in recipe.table
        assert make_measures(recipe.measures, name)
        assert catalog.load("benchmarks", recipe.benchmark["name"])
        if isinstance(recipe.index, str):
            read_index_recipe(CHECKOUT / "indexes" / f"{recipe.index}.toml")


def test_the_evaluation_shown_can_be_run() -> None:
    [block] = re.findall(r"```toml\n(.*?)```", EVALUATION, re.DOTALL)
    recipe = parse_evaluation_recipe(tomllib.loads(block), Path("shown.toml"))
    assert [measure.label for measure in make_measures(recipe.measures, "shown")] == ["nDCG@10", "R@100", "RR@10"]
    assert all(system.perturb in ("", *PERTURBATIONS) for system in recipe.systems)
