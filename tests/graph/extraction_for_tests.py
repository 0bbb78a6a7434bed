"""A graph with the names that the sentences of these tests have. What the sentences say is made up."""

from __future__ import annotations

from pathlib import Path

from ragmed.graph.store import Graph
from ragmed.types import Name, Node, NodeKind, Passage
from tests.graph_for_tests import graph_of

NAMES: dict[NodeKind, tuple[str, ...]] = {
    "drug": ("aspirin", "warfarin", "metformin", "ramipril"),
    "disease": ("diabetes", "gout", "asthma", "measles", "stroke"),
    "finding": ("fever", "cough", "rash", "headache", "bleeding", "dizziness"),
    "gene": ("FBN1",),
    "procedure": ("spirometry",),
}


def small_world(folder: Path) -> Graph:
    """Nodes ``D:aspirin``, ``D:gout``, … of the kinds above, without statements; "Gouty arthritis" is gout too."""
    nodes = [
        Node(f"D:{name}", name, kind, "tests", (Name("gouty arthritis", "synonym"),) if name == "gout" else ())
        for kind, names in NAMES.items()
        for name in names
    ]
    return graph_of(folder, nodes)


def passage_of(text: str, doc_id: str = "d1", published: str = "2020-01-01") -> Passage:
    """The text as the whole of a document."""
    return Passage(f"{doc_id}:0-{len(text)}", doc_id, 0, len(text), text, "", "s", "", "CC0", published)
