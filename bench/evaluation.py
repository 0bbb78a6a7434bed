"""Evaluation: nDCG@10 of 10,000 queries × 1,000 hits, and 10,000 bootstrap resamples of 10,000 questions.

``python bench/evaluation.py [--queries N] [--hits N] [--runs N]`` prints the rows that ``make bench`` shows. The
references, in the same run: pytrec_eval on the whole run as dictionaries; the bootstrap as numpy's manual would have
it, one resample after another; the randomisation test likewise.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytrec_eval

from ragmed.evaluation.measure_names import make_measures
from ragmed.evaluation.statistics import mean_interval, paired_randomisation
from ragmed.types import Hit, Query, Question, Result

SEED = 7
N_RELEVANT = 5
DEEP = ["nDCG@10", "R@10", "RR@10", "R@100", "nDCG@100", "AP", "RR", "nDCG", "R@1000", "AP@1000"]


def data(n_queries: int, n_hits: int) -> tuple[list[Question], dict[str, Result]]:
    """Runs of documents drawn from a pool, five of the hits relevant, the better ranks more often."""
    choose = random.Random(SEED)
    pool = [f"PMID:{i}" for i in range(20 * n_hits)]
    questions, results = [], {}
    for i in range(n_queries):
        start = choose.randrange(len(pool) - n_hits)
        hits = tuple(Hit(pool[start + rank], float(n_hits - rank)) for rank in range(n_hits))
        ranks = [int(n_hits * choose.random() ** 3) for _ in range(N_RELEVANT)]
        relevant = {hits[rank].passage_id: choose.choice([1, 2]) for rank in ranks}
        questions.append(Question(Query(str(i), ""), relevant=relevant))
        results[str(i)] = Result(str(i), documents=hits)
    return questions, results


def rows(n_queries: int = 10_000, n_hits: int = 1000, runs: int = 3) -> list[dict[str, Any]]:
    """Figures of ragmed and of the references, in turn."""
    questions, results = data(n_queries, n_hits)
    ours, theirs, deep = [], [], []
    for _ in range(runs):
        seconds, figures = _timed(lambda: make_measures(["nDCG@10"], "bench")[0].per_question(questions, results))
        ours.append(seconds)
        seconds, expected = _timed(lambda: _pytrec_eval(questions, results))
        theirs.append(seconds)
        assert figures == expected
        seconds, _ = _timed(lambda: [m.per_question(questions, results) for m in make_measures(DEEP, "bench")])
        deep.append(seconds)
    values = np.random.default_rng(SEED).random(n_queries)
    others = values + np.random.default_rng(SEED + 1).normal(0, 0.1, n_queries)
    bootstrap = [_timed(lambda: mean_interval(values))[0] for _ in range(runs)]
    naive = [_timed(lambda: _naive_bootstrap(values))[0]]
    test = [_timed(lambda: paired_randomisation(values, others))[0] for _ in range(runs)]
    naive_test = [10 * _timed(lambda: _naive_randomisation(values, others, 10_000))[0]]
    size = f"{n_queries:,} queries × {n_hits:,} hits"
    return [
        {
            "what": f"nDCG@10, {size}",
            "unit": "s",
            "goal": "≤ 2 s",
            "values": ours,
            "reference": "pytrec_eval on dictionaries of all hits",
            "reference_values": theirs,
        },
        {"what": f"  {len(DEEP)} measures down to R@1000 and AP, together", "unit": "s", "values": deep},
        {
            "what": f"bootstrap interval, 10,000 resamples of {n_queries:,}",
            "unit": "s",
            "goal": "≤ 5 s",
            "values": bootstrap,
            "reference": "one rng.choice a resample",
            "reference_values": naive,
        },
        {
            "what": f"randomisation test, 100,000 exchanges of {n_queries:,}",
            "unit": "s",
            "values": test,
            "reference": "one sign a question; a tenth of the exchanges, times ten",
            "reference_values": naive_test,
        },
    ]


def _pytrec_eval(questions: list[Question], results: dict[str, Result]) -> dict[str, float]:
    qrels = {question.query.query_id: dict(question.relevant) for question in questions}
    run = {query_id: {hit.passage_id: hit.score for hit in r.documents} for query_id, r in results.items()}
    figures = pytrec_eval.RelevanceEvaluator(qrels, ["ndcg_cut_10"]).evaluate(run)
    return {query_id: of_query["ndcg_cut_10"] for query_id, of_query in figures.items()}


def _naive_bootstrap(values: Any) -> Any:
    rng = np.random.default_rng(SEED)
    return np.quantile([rng.choice(values, len(values)).mean() for _ in range(10_000)], [0.025, 0.975])


def _naive_randomisation(first: Any, second: Any, n: int) -> float:
    rng = np.random.default_rng(SEED)
    differences = first - second
    drawn = [(rng.choice([-1.0, 1.0], len(differences)) * differences).mean() for _ in range(n)]
    return float((np.abs(drawn) >= abs(differences.mean())).mean())


def _timed(call: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    found = call()
    return time.perf_counter() - started, found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=int, default=10_000)
    parser.add_argument("--hits", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    for row in rows(arguments.queries, arguments.hits, arguments.runs):
        print(json.dumps(row, ensure_ascii=False))
