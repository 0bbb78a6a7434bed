"""What every rewriter must do, run over each file of ragmed/queries/.

A rewriter is given all that the program can give one, and takes what it declares. One that cannot be made without
options of a recipe has them in `OPTIONS`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ragmed import catalog
from ragmed.analysis.vocabulary_abbreviations import Abbreviations, mine, write_abbreviations
from ragmed.errors import RecipeError
from ragmed.protocols import Rewriter
from ragmed.types import Completion, Evidence, Prompt, Query
from tests.passages_for_tests import THREE
from tests.queries.vocabulary_for_tests import StatisticsForTests, vocabulary_in

OPTIONS: Mapping[str, Callable[[Path], Mapping[str, Any]]] = {
    "generated": lambda folder: {"path": str(_documents(folder))},
}
"""Rewriter → the options that it needs, whose files lie below a folder."""

QUERIES = (
    Query("q1", "What helps after a heart attack, or with MS?"),
    Query("q2", "Fever and cough", options={"A": "Yes", "B": "No"}),
    Query("q3", "Nosebleeds", lexical="nosebleed", expansions=(("epistaxis", 0.5),)),
    Query("q4", "fevre tretment " * 40),
)
ODD = (
    "",
    "   ",
    "the of and",
    "?!",
    "发烧",
    "a" * 100_000,
    "fever " * 10_000,
    "\u0000",
    "🤒",
    "((((",
    "(DVT)",
    "no no no",
)


@dataclass(frozen=True)
class GeneratorForTests:
    """Replies with the same words to everything, or, where they are empty, with an error."""

    reply: str = "Fever is a raised body temperature."

    def complete(self, prompts: Sequence[Prompt]) -> list[Completion]:
        return [Completion(self.reply, error="" if self.reply else "timed out") for _ in prompts]


def retrieve(queries: Sequence[Query], k: int) -> list[tuple[Evidence, ...]]:
    evidence = tuple(Evidence(p, 1.0, rank, {"bm25": rank}) for rank, p in enumerate(THREE, start=1))
    return [evidence[:k] for _ in queries]


@pytest.fixture(params=sorted(catalog.files("queries")))
def name(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture
def rewriter(name: str, tmp_path: Path) -> Rewriter:
    return made(name, tmp_path, GeneratorForTests())


def made(name: str, folder: Path, generator: GeneratorForTests) -> Rewriter:
    mined = folder / "abbreviations"
    mined.mkdir()
    write_abbreviations(mined, mine(["multiple sclerosis (MS)"]))
    component: Rewriter = catalog.make(
        "queries",
        {"name": name, **OPTIONS.get(name, lambda _: {})(folder)},
        "test",
        vocabulary=vocabulary_in(folder),
        abbreviations=Abbreviations(mined),
        statistics=StatisticsForTests({"fever": 50, "treatment": 20}),
        generator=generator,
    )
    return component


def _documents(folder: Path) -> Path:
    """A file of generated documents for every query."""
    path = folder / "documents.jsonl"
    rows = [{"query_id": query.query_id, "documents": "Fever is a raised body temperature."} for query in QUERIES]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_is_a_rewriter(rewriter: Rewriter) -> None:
    assert isinstance(rewriter, Rewriter)


def test_every_query_is_searched_by_one_or_several(rewriter: Rewriter) -> None:
    rewritten = rewriter.rewrite(QUERIES, retrieve)
    assert len(rewritten) == len(QUERIES)
    for asked, searched in zip(QUERIES, rewritten, strict=True):
        assert isinstance(searched, tuple)
        assert searched
        assert all((query.lexical or query.text).strip() for query in searched)
        assert {query.query_id for query in searched} == {asked.query_id}
    assert rewriter.rewrite([], retrieve) == []


def test_weights_of_what_is_added_are_above_zero_and_finite(rewriter: Rewriter) -> None:
    expansions = [e for searched in rewriter.rewrite(QUERIES, retrieve) for query in searched for e in query.expansions]
    assert all(text.strip() and weight > 0 and np.isfinite(weight) for text, weight in expansions)


def test_what_earlier_rewriters_added_is_not_changed_by_one_that_adds(rewriter: Rewriter) -> None:
    for asked, searched in zip(QUERIES, rewriter.rewrite(QUERIES, retrieve), strict=True):
        for query in searched:
            if query.expansions:
                assert query.expansions[: len(asked.expansions)] == asked.expansions


def test_a_query_is_rewritten_the_same_alone_and_in_a_batch(rewriter: Rewriter) -> None:
    batch = rewriter.rewrite(QUERIES, retrieve)
    assert [rewriter.rewrite([query], retrieve)[0] for query in QUERIES] == batch
    assert rewriter.rewrite(QUERIES, retrieve) == batch


def test_odd_queries_are_rewritten_without_fault(rewriter: Rewriter) -> None:
    assert len(rewriter.rewrite([Query("q1", text) for text in ODD], retrieve)) == len(ODD)


def test_threads_see_the_same_results(rewriter: Rewriter) -> None:
    expected = rewriter.rewrite(QUERIES, retrieve)
    with ThreadPoolExecutor(4) as pool:
        assert all(result == expected for result in pool.map(lambda _: rewriter.rewrite(QUERIES, retrieve), range(16)))


def test_a_generator_that_fails_leaves_the_query_as_it_was(name: str, tmp_path: Path) -> None:
    if "generator" not in {field.name for field in fields(catalog.load("queries", name))}:
        pytest.skip("this rewriter asks no generator")
    assert made(name, tmp_path, GeneratorForTests("")).rewrite(QUERIES, retrieve) == [(query,) for query in QUERIES]


def test_without_what_it_needs_the_error_names_the_rewriter(name: str, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=name):
        catalog.make("queries", name, "test").rewrite(QUERIES, retrieve)
