"""``ragmed corpus stats``: what a built corpus holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ragmed.cli._options import json_option
from ragmed.cli._output import print_json, print_table, print_text

if TYPE_CHECKING:
    from ragmed.collection.statistics import Statistics
    from ragmed.report import Report

_N_SHOWN = 15


@click.command(
    short_help="Count what a corpus holds.",
    epilog="""\b
Examples:
  ragmed corpus stats medquad
  ragmed corpus stats medquad --json
  ragmed corpus stats medquad --html medquad.html
""",
)
@click.argument("corpus")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Also write a page with charts there.")
@json_option
def stats(corpus: str, html: Path | None, as_json: bool) -> None:
    """Count what CORPUS holds, a built corpus by name or folder.

    Documents, words, lengths, dates, sources, kinds, licences and whether they permit commercial use,
    languages, publication types, journals, retractions, equal texts; and what the build read, kept and skipped.
    """
    from ragmed.cli.corpus._reading import reading
    from ragmed.collection.build import open_corpus
    from ragmed.collection.statistics import measure
    from ragmed.collection.statistics_page import write_page

    built = open_corpus(corpus)
    found = measure(reading(built, f"count {built.name}", len(built)))
    if html is not None:
        html.write_text(write_page(built.name, found, built.report), encoding="utf-8", errors="replace")
    if as_json:
        print_json({"corpus": built.name} | found.table() | {"report": built.report.table()})
        return
    _print(built.name, found, built.report)
    if html is not None:
        print_text(f"written: {html}")


def _print(name: str, found: Statistics, report: Report) -> None:
    from ragmed.cli._charts import print_bars
    from ragmed.collection.statistics_page import remainder, tallies

    n = found.n_documents
    print_text(f"{name}: {n:,} documents, {found.n_words:,} words, {found.n_characters:,} characters", "bold")
    for what, n_such in (
        ("question-answer pairs", found.n_qa_pairs),
        ("with sections", found.n_with_sections),
        ("without text", found.n_empty),
        ("text equal to an earlier document's", found.n_equal_texts),
        ("retracted", found.n_retracted),
        ("without a date", found.n_undated),
    ):
        print_text(f"{what}: {n_such:,}")
    lengths = found.lengths
    print_bars(
        f"words per document (median {lengths.percentile(50):,}, mean {lengths.mean:,.1f}, "
        f"95th percentile {lengths.percentile(95):,}, longest {lengths.max:,})",
        lengths.histogram(),
        n,
    )
    if periods := found.by_period():
        print_bars("date", periods, n)
    print_bars("commercial use", [(answer, found.commercial[answer]) for answer in ("yes", "no", "unknown")], n)
    for title, tally in tallies(found).items():
        if tally.counts:
            shown = [(value or "(none)", count) for value, count in tally.most_common(_N_SHOWN)]
            print_bars(title.casefold(), shown, n)
            if rest := remainder(tally, _N_SHOWN):
                print_text(f"  and {rest}")
    print_text(f"build report: {report.n_read:,} read, {report.n_kept:,} kept, {report.n_skipped:,} skipped", "bold")
    for what, reasons in (("skipped", report.skipped), ("note", report.notes)):
        if reasons:
            print_table(
                [what, "items", "for example"],
                [[reason, f"{tally.n:,}", ", ".join(tally.examples)] for reason, tally in sorted(reasons.items())],
            )


COMMAND = stats
