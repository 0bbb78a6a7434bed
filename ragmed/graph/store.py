"""A knowledge graph opened: its nodes and statements, read from memory-mapped files (`ragmed.graph.layout`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ragmed.columns import HashedStrings, StringColumn, Table, map_array
from ragmed.errors import UnknownName
from ragmed.graph.layout import (
    BETWEEN,
    EDGE_COLUMNS,
    ID_KINDS,
    NAME_KINDS,
    NODE_CODES,
    NODE_KINDS,
    NODE_STRINGS,
    PROVENANCE_CODES,
    PROVENANCE_STRINGS,
    SEXES,
    IdKind,
)
from ragmed.types import Edge, Name, Node, NodeKind

_REMEMBERED = 1 << 14

Numbers = NDArray[np.int64]
"""Rows of nodes, or numbers of edges."""


class Resolved(NamedTuple):
    """The node that an id means: its row, and how the id is related to it."""

    row: int
    kind: IdKind


class Graph:
    """An open graph. Reading is safe from any number of threads.

    ``subject``, ``object``, ``predicate``, ``negated``, ``frequency``, ``n_present``, ``n_examined``, ``confidence``,
    ``onset`` and ``sex`` hold a value an edge (see the module). Edges ``start[row]`` to ``start[row + 1]`` are those of
    which node ``row`` is the subject; ``into_edge[into_start[row]:into_start[row + 1]]`` are those of which it is the
    object.

    ``graph_id`` identifies its contents: equal ids, equal graphs.

    Raises:
        OSError, ValueError: the files are not there or not whole.
    """

    def __init__(self, folder: Path, graph_id: str = "") -> None:
        self.folder, self.graph_id = folder, graph_id
        facts = json.loads((folder / "graph.json").read_text(encoding="utf-8"))
        self.predicates: tuple[str, ...] = tuple(facts["predicates"])
        self.sources: tuple[Mapping[str, Any], ...] = tuple(facts["sources"])
        self._nodes = Table(folder / "nodes", NODE_STRINGS, NODE_CODES)
        self.names = StringColumn(folder / "nodes", "name")
        self.name_kinds = map_array(folder / "nodes" / "name_kind.npy")
        self.first_name = map_array(folder / "nodes" / "first_name.npy")
        self._ids = StringColumn(folder / "ids", "id")
        self._id_rows = map_array(folder / "ids" / "id_row.npy")
        self._id_kinds = map_array(folder / "ids" / "id_kind.npy")
        self._find = HashedStrings(folder / "ids", "hash", self._ids)
        for name in EDGE_COLUMNS:
            setattr(self, name, map_array(folder / "edges" / f"{name}.npy"))
        self.start = map_array(folder / "edges" / "start.npy")
        self.into_start = map_array(folder / "into" / "start.npy")
        self.into_edge = map_array(folder / "into" / "edge.npy")
        self._provenance = Table(folder / "provenance", PROVENANCE_STRINGS, PROVENANCE_CODES)
        self.ancestors = lru_cache(_REMEMBERED)(self._ancestors)
        self.node = lru_cache(_REMEMBERED)(self._node)

    subject: NDArray[np.uint32]
    object: NDArray[np.uint32]
    predicate: NDArray[np.uint8]
    negated: NDArray[np.bool_]
    frequency: NDArray[np.float32]
    n_present: NDArray[np.uint32]
    n_examined: NDArray[np.uint32]
    confidence: NDArray[np.float32]
    onset: NDArray[np.int32]
    sex: NDArray[np.uint8]
    provenance: NDArray[np.uint32]

    @property
    def n_nodes(self) -> int:
        return len(self._nodes)

    @property
    def n_edges(self) -> int:
        return len(self.subject)

    def node_id(self, row: int) -> str:
        return self._nodes.strings["node_id"][row]

    def name(self, row: int) -> str:
        """The node's own name."""
        return self.names[int(self.first_name[row])]

    def kind(self, row: int) -> NodeKind:
        return NODE_KINDS[int(self.kinds[row])]

    @cached_property
    def kinds(self) -> NDArray[np.uint8]:
        """(n_nodes,): the kind of each node, as its place in ``NODE_KINDS``."""
        own, codes = self._coded("nodes", "kind")
        places: NDArray[np.uint8] = np.array([NODE_KINDS.index(value) for value in own] or [0], dtype=np.uint8)[codes]
        return places

    @cached_property
    def edge_sources(self) -> tuple[tuple[str, ...], NDArray[np.uint32]]:
        """The names of the edges' sources; (n_edges,): the place of each edge's source among them."""
        names, codes = self._coded("provenance", "source")
        return tuple(names), codes[self.provenance]

    @cached_property
    def has_evidence(self) -> NDArray[np.bool_]:
        """(n_edges,): whether the source names what the statement rests on."""
        of_provenance = np.array([bool(ids) for ids in self._provenance.strings["evidence"]] or [False])
        has: NDArray[np.bool_] = of_provenance[self.provenance]
        return has

    def _coded(self, folder: str, name: str) -> tuple[list[str], NDArray[np.uint32]]:
        """The values of a column of codes, and the code of each row."""
        values = json.loads((self.folder / folder / f"{name}.json").read_text(encoding="utf-8"))
        return values, map_array(self.folder / folder / f"{name}.codes.npy")

    def _node(self, row: int) -> Node:
        """A node with all its names."""
        fields = self._nodes.row(row)
        first, end = int(self.first_name[row]), int(self.first_name[row + 1])
        names = tuple(Name(self.names[i], NAME_KINDS[int(self.name_kinds[i])]) for i in range(first + 1, end))
        same_as = tuple(fields["same_as"].split(BETWEEN)) if fields["same_as"] else ()
        return Node(
            fields["node_id"],
            self.names[first],
            fields["kind"],
            fields["source"],
            names,
            fields["definition"],
            fields["url"],
            same_as,
        )

    def edge(self, number: int) -> Edge:
        """A statement with its provenance."""
        about = self._provenance.row(int(self.provenance[number]))
        frequency, onset = float(self.frequency[number]), int(self.onset[number])
        return Edge(
            subject=self.node_id(int(self.subject[number])),
            predicate=self.predicates[int(self.predicate[number])],
            object=self.node_id(int(self.object[number])),
            source=about["source"],
            negated=bool(self.negated[number]),
            frequency=None if np.isnan(frequency) else frequency,
            n_present=int(self.n_present[number]),
            n_examined=int(self.n_examined[number]),
            onset="" if onset < 0 else self.node_id(onset),
            sex=SEXES[int(self.sex[number])],
            evidence=tuple(about["evidence"].split(BETWEEN)) if about["evidence"] else (),
            basis=about["basis"],
            date=about["date"],
            confidence=float(self.confidence[number]),
            quote=about["quote"],
        )

    @cached_property
    def evidence(self) -> list[tuple[str, ...]]:
        """By ``provenance``: the ids of what statements rest on."""
        return [tuple(text.split(BETWEEN)) if text else () for text in self._provenance.strings["evidence"]]

    def find(self, node_id: str) -> Resolved | None:
        """The node that an id means, be it retired or another source's; None where no node does."""
        at = self._find.find(node_id)
        if at is None or int(self._id_rows[at]) < 0:
            return None
        return Resolved(int(self._id_rows[at]), ID_KINDS[int(self._id_kinds[at])])

    def is_retired(self, node_id: str) -> bool:
        """Whether an id is known as one that is no longer used."""
        at = self._find.find(node_id)
        return at is not None and ID_KINDS[int(self._id_kinds[at])] == "retired"

    def row(self, node_id: str) -> int:
        """The row of the node that an id means. Raises `UnknownName`."""
        found = self.find(node_id)
        if found is None:
            why = (
                "it is retired, and nothing takes its place"
                if self.is_retired(node_id)
                else "ids look like: " + (", ".join(self.node_id(row) for row in range(min(3, self.n_nodes))))
            )
            raise UnknownName("nodes in the graph", node_id, [], hint=why)
        return found.row

    def code(self, predicate: str) -> int | None:
        """A predicate's place in ``predicates``; None where no statement has it."""
        return self.predicates.index(predicate) if predicate in self.predicates else None

    def edges_of(self, row: int, predicate: str | None = None) -> Numbers:
        """The edges of which a node is the subject, with that predicate (None: any)."""
        numbers = np.arange(self.start[row], self.start[row + 1], dtype=np.int64)
        return self._with(numbers, predicate)

    def edges_into(self, row: int, predicate: str | None = None) -> Numbers:
        """The edges of which a node is the object, with that predicate (None: any)."""
        numbers = np.asarray(self.into_edge[self.into_start[row] : self.into_start[row + 1]], dtype=np.int64)
        return self._with(numbers, predicate)

    def _with(self, numbers: Numbers, predicate: str | None) -> Numbers:
        if predicate is None:
            return numbers
        code = self.code(predicate)
        return numbers[:0] if code is None else numbers[self.predicate[numbers] == code]

    def parents(self, row: int) -> list[int]:
        """The nodes of which this one is a kind."""
        return [int(self.object[number]) for number in self.edges_of(row, "is_a")]

    def children(self, row: int) -> list[int]:
        """The nodes that are a kind of this one."""
        return [int(self.subject[number]) for number in self.edges_into(row, "is_a")]

    def _ancestors(self, row: int) -> frozenset[int]:
        """The node itself and all of which it is a kind."""
        return frozenset(_reached(row, self.parents))

    def descendants(self, row: int) -> frozenset[int]:
        """The node itself and all that are a kind of it."""
        return frozenset(_reached(row, self.children))


def _reached(row: int, following: Any) -> set[int]:
    found, waiting = {row}, [row]
    while waiting:
        for other in following(waiting.pop()):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found
