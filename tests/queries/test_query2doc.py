"""query2doc: what is asked, and what is searched."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragmed import catalog
from ragmed.errors import RecipeError
from ragmed.queries.query2doc import Query2Doc
from ragmed.types import Query
from tests.queries.scripted import finds_nothing, replies_by_query

QUERY = Query("q", "Why fever?")
EXAMPLES = ({"query": "Why pain?", "passage": "Nerves."}, {"query": "Why cough?", "passage": "Mucus."})


def test_the_question_twice_and_the_passage_are_searched(tmp_path: Path) -> None:
    generator = replies_by_query(tmp_path, {"q": "Pyrogens."})
    [[searched]] = Query2Doc(generator).rewrite([QUERY], finds_nothing)
    assert searched == Query("q", "Why fever?[SEP]Pyrogens.", lexical="Why fever? Why fever? Pyrogens.")


def test_examples_are_shown_in_the_papers_form() -> None:
    assert Query2Doc(examples=EXAMPLES).prompt("Why fever?") == (
        "Write a passage that answers the given query:\n\n"
        "Query: Why pain?\nPassage: Nerves.\n\n"
        "Query: Why cough?\nPassage: Mucus.\n\n"
        "Query: Why fever?\nPassage:"
    )
    assert Query2Doc().prompt("Why fever?") == (
        "Write a passage that answers the given query:\n\nQuery: Why fever?\nPassage:"
    )


def test_examples_are_shown_in_r2meds_form() -> None:
    assert Query2Doc(examples=EXAMPLES[:1], task="PMC-Clinical").prompt("C") == (
        "Write a similar case to help diagnose the Clinical Case.\n\n"
        "###Examples:###\nCase: Why pain?\nSimilar Case: Nerves.\n\n"
        "###Real Test:###\nCase: C\nSimilar Case: "
    )


def test_examples_come_from_the_recipe() -> None:
    table = {"name": "query2doc", "examples": [dict(example) for example in EXAMPLES]}
    assert catalog.make("queries", table, "test") == Query2Doc(examples=EXAMPLES)
    with pytest.raises(RecipeError, match=r"an example is .*, not one of answer, query"):
        catalog.make("queries", {"name": "query2doc", "examples": [{"query": "a", "answer": "b"}]}, "test")


def test_without_a_passage_the_query_is_searched_as_it_is(tmp_path: Path) -> None:
    assert Query2Doc(replies_by_query(tmp_path, {"q": None})).rewrite([QUERY], finds_nothing) == [(QUERY,)]
