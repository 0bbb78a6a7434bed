"""What texts say of their mentions: denied, of a relative, only supposed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmed.analysis.negation import FAMILY, HYPOTHETICAL, NEGATION, Cues


def said(cues: Cues, text: str) -> list[str]:
    """The words in capitals of which the cues say it; stops and semicolons end sentences."""
    words = text.replace(".", " .").replace(";", " ;").split()
    mentions = [(i, i + 1) for i, word in enumerate(words) if word.isupper() and len(word) > 1]
    sentences = [sum(word in ".;" for word in words[:i]) for i in range(len(words))]
    written = [word.lower() for word in words]
    return [words[mentions[i][0]] for i in cues.said_of(written, sentences, mentions)]


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        ("no FEVER", ["FEVER"]),
        ("denies FEVER CHILLS night SWEATS and weight LOSS", ["FEVER", "CHILLS", "SWEATS", "LOSS"]),
        ("no FEVER but COUGH", ["FEVER"]),
        ("no FEVER and has COUGH", ["FEVER"]),
        ("no FEVER . COUGH", ["FEVER"]),
        ("FEVER was absent and COUGH remained", ["FEVER"]),
        ("FEVER and COUGH were absent", ["FEVER", "COUGH"]),
        ("neither FEVER nor COUGH", ["FEVER", "COUGH"]),
        ("not only FEVER", []),
        ("no change in the FEVER", []),
        ("no cure for MELAS", []),
        ("no one two three four five six FEVER", []),
    ],
)
def test_what_is_denied(text: str, denied: list[str]) -> None:
    assert said(NEGATION, text) == denied


@pytest.mark.parametrize(
    ("text", "of_relatives"),
    [
        ("her mother had DIABETES and her aunt died of CANCER", ["DIABETES", "CANCER"]),
        ("family history of DIABETES ASTHMA and CANCER . FEVER", ["DIABETES", "ASTHMA", "CANCER"]),
        ("her mother had DIABETES and she has FEVER", ["DIABETES"]),
        ("DIABETES in her mother", ["DIABETES"]),
        ("her mother brought the child with FEVER", []),
        ("FEVER occurs in a family", []),
    ],
)
def test_what_is_said_of_relatives(text: str, of_relatives: list[str]) -> None:
    assert said(FAMILY, text) == of_relatives


@pytest.mark.parametrize(
    ("text", "supposed"),
    [
        ("return if FEVER develops", ["FEVER"]),
        ("at risk of STROKE or DEATH", ["STROKE", "DEATH"]),
        ("we tried to determine if FEVER helps", []),
    ],
)
def test_what_is_only_supposed(text: str, supposed: list[str]) -> None:
    assert said(HYPOTHETICAL, text) == supposed


def test_a_cue_within_a_mention_is_none() -> None:
    written = ["no", "hair", "growth", "fever"]
    assert list(NEGATION.said_of(written, [0] * 4, [(0, 3), (3, 4)])) == []


@given(st.lists(st.sampled_from(["no", "not", "only", "FEVER", "COUGH", "but", ".", "was", "absent", "and"])))
def test_places_are_those_of_mentions_in_order(words: list[str]) -> None:
    text = " ".join(words)
    found = said(NEGATION, text)
    n_mentions = sum(word.isupper() for word in words)
    assert len(found) <= n_mentions
    if not {"no", "not", "absent"} & set(words):
        assert found == []
