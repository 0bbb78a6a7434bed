"""CONTRIBUTING.md's example component works as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ragmed import catalog
from ragmed.protocols import Retriever
from ragmed.recipe import parse_index_recipe
from ragmed.types import Hit, Query
from tests.passages_for_tests import THREE

PAGE = Path(__file__).parents[1] / "CONTRIBUTING.md"


def _block(language: str) -> str:
    [block] = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert isinstance(block, str)
    return block


def test_the_example_retriever_is_found_built_and_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "retrievers").mkdir()
    (tmp_path / "retrievers" / "overlap.py").write_text(_block("python"), encoding="utf-8")
    monkeypatch.setenv("RAGMED_COMPONENTS", str(tmp_path))
    assert "overlap" in catalog.files("retrievers")
    assert catalog.load("retrievers", "overlap").__name__ == "Overlap"
    retriever = catalog.make("retrievers", {"name": "overlap", "min_chars": 4}, "test")
    assert isinstance(retriever, Retriever)
    folder = tmp_path / "files"
    folder.mkdir()
    retriever.build(THREE, folder)
    opened = retriever.open(folder, [passage.passage_id for passage in THREE])
    run = opened.search([Query("q", "insulin and glucose"), Query("none", "xylophone")], 3)
    assert run == {"q": (Hit("b", 1.0),), "none": ()}


def test_the_example_recipe_is_understood() -> None:
    import tomllib

    recipe = parse_index_recipe(tomllib.loads(_block("toml")), Path("mine.toml"))
    assert recipe.retrievers == ({"name": "overlap", "min_chars": 4},)
