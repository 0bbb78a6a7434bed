"""The results folder of an evaluation, read and checked: what reports and comparisons are made from.

    summary.json                 means with intervals by system and measure, expected and published figures, …
    <system>/per_question.tsv    query_id, group, one column a measure, outcome, choice, gold, confidence
    <system>/answers.jsonl       an answer a line, only where the evaluation asks for answers
    <system>/cost.json           times and counts
    questions.jsonl              optional: {"query_id", "text", "options"} a line, so that a report can print them

Empty cells of a measure are questions to which it does not apply. What is wrong names file and line.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from ragmed.answers.json import answer_from_json
from ragmed.errors import AnswerError, DamagedFile, MissingFile
from ragmed.evaluation.wording import SUBSETS
from ragmed.types import Answer, Outcome

OUTCOMES: tuple[str, ...] = get_args(Outcome)
_BEFORE = ("query_id", "group")
_AFTER = ("outcome", "choice", "gold", "confidence")
_AGAIN = "run the evaluation again"


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """One question's line in the table of a system. ``figures`` has the measures that apply to it."""

    query_id: str
    group: str
    figures: Mapping[str, float]
    outcome: str = ""
    choice: str = ""
    gold: str = ""
    confidence: float | None = None

    @property
    def verdict(self) -> str:
        """``"right"``, ``"wrong"``, or the outcome where no answer was given; empty where there is none to judge."""
        if self.outcome != "answered":
            return self.outcome
        return ("right" if self.choice == self.gold else "wrong") if self.gold else ""


@dataclass(frozen=True, slots=True)
class GroupMean:
    """The mean of a measure over the ``n`` questions of a group to which it applies."""

    mean: float
    n: int


@dataclass(frozen=True, slots=True)
class MeasureSummary:
    """The mean over ``n`` questions with its 95 % interval; with ``macro``, the unweighted mean of the groups'."""

    mean: float
    low: float
    high: float
    n: int
    by_group: Mapping[str, GroupMean] = field(default_factory=dict)
    macro: bool = False


@dataclass(frozen=True, slots=True)
class SystemResults:
    """What one system reached: the summary's figures, and a row for every question in the order of the file.

    Measures that apply to none of the questions are left out.
    """

    name: str
    folder: Path
    measures: Mapping[str, MeasureSummary]
    outcomes: Mapping[str, int]
    cost: Mapping[str, Any]
    calibration: Mapping[str, Any]
    rows: tuple[QuestionRow, ...]

    def figures(self, measure: str) -> dict[str, float]:
        """query_id → figure, for the questions to which the measure applies."""
        return {row.query_id: row.figures[measure] for row in self.rows if measure in row.figures}

    def answers(self) -> Iterator[Answer]:
        """The answers, in the order of the file; none where there is no file.

        Raises:
            DamagedFile: a line is not an answer; what stands before it has been yielded.
        """
        path = self.folder / "answers.jsonl"
        for number, value in _json_lines(path) if path.is_file() else ():
            try:
                yield answer_from_json(value)
            except AnswerError as error:
                raise DamagedFile(f"{path}:{number}: {error}") from error


@dataclass(frozen=True)
class Results:
    """A results folder. Fields are those of ``summary.json``; ``questions`` are query_id → (text, options)."""

    folder: Path
    name: str
    benchmark: str
    n_questions: int
    systems: Mapping[str, SystemResults]
    expected: tuple[Mapping[str, Any], ...] = ()
    published: tuple[Mapping[str, Any], ...] = ()
    ablations: tuple[Mapping[str, Any], ...] = ()
    leakage: Mapping[str, Any] | None = None
    index_card: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    recipe: Any = None
    report: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict, repr=False)

    def questions(self) -> Iterator[tuple[str, str, Mapping[str, str]]]:
        """(query_id, text, options) where the folder has them. Raises `DamagedFile`."""
        path = self.folder / "questions.jsonl"
        for number, value in _json_lines(path) if path.is_file() else ():
            if not isinstance(value, Mapping) or not all(isinstance(value.get(k), str) for k in ("query_id", "text")):
                raise DamagedFile(f"{path}:{number}: needs query_id and text; {_AGAIN}")
            yield value["query_id"], value["text"], value.get("options") or {}


def read_results(folder: Path) -> Results:
    """Read a results folder.

    Raises:
        MissingFile: the folder, its summary or a table of questions is not there.
        DamagedFile: a file is not what an evaluation writes; the message names file and line.
    """
    path = folder / "summary.json"
    summary = _Table(_json(path), str(path))
    n_questions = summary.count("n_questions")
    tables = summary.table("systems")
    if not tables.value:
        raise DamagedFile(f"{path}: 'systems' is empty; {_AGAIN}")
    return Results(
        folder=folder,
        name=summary.text("name"),
        benchmark=_benchmark(summary),
        n_questions=n_questions,
        systems={name: _system(folder, tables.table(name), name, n_questions) for name in tables.value},
        expected=tuple(summary.tables("expected")),
        published=tuple(summary.tables("published")),
        ablations=tuple(_ablation(table, f"{path}: ablations", tables.value) for table in summary.tables("ablations")),
        leakage=summary.value.get("leakage"),
        index_card=summary.optional("index_card"),
        seed=summary.count("seed") if "seed" in summary.value else 0,
        recipe=summary.value.get("recipe"),
        report=summary.optional("report"),
        versions=summary.optional("versions"),
        summary=dict(summary.value),
    )


def _benchmark(summary: _Table) -> str:
    """The benchmark's name; as a table, it is the recipe's."""
    table = summary.value.get("benchmark")
    return (
        _Table(table, f"{summary.where}: benchmark").text("name")
        if isinstance(table, Mapping)
        else summary.text("benchmark")
    )


def _ablation(value: Mapping[str, Any], where: str, systems: Mapping[str, Any]) -> Mapping[str, Any]:
    """A system with and without a part (`ragmed.evaluation.ablation.effects`), checked."""
    table = _Table(value, where)
    for key in ("system", "without"):
        if table.text(key) not in systems:
            raise DamagedFile(f"{where}: {table.text(key)!r} is no system; {_AGAIN}")
    table.text("part")
    for row in table.tables("rows"):
        checked = _Table(row, f"{where}: rows")
        checked.text("measure")
        checked.count("n")
        if checked.text("subset") not in SUBSETS:
            raise DamagedFile(f"{where}: subset {row['subset']!r}; have: {', '.join(SUBSETS)}")
        for key in ("with", "without", "difference", "low", "high", "p", "p_holm"):
            checked.number(key)
    return value


def _system(folder: Path, table: _Table, name: str, n_questions: int) -> SystemResults:
    if Path(name).name != name or name in ("", ".", ".."):
        raise DamagedFile(f"{table.where}: {name!r} cannot be the name of a system's folder")
    measures = table.table("measures")
    path = folder / name / "per_question.tsv"
    columns, rows = _read_rows(path)
    if len(rows) != n_questions:
        raise DamagedFile(f"{path}: has {len(rows):,} questions, summary.json says {n_questions:,}; {_AGAIN}")
    if absent := [label for label in measures.value if label not in columns]:
        raise DamagedFile(f"{path}:1: no column for {absent[0]!r}, a measure of summary.json; {_AGAIN}")
    cost_path = folder / name / "cost.json"
    cost = table.optional("cost") or (_Table(_json(cost_path), str(cost_path)).value if cost_path.is_file() else {})
    return SystemResults(
        name=name,
        folder=folder / name,
        measures={label: _measure(of) for label in measures.value if (of := measures.table(label)).value.get("n") != 0},
        outcomes={key: int(n) for key, n in table.optional("outcomes").items()},
        cost=cost,
        calibration=table.optional("calibration"),
        rows=rows,
    )


def _measure(table: _Table) -> MeasureSummary:
    groups = _Table(table.optional("by_group"), f"{table.where}: by_group")
    return MeasureSummary(
        mean=table.number("mean"),
        low=table.number("low"),
        high=table.number("high"),
        n=table.count("n"),
        by_group={
            name: GroupMean(groups.table(name).number("mean"), groups.table(name).count("n")) for name in groups.value
        },
        macro=table.value.get("macro") is True,
    )


def _read_rows(path: Path) -> tuple[tuple[str, ...], tuple[QuestionRow, ...]]:
    """The measures' labels, and the rows."""
    try:
        lines = path.read_bytes().decode("utf-8").split("\n")
    except FileNotFoundError as error:
        raise MissingFile(f"{path}: not there; {_AGAIN}") from error
    except UnicodeDecodeError as error:
        raise DamagedFile(f"{path}: not UTF-8; {_AGAIN}") from error
    if lines.pop():
        raise DamagedFile(f"{path}:{len(lines) + 1}: the last line is cut; {_AGAIN}")
    header = lines[0].split("\t") if lines else []
    if tuple(header[:2]) != _BEFORE or len(set(header)) < len(header):
        raise DamagedFile(f"{path}:1: should name the columns query_id, group, …, each once; {_AGAIN}")
    labels = tuple(column for column in header[2:] if column not in _AFTER)
    rows: dict[str, QuestionRow] = {}
    for number, line in enumerate(lines[1:], start=2):
        cells, where = line.split("\t"), f"{path}:{number}"
        if len(cells) != len(header):
            raise DamagedFile(f"{where}: {len(cells)} columns where the first line has {len(header)}; {_AGAIN}")
        row = _row(dict(zip(header, cells, strict=True)), labels, where)
        if row.query_id in rows:
            raise DamagedFile(f"{where}: question {row.query_id!r} a second time; {_AGAIN}")
        rows[row.query_id] = row
    return labels, tuple(rows.values())


def _row(cells: Mapping[str, str], labels: tuple[str, ...], where: str) -> QuestionRow:
    outcome = cells.get("outcome", "")
    if outcome and outcome not in OUTCOMES:
        raise DamagedFile(f"{where}: outcome {outcome!r}; have: {', '.join(OUTCOMES)}")
    confidence = _number(cells.get("confidence", ""), "confidence", where)
    if confidence is not None and not 0 <= confidence <= 1:
        raise DamagedFile(f"{where}: confidence is {confidence:g}, not between 0 and 1")
    figures = {label: _number(cells[label], label, where) for label in labels}
    return QuestionRow(
        query_id=cells["query_id"],
        group=cells["group"],
        figures={label: figure for label, figure in figures.items() if figure is not None},
        outcome=outcome,
        choice=cells.get("choice", ""),
        gold=cells.get("gold", ""),
        confidence=confidence,
    )


def _number(cell: str, column: str, where: str) -> float | None:
    if not cell:
        return None
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DamagedFile(f"{where}: {column} is {cell!r}, not a number")
    return value


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MissingFile(
            f"{path}: not there; name a folder that an evaluation wrote: ragmed eval eval/<name>.toml"
        ) from error
    except json.JSONDecodeError as error:
        raise DamagedFile(f"{path}:{error.lineno}: not JSON: {error.msg}; {_AGAIN}") from error
    except (ValueError, RecursionError) as error:
        raise DamagedFile(f"{path}: not JSON: {error}; {_AGAIN}") from error


def _json_lines(path: Path) -> Iterator[tuple[int, Any]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                value = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise DamagedFile(f"{path}:{number}: not JSON; {_AGAIN}") from error
            yield number, value


class _Table:
    """A JSON object whose values are checked as they are taken."""

    def __init__(self, value: Any, where: str) -> None:
        if not isinstance(value, Mapping):
            raise DamagedFile(f"{where}: should be a JSON object; {_AGAIN}")
        self.value = value
        self.where = where

    def _of(self, key: str, kind: type | tuple[type, ...], what: str) -> Any:
        value = self.value.get(key)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise DamagedFile(f"{self.where}: {key!r} should be {what}; {_AGAIN}")
        return value

    def text(self, key: str) -> str:
        return str(self._of(key, str, "text"))

    def count(self, key: str) -> int:
        n: int = self._of(key, int, "a whole number, 0 or more")
        if n < 0:
            raise DamagedFile(f"{self.where}: {key!r} is {n}; {_AGAIN}")
        return n

    def number(self, key: str) -> float:
        value = float(self._of(key, (int, float), "a number"))
        if not math.isfinite(value):
            raise DamagedFile(f"{self.where}: {key!r} is {value}; {_AGAIN}")
        return value

    def table(self, key: str) -> _Table:
        return _Table(self.value.get(key), f"{self.where}: {key}")

    def optional(self, key: str) -> Mapping[str, Any]:
        return _Table(self.value.get(key) or {}, f"{self.where}: {key}").value

    def tables(self, key: str) -> list[Mapping[str, Any]]:
        listed = self.value.get(key) or []
        if not isinstance(listed, list):
            raise DamagedFile(f"{self.where}: {key!r} should be a list; {_AGAIN}")
        return [_Table(item, f"{self.where}: {key}").value for item in listed]
