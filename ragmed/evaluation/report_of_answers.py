"""What a report says of answers: how they ended, how far their confidence can be trusted, what retrieval spoilt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ragmed import charts
from ragmed.evaluation.calibration import (
    area_under_risk_coverage,
    brier_score,
    expected_calibration_error,
    reliability,
    risk_coverage,
)
from ragmed.evaluation.compare import Comparison
from ragmed.evaluation.harm import VERDICTS
from ragmed.evaluation.report_of_comparison import harm_parts
from ragmed.evaluation.results import QuestionRow, Results, SystemResults
from ragmed.evaluation.statistics import wilson
from ragmed.evaluation.wording import figure, share

N_WORST = 10
"""Questions listed for each system."""
MAX_CHARS = 700
"""Of a question or an answer; the rest is in ``answers.jsonl``."""


def outcomes_section(results: Results) -> str:
    counts = {name: Counter(filter(None, (r.outcome for r in s.rows))) for name, s in results.systems.items()}
    counts = {name: found for name, found in counts.items() if found}
    if not counts:
        return ""
    judged = {name: Counter(r.verdict for r in results.systems[name].rows if r.gold and r.verdict) for name in counts}
    parts = []
    if any(judged.values()):
        parts.append(charts.stacked_chart("Right, wrong, no answer", list(judged.items()), VERDICTS))
        counted, shares = [], []
        for name, found in judged.items():
            n, n_answered = found.total(), found["right"] + found["wrong"]
            counted.append((name, *(f"{found[verdict]:,}" for verdict in VERDICTS), f"{n:,}"))
            answered = f"{n_answered / n:.1%}" if n else "–"
            shares.append((name, share(found["right"], n), share(found["right"], n_answered), answered))
        parts.append(charts.table(["system", *VERDICTS, "all"], counted))
        parts.append(charts.table(["system", "right of all", "right of answered", "answered"], shares))
        parts.append(
            charts.paragraph(
                "Right of answered leaves out what was not answered, and so can be raised by answering less: it is no "
                "accuracy. Intervals are Wilson's, 95 %."
            )
        )
    else:
        parts.append(
            charts.stacked_chart("Outcomes", list(counts.items()), ("answered", "abstained", "unparsed", "failed"))
        )
    return charts.section("Outcomes", *parts)


def calibration_section(results: Results) -> str:
    """Reliability diagrams of the answers given, and what answering only from some confidence on would risk."""
    parts: list[str] = []
    curves: dict[str, list[tuple[float, float]]] = {}
    for name, system in results.systems.items():
        judged = [row for row in system.rows if row.gold and row.verdict]
        given = [row for row in judged if row.confidence is not None and row.verdict in ("right", "wrong")]
        if not given:
            continue
        confidences = [row.confidence or 0.0 for row in given]
        correct = [row.verdict == "right" for row in given]
        share_given = len(given) / len(judged)
        curves[name] = [(p.coverage * share_given, p.risk) for p in risk_coverage(confidences, correct)]
        error = expected_calibration_error(confidences, correct)
        parts += [
            charts.heading(f"Reliability of {name}: {len(given):,} answers, expected calibration error {error:.3f}"),
            *_reliability(f"Reliability of {name}", confidences, correct),
            charts.paragraph(
                f"Brier score {brier_score(confidences, correct):.3f}; area under the risk–coverage curve of the "
                f"answers given {area_under_risk_coverage(confidences, correct):.3f}, where confidence that tells "
                f"nothing would have {1 - sum(correct) / len(correct):.3f}."
            ),
        ]
    if not parts:
        return ""
    shown = dict(list(curves.items())[: charts.N_STYLES])
    title = "Risk by coverage"
    parts += [
        charts.heading(title),
        charts.line_chart(title, shown, x_label="share of all questions answered", y_label="share wrong", steps=True),
        charts.paragraph(
            "Reliability is of answers given, not of abstentions: ten bins of equal width, intervals Wilson's, 95 %. "
            "The curve answers the most confident questions first; it ends where the system abstained, failed or could "
            "not be read."
        ),
    ]
    return charts.section("Calibration", *parts)


def _reliability(title: str, confidences: Sequence[float], correct: Sequence[bool]) -> list[str]:
    bins = []
    for found in reliability(confidences, correct):
        right = wilson(round(found.accuracy * found.n), found.n)
        bins.append((found.confidence, right.mean, right.low, right.high, found.n))
    rows = [(f"{c:.3f}", f"{s:.3f}", f"[{low:.3f}, {high:.3f}]", f"{n:,}") for c, s, low, high, n in bins]
    return [
        charts.reliability_chart(title, bins),
        charts.table(["mean confidence", "right", "95 % interval", "answers"], rows),
    ]


def harm_section(results: Results, comparison: Comparison | None) -> str:
    """Changes of right and wrong from one system to another."""
    if comparison is None or not comparison.harms:
        return ""
    without = str(results.summary.get("without_retrieval") or "")
    base = without or next(iter(results.systems))
    parts = [
        charts.paragraph(
            f"From {base}, which retrieves nothing, to each system that does."
            if without
            else f"From {base}, the first system, to each of the others; only where {base} retrieves nothing does this "
            "tell what retrieval harmed."
        )
    ]
    for first, second, found in comparison.harms:
        if first == base:
            parts += harm_parts(first, second, found)
    return charts.section("Harm and help", *parts)


def worst_section(results: Results) -> str:
    """Wrong answers, the most confident first; where there are none, the questions of the lowest figures."""
    listed = {name: _worst_rows(system) for name, system in results.systems.items()}
    texts = _texts(results, {row.query_id for rows in listed.values() for row in rows})
    parts: list[str] = []
    for name, rows in listed.items():
        system = results.systems[name]
        if n_wrong := sum(row.verdict == "wrong" for row in system.rows):
            said = _answers(system, {row.query_id for row in rows})
            parts.append(charts.heading(f"{name}: the most confident of {n_wrong:,} wrong answers"))
            headings = ["question", "confidence", "chosen", "asked, and answered"]
            cells: list[tuple[str, ...]] = [
                (
                    row.query_id,
                    "–" if row.confidence is None else f"{row.confidence:.2f}",
                    f"{row.choice} (right: {row.gold})",
                    " → ".join(filter(None, (texts.get(row.query_id), said.get(row.query_id)))) or "–",
                )
                for row in rows
            ]
        elif rows:
            label = _headline(system)
            parts.append(charts.heading(f"{name}: the lowest {label}"))
            headings = ["question", label, "asked"]
            cells = [(row.query_id, figure(row.figures[label]), texts.get(row.query_id, "–")) for row in rows]
        else:
            continue
        parts.append(charts.table(headings, cells))
    if parts and not texts:
        parts.append(charts.paragraph("The results folder does not hold the texts of the questions."))
    return charts.section("Worst questions", *parts) if parts else ""


def _worst_rows(system: SystemResults) -> list[QuestionRow]:
    if wrong := [row for row in system.rows if row.verdict == "wrong"]:
        return sorted(wrong, key=lambda row: (-(row.confidence or 0), row.query_id))[:N_WORST]
    label = _headline(system)
    having = [row for row in system.rows if row.figures.get(label, 1) < 1]
    return sorted(having, key=lambda row: (row.figures[label], row.query_id))[:N_WORST]


def _headline(system: SystemResults) -> str:
    """The measure by which the worst questions are told: nDCG where there is one, else the first."""
    return next((label for label in system.measures if label.startswith("nDCG")), next(iter(system.measures), ""))


def _texts(results: Results, query_ids: set[str]) -> dict[str, str]:
    """The questions' texts with their options, from wherever the folder has them."""
    found = {
        query_id: cut(" ".join([text, *(f"{letter}) {option}" for letter, option in options.items())]))
        for query_id, text, options in results.questions()
        if query_id in query_ids
    }
    for system in results.systems.values():
        if query_ids <= found.keys():
            break
        for answer in system.answers():
            if answer.query_id in query_ids:
                found.setdefault(answer.query_id, cut(answer.question))
    return found


def _answers(system: SystemResults, query_ids: set[str]) -> dict[str, str]:
    return {answer.query_id: cut(answer.text) for answer in system.answers() if answer.query_id in query_ids}


def cut(text: str, n: int = MAX_CHARS) -> str:
    line = " ".join(text.split())
    return line if len(line) <= n else line[:n].rsplit(" ", 1)[0] + " …"
