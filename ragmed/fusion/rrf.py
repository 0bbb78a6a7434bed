"""Reciprocal rank fusion: a passage's score is Σ 1 / (rank_constant + rank) over the lists it is in.

Source: Cormack, Clarke & Büttcher 2009, "Reciprocal Rank Fusion outperforms Condorcet and individual
Rank Learning Methods", SIGIR; rank_constant 60 is theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ragmed.fusion._join import by_ranks
from ragmed.protocols import Fusion, IndexView, Ranking
from ragmed.types import Query


@dataclass(frozen=True)
class ReciprocalRankFusion:
    """RRF. ``rank_constant`` (≥ 0): the higher, the less the first ranks stand out."""

    rank_constant: int = 60

    def fuse(self, query: Query, found: Mapping[str, Ranking], k: int, index: IndexView) -> Ranking:
        return by_ranks(found, k, index, self.rank_constant)


COMPONENT: type[Fusion] = ReciprocalRankFusion
