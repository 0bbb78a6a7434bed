"""``ragmed corpus list``: every source there is a file for."""

from __future__ import annotations

import click

from ragmed.cli._options import json_option
from ragmed.cli._output import print_json, print_table


@click.command(
    epilog="""\b
Examples:
  ragmed corpus list
  ragmed corpus list --json
"""
)
@json_option
def list_(as_json: bool) -> None:
    """List the sources with their licences and numbers of documents."""
    from ragmed.home import recipe_files
    from ragmed.recipe import read_corpus_recipe

    recipes = [read_corpus_recipe(name) for name in recipe_files("corpora")]
    if as_json:
        rows = [
            {"name": r.name, "title": r.title, "homepage": r.homepage, "licence": r.licence, "counts": dict(r.counts)}
            for r in recipes
        ]
        print_json({"corpora": rows})
        return
    print_table(
        ["name", "title", "documents", "licence"],
        [
            [r.name, r.title, f"{r.counts['documents']:,}" if "documents" in r.counts else "", r.licence]
            for r in recipes
        ],
    )


list_.name = "list"
COMMAND = list_
