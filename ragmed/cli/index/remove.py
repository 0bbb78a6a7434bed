"""``ragmed index remove``: delete a built index."""

from __future__ import annotations

import click

from ragmed.cli._options import json_option
from ragmed.cli._output import print_json, print_text
from ragmed.cli._where import index_folder


@click.command(
    epilog="""\b
Examples:
  ragmed index remove pubmedqa
"""
)
@click.argument("index")
@json_option
def remove(index: str, as_json: bool) -> None:
    """Delete the built INDEX. Its recipe and its downloaded sources stay, so it can be built again."""
    from ragmed.index.build import remove as remove_index

    folder = index_folder(index)
    remove_index(folder)
    if as_json:
        print_json({"removed": str(folder)})
    else:
        print_text(f"removed {folder}")


COMMAND = remove
