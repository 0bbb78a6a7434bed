"""What every retriever must do, run over each file of ragmed/retrievers/."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ragmed import catalog
from ragmed.protocols import OpenRetriever, Retriever
from ragmed.types import Query
from tests.passages_for_tests import THREE

NAMES = sorted(catalog.files("retrievers"))
IDS = [p.passage_id for p in THREE]


@pytest.fixture(params=NAMES)
def retriever(request: pytest.FixtureRequest) -> Retriever:
    made: Retriever = catalog.make("retrievers", request.param, "test")
    return made


@pytest.fixture
def opened(retriever: Retriever, tmp_path: Path) -> OpenRetriever:
    retriever.build(THREE, tmp_path)
    return retriever.open(tmp_path, IDS)


def test_is_a_retriever(retriever: Retriever) -> None:
    assert isinstance(retriever, Retriever)


def test_finds_the_passage_that_says_it(opened: OpenRetriever) -> None:
    run = opened.search([Query("q", "What does insulin do to blood glucose?")], 3)
    assert run["q"][0].passage_id == "b"


def test_every_query_has_an_entry_even_without_hits(opened: OpenRetriever) -> None:
    assert set(opened.search([Query("q1", "zzzz"), Query("q2", "fever")], 2)) == {"q1", "q2"}


def test_scores_fall_and_k_bounds_the_list(opened: OpenRetriever) -> None:
    for k in (1, 2, 3, 50):
        hits = opened.search([Query("q", "heart rate and blood glucose and fever")], k)["q"]
        assert len(hits) <= min(k, 3)
        assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)


def test_k_of_zero_gives_nothing(opened: OpenRetriever) -> None:
    assert opened.search([Query("q", "fever")], 0)["q"] == ()


def test_a_query_scores_the_same_alone_and_in_a_batch(opened: OpenRetriever) -> None:
    texts = ["fever", "heart rate", "glucose in diabetes mellitus", "blood", "body temperature of a heart"] * 20
    batch = opened.search([Query(str(i), text) for i, text in enumerate(texts)], 3)
    for i, text in enumerate(texts[:5]):
        assert opened.search([Query(str(i), text)], 3)[str(i)] == batch[str(i)]


def test_ties_are_broken_by_passage_id(retriever: Retriever, tmp_path: Path) -> None:
    twins = [THREE[2]] * 4
    retriever.build(twins, tmp_path)
    opened = retriever.open(tmp_path, ["d", "b", "c", "a"])
    assert [h.passage_id for h in opened.search([Query("q", "fever")], 3)["q"]] == ["a", "b", "c"]


def test_two_builds_give_the_same_bytes(retriever: Retriever, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        retriever.build(THREE, tmp_path / name)
    one = {p.name: p.read_bytes() for p in (tmp_path / "one").iterdir()}
    assert one == {p.name: p.read_bytes() for p in (tmp_path / "two").iterdir()}


def test_threads_see_the_same_results(opened: OpenRetriever) -> None:
    queries = [Query("q", "blood glucose")]
    expected = opened.search(queries, 3)
    with ThreadPoolExecutor(8) as pool:
        assert all(run == expected for run in pool.map(lambda _: opened.search(queries, 3), range(64)))


def test_build_reports_its_progress_to_the_end(retriever: Retriever, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    retriever.build(THREE, tmp_path, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (3, 3)


def test_odd_queries_are_searched_without_fault(opened: OpenRetriever) -> None:
    odd = ["", "   ", "the of and", "?!", "发烧", "a" * 100_000, "fever " * 10_000, "\u0000", "🤒"]
    run = opened.search([Query(str(i), text) for i, text in enumerate(odd)], 3)
    assert len(run) == len(odd)
