"""Reformulation by rationale: what is asked, and what is searched."""

from __future__ import annotations

from pathlib import Path

from ragmed.queries.reformulate import Reformulate
from ragmed.types import Query
from tests.queries.scripted import finds_nothing, replies_by_query

QUERY = Query("q", "A man has a swollen toe. Which crystal?", {"A": "urate", "B": "oxalate"})


def test_the_rationale_is_searched_for_in_the_questions_place(tmp_path: Path) -> None:
    generator = replies_by_query(tmp_path, {"q": "<think>Toe…</think>Podagra suggests gout: urate."})
    [searched] = Reformulate(generator).rewrite([QUERY], finds_nothing)
    assert [(query.query_id, query.text) for query in searched] == [("q", "Podagra suggests gout: urate.")]
    assert generator.calls[0][0].startswith("Answer to the provided question about medical knowledge")
    assert "oxalate" not in generator.calls[0][0]


def test_the_question_can_be_kept(tmp_path: Path) -> None:
    generator = replies_by_query(tmp_path, {"q": "Gout."})
    [searched] = Reformulate(generator, keep_question=True).rewrite([QUERY], finds_nothing)
    assert [query.text for query in searched] == [QUERY.text, "Gout."]


def test_without_a_reply_the_question_is_searched_as_it_is(tmp_path: Path) -> None:
    assert Reformulate(replies_by_query(tmp_path, {"q": None})).rewrite([QUERY], finds_nothing) == [(QUERY,)]
