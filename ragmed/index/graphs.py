"""Build and open knowledge graphs: from their recipes, sealed like an index, renamed into place.

A graph is compiled when it is first asked for, in some seconds, and anew when its recipe or the files that it names
have changed; nothing is downloaded for that.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import ragmed
from ragmed import catalog, sources
from ragmed.errors import DamagedIndex, IndexFault
from ragmed.graph.findings import compile_profiles
from ragmed.graph.linking import compile_names
from ragmed.graph.store import Graph
from ragmed.graph.writing import Source, write_graph
from ragmed.home import graph_path, mirror
from ragmed.index import manifest
from ragmed.index.manifest import Manifest
from ragmed.index.places import existing, previous
from ragmed.protocols import Knowledge
from ragmed.recipe import GraphRecipe, KnowledgeSource, read_graph_recipe
from ragmed.report import Report
from ragmed.sources import StageProgress
from ragmed.storage import locked, storage_errors
from ragmed.types import Edge, Node, Retired

GRAPH_FORMAT = 3
"""Raised whenever the files of a graph, or what its readers make of their sources, change their meaning."""
_EVERY = 10_000
"""Facts between two signs of progress."""
_open_lock = threading.Lock()


def build_graph(
    recipe: GraphRecipe,
    destination: Path,
    *,
    mirror: Path | None = None,
    fetch: bool = True,
    progress: StageProgress = lambda stage, done, total: None,
) -> Manifest:
    """Build the graph of ``recipe`` at the folder ``destination``, replacing what is there.

    Source files are looked for in ``mirror``, then among the downloaded ones; what is missing is downloaded where
    ``fetch`` is true. Readers run one after another.

    Raises:
        UnknownName, RecipeError, MissingExtra: the recipe asks for what there is not.
        CorpusError: a source is missing or damaged. IndexBusy: another process is building this graph.
        StorageError: the disk is full or the folder cannot be written.
    """
    with storage_errors(destination), locked(destination, f"{destination}: another process is building this graph"):
        if previous(destination).exists():
            shutil.rmtree(previous(destination)) if destination.exists() else previous(destination).rename(destination)
        folder = destination.parent / f".{destination.name}.building"
        shutil.rmtree(folder, ignore_errors=True)
        try:
            folder.mkdir(parents=True)
            sealed = manifest.seal(folder, _write(folder, recipe, mirror, fetch, progress))
            if destination.exists():
                destination.rename(previous(destination))
            folder.rename(destination)
            shutil.rmtree(previous(destination), ignore_errors=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return sealed


def open_graph(name_or_folder: str | Path = "default", *, build: bool = True) -> Graph:
    """Open a graph by the name of its recipe, or by its folder; one that is opened twice is read once.

    Args:
        build: compile a graph that is not there, or is out of date, from the files at hand.

    Raises:
        UnknownName: no recipe of that name. NoIndex: not built. DamagedIndex: its files are not as they were written.
        CorpusError, IndexBusy, StorageError: it cannot be compiled.
    """
    if isinstance(name_or_folder, Path):
        return _opened(name_or_folder, _seal(name_or_folder))
    path = graph_path(name_or_folder)
    with _open_lock:
        if build and _is_stale(name_or_folder, path):
            build_graph(read_graph_recipe(name_or_folder), path, mirror=mirror(), fetch=False)
    return _opened(existing(path), _seal(existing(path)))


def graph_card(path: Path) -> Mapping[str, Any]:
    """What identifies a built graph: name, id, sources with releases, licences and hashes. Raises `IndexFault`."""
    table = manifest.read(existing(path)).table
    return {key: table[key] for key in ("name", "description", "n_nodes", "n_edges", "sources", "versions")} | {
        "graph_id": str(table["seal"])[:12]
    }


def given_graph(component: type, name: str = "") -> dict[str, Graph]:
    """The graph as an argument for a component that declares a field ``graph``; nothing for any other.

    Raises: as `open_graph`.
    """
    wants = is_dataclass(component) and any(field.name == "graph" for field in fields(component))
    return {"graph": open_graph(name or "default")} if wants else {}


def _seal(path: Path) -> str:
    return manifest.read(path).index_id


@lru_cache(4)
def _opened(path: Path, graph_id: str) -> Graph:
    rebuild = f"rebuild it with: {manifest.rebuild_command(path)}"
    manifest.check(path, full=False)
    try:
        return Graph(path, graph_id)
    except (OSError, ValueError, KeyError) as error:
        raise DamagedIndex(f"{path}: cannot be opened ({error}); {rebuild}") from error


def _is_stale(name: str, path: Path) -> bool:
    """Whether the graph is not there, unreadable, or made from another recipe or other files than its recipe names."""
    try:
        table = manifest.read(existing(path)).table
    except IndexFault:
        return True
    recipe = read_graph_recipe(name)
    if table.get("graph_format") != GRAPH_FORMAT or table["recipe"] != _as_json(recipe.table):
        return True
    built = {source["name"]: {file["name"]: file["sha256"] for file in source["files"]} for source in table["sources"]}
    return any(
        file.sha256 and built.get(source.name, {}).get(file.name) != file.sha256
        for source in recipe.sources
        for file in source.files.files
    )


def _write(
    folder: Path, recipe: GraphRecipe, mirror: Path | None, fetch: bool, progress: StageProgress
) -> dict[str, Any]:
    report = Report()
    read, cards = [], []
    for source in recipe.sources:
        paths = sources.fetch(source.files, mirror, progress) if fetch else sources.locate(source.files, mirror)
        own = Report()
        reader: Knowledge = catalog.make(
            "knowledge", source.reader, f"{recipe.path}: reader of {source.name}", files=paths, report=own
        )
        card = _card(source, paths) | {"release": reader.release()}
        read.append(Source(source.name, _followed(reader, source.name, progress), card))
        cards.append((card, own))
    counts = write_graph(folder, read, report)
    progress("compile findings", 0, 0)
    graph = Graph(folder)
    compile_profiles(graph, folder / "findings")
    progress("compile names", 0, 0)
    compile_names(graph)
    described = [{**card, "read": own.table()} for card, own in cards]
    return {
        "name": recipe.name,
        "description": recipe.description,
        **counts,
        "graph_format": GRAPH_FORMAT,
        "sources": described,
        "report": report.table(),
        "recipe": _as_json(recipe.table),
        "versions": {"ragmed": ragmed.__version__},
    }


def _card(source: KnowledgeSource, paths: Mapping[str, Path]) -> dict[str, Any]:
    files = source.files
    return {
        "name": source.name,
        "title": files.title,
        "homepage": files.homepage,
        "licence": files.licence,
        "citation": files.citation,
        "files": [
            {"name": name, "bytes": path.stat().st_size, "sha256": manifest.sha256_of(path)}
            for name, path in paths.items()
        ],
    }


def _followed(reader: Knowledge, name: str, progress: StageProgress) -> Iterator[Node | Retired | Edge]:
    n = 0
    for n, fact in enumerate(reader.facts(), start=1):
        if n % _EVERY == 0:
            progress(f"read {name}", n, 0)
        yield fact
    progress(f"read {name}", n, n)


def _as_json(value: Any) -> Any:
    """A recipe's table as a manifest holds it."""
    if isinstance(value, Mapping):
        return {key: _as_json(item) for key, item in value.items()}
    return [_as_json(item) for item in value] if isinstance(value, list | tuple) else value
