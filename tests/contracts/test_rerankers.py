"""What every reranker must do, run over each file of ragmed/rerankers/."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Mapping
from typing import Any

import pytest

from ragmed import catalog
from ragmed.errors import EncoderError, MissingExtra
from ragmed.protocols import Reranker
from ragmed.types import Evidence, Prompt, Query
from tests.passages_for_tests import THREE, passage
from tests.rerankers.models_for_tests import FakeGenerator, onnx_cross_encoder, onnx_token_vectors

WORDS = ["insulin", "glucose", "fever", "heart"]


def script(prompt: Prompt) -> str:
    """One passage is relevant; of several the last is the best."""
    n = len(prompt.evidence)
    return "Yes" if n == 1 else " > ".join(f"[{number}]" for number in range(n, 0, -1))


@pytest.fixture(params=sorted(catalog.files("rerankers")))
def reranker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Reranker:
    folder = tmp_path_factory.mktemp("models")
    options: Mapping[str, dict[str, Any]] = {
        "cross_encoder": {
            "model": onnx_cross_encoder(folder / "pairs", {word: n / 4 for n, word in enumerate(WORDS)}),
            "runtime": "onnx",
        },
        "late_interaction": {
            "model": onnx_token_vectors(folder / "tokens", WORDS),
            "runtime": "onnx",
            "query_marker": "[Q]",
            "passage_marker": "[D]",
        },
    }
    table = {"name": request.param, **options.get(request.param, {})}
    try:
        made: Reranker = catalog.make("rerankers", table, "test", generator=FakeGenerator(script))
        made.rerank(QUERY, found(THREE), 3)
    except (MissingExtra, EncoderError) as error:
        pytest.skip(str(error))
    return made


QUERY = Query("q", "Does insulin lower blood glucose?")


def found(passages: Any, scores: Mapping[str, float] | None = None) -> tuple[Evidence, ...]:
    """As a search finds them: scores fall, each passage was found by a retriever and judged by a reranker before."""
    return tuple(
        Evidence(p, (scores or {}).get(p.passage_id, 1 / rank), rank, {"bm25": rank, "dense": 9}, {"earlier": 0.5})
        for rank, p in enumerate(passages, start=1)
    )


MANY = (
    *THREE,
    passage("d", "A fever raises the heart rate.", title="Fever", question="Does a fever raise the heart rate?"),
    passage("e", "Insulin was first given in 1922.", published="1999", meta={"publication_types": "Review"}),
    passage("f", "Glucose is a sugar.", published="2020-05", meta={"retracted": "PMID:1"}),
    passage("g", ""),
)


def ids(evidence: tuple[Evidence, ...]) -> list[str]:
    return [e.passage.passage_id for e in evidence]


def with_depth(reranker: Reranker, depth: int) -> Reranker:
    if not dataclasses.is_dataclass(reranker) or "depth" not in {f.name for f in dataclasses.fields(reranker)}:
        pytest.skip("its depth is no option")
    changed: Reranker = dataclasses.replace(reranker, depth=depth)  # type: ignore[type-var]
    return changed


def test_is_a_reranker(reranker: Reranker) -> None:
    assert isinstance(reranker, Reranker)
    assert reranker.depth >= 1


def test_nothing_in_gives_nothing_out(reranker: Reranker) -> None:
    assert reranker.rerank(QUERY, (), 10) == ()


def test_one_passage_is_the_first(reranker: Reranker) -> None:
    [only] = reranker.rerank(QUERY, found(THREE[:1]), 10)
    assert (only.passage, only.rank) == (THREE[0], 1)


def test_the_same_passages_come_back_ranked_from_one(reranker: Reranker) -> None:
    reranked = reranker.rerank(QUERY, found(MANY), 10)
    assert sorted(ids(reranked)) == sorted(p.passage_id for p in MANY)
    assert [e.rank for e in reranked] == list(range(1, len(MANY) + 1))


def test_scores_are_finite_and_never_rise(reranker: Reranker) -> None:
    for depth in (1, 3, len(MANY)):
        scores = [e.score for e in with_depth(reranker, depth).rerank(QUERY, found(MANY), 10)]
        assert all(math.isfinite(score) for score in scores)
        assert scores == sorted(scores, reverse=True)


def test_k_cuts_the_list_and_changes_nothing_else(reranker: Reranker) -> None:
    whole = reranker.rerank(QUERY, found(MANY), 10)
    for k in range(len(MANY) + 1):
        assert reranker.rerank(QUERY, found(MANY), k) == whole[:k]


def test_passages_beyond_the_depth_follow_in_their_order(reranker: Reranker) -> None:
    given = [p.passage_id for p in MANY]
    reranked = ids(with_depth(reranker, 3).rerank(QUERY, found(MANY), 10))
    assert sorted(reranked[:3]) == given[:3]
    assert reranked[3:] == given[3:]


def test_what_was_known_of_a_passage_is_kept(reranker: Reranker) -> None:
    for depth in (2, len(MANY)):
        for e in with_depth(reranker, depth).rerank(QUERY, found(MANY), 10):
            before = next(given for given in found(MANY) if given.passage == e.passage)
            assert e.ranks_by_retriever == before.ranks_by_retriever
            assert e.signals["earlier"] == 0.5


def test_what_is_given_is_not_changed(reranker: Reranker) -> None:
    given = found(MANY)
    reranker.rerank(QUERY, given, 10)
    assert given == found(MANY)


def test_twice_gives_the_same(reranker: Reranker) -> None:
    assert reranker.rerank(QUERY, found(MANY), 10) == reranker.rerank(QUERY, found(MANY), 10)


def test_equal_scores_are_in_the_order_of_passage_ids(reranker: Reranker) -> None:
    alike = [passage(passage_id, "Insulin lowers glucose.") for passage_id in ("a", "m", "z")]
    reranked = reranker.rerank(QUERY, found(alike, {"a": 1.0, "m": 1.0, "z": 1.0}), 10)
    assert all(
        one.passage.passage_id < other.passage.passage_id
        for one, other in itertools.pairwise(reranked)
        if one.score == other.score
    )


@pytest.mark.parametrize("question", ["", " \n", "?!", "\ud800 fever", "insulin " * 3000, "胰岛素"])
def test_any_question_will_do(reranker: Reranker, question: str) -> None:
    assert len(reranker.rerank(Query("q", question), found(MANY), 10)) == len(MANY)


def test_any_passage_will_do(reranker: Reranker) -> None:
    odd = [
        passage("p1", "\ud800\x00"),
        passage("p2", "fever " * 2000, title="glucose " * 500),
        passage("p3", "的" * 2000, published="soon", meta={"publication_types": ";;", "mesh": "/*;"}),
        passage("p4", "...", title=".", question="?"),
    ]
    assert sorted(ids(reranker.rerank(QUERY, found(odd), 10))) == ["p1", "p2", "p3", "p4"]
