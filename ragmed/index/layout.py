"""What building and opening an index share: where it lies, and which retrievers it has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ragmed import catalog
from ragmed.graph.store import Graph
from ragmed.index.graphs import given_graph
from ragmed.index.searcher import Pipeline
from ragmed.protocols import Filter, Retriever, Rewriter
from ragmed.recipe import IndexRecipe


def make_retrievers(recipe: IndexRecipe) -> dict[str, Retriever]:
    """Retriever name → component, with the options of the recipe."""
    return {
        str(table["name"]): make_component("retrievers", table, f"{recipe.path}: [[retrievers]]", recipe)
        for table in recipe.retrievers
    }


def make_filters(recipe: IndexRecipe) -> dict[str, Filter]:
    """Filter name → component, fresh for one build, with the options of the recipe."""
    return {
        str(table["name"]): catalog.make("filters", table, f"{recipe.path}: [[filters]]") for table in recipe.filters
    }


def make_pipeline(recipe: IndexRecipe, rewriter: Callable[[Mapping[str, Any], str], Rewriter]) -> Pipeline:
    """Rewriters, fusion and rerankers, with the options of the recipe; ``rewriter`` makes one from its table."""
    where = str(recipe.path)
    return Pipeline(
        fusion=make_component("fusion", recipe.fusion, f"{where}: [fusion]", recipe),
        rewriters=tuple(rewriter(table, f"{where}: [[queries]]") for table in recipe.queries),
        rerankers=tuple(
            make_component("rerankers", table, f"{where}: [[rerankers]]", recipe) for table in recipe.rerankers
        ),
    )


def make_component(family: str, table: Mapping[str, Any], where: str, recipe: IndexRecipe, **given: Any) -> Any:
    """A component from its table; one that wants a knowledge graph is given the recipe's.

    ``where``, ``given`` and errors are as for `ragmed.catalog.make`.
    """
    component = catalog.load(family, str(table.get("name", "")))
    return catalog.make(family, table, where, **given_graph(component, recipe.graph), **given)


def graph_of(component: object) -> Graph | None:
    """The knowledge graph that a component was given; None where it uses none."""
    found: Graph | None = getattr(component, "graph", None)
    return found
