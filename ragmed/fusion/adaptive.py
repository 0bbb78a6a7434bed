"""Adaptive fusion: how far words and meaning are trusted is decided query by query.

A passage's score is a weighted sum of eight features (its score, standing and rank in either list, the share of the
question's terms that it has, its length), and each weight is a linear function of what is seen of the query and of
both result lists: how long and how rare its terms are, how high and how steep the scores, how far the lists agree
(`ragmed.fusion._features`). Each list's missing scores are completed first, so that a passage which one retriever did
not find is judged by its score there and not as if it had none.

The weights were fitted by eval/fit_fusion.py on development questions alone (listwise softmax loss, Cao et al. 2007,
"Learning to Rank: From Pairwise Approach to Listwise Approach", ICML), each set counting the same. The best fifty are
then looked at again by boosted trees (`ragmed.fusion._rescoring`); `Weighing` tells of the weights, not of the trees.

Of a knowledge graph's list (`ragmed.retrievers.graph`), what it says of findings counts: where a question lists some,
passages about diseases are ordered by the fused score and by how well the disease explains them.

Where an index lacks a lexical or a dense list, or one cannot complete scores, and for lists of other retrievers,
reciprocal rank fusion stands in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ragmed.fusion._adaptive_weights import MEANS, WEIGHTS
from ragmed.fusion._features import BY_WORDS, OF_PASSAGE, OF_QUERY, Features, features
from ragmed.fusion._join import by_ranks, ranked
from ragmed.fusion._rescoring import TREES, rescored
from ragmed.protocols import Fusion, IndexView, Ranking, Rows
from ragmed.types import Query, Weighing

_MAX_REASONS = 4
_EXPLAINS, _UNEXPLAINED = 1.25, 10.0
"""What a unit of the logarithm of a disease's likelihood counts beside the fused score, and the most that is lost."""
_EXPLAINED = 30
"""Passages of a knowledge graph's list that are seen, though neither list found them."""


@dataclass(frozen=True)
class Adaptive:
    """Per-query fusion of the first lexical and the first dense list; further lists join by reciprocal rank."""

    def fuse(self, query: Query, found: Mapping[str, Ranking], k: int, index: IndexView) -> Ranking:
        pair, graph = _pair(found, index), _graph(found, index)
        further = None if graph is None else Ranking(graph.rows[:_EXPLAINED], graph.scores[:_EXPLAINED])
        seen = None if pair is None else features(query, *pair, found, index, further)
        if pair is None or seen is None:
            return by_ranks(found, k, index)
        scores = rescored(seen, seen.of_passage @ _weights(seen.of_query), index)
        if graph is not None:
            scores = scores + _explaining(query, seen.rows, index)
        fused = ranked(seen.rows, scores, len(seen.rows), index)
        others = {name: ranking for name, ranking in found.items() if name not in pair and index.kind(name) != "graph"}
        if not others:
            return Ranking(fused.rows[:k], fused.scores[:k])
        return by_ranks({"": fused, **others}, k, index)

    def fingerprint(self) -> str:
        """Identifies the weights and trees, which are fitted anew from time to time."""
        return hashlib.sha256(WEIGHTS.tobytes() + TREES.read_bytes()).hexdigest()[:16]

    def weigh(self, query: Query, found: Mapping[str, Ranking], index: IndexView) -> Weighing:
        """How much of the difference between passages comes from either list, and what of the query moved that."""
        pair = _pair(found, index)
        seen = None if pair is None else features(query, *pair, found, index)
        if pair is None or seen is None:
            equal = {name: 1 / len(found) for name in sorted(found)}
            return Weighing(equal, reasons=("reciprocal ranks alone: the lists cannot be compared by score",))
        others = [name for name in sorted(found) if name not in pair and index.kind(name) != "graph"]
        n = len(others) + 2
        by_words = _share_of_words(seen, seen.of_query)
        weights = dict.fromkeys(sorted(found), 0.0) | dict.fromkeys(others, 1 / n)
        weights |= {pair[0]: 2 / n * by_words, pair[1]: 2 / n * (1 - by_words)}
        moved = []
        for i, (name, what) in enumerate(OF_QUERY.items()):
            if what:
                usual = seen.of_query.copy()
                usual[i] = MEANS[name]
                moved.append((by_words - _share_of_words(seen, usual), what, seen.of_query[i] > MEANS[name]))
        moved.sort(key=lambda entry: (-abs(entry[0]), entry[1]))
        explaining = _explaining(query, seen.rows, index).any()
        listed = ("it lists findings: passages about diseases are ordered by how well these explain them too",)
        reasons = (listed if explaining else ()) + tuple(
            f"{what} ({'above' if above else 'below'} average): {pair[0] if by > 0 else pair[1]} +{abs(by):.2f}"
            for by, what, above in moved[:_MAX_REASONS]
            if abs(by) >= 0.005
        )
        values = dict(zip(OF_QUERY, seen.of_query.tolist(), strict=True))
        return Weighing(weights, {name: value for name, value in values.items() if OF_QUERY[name]}, reasons)


def _graph(found: Mapping[str, Ranking], index: IndexView) -> Ranking | None:
    """What the first retriever over a knowledge graph found."""
    return next((found[name] for name in sorted(found) if index.kind(name) == "graph"), None)


def _explaining(query: Query, rows: Rows, index: IndexView) -> NDArray[np.float64]:
    """What passages lose by explaining the findings that a question lists less well than the best; (n,), at most 0.

    Nothing where the question lists none. A passage about no disease explains nothing.
    """
    explains = index.explains(query, rows)
    if explains is None or not np.isfinite(explains).any():
        return np.zeros(len(rows))
    return _EXPLAINS * np.maximum(explains, -_UNEXPLAINED)


def _weights(of_query: NDArray[np.float64]) -> NDArray[np.float64]:
    """The weight of each feature of a passage, for this query."""
    weights: NDArray[np.float64] = of_query @ WEIGHTS
    return weights


def _share_of_words(seen: Features, of_query: NDArray[np.float64]) -> float:
    """The lexical list's part (0–1) in how far the scores of passages lie apart."""
    parts = seen.of_passage * _weights(of_query)
    is_words = np.isin(OF_PASSAGE, BY_WORDS)
    by_words, by_meaning = np.std(parts[:, is_words].sum(axis=1)), np.std(parts[:, ~is_words].sum(axis=1))
    return float(by_words / (by_words + by_meaning)) if by_words + by_meaning > 0 else 0.5


def _pair(found: Mapping[str, Ranking], index: IndexView) -> tuple[str, str] | None:
    """The first lexical and the first dense retriever, by name."""
    kinds = {kind: name for name in sorted(found, reverse=True) if (kind := index.kind(name)) in ("lexical", "dense")}
    return (kinds["lexical"], kinds["dense"]) if len(kinds) == 2 else None


COMPONENT: type[Fusion] = Adaptive
