"""The statistics of a corpus as a page of HTML that needs nothing but itself."""

from __future__ import annotations

from ragmed import charts
from ragmed.collection.statistics import Statistics, Tally
from ragmed.report import Report

_N_SHOWN = 15


def write_page(name: str, found: Statistics, report: Report | None = None) -> str:
    """The page; ``report`` is what the build noted, where it is known."""
    n = found.n_documents
    lengths = found.lengths
    figures = [
        ("documents", f"{n:,}"),
        ("words", f"{found.n_words:,}"),
        ("characters", f"{found.n_characters:,}"),
        ("question-answer pairs", f"{found.n_qa_pairs:,}"),
        ("with sections", f"{found.n_with_sections:,}"),
        ("without text", f"{found.n_empty:,}"),
        ("text equal to an earlier document's", f"{found.n_equal_texts:,}"),
        ("retracted", f"{found.n_retracted:,}"),
        ("licence permits commercial use", f"{found.commercial['yes']:,}"),
        ("licence forbids commercial use", f"{found.commercial['no']:,}"),
        ("commercial use unknown", f"{found.commercial['unknown']:,}"),
    ]
    parts = [charts.section("At a glance", charts.table(["what", "number"], figures))]
    parts.append(
        charts.section(
            "Length",
            charts.paragraph(
                f"Words per document: median {lengths.percentile(50):,}, mean {lengths.mean:,.1f}, "
                f"95th percentile {lengths.percentile(95):,}, longest {lengths.max:,}."
            ),
            charts.column_chart("Documents by number of words", lengths.histogram(), unit="documents"),
        )
    )
    periods = found.by_period()
    parts.append(
        charts.section(
            "Date",
            charts.paragraph(f"{found.n_undated:,} of {n:,} documents have no date."),
            *([charts.column_chart("Documents by date of publication", periods, unit="documents")] if periods else []),
        )
    )
    for title, tally in tallies(found).items():
        if tally.counts:
            parts.append(charts.section(title, *_tally(title, tally, n)))
    if report is not None:
        parts.append(charts.section("Build report", *_report(report)))
    return charts.page(f"Corpus {name}", *parts)


def tallies(found: Statistics) -> dict[str, Tally]:
    """The tallies by the heading they stand under."""
    return {
        "Source": found.sources,
        "Kind": found.kinds,
        "Licence": found.licences,
        "Language": found.languages,
        "Publication type": found.publication_types,
        "Journal": found.journals,
    }


def remainder(tally: Tally, n_shown: int) -> str:
    """What is not among the ``n_shown`` most frequent values, in words; empty where nothing is."""
    n_distinct = len(tally.counts)
    if n_distinct <= n_shown and not tally.n_other:
        return ""
    total = tally.counts.total() + tally.n_other
    rest = total - sum(count for _, count in tally.most_common(n_shown))
    more = "more than " if tally.n_other else ""
    return f"{rest:,} in {more}{n_distinct - min(n_shown, n_distinct):,} others"


def _tally(title: str, tally: Tally, n_documents: int) -> list[str]:
    shown = [(value or "(none)", count) for value, count in tally.most_common(_N_SHOWN)]
    chart = charts.bar_chart(f"Documents by {title.casefold()}", shown, of=n_documents, unit="documents")
    if cut := [(value, f"{count:,}") for value, count in shown if len(value) > charts.MAX_LABEL]:
        # Nothing is lost on paper: what does not fit beside a bar stands in a table.
        chart += "\n" + charts.table([f"{title} in full", "documents"], cut)
    rest = remainder(tally, _N_SHOWN)
    return [chart, charts.paragraph(f"Not shown: {rest}.")] if rest else [chart]


def _report(report: Report) -> list[str]:
    parts = [charts.paragraph(f"{report.n_read:,} items read, {report.n_kept:,} kept, {report.n_skipped:,} skipped.")]
    for heading, reasons in (("skipped because", report.skipped), ("kept, but", report.notes)):
        rows = [
            (reason, f"{tally.n:,}", ", ".join(tally.examples))
            for reason, tally in sorted(reasons.items(), key=lambda pair: (-pair[1].n, pair[0]))
        ]
        if rows:
            parts.append(charts.table([heading, "items", "for example"], rows))
    return parts
