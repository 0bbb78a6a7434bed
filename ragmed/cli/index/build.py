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
  ragmed index build library --engine ray --address 10.0.0.1:6379
""",
)
@click.argument("recipe", default="default")
@click.option("--if-missing", is_flag=True, help="Do nothing where the index is already built.")
@click.option("--offline", is_flag=True, help="Download nothing; a source that is not here is an error.")
@click.option(
    "--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True, help="What does the work."
)
@click.option("--address", default="", metavar="HOST:PORT", help="The Ray cluster's head.  [default: this machine]")
@click.option("--workers", type=click.IntRange(min=1), help="Workers of Ray at most.  [default: all there is room for]")
@click.option(
    "--gpus", type=click.FloatRange(min=0), default=0.0, help="GPUs of a Ray worker that encodes, as 1 or 0.5."
)
@click.option("--shards", default="", metavar="PLACE", help="Where Ray's workers keep what is done; a folder or s3://…")
@json_option
def build(
    recipe: str,
    if_missing: bool,
    offline: bool,
    engine: str,
    address: str,
    workers: int | None,
    gpus: float,
    shards: str,
    as_json: bool,
) -> None:
    """Build the index of RECIPE, a name or a TOML file (by default the recipe named default).

    Sources are looked for in RAGMED_MIRROR, then among those downloaded; what is missing is downloaded.
    An index that is already there stays in use until the new one is complete. Until then the vectors that were made are
    kept (with --engine ray, all that was done), and the same command goes on with them where a build was stopped.
    """
    if engine == "local" and (address or workers or gpus or shards):
        raise click.UsageError("--address, --workers, --gpus and --shards need --engine ray")
    from ragmed.home import index_path, mirror
    from ragmed.recipe import read_index_recipe

    read = read_index_recipe(Path(recipe) if recipe.endswith(".toml") else recipe)
    destination = index_path(read.name)
    if if_missing and (destination / "manifest.json").is_file():
        return
    from ragmed.index.build import build as build_index
    from ragmed.index.engines.engine import Engine
    from ragmed.index.engines.local import Local
    from ragmed.index.places import kept_shards

    chosen: Engine = Local()
    if engine == "ray":
        from ragmed.index.engines.ray import Ray

        chosen = Ray(address=address, workers=workers or 0, gpus=gpus, shards=shards)
    started = time.monotonic()
    try:
        with progress_bars() as progress:
            manifest = build_index(
                read, destination, mirror=mirror(), fetch=not offline, progress=progress, engine=chosen
            )
    except KeyboardInterrupt:
        if kept_shards(destination).exists():
            click.echo("stopped; what was encoded is kept: run the same command again to go on", err=True)
        raise
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
