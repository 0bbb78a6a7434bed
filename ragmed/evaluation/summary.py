"""What an evaluation says of its systems: a table a question, means with intervals, figures beside those expected."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ragmed.answers.json import to_json
from ragmed.evaluation.calibration import area_under_risk_coverage, brier_score, expected_calibration_error
from ragmed.evaluation.cost import cost_of
from ragmed.evaluation.statistics import interval_of
from ragmed.evaluation.store import write, write_json
from ragmed.evaluation.trec_files import write_run
from ragmed.recipe import EvaluationRecipe, Figure
from ragmed.types import Question, Result


def failures(summary: Mapping[str, Any]) -> list[str]:
    """What leaves its tolerance, a line each; for ``ragmed eval --check``."""
    return [
        f"{entry['system']}: {entry['measure']}{' of ' + entry['group'] if entry['group'] else ''} is "
        f"{'not measured' if entry['measured'] is None else format(entry['measured'], '.4f')}, "
        f"expected {entry['value']:.4f} ± {entry['tolerance']:.4f}"
        for entry in summary["expected"]
        if not entry["ok"]
    ]


def write_system(
    folder: Path,
    questions: Sequence[Question],
    results: Mapping[str, Result],
    figures: Mapping[str, Mapping[str, float]],
    answers: bool,
) -> None:
    write_run(folder / "run.trec", {query_id: result.documents for query_id, result in results.items()}, folder.name)
    header = ["query_id", "group", *figures, "outcome", "choice", "gold", "confidence"]
    lines = ["\t".join(header)]
    for question in questions:
        query_id = question.query.query_id
        answer = results[query_id].answer
        cells = [query_id, question.group]
        cells += [repr(values[query_id]) if query_id in values else "" for values in figures.values()]
        cells += (
            ["", "", question.choice, ""]
            if answer is None
            else [answer.outcome, answer.choice or "", question.choice, repr(answer.confidence)]
        )
        lines.append("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in cells))
    write(folder / "per_question.tsv", "\n".join(lines) + "\n")
    if answers:
        written = [result.answer for result in results.values() if result.answer is not None]
        write(folder / "answers.jsonl", "".join(json.dumps(to_json(a), ensure_ascii=False) + "\n" for a in written))
    write_json(folder / "cost.json", cost_of(list(results.values())))


def summary_of(
    recipe: EvaluationRecipe,
    questions: Sequence[Question],
    results: Mapping[str, Result],
    figures: Mapping[str, Mapping[str, float]],
) -> dict[str, Any]:
    """Means with intervals, by group too, and how the answers ended."""
    group_of = {question.query.query_id: question.group for question in questions}
    measured = {}
    for label, values in figures.items():
        groups = sorted({group_of[query_id] for query_id in values})
        by_group = {
            group: {"mean": sum(own) / len(own), "n": len(own)}
            for group in groups
            if (own := [value for query_id, value in values.items() if group_of[query_id] == group])
        }
        group_by = [group_of[query_id] for query_id in values] if recipe.macro else None
        interval = interval_of(list(values.values()), groups=group_by, seed=recipe.seed) if values else None
        measured[label] = {
            "mean": None if interval is None else interval.mean,
            "low": None if interval is None else interval.low,
            "high": None if interval is None else interval.high,
            "n": len(values),
            "by_group": by_group if len(groups) > 1 else {},
            "macro": recipe.macro,
        }
    outcomes: dict[str, int] = {}
    for result in results.values():
        if result.answer is not None:
            outcomes[result.answer.outcome] = outcomes.get(result.answer.outcome, 0) + 1
    return {
        "measures": measured,
        "outcomes": dict(sorted(outcomes.items())),
        "calibration": _calibration(questions, results),
    }


def _calibration(questions: Sequence[Question], results: Mapping[str, Result]) -> dict[str, float]:
    """How far confidences can be believed, over the questions that were answered and have a right choice."""
    confidences, correct = [], []
    for question in questions:
        answer = results[question.query.query_id].answer
        if answer is not None and answer.outcome == "answered" and question.choice and answer.choice is not None:
            confidences.append(answer.confidence)
            correct.append(answer.choice == question.choice)
    if not confidences:
        return {}
    return {
        "n": len(confidences),
        "expected_calibration_error": expected_calibration_error(confidences, correct),
        "brier_score": brier_score(confidences, correct),
        "area_under_risk_coverage": area_under_risk_coverage(confidences, correct),
    }


def compared(figure: Figure, summary: Mapping[str, Any]) -> dict[str, Any]:
    """An expected figure beside the one measured."""
    system = figure.system or next(iter(summary["systems"]))
    measured = summary["systems"].get(system, {}).get("measures", {}).get(figure.measure)
    if measured is not None and figure.group:
        measured = measured["by_group"].get(figure.group)
    value = None if measured is None else measured["mean"]
    return {
        "system": system,
        "measure": figure.measure,
        "group": figure.group,
        "value": figure.value,
        "tolerance": figure.tolerance,
        "measured": value,
        "ok": value is not None and abs(value - figure.value) <= figure.tolerance + 1e-12,
    }
