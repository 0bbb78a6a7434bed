"""The table of methods and benchmarks: every method answers every benchmark's questions with one generator.

    eval/results/<recipe>/methods/<generator>/<method>/…    results as of any evaluation, so that a run goes on
    eval/results/<recipe>/methods/<generator>-first-<n>/…   of a trial with the first n questions

A method that needs a language model is told, not run, where the generator is none.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from ragmed import catalog
from ragmed.answerer import settings_of
from ragmed.errors import RagmedError, RecipeError
from ragmed.evaluation.measure_names import make_measures
from ragmed.evaluation.method_cards import made_to_be_asked, needs_model, what_it_lacks
from ragmed.evaluation.results import MeasureSummary, Results, SystemResults, read_results
from ragmed.evaluation.run import evaluate
from ragmed.evaluation.statistics import Interval, interval_of
from ragmed.home import home
from ragmed.protocols import Reader
from ragmed.recipe import EvaluationRecipe, System, read_evaluation_recipe, read_index_recipe
from ragmed.sources import StageProgress

MAIN = "Accuracy"
_ACCURACIES = ("Accuracy", "LegacyAccuracy")
NEEDS_A_MODEL = "needs a language model"


@dataclass(frozen=True, slots=True)
class Cell:
    """One method on one benchmark. ``left_out`` says why it was not run; the rest is empty then.

    ``measures`` are by label; ``groups`` the main measure in each set of the benchmark. Counts of calls and tokens are
    per question.
    """

    method: str
    benchmark: str
    left_out: str = ""
    n: int = 0
    measures: Mapping[str, MeasureSummary] | None = None
    groups: Mapping[str, Interval] | None = None
    outcomes: Mapping[str, int] | None = None
    n_calls: float = 0.0
    n_tokens: float = 0.0
    latency_s: float = 0.0

    @property
    def main(self) -> str:
        """The label of the measure that stands for all: accuracy where there is a right choice, else the first."""
        labels = list(self.measures or ())
        return MAIN if MAIN in labels else labels[0] if labels else ""


@dataclass(frozen=True, slots=True)
class MethodTable:
    """Cells by method and benchmark, in the order asked for."""

    generator: str
    methods: tuple[str, ...]
    benchmarks: tuple[str, ...]
    cells: tuple[Cell, ...]

    def cell(self, method: str, benchmark: str) -> Cell:
        return next(cell for cell in self.cells if (cell.method, cell.benchmark) == (method, benchmark))


def method_table(
    benchmarks: Sequence[str | Path],
    *,
    methods: Sequence[Mapping[str, Any]] = (),
    generator: Mapping[str, Any] | None = None,
    limit: int | None = None,
    folder: Path | None = None,
    mirror: Path | None = None,
    fetch: bool = True,
    workers: int | None = None,
    progress: StageProgress = lambda stage, done, total: None,
) -> MethodTable:
    """Run what has not been run, and read the table.

    Args:
        benchmarks: evaluation recipes, by name or file; of each the benchmark, index and measures are used.
        methods: tables as in a recipe, ``{"name": "medrag", "k": 8}``; none: every method, with its own options.
        generator: a table; None: what the index's recipe says.
        limit: only the first so many questions of each.
        folder: in place of ``eval/results`` in the home.
        mirror, fetch, workers, progress: as for `ragmed.evaluation.run.evaluate`.

    Raises:
        RecipeError: a recipe or a method cannot be understood, or two methods would be called the same.
        Else as `evaluate`.
    """
    tables = [dict(table) for table in methods] or [{"name": name} for name in catalog.files("methods")]
    names = [_name(table) for table in tables]
    if len(set(names)) < len(names):
        raise RecipeError("a method is named twice; give each its own options, or name it once")
    recipes = [read_evaluation_recipe(benchmark) for benchmark in benchmarks]
    labels = [recipe.name for recipe in recipes]
    if len(set(labels)) < len(labels):
        raise RecipeError("a benchmark is named twice")
    cells: list[Cell] = []
    for recipe in recipes:
        writer = _generator_of(recipe, generator)
        left_out = {
            name: why
            for name, table in zip(names, tables, strict=True)
            if (why := _why_left_out(table, writer, is_given=bool(methods)))
        }
        systems = tuple(
            System(name, method=table, generator=generator or {})
            for name, table in zip(names, tables, strict=True)
            if name not in left_out
        )
        found: Results | None = None
        if systems:
            place = (folder or home() / "eval" / "results") / recipe.name / "methods" / _place(writer, limit)
            evaluate(
                _of_methods(recipe, systems),
                folder=place,
                mirror=mirror,
                fetch=fetch,
                limit=limit,
                workers=workers,
                progress=partial(_staged, progress, recipe.name),
            )
            found = read_results(place)
        for name in names:
            if name in left_out or found is None:
                cells.append(Cell(name, recipe.name, left_out.get(name, "")))
            else:
                cells.append(_cell(name, recipe, found))
    told = "the index's own" if generator is None else str(generator["name"])
    return MethodTable(told, tuple(names), tuple(labels), tuple(cells))


def _staged(progress: StageProgress, benchmark: str, stage: str, done: int, total: int) -> None:
    progress(f"{benchmark}: {stage}", done, total)


def _of_methods(recipe: EvaluationRecipe, systems: tuple[System, ...]) -> EvaluationRecipe:
    """The recipe with a system for each method, measured by accuracy too; nothing is expected of them."""
    have = {measure.label for measure in make_measures(recipe.measures, f"{recipe.path}: measures")}
    more = [name for name in _ACCURACIES if make_measures([name], "")[0].label not in have]
    listed = [{"name": s.name, "method": dict(s.method), "generator": dict(s.generator)} for s in systems]
    return replace(
        recipe,
        systems=systems,
        measures=(*recipe.measures, *more),
        answers=True,
        expected=(),
        table={**recipe.table, "systems": listed, "answers": True},
    )


def _generator_of(recipe: EvaluationRecipe, generator: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if generator is not None:
        return generator
    return read_index_recipe(recipe.index).generator if isinstance(recipe.index, str) else {"name": "extractive"}


def _why_left_out(table: Mapping[str, Any], writer: Mapping[str, Any], *, is_given: bool) -> str:
    """Why a method cannot be run, or nothing. One that was named and cannot be made is an error."""
    try:
        method = made_to_be_asked(table, f"methods/{table.get('name')}")
    except RagmedError as error:
        if is_given:
            raise
        return str(error)
    if isinstance(catalog.make("generators", writer, "generator"), Reader):
        return "" if needs_model(method) == "no" else NEEDS_A_MODEL
    return "" if is_given else what_it_lacks(method)


def _name(table: Mapping[str, Any]) -> str:
    """A method as a system is named: ``direct``, ``direct.by-answer``."""
    options = [f"{key}-{value}" for key, value in table.items() if key != "name"]
    told = ".".join([str(table.get("name", "")), *options]).lower()
    return re.sub(r"[^a-z0-9_.-]+", "-", told)[:120]


def _place(writer: Mapping[str, Any], limit: int | None) -> str:
    """The folder of a generator's results: no other settings lie in it."""
    options = {key: value for key, value in settings_of(writer).items() if key != "name"}
    told = hashlib.sha256(json.dumps(options, sort_keys=True).encode()).hexdigest()[:8] if options else ""
    return "-".join(filter(None, [str(writer["name"]), told, f"first-{limit}" if limit else ""]))


def _cell(name: str, recipe: EvaluationRecipe, found: Results) -> Cell:
    system = found.systems[name]
    n = len(system.rows)
    cost = system.cost
    cell = Cell(
        method=name,
        benchmark=recipe.name,
        n=n,
        measures=system.measures,
        outcomes=system.outcomes,
        n_calls=cost.get("n_calls", 0) / n,
        n_tokens=(cost.get("n_prompt_tokens", 0) + cost.get("n_completion_tokens", 0)) / n,
        latency_s=cost.get("latency_s", {}).get("p50", 0.0),
    )
    return replace(cell, groups=_groups(system, cell.main, recipe.seed))


def _groups(system: SystemResults, measure: str, seed: int) -> dict[str, Interval]:
    by_group: dict[str, list[float]] = {}
    for row in system.rows:
        if measure in row.figures:
            by_group.setdefault(row.group, []).append(row.figures[measure])
    if len(by_group) < 2:
        return {}
    return {group: interval_of(values, seed=seed) for group, values in sorted(by_group.items())}
