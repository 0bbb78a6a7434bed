"""Retrievers that a pipeline leaves out are not searched, and nothing of them reaches the fusion."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ragmed.errors import RecipeError, UnknownName
from ragmed.index.open import Index
from ragmed.index.searcher import Pipeline
from tests.cli.conftest import environment


@pytest.fixture
def index(tiny_home: Path) -> Iterator[Index]:
    with pytest.MonkeyPatch.context() as variables:
        for name, value in environment(tiny_home).items():
            variables.setenv(name, value)
        yield Index(tiny_home / "indexes" / "tiny")


def without(index: Index, *retrievers: str) -> Pipeline:
    return replace(index.pipeline, without=frozenset(retrievers))


@pytest.mark.parametrize(("left_out", "rest"), [("dense", "bm25"), ("bm25", "dense")])
def test_the_rest_finds_what_it_finds_alone(index: Index, left_out: str, rest: str) -> None:
    [found] = index.find(["long fingers"], 3, pipeline=without(index, left_out))
    [alone] = index.find(["long fingers"], 3, rest)
    assert list(found.rankings) == [rest]
    assert found.ranking.rows.tolist() == alone.ranking.rows.tolist()
    evidence = index.search(["long fingers"], 3, pipeline=without(index, left_out))[0]
    assert all(set(one.ranks_by_retriever) == {rest} for one in evidence)


def test_a_question_that_says_nothing_has_no_list_of_what_is_left_out(index: Index) -> None:
    [found] = index.find(["?!"], 3, pipeline=without(index, "dense"))
    assert list(found.rankings) == ["bm25"]


def test_a_rewriter_does_not_see_what_is_left_out(index: Index) -> None:
    seen: list[set[str]] = []

    @dataclass(frozen=True)
    class Looking:
        def rewrite(self, queries, retrieve):  # type: ignore[no-untyped-def]
            seen.extend(set(e.ranks_by_retriever) for found in retrieve(queries, 3) for e in found)
            return [(query,) for query in queries]

    index.find(["fever"], 3, pipeline=replace(without(index, "dense"), rewriters=(Looking(),)))
    assert seen
    assert all(retrievers == {"bm25"} for retrievers in seen)


def test_the_view_of_a_fusion_lacks_what_is_left_out(index: Index) -> None:
    assert index.searcher.term_statistics is not None
    rest = index.searcher.without({"bm25"})
    assert rest.names == ("dense",)
    assert rest.term_statistics is None
    with pytest.raises(UnknownName, match="bm25"):
        rest.kind("bm25")
    assert index.searcher.without(()).names == ("bm25", "dense")


@pytest.mark.parametrize(
    ("retrievers", "kind", "complaint"),
    [
        (["bm25", "dense"], RecipeError, "without bm25, dense no retriever is left"),
        (["bm52"], UnknownName, "no retrievers in index 'tiny' named 'bm52'"),
    ],
)
def test_what_cannot_be_left_out_is_told(
    index: Index, retrievers: list[str], kind: type[Exception], complaint: str
) -> None:
    with pytest.raises(kind, match=complaint):
        index.search(["fever"], pipeline=without(index, *retrievers))
