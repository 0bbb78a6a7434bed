"""``ragmed corpus add``: a folder of one's own files as a corpus."""

from __future__ import annotations

from pathlib import Path

import click

from ragmed.cli._options import json_option
from ragmed.cli._output import print_json, print_text


@click.command(
    short_help="Make a corpus and an index recipe for a folder of files.",
    epilog="""\b
Examples:
  ragmed corpus add guidelines /srv/guidelines
  ragmed corpus add guidelines ./guidelines --licence "in house" --base-url https://intranet/guidelines/
""",
)
@click.argument("name")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--title", help="What it is called.  [default: NAME]")
@click.option("--licence", default="not stated", show_default=True, help="Under which its texts may be used.")
@click.option("--base-url", default="", help="What stands before a file's path where others open it.")
@click.option("--replace", is_flag=True, help="Overwrite the recipes of that name.")
@json_option
def add(name: str, folder: Path, title: str | None, licence: str, base_url: str, replace: bool, as_json: bool) -> None:
    """Write the recipes of a corpus and an index NAME for the PDF, Word, HTML, Markdown and text files in FOLDER.

    Nothing is read yet: "ragmed index build NAME" does that, and does it again, for what has changed, whenever
    it is called.
    """
    from ragmed.collection.own_folder import write_recipes

    paths = write_recipes(name, folder, title=title or name, licence=licence, base_url=base_url, replace=replace)
    if as_json:
        print_json({"corpus": str(paths[0]), "index": str(paths[1])})
        return
    for path in paths:
        print_text(f"wrote {path}")
    print_text(f'next: ragmed index build {name}, then: ragmed ask --index {name} "…"')


COMMAND = add
