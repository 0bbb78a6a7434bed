"""What every retriever must do, run over each file of ragmed/retrievers/."""

from __future__ import annotations

import importlib.util
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ragmed import catalog
from ragmed.protocols import HasVectors, OpenRetriever, Ranking, Retriever, ScoresPassages
from ragmed.types import Query
from tests.graph_for_tests import graph_of, vital_signs
from tests.passages_for_tests import THREE
from tests.sparse_encoder_for_tests import save_word_matcher

NAMES = sorted(catalog.files("retrievers"))
PASSAGES = tuple(replace(p, question=p.text) for p in THREE)
"""With a question, since a retriever may look at nothing else."""
IDS = [p.passage_id for p in PASSAGES]


EXTRAS = {
    "lucene": "pyserini",
    "milvus_bm25": "milvus_lite",
    "milvus_dense": "milvus_lite",
    "sparse": "sentence_transformers",
}
"""The package that a retriever needs beyond ragmed's own dependencies."""


@pytest.fixture(params=NAMES)
def retriever(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Retriever:
    package = EXTRAS.get(request.param)
    if package is not None and importlib.util.find_spec(package) is None:
        pytest.skip(f"needs {package}")
    options = {}
    if request.param == "sparse":
        options["model"] = str(save_word_matcher(tmp_path_factory.mktemp("sparse") / "model"))
    table = {"name": request.param, **options}
    given = {"graph": graph_of(tmp_path_factory.mktemp("vital"), vital_signs())} if request.param == "graph" else {}
    made: Retriever = catalog.make("retrievers", table, "test", **given)
    return made


@pytest.fixture
def opened(retriever: Retriever, tmp_path: Path) -> OpenRetriever:
    retriever.build(PASSAGES, tmp_path)
    return retriever.open(tmp_path, IDS)


def test_is_a_retriever(retriever: Retriever) -> None:
    assert isinstance(retriever, Retriever)


def ids(ranking: Ranking) -> list[str]:
    return [IDS[row] for row in ranking.rows]


def same(one: Ranking, other: Ranking) -> bool:
    return bool(np.array_equal(one.rows, other.rows) and np.array_equal(one.scores, other.scores))


def test_finds_the_passage_that_says_it(opened: OpenRetriever) -> None:
    [ranking] = opened.search([Query("q", "What does insulin do to blood glucose?")], 3)
    assert ids(ranking)[0] == "b"


def test_every_query_has_a_ranking_even_without_hits(opened: OpenRetriever) -> None:
    assert len(opened.search([Query("q1", "zzzz"), Query("q2", "fever")], 2)) == 2
    assert opened.search([], 2) == []


def test_scores_fall_and_k_bounds_the_list(opened: OpenRetriever) -> None:
    for k in (1, 2, 3, 50):
        [ranking] = opened.search([Query("q", "heart rate and blood glucose and fever")], k)
        assert len(ranking.rows) == len(ranking.scores) <= min(k, 3)
        assert (np.diff(ranking.scores) <= 0).all()
        assert len(set(ranking.rows.tolist())) == len(ranking)


def test_k_of_zero_gives_nothing(opened: OpenRetriever) -> None:
    assert len(opened.search([Query("q", "fever")], 0)[0]) == 0


def test_a_query_scores_the_same_alone_and_in_a_batch(opened: OpenRetriever) -> None:
    texts = ["fever", "heart rate", "glucose in diabetes mellitus", "blood", "body temperature of a heart"] * 20
    batch = opened.search([Query(str(i), text) for i, text in enumerate(texts)], 3)
    for i, text in enumerate(texts[:5]):
        assert same(opened.search([Query(str(i), text)], 3)[0], batch[i])


def test_only_what_is_allowed_is_found_and_as_much_of_it_as_there_is(opened: OpenRetriever) -> None:
    query = [Query("q", "heart rate and blood glucose and fever")]
    [free] = opened.search(query, 3)
    for row in range(3):
        allowed = np.arange(3) == row
        [ranking] = opened.search(query, 1, allowed)
        assert ranking.rows.tolist() == [row]
        assert ranking.scores.tolist() == free.scores[free.rows == row].tolist()
    assert len(opened.search(query, 3, np.zeros(3, dtype=np.bool_))[0]) == 0


def test_any_passage_can_be_scored_as_the_search_scores_it(opened: OpenRetriever) -> None:
    if not isinstance(opened, ScoresPassages):
        pytest.skip("this retriever scores only what it finds")
    query = Query("q", "What does insulin do to blood glucose?")
    [ranking] = opened.search([query], 3)
    assert opened.scores(query, ranking.rows).tolist() == ranking.scores.tolist()
    assert len(opened.scores(query, np.arange(3))) == 3
    assert len(opened.scores(query, np.zeros(0, dtype=np.int64))) == 0
    assert np.isfinite(opened.scores(Query("q", "zzzz"), np.arange(3))).all()


def test_vectors_are_of_the_rows_asked_for_and_of_unit_norm(opened: OpenRetriever) -> None:
    if not isinstance(opened, HasVectors):
        pytest.skip("this retriever holds no vectors")
    vectors = opened.vectors(np.array([2, 0]))
    assert len(vectors) == 2
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1], abs=0.02)
    assert vectors[1].tolist() == opened.vectors(np.array([0]))[0].tolist()


def test_ties_are_broken_by_passage_id(retriever: Retriever, tmp_path: Path) -> None:
    names = ["d", "b", "c", "a"]
    retriever.build([replace(PASSAGES[2], passage_id=name) for name in names], tmp_path)
    [ranking] = retriever.open(tmp_path, names).search([Query("q", "fever")], 3)
    assert [names[row] for row in ranking.rows] == ["a", "b", "c"]


def test_two_builds_give_the_same_bytes(retriever: Retriever, tmp_path: Path) -> None:
    if type(retriever).__name__ == "Lucene":
        pytest.skip("Lucene writes a random number into its files")
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        retriever.build(PASSAGES, tmp_path / name)
    one, two = (
        {p.relative_to(tmp_path / name): p.read_bytes() for p in (tmp_path / name).rglob("*") if p.is_file()}
        for name in ("one", "two")
    )
    assert one == two


def test_threads_see_the_same_results(opened: OpenRetriever) -> None:
    queries = [Query("q", "blood glucose")]
    [expected] = opened.search(queries, 3)
    with ThreadPoolExecutor(8) as pool:
        assert all(same(r, expected) for [r] in pool.map(lambda _: opened.search(queries, 3), range(64)))


def test_build_reports_its_progress_to_the_end(retriever: Retriever, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    retriever.build(PASSAGES, tmp_path, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (3, 3)


def test_odd_queries_are_searched_without_fault(opened: OpenRetriever) -> None:
    odd = ["", "   ", "the of and", "?!", "发烧", "a" * 100_000, "fever " * 10_000, "\u0000", "🤒"]
    rankings = opened.search([Query(str(i), text) for i, text in enumerate(odd)], 3)
    assert len(rankings) == len(odd)
    assert all(np.isfinite(ranking.scores).all() for ranking in rankings)
