"""A graph on disk gives back what was put in, and says what it left out."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragmed.errors import UnknownName
from ragmed.report import Report
from ragmed.types import Edge, Name, Node, Retired
from tests.graph_for_tests import Fact, graph_of, small_hpo


def _is_a(child: str, parent: str) -> Edge:
    return Edge(child, "is_a", parent, "s")


def _node(node_id: str) -> Node:
    return Node(node_id, f"name of {node_id}", "finding", "s")


def test_nodes_and_statements_come_back_as_they_were(tmp_path: Path) -> None:
    node = Node("A:1", "One", "drug", "s", (Name("Uno", "synonym"),), "The first.", "https://a", ("B:1", "B:2"))
    edge = Edge(
        "A:1", "treats", "A:2", "s", False, 0.25, 1, 4, "A:3", "female", ("PMID:1", "PMID:2"), "PCS", "2024", 0.5, "q"
    )
    graph = graph_of(tmp_path, [edge, node, _node("A:2"), _node("A:3")])
    assert graph.node(0) == node
    assert [graph.edge(number) for number in graph.edges_of(0)] == [edge]
    assert [graph.edge(number) for number in graph.edges_into(1, "treats")] == [edge]
    assert list(graph.edges_into(1, "causes")) == []
    assert (graph.n_nodes, graph.n_edges) == (3, 1)
    assert (graph.name(0), graph.kind(0), graph.kind(1)) == ("One", "drug", "finding")


def test_an_id_is_found_by_what_it_was_and_by_what_others_call_it(tmp_path: Path) -> None:
    graph = graph_of(
        tmp_path,
        [
            Node("A:1", "One", "drug", "s", same_as=("B:1",)),
            Retired("A:0", "Nought", "A:00"),
            Retired("A:00", "Nought too", "A:1"),
            Retired("A:9", "Gone"),
        ],
    )
    assert graph.find("A:1") == (0, "current")
    assert graph.find("B:1") == (0, "same")
    assert graph.find("A:0") == (0, "retired")
    assert graph.find("A:9") is None
    assert graph.is_retired("A:9")
    with pytest.raises(UnknownName, match="nothing takes its place"):
        graph.row("A:9")
    with pytest.raises(UnknownName, match=r"^no nodes in the graph named 'A:7'; ids look like: A:1"):
        graph.row("A:7")


def test_statements_about_retired_ids_are_about_what_replaces_them(tmp_path: Path) -> None:
    report = Report()
    graph = graph_of(
        tmp_path,
        [_node("A:1"), _node("A:2"), Retired("A:0", "", "A:1"), Edge("A:2", "causes", "A:0", "s")],
        report=report,
    )
    assert [graph.edge(0).object] == ["A:1"]
    assert list(report.notes) == ["a statement about a retired id, now about the one that replaces it"]


def test_statements_about_unknown_ids_are_left_out_and_said(tmp_path: Path) -> None:
    report = Report()
    graph = graph_of(tmp_path, [_node("A:1"), _is_a("A:1", "A:404")], report=report)
    assert graph.n_edges == 0
    assert report.notes["a statement about an id that no source has"].examples == ["A:404"]


def test_a_circle_is_cut_where_it_closes(tmp_path: Path) -> None:
    report = Report()
    facts: list[Fact] = [
        *map(_node, ("A:1", "A:2", "A:3")),
        _is_a("A:1", "A:2"),
        _is_a("A:2", "A:3"),
        _is_a("A:3", "A:1"),
    ]
    graph = graph_of(tmp_path, facts, report=report)
    assert graph.n_edges == 2
    assert report.notes["a kind-of statement that closes a circle"].examples == ["A:3 is_a A:1"]
    assert graph.ancestors(0) == {0, 1, 2}


def test_a_statement_given_twice_stands_once_and_one_denied_stands_beside_it(tmp_path: Path) -> None:
    report = Report()
    edge, denied = Edge("A:1", "causes", "A:2", "s"), Edge("A:1", "causes", "A:2", "s", negated=True)
    graph = graph_of(tmp_path, [_node("A:1"), _node("A:2"), edge, edge, denied], report=report)
    assert [graph.edge(number).negated for number in graph.edges_of(0)] == [False, True]
    assert report.notes["a statement given twice"].n == 1
    assert report.notes["a statement affirmed and denied"].examples == ["A:1 – A:2"]


def test_a_node_of_two_sources_is_one_with_both_names(tmp_path: Path) -> None:
    report = Report()
    graph = graph_of(
        tmp_path,
        [Node("A:1", "One", "disease", "s")],
        [Node("A:1", "Unity", "finding", "t", (Name("One", "synonym"),))],
        report=report,
    )
    assert graph.node(0) == Node("A:1", "One", "disease", "s", (Name("Unity", "synonym"),))
    assert report.notes["a node is a disease in one source and a finding in another"].n == 1


def test_ancestors_and_descendants_of_the_small_ontology(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, small_hpo())
    lens, eye = graph.row("HP:0001083"), graph.row("HP:0000478")
    assert {graph.node_id(row) for row in graph.ancestors(lens)} == {"HP:0001083", "HP:0000478", "HP:0000118"}
    assert {graph.node_id(row) for row in graph.descendants(eye)} == {"HP:0000478", "HP:0001083", "HP:0000545"}
    assert graph.row("HP:0099999") == lens


def test_a_graph_of_nothing_is_empty(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, [])
    assert (graph.n_nodes, graph.n_edges) == (0, 0)
    assert graph.find("A:1") is None


_IDS = st.integers(0, 9).map(lambda n: f"A:{n}")


@settings(max_examples=50, deadline=None)
@given(st.sets(_IDS), st.lists(st.tuples(_IDS, _IDS, st.sampled_from(["is_a", "causes"]), st.booleans())))
def test_any_statements_between_known_nodes_stand_unless_repeated_or_circular(
    tmp_path_factory: pytest.TempPathFactory, known: set[str], pairs: list[tuple[str, str, str, bool]]
) -> None:
    told = [Edge(subject, predicate, object_, "s", negated) for subject, object_, predicate, negated in pairs]
    graph = graph_of(tmp_path_factory.mktemp("any"), [*told, *map(_node, sorted(known))])
    kept = {graph.edge(number) for number in range(graph.n_edges)}
    possible = {edge for edge in told if {edge.subject, edge.object} <= known}
    assert kept <= possible
    assert {edge for edge in possible if edge.predicate == "causes"} <= kept
    for row in range(graph.n_nodes):
        assert all(row not in graph.ancestors(parent) for parent in graph.parents(row))
        assert sorted(graph.edges_into(row)) == [n for n in range(graph.n_edges) if graph.object[n] == row]
