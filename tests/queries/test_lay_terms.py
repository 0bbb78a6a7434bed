"""Consumer wording: clinical names are added to lay ones, and to nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragmed import catalog
from ragmed.errors import RecipeError
from ragmed.types import Query
from tests.queries.vocabulary_for_tests import no_retrieval, vocabulary_in


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("How do I stop nosebleeds?", ["epistaxis", "nasal", "hemorrhage"]),
        ("after a heart attack", ["myocardial", "infarction"]),
        ("treatment of epistaxis", []),
        ("fever", []),
    ],
)
def test_clinical_names_of_lay_ones(tmp_path: Path, text: str, words: list[str]) -> None:
    rewriter = catalog.make("queries", "lay_terms", "test", vocabulary=vocabulary_in(tmp_path))
    [[searched]] = rewriter.rewrite([Query("q", text)], no_retrieval)
    assert [word for word, _ in searched.expansions] == words
    assert all(0 < weight < 1 for _, weight in searched.expansions)


def test_the_preferred_name_comes_first(tmp_path: Path) -> None:
    table = {"name": "lay_terms", "max_names": 1}
    rewriter = catalog.make("queries", table, "test", vocabulary=vocabulary_in(tmp_path))
    [[searched]] = rewriter.rewrite([Query("q", "nosebleed")], no_retrieval)
    assert [word for word, _ in searched.expansions] == ["epistaxis"]


def test_without_a_vocabulary_the_error_says_what_to_do() -> None:
    with pytest.raises(RecipeError, match="open_vocabulary"):
        catalog.make("queries", "lay_terms", "test")
