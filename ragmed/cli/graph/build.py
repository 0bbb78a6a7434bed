"""``ragmed graph build``: a knowledge graph from its recipe."""

from __future__ import annotations

import time
from pathlib import Path

import click

from ragmed.cli._options import json_option
from ragmed.cli._output import count, megabytes, print_json, print_text
from ragmed.cli._progress import progress_bars


@click.command(
    short_help="Build a knowledge graph from its recipe.",
    epilog="""\b
Examples:
  ragmed graph build
  ragmed graph build default --offline
  ragmed graph build ./my-graph.toml
""",
)
@click.argument("recipe", default="default")
@click.option("--if-missing", is_flag=True, help="Do nothing where the graph is already built.")
@click.option("--offline", is_flag=True, help="Download nothing; a source that is not here is an error.")
@json_option
def build(recipe: str, if_missing: bool, offline: bool, as_json: bool) -> None:
    """Build the graph of RECIPE, a name or a TOML file (by default the recipe named default).

    Sources are looked for in RAGMED_MIRROR, then among those downloaded; what is missing is downloaded.
    A graph that is already there stays in use until the new one is complete.
    """
    from ragmed.home import graph_path, mirror
    from ragmed.recipe import read_graph_recipe

    read = read_graph_recipe(Path(recipe) if recipe.endswith(".toml") else recipe)
    destination = graph_path(read.name)
    if if_missing and (destination / "manifest.json").is_file():
        return
    from ragmed.index.graphs import build_graph

    started = time.monotonic()
    with progress_bars() as progress:
        manifest = build_graph(read, destination, mirror=mirror(), fetch=not offline, progress=progress)
    duration_s = time.monotonic() - started
    table = manifest.table
    if as_json:
        print_json(
            {
                "name": manifest.name,
                "graph_id": manifest.index_id,
                "path": str(destination),
                "n_nodes": table["n_nodes"],
                "n_edges": table["n_edges"],
                "bytes": manifest.n_bytes,
                "report": table["report"],
                "duration_s": round(duration_s, 3),
            }
        )
        return
    size = f"{count(table['n_nodes'], 'node')}, {count(table['n_edges'], 'statement')}, {megabytes(manifest.n_bytes)}"
    print_text(f"{manifest.name}: {size} in {duration_s:.1f} s, at {destination}")


COMMAND = build
