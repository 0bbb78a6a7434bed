"""The best of a fused list looked at again: trees that add to the score what a weighted sum cannot say.

The best ``TOP`` passages are seen with the features of `ragmed.fusion._features` and with sixteen more, of the passage
beside the others: how near it is to those that came first (pseudo-relevance feedback, Rocchio 1971, with vectors: Yu et
al. 2021, "Improving Query Representations for Dense Retrieval with Pseudo Relevance Feedback",
https://arxiv.org/abs/2108.13454), how well those came off that are like it (Diaz 2005, "Regularizing Ad Hoc Retrieval
Scores", CIKM), and which of the question's terms it has. The trees are gradient-boosted for nDCG (LambdaMART: Burges
2010, MSR-TR-2010-82; LightGBM: Ke et al. 2017, NeurIPS) by eval/fit_rescoring.py, on development questions alone,
starting from the fused score: where they know nothing, it stands.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ragmed.fusion._features import OF_PASSAGE, OF_QUERY, Features
from ragmed.fusion._trees import Trees, read_trees
from ragmed.protocols import IndexView

TOP = 50
"""Passages that are looked at again."""
TREES = Path(__file__).with_name("_rescoring_trees.npz")
_ALIKE = 0.8
"""The cosine beyond which two passages say much the same."""
_NEIGHBOURS, _STEEPNESS = 20, 8.0
"""Passages over which scores are evened out; an unlike one counts exp(-8 (1 - cosine))."""
_PARTS = 4
"""A product is formed in so many: a larger one OpenBLAS would do in threads, which then wait busily for the next and
take the cores from searches (at ten million passages the slowest queries took half as long again)."""

BESIDE = (
    "like_first",
    "like_first_three",
    "like_first_ten",
    "like_first_three_by_words",
    "like_first_three_by_meaning",
    "like_all",
    "like_one_of_first_three",
    "alike",
    "fused_of_alike",
    "rarest_term",
    "three_rarest_terms",
    "share_of_terms",
    "words_behind",
    "coverage_behind",
    "coverage_place",
    "coverage_for_length",
)
"""Nearness to the mean vector of those that came first, of all that are looked at, and to the nearest other one of the
first three; how many are nearer than ``_ALIKE``; how far the fused score lies below the mean of the first
``_NEIGHBOURS`` others, the more alike the weightier. Whether the passage has the question's rarest term; the share of
the three rarest that it has; of all, each counting the same. How far its score by words and its coverage lie behind the
best; the reciprocal of its place by coverage; its coverage over its length."""
INPUTS = ("behind_first", "reciprocal_place", *OF_PASSAGE, *BESIDE, *list(OF_QUERY)[1:])


def rescored(seen: Features, scores: NDArray[np.float64], index: IndexView) -> NDArray[np.float64]:
    """The scores (n,) of all rows seen, those of the best ``TOP`` with what the trees add; the others stay behind them.

    Where the index holds no vectors, ``scores`` as they are.
    """
    order = np.argsort(-scores, kind="stable")
    best, rest = order[:TOP], order[TOP:]
    x = inputs(seen, scores, order, index)
    if x is None:
        return scores
    result = scores.copy()
    result[best] += trees().predict(x)
    if len(rest):
        result[rest] += min(0.0, float(result[best].min() - scores[rest[0]]) - 1e-6)
    return result


def inputs(
    seen: Features, scores: NDArray[np.float64], order: NDArray[np.intp], index: IndexView
) -> NDArray[np.float64] | None:
    """What the trees look at: (n, 48), a row for each of the first ``TOP`` of ``order``, columns as ``INPUTS``."""
    best = order[:TOP]
    by_words = np.argsort(-seen.of_passage[:, 0], kind="stable")[:3]
    by_meaning = np.argsort(-seen.of_passage[:, OF_PASSAGE.index("meaning")], kind="stable")[:3]
    vectors = index.vectors(seen.rows[np.concatenate([best, by_words, by_meaning])])
    if vectors is None:
        return None
    n = len(best)
    own = vectors[:n].astype(np.float64)
    likeness = np.concatenate([part @ own.T for part in np.array_split(own, _PARTS)])
    by_words_first, by_meaning_first = (
        own @ first.astype(np.float64).mean(axis=0) for first in np.split(vectors[n:], [len(by_words)])
    )
    fused, of_passage, matches = scores[best], seen.of_passage[best], seen.matches
    words, coverage = of_passage[:, OF_PASSAGE.index("words")], of_passage[:, OF_PASSAGE.index("coverage")]
    columns = [
        fused - fused[0],
        1 / np.arange(1, n + 1),
        *of_passage.T,
        *(likeness[:, :first].mean(axis=1) for first in (1, 3, 10)),
        by_words_first,
        by_meaning_first,
        likeness.mean(axis=1),
        _others(likeness)[:, :3].max(axis=1),
        (likeness > _ALIKE).sum(axis=1),
        _fused_of_alike(fused, likeness),
        matches.rarest[best],
        matches.three_rarest[best],
        matches.share[best],
        words - words.max(),
        coverage - coverage.max(),
        1 / (1 + np.searchsorted(np.sort(-coverage), -coverage)),
        coverage / (matches.lengths[best] + 0.3),
        *np.repeat(seen.of_query[1:, None], n, axis=1),
    ]
    return np.stack(columns, axis=1)


def _others(likeness: NDArray[np.float64]) -> NDArray[np.float64]:
    """The cosines (n, n), a passage's with itself the lowest there is."""
    return np.where(np.eye(len(likeness), dtype=np.bool_), -1.0, likeness)


def _fused_of_alike(fused: NDArray[np.float64], likeness: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far above each score the mean of the first others' lies, the more alike the weightier; 0 for one alone."""
    n = len(fused)
    if n == 1:
        return np.zeros(1)
    weights = np.exp(_STEEPNESS * (likeness[:, :_NEIGHBOURS] - 1))
    np.fill_diagonal(weights, 0.0)
    above: NDArray[np.float64] = weights @ fused[:_NEIGHBOURS] / weights.sum(axis=1) - fused
    return above


@functools.cache
def trees() -> Trees:
    """The trees that were fitted, read once per process."""
    return read_trees(TREES)
