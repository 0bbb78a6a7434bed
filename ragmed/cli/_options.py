"""Options that several commands share."""

from __future__ import annotations

import click

index_option = click.option(
    "-i", "--index", default="default", show_default=True, help="Name of an index, or the folder of a built one."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
