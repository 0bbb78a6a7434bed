"""What docs/corpora.md says is so: its recipes can be built, its tables name what there is, its counts are right."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from ragmed import catalog
from ragmed.recipe import parse_index_recipe, read_corpus_recipe

CHECKOUT = Path(__file__).parents[1]
PAGE = (CHECKOUT / "docs" / "corpora.md").read_text(encoding="utf-8")


def rows(heading: str) -> dict[str, list[str]]:
    """First cell → the others, of the table whose first heading that is."""
    _, _, table = PAGE.partition(f"| {heading} |")
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
