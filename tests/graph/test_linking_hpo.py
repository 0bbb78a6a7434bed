"""Linking with the published release of HPO: each name of its findings is found, and means its term."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from ragmed import sources
from ragmed.analysis.vocabulary_hpo import hpo_terms
from ragmed.graph.linking import Linker
from ragmed.recipe import read_corpus_recipe
from ragmed.types import Node, NodeKind
from tests.graph_for_tests import graph_of

N_TERMS = 3000
CARRIERS = ("The child had {} at birth.", "{} was seen in two of them.", "There was {}, which improved.", "Exam ({}):")


@pytest.fixture(scope="module")
def linker(tmp_path_factory: pytest.TempPathFactory) -> Linker:
    return Linker(graph_of(tmp_path_factory.mktemp("hpo"), _nodes()))


def _nodes() -> Iterator[Node]:
    for concept in hpo_terms(sources.locate(read_corpus_recipe("hpo"))["hp.obo"]):
        kind: NodeKind = "finding" if concept.kind == "finding" else "modifier"
        first, *others = concept.names
        yield Node(concept.identifier, first.text, kind, "hpo", tuple(others))


def _found(linker: Linker, name: str, carrier: str) -> list[int]:
    """The nodes that a name means in a sentence."""
    start = carrier.index("{}")
    for mention in linker.link(carrier.format(name)):
        if mention.start == start and mention.end >= start + len(name.rstrip(" .)]%+")):
            return list(mention.rows)
    return []


def test_preferred_names_mean_their_terms(linker: Linker) -> None:
    graph = linker.graph
    findings = [row for row in range(graph.n_nodes) if graph.kind(row) == "finding"]
    sample = random.Random(7).sample(findings, N_TERMS)
    first = [_found(linker, graph.name(row), CARRIERS[row % len(CARRIERS)])[:1] == [row] for row in sample]
    assert sum(first) / len(first) >= 0.99


@pytest.mark.parametrize(("kind", "least"), [("synonym", 0.97), ("lay", 0.99), ("related", 0.9)])
def test_other_names_may_mean_their_terms(linker: Linker, kind: str, least: float) -> None:
    graph = linker.graph
    named = [
        (row, name.text)
        for row in range(graph.n_nodes)
        if graph.kind(row) == "finding"
        for name in graph.node(row).names
        if name.kind == kind
    ]
    sample = random.Random(7).sample(named, min(N_TERMS, len(named)))
    found = [row in _found(linker, text, CARRIERS[row % len(CARRIERS)]) for row, text in sample]
    assert sum(found) / len(found) >= least


def test_modifiers_are_not_linked(linker: Linker) -> None:
    """ "Severe", "Bilateral" and "Chronic" are terms of HPO, and words of every text."""
    assert linker.link("severe, bilateral and chronic") == ()
