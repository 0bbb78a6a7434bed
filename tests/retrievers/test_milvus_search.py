"""Milvus finds what the local retrievers find, with the same scores."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pymilvus")
pytest.importorskip("milvus_lite")

from ragmed.fusion.adaptive import Adaptive
from ragmed.index.searcher import Searcher
from ragmed.protocols import OpenRetriever
from ragmed.retrievers.bm25 import BM25
from ragmed.retrievers.dense import Dense
from ragmed.retrievers.milvus_bm25 import MilvusBM25, OpenMilvusBM25
from ragmed.retrievers.milvus_dense import MilvusDense
from ragmed.types import Passage, Query
from tests.passages_for_tests import passage
from tests.retrievers.test_dense import SeededEncoder

WORDS = ["fever", "heart", "rate", "insulin", "glucose", "don't", "l’état", "naïve", "α-synuclein", "aorta", "lens"]
WORDS += ["the", "of", "5.5", "HTT", "arm", "PD-1", "PD1"]
N = 120


def passages() -> list[Passage]:
    drawn = random.Random(7)
    made = []
    for i in range(N):
        text = " ".join(drawn.choices(WORDS, k=drawn.randint(1, 40)))
        title = " ".join(drawn.choices(WORDS, k=drawn.randint(0, 3)))
        made.append(passage(f"p{drawn.randrange(10**6):06}/{i}", text, title=title, question="heart" if i % 9 else ""))
    return [replace(one, source=f"s{i % 3}") for i, one in enumerate(made)]


PASSAGES = passages()
IDS = [one.passage_id for one in PASSAGES]
QUERIES = [
    Query("1", "Does insulin lower glucose?"),
    Query("2", "don't fever fever α-synuclein l’état"),
    Query("3", "HTT", expansions=(("aorta", 0.1), ("lens arm", 0.35))),
    Query("4", "words that no passage has: zebra", lexical="zebra"),
    Query("5", "heart rate", documents=("A rate of the heart.",)),
    Query("6", "Is PD1 in the lens?", rewordings=("Is insulin in the lens?", "Is zebra in the lens?")),
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[OpenRetriever, OpenRetriever]]:
    """By kind: the local retriever, and that over Milvus."""
    encoder = SeededEncoder(dim=16)
    made = {"bm25": (BM25(), MilvusBM25()), "dense": (Dense(encoder), MilvusDense(encoder=encoder))}
    opened = {}
    for kind, both in made.items():
        pair = []
        for i, retriever in enumerate(both):
            path = tmp_path_factory.mktemp(f"{kind}{i}")
            retriever.build(PASSAGES, path)
            pair.append(retriever.open(path, IDS))
        opened[kind] = (pair[0], pair[1])
    return opened


@pytest.mark.parametrize("kind", ["bm25", "dense"])
@pytest.mark.parametrize("k", [1, 10, N])
def test_the_same_passages_with_the_same_scores(
    served: dict[str, tuple[OpenRetriever, OpenRetriever]], kind: str, k: int
) -> None:
    local, milvus = served[kind]
    for one, other in zip(local.search(QUERIES, k), milvus.search(QUERIES, k), strict=True):
        assert one.rows.tolist() == other.rows.tolist()
        assert other.scores == pytest.approx(one.scores, rel=1e-5)


@pytest.mark.parametrize("kind", ["bm25", "dense"])
@pytest.mark.parametrize("which", ["source", "some", "every other"])
def test_the_same_among_what_is_allowed(
    served: dict[str, tuple[OpenRetriever, OpenRetriever]], kind: str, which: str
) -> None:
    allowed = {
        "source": np.arange(N) % 3 == 1,
        "some": np.isin(np.arange(N), [5, 6, 7, 50]),
        "every other": np.random.default_rng(7).random(N) < 0.5,
    }[which]
    local, milvus = served[kind]
    for one, other in zip(local.search(QUERIES, 7, allowed), milvus.search(QUERIES, 7, allowed), strict=True):
        assert one.rows.tolist() == other.rows.tolist()


def test_how_words_match_is_the_same(served: dict[str, tuple[OpenRetriever, OpenRetriever]]) -> None:
    local, milvus = served["bm25"]
    rows = np.arange(N)
    for query in QUERIES:
        one, other = local.matches(query, rows), milvus.matches(query, rows)  # type: ignore[attr-defined]
        for name in ("coverage", "share", "rarest", "three_rarest", "lengths", "highest", "idf", "n_terms"):
            assert np.asarray(getattr(other, name)) == pytest.approx(np.asarray(getattr(one, name)), rel=1e-5), name
    assert local.document_frequencies(["fever", "zebra"]) == milvus.document_frequencies(["fever", "zebra"])  # type: ignore[attr-defined]


def test_fused_lists_are_those_of_the_local_retrievers(
    served: dict[str, tuple[OpenRetriever, OpenRetriever]],
) -> None:
    local, milvus = (Searcher("test", {kind: pair[i] for kind, pair in served.items()}, IDS) for i in (0, 1))
    for one, other in zip(local.find(QUERIES, 10, Adaptive()), milvus.find(QUERIES, 10, Adaptive()), strict=True):
        assert one.ranking.rows.tolist() == other.ranking.rows.tolist()


def test_milvus_scores_as_the_formula_does(served: dict[str, tuple[OpenRetriever, OpenRetriever]]) -> None:
    # Else candidates would be chosen by other scores than those they are ranked by.
    milvus = served["bm25"][1]
    assert isinstance(milvus, OpenMilvusBM25)
    [hits] = milvus._connection.call(
        "search", milvus._loaded.collection, ["fever glucos"], anns_field="weights", limit=N, output_fields=["row"]
    )
    rows = np.array([hit["row"] for hit in hits])
    by_milvus = np.abs([hit["distance"] for hit in hits])
    assert milvus.scores(Query("q", "fever glucose"), rows) == pytest.approx(by_milvus, rel=1e-4)


def test_more_passages_than_are_compared_one_by_one_are_found_through_a_graph(tmp_path: Path) -> None:
    encoder = SeededEncoder(dim=16)
    retriever = MilvusDense(encoder=encoder, index="hnsw")
    facts = retriever.build(PASSAGES, tmp_path)
    assert facts["index"] == "hnsw"
    [ranking] = retriever.open(tmp_path, IDS).search([Query("q", "heart rate")], 5)
    assert len(ranking) == 5
