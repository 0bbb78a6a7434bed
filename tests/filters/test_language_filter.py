"""The filter by language: what the source states, else what the text tells."""

from __future__ import annotations

import pytest

from ragmed.filters.language import Language
from ragmed.types import Document

ENGLISH = "The patient was treated with aspirin for the pain in the chest."
GERMAN = "Der Patient wurde mit Aspirin behandelt, und die Schmerzen in der Brust sind nicht mehr da."


def document(text: str, language: str = "", question: str = "") -> Document:
    meta = {"language": language} if language else {}
    return Document("d", "", text, "s", "u", "CC0", question=question, meta=meta)


def test_the_text_tells_the_language() -> None:
    assert Language().refuse([document(ENGLISH), document(GERMAN)]) == ["", "in another language"]
    assert Language(keep=("de", "fr")).refuse([document(ENGLISH), document(GERMAN)]) == ["in another language", ""]


@pytest.mark.parametrize(("stated", "kept"), [("de", False), ("eng", True), ("en-GB", True), ("fre", False)])
def test_what_the_source_states_counts_more(stated: str, kept: bool) -> None:
    for text in (ENGLISH, GERMAN):
        assert (Language().refuse([document(text, stated)]) == [""]) == kept


def test_of_several_languages_one_is_enough() -> None:
    assert Language().refuse([document(GERMAN, "de; en")]) == [""]


def test_what_cannot_be_told_is_kept_unless_strict() -> None:
    for names in (document("Aspirin; ibuprofen"), document(ENGLISH, "und")):
        assert Language().refuse([names]) == [""]
        assert Language(strict=True).refuse([names]) == ["language not known"]


def test_the_question_of_a_pair_helps_to_tell() -> None:
    assert Language().refuse([document("Ja.", question=GERMAN)]) == ["in another language"]
