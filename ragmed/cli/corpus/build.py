"""``ragmed corpus build``: read a source into columns, and say what became of each item."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from ragmed.cli._options import json_option
from ragmed.cli._output import count, print_json, print_text
from ragmed.cli._progress import progress_bars

if TYPE_CHECKING:
    from ragmed.report import Report, Tally


@click.command(
    short_help="Read a source; new or changed files only.",
    epilog="""\b
Examples:
  ragmed corpus build medquad
  ragmed corpus build pubmed --offline
  ragmed corpus build pubmed --allow-damaged --json
""",
)
@click.argument("corpus")
@click.option("--offline", is_flag=True, help="Download nothing; a source that is not here is an error.")
@click.option(
    "--allow-damaged",
    is_flag=True,
    help="Keep what could be read of files that are broken half-way; exit code 1 all the same.",
)
@click.option("--workers", type=click.IntRange(1, 256), help="Processes to read with.  [default: one a core]")
@json_option
def build(corpus: str, offline: bool, allow_damaged: bool, workers: int | None, as_json: bool) -> int:
    """Read CORPUS, a name or the path of a corpus file, and report what was kept and what was left out.

    Files that were read before and have not changed are not read again: run it again after an interruption
    or an update. "ragmed index build" does this by itself for the corpora it needs.
    """
    from pathlib import Path

    from ragmed.collection.build import build as build_corpus
    from ragmed.home import mirror
    from ragmed.recipe import read_corpus_recipe

    recipe = read_corpus_recipe(Path(corpus) if corpus.endswith(".toml") else corpus)
    started = time.monotonic()
    with progress_bars() as progress:
        built = build_corpus(
            recipe,
            mirror=mirror(),
            fetch=not offline,
            progress=progress,
            workers=workers,
            allow_damaged=allow_damaged,
        )
    duration_s = time.monotonic() - started
    if as_json:
        print_json(
            {
                "corpus": built.name,
                "path": str(built.folder),
                "seal": built.manifest["seal"],
                "release": built.manifest["release"],
                "n_documents": len(built),
                "n_parts": len(built.manifest["parts"]),
                "damaged": dict(built.damaged),
                "report": built.manifest["report"],
                "duration_s": round(duration_s, 3),
            }
        )
        return 1 if built.damaged else 0
    print_text(f"{built.name}: {count(len(built), 'document')} in {duration_s:.1f} s, at {built.folder}", "bold")
    print_report(built.report)
    for problem in built.damaged.values():
        print_text(f"damaged: {problem}", "red")
    return 1 if built.damaged else 0


def print_report(report: Report) -> None:
    """What was read, kept, skipped and noted, with examples."""
    print_text(f"read {report.n_read:,}, kept {report.n_kept:,}, skipped {report.n_skipped:,}")
    for what, tallies in (("skipped", report.skipped), ("noted", report.notes)):
        for reason, tally in sorted(tallies.items(), key=lambda item: -item[1].n):
            print_text(f"{what} {tally.n:,}: {reason}{_examples(tally)}")


def _examples(tally: Tally) -> str:
    if not tally.examples:
        return ""
    more = ", …" if tally.n > len(tally.examples) else ""
    return f" ({', '.join(tally.examples)}{more})"


COMMAND = build
