"""Weighted sum of normalised scores, the same weights for every query.

Source: Fox & Shaw 1994, "Combination of Multiple Searches", TREC-2 (CombSUM); Bruch, Gai & Ingber 2023, "An Analysis
of Fusion Functions for Hybrid Retrieval", ACM TOIS 42(1), arXiv:2210.11934, who call it a convex combination. Each
list's scores are completed for what only another found, where its retriever can tell them (else they count as the
lowest), and put between 0, the lowest, and 1, the highest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ragmed.errors import RecipeError
from ragmed.fusion._join import joined, ranked
from ragmed.protocols import Fusion, IndexView, Ranking, Rows
from ragmed.types import Query, Weighing


@dataclass(frozen=True)
class Weighted:
    """``weights`` (≥ 0) by retriever, as ``{bm25 = 0.4, dense = 0.6}``; one that is not named has 1.

    Raises:
        RecipeError: a weight is negative or not a number.
    """

    weights: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, weight in self.weights.items():
            if not weight >= 0 or weight == float("inf"):
                raise RecipeError(f"fusion/weighted: the weight of {name} is {weight}; give a number from 0 upwards")

    def fuse(self, query: Query, found: Mapping[str, Ranking], k: int, index: IndexView) -> Ranking:
        rows, places = joined(found)
        scores = np.zeros(len(rows))
        for name in sorted(found):
            completed = _completed(name, query, rows, places[name], found[name], index)
            scores += self.weights.get(name, 1.0) * _from_zero_to_one(completed)
        return ranked(rows, scores, k, index)

    def weigh(self, query: Query, found: Mapping[str, Ranking], index: IndexView) -> Weighing:
        """The recipe's weights, over their sum."""
        given = {name: self.weights.get(name, 1.0) for name in sorted(found)}
        total = sum(given.values())
        shares = {name: weight / total if total else 1 / len(given) for name, weight in given.items()}
        return Weighing(shares, reasons=("the recipe says so, for every query",))


def _completed(
    name: str, query: Query, rows: Rows, places: NDArray[np.intp], found: Ranking, index: IndexView
) -> NDArray[np.float64]:
    told = index.scores(name, query, rows)
    if told is not None:
        return told
    scores = np.full(len(rows), found.scores.min() if len(found) else 0.0)
    scores[places] = found.scores
    return scores


def _from_zero_to_one(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    spread = float(np.ptp(scores)) if len(scores) else 0.0
    return (scores - scores.min()) / spread if spread > 0 else np.zeros(len(scores))


COMPONENT: type[Fusion] = Weighted
