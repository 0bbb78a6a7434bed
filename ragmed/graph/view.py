"""A graph as networkx sees it: a frozen `networkx.MultiDiGraph` that is read from the mapped files as it is walked.

    >>> from ragmed.graph.view import networkx_view                                  # doctest: +SKIP
    >>> networkx.shortest_path(networkx_view(graph), "OMIM:154700", "HP:0001083")    # doctest: +SKIP

Nodes are ids of nodes with the attributes ``name``, ``kind``, ``source``, ``names``, ``definition``, ``url`` and
``same_as``; edges are keyed by their numbers in the graph, with the fields of `ragmed.types.Edge` besides subject and
object. Nothing is copied but the part that is looked at; ``view.copy()`` is an ordinary graph in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from ragmed.graph.store import Graph, Numbers
from ragmed.types import Edge, Node

if TYPE_CHECKING:
    import networkx

_REMEMBERED = 1 << 12
"""Nodes whose neighbours are kept once read."""


class Attributes(Mapping[str, Any]):
    """The attributes of a node or an edge, to be read."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(self._values)

    def copy(self) -> dict[str, Any]:
        """The attributes as a dictionary of their own."""
        return dict(self._values)


_Parallel = Mapping[int, Attributes]
_Neighbours = Mapping[str, _Parallel]


def networkx_view(graph: Graph, *, negated: bool = False) -> networkx.MultiDiGraph:
    """A read-only view of a graph for networkx's functions; changing it is a `networkx.NetworkXError`.

    Args:
        negated: show the statements that are denied as well, with the attribute ``negated`` true. They are left out
            otherwise, so that no path leads over what a source says is not so.
    """
    import networkx

    nodes = _Nodes(graph)
    view: networkx.MultiDiGraph = networkx.MultiDiGraph()
    following = _Adjacency(nodes, _reader(graph, graph.edges_of, np.asarray(graph.object), negated))
    preceding = _Adjacency(nodes, _reader(graph, graph.edges_into, np.asarray(graph.subject), negated))
    for name, mapping in (("_node", nodes), ("_adj", following), ("_succ", following), ("_pred", preceding)):
        setattr(view, name, mapping)
    view.graph.update(graph_id=graph.graph_id, sources=[source["name"] for source in graph.sources])
    return networkx.freeze(view)


class _Nodes(Mapping[str, Attributes]):
    """Id → attributes, in the order of the rows."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def row(self, node_id: object) -> int:
        """The row of a current id: one that is retired, or another source's, is no node of the view."""
        found = self.graph.find(node_id) if isinstance(node_id, str) else None
        if found is None or found.kind != "current":
            raise KeyError(node_id)
        return found.row

    def __getitem__(self, node_id: str) -> Attributes:
        node = self.graph.node(self.row(node_id))
        return Attributes({field.name: getattr(node, field.name) for field in fields(Node) if field.name != "node_id"})

    def __contains__(self, node_id: object) -> bool:
        try:
            self.row(node_id)
        except KeyError:
            return False
        return True

    def __iter__(self) -> Iterator[str]:
        return map(self.graph.node_id, range(self.graph.n_nodes))

    def __len__(self) -> int:
        return self.graph.n_nodes


class _Adjacency(Mapping[str, _Neighbours]):
    """Id → its neighbours one way."""

    def __init__(self, nodes: _Nodes, read: Callable[[int], _Neighbours]) -> None:
        self._nodes, self._read = nodes, read

    def __getitem__(self, node_id: str) -> _Neighbours:
        return self._read(self._nodes.row(node_id))

    def __contains__(self, node_id: object) -> bool:
        return node_id in self._nodes

    def __iter__(self) -> Iterator[str]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)


class _Edges(Mapping[int, Attributes]):
    """Number → attributes, of the statements between two nodes."""

    def __init__(self, graph: Graph, numbers: tuple[int, ...]) -> None:
        self._graph, self._numbers = graph, numbers

    def __getitem__(self, number: int) -> Attributes:
        if number not in self._numbers:
            raise KeyError(number)
        edge = self._graph.edge(number)
        left_out = ("subject", "object")
        return Attributes({f.name: getattr(edge, f.name) for f in fields(Edge) if f.name not in left_out})

    def __iter__(self) -> Iterator[int]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


def _reader(
    graph: Graph, edges: Callable[[int], Numbers], others: np.ndarray[Any, Any], negated: bool
) -> Callable[[int], _Neighbours]:
    """What reads a node's neighbours from its edges, ``others`` being the nodes at their other ends."""

    def read(row: int) -> _Neighbours:
        numbers = edges(row)
        if not negated:
            numbers = numbers[~graph.negated[numbers]]
        found: dict[int, list[int]] = {}
        for number, other in zip(numbers.tolist(), others[numbers].tolist(), strict=True):
            found.setdefault(other, []).append(number)
        return MappingProxyType(
            {graph.node_id(other): _Edges(graph, tuple(numbers)) for other, numbers in found.items()}
        )

    return lru_cache(_REMEMBERED)(read)
