"""What ``ragmed index list`` and ``ragmed graph list`` print: every recipe, and what is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragmed.cli._output import megabytes, print_json, print_table

if TYPE_CHECKING:
    from ragmed.recipe import GraphRecipe, IndexRecipe


def print_list(
    folder: str,
    read: Callable[[str], IndexRecipe | GraphRecipe],
    id_key: str,
    counts: Mapping[str, str],
    *,
    as_json: bool,
) -> None:
    """Print a row for each recipe of a folder, as `ragmed.home.recipe_files` names it, and for each that is built.

    Args:
        read: reads the recipe of a name.
        id_key: as what JSON has the id of what is built.
        counts: counts of its manifest → the headings of their columns; an empty one: only in JSON.
    """
    from ragmed.home import home, recipe_files

    built = home() / folder
    names = {*recipe_files(folder), *(path.parent.name for path in built.glob("[!.]*/manifest.json"))}
    rows = [_described(built / name, read, id_key, counts) for name in sorted(names)]
    if as_json:
        print_json({Path(folder).name: rows})
        return
    shown = {key: heading for key, heading in counts.items() if heading}
    print_table(
        ["name", "state", *shown.values(), "size", "description"],
        [
            [
                row["name"],
                row["state"],
                *(f"{row[key]:,}" if row["state"] == "built" else "" for key in shown),
                megabytes(row["bytes"]) if row["state"] == "built" else "",
                row["description"] if row["state"] in ("built", "not built") else row["problem"],
            ]
            for row in rows
        ],
    )


def _described(
    path: Path, read: Callable[[str], IndexRecipe | GraphRecipe], id_key: str, counts: Mapping[str, str]
) -> dict[str, Any]:
    from ragmed.errors import IndexFault, NoIndex, RecipeError, UnknownName
    from ragmed.index import manifest

    row: dict[str, Any] = {"name": path.name, "path": str(path), "state": "not built", "description": ""}
    try:
        row["description"] = read(path.name).description
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
    described = {"state": "built", "description": row["description"] or built.table["description"]}
    return (
        row | described | {id_key: built.index_id, **{key: built.table[key] for key in counts}, "bytes": built.n_bytes}
    )
