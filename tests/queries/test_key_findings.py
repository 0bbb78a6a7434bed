"""Key findings: what is kept of a narrative, and what is denied in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragmed import catalog
from ragmed.errors import RecipeError
from ragmed.types import Query
from tests.queries.vocabulary_for_tests import no_retrieval, vocabulary_in

FILLER = "He was seen by his own doctor on two occasions in the past year. " * 5


def kept(folder: Path, text: str, **options: object) -> Query:
    table = {"name": "key_findings", "min_findings": 1, **options}
    rewriter = catalog.make("queries", table, "test", vocabulary=vocabulary_in(folder))
    [[query]] = rewriter.rewrite([Query("q", text)], no_retrieval)
    assert isinstance(query, Query)
    return query


def test_findings_and_diseases_are_kept_in_their_order(tmp_path: Path) -> None:
    query = kept(tmp_path, f"A 40-year-old man has severe chest pain and fever. {FILLER} Marfan syndrome runs in him.")
    assert query.text == query.lexical == "chest pain, fever, Marfan syndrome"


def test_a_finding_is_kept_once(tmp_path: Path) -> None:
    assert kept(tmp_path, f"Fever, cough. {FILLER} fevers").text == "Fever, cough"


@pytest.mark.parametrize(
    ("said", "remaining"),
    [
        ("No fever, but cough", "cough"),
        ("He denies fever, chest pain and cough. Epistaxis", "Epistaxis"),
        ("Fever was ruled out; cough", "cough"),
        ("There was no evidence of a recent fever. Cough", "Cough"),
        ("No change in the fever", "fever"),
        ("Not only fever", "fever"),
        ("No. Fever", "Fever"),
        ("Without it he slept for a whole long night, then fever", "fever"),
        ("Fever and cough without chest pain", "Fever, cough"),
    ],
)
def test_what_is_denied_is_left_out(tmp_path: Path, said: str, remaining: str) -> None:
    assert kept(tmp_path, f"{said}. {FILLER}").text == remaining


def test_shorter_questions_pass_unchanged(tmp_path: Path) -> None:
    assert kept(tmp_path, "Fever and cough?") == Query("q", "Fever and cough?")


def test_narratives_that_name_too_little_pass_unchanged(tmp_path: Path) -> None:
    text = f"No fever. Cough. {FILLER}"
    assert kept(tmp_path, text, min_findings=2) == Query("q", text)


def test_the_number_of_findings_is_bounded(tmp_path: Path) -> None:
    assert kept(tmp_path, f"Fever, cough, epistaxis. {FILLER}", max_findings=2).text == "Fever, cough"


def test_without_a_vocabulary_the_error_says_what_to_do() -> None:
    with pytest.raises(RecipeError, match="open_vocabulary"):
        catalog.make("queries", "key_findings", "test")
