"""``ragmed index list``: every recipe and whether its index is built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ragmed.cli._options import json_option
from ragmed.cli._output import megabytes, print_json, print_table


@click.command(
    epilog="""\b
Examples:
  ragmed index list
  ragmed index list --json
"""
)
@json_option
def list_(as_json: bool) -> None:
    """List the indexes there are recipes for, and those already built."""
    from ragmed.home import home, recipe_files

    names = set(recipe_files("indexes"))
    names |= {path.parent.name for path in (home() / "indexes").glob("[!.]*/manifest.json")}
    rows = [_describe(name) for name in sorted(names)]
    if as_json:
        print_json({"indexes": rows})
        return
    print_table(
        ["name", "state", "passages", "size", "description"],
        [
            [
                row["name"],
                row["state"],
                f"{row['n_passages']:,}" if row["state"] == "built" else "",
                megabytes(row["bytes"]) if row["state"] == "built" else "",
                row["description"] if row["state"] in ("built", "not built") else row["problem"],
            ]
            for row in rows
        ],
    )


def _describe(name: str) -> dict[str, Any]:
    from ragmed.errors import IndexFault, NoIndex, RecipeError, UnknownName
    from ragmed.home import index_path
    from ragmed.index import manifest
    from ragmed.recipe import read_index_recipe

    path: Path = index_path(name)
    row: dict[str, Any] = {"name": name, "path": str(path), "state": "not built", "description": ""}
    try:
        row["description"] = read_index_recipe(name).description
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
        "index_id": built.index_id,
        "n_documents": built.table["n_documents"],
        "n_passages": built.table["n_passages"],
        "bytes": built.n_bytes,
    }


list_.name = "list"
COMMAND = list_
