"""``ragmed corpus info``: where a source comes from and whether it is here."""

from __future__ import annotations

from typing import Any

import click

from ragmed.cli._options import json_option
from ragmed.cli._output import count, print_json, print_text


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
            "from": file.url or file.package or file.folder,
            "sha256": file.sha256,
            "found_at": [
                str(path) for name, path in paths.items() if name == file.name or name.startswith(f"{file.name}/")
            ],
        }
        for file in recipe.files
    ]
    built = _built(recipe.name)
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
                "built": built,
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
        n = len(file["found_at"])
        print_text(f"file: {file['path']}, from {file['from']}" + (f": {count(n, 'file')} here" if n > 1 else ""))
    print_text(f"not available: {problem}" if problem else "available: every file is here and as it should be")
    if built:
        print_text(f"built: {built['n_documents']:,} documents, seal {built['seal'][:12]}")


def _built(name: str) -> dict[str, Any]:
    """What there is of the built corpus; nothing where it is not built."""
    from ragmed.collection.build import open_corpus
    from ragmed.errors import CorpusError

    try:
        corpus = open_corpus(name)
    except CorpusError:
        return {}
    return {"n_documents": len(corpus), "seal": corpus.manifest["seal"], "report": corpus.manifest["report"]}


COMMAND = info
