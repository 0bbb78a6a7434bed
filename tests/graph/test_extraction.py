"""Statements by lexical patterns, and by what is named together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ragmed.graph.extraction import COOCCURRENCE, cooccurrences, read_passage
from ragmed.graph.linking import Linker
from ragmed.graph.store import Graph
from ragmed.types import Edge
from tests.graph.extraction_for_tests import passage_of, small_world

Read = Callable[..., list[Edge]]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Graph, Linker]:
    graph = small_world(tmp_path_factory.mktemp("world"))
    return graph, Linker(graph)


@pytest.fixture
def said(world: tuple[Graph, Linker]) -> Callable[[str], set[str]]:
    """The statements of a text in words, as ``"aspirin treats gout"``."""

    def read(text: str) -> set[str]:
        return {_in_words(edge) for edge in read_passage(passage_of(text), *world).statements}

    return read


def _in_words(edge: Edge) -> str:
    denied = "not " if edge.negated else ""
    return f"{edge.subject.removeprefix('D:')} {denied}{edge.predicate} {edge.object.removeprefix('D:')}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Aspirin treats headache.", "aspirin treats headache"),
        ("Metformin is commonly used to treat diabetes.", "metformin treats diabetes"),
        ("Metformin is effective in patients with diabetes.", ""),
        ("Severe gout is treated with aspirin.", "aspirin treats gout"),
        ("Aspirin is a drug of choice for gout.", "aspirin treats gout"),
        ("Aspirin relieves fever.", "aspirin relieves fever"),
        ("Aspirin reduces the risk of stroke.", "aspirin prevents stroke"),
        ("Warfarin can cause severe bleeding.", "warfarin causes bleeding"),
        ("Bleeding was caused by warfarin.", "warfarin causes bleeding"),
        ("Warfarin-induced bleeding was seen.", "warfarin causes bleeding"),
        ("Dizziness is a common side effect of ramipril.", "ramipril causes dizziness"),
        ("Side effects of ramipril include dizziness.", "ramipril causes dizziness"),
        ("Mutations in FBN1 cause asthma.", "FBN1 causes asthma"),
        ("Aspirin is contraindicated in patients with asthma.", "aspirin contraindicated_in asthma"),
        ("Aspirin should not be used in children with measles.", "aspirin contraindicated_in measles"),
        ("Measles is a viral disease characterised by fever.", "measles has_finding fever"),
        ("Rash is a sign of measles.", "measles has_finding rash"),
        ("People with measles usually have fever.", "measles has_finding fever"),
        ("Gout is associated with diabetes.", "diabetes associated_with gout"),
        ("Diabetes increases the risk of stroke.", "diabetes associated_with stroke"),
        ("Warfarin interacts with aspirin.", "aspirin interacts_with warfarin"),
        ("Asthma is diagnosed by spirometry.", "asthma diagnosed_by spirometry"),
    ],
)
def test_each_way_to_say_it(said: Callable[[str], set[str]], text: str, expected: str) -> None:
    assert said(text) == ({expected} if expected else set())


def test_items_of_a_list_each_make_a_statement(said: Callable[[str], set[str]]) -> None:
    assert said("Symptoms of measles include fever, cough and a red rash.") == {
        "measles has_finding fever",
        "measles has_finding cough",
        "measles has_finding rash",
    }


def test_an_unknown_item_does_not_end_a_list(said: Callable[[str], set[str]]) -> None:
    assert "measles has_finding rash" in said("Symptoms of measles include fever, red eyes, and rash.")


def test_what_follows_the_last_item_of_a_list_is_said_of_that_alone(said: Callable[[str], set[str]]) -> None:
    assert said("We saw fever, rash and cough due to measles.") == {"measles causes cough"}
    assert said("Fever, rash and cough are caused by measles.") >= {"measles causes fever", "measles causes cough"}


def test_the_subject_of_the_next_clause_is_no_item(said: Callable[[str], set[str]]) -> None:
    assert said("Warfarin causes bleeding, and aspirin causes headache.") == {
        "warfarin causes bleeding",
        "aspirin causes headache",
    }


@pytest.mark.parametrize(
    "text",
    [
        "Warfarin does not cause headache.",
        "There is no evidence that warfarin causes headache.",
        "Warfarin has not been shown to cause headache.",
    ],
)
def test_a_denial_is_a_negated_statement(said: Callable[[str], set[str]], text: str) -> None:
    assert said(text) == {"warfarin not causes headache"}


@pytest.mark.parametrize(
    "text",
    [
        "Aspirin does not treat gout in patients who are over eighty.",
        "Aspirin does not usually cause headache.",
        "Some people have gout, which does not cause fever.",
        "Aspirin does not treat severe recurrent headache.",
        "There is a kind of gout that is not associated with fever.",
    ],
)
def test_a_denial_of_some_cases_only_is_no_statement(said: Callable[[str], set[str]], text: str) -> None:
    assert said(text) == set()


@pytest.mark.parametrize(
    "text",
    [
        "Does aspirin cause headache?",
        "We examined whether aspirin causes headache.",
        "If aspirin causes headache, stop it.",
        "It is unclear how aspirin causes headache.",
        "Resistance to aspirin causes headache.",
        "Withdrawal of aspirin causes headache.",
        "Aspirin causes headache research to grow.",
        "Surgery for gout is associated with stroke.",
        "Aspirin causes less headache.",
        "Aspirin was compared with warfarin in stroke.",
        "Podagra is a kind of gout caused by aspirin.",
        "Podagra is a kind of gout that causes fever.",
        "- gout and others that are associated with - chronic asthma",
        "Meyer-Gout causes headache.",
        "People with gout are more likely to have asthma.",
    ],
)
def test_what_a_sentence_does_not_claim_is_no_statement(said: Callable[[str], set[str]], text: str) -> None:
    assert said(text) == set()


def test_relatives_are_not_the_patient(said: Callable[[str], set[str]]) -> None:
    assert said("Her mother had gout. Family history: gout causes headache.") == set()


def test_a_statement_has_its_passage_sentence_and_date(world: tuple[Graph, Linker]) -> None:
    [edge] = read_passage(passage_of("Take care. Warfarin causes bleeding! So be it."), *world).statements
    assert edge.evidence == ("d1:0-46",)
    assert edge.quote == "Warfarin causes bleeding!"
    assert (edge.date, edge.basis, edge.source) == ("2020-01-01", "pattern:causes", "text")


def test_a_date_that_is_none_is_left_out(world: tuple[Graph, Linker]) -> None:
    passage = passage_of("Warfarin causes bleeding.", published="last spring")
    assert read_passage(passage, *world).statements[0].date == ""


@pytest.mark.parametrize("text", ["Warfarin may cause bleeding.", "Warfarin causes bleeding in mice."])
def test_hedges_and_animals_lower_the_confidence(world: tuple[Graph, Linker], text: str) -> None:
    [plain] = read_passage(passage_of("Warfarin causes bleeding."), *world).statements
    [lowered] = read_passage(passage_of(text), *world).statements
    assert 0 < lowered.confidence < plain.confidence <= 1


def test_of_a_statement_made_twice_in_a_passage_the_surer_is_kept(world: tuple[Graph, Linker]) -> None:
    text = "Warfarin may cause bleeding. Warfarin causes bleeding."
    [edge] = read_passage(passage_of(text), *world).statements
    assert edge.quote == "Warfarin causes bleeding."


def _together(world: tuple[Graph, Linker], n: int) -> list[Edge]:
    texts = [f"In case {i} we thought of gout and of headache." for i in range(n)]
    texts += [f"In case {i} there was asthma." for i in range(20)]
    readings = [read_passage(passage_of(text, f"d{i}"), *world) for i, text in enumerate(texts)]
    return cooccurrences(readings, world[0], least_support=5)


def test_what_many_documents_name_together_is_associated(world: tuple[Graph, Linker]) -> None:
    [edge] = _together(world, 6)
    assert _in_words(edge) == "gout associated_with headache"
    assert edge.basis == COOCCURRENCE
    assert 0.3 <= edge.confidence < 1
    assert edge.evidence[0] == "d0:0-45"
    assert edge.quote == "In case 0 we thought of gout and of headache."


def test_below_the_support_nothing_is_associated(world: tuple[Graph, Linker]) -> None:
    assert _together(world, 4) == []


def test_one_sentence_in_many_documents_counts_once(world: tuple[Graph, Linker]) -> None:
    readings = [read_passage(passage_of("Gout and headache.", f"d{i}"), *world) for i in range(9)]
    assert cooccurrences(readings, world[0], least_support=2) == []


def test_a_pair_that_a_sentence_joins_is_not_associated_once_more(world: tuple[Graph, Linker]) -> None:
    texts = [f"In case {i} we thought of gout and of headache." for i in range(6)] + ["Gout causes headache."]
    readings = [read_passage(passage_of(text, f"d{i}"), *world) for i, text in enumerate(texts)]
    assert cooccurrences(readings, world[0]) == []


def test_the_order_of_the_readings_does_not_matter(world: tuple[Graph, Linker]) -> None:
    readings = [
        replace(read_passage(passage_of(f"Case {i}: gout, then headache.", f"d{i}"), *world)) for i in range(7)
    ] + [read_passage(passage_of(f"Case {i}: asthma.", f"e{i}"), *world) for i in range(9)]
    assert cooccurrences(readings, world[0]) == cooccurrences(readings[::-1], world[0])


def test_a_passage_without_names_has_no_statements(world: tuple[Graph, Linker], tmp_path: Path) -> None:
    assert read_passage(passage_of("Nothing is known here."), *world).statements == ()
    assert read_passage(passage_of(""), *world).named == ()
