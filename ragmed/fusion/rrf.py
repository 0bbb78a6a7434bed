"""Reciprocal rank fusion: a passage's score is Σ 1 / (rank_constant + rank) over the lists it is in.

Source: Cormack, Clarke & Büttcher 2009, "Reciprocal Rank Fusion outperforms Condorcet and individual
Rank Learning Methods", SIGIR; rank_constant 60 is theirs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from ragmed.protocols import Fusion
from ragmed.types import Hit, Run


@dataclass(frozen=True)
class ReciprocalRankFusion:
    """RRF.

    >>> run = ReciprocalRankFusion().fuse(
    ...     {"bm25": {"q": (Hit("a", 9.0), Hit("b", 7.0))}, "dense": {"q": (Hit("b", 0.8),)}}, k=10)
    >>> [hit.passage_id for hit in run["q"]]
    ['b', 'a']
    """

    rank_constant: int = 60

    def fuse(self, runs: Mapping[str, Run], k: int) -> Run:
        query_ids = sorted({query_id for run in runs.values() for query_id in run})
        return {query_id: self._fuse([run.get(query_id, ()) for run in runs.values()], k) for query_id in query_ids}

    def _fuse(self, lists: list[tuple[Hit, ...]], k: int) -> tuple[Hit, ...]:
        scores: defaultdict[str, float] = defaultdict(float)
        for hits in lists:
            for rank, hit in enumerate(hits, start=1):
                scores[hit.passage_id] += 1 / (self.rank_constant + rank)
        fused = [Hit(passage_id, score) for passage_id, score in scores.items()]
        return tuple(sorted(fused, key=lambda hit: (-hit.score, hit.passage_id))[:k])


COMPONENT: type[Fusion] = ReciprocalRankFusion
