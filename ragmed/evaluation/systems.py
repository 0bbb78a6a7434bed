"""One system of an evaluation: its components made, its questions asked, what it found and answered kept.

Retrieval sees a question and never its options. The documents that ``Question.meta["exclude"]`` names (ids joined by
``"; "``) are out of reach for that question, as where it is one of the corpus's own.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ragmed import __version__, catalog
from ragmed.analysis.generated import convention, with_documents
from ragmed.answerer import questions_at_once, settings_of
from ragmed.errors import RecipeError, UnknownName
from ragmed.evaluation.robustness import PERTURBATIONS
from ragmed.evaluation.store import ResultsFile
from ragmed.index.layout import graph_of, make_component
from ragmed.index.open import Index
from ragmed.index.searcher import Found, Pipeline
from ragmed.protocols import Allowed, Benchmark, Generator, Method, Reader
from ragmed.recipe import EvaluationRecipe, System
from ragmed.sources import StageProgress
from ragmed.types import Answer, Evidence, Hit, Query, Question, Result

_BATCH = 32
"""Questions between two writes, more only where a language model works on more: what an interruption can cost."""
_PASSAGES_A_DOCUMENT = 5
"""Passages searched for each document to be ranked, since a document may have many."""


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """What all systems of an evaluation have in common. ``n_passages`` are kept of a result, for measures that look."""

    recipe: EvaluationRecipe
    benchmark: Benchmark
    index: Index
    n_passages: int


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A system with its components made. ``name`` is its folder's.

    ``without`` is the part of the pipeline that was taken out of it (`ragmed.evaluation.ablation`), ``left_out`` what
    that was, in words; empty: it is whole.
    """

    name: str
    system: System
    pipeline: Pipeline
    method: Method
    generator: Generator
    without: str = ""
    left_out: tuple[str, ...] = ()


def prepare(setting: Setting, system: System) -> Prepared:
    """Make a system's components: as its own tables say, else as the index's recipe does.

    Raises:
        RecipeError, UnknownName, MissingExtra: the system asks for what there is not.
        CorpusError, IndexFault: a component wants a knowledge graph that cannot be compiled.
    """
    recipe, index = setting.recipe, setting.index
    if system.retriever:
        index.kind(system.retriever)
    if system.convention:
        convention(system.convention)
    where = f"{recipe.path}: system {system.name}"
    return Prepared(
        name=system.name,
        system=system,
        pipeline=_pipeline(system, index, where),
        method=make_component("methods", system.method or index.recipe.method, where, index.recipe),
        generator=catalog.make(
            "generators", system.generator or index.recipe.generator, where, term_statistics=index.term_statistics
        ),
    )


def perturbed(system: System, questions: Sequence[Question], seed: int) -> Sequence[Question]:
    """The questions as a system is asked them: changed where it is to show how it stands a change."""
    if not system.perturb:
        return questions
    if system.perturb not in PERTURBATIONS:
        raise UnknownName("perturbations", system.perturb, PERTURBATIONS)
    return [PERTURBATIONS[system.perturb].perturb(question, seed) for question in questions]


def results_of(
    setting: Setting,
    prepared: Prepared,
    questions: Sequence[Question],
    folder: Path,
    workers: int,
    progress: StageProgress,
) -> dict[str, Result]:
    """The results of one system, those of an earlier run first; ``folder`` is the system's own."""
    index = setting.index
    run, n_each = _runner(setting, prepared, _reachable(questions, index))
    file = ResultsFile(folder, _fingerprint(setting, prepared, questions))
    done = file.done()
    waiting = [question for question in questions if question.query.query_id not in done]
    stage = f"run {prepared.name}"
    progress(stage, len(questions) - len(waiting), len(questions))
    with ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(waiting), n_each):
            batch = waiting[start : start + n_each]
            file.append(run(batch, pool))
            progress(stage, len(questions) - len(waiting) + start + len(batch), len(questions))
    by_id = {result.query_id: result for result in file.read(index.passage)}
    return {question.query.query_id: by_id[question.query.query_id] for question in questions}


def _reachable(questions: Sequence[Question], index: Index) -> Callable[[Question], Allowed | None]:
    """A function that gives the passages a question may find; None: all."""
    excluded = {doc_id for question in questions for doc_id in _excluded(question)}
    rows_of: dict[str, list[int]] = {}
    for row, doc_id in enumerate(index.passages.doc_ids) if excluded else ():
        if doc_id in excluded:
            rows_of.setdefault(doc_id, []).append(row)

    def reachable(question: Question) -> Allowed | None:
        rows = [row for doc_id in _excluded(question) for row in rows_of.get(doc_id, ())]
        if not rows:
            return None
        flags = np.ones(len(index.passages), dtype=np.bool_)
        flags[rows] = False
        return flags

    return reachable


def _excluded(question: Question) -> list[str]:
    return [doc_id for doc_id in question.meta.get("exclude", "").split("; ") if doc_id]


def _runner(
    setting: Setting, prepared: Prepared, reachable: Callable[[Question], Allowed | None]
) -> tuple[Callable[[Sequence[Question], ThreadPoolExecutor], list[Result]], int]:
    """What one system makes of questions, and how many of them it is to be given at once.

    Searching is quick, and its times mean something only where nothing else runs: one question after another. Answers
    are read by a generator that does so by itself in threads; a language model is given all questions at once, so that
    it works on as many as it can.
    """
    index, system, pipeline = setting.index, prepared.system, prepared.pipeline
    k = setting.recipe.k

    def retrieve(queries: Sequence[Query], k: int) -> list[tuple[Evidence, ...]]:
        return index.search(queries, k, system.retriever or None, pipeline=pipeline)

    def find(question: Question) -> Result:
        started = time.perf_counter()
        found = _find(
            index,
            _asked(system, setting.benchmark, question),
            k * _PASSAGES_A_DOCUMENT,
            system,
            pipeline,
            reachable(question),
        )
        return Result(
            query_id=question.query.query_id,
            documents=_documents(index, index.hits(found.ranking), k),
            passages=index.evidence(found, setting.n_passages),
            duration_s=time.perf_counter() - started,
        )

    def answer(batch: Sequence[Question]) -> list[Result]:
        results = [find(question) for question in batch]
        started = time.perf_counter()
        answers = prepared.method.answer([question.query for question in batch], retrieve, prepared.generator)
        lasted = time.perf_counter() - started
        return [_answered(result, own, lasted, len(batch)) for result, own in zip(results, answers, strict=True)]

    def run(batch: Sequence[Question], pool: ThreadPoolExecutor) -> list[Result]:
        if not setting.recipe.answers:
            return [find(question) for question in batch]
        if not isinstance(prepared.generator, Reader):
            return answer(batch)
        return [result for [result] in pool.map(answer, [[question] for question in batch])]

    return run, max(_BATCH, questions_at_once(prepared.generator))


def _answered(result: Result, answer: Answer, lasted_s: float, n_side_by_side: int) -> Result:
    """What was found, and the answer. Of several answered side by side each took as long as its own calls."""
    usage = answer.usage
    own_s = lasted_s if n_side_by_side == 1 else usage.retrieval_s + usage.generation_s
    return replace(
        result,
        answer=answer,
        duration_s=result.duration_s + own_s,
        n_prompt_tokens=usage.n_prompt_tokens,
        n_completion_tokens=usage.n_completion_tokens,
        n_calls=usage.n_calls,
    )


def _find(index: Index, query: Query, depth: int, system: System, pipeline: Pipeline, allowed: Allowed | None) -> Found:
    """What a system finds among the passages that a question may find."""
    retriever = system.retriever or None
    if allowed is None:
        [found] = index.find([query], depth, retriever, pipeline=pipeline)
    elif pipeline.rewriters or pipeline.rerankers:
        raise RecipeError(
            f"system {system.name}: a question excludes documents, which a search with rewriters or rerankers cannot; "
            "leave them out"
        )
    else:
        searcher = index.searcher.without(pipeline.without)
        [found] = searcher.find([query], depth, pipeline.fusion, retriever, allowed)
    return found


def _pipeline(system: System, index: Index, where: str) -> Pipeline:
    """How a system searches: as its own tables say, else as the index does, one retriever alone as it is."""
    own = index.pipeline if not system.retriever else Pipeline(index.pipeline.fusion)
    rewriters = tuple(index.rewriter(table, f"{where}: queries") for table in system.queries)
    rerankers = tuple(
        make_component("rerankers", table, f"{where}: rerankers", index.recipe) for table in system.rerankers
    )
    return Pipeline(
        fusion=make_component("fusion", system.fusion, where, index.recipe) if system.fusion else own.fusion,
        rewriters=rewriters or own.rewriters,
        rerankers=rerankers or own.rerankers,
    )


def _asked(system: System, benchmark: Benchmark, question: Question) -> Query:
    """What is searched: by a dense retriever with the benchmark's instruction, by words without.

    Where documents generated for the question are searched with, they are part of it. Options are not.
    """
    plain, instructed = question.query.text, benchmark.search_query(question)
    query = Query(question.query.query_id, instructed, lexical="" if instructed == plain else plain)
    return with_documents(query, question.generated, convention(system.convention)) if system.convention else query


def _documents(index: Index, hits: Sequence[Hit], k: int) -> tuple[Hit, ...]:
    """The best ``k`` documents, each by its best passage, which comes first."""
    best: dict[str, float] = {}
    least = 0.0
    for hit in hits:
        if len(best) >= k and hit.score < least:
            break
        doc_id = index.doc_id(hit.passage_id)
        if doc_id not in best:
            best[doc_id] = least = hit.score
    ranked = sorted(best.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Hit(doc_id, score) for doc_id, score in ranked[:k])


def _fingerprint(setting: Setting, prepared: Prepared, questions: Sequence[Question]) -> str:
    """Identifies all that a system's results depend on."""
    asked = [
        [
            q.query.query_id,
            setting.benchmark.search_query(q),
            q.query.text,
            dict(q.query.options or {}),
            list(q.generated),
            _excluded(q),
        ]
        for q in questions
    ]
    index, system, pipeline = setting.index, prepared.system, prepared.pipeline
    own = index.recipe
    method = [dict(table) for table in (own.method, own.generator, own.fusion, *own.queries, *own.rerankers)]
    fitted = getattr(pipeline.fusion, "fingerprint", None)
    content: list[Any] = [
        __version__,
        "" if fitted is None else fitted(),
        index.manifest.index_id,
        asdict(system) | {"generator": settings_of(system.generator)},
        method,
        setting.recipe.k,
        setting.n_passages,
        setting.recipe.answers,
        asked,
    ]
    components = (*pipeline.rewriters, pipeline.fusion, *pipeline.rerankers, prepared.method)
    graphs = sorted({graph.graph_id for component in components if (graph := graph_of(component)) is not None})
    content += [{"graphs": graphs}] if graphs else []
    content += [{"without": prepared.without, "left_out": prepared.left_out}] if prepared.without else []
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=dict).encode()).hexdigest()
