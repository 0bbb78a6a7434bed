"""What is searched with documents that a language model wrote."""

from __future__ import annotations

import pytest

from ragmed.evaluation.generated import CONVENTIONS, Convention, SearchTexts, search_texts
from ragmed.types import Query, Question

QUESTION = Question(Query("1", "Why?"), generated=("One.", "Two."))


@pytest.mark.parametrize(
    ("convention", "text"),
    [("hyde", "One. Two."), ("query2doc", "Why? Why? One. Two."), ("lamer", "Why? One. Two.")],
)
def test_a_lexical_retriever_searches_one_text(convention: Convention, text: str) -> None:
    assert search_texts(QUESTION, convention, "lexical") == SearchTexts(text)


@pytest.mark.parametrize(
    ("convention", "asked"),
    [
        ("hyde", SearchTexts("Why?", ("One.", "Two."))),
        ("query2doc", SearchTexts("Why?[SEP]One. Two.")),
        ("lamer", SearchTexts("Why?", ("One.", "Two."))),
    ],
)
def test_a_dense_retriever_searches_a_mean_or_one_text(convention: Convention, asked: SearchTexts) -> None:
    assert search_texts(QUESTION, convention, "dense") == asked


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("kind", ["lexical", "dense"])
def test_without_a_generated_document_the_query_is_searched(convention: Convention, kind: str) -> None:
    for generated in ((), ("  ",)):
        question = Question(Query("1", "Why?"), generated=generated)
        assert search_texts(question, convention, kind) == SearchTexts("Why?")  # type: ignore[arg-type]


def test_an_instruction_stands_before_the_query_alone() -> None:
    assert search_texts(QUESTION, "hyde", "dense", "Find: Why?") == SearchTexts("Find: Why?", ("One.", "Two."))
