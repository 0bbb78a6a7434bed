"""Keyword distillation: how calls and keywords are read, and what is searched."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragmed.queries.distill import Distill, keywords
from ragmed.types import Query
from tests.queries.scripted import finds_nothing, replies_by_query

QUERY = Query(
    "q", "My father, 80, has weak kidneys. He asked me about his diabetes pills, metformin I think. How much?"
)


@pytest.mark.parametrize(
    "reply",
    [
        '{"name": "search", "arguments": {"query": "metformin renal dose"}}',
        '```json\n{"name": "search", "parameters": {"query": "metformin renal dose"}}\n```',
        'I will search: {"query": "metformin, renal, dose"}',
        '{"keywords": ["metformin", "renal", "dose"]}',
        '["metformin", "renal", "dose"]',
        "- metformin\n- renal\n- dose",
        "Search query: metformin renal dose",
        "**Keywords:** metformin; renal; dose",
        "metformin renal dose",
        '"metformin | renal | dose"',
    ],
)
def test_keywords_are_read_in_whichever_form(reply: str) -> None:
    assert keywords(reply) == "metformin renal dose"


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "I'm sorry, but I can't help with that.",
        "First line\nsecond line",
        '{"arguments": {}}',
        "{broken",
        "w " * 65,
    ],
)
def test_prose_is_not_searched_for(reply: str) -> None:
    assert keywords(reply) == ""


def test_the_keywords_are_searched_for_in_the_questions_place(tmp_path: Path) -> None:
    generator = replies_by_query(tmp_path, {"q": '{"name": "search", "arguments": {"query": "metformin renal dose"}}'})
    assert Distill(generator).rewrite([QUERY], finds_nothing) == [(Query("q", "metformin renal dose"),)]
    [both] = Distill(generator, keep_question=True).rewrite([QUERY], finds_nothing)
    assert [query.text for query in both] == [QUERY.text, "metformin renal dose"]


@pytest.mark.parametrize("reply", [None, "I'm sorry, but I can't help with that."])
def test_without_keywords_the_question_is_searched_as_it_is(tmp_path: Path, reply: str | None) -> None:
    assert Distill(replies_by_query(tmp_path, {"q": reply})).rewrite([QUERY], finds_nothing) == [(QUERY,)]
