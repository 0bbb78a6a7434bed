"""How well a model finds the passages of held-out queries: nDCG@10, before training and after.

An encoder ranks, for every held-out query, the documents of one pool: those that answer a held-out query, those that
the search found for one (the hard ones) and others drawn at random, up to a number. A reranker orders the passages
found for the query, the one that answers it among them. Either is the component that a recipe names, and reads texts as
it will in an index. The pool is smaller than an index, so that figures are higher than there: they serve to compare.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ragmed.evaluation.statistics import mean, paired_bootstrap, paired_randomisation
from ragmed.measures.ndcg import NDCG
from ragmed.protocols import Encoder, Progress, Reranker, no_progress
from ragmed.rerankers._order import ranked
from ragmed.retrievers.dense import encoder_text
from ragmed.training.pairs import Pair, documents_by_query, normal
from ragmed.training.pool import Pool
from ragmed.types import Evidence, Hit, Passage, Query, Question, Result

DEPTH = 10
"""nDCG is cut there."""
SIGNIFICANT = 0.05
_BATCH = 256


@dataclass(frozen=True, slots=True)
class Comparison:
    """Mean nDCG@10 of the same queries before and after, the difference with its 95 % interval, and a p-value.

    The interval is a paired bootstrap's, the p-value that of the paired randomisation test.
    """

    n_queries: int
    before: float
    after: float
    difference: float
    low: float
    high: float
    p_value: float

    @property
    def is_better(self) -> bool:
        """Whether the whole interval lies above 0 and chance would seldom do as well (p below 0.05).

        Of few queries that differ, a bootstrap's interval is too narrow; the test is exact there.
        """
        return self.low > 0 and self.p_value < SIGNIFICANT

    def table(self) -> dict[str, Any]:
        """For JSON, rounded to six decimals."""
        return {key: round(value, 6) for key, value in asdict(self).items()} | {"is_better": self.is_better}


def compare(before: Mapping[str, float], after: Mapping[str, float], seed: int) -> Comparison:
    """Compare the figures of the same queries. Raises `ValueError` where they are of others."""
    if before.keys() != after.keys():
        raise ValueError("figures of other queries")
    names = sorted(before)
    first, second = [after[name] for name in names], [before[name] for name in names]
    difference, low, high = paired_bootstrap(first, second, seed=seed)
    p_value = paired_randomisation(first, second, seed=seed)
    return Comparison(len(names), mean(second), mean(first), difference, low, high, p_value)


def encoder_passages(pairs: Sequence[Pair], pool: Pool, n_passages: int, seed: int) -> list[Passage]:
    """What an encoder searches: the passages of held-out pairs, what was found for them, others at random.

    Passages that answer a held-out query without being the pair's are left out: nobody knows where they should stand.
    """
    held_out = [pair for pair in pairs if pair.split == "held_out"]
    queries = {normal(pair.query) for pair in held_out}
    chosen = {pair.positive.passage_id: pair.positive for pair in held_out}
    for pair in held_out:
        for negative in pair.negatives:
            if len(chosen) < n_passages:
                chosen.setdefault(negative.passage.passage_id, negative.passage)
    rows = random.Random(seed).sample(range(len(pool.passages)), min(n_passages, len(pool.passages)))
    for row in rows:
        if len(chosen) >= n_passages:
            break
        passage = pool.passages[row]
        if normal(pool.asks(passage)) not in queries:
            chosen.setdefault(passage.passage_id, pool.read(passage))
    return [chosen[passage_id] for passage_id in sorted(chosen)]


def encoder_figures(
    encoder: Encoder, pairs: Sequence[Pair], passages: Sequence[Passage], progress: Progress = no_progress
) -> dict[str, float]:
    """nDCG@10 of every held-out query, by query id, over the documents of ``passages``."""
    questions = _questions(pairs)
    vectors = encoder.encode_passages([encoder_text(passage) for passage in passages], progress)
    results = {}
    for start in range(0, len(questions), _BATCH):
        block = questions[start : start + _BATCH]
        scores = encoder.encode_queries([question.query.text for question in block]) @ vectors.T
        for question, of_one in zip(block, scores.tolist(), strict=True):
            results[question.query.query_id] = _result(
                question.query.query_id, zip((p.doc_id for p in passages), of_one, strict=True)
            )
    return dict(NDCG(k=DEPTH).per_question(questions, results))


def reranker_figures(reranker: Reranker, pairs: Sequence[Pair], progress: Progress = no_progress) -> dict[str, float]:
    """nDCG@10 of every held-out query, by query id, over what was found for it and what answers it."""
    questions = _questions(pairs)
    evidence = _candidates(pairs)
    results = {}
    for n, question in enumerate(questions, start=1):
        found = evidence[question.query.query_id]
        best = reranker.rerank(question.query, found, len(found))
        results[question.query.query_id] = _result(
            question.query.query_id, ((e.passage.doc_id, -float(e.rank)) for e in best)
        )
        progress(n, len(questions))
    return dict(NDCG(k=DEPTH).per_question(questions, results))


def _questions(pairs: Sequence[Pair]) -> list[Question]:
    """The held-out queries, equal ones once, with the documents that answer them."""
    answering = documents_by_query(pairs)
    questions: dict[str, Question] = {}
    for pair in pairs:
        if pair.split == "held_out":
            name = normal(pair.query)
            relevant = dict.fromkeys(sorted(answering[name]), 1)
            questions.setdefault(name, Question(Query(pair.query_id, pair.query), relevant=relevant))
    return list(questions.values())


def _candidates(pairs: Sequence[Pair]) -> dict[str, tuple[Evidence, ...]]:
    """For each held-out query, by the id of its first pair, positives and hits, in an order that tells neither."""
    found: dict[str, dict[str, Passage]] = {}
    ids: dict[str, str] = {}
    for pair in pairs:
        if pair.split == "held_out":
            query_id = ids.setdefault(normal(pair.query), pair.query_id)
            of_query = found.setdefault(query_id, {})
            for passage in (pair.positive, *(negative.passage for negative in pair.negatives)):
                of_query.setdefault(passage.passage_id, passage)
    return {
        query_id: ranked([Evidence(of_query[p], 0.0, 0, {}) for p in sorted(of_query)], (), len(of_query))
        for query_id, of_query in found.items()
    }


def _result(query_id: str, scored: Any) -> Result:
    """Documents by the best score of their passages, equal ones by id."""
    best: dict[str, float] = {}
    for doc_id, score in scored:
        best[doc_id] = max(score, best.get(doc_id, score))
    order = sorted(best.items(), key=lambda item: (-item[1], item[0]))
    return Result(query_id, documents=tuple(Hit(doc_id, score) for doc_id, score in order))
