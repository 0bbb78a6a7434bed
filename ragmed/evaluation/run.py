"""Run an evaluation: search and answer every question with every system, measure, write the results folder.

eval/results/<name>/
  questions.jsonl           the questions, for reports
  summary.json              means with 95 % intervals, expected and published figures, what was left out
  <system>/run.trec         the documents ranked, as TREC runs are written
  <system>/per_question.tsv every measure for every question, outcome, choice, confidence
  <system>/answers.jsonl    answers, where the evaluation asks for them
  <system>/cost.json        times; the only file, with the report, that differs between two runs
  <system>/results.jsonl    what everything above is computed from; an interrupted run goes on from it
  report.html               all of it, to look at
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Container, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from ragmed import __version__, catalog
from ragmed.collection.joined_passages import join_passages
from ragmed.errors import DamagedFile
from ragmed.evaluation.ablation import effects, without_graph, without_parts
from ragmed.evaluation.benchmark_index import benchmark_files, index_to_search
from ragmed.evaluation.known_documents import unknown_documents
from ragmed.evaluation.leakage import leakage
from ragmed.evaluation.measure_names import make_measures
from ragmed.evaluation.store import write, write_json
from ragmed.evaluation.summary import compared, summary_of, write_system
from ragmed.evaluation.systems import Setting, perturbed, prepare, results_of
from ragmed.home import graph_path, home
from ragmed.index.graphs import graph_card
from ragmed.protocols import Benchmark
from ragmed.recipe import EvaluationRecipe, read_evaluation_recipe
from ragmed.report import Report
from ragmed.sources import StageProgress
from ragmed.types import Question

_KEPT_PASSAGES = 30
"""Passages of a result, for the measures that look at them."""


def evaluate(
    recipe: EvaluationRecipe | str | Path,
    *,
    folder: Path | None = None,
    mirror: Path | None = None,
    fetch: bool = True,
    limit: int | None = None,
    workers: int | None = None,
    ablate: Collection[str] | None = (),
    progress: StageProgress = lambda stage, done, total: None,
) -> Path:
    """Run an evaluation, or go on with one that was interrupted; return the results folder.

    Args:
        recipe: its name, as in ``eval/<name>.toml``, its file, or read already.
        folder: where the results go; by default ``eval/results/<name>`` in the home.
        mirror, fetch: where source files are looked for, and whether what is missing is downloaded.
        limit: only the first so many questions, for a trial; the results say so.
        workers: questions answered at once by a generator that reads by itself; by default as many as there are
            cores. A language model is asked at the concurrency that it is set to.
        ablate: parts of the pipeline (`ragmed.evaluation.ablation`): each system is run without each of them too.
            What the graph does is told in any case; None: not even that.

    Questions whose answer failed, as no reply came, are asked again when an evaluation is gone on with.

    Raises:
        RecipeError, UnknownName, MissingExtra: the recipe, or ``ablate``, asks for what there is not.
        CorpusError: files of the benchmark are missing or damaged. IndexFault: its index cannot be used.
    """
    if not isinstance(recipe, EvaluationRecipe):
        recipe = read_evaluation_recipe(recipe)
    folder = folder or home() / "eval" / "results" / recipe.name
    report = Report()
    paths = benchmark_files(recipe, mirror, fetch, progress)
    benchmark: Benchmark = catalog.make(
        "benchmarks", recipe.benchmark, f"{recipe.path}: benchmark", files=paths, report=report
    )
    measures = make_measures(recipe.measures, f"{recipe.path}: measures")
    questions = _questions(benchmark, report, limit)
    index = index_to_search(recipe, benchmark, folder, mirror, fetch, progress)
    unknown = unknown_documents(questions, iter(index.passages.doc_ids))
    consequence = "does not count" if recipe.only_indexed else "cannot be found"
    for doc_id, query_ids in unknown.items():
        report.note(f"a relevant document is not in the index, so it {consequence}", doc_id, len(query_ids))
    if recipe.only_indexed:
        questions = _only_indexed(questions, unknown, report)
    folder.mkdir(parents=True, exist_ok=True)
    asked = [{"query_id": q.query.query_id, "text": q.query.text, "options": q.query.options} for q in questions]
    write(folder / "questions.jsonl", "".join(json.dumps(q, ensure_ascii=False, default=dict) + "\n" for q in asked))
    summary: dict[str, Any] = {
        "name": recipe.name,
        "description": recipe.description,
        "benchmark": dict(recipe.benchmark),
        "n_questions": len(questions),
        "limit": limit,
        "seed": recipe.seed,
        "systems": {},
        "report": report.table(),
        "index_card": index.card(),
        "recipe": recipe.table,
        "versions": {"ragmed": __version__, **index.card().get("versions", {})},
    }
    n_passages = _KEPT_PASSAGES if any(getattr(measure, "reads_passages", False) for measure in measures) else 0
    setting = Setting(recipe, benchmark, index, n_passages)
    systems = [prepare(setting, system) for system in recipe.systems]
    ablated = without_parts(setting, systems, ablate)
    figures_of = {}
    for prepared in (*systems, *ablated):
        asked_of = perturbed(prepared.system, questions, recipe.seed)
        place = folder / prepared.name
        results = results_of(setting, prepared, asked_of, place, workers or os.cpu_count() or 1, progress)
        progress(f"measure {prepared.name}", 0, 0)
        figures = figures_of[prepared.name] = {m.label: m.per_question(asked_of, results) for m in measures}
        write_system(place, asked_of, results, figures, recipe.answers)
        summary["systems"][prepared.name] = summary_of(recipe, asked_of, results, figures)
    progress("audit", 0, 0)
    summary["leakage"] = leakage(questions, join_passages(index.passages))
    if without_graph(ablated):
        summary["graph_card"] = graph_card(graph_path(index.recipe.graph or "default"))
    summary["ablations"] = effects(setting, ablated, figures_of, questions)
    summary["expected"] = [compared(figure, summary) for figure in recipe.expected]
    summary["published"] = [asdict(figure) for figure in recipe.published]
    write_json(folder / "summary.json", summary)
    return folder


def benchmark_questions(
    recipe: EvaluationRecipe, report: Report, *, mirror: Path | None = None, fetch: bool = True
) -> list[Question]:
    """The questions of an evaluation's benchmark. Raises `CorpusError`, `RecipeError`."""
    paths = benchmark_files(recipe, mirror, fetch, lambda stage, done, total: None)
    benchmark = catalog.make("benchmarks", recipe.benchmark, f"{recipe.path}: benchmark", files=paths, report=report)
    return _questions(benchmark, report, None)


def _questions(benchmark: Benchmark, report: Report, limit: int | None) -> list[Question]:
    questions = []
    seen: set[str] = set()
    for question in benchmark.questions():
        if question.query.query_id in seen:
            raise DamagedFile(f"the benchmark has two questions with the id {question.query.query_id!r}")
        seen.add(question.query.query_id)
        report.keep()
        questions.append(question)
        if limit is not None and len(questions) == limit:
            break
    if not questions:
        raise DamagedFile("the benchmark holds no question")
    return questions


def _only_indexed(questions: Sequence[Question], unknown: Container[str], report: Report) -> list[Question]:
    """The questions without their unknown documents; those left without a relevant one are skipped."""
    kept = []
    for question in questions:
        relevant = {doc_id: grade for doc_id, grade in question.relevant.items() if doc_id not in unknown}
        if any(grade > 0 for grade in relevant.values()):
            kept.append(replace(question, relevant=relevant))
        else:
            report.n_kept -= 1
            report.skip("no relevant document is in the index", question.query.query_id)
    if not kept:
        raise DamagedFile("the index holds no document that is relevant to a question; is it the right one?")
    return kept
