"""The index that an evaluation searches: a named one or one of the benchmark's own documents, built if need be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ragmed import sources
from ragmed.api import open_index
from ragmed.errors import NoIndex, RecipeError, StaleIndex
from ragmed.evaluation.store import write
from ragmed.home import index_path
from ragmed.index.build import build as build_index
from ragmed.index.open import Index
from ragmed.protocols import Benchmark
from ragmed.recipe import (
    CorpusRecipe,
    EvaluationRecipe,
    IndexRecipe,
    parse_index_recipe,
    read_corpus_recipe,
    read_index_recipe,
)
from ragmed.sources import StageProgress


def benchmark_files(
    recipe: EvaluationRecipe, mirror: Path | None, fetch: bool, progress: StageProgress
) -> Mapping[str, Path]:
    """The files of the recipe and, where it names a corpus's, those too."""
    corpora: list[CorpusRecipe] = [recipe.files] if recipe.files.files else []
    if "files_of" in recipe.table:
        corpora.append(read_corpus_recipe(recipe.files.name))
    paths: dict[str, Path] = {}
    for corpus in corpora:
        paths |= sources.fetch(corpus, mirror, progress) if fetch else sources.locate(corpus, mirror)
    return paths


def index_to_search(
    recipe: EvaluationRecipe,
    benchmark: Benchmark,
    folder: Path,
    mirror: Path | None,
    fetch: bool,
    progress: StageProgress,
) -> Index:
    """The index to search, built where it is missing or out of date."""
    if isinstance(recipe.index, str):
        destination, index_recipe = index_path(recipe.index), read_index_recipe(recipe.index)
    else:
        index_recipe = _own_index(recipe, recipe.index, benchmark, folder)
        destination = folder / "index"
    try:
        return open_index(destination)
    except (NoIndex, StaleIndex):
        build_index(index_recipe, destination, mirror=mirror, fetch=fetch, progress=progress)
        return open_index(destination)


def _own_index(recipe: EvaluationRecipe, table: Mapping[str, Any], benchmark: Benchmark, folder: Path) -> IndexRecipe:
    """A recipe for an index of the benchmark's own documents, beside the results."""
    if benchmark.corpus is None:
        raise RecipeError(f'{recipe.path}: the benchmark brings no documents; name an index: index = "…"')
    corpus = folder / f"{recipe.name}.corpus.toml"
    lines = ["# Written by ragmed eval: the documents of the benchmark.", *_toml({"title": recipe.name})]
    lines += _toml({"homepage": recipe.files.homepage, "licence": recipe.files.licence or "of the benchmark"})
    lines += ["builder = " + _inline(benchmark.corpus)]
    for file in recipe.files.files:
        entry = {key: value for key, value in asdict(file).items() if value}
        if "folder" in entry:
            entry["folder"] = str((recipe.path.absolute().parent / Path(entry["folder"]).expanduser()).resolve())
        lines += ["", "[[files]]", *_toml(entry)]
    folder.mkdir(parents=True, exist_ok=True)
    write(corpus, "\n".join(lines) + "\n")
    inside = {**table, "corpora": [{"name": str(corpus.absolute()), "splitter": dict(recipe.splitter)}]}
    return parse_index_recipe(inside, folder / "index.toml")


def _toml(table: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {_inline(value)}" for key, value in table.items()]


def _inline(value: Any) -> str:
    """A TOML value on one line; a JSON string is one."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_inline(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
