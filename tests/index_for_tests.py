"""Rankings and an index to fuse them for, given as plain tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ragmed.protocols import Matches, Ranking, RetrieverKind, Rows, TermStatistics, Vectors
from ragmed.types import Query


def found(lists: Mapping[str, Mapping[int, float]]) -> dict[str, Ranking]:
    """Retriever → row → score, as rankings."""
    return {name: _ranking(scores) for name, scores in lists.items()}


def _ranking(scores: Mapping[int, float]) -> Ranking:
    best = sorted(scores.items(), key=lambda item: -item[1])
    return Ranking(
        np.array([row for row, _ in best], dtype=np.int64), np.array([score for _, score in best], dtype=np.float64)
    )


class ViewForTests:
    """An `ragmed.protocols.IndexView`: a row that a retriever did not find has the score 0 there."""

    term_statistics: TermStatistics | None = None

    def __init__(self, passage_ids: Sequence[str], lists: Mapping[str, Mapping[int, float]]) -> None:
        self.passage_ids, self._lists = passage_ids, lists

    def kind(self, retriever: str) -> RetrieverKind:
        return "dense" if retriever == "dense" else "graph" if retriever == "graph" else "lexical"

    def explains(self, query: Query, rows: Rows) -> NDArray[np.float64] | None:
        return None

    def scores(self, retriever: str, query: Query, rows: Rows) -> NDArray[np.float64] | None:
        return np.array([self._lists[retriever].get(row, 0.0) for row in rows.tolist()], dtype=np.float64)

    def matches(self, query: Query, rows: Rows) -> Matches | None:
        ones = np.ones(len(rows))
        return Matches(ones, ones, ones, ones, ones, highest=10.0, idf=np.ones(1), n_terms=1)

    def vectors(self, rows: Rows) -> Vectors | None:
        return np.eye(len(self.passage_ids), dtype=np.float32)[rows]
