"""What building and opening an index share: where it lies, and which retrievers it has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ragmed import catalog
from ragmed.index.searcher import Pipeline
from ragmed.protocols import Filter, Retriever, Rewriter
from ragmed.recipe import IndexRecipe


def make_retrievers(recipe: IndexRecipe) -> dict[str, Retriever]:
    """Retriever name → component, with the options of the recipe."""
    return {
        str(table["name"]): catalog.make("retrievers", table, f"{recipe.path}: [[retrievers]]")
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
        fusion=catalog.make("fusion", recipe.fusion, f"{where}: [fusion]"),
        rewriters=tuple(rewriter(table, f"{where}: [[queries]]") for table in recipe.queries),
        rerankers=tuple(catalog.make("rerankers", table, f"{where}: [[rerankers]]") for table in recipe.rerankers),
    )


def previous(destination: Path) -> Path:
    """Where an index is moved aside while its successor takes its place."""
    return destination.parent / f".{destination.name}.previous"


def existing(path: Path) -> Path:
    """``path``, or the index that a build killed while renaming had moved aside."""
    return previous(path) if not path.exists() and previous(path).exists() else path
