"""What every fusion must do, run over each file of ragmed/fusion/."""

from __future__ import annotations

import pytest

from ragmed import catalog
from ragmed.protocols import Fusion
from ragmed.types import Hit, Run


@pytest.fixture(params=sorted(catalog.files("fusion")))
def fusion(request: pytest.FixtureRequest) -> Fusion:
    made: Fusion = catalog.make("fusion", request.param, "test")
    return made


BOTH: dict[str, Run] = {
    "bm25": {"q": (Hit("a", 9.0), Hit("b", 8.0), Hit("c", 1.0)), "empty": ()},
    "dense": {"q": (Hit("b", 0.9), Hit("d", 0.8)), "only": (Hit("x", 0.5),)},
}


def test_is_a_fusion(fusion: Fusion) -> None:
    assert isinstance(fusion, Fusion)


def test_what_both_lists_like_comes_first(fusion: Fusion) -> None:
    assert fusion.fuse(BOTH, 10)["q"][0].passage_id == "b"


def test_every_query_of_any_run_has_an_entry(fusion: Fusion) -> None:
    fused = fusion.fuse(BOTH, 10)
    assert set(fused) == {"q", "empty", "only"}
    assert fused["empty"] == ()


def test_scores_fall_and_k_bounds_the_list(fusion: Fusion) -> None:
    hits = fusion.fuse(BOTH, 2)["q"]
    assert len(hits) == 2
    assert hits[0].score >= hits[1].score


def test_the_order_of_the_runs_does_not_matter(fusion: Fusion) -> None:
    assert fusion.fuse(BOTH, 10) == fusion.fuse(dict(reversed(BOTH.items())), 10)


def test_ties_are_broken_by_passage_id(fusion: Fusion) -> None:
    fused = fusion.fuse({"one": {"q": (Hit("b", 1.0),)}, "two": {"q": (Hit("a", 1.0),)}}, 10)
    assert [hit.passage_id for hit in fused["q"]] == ["a", "b"]
