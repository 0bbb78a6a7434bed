"""What a graph holds, in figures: nodes, statements, how they hang together."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ragmed.graph.layout import NODE_KINDS
from ragmed.graph.neighbours import EdgeWeights, neighbours
from ragmed.graph.store import Graph

_EVERY_PREDICATE = EdgeWeights(predicates=(), confidence=False, frequency=False)
_N_HUBS = 10


@dataclass(frozen=True, slots=True)
class Degrees:
    """How many neighbours nodes have, over statements that are not denied. ``hubs``: the ids with most of them."""

    mean: float
    median: float
    most: int
    hubs: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True, slots=True)
class Statistics:
    """The figures of a graph. ``largest_component`` is the share of all nodes in the largest connected component."""

    n_nodes: int
    n_names: int
    n_edges: int
    nodes_by_kind: dict[str, int]
    edges_by_predicate: dict[str, int]
    edges_by_source: dict[str, int]
    n_negated: int
    n_with_share: int
    n_with_evidence: int
    degrees: Degrees
    n_components: int
    largest_component: float
    n_isolated: int

    def table(self) -> dict[str, Any]:
        """The figures as JSON values."""
        return asdict(self)


def measure(graph: Graph) -> Statistics:
    """Count what a graph holds."""
    walk = neighbours(graph, _EVERY_PREDICATE)
    degrees = np.diff(walk.start)
    hubs = np.argsort(-degrees, kind="stable")[:_N_HUBS].tolist()
    _, sizes = np.unique(walk.component, return_counts=True)
    names, codes = graph.edge_sources
    return Statistics(
        n_nodes=graph.n_nodes,
        n_names=len(graph.names),
        n_edges=graph.n_edges,
        nodes_by_kind=_counts(NODE_KINDS, graph.kinds),
        edges_by_predicate=_counts(graph.predicates, graph.predicate),
        edges_by_source=_counts(names, codes),
        n_negated=int(np.count_nonzero(graph.negated)),
        n_with_share=int(np.count_nonzero(~np.isnan(graph.frequency))),
        n_with_evidence=int(np.count_nonzero(graph.has_evidence)),
        degrees=Degrees(
            mean=float(degrees.mean()) if len(degrees) else 0.0,
            median=float(np.median(degrees)) if len(degrees) else 0.0,
            most=int(degrees.max(initial=0)),
            hubs=tuple((graph.node_id(row), graph.name(row), int(degrees[row])) for row in hubs if degrees[row]),
        ),
        n_components=len(sizes),
        largest_component=float(sizes.max(initial=0)) / max(graph.n_nodes, 1),
        n_isolated=int(np.count_nonzero(degrees == 0)),
    )


def _counts(names: tuple[str, ...], codes: np.ndarray[Any, Any]) -> dict[str, int]:
    """How often each name's place stands among the codes, the most frequent first; none that does not."""
    counts = np.bincount(codes, minlength=len(names)).tolist()
    found = Counter({name: n for name, n in zip(names, counts, strict=True) if n})
    return dict(found.most_common())
