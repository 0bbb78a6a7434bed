"""``ragmed graph path``: how two nodes of a knowledge graph hang together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ragmed.cli._options import json_option
from ragmed.cli._output import print_json, print_text
from ragmed.cli.graph._graph import graph_option, name_of_several, node_rows, opened, remark_on

if TYPE_CHECKING:
    from ragmed.graph.paths import Paths
    from ragmed.graph.store import Graph

_CUT = "the search was cut: there may be better ways of the greatest length shown"


@click.command(
    short_help="Show how two nodes hang together.",
    epilog="""\b
Examples:
  ragmed graph path OMIM:154700 HP:0001083
  ragmed graph path OMIM:154700 OMIM:236200 --html ways.html
  ragmed graph path "huntington disease" seizure --max-hops 2 --json
""",
)
@click.argument("first", metavar="A")
@click.argument("last", metavar="B")
@graph_option
@click.option(
    "--max-hops", type=click.IntRange(1, 8), default=3, show_default=True, help="Statements of a way at most."
)
@click.option("--max-paths", type=click.IntRange(1, 100), default=5, show_default=True, help="Ways shown at most.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Also write a page with a drawing there.")
@json_option
def path(first: str, last: str, graph: str, max_hops: int, max_paths: int, html: Path | None, as_json: bool) -> None:
    """Print ways from A to B, ids or names of nodes, each step with what it rests on.

    Where several nodes have a name, as a disease of OMIM and of Orphanet, ways from or to any of them count.
    The shortest come first; of equal length those of more patients, higher confidence and through nodes that are not
    joined to everything. An arrow points from the subject of a statement to its object.
    """
    from ragmed.graph.drawing import paths_page
    from ragmed.graph.paths import find_paths, in_words

    knowledge = opened(graph)
    sources, targets = node_rows(knowledge, first), node_rows(knowledge, last)
    found = find_paths(knowledge, sources, targets, max_hops=max_hops, max_paths=max_paths)
    remarks = [
        name_of_several(knowledge, told, rows) if len(rows) > 1 else remark_on(knowledge, told)
        for told, rows in ((first, sources), (last, targets))
    ]
    remarks = [remark for remark in remarks if remark]
    if found.is_cut:
        remarks.append(_CUT)
    if html is not None and found.paths:
        html.write_text(paths_page(knowledge, found.paths, "; ".join(remarks)), encoding="utf-8", errors="replace")
    if as_json:
        _print_json(knowledge, sources, targets, found, remarks)
        return
    for remark in remarks:
        print_text(remark, "yellow")
    if not found.paths:
        ends = f"{knowledge.name(sources[0])} to {knowledge.name(targets[0])}"
        print_text(f"No way from {ends} of at most {max_hops} statements.")
    for number, way in enumerate(found.paths, start=1):
        print_text(f"{number}. {in_words(knowledge, way)}")
    if html is not None:
        print_text(f"written: {html}" if found.paths else f"nothing to draw: {html} was not written")


def _print_json(
    graph: Graph, sources: tuple[int, ...], targets: tuple[int, ...], found: Paths, remarks: list[str]
) -> None:
    from ragmed.answers.json import to_json
    from ragmed.graph.paths import citations, in_words

    print_json(
        {
            "from": [{"id": graph.node_id(row), "name": graph.name(row)} for row in sources],
            "to": [{"id": graph.node_id(row), "name": graph.name(row)} for row in targets],
            "paths": [
                {
                    "nodes": [{"id": graph.node_id(row), "name": graph.name(row)} for row in way.rows],
                    "statements": to_json(citations(graph, way)),
                    "forward": list(way.forward),
                    "in_words": in_words(graph, way),
                }
                for way in found.paths
            ],
            "is_cut": found.is_cut,
            "remarks": remarks,
            "graph_id": graph.graph_id,
        }
    )


COMMAND = path
