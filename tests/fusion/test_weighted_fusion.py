"""Weighted sums of normalised scores, by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragmed import catalog
from ragmed.errors import RecipeError
from ragmed.fusion.weighted import Weighted
from ragmed.types import Query
from tests.index_for_tests import ViewForTests, found

LISTS = {"bm25": {0: 8.0, 1: 6.0, 2: 4.0}, "dense": {2: 0.9, 1: 0.5}}
VIEW = ViewForTests(list("abcd"), LISTS)
QUERY = Query("q", "fever")


def fused(weights: dict[str, float]) -> dict[int, float]:
    ranking = Weighted(weights).fuse(QUERY, found(LISTS), 10, VIEW)
    return dict(zip(ranking.rows.tolist(), ranking.scores.tolist(), strict=True))


def test_scores_are_put_between_nought_and_one_and_added() -> None:
    """Words: 1, 0.5, 0. Meaning, where row 0 scores 0: 0, 0.5 / 0.9, 1."""
    assert fused({}) == pytest.approx({0: 1.0, 1: 0.5 + 0.5 / 0.9, 2: 1.0})


def test_weights_shift_the_order() -> None:
    assert next(iter(fused({"bm25": 1.0, "dense": 0.1}))) == 0
    assert next(iter(fused({"bm25": 0.1, "dense": 1.0}))) == 2
    assert fused({"dense": 0.0}) == pytest.approx({0: 1.0, 1: 0.5, 2: 0.0})


def test_weights_come_from_a_recipe() -> None:
    table = {"name": "weighted", "weights": {"bm25": 0.4, "dense": 0.6}}
    made = catalog.make("fusion", table, str(Path("indexes/mine.toml")))
    assert made.weigh(QUERY, found(LISTS), VIEW).weights == pytest.approx({"bm25": 0.4, "dense": 0.6})


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
def test_a_weight_that_is_none_is_refused(weight: float) -> None:
    with pytest.raises(RecipeError, match="weight of bm25"):
        Weighted({"bm25": weight})
