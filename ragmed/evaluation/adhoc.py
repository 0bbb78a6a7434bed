"""An evaluation of a folder in a benchmark's layout, without a recipe."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ragmed.errors import UnknownName
from ragmed.home import home, recipe_files
from ragmed.recipe import EvaluationRecipe, parse_evaluation_recipe, read_index_recipe

MEASURES = ("nDCG@10", "R@100", "P@10", "RR@10", "AP")
BASE: Mapping[str, Any] = {
    "retrievers": [{"name": "bm25"}, {"name": "dense", "encoder": "minilm"}],
}


def folder_recipe(benchmark: str, folder: Path, pipeline: str = "hybrid") -> EvaluationRecipe:
    """The recipe to measure retrieval on a folder.

    Args:
        benchmark: the layout, as ``beir`` or ``r2med``.
        pipeline: ``hybrid``, a retriever of it (``bm25``, ``dense``), or the name of an index recipe, whose
            retrievers, pipeline and graph are taken.

    Raises:
        UnknownName: no such pipeline.
    """
    index: dict[str, Any] = dict(BASE)
    system: dict[str, Any] = {"name": pipeline}
    names = [str(table["name"]) for table in BASE["retrievers"]]
    if pipeline in names:
        index["retrievers"] = [table for table in BASE["retrievers"] if table["name"] == pipeline]
        system["retriever"] = pipeline
    elif pipeline != "hybrid":
        chosen = read_index_recipe(_known(pipeline, names))
        index = {
            "retrievers": [dict(table) for table in chosen.retrievers],
            "queries": [dict(table) for table in chosen.queries],
            "fusion": dict(chosen.fusion),
            "rerankers": [dict(table) for table in chosen.rerankers],
            "graph": chosen.graph,
        }
    place = folder.absolute()
    # Two folders of one name must not share results.
    name = f"{benchmark}-{_plain(place.name)}-{hashlib.sha256(str(place).encode()).hexdigest()[:8]}-{_plain(pipeline)}"
    table: dict[str, Any] = {
        "description": f"{place.name} in the layout of {benchmark}, searched by {pipeline}.",
        "benchmark": {"name": benchmark},
        "files": [{"name": "folder", "path": "**/*", "folder": str(place)}],
        "index": index,
        "systems": [system],
        "measures": list(MEASURES),
    }
    return parse_evaluation_recipe(table, home() / "eval" / f"{name}.toml")


def _known(pipeline: str, names: list[str]) -> str:
    have = recipe_files("indexes")
    if pipeline not in have:
        raise UnknownName("pipelines", pipeline, ["hybrid", *names, *have])
    return pipeline


def _plain(name: str) -> str:
    """A name of lower-case letters, digits and dashes."""
    return "-".join("".join(c if c.isalnum() and c.isascii() else " " for c in name.lower()).split()) or "folder"
