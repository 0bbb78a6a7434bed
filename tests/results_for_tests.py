"""Small results folders as an evaluation writes them, for tests of what reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ragmed.answers.json import to_json
from ragmed.types import Answer

Row = Mapping[str, str]
"""Cells of per_question.tsv by column; what is absent is empty."""


def row(query_id: str, **cells: str) -> dict[str, str]:
    """One question: ``row("q1", group="a", Accuracy="1.0", outcome="answered", choice="A", gold="A")``."""
    return {"query_id": query_id, **cells}


def write_results(
    folder: Path,
    systems: Mapping[str, Sequence[Row]],
    *,
    answers: Sequence[Answer] = (),
    texts: Mapping[str, str] | None = None,
    **summary: Any,
) -> Path:
    """Write a folder with these rows for each system; its summary follows from them, and ``summary`` adds to it."""
    known = ("query_id", "group", "outcome", "choice", "gold", "confidence")
    tables = {}
    for name, rows in systems.items():
        labels = list(dict.fromkeys(column for cells in rows for column in cells if column not in known))
        header = ["query_id", "group", *labels, "outcome", "choice", "gold", "confidence"]
        lines = ["\t".join(header), *("\t".join(cells.get(column, "") for column in header) for cells in rows)]
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "per_question.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        if answers:
            text = "".join(json.dumps(to_json(answer)) + "\n" for answer in answers)
            (folder / name / "answers.jsonl").write_text(text, encoding="utf-8")
        tables[name] = {"measures": {label: _summary(label, rows) for label in labels}, "outcomes": {}}
    if texts is not None:
        lines = [json.dumps({"query_id": query_id, "text": text}) for query_id, text in texts.items()]
        (folder / "questions.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    table = {
        "name": folder.name,
        "benchmark": {"name": "quiz"},
        "n_questions": max(len(rows) for rows in systems.values()),
        "seed": 7,
        "systems": tables,
        "report": {"n_read": 0, "n_kept": 0, "skipped": {}, "notes": {}},
        **summary,
    }
    (folder / "summary.json").write_text(json.dumps(table), encoding="utf-8")
    return folder


def _summary(label: str, rows: Sequence[Row]) -> dict[str, Any]:
    values = [(cells.get("group", ""), float(cells[label])) for cells in rows if cells.get(label)]
    mean = sum(value for _, value in values) / len(values)
    groups = sorted({group for group, _ in values})
    by_group = {
        group: {"mean": sum(own) / len(own), "n": len(own)}
        for group in groups
        if (own := [value for at, value in values if at == group])
    }
    return {
        "mean": mean,
        "low": max(0.0, mean - 0.1),
        "high": min(1.0, mean + 0.1),
        "n": len(values),
        "by_group": by_group if len(groups) > 1 else {},
        "macro": False,
    }
