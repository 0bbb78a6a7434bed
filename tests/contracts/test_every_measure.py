"""What every measure must do, run over each file of ragmed/measures/, and every benchmark and entailer be one."""

from __future__ import annotations

import math

import pytest

from ragmed import catalog
from ragmed.errors import EncoderError, MissingExtra
from ragmed.protocols import Benchmark, Entailer, Measure
from ragmed.types import Claim, Hit, Query, Question, Result, Snippet

DEPTHS = {"recall", "precision", "hit_rate"}
QUESTIONS = [
    Question(
        Query(str(i), "Is fever a raised temperature?", {"A": "yes", "B": "no"}),
        group="g",
        choice="A",
        relevant={"d1": 2, "d2": 1},
        snippets=(Snippet("d1", "Fever is a raised body temperature."),),
        claims=(Claim("Fever is a raised temperature.", True), Claim("Fever follows infection.", False)),
        reference="Fever is a raised body temperature.",
    )
    for i in range(3)
]
BEST = Result("0", documents=(Hit("d1", 2.0), Hit("d2", 1.0)), reply='{"answer_choice": "A"}')


def make(name: str) -> Measure:
    table = {"name": name, "k": 10} if name in DEPTHS else {"name": name}
    try:
        measure: Measure = catalog.make("measures", table, "test")
    except MissingExtra as error:
        pytest.skip(str(error))
    return measure


@pytest.mark.parametrize("name", sorted(catalog.files("measures")))
def test_every_question_counts_also_one_without_a_result(name: str) -> None:
    measure = make(name)
    assert isinstance(measure, Measure)
    assert measure.label
    figures = measure.per_question(QUESTIONS, {"0": BEST})
    assert set(figures) in ({"0", "1", "2"}, set()) or name == "evidence_recall"
    assert all(math.isfinite(value) for value in figures.values())
    if "1" in figures:
        assert figures["1"] == figures["2"] == (1.0 if name == "hallucination" else 0.0)
    assert measure.per_question([], {}) == {}


# What these need is in the answer itself.
@pytest.mark.parametrize("name", sorted(set(catalog.files("measures")) - {"support", "supported_claims"}))
def test_a_question_without_truth_is_left_out(name: str) -> None:
    bare = Question(Query("0", "Why?"))
    assert make(name).per_question([bare], {"0": BEST}) == {}


@pytest.mark.parametrize("name", sorted(catalog.files("benchmarks")))
def test_is_a_benchmark(name: str) -> None:
    made = catalog.make("benchmarks", name, "test", files={})
    assert isinstance(made, Benchmark)
    assert made.corpus is None or made.corpus["name"] in catalog.files("corpora")
    assert made.search_query(Question(Query("0", "Why?"))).endswith("Why?")


@pytest.mark.parametrize("name", sorted(catalog.files("entailers")))
def test_is_an_entailer(name: str) -> None:
    try:
        made = catalog.make("entailers", name, "test")
        judged = made.judge([("Fever is a raised temperature.", "Fever is a raised temperature."), ("", "Fever.")])
    except (MissingExtra, EncoderError) as error:
        # An extra, or a model that only a hub has.
        pytest.skip(str(error))
    assert isinstance(made, Entailer)
    assert judged[0][0] > judged[1][0]
    assert all(0 <= p <= 1 for pair in judged for p in pair)
