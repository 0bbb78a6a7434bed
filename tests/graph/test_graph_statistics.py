"""The figures of a graph are those that one counts by hand."""

from __future__ import annotations

from pathlib import Path

from ragmed.graph.statements import in_order
from ragmed.graph.statistics import measure
from tests.graph_for_tests import graph_of, small_hpo


def test_the_small_ontology_is_counted(tmp_path: Path) -> None:
    found = measure(graph_of(tmp_path, small_hpo()))
    assert found.nodes_by_kind == {"finding": 7, "disease": 3, "modifier": 1, "drug": 1}
    assert found.edges_by_predicate == {"has_finding": 8, "is_a": 6, "treats": 1}
    assert found.edges_by_source == {"hpo": 14, "drugs": 1}
    assert (found.n_nodes, found.n_names, found.n_edges, found.n_negated) == (12, 15, 15, 1)
    assert (found.n_with_share, found.n_with_evidence) == (6, 9)
    assert (found.n_components, found.largest_component, found.n_isolated) == (2, 11 / 12, 1)
    assert (found.degrees.most, found.degrees.hubs[0]) == (4, ("HP:0000545", "Myopia", 4))
    assert found.degrees.mean == 28 / 12


def test_a_graph_of_nothing_has_no_figures(tmp_path: Path) -> None:
    found = measure(graph_of(tmp_path, []))
    assert (found.n_nodes, found.n_components, found.largest_component, found.degrees.mean) == (0, 0, 0.0, 0.0)


def test_statements_are_shown_by_predicate_what_is_affirmed_first_then_the_commonest(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, small_hpo())
    shown = [graph.edge(number) for number in in_order(graph, graph.edges_of(graph.row("OMIM:2")))]
    assert [(edge.object, edge.negated) for edge in shown] == [
        ("HP:0001083", False),
        ("HP:0000545", False),
        ("HP:0002616", True),
    ]
