"""A graph as a walk sees it: who is whose neighbour, either way, and how strongly two nodes are joined.

Made in memory from the mapped columns when it is first asked for: the edges lie sorted both ways, so it is one merge
of sorted runs (some 0.2 s for a million edges), and then kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from ragmed.graph.store import Graph, Numbers

Floats = NDArray[np.float64]

_BLOCK = 1 << 16
"""Pairs that are multiplied at a time."""
_ALL = slice(None)
_KEPT = 4
"""Walks kept in memory: a graph with its weights each."""


@dataclass(frozen=True, slots=True)
class EdgeWeights:
    """How readily a walk takes a statement: the product of what follows.

    Its predicate's weight, from ``predicates`` ((name, weight), …; by default what a source marks off from something is
    not walked) or else ``others``; with ``confidence`` its
    confidence; with ``frequency`` the share of patients, or where the source gives none the mean of the shares given
    for that predicate (1 where there are none). A pair's weight is that of its strongest statement: being repeated
    makes none stronger. It is divided by the number of neighbours of each of the two to the power of ``hubs``: 0
    leaves it, 0.5 makes light of what is joined to everything. Statements that are negated, or have the weight 0, and
    those of a node about itself are not walked.

    Raises:
        ValueError: a weight is negative or not a number.
    """

    predicates: tuple[tuple[str, float], ...] = (("does_not_include", 0.0), ("not_coded_with", 0.0))
    others: float = 1.0
    confidence: bool = True
    frequency: bool = True
    hubs: float = 0.0

    def __post_init__(self) -> None:
        for name, weight in (*self.predicates, ("others", self.others), ("hubs", self.hubs)):
            if not 0 <= weight < float("inf"):
                raise ValueError(f"the weight of {name} is {weight}; it must be a number from 0 up")


@dataclass(frozen=True)
class Neighbours:
    """The neighbours of each node, as compressed sparse rows; every pair stands in both nodes' rows.

    Those of node ``row`` are ``neighbour[start[row]:start[row + 1]]``, ascending, joined to it by as many ``weight``s
    (> 0). ``strength`` (n_nodes,) is the sum of a node's weights.
    """

    start: Numbers
    neighbour: Numbers
    weight: Floats
    strength: Floats

    @property
    def n_nodes(self) -> int:
        return len(self.strength)

    @cached_property
    def connected(self) -> Numbers:
        """The nodes that have neighbours, ascending."""
        return np.flatnonzero(np.diff(self.start))

    @cached_property
    def _blocks(self) -> list[tuple[Numbers, Numbers, Floats, Numbers]]:
        """Connected nodes with their neighbours and weights, cut so that a block's products stay in the cache."""
        first = self.start[self.connected]
        cuts = np.unique(np.searchsorted(first, np.arange(0, len(self.weight), _BLOCK)))
        cuts, blocks = cuts[cuts < len(first)], []
        for begin, end in zip(cuts.tolist(), [*cuts[1:].tolist(), len(first)], strict=True):
            entries = slice(int(first[begin]), int(first[end]) if end < len(first) else len(self.weight))
            parts = (self.neighbour[entries], self.weight[entries], first[begin:end] - first[begin])
            blocks.append((self.connected[begin:end], *parts))
        return blocks

    def times(self, values: Floats) -> Floats:
        """The matrix of weights times a vector (n_nodes,)."""
        result = np.zeros(self.n_nodes)
        room = np.empty(max((len(weight) for _, _, weight, _ in self._blocks), default=0))
        for rows, neighbour, weight, first in self._blocks:
            products = room[: len(weight)]
            np.take(values, neighbour, out=products, mode="clip")
            np.multiply(products, weight, out=products)
            result[rows] = np.add.reduceat(products, first)
        return result

    def times_few(self, values: Floats, rows: Numbers) -> Floats:
        """The same where only ``rows`` of the vector are not zero; it costs as much as they have neighbours."""
        counts = self.start[rows + 1] - self.start[rows]
        ends = np.cumsum(counts)
        places = np.arange(ends[-1] if len(ends) else 0) + np.repeat(self.start[rows] - (ends - counts), counts)
        spread = self.weight[places] * np.repeat(values[rows], counts)
        return np.bincount(self.neighbour[places], spread, self.n_nodes).astype(np.float64)

    @cached_property
    def component(self) -> Numbers:
        """(n_nodes,): the first node that can be reached from each: equal where there is a way between two.

        Labels spread to neighbours and leap to their own labels until none changes.

        Source: Shiloach & Vishkin 1982, "An O(log n) parallel connectivity algorithm", J. Algorithms 3(1).
        """
        label = np.arange(self.n_nodes)
        while len(self.connected):
            least = np.minimum.reduceat(label[self.neighbour], self.start[self.connected])
            own = label[self.connected]
            lower = least < own
            if not lower.any():
                break
            np.minimum.at(label, own[lower], least[lower])
            label[self.connected] = np.minimum(label[self.connected], least)
            while not np.array_equal(leapt := label[label], label):
                label = leapt
        return label


@lru_cache(_KEPT)
def neighbours(graph: Graph, weights: EdgeWeights) -> Neighbours:
    """The walk over a graph with those weights; made once."""
    n = graph.n_nodes
    keys, joined = _both_ways(graph, edge_weights(graph, weights))
    # A stable sort of two runs that are each sorted is a merge.
    order = np.argsort(keys, kind="stable")
    keys, joined = keys[order], joined[order]
    del order
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    joined = np.maximum.reduceat(joined, first) if len(first) else joined
    keys = keys[first]
    start = np.searchsorted(keys, np.arange(n + 1) * n)
    counts = np.diff(start)
    keys -= np.repeat(np.arange(n) * n, counts)
    if weights.hubs:
        joined /= (np.repeat(counts, counts) * counts[keys]) ** weights.hubs
    strength = np.bincount(np.repeat(np.arange(n), counts), joined, n).astype(np.float64)
    return Neighbours(start, keys, joined, strength)


def _both_ways(graph: Graph, weight: Floats) -> tuple[Numbers, Floats]:
    """A key and a weight for each way of each statement that is walked: key // n_nodes is whence, the rest whither.

    Those from subject to object come first, then those from object to subject; either ascends.
    """
    n = graph.n_nodes
    numbers = np.flatnonzero(weight)
    into = np.asarray(graph.into_edge, dtype=np.int64)
    into = into[weight[into] > 0]
    subject, object_ = graph.subject.astype(np.int64), graph.object.astype(np.int64)
    keys = np.concatenate([subject[numbers] * n + object_[numbers], object_[into] * n + subject[into]])
    return keys, np.concatenate([weight[numbers], weight[into]])


def edge_weights(graph: Graph, weights: EdgeWeights, numbers: Numbers | slice = _ALL) -> Floats:
    """The weights of the statements of those numbers, 0 for those that are not walked."""
    of_predicate = dict(weights.predicates)
    table = np.array([of_predicate.get(name, weights.others) for name in graph.predicates] or [0.0], dtype=np.float64)
    predicate = graph.predicate[numbers]
    result: Floats = table[predicate]
    result[graph.negated[numbers] | (graph.subject[numbers] == graph.object[numbers])] = 0
    if weights.confidence:
        result *= graph.confidence[numbers]
    if weights.frequency:
        shares = graph.frequency[numbers].astype(np.float64)
        result *= np.where(np.isnan(shares), _mean_shares(graph)[predicate], shares)
    return result


@lru_cache(_KEPT)
def _mean_shares(graph: Graph) -> Floats:
    """For each predicate the mean of the shares of patients that are given; 1 where none is."""
    given = ~np.isnan(graph.frequency)
    n = max(len(graph.predicates), 1)
    counts = np.bincount(graph.predicate[given], minlength=n)
    sums = np.bincount(graph.predicate[given], graph.frequency[given], n)
    means: Floats = np.where(counts > 0, sums / np.maximum(counts, 1), 1.0)
    return means
