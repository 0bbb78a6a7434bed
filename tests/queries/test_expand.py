"""Synonym expansion: which words are added, with which weight, and when none."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragmed import catalog
from ragmed.analysis.vocabulary import Vocabulary
from ragmed.errors import RecipeError
from ragmed.types import Query
from tests.queries.vocabulary_for_tests import no_retrieval, vocabulary_in


@pytest.fixture
def vocabulary(tmp_path: Path) -> Vocabulary:
    return vocabulary_in(tmp_path)


def added(vocabulary: Vocabulary, query: str | Query, **options: object) -> tuple[tuple[str, float], ...]:
    rewriter = catalog.make("queries", {"name": "expand", **options}, "test", vocabulary=vocabulary)
    asked = Query("q", query) if isinstance(query, str) else query
    [[searched]] = rewriter.rewrite([asked], no_retrieval)
    assert (searched.text, searched.lexical) == (asked.text, asked.lexical)
    assert searched.expansions[: len(asked.expansions)] == asked.expansions
    return tuple(searched.expansions[len(asked.expansions) :])


def test_synonyms_are_added_with_the_weight(vocabulary: Vocabulary) -> None:
    assert added(vocabulary, "Does a heart attack hurt?", weight=0.25) == (("myocardial", 0.25), ("infarction", 0.25))


def test_words_that_the_question_has_are_not_added(vocabulary: Vocabulary) -> None:
    assert added(vocabulary, "chest pains", weight=0.5) == (("thoracic", 0.5),)


def test_nothing_known_nothing_added(vocabulary: Vocabulary) -> None:
    assert added(vocabulary, "What is it?") == ()


def test_an_ambiguous_short_form_is_left_alone(vocabulary: Vocabulary) -> None:
    assert added(vocabulary, "children with ASD") == ()


def test_a_short_form_of_one_meaning_is_not(vocabulary: Vocabulary) -> None:
    assert [word for word, _ in added(vocabulary, "an MI")][:2] == ["myocardial", "infarction"]


def test_related_names_are_added_only_where_asked_for(vocabulary: Vocabulary) -> None:
    assert "cardiac" not in dict(added(vocabulary, "heart attack"))
    assert "cardiac" in dict(added(vocabulary, "heart attack", related=True))


def test_the_number_of_names_and_of_words_is_bounded(vocabulary: Vocabulary) -> None:
    assert len(added(vocabulary, "nosebleed, fever, heart attack", max_words=2)) == 2
    assert [word for word, _ in added(vocabulary, "nosebleed", max_names=1)] == ["epistaxis"]


def test_other_sources_can_be_left_out(vocabulary: Vocabulary) -> None:
    assert added(vocabulary, "heart attack", sources=["mesh"]) == ()


def test_what_replaces_the_text_for_word_search_is_what_is_expanded(vocabulary: Vocabulary) -> None:
    assert [word for word, _ in added(vocabulary, Query("q", "heart attack", lexical="fever"))] == ["pyrexia"]


def test_earlier_expansions_are_kept_and_not_doubled(vocabulary: Vocabulary) -> None:
    assert added(vocabulary, Query("q", "fever", expansions=(("pyrexia", 1.0),))) == ()


def test_without_a_vocabulary_the_error_says_what_to_do() -> None:
    with pytest.raises(RecipeError, match="open_vocabulary"):
        catalog.make("queries", "expand", "test")
