"""``ragmed graph list``: every recipe of a graph and whether it is built."""

from __future__ import annotations

import click

from ragmed.cli._list import print_list
from ragmed.cli._options import json_option


@click.command(
    epilog="""\b
Examples:
  ragmed graph list
  ragmed graph list --json
"""
)
@json_option
def list_(as_json: bool) -> None:
    """List the knowledge graphs there are recipes for, and those already built."""
    from ragmed.recipe import read_graph_recipe

    print_list(
        "indexes/graphs", read_graph_recipe, "graph_id", {"n_nodes": "nodes", "n_edges": "statements"}, as_json=as_json
    )


list_.name = "list"
COMMAND = list_
