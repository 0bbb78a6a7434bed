"""``ragmed index list``: every recipe and whether its index is built."""

from __future__ import annotations

import click

from ragmed.cli._list import print_list
from ragmed.cli._options import json_option


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
    from ragmed.recipe import read_index_recipe

    print_list("indexes", read_index_recipe, "index_id", {"n_documents": "", "n_passages": "passages"}, as_json=as_json)


list_.name = "list"
COMMAND = list_
