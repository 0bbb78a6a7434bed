"""Ways from one node to others, each step a statement of a source: the shortest first, then the most telling.

A way is worth the product of the weights of its statements (predicate, confidence, share of patients) and of
d ** -0.4 for each node between its ends, d being that node's number of neighbours: through a node that is joined to
everything, as "Autosomal dominant inheritance", anything leads to anything. So it is done by the degree-weighted path
count of Himmelstein & Baranzini 2015, PLoS Computational Biology 11(7): e1004259, "Methods", whose exponent this is;
MedReason (Wu et al. 2025, arXiv:2504.00993, §3) explains answers by the shortest paths.

For each length, what the best rest of a way is worth is first worked out from the targets, one pass over the edges a
hop; then ways are built from the sources, the one that can become best first (A*, Hart, Nilsson & Raphael 1968, IEEE
Trans. SSC 4(2)). The estimate being exact, a hub costs one look at its neighbours, not one way each.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from ragmed.graph.neighbours import EdgeWeights, Floats, Neighbours, edge_weights, neighbours
from ragmed.graph.statements import details
from ragmed.graph.store import Graph, Numbers
from ragmed.types import Edge

_HUB_EXPONENT = 0.4
_MAX_STEPS = 20_000
"""Ways looked at for one length."""


@dataclass(frozen=True, slots=True)
class Path:
    """A way without circles: ``rows`` of nodes, and between each two the ``edges`` that says so.

    ``forward``: whether the edge's subject comes first.
    """

    rows: tuple[int, ...]
    edges: tuple[int, ...]
    forward: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Paths:
    """What a search found. ``is_cut``: it ended at its limit; there may be better ones of the last length."""

    paths: tuple[Path, ...]
    is_cut: bool


def shortest_paths(
    graph: Graph,
    sources: Collection[int],
    targets: Collection[int],
    *,
    max_hops: int = 3,
    max_paths: int = 5,
    weights: EdgeWeights | None = None,
) -> list[Path]:
    """The best ways from any of ``sources`` to any of ``targets``: by length, then by worth, then by rows.

    Longer ways follow where there are fewer than ``max_paths`` of the shortest. None goes through a source or a target.

    Raises:
        ValueError: ``max_hops`` or ``max_paths`` is below 1.
    """
    return list(find_paths(graph, sources, targets, max_hops=max_hops, max_paths=max_paths, weights=weights).paths)


def find_paths(
    graph: Graph,
    sources: Collection[int],
    targets: Collection[int],
    *,
    max_hops: int = 3,
    max_paths: int = 5,
    weights: EdgeWeights | None = None,
) -> Paths:
    """As `shortest_paths`, and whether the search was cut."""
    if max_hops < 1 or max_paths < 1:
        raise ValueError(f"max_hops is {max_hops} and max_paths {max_paths}; both must be at least 1")
    chosen = weights or EdgeWeights()
    walk = neighbours(graph, chosen)
    starts = np.array(sorted({int(row) for row in sources}), dtype=np.int64)
    ends = np.array(sorted({int(row) for row in targets} - {*starts.tolist()}), dtype=np.int64)
    # rest[n]: the logarithm of what the best way of n hops to an end is worth, from each node.
    rest = [np.full(graph.n_nodes, -np.inf)]
    rest[0][ends] = 0.0
    found: list[tuple[int, ...]] = []
    is_cut = False
    for n_hops in range(1, max_hops + 1):
        ways, cut = _best(walk, starts, rest, n_hops, max_paths - len(found))
        found, is_cut = found + ways, is_cut or cut
        if len(found) >= max_paths or n_hops == max_hops:
            break
        rest.append(_before(walk, rest[-1], starts, ends))
    return Paths(tuple(_stated(graph, rows, chosen) for rows in found), is_cut)


def _before(walk: Neighbours, rest: Floats, starts: Numbers, ends: Numbers) -> Floats:
    """One hop farther from the ends; a way goes neither through them nor through a start again."""
    rows = np.flatnonzero(rest > -np.inf)
    counts = walk.start[rows + 1] - walk.start[rows]
    stops = np.cumsum(counts)
    places = np.arange(stops[-1] if len(stops) else 0) + np.repeat(walk.start[rows] - (stops - counts), counts)
    result = np.full(walk.n_nodes, -np.inf)
    np.maximum.at(result, walk.neighbour[places], np.repeat(rest[rows], counts) + np.log(walk.weight[places]))
    degrees = np.diff(walk.start)
    result -= _HUB_EXPONENT * np.log(np.maximum(degrees, 1))
    result[ends] = result[starts] = -np.inf
    return result


def _best(
    walk: Neighbours, starts: Numbers, rest: list[Floats], n_hops: int, n: int
) -> tuple[list[tuple[int, ...]], bool]:
    """The ``n`` best ways of so many hops, and whether the search was cut."""
    waiting: list[tuple[float, tuple[int, ...], float]] = [(0.0, (start,), 0.0) for start in starts.tolist()]
    found: list[tuple[int, ...]] = []
    for _ in range(_MAX_STEPS):
        if not waiting or len(found) == n:
            return found, False
        _, rows, worth = heapq.heappop(waiting)
        n_left = n_hops - len(rows) + 1
        if n_left == 0:
            found.append(rows)
            continue
        first, end = int(walk.start[rows[-1]]), int(walk.start[rows[-1] + 1])
        following = walk.neighbour[first:end]
        after = rest[n_left - 1][following]
        so_far = worth + np.log(walk.weight[first:end])
        if n_left > 1:
            so_far -= _HUB_EXPONENT * np.log(walk.start[following + 1] - walk.start[following])
            after = after + _HUB_EXPONENT * np.log(walk.start[following + 1] - walk.start[following])
        for place in np.flatnonzero(after > -np.inf).tolist():
            row = int(following[place])
            if row not in rows:
                # Rounded, so that ways of equal worth go by their rows, however their worth was added up.
                total = round(-float(so_far[place] + after[place]), 9)
                heapq.heappush(waiting, (total, (*rows, row), float(so_far[place])))
    return found, True


def _stated(graph: Graph, rows: tuple[int, ...], weights: EdgeWeights) -> Path:
    """The way with the strongest statement of each step, the first of equals."""
    edges, forward = [], []
    for one, other in itertools.pairwise(rows):
        numbers = np.concatenate([_between(graph, one, other), _between(graph, other, one)])
        number = int(numbers[np.argmax(edge_weights(graph, weights, numbers))])
        edges.append(number)
        forward.append(int(graph.subject[number]) == one)
    return Path(rows, tuple(edges), tuple(forward))


def _between(graph: Graph, subject: int, object_: int) -> Numbers:
    """The statements of one node about another; a node's are in the order of their objects."""
    first, end = int(graph.start[subject]), int(graph.start[subject + 1])
    objects = graph.object[first:end]
    start, stop = np.searchsorted(objects, [object_, object_ + 1])
    return np.arange(first + start, first + stop, dtype=np.int64)


def in_words(graph: Graph, path: Path) -> str:
    """A way as a reader follows it, each step with what it rests on.

    As ``"Marfan syndrome —has finding→ Ectopia lentis (60 % of patients; PMID:1) ←has finding— …"``: an arrow points
    from the subject of a statement to its object.
    """
    parts = [graph.name(path.rows[0])]
    for row, edge, is_forward in zip(path.rows[1:], citations(graph, path), path.forward, strict=True):
        said = edge.predicate.replace("_", " ")
        parts.append(f"—{said}→" if is_forward else f"←{said}—")
        parts.append(f"{graph.name(row)} ({details(graph, edge)})")
    return " ".join(parts)


def citations(graph: Graph, path: Path) -> tuple[Edge, ...]:
    """The statements of a way, with their provenance."""
    return tuple(graph.edge(number) for number in path.edges)
