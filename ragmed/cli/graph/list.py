"""``ragmed graph list``: every recipe of a graph and whether it is built."""

from __future__ import annotations

from typing import Any

import click

from ragmed.cli._options import json_option
from ragmed.cli._output import megabytes, print_json, print_table


@click.command(
    epilog="""\b
Examples:
  ragmed graph list
  ragmed graph list --json
"""
)
@json_option
def list_(as_json: bool) -> None:
    """List the knowledge graphs there are recipes for, and those already built."""
    from ragmed.home import home, recipe_files

    names = set(recipe_files("indexes/graphs"))
    names |= {path.parent.name for path in (home() / "indexes" / "graphs").glob("[!.]*/manifest.json")}
    rows = [_describe(name) for name in sorted(names)]
    if as_json:
        print_json({"graphs": rows})
        return
    print_table(
        ["name", "state", "nodes", "statements", "size", "description"],
        [
            [
                row["name"],
                row["state"],
                f"{row['n_nodes']:,}" if row["state"] == "built" else "",
                f"{row['n_edges']:,}" if row["state"] == "built" else "",
                megabytes(row["bytes"]) if row["state"] == "built" else "",
                row["description"] if row["state"] in ("built", "not built") else row["problem"],
            ]
            for row in rows
        ],
    )


def _describe(name: str) -> dict[str, Any]:
    from ragmed.errors import IndexFault, NoIndex, RecipeError, UnknownName
    from ragmed.home import graph_path
    from ragmed.index import manifest
    from ragmed.recipe import read_graph_recipe

    path = graph_path(name)
    row: dict[str, Any] = {"name": name, "path": str(path), "state": "not built", "description": ""}
    try:
        row["description"] = read_graph_recipe(name).description
    except UnknownName:
        pass  # built from a recipe that lies elsewhere: its manifest describes it
    except RecipeError as error:
        row |= {"state": "broken recipe", "problem": str(error)}
    try:
        built = manifest.check(path, full=False)
    except NoIndex:
        return row
    except IndexFault as error:
        return row | {"state": "unusable", "problem": str(error)}
    return row | {
        "state": "built",
        "description": row["description"] or built.table["description"],
        "graph_id": built.index_id,
        "n_nodes": built.table["n_nodes"],
        "n_edges": built.table["n_edges"],
        "bytes": built.n_bytes,
    }


list_.name = "list"
COMMAND = list_
