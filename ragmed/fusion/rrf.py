"""Reciprocal rank fusion: a passage's score is Σ 1 / (rank_constant + rank) over the lists it is in.

Source: Cormack, Clarke & Büttcher 2009, "Reciprocal Rank Fusion outperforms Condorcet and individual
Rank Learning Methods", SIGIR; rank_constant 60 is theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ragmed.fusion._join import joined, ranked
from ragmed.protocols import Fusion, IndexView, Ranking
from ragmed.types import Query


@dataclass(frozen=True)
class ReciprocalRankFusion:
    """RRF. ``rank_constant`` (≥ 0): the higher, the less the first ranks stand out."""

    rank_constant: int = 60

    def fuse(self, query: Query, found: Mapping[str, Ranking], k: int, index: IndexView) -> Ranking:
        rows, places = joined(found)
        scores = np.zeros(len(rows))
        for name in sorted(found):
            scores[places[name]] += 1 / (self.rank_constant + np.arange(1, len(found[name]) + 1))
        return ranked(rows, scores, k, index)


COMPONENT: type[Fusion] = ReciprocalRankFusion
