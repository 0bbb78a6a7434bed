"""What is searched with documents that a language model wrote."""

from __future__ import annotations

import pytest

from ragmed.analysis.generated import CONVENTIONS, Convention, convention, with_documents
from ragmed.errors import UnknownName
from ragmed.types import Query

QUERY = Query("1", "Why?")
WRITTEN = ("One.", "Two.")


@pytest.mark.parametrize(
    ("convention", "text"),
    [("hyde", "One. Two."), ("query2doc", "Why? Why? One. Two."), ("lamer", "Why? One. Two.")],
)
def test_a_lexical_retriever_searches_one_text(convention: Convention, text: str) -> None:
    assert with_documents(QUERY, WRITTEN, convention).lexical == text


@pytest.mark.parametrize(
    ("convention", "asked"),
    [("hyde", ("Why?", WRITTEN)), ("query2doc", ("Why?[SEP]One. Two.", ())), ("lamer", ("Why?", WRITTEN))],
)
def test_a_dense_retriever_searches_a_mean_or_one_text(convention: Convention, asked: tuple[str, object]) -> None:
    query = with_documents(QUERY, WRITTEN, convention)
    assert (query.text, query.documents) == asked


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("documents", [(), ("  ",)])
def test_without_a_generated_document_the_query_is_searched(convention: Convention, documents: tuple[str, ...]) -> None:
    assert with_documents(QUERY, documents, convention) == QUERY


def test_an_instruction_stands_before_the_query_alone() -> None:
    query = with_documents(Query("1", "Find: Why?", lexical="Why?"), WRITTEN, "lamer")
    assert (query.text, query.lexical) == ("Find: Why?", "Why? One. Two.")


def test_an_unknown_convention_names_those_there_are() -> None:
    with pytest.raises(UnknownName, match="query2doc"):
        convention("query2docs")
