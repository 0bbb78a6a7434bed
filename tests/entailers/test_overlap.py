"""The offline proxy for entailment."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmed import catalog
from ragmed.entailers.overlap import Overlap
from ragmed.protocols import Entailer


def verdict(text: str, statement: str) -> str:
    [(entails, contradicts)] = Overlap().judge([(text, statement)])
    assert entails + contradicts <= 1
    return "entails" if entails >= 0.5 else "contradicts" if contradicts >= 0.5 else "neither"


def test_it_is_an_entailer_and_says_that_it_is_no_model() -> None:
    made = catalog.make("entailers", "overlap", "test")
    assert isinstance(made, Entailer)
    assert not made.is_model


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        ("Escitalopram is an antidepressant.", "Escitalopram is an antidepressant"),
        ("It is late. Escitalopram, an antidepressant, helps.", "Escitalopram is an antidepressant."),
        ("The drug is escitalopram. It may cause headaches.", "Escitalopram may cause a headache."),
        ("Do not drink alcohol with it.", "Do not drink any alcohol."),
        ("Take 500 mg twice a day.", "Take 500 mg twice a day"),
        ("Take 1,000 mg a day.", "Take 1000 mg a day."),
    ],
)
def test_what_is_said_is_entailed(text: str, statement: str) -> None:
    assert verdict(text, statement) == "entails"


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        ("Escitalopram is not an antidepressant.", "Escitalopram is an antidepressant."),
        ("Antibiotics cure a cold.", "Antibiotics do not cure a cold."),
        ("Ibuprofen should be avoided in pregnancy.", "Ibuprofen is safe in pregnancy."),
        ("Aspirin increases the bleeding time.", "Aspirin decreases the bleeding time."),
        ("Take 500 mg every day.", "Take 250 mg every day."),
    ],
)
def test_what_is_denied_is_contradicted(text: str, statement: str) -> None:
    assert verdict(text, statement) == "contradicts"


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        ("", "Escitalopram is an antidepressant."),
        ("Metformin lowers blood sugar.", "Escitalopram is an antidepressant."),
        ("Metformin does not harm the kidney.", "Escitalopram is an antidepressant."),
        ("Take it every day.", "Take 250 mg every day."),
        ("Text.", ""),
        ("Text.", "…"),
    ],
)
def test_what_is_not_spoken_of_is_neither(text: str, statement: str) -> None:
    assert verdict(text, statement) == "neither"


def test_a_number_that_is_not_there_is_not_entailed() -> None:
    assert verdict("It works in weeks, up to 2 months.", "It works in 2 months") == "entails"
    assert verdict("It works in months.", "It works in 2 months") != "entails"


def test_how_much_must_be_there_is_an_option() -> None:
    pair = ("Escitalopram helps.", "Escitalopram is an antidepressant")
    [(strict, _)] = Overlap(min_coverage=1.0).judge([pair])
    [(lenient, _)] = Overlap(min_coverage=0.5).judge([pair])
    assert strict < 0.5 <= lenient


def test_each_pair_is_judged_by_itself_and_the_same_each_time() -> None:
    pairs = [("A cold is a virus.", "A cold is a virus"), ("A cold is no virus.", "A cold is a virus")]
    assert Overlap().judge(pairs) == [Overlap().judge([pair])[0] for pair in pairs]
    assert Overlap().judge([]) == []


@given(st.text(max_size=300), st.text(max_size=80))
def test_probabilities_whatever_the_text(text: str, statement: str) -> None:
    [(entails, contradicts)] = Overlap().judge([(text, statement)])
    assert 0 <= entails <= 1
    assert 0 <= contradicts <= 1
    assert entails + contradicts <= 1
