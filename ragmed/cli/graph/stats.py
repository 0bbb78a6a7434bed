"""``ragmed graph stats``: what a built knowledge graph holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from ragmed.cli._options import json_option
from ragmed.cli._output import megabytes, print_json, print_table, print_text
from ragmed.cli.graph._graph import graph_folder, opened

if TYPE_CHECKING:
    from ragmed.graph.statistics import Statistics
    from ragmed.index.manifest import Manifest


@click.command(
    short_help="Count what a graph holds.",
    epilog="""\b
Examples:
  ragmed graph stats
  ragmed graph stats default --json
""",
)
@click.argument("graph", default="default")
@json_option
def stats(graph: str, as_json: bool) -> None:
    """Count what GRAPH holds, a graph by name or the folder of a built one.

    Nodes by kind, statements by predicate and source, releases and licences, how the nodes hang together, and what
    the build left out or noted.
    """
    from ragmed.graph.statistics import measure
    from ragmed.index import manifest

    found = measure(opened(graph))
    built = manifest.read(graph_folder(graph))
    if as_json:
        kept = {key: built.table[key] for key in ("sources", "report", "versions")}
        print_json({"graph": built.name, "graph_id": built.index_id, "bytes": built.n_bytes} | found.table() | kept)
        return
    _print(built, found)


def _print(built: Manifest, found: Statistics) -> None:
    from ragmed.cli._charts import print_bars

    print_text(f"{built.name} ({built.index_id}), {megabytes(built.n_bytes)}", "bold")
    if built.table["description"]:
        print_text(built.table["description"])
    print_text(f"nodes: {found.n_nodes:,}, with {found.n_names:,} names")
    print_text(f"statements: {found.n_edges:,}")
    for what, n in (
        ("denied", found.n_negated),
        ("with a share of patients", found.n_with_share),
        ("with evidence", found.n_with_evidence),
    ):
        print_text(f"statements {what}: {n:,}")
    degrees = found.degrees
    print_text(f"neighbours of a node: mean {degrees.mean:,.1f}, median {degrees.median:,g}, most {degrees.most:,}")
    print_text(
        f"connected components: {found.n_components:,}; the largest holds {found.largest_component:.1%} of the nodes; "
        f"{found.n_isolated:,} nodes have no neighbour"
    )
    for source in built.table["sources"]:
        print_text(f"source {source['name']}: {source['title']}", "bold")
        print_text(f"release: {source['release'] or 'not stated'}")
        print_text(f"licence: {source['licence']}")
    print_bars("nodes by kind", list(found.nodes_by_kind.items()), found.n_nodes)
    print_bars("statements by predicate", list(found.edges_by_predicate.items()), found.n_edges)
    print_bars("statements by source", list(found.edges_by_source.items()), found.n_edges)
    print_text("most neighbours", "bold")
    print_table(["id", "name", "neighbours"], [[node, name, f"{n:,}"] for node, name, n in degrees.hubs])
    rows = [row for source in built.table["sources"] for row in _remarks(source["name"], source["read"])]
    rows += _remarks("all together", built.table["report"])
    if rows:
        print_text("left out or noted", "bold")
        print_table(["source", "what", "items", "for example"], rows)


def _remarks(source: str, report: Mapping[str, Any]) -> list[list[str]]:
    return [
        [source, reason, f"{tally['n']:,}", ", ".join(tally["examples"])]
        for reasons in (report["skipped"], report["notes"])
        for reason, tally in sorted(reasons.items(), key=lambda item: (-item[1]["n"], item[0]))
    ]


COMMAND = stats
