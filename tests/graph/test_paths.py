"""Ways between nodes: the shortest first, then those over the most telling nodes; each step has a citation."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragmed.graph.neighbours import EdgeWeights, neighbours
from ragmed.graph.paths import citations, find_paths, in_words, shortest_paths
from ragmed.graph.store import Graph
from ragmed.types import Edge, Node
from tests.graph_for_tests import Fact, graph_of, small_hpo


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    return graph_of(tmp_path, small_hpo())


def _rows(graph: Graph, *ids: str) -> tuple[int, ...]:
    return tuple(graph.row(node_id) for node_id in ids)


def test_the_way_from_a_drug_to_the_findings_it_may_act_on(graph: Graph) -> None:
    [path] = shortest_paths(graph, [graph.row("DrugBank:DB1")], [graph.row("HP:0001083")], max_paths=1)
    assert path.rows == _rows(graph, "DrugBank:DB1", "OMIM:1", "HP:0001083")
    assert path.forward == (True, True)
    assert [edge.evidence for edge in citations(graph, path)] == [("PMID:4",), ("PMID:1",)]
    assert in_words(graph, path) == (
        "Examplolol —treats→ Lens and aorta syndrome (confidence 0.70; PMID:4) "
        "—has finding→ Ectopia lentis (60 % of patients; PMID:1)"
    )


def test_a_statement_may_be_walked_against_its_direction(graph: Graph) -> None:
    [path] = shortest_paths(graph, [graph.row("HP:0001083")], [graph.row("DrugBank:DB1")], max_paths=1)
    assert path.forward == (False, False)
    assert in_words(graph, path).startswith("Ectopia lentis ←has finding— Lens and aorta syndrome (60 % of patients")


def test_of_equally_long_ways_the_one_of_more_patients_comes_first(graph: Graph) -> None:
    paths = shortest_paths(graph, [graph.row("OMIM:1")], [graph.row("OMIM:2")], max_hops=2)
    assert [path.rows[1] for path in paths] == [*_rows(graph, "HP:0001083", "HP:0000545")]


def test_hubs_come_last(tmp_path: Path) -> None:
    nodes: list[Fact] = [Node(f"A:{i}", f"name {i}", "other", "s") for i in range(30)]
    edges = [Edge("A:0", "causes", "A:2", "s"), Edge("A:2", "causes", "A:1", "s")]
    edges += [Edge("A:0", "causes", "A:3", "s"), Edge("A:3", "causes", "A:1", "s")]
    edges += [Edge("A:2", "causes", f"A:{i}", "s") for i in range(4, 30)]
    graph = graph_of(tmp_path, [*nodes, *edges])
    assert [path.rows for path in shortest_paths(graph, [0], [1])] == [(0, 3, 1), (0, 2, 1)]


def test_what_is_denied_is_no_way(graph: Graph) -> None:
    assert shortest_paths(graph, [graph.row("OMIM:2")], [graph.row("HP:0002616")], max_hops=1) == []


def test_no_way_is_longer_than_asked_for(graph: Graph) -> None:
    drug, heart = graph.row("DrugBank:DB1"), graph.row("HP:0001626")
    assert shortest_paths(graph, [drug], [heart], max_hops=2) == []
    assert len(shortest_paths(graph, [drug], [heart], max_hops=3)) == 1
    assert shortest_paths(graph, [drug], [graph.row("HP:0012823")], max_hops=9) == []


def test_from_a_node_to_itself_there_is_no_way(graph: Graph) -> None:
    assert shortest_paths(graph, [0], [0]) == []
    assert shortest_paths(graph, [0], []) == []


def test_the_strongest_statement_of_a_step_is_cited(tmp_path: Path) -> None:
    facts: list[Fact] = [Node(f"A:{i}", f"name {i}", "other", "s") for i in range(2)]
    facts += [Edge("A:0", "causes", "A:1", "s", confidence=0.5), Edge("A:1", "treats", "A:0", "s", confidence=0.75)]
    graph = graph_of(tmp_path, facts)
    [path] = shortest_paths(graph, [0], [1])
    assert (citations(graph, path)[0].predicate, path.forward) == ("treats", (False,))
    assert in_words(graph, path) == "name 0 ←treats— name 1 (confidence 0.75; s)"


def test_a_statement_says_how_many_when_and_on_what(tmp_path: Path) -> None:
    evidence = tuple(f"PMID:{i}" for i in range(5))
    facts: list[Fact] = [Node(f"A:{i}", f"name {i}", "other", "s") for i in range(3)]
    facts += [Edge("A:0", "has_finding", "A:1", "s", False, 0.125, 1, 8, "A:2", "male", evidence, date="2024-01-02")]
    graph = graph_of(tmp_path, facts)
    [path] = shortest_paths(graph, [0], [1])
    assert in_words(graph, path) == (
        "name 0 —has finding→ name 1 "
        "(1 of 8 patients; onset: name 2; male; 2024-01-02; PMID:0, PMID:1, PMID:2 and 2 more)"
    )


def test_a_search_that_is_cut_says_so(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not find_paths(graph, [graph.row("OMIM:1")], [graph.row("OMIM:2")]).is_cut
    monkeypatch.setattr("ragmed.graph.paths._MAX_STEPS", 2)
    assert find_paths(graph, [graph.row("OMIM:1")], [graph.row("OMIM:2")]).is_cut


def test_bounds_below_one_are_refused(graph: Graph) -> None:
    with pytest.raises(ValueError, match="max_hops is 0"):
        shortest_paths(graph, [0], [1], max_hops=0)


_PAIRS = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7), st.sampled_from([0.25, 0.5, 1.0])), max_size=20)


@settings(max_examples=150, deadline=None)
@given(
    _PAIRS,
    st.sets(st.integers(0, 2), min_size=1, max_size=2),
    st.sets(st.integers(3, 7), max_size=2),
    st.integers(1, 5),
    st.integers(1, 6),
)
def test_the_ways_are_those_of_trying_all(
    tmp_path_factory: pytest.TempPathFactory,
    pairs: list[tuple[int, int, float]],
    sources: set[int],
    targets: set[int],
    max_hops: int,
    max_paths: int,
) -> None:
    facts: list[Fact] = [Node(f"A:{i}", f"name {i}", "other", "s") for i in range(8)]
    facts += [Edge(f"A:{a}", "causes", f"A:{b}", "s", confidence=weight) for a, b, weight in pairs]
    graph = graph_of(tmp_path_factory.mktemp("any"), facts)
    walk = neighbours(graph, EdgeWeights())
    weight = {
        (row, int(walk.neighbour[place])): float(walk.weight[place])
        for row in range(8)
        for place in range(walk.start[row], walk.start[row + 1])
    }
    degree = [sum(one == row for one, _ in weight) for row in range(8)]
    expected = []
    for n_hops in range(1, max_hops + 1):
        for between in itertools.permutations(set(range(8)) - sources - targets, n_hops - 1):
            for source, target in itertools.product(sources, targets):
                rows = (source, *between, target)
                steps = list(itertools.pairwise(rows))
                if all(step in weight for step in steps):
                    worth = sum(math.log(weight[step]) for step in steps) - 0.4 * sum(
                        math.log(degree[row]) for row in between
                    )
                    expected.append((n_hops, -round(worth, 9) + 0.0, rows))
    paths = shortest_paths(graph, sources, targets, max_hops=max_hops, max_paths=max_paths)
    assert [path.rows for path in paths] == [rows for *_, rows in sorted(expected)[:max_paths]]
    for path in paths:
        for number, forward, step in zip(
            path.edges, path.forward, zip(path.rows, path.rows[1:], strict=False), strict=True
        ):
            ends = (int(graph.subject[number]), int(graph.object[number]))
            assert (ends if forward else ends[::-1]) == step
