"""networkx's own functions work on the view of a graph, which reads it as it goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragmed.graph.store import Graph
from ragmed.graph.view import networkx_view
from tests.graph_for_tests import graph_of, small_hpo

networkx = pytest.importorskip("networkx")


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    return graph_of(tmp_path, small_hpo())


def test_nodes_have_the_attributes_of_the_graph(graph: Graph) -> None:
    view = networkx_view(graph)
    assert list(view) == [graph.node_id(row) for row in range(graph.n_nodes)]
    assert len(view) == view.number_of_nodes() == graph.n_nodes
    assert view.nodes["HP:0001083"]["name"] == "Ectopia lentis"
    assert view.nodes["HP:0001083"]["names"][0].text == "Dislocated lens"
    assert dict(view.nodes(data="kind"))["OMIM:1"] == "disease"
    assert "HP:0001083" in view
    assert "HP:0099999" not in view  # retired
    assert 7 not in view


def test_edges_have_the_attributes_of_the_statements(graph: Graph) -> None:
    view = networkx_view(graph)
    [(subject, object_, number, attributes)] = view.out_edges("DrugBank:DB1", keys=True, data=True)
    assert (subject, object_) == ("DrugBank:DB1", "OMIM:1")
    assert graph.edge(number).quote == attributes["quote"] == "It helped."
    assert (attributes["predicate"], attributes["confidence"]) == ("treats", pytest.approx(0.7))
    assert "subject" not in attributes
    assert view.number_of_edges() == graph.n_edges - 1  # one is denied
    assert networkx_view(graph, negated=True).number_of_edges() == graph.n_edges
    assert [u for u, _ in view.in_edges("HP:0002616")] == ["OMIM:1"]
    assert view.has_edge("OMIM:1", "HP:0002616")
    assert not view.has_edge("OMIM:2", "HP:0002616")
    assert networkx_view(graph, negated=True).has_edge("OMIM:2", "HP:0002616")
    assert view.get_edge_data("OMIM:1", "HP:0002616")[view_key(view, "OMIM:1", "HP:0002616")]["frequency"] == (
        pytest.approx(0.8)
    )


def view_key(view: object, subject: str, object_: str) -> int:
    [key] = view[subject][object_]  # type: ignore[index]
    return int(key)


def test_the_same_edges_stand_on_both_sides(graph: Graph) -> None:
    view = networkx_view(graph, negated=True)
    assert set(view.out_edges(keys=True)) == set(view.in_edges(keys=True))
    assert {number for *_, number in view.edges(keys=True)} == set(range(graph.n_edges))
    for node in view:
        assert view.degree(node) == view.in_degree(node) + view.out_degree(node)


def test_the_functions_of_networkx_work(graph: Graph) -> None:
    view = networkx_view(graph)
    copy = view.copy()
    assert networkx.shortest_path(view, "DrugBank:DB1", "HP:0000118") == [
        "DrugBank:DB1",
        "OMIM:1",
        *networkx.shortest_path(copy, "OMIM:1", "HP:0000118")[1:],
    ]
    assert networkx.has_path(view, "OMIM:1", "HP:0000118")
    assert not networkx.has_path(view, "HP:0000118", "OMIM:1")
    assert networkx.descendants(view, "OMIM:3") == networkx.descendants(copy, "OMIM:3")
    assert networkx.number_weakly_connected_components(view) == 2
    assert networkx.is_directed_acyclic_graph(view)
    assert list(networkx.topological_sort(view)) == list(networkx.topological_sort(copy))
    assert networkx.utils.edges_equal(view.edges, copy.edges, directed=True)


def test_pagerank_is_that_of_a_copy(graph: Graph) -> None:
    pytest.importorskip("scipy", reason="networkx.pagerank needs it")
    view = networkx_view(graph)
    assert networkx.pagerank(view) == pytest.approx(networkx.pagerank(view.copy()))


def test_subgraphs_reversals_and_undirected_copies(graph: Graph) -> None:
    view = networkx_view(graph)
    part = view.subgraph(["OMIM:1", "HP:0001083", "HP:0002616"])
    assert sorted(part.edges()) == [("OMIM:1", "HP:0001083"), ("OMIM:1", "HP:0002616")]
    assert networkx.has_path(view.reverse(copy=False), "HP:0000118", "OMIM:1")
    assert networkx.has_path(view.to_undirected(), "OMIM:3", "DrugBank:DB1")


def test_the_view_cannot_be_changed(graph: Graph) -> None:
    view = networkx_view(graph)
    assert networkx.is_frozen(view)
    with pytest.raises(networkx.NetworkXError):
        view.add_edge("OMIM:1", "HP:1")
    with pytest.raises(networkx.NetworkXError):
        view.remove_node("OMIM:1")
    with pytest.raises(TypeError):
        view.nodes["OMIM:1"]["name"] = "Another"
    with pytest.raises(networkx.NodeNotFound):
        networkx.shortest_path(view, "OMIM:404", "OMIM:1")


def test_an_empty_graph_has_an_empty_view(tmp_path: Path) -> None:
    view = networkx_view(graph_of(tmp_path, []))
    assert (len(view), list(view.edges)) == (0, [])
