"""Statements of a graph in words, and the order in which they are shown."""

from __future__ import annotations

import numpy as np

from ragmed.graph.evidence import share_in_words
from ragmed.graph.neighbours import EdgeWeights, edge_weights
from ragmed.graph.store import Graph, Numbers
from ragmed.types import Edge

_EVERY_PREDICATE = EdgeWeights(predicates=())
_MAX_EVIDENCE = 3
"""Ids of evidence that are shown."""


def statement_in_words(graph: Graph, edge: Edge) -> str:
    """What a statement says, as ``"Marfan syndrome — has finding → Ectopia lentis"``."""
    subject, object_ = graph.name(graph.row(edge.subject)), graph.name(graph.row(edge.object))
    return f"{subject} — {predicate_label(edge)} → {object_}"


def predicate_label(edge: Edge) -> str:
    """What stands on a statement's arrow: ``"has finding"``, ``"not: has finding"`` where the source denies it."""
    said = edge.predicate.replace("_", " ")
    return f"not: {said}" if edge.negated else said


def details(graph: Graph, edge: Edge) -> str:
    """What a statement says besides its three parts, and what it rests on: its evidence, or else its source."""
    parts = [_patients(edge)]
    if edge.onset:
        parts.append(f"onset: {graph.name(graph.row(edge.onset))}")
    parts += [edge.sex, edge.date, f"confidence {edge.confidence:.2f}" if edge.confidence < 1 else ""]
    more = len(edge.evidence) - _MAX_EVIDENCE
    shown = ", ".join(edge.evidence[:_MAX_EVIDENCE]) + (f" and {more} more" if more > 0 else "")
    return "; ".join(part for part in (*parts, shown or edge.source) if part)


def _patients(edge: Edge) -> str:
    share = share_in_words(edge)
    return (f"{share} patients" if edge.n_examined else f"{share} of patients") if share else ""


def in_order(graph: Graph, numbers: Numbers) -> list[int]:
    """Edges as they are shown: by predicate; within one what is affirmed first, then the weightiest."""
    weight = edge_weights(graph, _EVERY_PREDICATE, numbers)
    order = np.lexsort((numbers, -weight, graph.negated[numbers], graph.predicate[numbers]))
    return [int(number) for number in numbers[order]]
