"""What every corpus must do, run over each file of corpora/*.toml and ragmed/corpora/*.py."""

from __future__ import annotations

from itertools import islice

import pytest

from ragmed import catalog, sources
from ragmed.home import mirror
from ragmed.protocols import Corpus
from ragmed.recipe import read_corpus_recipe, read_index_recipe
from ragmed.report import Report
from tests.conftest import CHECKOUT

RECIPES = sorted(path.stem for path in (CHECKOUT / "corpora").glob("*.toml"))
INDEXES = sorted(path.stem for path in (CHECKOUT / "indexes").glob("*.toml"))


@pytest.mark.parametrize("name", sorted(catalog.files("corpora")))
def test_every_builder_is_used_by_a_corpus_file(name: str) -> None:
    assert isinstance(catalog.load("corpora", name)(files={}), Corpus)
    assert name in {read_corpus_recipe(CHECKOUT / "corpora" / f"{r}.toml").builder["name"] for r in RECIPES}


@pytest.mark.parametrize("name", RECIPES)
def test_every_corpus_file_is_complete(name: str) -> None:
    recipe = read_corpus_recipe(CHECKOUT / "corpora" / f"{name}.toml")
    assert recipe.licence
    assert recipe.homepage.startswith("https://")
    assert recipe.counts["documents"] > 0
    assert all(file.url.startswith("https://") or "==" in file.package for file in recipe.files)


@pytest.mark.parametrize("name", RECIPES)
def test_documents_have_what_a_citation_needs(name: str, request: pytest.FixtureRequest) -> None:
    recipe = read_corpus_recipe(CHECKOUT / "corpora" / f"{name}.toml")
    if any(file.url for file in recipe.files):
        request.getfixturevalue("mirror")
    paths = sources.locate(recipe, mirror())
    first = list(islice(sources.open_source(recipe, paths, Report()).documents(), 200))
    assert len({document.doc_id for document in first}) == 200
    for document in first:
        assert document.text.strip()
        assert document.url.startswith("http")
        assert document.licence == recipe.licence
        assert document.source == name
    assert first == list(islice(sources.open_source(recipe, paths, Report()).documents(), 200))


@pytest.mark.parametrize("name", INDEXES)
def test_every_index_recipe_names_what_there_is(name: str) -> None:
    recipe = read_index_recipe(CHECKOUT / "indexes" / f"{name}.toml")
    for corpus in recipe.corpora:
        read_corpus_recipe(corpus.name)
        catalog.make("passages", corpus.splitter, name)
    for table in recipe.retrievers:
        catalog.make("retrievers", table, name)
    for family, component in (("fusion", recipe.fusion), ("methods", recipe.method), ("generators", recipe.generator)):
        catalog.make(family, component, name)
