"""Small graphs for tests, from facts written inline. What they say is made up, but for the shape of the ontologies."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ragmed.graph.store import Graph
from ragmed.graph.writing import Source, write_graph
from ragmed.report import Report
from ragmed.types import Edge, Name, Node, Retired

Fact = Node | Retired | Edge


def graph_of(folder: Path, facts: Iterable[Fact], *others: Iterable[Fact], report: Report | None = None) -> Graph:
    """A graph of sources "one", "two", … made of these facts, below ``folder`` (a ``tmp_path``)."""
    names = ("one", "two", "three", "four")
    path = folder / "graph"
    path.mkdir()
    sources = [
        Source(name, source, {"title": name, "release": "2025-01-16", "licence": "none"})
        for name, source in zip(names, (facts, *others), strict=False)
    ]
    write_graph(path, sources, report)
    return Graph(path, "for-tests")


def finding(node_id: str, name: str, *parents: str, names: Iterable[Name] = ()) -> list[Fact]:
    """A finding with what it is a kind of."""
    node = Node(node_id, name, "finding", "hpo", tuple(names))
    return [node, *(Edge(node_id, "is_a", parent, "hpo") for parent in parents)]


def disease(
    node_id: str, name: str, findings: dict[str, float | None], denied: Iterable[str] = (), evidence: str = "PMID:1"
) -> list[Fact]:
    """A disease with its findings: id of a finding → share of patients who have it."""
    return [
        Node(node_id, name, "disease", "hpo"),
        *(
            Edge(node_id, "has_finding", other, "hpo", frequency=share, evidence=(evidence,), basis="PCS")
            for other, share in findings.items()
        ),
        *(Edge(node_id, "has_finding", other, "hpo", negated=True, evidence=(evidence,)) for other in denied),
    ]


def small_hpo() -> list[Fact]:
    """A root with two organs, five findings below them, three diseases, a retired id, a drug."""
    return [
        *finding("HP:0000118", "Phenotypic abnormality"),
        *finding("HP:0000478", "Abnormality of the eye", "HP:0000118"),
        *finding("HP:0001626", "Abnormality of the heart", "HP:0000118"),
        *finding("HP:0001083", "Ectopia lentis", "HP:0000478", names=[Name("Dislocated lens", "lay")]),
        *finding("HP:0000545", "Myopia", "HP:0000478", names=[Name("Near-sightedness", "lay")]),
        *finding("HP:0002616", "Aortic root aneurysm", "HP:0001626"),
        *finding("HP:0001634", "Mitral valve prolapse", "HP:0001626", names=[Name("MVP", "abbreviation")]),
        Node("HP:0012823", "Clinical modifier", "modifier", "hpo"),
        Retired("HP:0099999", "Lens out of place", "HP:0001083"),
        Retired("HP:0088888", "Nothing like it"),
        *disease("OMIM:1", "Lens and aorta syndrome", {"HP:0001083": 0.6, "HP:0002616": 0.8, "HP:0000545": 0.5}),
        *disease("OMIM:2", "Lens syndrome", {"HP:0001083": 0.9, "HP:0000545": None}, ["HP:0002616"], "PMID:2"),
        *disease("OMIM:3", "Valve syndrome", {"HP:0001634": 1.0, "HP:0000545": 0.1}, (), "PMID:3"),
        Node("DrugBank:DB1", "Examplolol", "drug", "drugs"),
        Edge("DrugBank:DB1", "treats", "OMIM:1", "drugs", evidence=("PMID:4",), confidence=0.7, quote="It helped."),
    ]


def vital_signs() -> list[Fact]:
    """What the passages of `tests.passages_for_tests` speak of."""
    return [
        *finding("HP:0000118", "Phenotypic abnormality"),
        *finding("HP:0001945", "Fever", "HP:0000118", names=[Name("Body temperature", "synonym")]),
        Node("X:1", "Heart rate", "finding", "x", (Name("Heart", "lay"),)),
        Node("X:2", "Insulin", "drug", "x"),
        Node("X:3", "Blood glucose", "finding", "x", (Name("Glucose", "synonym"), Name("Blood", "lay"))),
        Node("X:4", "Diabetes mellitus", "disease", "x"),
        Edge("X:2", "treats", "X:4", "x"),
        Edge("X:4", "has_finding", "X:3", "x"),
    ]
