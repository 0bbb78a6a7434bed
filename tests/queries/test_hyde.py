"""HyDE: what is asked, and what is searched."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragmed.queries.hyde import HyDE
from ragmed.types import Query
from tests.queries.scripted import finds_nothing, replies_by_query

QUERY = Query("q", "Why fever?")


def test_the_document_written_is_searched_with(tmp_path: Path) -> None:
    generator = replies_by_query(tmp_path, {"q": "Pyrogens raise it."})
    [[searched]] = HyDE(generator).rewrite([QUERY], finds_nothing)
    assert searched == Query("q", "Why fever?", documents=("Pyrogens raise it.",), lexical="Pyrogens raise it.")


def test_the_prompt_is_hydes(tmp_path: Path) -> None:
    generator = replies_by_query(tmp_path, {"q": "x"})
    HyDE(generator).rewrite([QUERY], finds_nothing)
    assert generator.calls == [["Please write a passage to answer the question.\nQuestion: Why fever?\nPassage:"]]


def test_the_prompts_of_other_tasks() -> None:
    assert HyDE(task="scientific").prompt("Q").startswith("Please write a scientific paper passage to answer")
    assert HyDE(task="Medical-Sciences").prompt("Q") == (
        "Please write a passage to help answer the Medical Science post.\nPost: Q\nPassage: "
    )
    assert HyDE(task="IIYi-Clinical").prompt("Q") == (
        "Please write a similar case to help diagnose the Clinical Case.\nCase: Q\nSimilar Case: "
    )


def test_several_samples_are_all_searched_with(tmp_path: Path) -> None:
    generator = replies_by_query(tmp_path, {"q": ["One.", None, "Two.", "One."]})
    [[searched]] = HyDE(generator, n_documents=4).rewrite([QUERY], finds_nothing)
    assert (searched.documents, searched.lexical) == (("One.", "Two."), "One. Two.")


@pytest.mark.parametrize("reply", [None, "", "<think>endless"])
def test_without_a_document_the_query_is_searched_as_it_is(tmp_path: Path, reply: str | None) -> None:
    generator = replies_by_query(tmp_path, {"q": reply})
    assert HyDE(generator).rewrite([QUERY], finds_nothing) == [(QUERY,)]


def test_the_question_is_shown_without_the_encoders_instruction(tmp_path: Path) -> None:
    generator = replies_by_query(tmp_path, {"q": "x"})
    HyDE(generator).rewrite(
        [Query("q", "Instruct: find {this}.\nQuery: Why {fever}?", lexical="Why {fever}?")], finds_nothing
    )
    assert "Instruct" not in generator.calls[0][0]
    assert "Why {fever}?" in generator.calls[0][0]


def test_an_empty_question_is_not_asked(tmp_path: Path) -> None:
    generator = replies_by_query(tmp_path, {"q": "x"})
    assert HyDE(generator).rewrite([Query("q", " ")], finds_nothing) == [(Query("q", " "),)]
    assert generator.calls == []
