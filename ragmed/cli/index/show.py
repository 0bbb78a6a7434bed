"""``ragmed index show``: what an index holds and how it was built."""

from __future__ import annotations

import click

from ragmed.cli._options import json_option
from ragmed.cli._output import count, megabytes, print_json, print_text
from ragmed.cli._where import index_folder


@click.command(
    short_help="Show what an index holds.",
    epilog="""\b
Examples:
  ragmed index show default
  ragmed index show default --json
""",
)
@click.argument("index", default="default")
@json_option
def show(index: str, as_json: bool) -> None:
    """Show what INDEX holds: corpora with releases and licences, retrievers, versions; --json: its manifest."""
    from ragmed.index import manifest

    folder = index_folder(index)
    read = manifest.read(folder)
    table = read.table
    if as_json:
        print_json({"index_id": read.index_id, "path": str(folder), **table})
        return
    print_text(f"{read.name} ({read.index_id})", "bold")
    if table["description"]:
        print_text(table["description"])
    size = f"{count(table['n_documents'], 'document')}, {count(table['n_passages'], 'passage')}"
    print_text(f"{size}, {megabytes(read.n_bytes)}, at {folder}")
    for corpus in table["corpora"]:
        print_text()
        print_text(f"corpus {corpus['name']}: {corpus['title']}", "bold")
        print_text(f"release: {corpus['release'] or 'not stated'}")
        print_text(f"licence: {corpus['licence']}")
        for file in corpus["files"]:
            print_text(f"file: {file['name']}, {megabytes(file['bytes'])}, sha256 {file['sha256']}")
    print_text()
    for retriever in table["retrievers"]:
        facts = ", ".join(f"{key} {value}" for key, value in retriever.items() if key != "name")
        print_text(f"retriever {retriever['name']}" + (f": {facts}" if facts else ""))
    print_text("built with " + ", ".join(f"{name} {version}" for name, version in table["versions"].items()), "dim")


COMMAND = show
