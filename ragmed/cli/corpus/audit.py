"""``ragmed corpus audit``: benchmark questions and answers that stand in a corpus."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ragmed.cli._options import json_option
from ragmed.cli._output import count, print_json, print_table, print_text

if TYPE_CHECKING:
    from ragmed.collection.audit import Audit
    from ragmed.report import Report
    from ragmed.types import Document


@click.command(
    short_help="Look for benchmark questions in a corpus or an index.",
    epilog="""\b
Examples:
  ragmed corpus audit medquad --benchmark benchmark.json
  ragmed corpus audit medquad --benchmark a.jsonl --benchmark b.jsonl --csv hits.csv
  ragmed corpus audit --index default --benchmark benchmark.json --fail-over 0.01
""",
)
@click.argument("corpus", required=False)
@click.option("-i", "--index", help="Look in this index, by name or folder, instead of a corpus.")
@click.option(
    "-b",
    "--benchmark",
    "benchmarks",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path),
    help="A file of questions, JSON or JSON lines; give it more than once for several.",
)
@click.option("--n", "n_words", type=click.IntRange(5, 50), default=8, show_default=True, help="Words of an n-gram.")
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.5,
    show_default=True,
    help="Share of a question's n-grams that a document must hold.",
)
@click.option("--show", "n_shown", type=click.IntRange(min=0), default=20, show_default=True, help="Hits to print.")
@click.option("--csv", "csv_path", type=click.Path(dir_okay=False, path_type=Path), help="Also write every hit there.")
@click.option(
    "--fail-over",
    type=click.FloatRange(0, 1),
    help="Exit with 1 where a larger share of the questions of one benchmark is found.",
)
@json_option
def audit(
    corpus: str | None,
    index: str | None,
    benchmarks: tuple[Path, ...],
    n_words: int,
    threshold: float,
    n_shown: int,
    csv_path: Path | None,
    fail_over: float | None,
    as_json: bool,
) -> int:
    """Look for the questions and answers of benchmarks in CORPUS, a built corpus by name or folder.

    A question is found where a document holds enough of its n-grams of words; phrases that many questions share
    do not count. Told are the documents, the words in common and whether the correct answer stands there too.
    What is found is no error: the exit code is 0 unless --fail-over says otherwise.
    """
    from ragmed.cli.corpus._reading import reading
    from ragmed.collection.audit import audit as audit_documents
    from ragmed.collection.benchmark_files import read_benchmarks
    from ragmed.report import Report

    if (corpus is None) == (index is None):
        raise click.UsageError("name either a corpus or, with --index, an index")
    report = Report()
    questions = read_benchmarks(list(dict.fromkeys(benchmarks)), report)
    name, documents, total = _open(corpus, index)
    found = audit_documents(reading(documents, f"audit {name}", total), questions, n=n_words, threshold=threshold)
    if csv_path is not None:
        _write_csv(csv_path, found)
    failed = fail_over is not None and any(counts.share > fail_over for counts in found.found.values())
    if as_json:
        print_json(
            {
                "corpus": name,
                "n_documents": found.n_documents,
                "n": found.n,
                "threshold": found.threshold,
                "benchmarks": {
                    benchmark: asdict(counts) | {"share": round(counts.share, 6)}
                    for benchmark, counts in found.found.items()
                },
                "hits": [asdict(hit) for hit in found.hits],
                "report": report.table(),
                "failed": failed,
            }
        )
    else:
        _print(name, found, report, n_shown)
        if failed:
            print_text(f"a benchmark has more than {fail_over:.2%} of its questions in {name}", "red")
    return 1 if failed else 0


def _open(corpus: str | None, index: str | None) -> tuple[str, Iterable[Document], int]:
    """Name, documents and their number (0 where it is not known beforehand)."""
    if index is not None:
        from ragmed.api import open_index
        from ragmed.collection.joined_passages import join_passages

        opened = open_index(index)
        return f"index {opened.name}", join_passages(opened.passages), 0
    from ragmed.collection.build import open_corpus

    assert corpus is not None
    built = open_corpus(corpus)
    return built.name, built, len(built)


def _write_csv(path: Path, found: Audit) -> None:
    from ragmed.collection.audit import Hit

    with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Hit)])
        writer.writeheader()
        writer.writerows(asdict(hit) for hit in found.hits)


def _print(name: str, found: Audit, report: Report, n_shown: int) -> None:
    print_text(
        f"{name}: {count(found.n_documents, 'document')}; n-grams of {found.n} words; "
        f"found at a share of {found.threshold:g} or more",
        "bold",
    )
    print_table(
        ["benchmark", "questions", "looked for", "question found", "with its answer", "long answer found", "share"],
        [
            [
                benchmark,
                f"{counts.n_questions:,}",
                f"{counts.n_searched:,}",
                f"{counts.n_question:,}",
                f"{counts.n_with_answer:,}",
                f"{counts.n_answer:,}",
                f"{counts.share:.2%}",
            ]
            for benchmark, counts in found.found.items()
        ],
    )
    for reason, tally in sorted(report.skipped.items()):
        print_text(f"left out: {count(tally.n, 'item')}, {reason} ({', '.join(tally.examples)})")
    if found.hits and n_shown:
        print_text()
        print_table(
            ["benchmark", "question", "document", "field", "of question", "of answer", "has answer", "in common"],
            [
                [
                    hit.benchmark,
                    hit.question_id,
                    hit.doc_id,
                    hit.field,
                    f"{hit.question_share:.2f}",
                    f"{hit.answer_share:.2f}",
                    {True: "yes", False: "no", None: "–"}[hit.has_answer],
                    hit.overlap if len(hit.overlap) <= 80 else hit.overlap[:79] + "…",
                ]
                for hit in found.hits[:n_shown]
            ],
        )
    if len(found.hits) > n_shown:
        print_text(f"{len(found.hits) - n_shown:,} more hits; --show, --csv and --json give them")


COMMAND = audit
