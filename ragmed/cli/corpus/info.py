"""``ragmed corpus info``: where a source comes from and whether it is here."""

from __future__ import annotations

import click

from ragmed.cli._options import json_option
from ragmed.cli._output import print_json, print_text


@click.command(
    short_help="Describe a source and say whether it is here.",
    epilog="""\b
Examples:
  ragmed corpus info pubmedqa
""",
)
@click.argument("corpus")
@json_option
def info(corpus: str, as_json: bool) -> None:
    """Describe CORPUS: title, licence, citation, files, and whether they are here and undamaged."""
    from ragmed import sources
    from ragmed.errors import CorpusError
    from ragmed.home import mirror
    from ragmed.recipe import read_corpus_recipe

    recipe = read_corpus_recipe(corpus)
    problem, paths = "", {}
    try:
        paths = sources.locate(recipe, mirror())
    except CorpusError as error:
        problem = str(error)
    files = [
        {
            "name": file.name,
            "path": file.path,
            "from": file.url or file.package,
            "sha256": file.sha256,
            "found_at": str(paths.get(file.name, "")),
        }
        for file in recipe.files
    ]
    if as_json:
        print_json(
            {
                "name": recipe.name,
                "title": recipe.title,
                "homepage": recipe.homepage,
                "licence": recipe.licence,
                "citation": recipe.citation,
                "counts": dict(recipe.counts),
                "available": not problem,
                "problem": problem,
                "files": files,
            }
        )
        return
    print_text(f"{recipe.name}: {recipe.title}", "bold")
    for name in ("homepage", "licence", "citation"):
        if value := getattr(recipe, name):
            print_text(f"{name}: {value}")
    for what, n in recipe.counts.items():
        print_text(f"{what}: {n:,}")
    for file in files:
        print_text(f"file: {file['path']}, from {file['from']}")
    print_text(f"not available: {problem}" if problem else "available: every file is here and as it should be")


COMMAND = info
