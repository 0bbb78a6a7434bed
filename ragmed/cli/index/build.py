"""``ragmed index build``: an index from its recipe."""

from __future__ import annotations

import time
from pathlib import Path

import click

from ragmed.cli._options import json_option
from ragmed.cli._output import count, megabytes, print_json, print_text
from ragmed.cli._progress import progress_bars


@click.command(
    short_help="Build an index from its recipe.",
    epilog="""\b
Examples:
  ragmed index build
  ragmed index build pubmedqa --offline
  ragmed index build ./my-recipe.toml
""",
)
@click.argument("recipe", default="default")
@click.option("--if-missing", is_flag=True, help="Do nothing where the index is already built.")
@click.option("--offline", is_flag=True, help="Download nothing; a source that is not here is an error.")
@json_option
def build(recipe: str, if_missing: bool, offline: bool, as_json: bool) -> None:
    """Build the index of RECIPE, a name or a TOML file (by default the recipe named default).

    Sources are looked for in RAGMED_MIRROR, then among those downloaded; what is missing is downloaded.
    An index that is already there stays in use until the new one is complete.
    """
    from ragmed.home import index_path, mirror
    from ragmed.recipe import read_index_recipe

    read = read_index_recipe(Path(recipe) if recipe.endswith(".toml") else recipe)
    destination = index_path(read.name)
    if if_missing and (destination / "manifest.json").is_file():
        return
    from ragmed.index.build import build as build_index

    started = time.monotonic()
    with progress_bars() as progress:
        manifest = build_index(read, destination, mirror=mirror(), fetch=not offline, progress=progress)
    duration_s = time.monotonic() - started
    if as_json:
        table = manifest.table
        print_json(
            {
                "name": manifest.name,
                "index_id": manifest.index_id,
                "path": str(destination),
                "n_documents": table["n_documents"],
                "n_passages": table["n_passages"],
                "bytes": manifest.n_bytes,
                "duration_s": round(duration_s, 3),
            }
        )
    else:
        size = f"{count(manifest.table['n_passages'], 'passage')}, {megabytes(manifest.n_bytes)}"
        print_text(f"{manifest.name}: {size} in {duration_s:.1f} s, at {destination}")


COMMAND = build
