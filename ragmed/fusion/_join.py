"""What every fusion does first and last: one list of the rows found, and the best of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ragmed.protocols import IndexView, Ranking, Rows


def joined(found: Mapping[str, Ranking]) -> tuple[Rows, dict[str, NDArray[np.intp]]]:
    """Every row found, ascending and once, and by retriever the place there of each of its rows."""
    lists = [ranking.rows for ranking in found.values()]
    rows = np.unique(np.concatenate(lists)) if lists else np.zeros(0, dtype=np.int64)
    return rows, {name: np.searchsorted(rows, ranking.rows) for name, ranking in found.items()}


def ranked(rows: Rows, scores: NDArray[np.float64], k: int, index: IndexView) -> Ranking:
    """The best ``k`` rows; equal scores by passage id."""
    order = np.argsort(-scores, kind="stable")
    if (np.diff(scores[order]) != 0).all():
        return Ranking(rows[order[:k]], scores[order[:k]])
    # Ids are looked up only where scores are equal, since each look-up reads a file.
    result: list[int] = []
    at = 0
    while at < len(order) and len(result) < k:
        end = at + 1
        while end < len(order) and scores[order[end]] == scores[order[at]]:
            end += 1
        tied = order[at:end].tolist()
        result += sorted(tied, key=lambda i: index.passage_ids[int(rows[i])]) if len(tied) > 1 else tied
        at = end
    best = np.array(result[:k], dtype=np.intp)
    return Ranking(rows[best], scores[best])


def by_ranks(found: Mapping[str, Ranking], k: int, index: IndexView, rank_constant: int = 60) -> Ranking:
    """Reciprocal rank fusion: see `ragmed.fusion.rrf`."""
    rows, places = joined(found)
    scores = np.zeros(len(rows))
    for name in sorted(found):
        scores[places[name]] += 1 / (rank_constant + np.arange(1, len(found[name]) + 1))
    return ranked(rows, scores, k, index)
