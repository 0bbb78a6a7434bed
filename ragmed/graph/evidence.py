"""Statements of a graph as evidence: each a sentence that can be quoted, cited and checked like any passage.

The unit is one statement (an edge), or what a node's source says that it is (its definition); a path is shown as its
statements one after another, each cited by itself. An id says what a sentence is about and ends with a digest of its
words, so that it stays the same in every build of the graph and means nothing else once a source says something else:

    graph:OMIM:154700/has_finding/HP:0001083/5d0c7a1e
    graph:HP:0001083/definition/91b2e6f0
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ragmed.graph.store import Graph
from ragmed.types import Edge, Evidence, Passage

PREFIX = "graph:"
RETRIEVER = "graph"
"""As what the graph stands in `Evidence.ranks_by_retriever`."""

_DEFINITION = "definition"
_SAID: Mapping[str, tuple[str, str]] = {
    "is_a": ("is a kind of", "is not a kind of"),
    "part_of": ("is part of", "is not part of"),
    "has_finding": ("has the finding", "does not have the finding"),
    "inherited_as": ("has the mode of inheritance", "does not have the mode of inheritance"),
    "has_onset": ("has the onset", "does not have the onset"),
    "has_course": ("has the course", "does not have the course"),
    "has_modifier": ("has the modifier", "does not have the modifier"),
    "has_history": ("has the history", "does not have the history"),
    "treats": ("treats", "does not treat"),
    "relieves": ("relieves the symptoms of", "does not relieve the symptoms of"),
    "contraindicated_in": ("is contraindicated in", "is not contraindicated in"),
    "interacts_with": ("interacts with", "does not interact with"),
    "causes": ("causes", "does not cause"),
    "associated_with": ("is associated with", "is not associated with"),
    "located_in": ("is located in", "is not located in"),
    "related_to": ("is related to", "is not related to"),
    "not_coded_with": ("is not coded together with", ""),
}
"""A predicate in words, and its denial."""
_CLASSES = {0.895: "80–99 %", 0.545: "30–79 %", 0.17: "5–29 %", 0.025: "1–4 %"}
"""HPO's classes of frequency, by the middle of each, which is what its reader keeps of one."""
_SHOWN = 3
"""So many ids of what a statement rests on are named in its sentence; ``meta`` has them all."""


def predicate_in_words(predicate: str) -> str:
    """
    >>> predicate_in_words("has_finding"), predicate_in_words("binds_to")
    ('has the finding', 'binds to')
    """
    return _said(predicate)[0]


def share_in_words(edge: Edge) -> str:
    """The share of patients as a source has it: "6 of 10", "30–79 %", "60 %"; empty where it has none."""
    if edge.n_examined:
        return f"{edge.n_present} of {edge.n_examined}"
    if edge.frequency is None or math.isnan(edge.frequency):
        return ""
    if edge.source == "hpo":
        for middle, interval in _CLASSES.items():
            if math.isclose(edge.frequency, middle, rel_tol=1e-6):
                return interval
    return f"{100 * edge.frequency:.3g} %"


def triple_in_words(graph: Graph, number: int) -> str:
    """Subject, predicate and object of an edge, and nothing of what it rests on: what texts are compared with."""
    subject, object_ = graph.name(int(graph.subject[number])), graph.name(int(graph.object[number]))
    affirmed, denied = _said(graph.predicates[int(graph.predicate[number])])
    verb = (denied or f"not {affirmed}") if graph.negated[number] else affirmed
    return f"{subject} {verb} {object_}"


def statement(graph: Graph, number: int) -> str:
    """An edge as a sentence: what it says, of how many patients, and what it rests on."""
    edge = graph.edge(number)
    subject, object_ = graph.name(int(graph.subject[number])), graph.name(int(graph.object[number]))
    onset = int(graph.onset[number])
    setting = f", with {graph.name(onset)}" if onset >= 0 else ""
    said = _clause(edge, subject, object_) + setting
    about = [*edge.evidence[:_SHOWN]]
    if len(edge.evidence) > _SHOWN:
        about.append(f"and {len(edge.evidence) - _SHOWN} more")
    if edge.confidence < 1:
        about.append(f"confidence {edge.confidence:.2g}")
    shown = f" ({'; '.join(about)})" if about else ""
    quoted = f' Its source reads: "{edge.quote}"' if edge.quote else ""
    return f"{said}{shown}.{quoted}"


def passage_of(graph: Graph, number: int) -> Passage:
    """The passage that an edge is: its sentence, with the page of its subject, its source's licence and release."""
    edge = graph.edge(number)
    meta = {
        "evidence": "; ".join(edge.evidence),
        "basis": edge.basis,
        "date": edge.date,
        "subject": edge.subject,
        "predicate": edge.predicate,
        "object": edge.object,
    }
    about = f"{edge.subject}/{edge.predicate}/{edge.object}"
    return _passage(graph, int(graph.subject[number]), about, statement(graph, number), edge.source, meta)


def definition_of(graph: Graph, row: int) -> Passage | None:
    """The passage that a node's definition is; None where it has none."""
    node = graph.node(row)
    if not node.definition:
        return None
    text = f"{node.name}: {node.definition}"
    return _passage(graph, row, f"{node.node_id}/{_DEFINITION}", text, node.source, {})


def passage(graph: Graph, passage_id: str) -> Passage | None:
    """The passage of that id; None where the graph does not say it, or not in those words."""
    about, _, digest = passage_id.removeprefix(PREFIX).rpartition("/")
    if not passage_id.startswith(PREFIX) or not digest:
        return None
    found = graph.find(about.removesuffix(f"/{_DEFINITION}"))
    if about.endswith(f"/{_DEFINITION}") and found is not None:
        defined = definition_of(graph, found.row)
        return defined if defined is not None and defined.passage_id == passage_id else None
    for predicate in graph.predicates:
        subject, between, object_ = about.partition(f"/{predicate}/")
        start, end = graph.find(subject), graph.find(object_)
        if between and start is not None and end is not None:
            for number in graph.edges_of(start.row, predicate).tolist():
                if int(graph.object[number]) == end.row:
                    stated = passage_of(graph, number)
                    if stated.passage_id == passage_id:
                        return stated
    return None


def evidence_of(passages: Iterable[Passage], scores: Sequence[float] = ()) -> tuple[Evidence, ...]:
    """Passages of a graph, the best first, as evidence; each once. ``scores``: one a passage; none: 1 over the rank."""
    items: dict[str, Evidence] = {}
    for place, item in enumerate(passages):
        rank = len(items) + 1
        score = scores[place] if scores else 1 / rank
        if item.passage_id not in items:
            items[item.passage_id] = Evidence(
                item, score, rank, {RETRIEVER: rank}, scores_by_retriever={RETRIEVER: score}
            )
    return tuple(items.values())


def triples(graph: Graph, numbers: Iterable[int]) -> list[int]:
    """Of the edges that say one thing of the same two nodes, the one that rests on most patients, then the first.

    What is denied is another thing than what is affirmed.
    """
    best: dict[tuple[int, int, int, bool], int] = {}
    for number in sorted(map(int, numbers)):
        subject, object_ = int(graph.subject[number]), int(graph.object[number])
        said = (subject, int(graph.predicate[number]), object_, bool(graph.negated[number]))
        known = best.setdefault(said, number)
        if int(graph.n_examined[number]) > int(graph.n_examined[known]):
            best[said] = number
    return sorted(best.values())


def _said(predicate: str) -> tuple[str, str]:
    return _SAID.get(predicate, (predicate.replace("_", " "), ""))


def _clause(edge: Edge, subject: str, object_: str) -> str:
    affirmed, denied = _said(edge.predicate)
    patients = f"{edge.sex} patients" if edge.sex else "patients"
    if edge.negated:
        among = f" in {patients}" if edge.sex else ""
        said = f"{subject} {denied} {object_}" if denied else f"It is not so that {subject} {affirmed} {object_}"
        return said + among
    if edge.frequency == 0 or (edge.n_examined and not edge.n_present):
        of = f"none of {edge.n_examined} {patients}" if edge.n_examined else f"no {patients}"
        return f"{object_} was found in {of} with {subject}"
    share = share_in_words(edge)
    if share:
        among = f" in {share} {patients}" if edge.n_examined else f" in {share} of {patients}"
    else:
        among = f" in {patients}" if edge.sex else ""
    return f"{subject} {affirmed} {object_}{among}"


def _passage(graph: Graph, row: int, about: str, text: str, source: str, meta: Mapping[str, str]) -> Passage:
    node = graph.node(row)
    card: Mapping[str, Any] = next((card for card in graph.sources if card.get("name") == source), {})
    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:8]
    told = {**meta, "release": str(card.get("release", "")), "graph": graph.graph_id}
    return Passage(
        passage_id=f"{PREFIX}{about}/{digest}",
        doc_id=node.node_id,
        start=0,
        end=len(text),
        text=text,
        title=node.name,
        source=source,
        url=node.url or str(card.get("homepage", "")),
        licence=str(card.get("licence", "")),
        kind="statement",
        meta={key: value for key, value in told.items() if value},
    )
