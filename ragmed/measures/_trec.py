"""The ranking measures of a run, computed by trec_eval's own code (pytrec_eval).

What a ranking measure sees of a run is at which ranks the judged documents stand. So that is what the evaluator is
given: documents are named by their rank, and scored by it. The order shown is thereby the order scored — left to
itself trec_eval sorts anew, by 32-bit scores and then by id, descending — and no document's id, however odd, reaches
code in C that a lone surrogate would bring down.

As in trec_eval with ``-c``, a measure applies to every question that has judgements, those without a relevant document
and those without results included: they count 0. A grade below 0 is one of 0 to all these measures, as in trec_eval,
and is given as such, since pytrec_eval 0.5 writes beyond its memory for one. A document listed twice counts once, at
its better rank.

Source: https://github.com/usnistgov/trec_eval (measures m_ndcg_cut.c, m_recall.c, m_P.c, m_recip_rank.c, m_map.c,
m_success.c); Van Gysel and de Rijke 2018, "Pytrec_eval: An Extremely Fast Python Interface to trec_eval" (SIGIR).
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import pytrec_eval

from ragmed.errors import RagmedError, RecipeError
from ragmed.types import Question, Result

MAX_GRADE = 10_000
"""trec_eval's uncut nDCG takes time that grows as the square of the highest grade; no judgements have such grades."""

_CUT = ("ndcg_cut", "recall", "P", "map_cut", "success")
_UNCUT = ("ndcg", "map", "recip_rank", "Rprec")

Figures = Mapping[str, Mapping[str, float]]
_BY_RANK = operator.attrgetter("passage_id")


@dataclass
class TrecPasses:
    """Passes of the evaluator over one run: one for each depth, for all measures of that depth.

    Measures that share this object share its passes. It keeps those of one run, and knows it by its very records, so
    that results which have since changed are evaluated anew.
    """

    _questions: list[Question] = field(default_factory=list)
    _results: list[Result | None] = field(default_factory=list)
    _done: dict[tuple[int | None, int], Figures] = field(default_factory=dict)

    def figures(
        self,
        name: str,
        questions: Sequence[Question],
        results: Mapping[str, Result],
        *,
        k: int | None,
        min_grade: int = 1,
    ) -> dict[str, float]:
        """``name`` (as ``"ndcg_cut"``; ``k`` is added) for every question that has judgements, by its id.

        Raises `RagmedError` for a grade that trec_eval cannot take.
        """
        judged = [question for question in questions if question.relevant]
        found = [results.get(question.query.query_id) for question in judged]
        if not (_same(judged, self._questions) and _same(found, self._results)):
            self._questions, self._results, self._done = judged, found, {}
        if (k, min_grade) not in self._done:
            self._done[k, min_grade] = _evaluate(judged, found, k, min_grade)
        key = f"{name}_{k}" if name in _CUT else name
        figures = self._done[k, min_grade]
        return {question.query.query_id: figures[str(i)][key] for i, question in enumerate(judged)}


def check_depth(measure: str, k: int | None, min_grade: int = 1) -> None:
    """Raise `RecipeError` for a depth or a least grade that is not 1 or more."""
    if k is not None and k < 1:
        raise RecipeError(f"{measure}: k = {k}; a depth is 1 or more")
    if not 1 <= min_grade <= MAX_GRADE:
        raise RecipeError(f"{measure}: min_grade = {min_grade}; what is relevant has a grade of 1 or more")


def label(name: str, k: int | None, min_grade: int = 1) -> str:
    """The standard name, as ir_measures writes it.

    >>> label("P", 10), label("AP", None), label("P", 5, min_grade=2)
    ('P@10', 'AP', 'P(rel=2)@5')
    """
    return name + (f"(rel={min_grade})" if min_grade > 1 else "") + (f"@{k}" if k is not None else "")


def _same(some: Sequence[object], others: Sequence[object]) -> bool:
    return len(some) == len(others) and all(map(operator.is_, some, others))


def _evaluate(
    questions: Sequence[Question], results: Sequence[Result | None], k: int | None, min_grade: int
) -> Figures:
    """All measures of one depth. Questions are named by their row."""
    if not questions:
        return {}
    names = ["recip_rank", *(f"{name}.{k}" for name in _CUT)] if k is not None else list(_UNCUT)
    runs: dict[str, Mapping[str, float]] = {}
    qrels: dict[str, dict[str, int]] = {}
    run_of_length: dict[int, dict[str, float]] = {}
    for row, (question, result) in enumerate(zip(questions, results, strict=True)):
        ranks = {} if result is None else _ranks(result, k)
        deepest = 0
        qrels[str(row)] = grades = {}
        for i, (doc_id, grade) in enumerate(question.relevant.items()):
            if grade > MAX_GRADE:
                raise RagmedError(
                    f"question {question.query.query_id!r}: grade {grade} of document {doc_id!r} is above "
                    f"{MAX_GRADE:,}; no measure of ranking can use it"
                )
            rank = ranks.get(doc_id, 0)
            deepest = max(deepest, rank)
            grades[str(rank) if rank else f"not found {i}"] = max(0, int(grade))
        if deepest not in run_of_length:  # what stands below the last judged document changes nothing
            run_of_length[deepest] = {str(rank): float(deepest - rank) for rank in range(1, deepest + 1)}
        runs[str(row)] = run_of_length[deepest]
    evaluator = pytrec_eval.RelevanceEvaluator(qrels, names, relevance_level=min_grade)
    figures: Figures = evaluator.evaluate(runs)
    return figures


def _ranks(result: Result, k: int | None) -> dict[str, int]:
    """The rank of each of the first ``k`` documents."""
    doc_ids = list(map(_BY_RANK, result.documents if k is None else result.documents[:k]))
    ranks = dict(zip(doc_ids, range(1, len(doc_ids) + 1), strict=True))
    if len(ranks) == len(doc_ids):
        return ranks
    distinct = dict.fromkeys(map(_BY_RANK, result.documents))
    return {doc_id: rank for rank, doc_id in enumerate(islice(distinct, k), start=1)}
