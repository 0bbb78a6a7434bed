"""From a reply to a checked answer: what is not in a passage is never shown."""

from __future__ import annotations

import dataclasses

import pytest

from ragmed.answers.citations import answer_from, problems
from ragmed.answers.json import answer_from_json, to_json
from ragmed.answers.reply import Reply, Statement, parse_reply, write_reply
from ragmed.errors import AnswerError
from ragmed.types import Answer, Completion, Evidence, Query
from tests.passages_for_tests import THREE

EVIDENCE = tuple(Evidence(p, 1.0, rank, {"bm25": rank}) for rank, p in enumerate(THREE, start=1))
TEXTS = {p.passage_id: p.text for p in THREE}
QUESTION = Query("q", "What lowers blood glucose?")


def answer(*statements: Statement, **fields: object) -> Answer:
    reply = Reply(statements, **fields)  # type: ignore[arg-type]
    return answer_from(QUESTION, EVIDENCE, Completion(write_reply(reply)))


def quote(text: str, source: int, option: str = "") -> Statement:
    return Statement(text, text, source, option)


def test_a_verbatim_quote_becomes_a_citation_with_its_offsets() -> None:
    made = answer(quote("Insulin lowers blood glucose", 2))
    [citation] = made.citations
    assert made.text == "Insulin lowers blood glucose [1]"
    assert made.outcome == "answered"
    assert (citation.passage_id, citation.start, citation.end) == ("b", 0, 28)
    assert citation.url == "https://example.org/b"
    assert problems(made, TEXTS) == []


@pytest.mark.parametrize(
    "statement",
    [
        quote("Insulin raises blood glucose", 2),
        quote("Insulin lowers blood glucose", 1),
        quote("Insulin lowers blood glucose", 99),
        quote("Insulin lowers blood glucose", 0),
        quote("   ", 2),
    ],
    ids=["changed words", "wrong source", "no such source", "source zero", "empty"],
)
def test_a_citation_that_does_not_hold_is_dropped_and_counted(statement: Statement) -> None:
    made = answer(statement, quote("Fever is a raised body temperature.", 3))
    assert made.text == "Fever is a raised body temperature. [1]"
    assert made.trace[-1] == {"step": "check", "n_citations": 1, "n_dropped": 1}


def test_when_no_citation_holds_the_answer_abstains() -> None:
    made = answer(quote("Aspirin cures everything.", 1), choice="A")
    assert (made.outcome, made.citations, made.choice) == ("abstained", (), None)


def test_a_second_occurrence_is_cited_where_it_was_found() -> None:
    twice = dataclasses.replace(THREE[0], text="Fever. Cough. Fever.")
    evidence = (Evidence(twice, 1.0, 1, {}),)
    reply = write_reply(Reply((Statement("Fever.", "Fever.", 1, start=14),)))
    [citation] = answer_from(QUESTION, evidence, Completion(reply)).citations
    assert citation.start == 14


def test_markers_inside_a_statement_cannot_pose_as_citations() -> None:
    assert answer(Statement("Insulin lowers [7] it.", "Insulin lowers", 2)).text == "Insulin lowers it. [1]"


@pytest.mark.parametrize(
    "text", ["", "B", "[]", "{}", '{"choice": "A"}', '{"statements": [{"quote": "x"}]}', '{"statements": 3}']
)
def test_what_cannot_be_read_is_unparsed_never_guessed(text: str) -> None:
    made = answer_from(QUESTION, EVIDENCE, Completion(text))
    assert (made.outcome, made.choice) == ("unparsed", None)


def test_no_reply_is_a_failure() -> None:
    assert answer_from(QUESTION, EVIDENCE, Completion("", error="timed out")).outcome == "failed"


def test_evidence_for_one_option_counts_against_the_others() -> None:
    made = answer(
        quote("Insulin lowers blood glucose", 2, "A"),
        quote("Fever is a raised body temperature.", 3, "B"),
        choice="A",
        options={"A": 0.8, "B": 0.2},
    )
    assert [c.stance for c in made.citations] == ["supports", "contradicts"]
    assert [(o.option, o.markers_for, o.markers_against) for o in made.options] == [
        ("A", (1,), (2,)),
        ("B", (2,), (1,)),
    ]


def test_replies_survive_writing_and_reading() -> None:
    reply = Reply((quote("x", 1, "A"),), choice="A", options={"A": 1.0}, confidence=0.5)
    assert parse_reply(write_reply(reply)) == reply


def test_answers_survive_json() -> None:
    made = answer(quote("Insulin lowers blood glucose", 2, "A"), choice="A", options={"A": 1.0})
    assert answer_from_json(to_json(made)) == made


@pytest.mark.parametrize("value", [[], "x", {}, {"citations": []}, None])
def test_what_is_not_an_answer_is_refused_in_one_line(value: object) -> None:
    with pytest.raises(AnswerError, match="not a ragmed answer"):
        answer_from_json(value)


def test_tampering_is_found() -> None:
    good = answer(quote("Insulin lowers blood glucose", 2))
    [citation] = good.citations
    changed = dataclasses.replace(citation, quote="Insulin raises blood glucose")
    assert "does not stand at" in problems(dataclasses.replace(good, citations=(changed,)), TEXTS)[0]
    elsewhere = dataclasses.replace(citation, passage_id="zz")
    assert "no passage 'zz'" in problems(dataclasses.replace(good, citations=(elsewhere,)), TEXTS)[0]
    assert problems(dataclasses.replace(good, text="Insulin helps. [2]"), TEXTS) == [
        "marker [2] has no citation",
        "citation [1] is not used in the text",
    ]
    assert problems(dataclasses.replace(good, text="Insulin raises blood glucose [1]"), TEXTS) == [
        "the sentence before [1] says what its quote does not"
    ]
    assert problems(dataclasses.replace(good, text=good.text + " It cures."), TEXTS) == [
        "the text ends with a statement that has no citation"
    ]
