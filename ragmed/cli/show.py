"""``ragmed show``: the passage behind a citation, or a whole document."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ragmed.cli._options import index_option, json_option
from ragmed.cli._output import print_json, print_text, warning

if TYPE_CHECKING:
    from ragmed.index.open import Index
    from ragmed.types import Passage


@click.command(
    short_help="Print the passage behind a citation.",
    epilog="""\b
Examples:
  ragmed show OMIM:154700
  ragmed show OMIM:154700 --json
""",
)
@click.argument("passage_or_document_id", metavar="ID")
@index_option
@json_option
def show(passage_or_document_id: str, index: str, as_json: bool) -> None:
    """Print the passage of that ID with its title, address and licence; of a document, every passage."""
    from ragmed.api import open_index

    opened = open_index(index)
    passages = _passages(opened, passage_or_document_id)
    if as_json:
        from ragmed.answers.json import to_json

        print_json({"id": passage_or_document_id, "index": opened.name, "passages": to_json(passages)})
        return
    for i, passage in enumerate(passages):
        if i:
            print_text()
        print_text(passage.title or passage.passage_id, "bold")
        for name in ("passage_id", "section", "page", "source", "url", "licence", "published"):
            if value := getattr(passage, name):
                print_text(f"{name}: {value}", "dim")
        if retracted := warning(passage):
            print_text(retracted, "red")
        print_text()
        if passage.question:
            print_text(f"Question: {passage.question}")
        print_text(passage.text)


def _passages(index: Index, wanted: str) -> list[Passage]:
    """The passage of that id, or the passages of that document in order. Raises `UnknownName`."""
    row = index.passages.row_of(wanted)
    if row is not None:
        return [index.passages[row]]
    # A passage's id begins with its document's.
    rows = [row for row, passage_id in enumerate(index.passages.ids) if passage_id.startswith(wanted)]
    of_document = [passage for passage in map(index.passages.__getitem__, rows) if passage.doc_id == wanted]
    return of_document or [index.passage(wanted)]


COMMAND = show
