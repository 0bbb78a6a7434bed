"""Abbreviations: whose meaning is taken, with which weight."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragmed import catalog
from ragmed.analysis.vocabulary import Vocabulary
from ragmed.analysis.vocabulary_abbreviations import Abbreviations, mine, write_abbreviations
from ragmed.errors import RecipeError
from ragmed.types import Query
from tests.queries.vocabulary_for_tests import no_retrieval, vocabulary_in

TEXTS = ["multiple sclerosis (MS)"] * 3 + ["mass spectrometry (MS)"] + ["medical imaging (MI)"]


@pytest.fixture
def vocabulary(tmp_path: Path) -> Vocabulary:
    return vocabulary_in(tmp_path)


@pytest.fixture
def mined(tmp_path: Path) -> Abbreviations:
    path = tmp_path / "abbreviations"
    path.mkdir()
    write_abbreviations(path, mine(TEXTS))
    return Abbreviations(path)


def added(text: str, options: dict[str, object] | None = None, **given: object) -> dict[str, float]:
    rewriter = catalog.make("queries", {"name": "abbreviations", "weight": 0.4} | (options or {}), "test", **given)
    [[searched]] = rewriter.rewrite([Query("q", text)], no_retrieval)
    assert searched.text == text
    return dict(searched.expansions)


def test_long_forms_weigh_by_their_share_of_the_definitions(mined: Abbreviations) -> None:
    words = added("MS in women", abbreviations=mined)
    assert words == pytest.approx({"multiple": 0.3, "sclerosis": 0.3, "mass": 0.1, "spectrometry": 0.1})


def test_rare_meanings_are_left_out(mined: Abbreviations) -> None:
    assert "mass" not in added("MS in women", {"min_share": 0.5}, abbreviations=mined)


def test_what_the_question_defines_is_not_guessed_at(mined: Abbreviations) -> None:
    assert added("mitral stenosis (MS), and MS again", abbreviations=mined) == {}


def test_the_collection_is_asked_before_the_vocabulary(mined: Abbreviations, vocabulary: Vocabulary) -> None:
    assert "imaging" in added("an MI", abbreviations=mined, vocabulary=vocabulary)
    assert "infarction" in added("an MI", vocabulary=vocabulary)


def test_of_several_meanings_the_vocabulary_takes_none(vocabulary: Vocabulary) -> None:
    assert added("ASD in children", vocabulary=vocabulary) == {}


def test_words_and_shouted_questions_are_no_abbreviations(mined: Abbreviations) -> None:
    assert added("ms in women", abbreviations=mined) == {}
    assert added("WHAT CAUSES MS", abbreviations=mined) == {}
    assert "sclerosis" in added("MS", abbreviations=mined)


def test_a_plural_means_the_same(mined: Abbreviations) -> None:
    assert "sclerosis" in added("two MSs", abbreviations=mined)


def test_short_forms_are_added_where_asked_for(vocabulary: Vocabulary) -> None:
    assert added("heart attack", vocabulary=vocabulary) == {}
    assert added("heart attack", {"short_forms": True}, vocabulary=vocabulary) == {"mi": 0.4}


def test_without_anything_to_look_in_the_error_says_what_to_do() -> None:
    with pytest.raises(RecipeError, match="needs a vocabulary or abbreviations"):
        catalog.make("queries", "abbreviations", "test")
