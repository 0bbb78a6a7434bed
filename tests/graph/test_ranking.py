"""Personalised PageRank is what its definition says, to the tolerance that was asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragmed.graph.neighbours import EdgeWeights, Floats, neighbours
from ragmed.graph.ranking import personalised_pagerank
from ragmed.graph.store import Graph
from ragmed.types import Edge, Node
from tests.graph_for_tests import Fact, graph_of, small_hpo


def _drawn(pairs: list[tuple[int, int, float]], n: int) -> list[Fact]:
    nodes: list[Fact] = [Node(f"A:{i}", f"name {i}", "other", "one") for i in range(n)]
    return [*nodes, *(Edge(f"A:{a}", "causes", f"A:{b}", "one", confidence=weight) for a, b, weight in pairs)]


def _exact(graph: Graph, seeds: dict[int, float], damping: float, weights: EdgeWeights) -> Floats:
    """The definition, solved as a dense system; a walker at a node without edges starts again."""
    walk = neighbours(graph, weights)
    n = graph.n_nodes
    matrix = np.zeros((n, n))
    for row in range(n):
        for place in range(walk.start[row], walk.start[row + 1]):
            matrix[walk.neighbour[place], row] = walk.weight[place] / walk.strength[row]
    start = np.array([seeds.get(row, 0.0) for row in range(n)])
    start /= start.sum()
    matrix[:, walk.strength == 0] = start[:, None]
    solved: Floats = np.linalg.solve(np.eye(n) - damping * matrix, (1 - damping) * start)
    return solved


_PAIRS = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11), st.sampled_from([0.25, 0.5, 1.0])), max_size=40)
_SEEDS = st.dictionaries(st.integers(0, 11), st.floats(0.1, 10), min_size=1, max_size=4)


@settings(max_examples=150, deadline=None)
@given(_PAIRS, _SEEDS, st.sampled_from([0.0, 0.15, 0.5, 0.85, 0.95]), st.sampled_from([1e-1, 1e-3, 1e-9]))
def test_the_error_is_within_the_tolerance(
    tmp_path_factory: pytest.TempPathFactory,
    pairs: list[tuple[int, int, float]],
    seeds: dict[int, float],
    damping: float,
    tolerance: float,
) -> None:
    graph = graph_of(tmp_path_factory.mktemp("any"), _drawn(pairs, 12))
    scores = personalised_pagerank(graph, seeds, damping=damping, tolerance=tolerance)
    exact = _exact(graph, seeds, damping, EdgeWeights())
    assert np.abs(scores - exact).sum() <= tolerance + 1e-12
    assert scores.sum() == pytest.approx(1.0, abs=1e-12)
    assert (scores >= 0).all()
    assert damping == 0 or (scores[exact == 0] == 0).all()


@settings(max_examples=40, deadline=None)
@given(_PAIRS, _SEEDS, st.sampled_from([0.5, 0.85]))
def test_it_equals_that_of_networkx(
    tmp_path_factory: pytest.TempPathFactory,
    pairs: list[tuple[int, int, float]],
    seeds: dict[int, float],
    damping: float,
) -> None:
    networkx = pytest.importorskip("networkx")
    pytest.importorskip("scipy", reason="networkx.pagerank needs it")
    graph = graph_of(tmp_path_factory.mktemp("any"), _drawn(pairs, 12))
    walked = networkx.Graph()
    walked.add_nodes_from(range(12))
    for a, b, weight in pairs:
        if a != b:
            known = walked.get_edge_data(a, b, {"weight": 0.0})["weight"]
            walked.add_edge(a, b, weight=max(weight, known))
    theirs = networkx.pagerank(walked, alpha=damping, personalization=seeds, tol=1e-12, max_iter=1000)
    ours = personalised_pagerank(graph, seeds, damping=damping, tolerance=1e-9)
    assert [theirs[row] for row in range(12)] == pytest.approx(ours.tolist(), abs=1e-8)


def test_a_large_graph_is_ranked_within_the_tolerance_by_both_steps(tmp_path: Path) -> None:
    random = np.random.default_rng(7)
    n = 600
    pairs = [(int(a), int(b), 1.0) for a, b in random.integers(0, n - 10, (2400, 2))]
    pairs += [(n - 2, n - 1, 1.0)]
    graph = graph_of(tmp_path, _drawn(pairs, n))
    for seeds in ({3: 1.0}, {3: 1.0, 400: 2.0, n - 1: 1.0, n - 5: 1.0}):
        for tolerance in (0.5, 1e-2, 1e-8):
            scores = personalised_pagerank(graph, seeds, tolerance=tolerance)
            exact = _exact(graph, seeds, 0.5, EdgeWeights())
            assert np.abs(scores - exact).sum() <= tolerance
            assert (scores[exact == 0] == 0).all()


def test_however_the_pairs_are_cut_into_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(3)
    pairs = [(int(a), int(b), 1.0) for a, b in random.integers(0, 50, (300, 2))]
    pairs += [(50, i, 1.0) for i in range(50)]
    for size in (1, 3, 64, 10_000):
        monkeypatch.setattr("ragmed.graph.neighbours._BLOCK", size)
        (tmp_path / str(size)).mkdir()
        graph = graph_of(tmp_path / str(size), _drawn(pairs, 51))
        scores = personalised_pagerank(graph, {0: 1.0}, tolerance=1e-9)
        assert np.abs(scores - _exact(graph, {0: 1.0}, 0.5, EdgeWeights())).sum() <= 1e-9


def test_it_is_the_same_every_time(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, small_hpo())
    seeds = {graph.row("OMIM:1"): 1.0, graph.row("HP:0001634"): 1.0}
    first = personalised_pagerank(graph, seeds)
    assert personalised_pagerank(graph, dict(reversed(seeds.items()))).tobytes() == first.tobytes()


def test_without_seeds_nothing_is_near(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, small_hpo())
    assert personalised_pagerank(graph, {}).tolist() == [0.0] * graph.n_nodes
    assert personalised_pagerank(graph, {0: 0.0}).sum() == 0


def test_a_seed_without_edges_keeps_its_share(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, small_hpo())
    alone = graph.row("HP:0012823")
    assert personalised_pagerank(graph, {alone: 3.0})[alone] == 1.0
    both = personalised_pagerank(graph, {alone: 1.0, graph.row("OMIM:1"): 1.0}, tolerance=1e-9)
    # Of 1 unit begun, half begins there and rests; of the other half, half is walked on: (1/2) / (3/2 …) of the time.
    assert both[alone] == pytest.approx(1 / 3)


def test_another_part_of_the_graph_scores_nothing(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, _drawn([(0, 1, 1.0), (1, 2, 1.0), (3, 4, 1.0)], 5))
    assert personalised_pagerank(graph, {0: 1.0}, tolerance=1e-9)[3:].tolist() == [0.0, 0.0]


def test_a_graph_without_edges_or_nodes_is_no_trouble(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, _drawn([], 3))
    assert personalised_pagerank(graph, {1: 1.0, 2: 3.0}).tolist() == [0.0, 0.25, 0.75]


def test_what_is_denied_is_not_walked(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, small_hpo())
    walk = neighbours(graph, EdgeWeights())
    lens_syndrome = graph.row("OMIM:2")
    met = walk.neighbour[walk.start[lens_syndrome] : walk.start[lens_syndrome + 1]]
    assert {graph.node_id(row) for row in met} == {"HP:0001083", "HP:0000545"}


def test_weights_follow_predicate_confidence_and_share_of_patients(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, small_hpo())

    def weight(weights: EdgeWeights, one: str, other: str) -> float:
        walk = neighbours(graph, weights)
        first, end = walk.start[graph.row(one)], walk.start[graph.row(one) + 1]
        met = dict(zip(walk.neighbour[first:end].tolist(), walk.weight[first:end].tolist(), strict=True))
        return float(met.get(graph.row(other), 0.0))

    plain, doubled = EdgeWeights(), EdgeWeights(predicates=(("treats", 2.0), ("is_a", 0.0)))
    assert weight(plain, "OMIM:1", "HP:0002616") == pytest.approx(0.8)
    assert weight(plain, "HP:0002616", "OMIM:1") == pytest.approx(0.8)
    assert weight(plain, "OMIM:2", "HP:0000545") == pytest.approx((0.6 + 0.8 + 0.5 + 0.9 + 1.0 + 0.1) / 6)
    assert weight(EdgeWeights(frequency=False), "OMIM:1", "HP:0002616") == 1.0
    assert weight(plain, "DrugBank:DB1", "OMIM:1") == pytest.approx(0.7)
    assert weight(doubled, "DrugBank:DB1", "OMIM:1") == pytest.approx(1.4)
    assert weight(EdgeWeights(confidence=False), "DrugBank:DB1", "OMIM:1") == 1.0
    assert weight(doubled, "HP:0000478", "HP:0000118") == 0.0
    # "Myopia" has four neighbours, "Valve syndrome" two.
    assert weight(EdgeWeights(hubs=0.5), "OMIM:3", "HP:0000545") == pytest.approx(0.1 / (4 * 2) ** 0.5)


def test_a_repeated_statement_is_no_stronger(tmp_path: Path) -> None:
    facts = _drawn([(0, 1, 0.5), (0, 1, 0.25), (1, 0, 0.75), (0, 0, 1.0)], 2)
    walk = neighbours(graph_of(tmp_path, facts), EdgeWeights())
    assert (walk.neighbour.tolist(), walk.weight.tolist()) == ([1, 0], [0.75, 0.75])


def test_wrong_arguments_are_refused(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, small_hpo())
    with pytest.raises(ValueError, match="seed 99 is no row"):
        personalised_pagerank(graph, {99: 1.0})
    with pytest.raises(ValueError, match="weight of seed 0 is nan"):
        personalised_pagerank(graph, {0: float("nan")})
    with pytest.raises(ValueError, match="damping is 1"):
        personalised_pagerank(graph, {0: 1.0}, damping=1.0)
    with pytest.raises(ValueError, match="tolerance is 0"):
        personalised_pagerank(graph, {0: 1.0}, tolerance=0.0)
    with pytest.raises(ValueError, match="weight of treats is -1"):
        EdgeWeights(predicates=(("treats", -1.0),))


def test_components_are_those_of_networkx(tmp_path: Path) -> None:
    networkx = pytest.importorskip("networkx")
    random = np.random.default_rng(1)
    pairs = [(int(a), int(b), 1.0) for a, b in random.integers(0, 300, (180, 2))]
    pairs += [(i, i + 1, 1.0) for i in range(300, 399)]
    walk = neighbours(graph_of(tmp_path, _drawn(pairs, 400)), EdgeWeights())
    expected = networkx.Graph((a, b) for a, b, _ in pairs)
    expected.add_nodes_from(range(400))
    assert {frozenset(np.flatnonzero(walk.component == label).tolist()) for label in np.unique(walk.component)} == {
        frozenset(nodes) for nodes in networkx.connected_components(expected)
    }
