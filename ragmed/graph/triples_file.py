"""Statements as JSON lines, in the form that `ragmed.knowledge.triples` reads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragmed.graph.extraction import Reading, cooccurrences
from ragmed.graph.integration import Conflict, Integrated, Stated, integrate
from ragmed.graph.store import Graph
from ragmed.types import Edge, Node


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: edges that sentences state, edges of things named together, and the conflicts."""

    n_stated: int
    n_together: int
    conflicts: tuple[Conflict, ...]


def write_triples(path: Path, readings: Iterable[Reading], graph: Graph, *, least_support: int = 5) -> Written:
    """Integrate what was found in passages and write it, each statement a line; the same readings, the same bytes.

    Args:
        least_support: documents that must name two things together for these to be associated.
    """
    kept = list(readings)
    nodes = {node.node_id: node for reading in kept for node in reading.nodes}
    whole: Integrated = integrate(Stated(reading.doc_id, edge) for reading in kept for edge in reading.statements)
    together = cooccurrences(kept, graph, least_support=least_support)
    fresh = path.with_name(f".{path.name}.part")
    try:
        with fresh.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            for edge in (*whole.edges, *together):
                file.write(json.dumps(row(edge, graph, nodes), ensure_ascii=False) + "\n")
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    return Written(len(whole.edges), len(together), whole.conflicts)


def row(edge: Edge, graph: Graph, nodes: Mapping[str, Node]) -> dict[str, Any]:
    """An edge as an object of a line; ``nodes`` are those that the graph does not have."""
    subject, object_ = _node(edge.subject, graph, nodes), _node(edge.object, graph, nodes)
    return {
        "subject": edge.subject,
        "subject_name": subject.name,
        "subject_kind": subject.kind,
        "predicate": edge.predicate,
        "object": edge.object,
        "object_name": object_.name,
        "object_kind": object_.kind,
        "negated": edge.negated,
        "confidence": edge.confidence,
        "date": edge.date,
        "evidence": list(edge.evidence),
        "quote": edge.quote,
        "method": edge.basis,
    }


def _node(node_id: str, graph: Graph, nodes: Mapping[str, Node]) -> Node:
    return nodes[node_id] if node_id in nodes else graph.node(graph.row(node_id))
