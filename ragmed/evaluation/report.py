"""An evaluation's results as one page of HTML that needs nothing but itself.

It is written not to flatter: every mean stands with its 95 % interval and its number of questions; strict figures
stand beside legacy ones; abstained, unparsed and failed answers are counted apart and never left out of a mean;
questions that stand in the index, and what was skipped, are told; so are the worst questions, word for word.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ragmed import charts
from ragmed.evaluation.compare import NotComparable, compare, contenders_of
from ragmed.evaluation.report_of_ablation import ablation_section
from ragmed.evaluation.report_of_answers import (
    calibration_section,
    cut,
    harm_section,
    outcomes_section,
    worst_section,
)
from ragmed.evaluation.report_of_comparison import compared_section
from ragmed.evaluation.results import Results, SystemResults, read_results
from ragmed.evaluation.statistics import Interval, mean_interval, wilson
from ragmed.evaluation.wording import DECIMALS, figure, interval

_BINS = 10
_N_CHARTS = 4
"""Systems whose distribution is drawn; the tables have all of them."""
_N_HITS = 10
"""Places shown where questions stand in what was searched."""


def write_report(folder: Path) -> Path:
    """Write ``report.html`` into a results folder.

    Raises:
        MissingFile, DamagedFile: see `read_results`.
    """
    path = folder / "report.html"
    page = report_page(read_results(folder))
    fresh = path.with_name(f".{path.name}.part")
    fresh.write_text(page, encoding="utf-8", errors="replace")
    os.replace(fresh, path)
    return path


def report_page(results: Results) -> str:
    """The page as HTML."""
    try:
        ablated = {table["without"] for table in results.ablations}
        whole = [contender for contender in contenders_of(results) if contender.label not in ablated]
        comparison = compare(whole, seed=results.seed)
    except NotComparable:
        comparison = None
    sections = [
        _in_short(results),
        _measures(results),
        ablation_section(results),
        _published(results),
        _expected(results),
        _groups(results),
        _distributions(results),
        compared_section(comparison) if comparison else "",
        outcomes_section(results),
        calibration_section(results),
        harm_section(results, comparison),
        _leakage(results),
        _cost(results),
        worst_section(results),
        _skipped(results),
        _made(results),
    ]
    return charts.page(f"Evaluation {results.name}", *filter(None, sections))


def _in_short(results: Results) -> str:
    facts = [
        ("benchmark", results.benchmark),
        ("questions", f"{results.n_questions:,}"),
        ("systems", ", ".join(results.systems)),
        ("seed", str(results.seed)),
    ]
    if description := results.summary.get("description"):
        facts.insert(0, ("what", str(description)))
    warnings = []
    if results.summary.get("limit"):
        warnings.append(f"A trial: only the first {results.n_questions:,} questions were asked.")
    if failed := [entry for entry in results.expected if not entry.get("ok")]:
        warnings.append(f"{len(failed)} of {len(results.expected)} expected figures are out of their tolerance.")
    if n_skipped := sum(tally["n"] for tally in results.report.get("skipped", {}).values()):
        warnings.append(f"{n_skipped:,} items of the benchmark could not be used; see below.")
    if results.leakage and (n_found := len(results.leakage.get("query_ids", ()))):
        warnings.append(f"{n_found:,} of {results.n_questions:,} questions stand in what was searched; see below.")
    if results.leakage is None:
        warnings.append("Whether questions stand in what was searched was not looked into.")
    return charts.section(
        "In short", charts.table(["evaluation", results.name], facts), *map(charts.paragraph, warnings)
    )


def _measures(results: Results) -> str:
    parts = []
    rows = []
    for label in measures_in_order(results):
        of_label = [(name, s.measures[label]) for name, s in results.systems.items() if label in s.measures]
        parts.append(charts.heading(f"{label}, mean and 95 % interval"))
        intervals = [(name, m.mean, m.low, m.high) for name, m in of_label]
        parts.append(charts.interval_chart(f"{label} of the systems", intervals))
        rows += [
            (label, name, figure(m.mean), interval(m.low, m.high), f"{m.n:,}", "groups" if m.macro else "questions")
            for name, m in of_label
        ]
    parts.append(charts.table(["measure", "system", "mean", "95 % interval", "n", "mean over"], rows))
    parts.append(
        charts.paragraph(
            "Means are over all questions to which a measure applies; a question without a result counts as the "
            "worst, 0 as a rule. Over groups: the mean of each group, then their unweighted mean. Intervals are "
            f"bootstrapped over questions (seed {results.seed}); they say nothing of questions of another kind."
        )
    )
    if any(m.low == m.high for system in results.systems.values() for m in system.measures.values()):
        parts.append(
            charts.paragraph(
                "An interval without width comes from questions whose figures are all equal: resampling them teaches "
                "nothing, and it is no certainty."
            )
        )
    if any("legacy" in row[0].casefold() for row in rows):
        parts.append(
            charts.paragraph(
                "Legacy figures follow the benchmark's own script, which takes a reply that it cannot read for an "
                'answer "A"; the strict figures beside them count it as wrong.'
            )
        )
    return charts.section("Measures", *parts)


def measures_in_order(results: Results) -> list[str]:
    """The measures' labels as the systems have them, each legacy one directly after its strict one."""
    labels = dict.fromkeys(label for system in results.systems.values() for label in system.measures)
    plain = [label for label in labels if "legacy" not in label.casefold()]
    legacy = [label for label in labels if "legacy" in label.casefold()]
    ordered: list[str] = []
    for label in plain:
        ordered += [label, *(other for other in legacy if _without_legacy(other) == label.casefold())]
    return ordered + [label for label in legacy if label not in ordered]


def _without_legacy(label: str) -> str:
    return " ".join(label.casefold().replace("legacy", " ").replace("(", " ").replace(")", " ").strip(" ,_-").split())


def _published(results: Results) -> str:
    rows = []
    for entry in results.published:
        measure, group = str(entry.get("measure", "")), str(entry.get("group") or "")
        what = f"{measure} of {group}" if group else measure
        for name in [entry["system"]] if entry.get("system") else list(results.systems):
            found = _mean_of(results, str(name), measure, group)
            value = float(entry["value"])
            ours = ["not measured", "", ""]
            if found is not None:
                mean, low, high = found
                within = "yes" if low <= value <= high else "no"
                ours = [f"{figure(mean)} {interval(low, high)}", f"{mean - value:+.{DECIMALS}f}", within]
            source = " — ".join(str(entry[key]) for key in ("name", "source") if entry.get(key))
            rows.append((what, str(name), ours[0], figure(value), ours[1], ours[2], source))
    if not rows:
        return ""
    headings = ["measure", "system", "here", "published", "difference", "in interval", "of, and source"]
    said = "Published figures are as their sources give them and were not recomputed here; they have intervals too."
    return charts.section("Published figures", charts.table(headings, rows), charts.paragraph(said))


def _mean_of(results: Results, name: str, measure: str, group: str) -> tuple[float, float, float] | None:
    system = results.systems.get(name)
    if system is None or measure not in system.measures:
        return None
    if group:
        return _group_means(system, measure, results.seed).get(group)
    found = system.measures[measure]
    return found.mean, found.low, found.high


def _expected(results: Results) -> str:
    if not results.expected:
        return ""
    rows = [
        (
            f"{entry.get('measure', '')}{' of ' + str(entry['group']) if entry.get('group') else ''}",
            str(entry.get("system", "")),
            "not measured" if entry.get("measured") is None else figure(entry["measured"]),
            figure(entry["value"]),
            f"± {entry['tolerance']:g}",
            "yes" if entry.get("ok") else "NO",
        )
        for entry in results.expected
    ]
    headings = ["measure", "system", "here", "expected", "tolerance", "holds"]
    return charts.section("Expected figures", charts.table(headings, rows))


def _groups(results: Results) -> str:
    parts = []
    for label in measures_in_order(results):
        by_system = {
            name: _group_means(system, label, results.seed)
            for name, system in results.systems.items()
            if len(system.measures[label].by_group if label in system.measures else ()) > 1
        }
        groups = sorted({group for found in by_system.values() for group in found})
        if not groups:
            continue
        intervals = [
            (group if len(by_system) == 1 else f"{group} · {name}", *found[group])
            for group in groups
            for name, found in by_system.items()
            if group in found
        ]
        counts = {
            name: Counter(row.group for row in results.systems[name].rows if label in row.figures) for name in by_system
        }
        rows = [
            (group, name, figure(found[group][0]), interval(*found[group][1:]), f"{counts[name][group]:,}")
            for group in groups
            for name, found in by_system.items()
            if group in found
        ]
        parts.append(charts.heading(f"{label} by group, mean and 95 % interval"))
        if not parts[1:]:
            parts.append(charts.interval_chart(f"{label} by group", intervals))
        parts.append(charts.table(["group", "system", "mean", "95 % interval", "n"], rows))
    said = "Intervals are bootstrapped within the group; of measures that are 0 or 1 they are Wilson's."
    return charts.section("Groups", *parts, charts.paragraph(said)) if parts else ""


def _group_means(system: SystemResults, measure: str, seed: int) -> dict[str, tuple[float, float, float]]:
    values: dict[str, list[float]] = {}
    for row in system.rows:
        if measure in row.figures:
            values.setdefault(row.group, []).append(row.figures[measure])
    found = {group: _mean(own, seed) for group, own in values.items()}
    return {group: (interval.mean, interval.low, interval.high) for group, interval in found.items()}


def _mean(values: Sequence[float], seed: int, groups: Sequence[str] | None = None) -> Interval:
    """A mean with its 95 % interval: Wilson's for a share, which has a width even where all are right."""
    if groups is None and all(value in (0.0, 1.0) for value in values):
        return wilson(sum(value == 1.0 for value in values), len(values))
    return mean_interval(values, groups=groups, seed=seed)


def _distributions(results: Results) -> str:
    """How the figures are spread, of measures that are more than right or wrong; the first of them is drawn."""
    rows: list[tuple[str, ...]] = []
    parts: list[str] = []
    for label in measures_in_order(results):
        figures = {name: sorted(system.figures(label).values()) for name, system in results.systems.items()}
        figures = {name: values for name, values in figures.items() if values}
        every = [value for values in figures.values() for value in values]
        if all(value in (0.0, 1.0) for value in every):
            continue
        if not parts and min(every) >= 0 and max(every) <= 1:
            for name, values in list(figures.items())[:_N_CHARTS]:
                title = f"Questions by {label} of {name}"
                parts += [charts.heading(title), charts.column_chart(title, _histogram(values), unit="questions")]
        for name, values in figures.items():
            quarters = [values[round(share * (len(values) - 1))] for share in (0, 0.25, 0.5, 0.75, 1)]
            rows.append((label, name, f"{values.count(0.0) / len(values):.1%}", *map(figure, quarters)))
    headings = ["measure", "system", "at 0", "least", "quarter", "median", "three quarters", "most"]
    return charts.section("Question by question", *parts, charts.table(headings, rows)) if rows else ""


def _histogram(values: Sequence[float]) -> list[tuple[str, float]]:
    """How many are 0, lie between, are 1.

    >>> [int(n) for _, n in _histogram([0, 0, 0.05, 0.1, 0.99, 1])]
    [2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1]
    """
    inner = Counter(min(int(value * _BINS + 1e-9), _BINS - 1) for value in values if 0 < value < 1)
    names = [f"{i / _BINS:g}–{(i + 1) / _BINS:g}" for i in range(_BINS)]
    bins = [(name, float(inner[i])) for i, name in enumerate(names)]
    return [("0", float(values.count(0))), *bins, ("1", float(values.count(1)))]


def _leakage(results: Results) -> str:
    found = results.leakage
    if found is None:
        return charts.section(
            "Leakage", charts.paragraph("Not looked into: whether questions or answers stand in what was searched.")
        )
    rows = [
        (
            name or results.benchmark,
            *(f"{counts[key]:,}" for key in ("n_questions", "n_searched", "n_question", "n_with_answer", "n_answer")),
            f"{counts['share']:.1%}",
        )
        for name, counts in found["groups"].items()
    ]
    headings = ["group", "questions", "looked for", "question found", "with its answer", "long answer found", "share"]
    parts = [
        charts.paragraph(
            f"Questions and answers of which {found['threshold']:.0%} or more of the {found['n']}-grams of words "
            f"stand in one of the {found['n_documents']:,} documents searched."
        ),
        charts.table(headings, rows),
    ]
    leaked = frozenset(found.get("query_ids", ()))
    if leaked:
        rows = []
        for label in measures_in_order(results):
            for name, system in results.systems.items():
                rows_of = [row for row in system.rows if label in row.figures]
                clean = [row for row in rows_of if row.query_id not in leaked]
                if label in system.measures and clean and len(clean) < len(rows_of):
                    macro = system.measures[label].macro
                    found_mean = _mean(
                        [row.figures[label] for row in clean],
                        results.seed,
                        [row.group for row in clean] if macro else None,
                    )
                    rows.append(
                        (
                            label,
                            name,
                            figure(system.measures[label].mean),
                            figure(found_mean.mean),
                            interval(found_mean.low, found_mean.high),
                            f"{len(clean):,}",
                        )
                    )
        parts.append(charts.heading("Measures without the questions that were found"))
        parts.append(charts.table(["measure", "system", "over all", "without", "95 % interval", "n"], rows))
    hits = found.get("hits", [])[:_N_HITS]
    if hits:
        parts.append(charts.heading(f"The first {len(hits)} of {found['n_hits']:,} places"))
        parts.append(
            charts.table(
                ["question", "document", "of question", "in common"],
                [(h["question_id"], h["doc_id"], f"{h['question_share']:.2f}", cut(h["overlap"], 160)) for h in hits],
            )
        )
    return charts.section("Leakage", *parts)


def _cost(results: Results) -> str:
    flat = {name: dict(_flat(system.cost)) for name, system in results.systems.items()}
    keys = list(dict.fromkeys(key for found in flat.values() for key in found))
    if not keys:
        return ""
    rows = [(key, *(found.get(key, "–") for found in flat.values())) for key in keys]
    said = "Times are of the machine that ran this, with what else it had to do: compare them within a page only."
    return charts.section("Cost", charts.table(["", *flat], rows), charts.paragraph(said))


def _flat(table: Mapping[str, Any], above: str = "") -> Iterable[tuple[str, str]]:
    for key, value in table.items():
        name = f"{above}{str(key).replace('_', ' ')}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name}: ")
        elif isinstance(value, float):
            yield name, f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
        else:
            yield name, f"{value:,}" if isinstance(value, int) else str(value)


def _skipped(results: Results) -> str:
    report = results.report
    counts = f"{report.get('n_read', 0):,} items read, {report.get('n_kept', 0):,} kept."
    parts = [charts.paragraph(counts)]
    for heading, key in (("skipped because", "skipped"), ("kept, but", "notes")):
        reasons = report.get(key) or {}
        rows = [
            (reason, f"{tally['n']:,}", ", ".join(tally["examples"]))
            for reason, tally in sorted(reasons.items(), key=lambda pair: (-pair[1]["n"], pair[0]))
        ]
        if rows:
            parts.append(charts.table([heading, "items", "for example"], rows))
    return charts.section("What was skipped", *parts) if report else ""


def _made(results: Results) -> str:
    parts = []
    if results.versions:
        parts.append(charts.table(["software", "version"], [(k, str(v)) for k, v in results.versions.items()]))
    cards = {"Index card": results.index_card, "Graph card": results.summary.get("graph_card")}
    for title, value in (cards | {"Recipe": results.recipe}).items():
        if value:
            text = value if isinstance(value, str) else json.dumps(value, indent=1, ensure_ascii=False)
            parts += [charts.heading(title), charts.preformatted(text)]
    return charts.section("How it was made", charts.paragraph(f"Seed {results.seed}."), *parts)
