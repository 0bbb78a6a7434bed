"""Decomposition: which questions are searched."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragmed.queries.decompose import Decompose
from ragmed.types import Query
from tests.queries.scripted import finds_nothing, replies_by_query

QUERY = Query("q", "Can a patient on warfarin take ibuprofen for gout?")
PARTS = ["What does warfarin interact with?", "How is gout treated?"]


@pytest.mark.parametrize(
    "reply",
    [
        "1. What does warfarin interact with?\n2. How is gout treated?",
        '["What does warfarin interact with?", "How is gout treated?"]',
        "What does warfarin interact with?\nHow is gout treated?",
        'To answer the question, we need to know: "What does warfarin interact with?", "How is gout treated?".',
    ],
)
def test_the_question_and_its_parts_are_searched(tmp_path: Path, reply: str) -> None:
    [searched] = Decompose(replies_by_query(tmp_path, {"q": reply})).rewrite([QUERY], finds_nothing)
    assert [query.text for query in searched] == [QUERY.text, *PARTS]
    assert {query.query_id for query in searched} == {"q"}


def test_the_parts_alone_can_be_searched_and_their_number_is_bounded(tmp_path: Path) -> None:
    generator = replies_by_query(tmp_path, {"q": "\n".join(f"{n}. Part {n}?" for n in range(1, 9))})
    [searched] = Decompose(generator, n_questions=2, keep_question=False).rewrite([QUERY], finds_nothing)
    assert [query.text for query in searched] == ["Part 1?", "Part 2?"]
    assert "at most 2 of them" in generator.calls[0][0]


@pytest.mark.parametrize("reply", [None, "I cannot help with that.", f"1. {QUERY.text}", "", "[]"])
@pytest.mark.parametrize("keep", [True, False])
def test_a_question_without_parts_is_searched_as_it_is(tmp_path: Path, reply: str | None, keep: bool) -> None:
    generator = replies_by_query(tmp_path, {"q": reply})
    assert Decompose(generator, keep_question=keep).rewrite([QUERY], finds_nothing) == [(QUERY,)]


def test_each_question_of_a_batch_has_its_own_parts(tmp_path: Path) -> None:
    generator = replies_by_query(tmp_path, {"q": "1. One?", "r": None, "s": "1. Three?"})
    queries = [QUERY, Query("r", "Two?"), Query("s", "Three and more?")]
    rewritten = Decompose(generator).rewrite(queries, finds_nothing)
    assert [[query.text for query in of_one] for of_one in rewritten] == [
        [QUERY.text, "One?"],
        ["Two?"],
        ["Three and more?", "Three?"],
    ]
    assert len(generator.calls) == 1
