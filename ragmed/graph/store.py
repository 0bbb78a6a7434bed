"""A knowledge graph on disk: columns of nodes, and statements as compressed sparse rows, all memory-mapped.

    nodes/        a `Table` of nodes; ``name.bin/.npy``, ``name_kind.npy`` (uint8): the names of all nodes, each node's
                  own first; ``first_name.npy`` (uint32, one more than nodes)
    ids/          ``id.bin/.npy``, ``id_row.npy`` (int64): every id that means a node, retired ones too, and the node's
                  row (-1: none takes its place); ``id_kind.npy`` (uint8) into ``ID_KINDS``; ``hash.npy``,
                  ``hash_row.npy`` (`HashedStrings`)
    edges/        one entry an edge, edges of a subject one after another: ``start.npy`` (int64, one more than nodes),
                  ``subject.npy``, ``object.npy`` (uint32), ``predicate.npy`` (uint8), ``negated.npy`` (bool),
                  ``frequency.npy`` (float32, NaN: not given), ``n_present.npy``, ``n_examined.npy`` (uint32),
                  ``confidence.npy`` (float32), ``onset.npy`` (int32, -1: none), ``sex.npy`` (uint8),
                  ``provenance.npy`` (uint32) into the `Table` below ``provenance/``
    into/         the same edges by object: ``start.npy`` (int64), ``edge.npy`` (uint32, numbers of edges)
    graph.json    predicates, and what the sources are

Rows of nodes are in the order in which the sources give them. Where two sources give one id, the node is the first's,
with the names of both.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from ragmed.columns import (
    HashedStrings,
    StringColumn,
    StringColumnWriter,
    Table,
    TableWriter,
    map_array,
    write_array,
    write_hashed,
    write_strings,
)
from ragmed.errors import UnknownName
from ragmed.report import Report
from ragmed.types import Edge, Name, NameKind, Node, NodeKind, Retired

IdKind = Literal["current", "retired", "same"]
"""What an id is to its node: its own; one that is no longer used; one by which another source knows it."""
ID_KINDS: tuple[IdKind, ...] = get_args(IdKind)
NODE_KINDS: tuple[NodeKind, ...] = get_args(NodeKind)
_NAME_KINDS: tuple[NameKind, ...] = get_args(NameKind)
_SEXES = ("", "female", "male")
_NODE_STRINGS, _NODE_CODES = ("node_id", "definition", "url", "same_as"), ("kind", "source")
_PROVENANCE_STRINGS, _PROVENANCE_CODES = ("evidence", "quote", "date"), ("source", "basis")
_COLUMNS = {
    "subject": "uint32",
    "object": "uint32",
    "predicate": "uint8",
    "negated": "bool",
    "frequency": "float32",
    "n_present": "uint32",
    "n_examined": "uint32",
    "confidence": "float32",
    "onset": "int32",
    "sex": "uint8",
    "provenance": "uint32",
}
_BETWEEN = "; "
_REMEMBERED = 1 << 14

Numbers = NDArray[np.int64]
"""Rows of nodes, or numbers of edges."""


@dataclass(frozen=True, slots=True)
class Source:
    """A source of a graph: its facts, and what is said of it in the graph's manifest."""

    name: str
    facts: Iterable[Node | Retired | Edge]
    card: Mapping[str, Any] = field(default_factory=dict)


class Resolved(NamedTuple):
    """The node that an id means: its row, and how the id is related to it."""

    row: int
    kind: IdKind


def write_graph(folder: Path, sources: Sequence[Source], report: Report | None = None) -> dict[str, Any]:
    """Write the files of a `Graph` into an existing folder; return the numbers of nodes and edges.

    Noted in ``report`` and left out: statements about ids that no source has, statements given twice by a source, a
    kind-of statement that would close a circle. Noted and kept: statements about retired ids, now about those that
    replace them; statements that another one denies.
    """
    draft = _Draft(report if report is not None else Report())
    for source in sources:
        draft.add(source)
    return draft.write(folder, [dict(source.card, name=source.name) for source in sources])


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
        self._nodes = Table(folder / "nodes", _NODE_STRINGS, _NODE_CODES)
        self.names = StringColumn(folder / "nodes", "name")
        self.name_kinds = map_array(folder / "nodes" / "name_kind.npy")
        self.first_name = map_array(folder / "nodes" / "first_name.npy")
        self._ids = StringColumn(folder / "ids", "id")
        self._id_rows = map_array(folder / "ids" / "id_row.npy")
        self._id_kinds = map_array(folder / "ids" / "id_kind.npy")
        self._find = HashedStrings(folder / "ids", "hash", self._ids)
        for name in _COLUMNS:
            setattr(self, name, map_array(folder / "edges" / f"{name}.npy"))
        self.start = map_array(folder / "edges" / "start.npy")
        self.into_start = map_array(folder / "into" / "start.npy")
        self.into_edge = map_array(folder / "into" / "edge.npy")
        self._provenance = Table(folder / "provenance", _PROVENANCE_STRINGS, _PROVENANCE_CODES)
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
        names = tuple(Name(self.names[i], _NAME_KINDS[int(self.name_kinds[i])]) for i in range(first + 1, end))
        same_as = tuple(fields["same_as"].split(_BETWEEN)) if fields["same_as"] else ()
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
            sex=_SEXES[int(self.sex[number])],
            evidence=tuple(about["evidence"].split(_BETWEEN)) if about["evidence"] else (),
            basis=about["basis"],
            date=about["date"],
            confidence=float(self.confidence[number]),
            quote=about["quote"],
        )

    @cached_property
    def evidence(self) -> list[tuple[str, ...]]:
        """By ``provenance``: the ids of what statements rest on."""
        return [tuple(text.split(_BETWEEN)) if text else () for text in self._provenance.strings["evidence"]]

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


class _Draft:
    """Everything of a graph while its sources are read: ids become numbers as they are met."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.numbers: dict[str, int] = {}
        self.nodes: dict[int, Node] = {}
        self.retired: dict[int, Retired] = {}
        self.predicates: dict[str, int] = {}
        self.provenance: dict[tuple[str, str, str, str, str], int] = {}
        self.columns: dict[str, array[Any]] = {
            name: array({"uint32": "I", "uint8": "B", "bool": "B", "float32": "f", "int32": "i"}[dtype])
            for name, dtype in _COLUMNS.items()
        }

    def add(self, source: Source) -> None:
        for fact in source.facts:
            if isinstance(fact, Edge):
                self._edge(fact)
            elif isinstance(fact, Node):
                self._node(fact)
            else:
                self.retired.setdefault(self._number(fact.node_id), fact)

    def _number(self, node_id: str) -> int:
        return self.numbers.setdefault(node_id, len(self.numbers))

    def _node(self, node: Node) -> None:
        number = self._number(node.node_id)
        known = self.nodes.get(number)
        if known is None:
            self.nodes[number] = node
            self.report.keep()
            return
        if known.kind != node.kind:
            self.report.note(f"a node is a {known.kind} in one source and a {node.kind} in another", node.node_id)
        seen = {known.name, *(name.text for name in known.names)}
        added = [name for name in (Name(node.name, "synonym"), *node.names) if name.text not in seen]
        self.nodes[number] = Node(
            known.node_id,
            known.name,
            known.kind,
            known.source,
            (*known.names, *added),
            known.definition or node.definition,
            known.url or node.url,
            tuple(dict.fromkeys((*known.same_as, *node.same_as))),
        )

    def _edge(self, edge: Edge) -> None:
        about = (_BETWEEN.join(edge.evidence), edge.quote, edge.date, edge.source, edge.basis)
        values = {
            "subject": self._number(edge.subject),
            "object": self._number(edge.object),
            "predicate": self.predicates.setdefault(edge.predicate, len(self.predicates)),
            "negated": edge.negated,
            "frequency": float("nan") if edge.frequency is None else edge.frequency,
            "n_present": edge.n_present,
            "n_examined": edge.n_examined,
            "confidence": edge.confidence,
            "onset": self._number(edge.onset) if edge.onset else -1,
            "sex": _SEXES.index(edge.sex) if edge.sex in _SEXES else 0,
            "provenance": self.provenance.setdefault(about, len(self.provenance)),
        }
        for name, value in values.items():
            self.columns[name].append(value)

    def write(self, folder: Path, cards: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        rows = self._rows()
        columns = self._kept(rows)
        for name in ("nodes", "ids", "edges", "into", "provenance"):
            (folder / name).mkdir()
        _write_nodes(folder / "nodes", list(self.nodes.values()))
        self._write_ids(folder / "ids", rows)
        start = _starts(columns["subject"], len(self.nodes))
        write_array(folder / "edges" / "start.npy", start)
        for name, dtype in _COLUMNS.items():
            write_array(folder / "edges" / f"{name}.npy", columns[name].astype(dtype))
        by_object = np.argsort(columns["object"], kind="stable")
        write_array(folder / "into" / "start.npy", _starts(columns["object"], len(self.nodes)))
        write_array(folder / "into" / "edge.npy", by_object.astype(np.uint32))
        table = TableWriter(folder / "provenance", _PROVENANCE_STRINGS, _PROVENANCE_CODES)
        for evidence, quote, date, source, basis in self.provenance:
            table.append({"evidence": evidence, "quote": quote, "date": date, "source": source, "basis": basis})
        table.close()
        facts = {"predicates": list(self.predicates), "sources": list(cards)}
        (folder / "graph.json").write_text(json.dumps(facts, indent=1, ensure_ascii=False), encoding="utf-8")
        return {"n_nodes": len(self.nodes), "n_edges": len(columns["subject"])}

    def _rows(self) -> NDArray[np.int64]:
        """For each number of an id the row of the node that it means; -1: none."""
        rows = np.full(len(self.numbers), -1, dtype=np.int64)
        rows[list(self.nodes)] = np.arange(len(self.nodes))
        for number, retired in self.retired.items():
            if rows[number] < 0:
                replaced = self._replacement(retired)
                rows[number] = -1 if replaced is None else rows[replaced]
        return rows

    def _replacement(self, retired: Retired) -> int | None:
        """The number of the node that takes the place of a retired id, through any that were retired in between."""
        seen = set()
        while retired.replaced_by and retired.node_id not in seen:
            seen.add(retired.node_id)
            number = self.numbers.get(retired.replaced_by)
            if number is None or number in self.nodes:
                return number
            if number not in self.retired:
                return None
            retired = self.retired[number]
        return None

    def _kept(self, rows: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """The columns of the edges that stand, by subject, ends as rows of nodes."""
        names = list(self.numbers)
        columns = {name: np.frombuffer(values, dtype=values.typecode) for name, values in self.columns.items()}
        if not len(columns["subject"]):
            columns = {name: values.copy() for name, values in columns.items()}
        subject, object_ = rows[columns["subject"]], rows[columns["object"]]
        known = (subject >= 0) & (object_ >= 0)
        for number in np.flatnonzero(~known).tolist():
            missing = columns["subject" if subject[number] < 0 else "object"][number]
            self.report.note("a statement about an id that no source has", names[int(missing)])
        for end in ("subject", "object"):
            moved = known & np.isin(columns[end], list(self.retired)) if self.retired else np.zeros(len(known), bool)
            moved &= ~np.isin(columns[end], list(self.nodes))
            for number in np.flatnonzero(moved).tolist():
                self.report.note(
                    "a statement about a retired id, now about the one that replaces it", names[columns[end][number]]
                )
        order = np.flatnonzero(known)
        order = order[np.lexsort((columns["predicate"][order], object_[order], subject[order]))]
        result = {name: values[order] for name, values in columns.items()}
        result["subject"], result["object"] = subject[order], object_[order]
        onset = result["onset"].astype(np.int64)
        result["onset"] = np.where(onset >= 0, rows[np.maximum(onset, 0)], -1) if len(rows) else onset
        keep = ~self._repeated(result) & ~self._circular(result, names)
        result = {name: values[keep] for name, values in result.items()}
        self._note_contradictions(result)
        return result

    def _repeated(self, columns: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
        """Which edges are the same as the one before, in every column."""
        n = len(columns["subject"])
        repeated = np.zeros(n, dtype=np.bool_)
        if n > 1:
            same = np.ones(n - 1, dtype=np.bool_)
            for values in columns.values():
                equal = values[1:] == values[:-1]
                if values.dtype.kind == "f":
                    equal |= np.isnan(values[1:]) & np.isnan(values[:-1])
                same &= equal
            repeated[1:] = same
        if repeated.any():
            self.report.note("a statement given twice", n=int(repeated.sum()))
        return repeated

    def _circular(self, columns: Mapping[str, NDArray[Any]], names: Sequence[str]) -> NDArray[np.bool_]:
        """Which kind-of edges close a circle: left out, so that there are always ancestors and descendants."""
        closing = np.zeros(len(columns["subject"]), dtype=np.bool_)
        code = self.predicates.get("is_a")
        if code is None:
            return closing
        is_a = np.flatnonzero(columns["predicate"] == code)
        parents: dict[int, list[tuple[int, int]]] = {}
        for number in is_a.tolist():
            parents.setdefault(int(columns["subject"][number]), []).append((int(columns["object"][number]), number))
        ids = [node.node_id for node in self.nodes.values()]
        done: set[int] = set()
        for first in parents:
            if first in done:
                continue
            path, on_path = [(first, iter(parents[first]))], {first}
            while path:
                row, following = path[-1]
                step = next(following, None)
                if step is None:
                    path.pop()
                    on_path.discard(row)
                    done.add(row)
                elif step[0] in on_path:
                    closing[step[1]] = True
                    self.report.note("a kind-of statement that closes a circle", f"{ids[row]} is_a {ids[step[0]]}")
                elif step[0] not in done and step[0] in parents:
                    path.append((step[0], iter(parents[step[0]])))
                    on_path.add(step[0])
        return closing

    def _note_contradictions(self, columns: Mapping[str, NDArray[Any]]) -> None:
        """Statements that one row affirms and another denies stand side by side: who asks is told of both."""
        if not columns["negated"].any():
            return
        subject, object_ = columns["subject"].astype(np.int64), columns["object"].astype(np.int64)
        key = (subject * (len(self.nodes) + 1) + object_) * 256 + columns["predicate"]
        negated = columns["negated"].astype(bool)
        both = np.intersect1d(key[negated], key[~negated])
        if len(both):
            ids = [node.node_id for node in self.nodes.values()]
            first = np.flatnonzero(np.isin(key, both))
            for number in dict(zip(key[first].tolist(), first.tolist(), strict=True)).values():
                self.report.note(
                    "a statement affirmed and denied", f"{ids[int(subject[number])]} – {ids[int(object_[number])]}"
                )

    def _write_ids(self, folder: Path, rows: NDArray[np.int64]) -> None:
        entries = {
            node_id: (int(rows[number]), "current") for node_id, number in self.numbers.items() if number in self.nodes
        }
        for number, retired in self.retired.items():
            entries.setdefault(retired.node_id, (int(rows[number]), "retired"))
        for row, node in enumerate(self.nodes.values()):
            for other in node.same_as:
                entries.setdefault(other, (row, "same"))
        write_strings(folder, "id", entries)
        write_array(folder / "id_row.npy", np.array([row for row, _ in entries.values()], dtype=np.int64))
        kinds = [ID_KINDS.index(kind) for _, kind in entries.values()]
        write_array(folder / "id_kind.npy", np.array(kinds, dtype=np.uint8))
        write_hashed(folder, "hash", StringColumn(folder, "id"))


def _write_nodes(folder: Path, nodes: Sequence[Node]) -> None:
    table = TableWriter(folder, _NODE_STRINGS, _NODE_CODES)
    names = StringColumnWriter(folder, "name")
    kinds: list[int] = []
    first = [0]
    for node in nodes:
        table.append(
            {
                "node_id": node.node_id,
                "definition": node.definition,
                "url": node.url,
                "same_as": _BETWEEN.join(node.same_as),
                "kind": node.kind,
                "source": node.source,
            }
        )
        for name in (Name(node.name, "preferred"), *node.names):
            names.append(name.text)
            kinds.append(_NAME_KINDS.index(name.kind))
        first.append(len(kinds))
    table.close()
    names.close()
    write_array(folder / "name_kind.npy", np.array(kinds, dtype=np.uint8))
    write_array(folder / "first_name.npy", np.array(first, dtype=np.uint32))


def _starts(rows: NDArray[Any], n: int) -> NDArray[np.int64]:
    starts: NDArray[np.int64] = np.concatenate([[0], np.cumsum(np.bincount(rows.astype(np.int64), minlength=n))])
    return starts.astype(np.int64)


def edges(graph: Graph, numbers: Iterable[int]) -> Iterator[Edge]:
    """Edges by their numbers."""
    return (graph.edge(int(number)) for number in numbers)
