"""``ragmed compare``: paired tests between the systems of evaluations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ragmed.cli._options import json_option
from ragmed.cli._output import count, print_json, print_table, print_text

if TYPE_CHECKING:
    from ragmed.evaluation.compare import Comparison


@click.command(
    short_help="Compare evaluated systems by paired tests.",
    epilog="""\b
Examples:
  ragmed compare pubmedqa:bm25 pubmedqa:hybrid
  ragmed compare nfcorpus scifact:dense --measure nDCG@10
  ragmed compare eval/results/old eval/results/new --html comparison.html
""",
)
@click.argument("results", nargs=-1, required=True)
@click.option("-m", "--measure", "measures", multiple=True, metavar="LABEL", help="Test only this measure; repeatable.")
@click.option("--seed", type=click.IntRange(min=0), default=20_250_731, show_default=True, help="Of what is drawn.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Also write a page with charts there.")
@json_option
def compare(results: tuple[str, ...], measures: tuple[str, ...], seed: int, html: Path | None, as_json: bool) -> None:
    """Compare the systems of RESULTS on the questions they share, measure by measure.

    Each of RESULTS is a results folder or its name under eval/results, of all its systems or, as NAME:SYSTEM, of
    one. Told of each pair: the mean difference with its 95 % interval, p by paired randomisation with Holm's
    correction over all tests printed, wins, ties and losses; and, for choices, what turned right or wrong.
    """
    from ragmed.evaluation.compare import compare as compare_systems
    from ragmed.evaluation.compare import find_contenders

    found = compare_systems(find_contenders(results), measures, seed=seed)
    if html is not None:
        from ragmed.evaluation.report_of_comparison import comparison_page

        html.write_text(comparison_page(found), encoding="utf-8", errors="replace")
    if as_json:
        print_json(found.table())
        return
    _print(found)
    if html is not None:
        print_text(f"written: {html}")


def _print(found: Comparison) -> None:
    from ragmed.evaluation.wording import p_value

    if len(found.benchmarks) > 1:
        print_text(f"different benchmarks: {', '.join(found.benchmarks)}", "yellow")
    print_table(
        ["measure", "systems", "means", "difference", "95 % interval", "p", "p (Holm)", "wins/ties/losses", "n"],
        [
            [
                test.measure,
                f"{test.second} − {test.first}",
                f"{test.mean_second:.4f} − {test.mean_first:.4f}",
                f"{test.difference:+.4f}",
                f"[{test.low:+.4f}, {test.high:+.4f}]",
                p_value(test.p),
                p_value(test.p_holm),
                f"{test.n_wins}/{test.n_ties}/{test.n_losses}",
                f"{test.n:,}",
            ]
            for test in found.tests
        ],
    )
    for test in found.tests:
        if test.n_only_first or test.n_only_second:
            print_text(
                f"{test.measure}: {test.n_only_first:,} questions only in {test.first}, "
                f"{test.n_only_second:,} only in {test.second}; left out",
                "yellow",
            )
    if found.n_other_gold:
        print_text(f"{found.n_other_gold:,} questions have different right answers in the results; left out", "yellow")
    for first, second, changed in found.harms:
        print_text(
            f"{first} → {second}: of {changed.n:,} questions {len(changed.harmed):,} right → wrong, "
            f"{len(changed.helped):,} wrong → right (McNemar p {p_value(changed.p, sign=True)}), "
            f"{len(changed.silenced):,} right → no answer, {len(changed.withheld):,} wrong → no answer"
        )
    tests = count(len(found.tests), "test")
    print_text(f"{tests}, {found.n_permutations:,} exchanges, {found.n_resamples:,} resamples, seed {found.seed}")


COMMAND = compare
