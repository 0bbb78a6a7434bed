"""``ragmed graph show``: what a knowledge graph says of a node."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ragmed.cli._options import json_option
from ragmed.cli._output import print_json, print_text
from ragmed.cli.graph._graph import graph_option, node_row, opened, remark_on

if TYPE_CHECKING:
    from ragmed.graph.store import Graph


@click.command(
    short_help="Show what a graph says of a node.",
    epilog="""\b
Examples:
  ragmed graph show OMIM:154700
  ragmed graph show "ectopia lentis" --html lens.html
  ragmed graph show HP:0001250 --skip 20 --limit 50
""",
)
@click.argument("node", metavar="ID_OR_NAME")
@graph_option
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Statements shown each way.")
@click.option("--skip", type=click.IntRange(0), default=0, help="Begin after so many statements each way.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Also write a page with a drawing there.")
@json_option
def show(node: str, graph: str, limit: int, skip: int, html: Path | None, as_json: bool) -> None:
    """Print what a graph says of a node, given by its id or one of its names, and on what that rests.

    Names are found whatever their case, number and accents; where several nodes have the name, they are listed.
    Statements are ordered by predicate, then by the share of patients.
    """
    from ragmed.graph.drawing import node_page
    from ragmed.graph.statements import in_order

    knowledge = opened(graph)
    row = node_row(knowledge, node)
    of_it = in_order(knowledge, knowledge.edges_of(row))
    with_it = in_order(knowledge, knowledge.edges_into(row))
    if html is not None:
        html.write_text(node_page(knowledge, row), encoding="utf-8", errors="replace")
    if as_json:
        from ragmed.answers.json import to_json

        shown = {
            name: [_described(knowledge, number) for number in numbers[skip : skip + limit]]
            for name, numbers in (("statements_of", of_it), ("statements_with", with_it))
        }
        described = to_json(knowledge.node(row)) | {"n_statements_of": len(of_it), "n_statements_with": len(with_it)}
        print_json(described | shown | {"graph_id": knowledge.graph_id, "remark": remark_on(knowledge, node)})
        return
    _print_node(knowledge, row, remark_on(knowledge, node))
    _print_statements(knowledge, "of it", of_it, skip, limit)
    _print_statements(knowledge, "of others with it", with_it, skip, limit)
    if html is not None:
        print_text()
        print_text(f"written: {html}")


def _described(graph: Graph, number: int) -> dict[str, Any]:
    from ragmed.answers.json import to_json

    names = {
        "subject_name": graph.name(int(graph.subject[number])),
        "object_name": graph.name(int(graph.object[number])),
    }
    described: dict[str, Any] = to_json(graph.edge(number)) | names
    return described


def _print_node(graph: Graph, row: int, remark: str) -> None:
    node = graph.node(row)
    print_text(node.name, "bold")
    if remark:
        print_text(remark, "yellow")
    print_text(f"{node.node_id}, {node.kind}, source: {node.source}" + (f", {node.url}" if node.url else ""), "dim")
    for kind in ("synonym", "lay", "abbreviation", "related"):
        if names := [name.text for name in node.names if name.kind == kind]:
            print_text(f"{kind}: {'; '.join(names)}")
    if node.same_as:
        print_text(f"same as: {', '.join(node.same_as)}")
    if node.definition:
        print_text(node.definition)


def _print_statements(graph: Graph, which: str, numbers: list[int], skip: int, limit: int) -> None:
    from ragmed.graph.statements import details, statement_in_words

    print_text()
    shown = numbers[skip : skip + limit]
    part = (
        ""
        if len(shown) == len(numbers)
        else f", {skip + 1:,} to {skip + len(shown):,} here"
        if shown
        else ", none here"
    )
    print_text(f"Statements {which}: {len(numbers):,}{part}", "bold")
    for number in shown:
        edge = graph.edge(number)
        said = details(graph, edge)
        print_text(f"  {statement_in_words(graph, edge)} ({said})", faint=[f"({said})"])
    if skip + limit < len(numbers):
        print_text(f"  more with --skip {skip + limit}", "dim")


COMMAND = show
