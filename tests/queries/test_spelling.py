"""Spelling: what is corrected, to what, and what is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragmed import catalog
from ragmed.errors import RecipeError
from ragmed.types import Query
from tests.queries.vocabulary_for_tests import StatisticsForTests, no_retrieval, vocabulary_in

STATISTICS = StatisticsForTests(
    {"infarction": 9, "myocardial": 9, "fever": 50, "never": 99, "treatment": 70, "rash": 5, "lonely": 1}
)


def searched(query: str | Query, vocabulary_folder: Path | None = None, **options: object) -> Query:
    given = {"statistics": STATISTICS}
    if vocabulary_folder is not None:
        given["vocabulary"] = vocabulary_in(vocabulary_folder)  # type: ignore[assignment]
    rewriter = catalog.make("queries", {"name": "spelling", **options}, "test", **given)
    [[rewritten]] = rewriter.rewrite([Query("q", query) if isinstance(query, str) else query], no_retrieval)
    assert isinstance(rewritten, Query)
    return rewritten


def test_an_unknown_word_becomes_the_word_one_edit_away_and_stays_an_expansion() -> None:
    query = searched("Tretment of it?")
    assert query.text == "treatment of it?"
    assert query.expansions == (("tretment", 1.0),)


def test_words_that_passages_have_are_left_alone() -> None:
    assert searched("never treatments").text == "never treatments"


def test_of_two_as_near_the_one_that_more_passages_have_wins() -> None:
    assert searched("rever").text == "never"


def test_two_edits_are_corrected_in_long_words_by_the_vocabulary(tmp_path: Path) -> None:
    assert searched("myocardal infractoin", tmp_path).text == "myocardial infarction"
    assert searched("infractoin").text == "infractoin"


def test_words_that_the_vocabulary_knows_are_left_alone(tmp_path: Path) -> None:
    assert searched("cough syndrome", tmp_path).text == "cough syndrome"


@pytest.mark.parametrize("text", ["fevr", "TRETMENT", "tretment2", "β-tretment1", "", "发烧", "lonley"])
def test_short_words_capitals_codes_and_rare_corrections_are_left_alone(text: str) -> None:
    assert searched(text).text == text


def test_the_text_for_word_search_is_corrected_too() -> None:
    assert searched(Query("q", "x", lexical="tretment")).lexical == "treatment"


def test_without_an_index_that_counts_terms_the_error_says_what_to_do() -> None:
    with pytest.raises(RecipeError, match="bm25"):
        catalog.make("queries", "spelling", "test")
