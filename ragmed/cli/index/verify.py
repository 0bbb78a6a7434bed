"""``ragmed index verify``: compare every file of an index with its manifest."""

from __future__ import annotations

import click

from ragmed.cli._options import json_option
from ragmed.cli._output import count, megabytes, print_json, print_text
from ragmed.cli._where import index_folder


@click.command(
    short_help="Check every file of an index.",
    epilog="""\b
Examples:
  ragmed index verify default
""",
)
@click.argument("index", default="default")
@json_option
def verify(index: str, as_json: bool) -> None:
    """Check the sha256 of every file of INDEX against its manifest; exit code 1 where one differs."""
    from ragmed.index import manifest

    checked = manifest.check(index_folder(index), full=True)
    n_files = len(checked.table["files"])
    if as_json:
        print_json(
            {
                "name": checked.name,
                "index_id": checked.index_id,
                "ok": True,
                "n_files": n_files,
                "bytes": checked.n_bytes,
            }
        )
    else:
        size = f"{count(n_files, 'file')}, {megabytes(checked.n_bytes)}"
        print_text(f"{checked.name} ({checked.index_id}): {size}, all as the manifest says")


COMMAND = verify
