"""What every fusion must do, run over each file of ragmed/fusion/."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from ragmed import catalog
from ragmed.protocols import Fusion, Ranking, Weighs
from ragmed.types import Query
from tests.index_for_tests import ViewForTests, found


@pytest.fixture(params=sorted(catalog.files("fusion")))
def fusion(request: pytest.FixtureRequest) -> Fusion:
    made: Fusion = catalog.make("fusion", request.param, "test")
    return made


QUERY = Query("q", "heart rate and blood glucose")
BOTH = {"bm25": {0: 9.0, 1: 8.0, 2: 1.0}, "dense": {1: 0.9, 3: 0.8}}
VIEW = ViewForTests(list("abcd"), BOTH)
NOTHING: dict[int, float] = {}


def same(one: Ranking, other: Ranking) -> bool:
    return bool(np.array_equal(one.rows, other.rows) and np.array_equal(one.scores, other.scores))


def test_is_a_fusion(fusion: Fusion) -> None:
    assert isinstance(fusion, Fusion)


def test_what_both_lists_like_comes_first(fusion: Fusion) -> None:
    assert fusion.fuse(QUERY, found(BOTH), 10, VIEW).rows[0] == 1


@pytest.mark.parametrize(
    ("lists", "rows"),
    [
        ({"bm25": NOTHING, "dense": NOTHING}, set()),
        ({"bm25": NOTHING, "dense": {3: 0.5}}, {3}),
        ({"bm25": {2: 1.0, 0: 0.5}, "dense": NOTHING}, {0, 2}),
        ({}, set()),
        ({"dense": {3: 0.5, 1: 0.2}}, {1, 3}),
    ],
)
def test_a_list_may_be_empty_or_alone(fusion: Fusion, lists: Mapping[str, Mapping[int, float]], rows: set[int]) -> None:
    fused = fusion.fuse(QUERY, found(lists), 10, ViewForTests(list("abcd"), lists))
    assert set(fused.rows.tolist()) == rows
    assert np.isfinite(fused.scores).all()


def test_only_what_was_found_comes_back_and_all_of_it(fusion: Fusion) -> None:
    fused = fusion.fuse(QUERY, found(BOTH), 10, VIEW)
    assert sorted(fused.rows.tolist()) == [0, 1, 2, 3]


def test_scores_fall_and_k_bounds_the_list(fusion: Fusion) -> None:
    whole = fusion.fuse(QUERY, found(BOTH), 10, VIEW)
    assert (np.diff(whole.scores) <= 0).all()
    for k in (0, 1, 2):
        assert fusion.fuse(QUERY, found(BOTH), k, VIEW).rows.tolist() == whole.rows[:k].tolist()


def test_the_order_of_the_lists_does_not_matter(fusion: Fusion) -> None:
    turned = dict(reversed(found(BOTH).items()))
    assert same(fusion.fuse(QUERY, found(BOTH), 10, VIEW), fusion.fuse(QUERY, turned, 10, VIEW))


def test_twice_gives_the_same(fusion: Fusion) -> None:
    assert same(fusion.fuse(QUERY, found(BOTH), 10, VIEW), fusion.fuse(QUERY, found(BOTH), 10, VIEW))


def test_ties_are_broken_by_passage_id(fusion: Fusion) -> None:
    lists = {"bm25": {2: 1.0, 0: 1.0}, "dense": {2: 1.0, 0: 1.0}}
    alike = {name: Ranking(np.array([2, 0]), np.array([1.0, 1.0])) for name in lists}
    fused = fusion.fuse(QUERY, alike, 10, ViewForTests(["z", "y", "a"], lists))
    if fused.scores[0] == fused.scores[1]:
        assert fused.rows.tolist() == [2, 0]


def test_a_fusion_that_weighs_gives_weights_that_sum_to_one(fusion: Fusion) -> None:
    if not isinstance(fusion, Weighs):
        pytest.skip("this fusion weighs no list")
    for lists in (BOTH, {"bm25": NOTHING, "dense": {3: 0.5}}):
        weighing = fusion.weigh(QUERY, found(lists), ViewForTests(list("abcd"), lists))
        assert set(weighing.weights) == set(lists)
        assert sum(weighing.weights.values()) == pytest.approx(1)
        assert all(np.isfinite(value) for value in weighing.features.values())
