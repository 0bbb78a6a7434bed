"""Sources made into the files of a knowledge graph (`ragmed.graph.layout`)."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragmed.columns import StringColumn, StringColumnWriter, TableWriter, write_array, write_hashed, write_strings
from ragmed.graph.layout import (
    BETWEEN,
    EDGE_COLUMNS,
    ID_KINDS,
    NAME_KINDS,
    NODE_CODES,
    NODE_STRINGS,
    PROVENANCE_CODES,
    PROVENANCE_STRINGS,
    SEXES,
)
from ragmed.report import Report
from ragmed.types import Edge, Name, Node, Retired


@dataclass(frozen=True, slots=True)
class Source:
    """A source of a graph: its facts, and what is said of it in the graph's manifest."""

    name: str
    facts: Iterable[Node | Retired | Edge]
    card: Mapping[str, Any] = field(default_factory=dict)


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
            for name, dtype in EDGE_COLUMNS.items()
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
        about = (BETWEEN.join(edge.evidence), edge.quote, edge.date, edge.source, edge.basis)
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
            "sex": SEXES.index(edge.sex) if edge.sex in SEXES else 0,
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
        for name, dtype in EDGE_COLUMNS.items():
            write_array(folder / "edges" / f"{name}.npy", columns[name].astype(dtype))
        by_object = np.argsort(columns["object"], kind="stable")
        write_array(folder / "into" / "start.npy", _starts(columns["object"], len(self.nodes)))
        write_array(folder / "into" / "edge.npy", by_object.astype(np.uint32))
        table = TableWriter(folder / "provenance", PROVENANCE_STRINGS, PROVENANCE_CODES)
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
    table = TableWriter(folder, NODE_STRINGS, NODE_CODES)
    names = StringColumnWriter(folder, "name")
    kinds: list[int] = []
    first = [0]
    for node in nodes:
        table.append(
            {
                "node_id": node.node_id,
                "definition": node.definition,
                "url": node.url,
                "same_as": BETWEEN.join(node.same_as),
                "kind": node.kind,
                "source": node.source,
            }
        )
        for name in (Name(node.name, "preferred"), *node.names):
            names.append(name.text)
            kinds.append(NAME_KINDS.index(name.kind))
        first.append(len(kinds))
    table.close()
    names.close()
    write_array(folder / "name_kind.npy", np.array(kinds, dtype=np.uint8))
    write_array(folder / "first_name.npy", np.array(first, dtype=np.uint32))


def _starts(rows: NDArray[Any], n: int) -> NDArray[np.int64]:
    starts: NDArray[np.int64] = np.concatenate([[0], np.cumsum(np.bincount(rows.astype(np.int64), minlength=n))])
    return starts.astype(np.int64)
