"""The adaptive fusion: shape of what was fitted, what it falls back to, what it explains."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ragmed.fusion._adaptive_weights import MEANS, WEIGHTS
from ragmed.fusion._features import OF_PASSAGE, OF_QUERY, features
from ragmed.fusion.adaptive import Adaptive
from ragmed.fusion.rrf import ReciprocalRankFusion
from ragmed.protocols import Matches, Rows
from ragmed.types import Query
from tests.index_for_tests import ViewForTests, found

LISTS = {"bm25": {0: 8.0, 1: 6.0, 2: 4.0}, "dense": {2: 0.9, 1: 0.5}}
QUERY = Query("q", "fever, cough and rash")


class WithoutMatches(ViewForTests):
    """An index whose lexical retriever tells nothing but scores."""

    def matches(self, query: Query, rows: Rows) -> Matches | None:
        return None


def test_there_is_a_weight_for_each_feature() -> None:
    assert WEIGHTS.shape == (len(OF_QUERY), len(OF_PASSAGE))
    assert np.isfinite(WEIGHTS).all()
    assert list(MEANS) == list(OF_QUERY)


def test_features_of_a_passage_do_not_depend_on_how_deep_a_list_is_beyond_the_pool() -> None:
    n = 300
    deep = {
        "bm25": {row: 100.0 - row / 4 for row in range(n)},
        "dense": {row: 0.9 - row / 1000 for row in range(n)},
    }
    view = ViewForTests([f"{row:04}" for row in range(n)], deep)
    whole = features(QUERY, "bm25", "dense", found(deep), view)
    first = {name: {row: scores[row] for row in range(100)} for name, scores in deep.items()}
    top = features(QUERY, "bm25", "dense", found(first), view)
    assert whole is not None
    assert top is not None
    np.testing.assert_allclose(whole.of_query, top.of_query)
    np.testing.assert_allclose(whole.of_passage[:100], top.of_passage)


def test_without_what_it_needs_it_is_reciprocal_rank_fusion() -> None:
    view = WithoutMatches(list("abcd"), LISTS)
    ours, theirs = (f.fuse(QUERY, found(LISTS), 10, view) for f in (Adaptive(), ReciprocalRankFusion()))
    assert ours.rows.tolist() == theirs.rows.tolist()
    assert Adaptive().weigh(QUERY, found(LISTS), view).weights == {"bm25": 0.5, "dense": 0.5}


def test_a_further_list_joins_by_ranks() -> None:
    three = {**LISTS, "questions": {3: 0.8}}
    fused = Adaptive().fuse(QUERY, found(three), 10, ViewForTests(list("abcd"), three))
    assert sorted(fused.rows.tolist()) == [0, 1, 2, 3]
    weights = Adaptive().weigh(QUERY, found(three), ViewForTests(list("abcd"), three)).weights
    assert set(weights) == set(three)
    assert abs(sum(weights.values()) - 1) < 1e-9


def test_the_weights_have_a_fingerprint() -> None:
    assert len(Adaptive().fingerprint()) == 16


class WithFindings(ViewForTests):
    """A graph that knows which of the passages are about diseases that explain the findings listed."""

    def explains(self, query: Query, rows: Rows) -> NDArray[np.float64] | None:
        return np.array((-9.0, -0.5, -np.inf, 0.0))[rows]


def test_where_a_question_lists_findings_what_explains_them_best_rises() -> None:
    four = {**LISTS, "graph": {3: 1.0, 1: 0.6}}
    plain = Adaptive().fuse(QUERY, found(LISTS), 10, ViewForTests(list("abcd"), LISTS)).rows.tolist()
    view = WithFindings(list("abcd"), four)
    fused = Adaptive().fuse(QUERY, found(four), 10, view).rows.tolist()
    assert 3 not in plain
    assert fused.index(3) < fused.index(0)
    assert fused.index(1) < fused.index(2)
    weighing = Adaptive().weigh(QUERY, found(four), view)
    assert weighing.weights["graph"] == 0
    assert sum(weighing.weights.values()) == 1
    assert weighing.reasons[0].startswith("it lists findings")


def test_where_it_lists_none_a_graph_changes_nothing() -> None:
    four = {**LISTS, "graph": {}}
    with_graph = Adaptive().fuse(QUERY, found(four), 10, ViewForTests(list("abcd"), four))
    without = Adaptive().fuse(QUERY, found(LISTS), 10, ViewForTests(list("abcd"), LISTS))
    assert with_graph.rows.tolist() == without.rows.tolist()
    np.testing.assert_array_equal(with_graph.scores, without.scores)
