"""From what the user calls a graph or a node to the thing itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ragmed.errors import NoIndex, QuestionError, UnknownName

if TYPE_CHECKING:
    from ragmed.graph.store import Graph

graph_option = click.option(
    "-g", "--graph", default="default", show_default=True, help="Name of a graph, or the folder of a built one."
)
_MAX_CANDIDATES = 8


def opened(graph: str) -> Graph:
    """An open graph, by name or folder; one that is not built yet, or is out of date, is built from the files at hand.

    Raises: as `ragmed.index.graphs.open_graph`.
    """
    from ragmed.index.graphs import open_graph

    return open_graph(Path(graph) if _is_folder(graph) else graph)


def graph_folder(graph: str) -> Path:
    """The folder of a built graph, by name or path.

    Raises:
        UnknownName: neither a recipe nor a graph of that name. NoIndex: there is a recipe, but it is not built.
    """
    from ragmed.home import graph_path, recipe_files
    from ragmed.index.places import existing

    if _is_folder(graph):
        return Path(graph)
    folder = existing(graph_path(graph))
    if folder.is_dir():
        return folder
    have = recipe_files("indexes/graphs")
    if graph not in have:
        raise UnknownName("graphs", graph, have)
    raise NoIndex(f"graph {graph!r} is not built; build it with: ragmed graph build {graph}")


def node_row(graph: Graph, told: str) -> int:
    """The row of the node that an id or a name means.

    Raises:
        UnknownName: it means none; the message names some that are like it. QuestionError: it is the name of several.
    """
    rows = node_rows(graph, told)
    if len(rows) > 1:
        raise QuestionError(f"{name_of_several(graph, told, rows)}; give the id of one")
    return rows[0]


def node_rows(graph: Graph, told: str) -> tuple[int, ...]:
    """The rows of the nodes that an id or a name means: of the name of several, all of them.

    Raises:
        UnknownName: it means none; the message names some that are like it.
    """
    from ragmed.graph.names import find_name, names_like

    found = graph.find(told) or graph.find(told.upper())
    if found is not None:
        return (found.row,)
    if graph.is_retired(told):
        return (graph.row(told),)
    rows = find_name(graph, told)
    if rows:
        return rows
    like = names_like(graph, told)
    if like:
        raise UnknownName("nodes in the graph", told, [], hint=f"names like it: {_named(graph, like)}")
    return (graph.row(told),)


def remark_on(graph: Graph, told: str) -> str:
    """What must be said where the id given is not the node's own; else empty."""
    found = graph.find(told)
    if found is None or found.kind == "current":
        return ""
    if found.kind == "retired":
        return f"{told} is retired; {graph.node_id(found.row)} has taken its place"
    return f"{told} is what another source calls {graph.node_id(found.row)}"


def name_of_several(graph: Graph, told: str, rows: tuple[int, ...]) -> str:
    """Says which nodes have the name."""
    more = f" and {len(rows) - _MAX_CANDIDATES} more" if len(rows) > _MAX_CANDIDATES else ""
    return f"{told!r} is the name of {len(rows)} nodes: {_named(graph, rows[:_MAX_CANDIDATES])}{more}"


def _named(graph: Graph, rows: tuple[int, ...]) -> str:
    return "; ".join(f"{graph.node_id(row)} ({graph.name(row)}, {graph.kind(row)})" for row in rows)


def _is_folder(graph: str) -> bool:
    return "/" in graph or "\\" in graph
