"""A comparison of systems as part of a report, or as a page of its own."""

from __future__ import annotations

from ragmed import charts
from ragmed.evaluation.compare import Comparison
from ragmed.evaluation.harm import VERDICTS, Harm
from ragmed.evaluation.wording import DECIMALS, interval, p_value

N_IDS = 50
"""Questions named by their ids; the rest is counted."""


def compared_section(comparison: Comparison) -> str:
    """The paired tests: differences with their intervals, wins and losses, and the first measure point by point."""
    parts = []
    for measure in dict.fromkeys(test.measure for test in comparison.tests):
        tests = [test for test in comparison.tests if test.measure == measure]
        parts.append(charts.heading(f"{measure}: difference of the means, with its 95 % interval"))
        rows = [(f"{test.second} − {test.first}", test.difference, test.low, test.high) for test in tests]
        parts.append(charts.interval_chart(f"{measure}: differences", rows, decimals=DECIMALS))
        parts.append(
            charts.table(
                ["systems", "difference", "95 % interval", "p", "p (Holm)", "won / tied / lost", "n"],
                [
                    (
                        f"{test.second} − {test.first}",
                        f"{test.difference:+.{DECIMALS}f}",
                        interval(test.low, test.high),
                        p_value(test.p),
                        p_value(test.p_holm),
                        f"{test.n_wins:,} / {test.n_ties:,} / {test.n_losses:,}",
                        f"{test.n:,}",
                    )
                    for test in tests
                ],
            )
        )
    parts.append(
        charts.paragraph(
            f"p by paired randomisation, two-sided, exact or from {comparison.n_permutations:,} exchanges, seed "
            f"{comparison.seed}; "
            f"corrected by Holm's method over the {len(comparison.tests)} tests above. Intervals by the paired "
            "bootstrap, not corrected. A difference that is not significant is no proof that there is none."
        )
    )
    if n_lonely := sum(test.n_only_first + test.n_only_second for test in comparison.tests):
        parts.append(charts.paragraph(f"{n_lonely:,} figures have no counterpart in the other system; left out."))
    if comparison.n_other_gold:
        said = f"{comparison.n_other_gold:,} questions have different right answers in the results; left out."
        parts.append(charts.paragraph(said))
    if len(comparison.benchmarks) > 1:
        parts.append(charts.paragraph(f"The results are of different benchmarks: {', '.join(comparison.benchmarks)}."))
    parts += _point_by_point(comparison)
    return charts.section("Systems compared", *parts)


def _point_by_point(comparison: Comparison) -> list[str]:
    """Of nDCG, else of the first measure that is not only 0 or 1: the first pair's figures, and all differences."""
    systems = {contender.label: contender.system for contender in comparison.contenders}
    for test in sorted(comparison.tests, key=lambda test: not test.measure.startswith("nDCG")):
        a, b = systems[test.first].figures(test.measure), systems[test.second].figures(test.measure)
        shared = [query_id for query_id in a if query_id in b]
        if all(value in (0.0, 1.0) for query_id in shared for value in (a[query_id], b[query_id])):
            continue
        gains = sorted((b[query_id] - a[query_id] for query_id in shared), reverse=True)
        name = f"{test.measure}, {test.second} against {test.first}"
        return [
            charts.heading(f"{name}, a point for each question"),
            charts.scatter_chart(
                f"{name}, by question",
                [(a[query_id], b[query_id]) for query_id in shared],
                x_label=test.first,
                y_label=test.second,
            ),
            charts.heading(f"{test.measure}, {test.second} − {test.first}, from the most gained to the most lost"),
            charts.line_chart(
                f"{name}, differences in order",
                {f"{test.second} − {test.first}": [(float(i), gain) for i, gain in enumerate(gains, start=1)]},
                x_label="questions in order of their difference",
                y_label="difference",
                steps=True,
            ),
        ]
    return []


def comparison_page(comparison: Comparison) -> str:
    """What ``ragmed compare --html`` writes."""
    harms = [part for first, second, found in comparison.harms for part in harm_parts(first, second, found)]
    names = ", ".join(contender.label for contender in comparison.contenders)
    changed = [charts.section("Right and wrong", *harms)] if harms else []
    return charts.page(f"Comparison of {names}", compared_section(comparison), *changed)


def harm_parts(first: str, second: str, found: Harm) -> list[str]:
    """A table of what changed from ``first`` to ``second``, its tests, and the questions that were harmed."""
    rows = [
        (before, *(f"{found.changes.get((before, after), 0):,}" for after in VERDICTS))
        for before in VERDICTS
        if any(found.changes.get((before, after)) for after in VERDICTS)
    ]
    said = (
        f"Of {found.n:,} questions, {len(found.harmed):,} went from right to wrong and {len(found.helped):,} from "
        f"wrong to right (exact McNemar test: p {p_value(found.p, sign=True)}); {len(found.silenced):,} right and "
        f"{len(found.withheld):,} wrong answers gave way to none. Counting no answer as not right, {found.lost:,} were "
        f"lost and {found.gained:,} gained (p {p_value(found.p_not_right, sign=True)})."
    )
    parts = [
        charts.heading(f"{first} → {second}"),
        charts.paragraph(said),
        charts.table([f"{first} ↓, {second} →", *VERDICTS], rows),
    ]
    for what, ids in (("right to wrong", found.harmed), ("wrong to right", found.helped)):
        if ids:
            more = f", and {len(ids) - N_IDS:,} more" if len(ids) > N_IDS else ""
            parts.append(charts.paragraph(f"From {what}: {', '.join(ids[:N_IDS])}{more}."))
    return parts
