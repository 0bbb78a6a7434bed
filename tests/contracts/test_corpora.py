"""What every corpus must do, run over each file of corpora/*.toml and ragmed/corpora/*.py."""

from __future__ import annotations

from itertools import islice

import pytest

from ragmed import catalog, sources
from ragmed.errors import MissingFile
from ragmed.home import mirror
from ragmed.protocols import Corpus
from ragmed.recipe import CorpusRecipe, read_corpus_recipe, read_index_recipe
from ragmed.report import Report
from ragmed.types import Document
from tests.conftest import CHECKOUT

RECIPES = sorted(path.stem for path in (CHECKOUT / "corpora").glob("*.toml"))
INDEXES = sorted(path.stem for path in (CHECKOUT / "indexes").glob("*.toml"))


@pytest.mark.parametrize("name", sorted(catalog.files("corpora")))
def test_every_builder_is_used_by_a_corpus_file(name: str) -> None:
    assert isinstance(catalog.load("corpora", name)(files={}), Corpus)
    # `ragmed corpus add` writes the corpus files for files of one's own, evaluations those for benchmarks' documents.
    assert name in {"files", "beir"} | {
        read_corpus_recipe(CHECKOUT / "corpora" / f"{r}.toml").builder["name"] for r in RECIPES
    }


@pytest.mark.parametrize("name", RECIPES)
def test_every_corpus_file_is_complete(name: str) -> None:
    recipe = read_corpus_recipe(CHECKOUT / "corpora" / f"{name}.toml")
    assert recipe.licence
    assert recipe.homepage.startswith("https://") or is_our_own(recipe)
    assert all(file.url.startswith("https://") or file.package for file in recipe.files)
    assert all("==" in file.package or file.package == "ragmed" for file in recipe.files if file.package)


@pytest.mark.parametrize("name", RECIPES)
def test_documents_have_what_a_citation_needs(name: str, request: pytest.FixtureRequest) -> None:
    recipe = read_corpus_recipe(CHECKOUT / "corpora" / f"{name}.toml")
    if any(file.url for file in recipe.files):
        request.getfixturevalue("mirror")
    try:
        paths = sources.locate(recipe, mirror())
    except MissingFile:
        pytest.skip("the mirror has no files of this source; its builder has tests of its own")
    first = list(islice(sources.open_source(recipe, paths, Report()).documents(), 200))
    assert len({document.doc_id for document in first}) == len(first) > 100
    for document in first:
        assert isinstance(document, Document)
        assert document.text.strip()
        assert document.url.startswith("ragmed/" if is_our_own(recipe) else "https://" if name != "hpo" else "http")
        assert document.licence
        assert document.source == name
        assert all(0 <= section.start <= len(document.text) for section in document.sections)
        assert list(document.sections) == sorted(document.sections, key=lambda section: section.start)
        assert all(document.meta.values())
    assert first == list(islice(sources.open_source(recipe, paths, Report()).documents(), 200))


def is_our_own(recipe: CorpusRecipe) -> bool:
    """Whether a corpus comes with ragmed: it has no page elsewhere."""
    return all(file.package == "ragmed" for file in recipe.files)


@pytest.mark.parametrize("name", INDEXES)
def test_every_index_recipe_names_what_there_is(name: str) -> None:
    recipe = read_index_recipe(CHECKOUT / "indexes" / f"{name}.toml")
    for corpus in recipe.corpora:
        read_corpus_recipe(corpus.name)
        catalog.make("passages", corpus.splitter, name)
    for table in recipe.filters:
        catalog.make("filters", table, name)
    for table in recipe.retrievers:
        catalog.make("retrievers", table, name)
    for family, component in (("fusion", recipe.fusion), ("methods", recipe.method), ("generators", recipe.generator)):
        catalog.make(family, component, name)
