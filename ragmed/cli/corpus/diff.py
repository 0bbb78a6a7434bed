"""``ragmed corpus diff``: what changed between two corpora, or two builds of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice

import click

from ragmed.cli._options import json_option
from ragmed.cli._output import count, print_json, print_table, print_text

_KINDS = ("added", "removed", "changed")


@click.command(
    short_help="Compare two corpora, or two builds of one.",
    epilog="""\b
Examples:
  ragmed corpus diff pubmed
  ragmed corpus diff pubmed --list removed
  ragmed corpus diff /backup/corpora/pubmed/built pubmed --json
""",
)
@click.argument("before", metavar="CORPUS")
@click.argument("after", metavar="[LATER]", required=False)
@click.option(
    "-n", "n_ids", type=click.IntRange(min=0), default=5, show_default=True, help="Document ids to show of each sort."
)
@click.option("--list", "listed", type=click.Choice(_KINDS), help="Print the ids of all of these and nothing else.")
@json_option
def diff(before: str, after: str | None, n_ids: int, listed: str | None, as_json: bool) -> None:
    """Show which documents were added, removed or changed from CORPUS to LATER, each a name or a folder.

    With one CORPUS alone: from its previous build to the present one. With --list changed, each id is followed by
    a tab and the fields that differ.
    """
    from ragmed.collection.build import open_corpus
    from ragmed.collection.difference import Change, compare

    old = open_corpus(before, previous=after is None)
    new = open_corpus(after or before)
    found = compare(old, new)
    if listed and not as_json:
        lines: Iterator[str]
        if listed == "changed":
            lines = (f"{change.doc_id}\t{', '.join(change.fields)}" for change in found.changes())
        else:
            lines = found.added_ids() if listed == "added" else found.removed_ids()
        for line in lines:
            print_text(line)
        return
    # All of what is listed, the first few of the others.
    depth = {kind: None if kind == listed else n_ids for kind in _KINDS}
    n_changed, by_field = 0, Counter[str]()
    changes: list[Change] = []
    for change in found.changes():
        n_changed += 1
        by_field.update(change.fields)
        if depth["changed"] is None or len(changes) < depth["changed"]:
            changes.append(change)
    added = list(islice(found.added_ids(), depth["added"]))
    removed = list(islice(found.removed_ids(), depth["removed"]))
    fields = dict(sorted(by_field.items(), key=lambda pair: (-pair[1], pair[0])))
    if as_json:
        print_json(
            {
                "before": {"corpus": old.name, "n_documents": len(old)},
                "after": {"corpus": new.name, "n_documents": len(new)},
                "n_added": len(found.added),
                "n_removed": len(found.removed),
                "n_changed": n_changed,
                "n_changed_by_field": fields,
                "added": added,
                "removed": removed,
                "changed": [{"doc_id": change.doc_id, "fields": list(change.fields)} for change in changes],
            }
        )
        return
    which = f"{new.name}, previous build to present" if after is None else f"{before} to {after}"
    print_text(f"{which}: {count(len(old), 'document')} to {count(len(new), 'document')}", "bold")
    for kind, n, ids in (
        ("added", len(found.added), added),
        ("removed", len(found.removed), removed),
        ("changed", n_changed, [f"{change.doc_id} ({', '.join(change.fields)})" for change in changes]),
    ):
        more = ", …" if n > len(ids) > 0 else ""
        print_text(f"{kind}: {n:,}" + (f": {', '.join(ids)}{more}" if ids else ""))
    if fields:
        print_table(["changed field", "documents"], [[name, f"{n:,}"] for name, n in fields.items()])


COMMAND = diff
