"""Accuracy, strict and legacy."""

from __future__ import annotations

from ragmed import catalog
from ragmed.measures.accuracy import Accuracy
from ragmed.measures.legacy_accuracy import LegacyAccuracy
from ragmed.protocols import Measure
from ragmed.types import Answer, Query, Question, Result

OPTIONS = {"A": "yes", "B": "no"}


def question(query_id: str, choice: str, options: dict[str, str] | None = OPTIONS) -> Question:
    return Question(Query(query_id, "?", options), choice=choice)


def said(query_id: str, reply: str) -> Result:
    return Result(query_id, reply=reply)


def answered(query_id: str, outcome: str, choice: str | None, text: str = "Text.") -> Result:
    answer = Answer(query_id, "?", text, (), (), outcome, choice, 0.5)  # type: ignore[arg-type]
    return Result(query_id, answer=answer)


def strict(asked: Question, *results: Result) -> float:
    return Accuracy().per_question([asked], {result.query_id: result for result in results})["q"]


def legacy(asked: Question, *results: Result, model: str = "") -> float:
    return LegacyAccuracy(model).per_question([asked], {result.query_id: result for result in results})["q"]


def test_they_are_measures_with_a_name() -> None:
    for name, label in (("accuracy", "Accuracy"), ("legacy_accuracy", "Accuracy (legacy)")):
        measure = catalog.make("measures", name, "test")
        assert isinstance(measure, Measure)
        assert measure.label == label


def test_the_right_choice_scores_one_and_a_wrong_one_zero() -> None:
    assert strict(question("q", "B"), answered("q", "answered", "B")) == 1.0
    assert strict(question("q", "B"), answered("q", "answered", "no")) == 1.0
    assert strict(question("q", "B"), answered("q", "answered", "A")) == 0.0
    assert strict(question("q", "B"), said("q", "The answer is (B).")) == 1.0
    assert strict(question("q", "maybe", None), answered("q", "answered", "maybe")) == 1.0


def test_strictly_all_that_is_no_choice_is_wrong_even_where_a_is_right() -> None:
    asked = question("q", "A")
    assert strict(asked) == 0.0
    assert strict(asked, Result("q")) == 0.0
    assert strict(asked, said("q", "")) == 0.0
    assert strict(asked, said("q", "Hard to say: A or B.")) == 0.0
    assert strict(asked, answered("q", "abstained", "A")) == 0.0
    assert strict(asked, answered("q", "unparsed", None)) == 0.0
    assert strict(asked, answered("q", "failed", "A")) == 0.0
    assert strict(asked, answered("q", "answered", None)) == 0.0


def test_legacy_what_cannot_be_read_is_a() -> None:
    assert legacy(question("q", "A"), said("q", "I cannot tell.")) == 1.0
    assert legacy(question("q", "B"), said("q", "I cannot tell.")) == 0.0
    assert legacy(question("q", "A"), said("q", "")) == 1.0
    assert legacy(question("q", "B"), said("q", '{"answer_choice": "B. no"}')) == 1.0
    assert legacy(question("q", "B"), said("q", "B. no"), model="pmc_llama") == 0.0


def test_legacy_no_reply_at_all_is_wrong() -> None:
    assert legacy(question("q", "A")) == 0.0
    assert legacy(question("q", "A"), Result("q")) == 0.0
    assert legacy(question("q", "A"), answered("q", "failed", None)) == 0.0


def test_legacy_an_answer_is_read_as_it_would_have_been_saved() -> None:
    assert legacy(question("q", "B"), answered("q", "answered", "B")) == 1.0
    assert legacy(question("q", "A"), answered("q", "abstained", None, "Nothing was found.")) == 1.0


def test_only_questions_with_a_choice_are_measured_and_all_of_those() -> None:
    asked = [question("a", "A"), question("b", ""), question("c", "B"), question("d", "yes", None)]
    assert dict(Accuracy().per_question(asked, {})) == {"a": 0.0, "c": 0.0, "d": 0.0}
    assert dict(LegacyAccuracy().per_question(asked, {})) == {"a": 0.0, "c": 0.0}


def test_legacy_knows_four_letters() -> None:
    options = {letter: letter * 2 for letter in "ABCDE"}
    assert dict(LegacyAccuracy().per_question([question("e", "E", options)], {})) == {}
    assert strict(question("q", "E", options), said("q", "E")) == 1.0
