"""What parts of the pipeline are worth, as a section of a report."""

from __future__ import annotations

from ragmed import charts
from ragmed.evaluation.compare import contenders_of, harms
from ragmed.evaluation.report_of_comparison import harm_parts
from ragmed.evaluation.results import Results
from ragmed.evaluation.statistics import N_PERMUTATIONS
from ragmed.evaluation.wording import DECIMALS, EFFECT, SUBSETS, effect


def ablation_section(results: Results) -> str:
    """Each system with and without a part: means, differences with their intervals, answers that changed."""
    if not results.ablations:
        return ""
    contenders = {contender.label: contender for contender in contenders_of(results)}
    parts = []
    for table in results.ablations:
        name = f"{table['system']} with and without {table['part']}"
        parts.append(charts.heading(name))
        parts.append(charts.paragraph(f"Left out: {'; '.join(table['left_out'])}."))
        for subset in dict.fromkeys(row["subset"] for row in table["rows"]):
            rows = [row for row in table["rows"] if row["subset"] == subset]
            if subset:
                parts.append(charts.heading(f"{name}: {SUBSETS[subset]}"))
            differences = [(row["measure"], row["difference"], row["low"], row["high"]) for row in rows]
            title = f"With less without {table['part']}, {table['system']}, {SUBSETS[subset]}"
            parts.append(charts.interval_chart(title, differences, decimals=DECIMALS))
            parts.append(charts.table(["measure", *EFFECT], [(row["measure"], *effect(row)) for row in rows]))
        for first, second, found in harms([contenders[table["without"]], contenders[table["system"]]]):
            parts += harm_parts(first, second, found)
    n_tests = sum(len(table["rows"]) for table in results.ablations)
    parts.append(
        charts.paragraph(
            "Differences are with less without: above 0, the part raised the figure. Intervals are of 95 %, by the "
            "paired bootstrap, not corrected; p by paired randomisation, two-sided, exact or from "
            f"{N_PERMUTATIONS:,} exchanges, seed {results.seed}, corrected by Holm's method over the {n_tests} tests "
            "here. A difference that is not significant is no proof that there is none, and an interval without width, "
            "of differences that are all equal, is no certainty."
        )
    )
    return charts.section("Ablation", *parts)
