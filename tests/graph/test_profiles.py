"""Profiles: rows about one finding are joined, and who has a finding has what it is a kind of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ragmed.errors import UnknownName
from ragmed.graph.findings import (
    NOT_GIVEN,
    Profiles,
    compile_profiles,
    open_profiles,
    profiles_of,
    share_told,
    without_publications,
)
from ragmed.graph.store import Graph
from ragmed.types import Edge, Node
from tests.graph_for_tests import Fact, disease, finding, graph_of, small_hpo


def _row(disease_id: str, finding_id: str, present: int, examined: int, evidence: str = "PMID:1") -> Edge:
    share = present / examined
    return Edge(disease_id, "has_finding", finding_id, "hpo", False, share, present, examined, evidence=(evidence,))


def _profiles(graph: Graph) -> Profiles:
    return profiles_of(graph, np.arange(graph.n_edges)[graph.predicate == graph.code("has_finding")])


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    facts: list[Fact] = [
        *finding("HP:0000118", "Phenotypic abnormality"),
        *finding("HP:1", "Eye", "HP:0000118"),
        *finding("HP:2", "Lens", "HP:1"),
        *finding("HP:3", "Myopia", "HP:1"),
        Node("OMIM:1", "First", "disease", "hpo"),
        _row("OMIM:1", "HP:2", 3, 4, "PMID:1"),
        _row("OMIM:1", "HP:2", 2, 5, "PMID:2"),
        _row("OMIM:1", "HP:3", 0, 6, "PMID:2"),
        *disease("OMIM:2", "Second", {"HP:2": None, "HP:3": 0.2}, ["HP:1"], "PMID:3"),
    ]
    return graph_of(tmp_path, facts)


def test_patients_counted_are_added_up(graph: Graph) -> None:
    profiles = _profiles(graph)
    first = profiles.place(graph.row("OMIM:1"))
    assert first is not None
    assert profiles.profile(first) == {graph.row("HP:2"): pytest.approx(5.5 / 10)}
    assert profiles.denied_of(first) == [graph.row("HP:3")]
    assert (profiles.n_patients[first], profiles.n_publications[first]) == (9, 2)


def test_a_frequency_that_is_not_given_is_one_half_and_is_not_told(graph: Graph) -> None:
    profiles = _profiles(graph)
    second = profiles.place(graph.row("OMIM:2"))
    assert second is not None
    lens = graph.row("HP:2")
    assert profiles.profile(second)[lens] == NOT_GIVEN
    numbers = [n for n in graph.edges_of(graph.row("OMIM:2")) if graph.object[n] == lens]
    assert share_told(graph, numbers) is None
    numbers = [n for n in graph.edges_of(graph.row("OMIM:1")) if graph.object[n] == lens]
    assert share_told(graph, numbers) == 5 / 9


def test_who_has_a_finding_has_what_it_is_a_kind_of_at_its_highest_frequency(graph: Graph) -> None:
    profiles = _profiles(graph)
    places, share = profiles.implied.of(graph.row("HP:1"))
    assert dict(zip(places.tolist(), share.tolist(), strict=True)) == {0: pytest.approx(0.55), 1: pytest.approx(0.5)}
    assert profiles.usual[graph.row("HP:1")] == pytest.approx((0.55 + 0.5) / 2, abs=1e-3)


def test_leaving_a_publication_out_leaves_out_its_rows_and_nothing_else(graph: Graph) -> None:
    profiles = _profiles(graph)
    left = without_publications(graph, profiles, ["PMID:2"])
    assert left.disease.tolist() == [graph.row("OMIM:1")]
    assert left.profile(0) == {graph.row("HP:2"): pytest.approx(3.5 / 5)}
    assert left.denied_of(0) == []
    assert left.usual is profiles.usual
    assert len(without_publications(graph, profiles, ["PMID:404"])) == 0


def test_compiled_profiles_are_opened_as_they_were(tmp_path: Path) -> None:
    others = [disease(f"OMIM:{n}", f"Other {n}", {"HP:0000545": 0.5}) for n in range(10, 14)]
    graph = graph_of(tmp_path, [*small_hpo(), *(fact for some in others for fact in some)])
    assert compile_profiles(graph, graph.folder / "findings") == ["OMIM"]
    opened, made = open_profiles(graph), _profiles(graph)
    assert opened.disease.tolist() == made.disease.tolist()
    assert [opened.profile(i) for i in range(len(opened))] == [made.profile(i) for i in range(len(made))]
    np.testing.assert_array_equal(opened.usual, made.usual)
    with pytest.raises(UnknownName, match="have: OMIM"):
        open_profiles(graph, "ORPHA")


def test_a_graph_without_findings_has_no_profiles(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, [Node("A:1", "One", "drug", "s")])
    assert compile_profiles(graph, graph.folder / "findings") == []
    with pytest.raises(UnknownName, match="have: none"):
        open_profiles(graph)
