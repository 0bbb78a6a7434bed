"""The recipes of graphs in indexes/graphs/: complete, and read by readers that there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragmed import catalog, sources
from ragmed.errors import MissingFile
from ragmed.protocols import Knowledge
from ragmed.recipe import read_graph_recipe
from tests.conftest import CHECKOUT

RECIPES = sorted(path.stem for path in (CHECKOUT / "indexes" / "graphs").glob("*.toml"))


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_says_where_its_sources_come_from(name: str) -> None:
    recipe = read_graph_recipe(CHECKOUT / "indexes" / "graphs" / f"{name}.toml")
    assert recipe.description
    for source in recipe.sources:
        assert isinstance(catalog.make("knowledge", source.reader, name, files={}), Knowledge)
        assert source.files.licence
        assert source.files.citation
        assert source.files.homepage.startswith("https://")
        assert all(file.url.startswith("https://") or "==" in file.package for file in source.files.files)


@pytest.mark.parametrize("name", RECIPES)
def test_files_at_hand_are_those_that_the_recipe_names(name: str, mirror: Path) -> None:
    recipe = read_graph_recipe(CHECKOUT / "indexes" / "graphs" / f"{name}.toml")
    for source in recipe.sources:
        try:
            paths = sources.locate(source.files, mirror)
        except MissingFile:
            continue
        assert set(paths) == {file.name for file in source.files.files}
