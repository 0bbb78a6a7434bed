"""Maximal marginal relevance, by hand and against its definition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmed.errors import RecipeError
from ragmed.protocols import no_progress
from ragmed.rerankers.mmr import MMR
from ragmed.types import Evidence, Query
from tests.passages_for_tests import passage

QUERY = Query("q", "glucose")


def found(texts: Sequence[str], scores: Sequence[float]) -> list[Evidence]:
    return [
        Evidence(passage(chr(97 + n), text), score, n + 1, {})
        for n, (text, score) in enumerate(zip(texts, scores, strict=True))
    ]


def ids(evidence: Sequence[Evidence]) -> str:
    return "".join(e.passage.passage_id for e in evidence)


def test_a_repetition_comes_after_something_new() -> None:
    evidence = found(["Insulin lowers glucose.", "Insulin lowers glucose.", "Fever raises it."], [3, 2.9, 2])
    assert ids(MMR(0.5).rerank(QUERY, evidence, 3)) == "acb"


def test_full_weight_on_relevance_keeps_the_order() -> None:
    evidence = found(["Insulin.", "Insulin.", "Fever."], [3, 2, 1])
    assert ids(MMR(1.0).rerank(QUERY, evidence, 3)) == "abc"


def test_the_signals_add_up_to_the_score() -> None:
    evidence = found(["Insulin.", "Insulin.", "Fever."], [4, 3, 2])
    first, second, third = MMR(0.6).rerank(QUERY, evidence, 3)
    assert first.signals == {"mmr_relevance": pytest.approx(0.6), "mmr_redundancy": 0.0}
    for e in (first, second, third):
        assert e.score == sum(e.signals.values())
    of_b = next(e for e in (second, third) if e.passage.passage_id == "b")
    assert of_b.signals == {"mmr_relevance": pytest.approx(0.3), "mmr_redundancy": pytest.approx(-0.4)}


def test_words_are_compared_by_their_stems() -> None:
    evidence = found(["Aneurysms ruptured.", "An aneurysm ruptures.", "Fever."], [3, 2.5, 2.4])
    assert ids(MMR(0.3).rerank(QUERY, evidence, 3)) == "acb"


@dataclass(frozen=True)
class FakeEncoder:
    """A text's vector is the direction of its length: opposite for odd and even."""

    def encode_passages(self, texts: Sequence[str], progress: Any = no_progress) -> Any:
        return np.array([[1.0 if len(text) % 2 else -1.0, 0.0] for text in texts], dtype=np.float32)


def test_an_encoder_may_tell_what_is_alike_and_opposites_are_no_gain() -> None:
    evidence = found(["one", "two", "four"], [3, 2, 1])
    reranked = MMR(0.5, encoder=FakeEncoder()).rerank(QUERY, evidence, 3)  # type: ignore[arg-type]
    assert {e.passage.passage_id: e.signals["mmr_redundancy"] for e in reranked} == {"a": 0, "b": -0.5, "c": 0}


@given(
    st.lists(
        st.tuples(st.sampled_from(["heart rate", "heart", "blood", "", "rate blood"]), st.integers(0, 4)), max_size=7
    ),
    st.floats(0, 1),
)
def test_each_place_goes_to_the_best_of_those_left(given_: list[tuple[str, int]], weight: float) -> None:
    """Computed anew from the definition, with the similarities that the reranker itself uses."""
    evidence = sorted(
        found([t for t, _ in given_], [s for _, s in given_]), key=lambda e: (-e.score, e.passage.passage_id)
    )
    reranker = MMR(weight)
    reranked = reranker.rerank(QUERY, evidence, 10)
    similar = reranker._similarity([e.passage.text for e in reranked])
    scores = [e.score for e in evidence]
    span = max(scores, default=0) - min(scores, default=0)
    relevance = {e.passage.passage_id: (e.score - min(scores)) / span if span else 1.0 for e in evidence}

    def value(row: int, n_before: int) -> float:
        before = max((similar[row][other] for other in range(n_before)), default=0.0)
        return weight * relevance[reranked[row].passage.passage_id] - (1 - weight) * float(before)

    for place in range(len(reranked)):
        assert reranked[place].score == pytest.approx(value(place, place))
        assert all(value(place, place) >= value(later, place) - 1e-9 for later in range(place, len(reranked)))


def test_a_weight_beyond_one_is_refused() -> None:
    with pytest.raises(RecipeError, match="between 0 and 1"):
        MMR(1.5)
