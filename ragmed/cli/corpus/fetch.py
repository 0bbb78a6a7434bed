"""``ragmed corpus fetch``: download a source."""

from __future__ import annotations

import click

from ragmed.cli._options import json_option
from ragmed.cli._output import print_json, print_text
from ragmed.cli._progress import progress_bars


@click.command(
    short_help="Download a source and check it.",
    epilog="""\b
Examples:
  ragmed corpus fetch pubmedqa
""",
)
@click.argument("corpus")
@json_option
def fetch(corpus: str, as_json: bool) -> None:
    """Download what is missing of CORPUS, check it, and print where its files lie."""
    from ragmed import sources
    from ragmed.home import mirror
    from ragmed.recipe import read_corpus_recipe

    recipe = read_corpus_recipe(corpus)
    with progress_bars() as progress:
        paths = sources.fetch(recipe, mirror(), progress)
    if as_json:
        print_json({"corpus": recipe.name, "files": {name: str(path) for name, path in paths.items()}})
    else:
        for path in paths.values():
            print_text(str(path))


COMMAND = fetch
