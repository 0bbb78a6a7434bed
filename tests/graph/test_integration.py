"""Many statements made into one body of knowledge: reinforced, settled where they contradict, nothing lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmed.graph.integration import LEAST, MOST, Integrated, Stated, integrate, key_of, reinforced
from ragmed.types import Edge

PREDICATES = ("treats", "relieves", "prevents", "causes", "contraindicated_in", "associated_with")


def stated(
    date: str,
    confidence: float,
    predicate: str = "treats",
    *,
    negated: bool = False,
    doc_id: str = "",
    quote: str = "",
) -> Stated:
    """A statement about one drug and one disease, of a document of its own unless told."""
    doc_id = doc_id or f"{date}/{predicate}/{negated}/{confidence}"
    edge = Edge(
        "drug",
        predicate,
        "disease",
        "text",
        negated=negated,
        evidence=(f"{doc_id}:0-9",),
        basis="b",
        date=date,
        confidence=confidence,
        quote=quote or f"so says {doc_id}",
    )
    return Stated(doc_id, edge)


def confidence_of(whole: Integrated, predicate: str = "treats", *, negated: bool = False) -> float:
    [found] = [edge for edge in whole.edges if (edge.predicate, edge.negated) == (predicate, negated)]
    return found.confidence


STATEMENTS = st.lists(
    st.builds(
        lambda day, confidence, predicate, negated, doc: stated(
            day, confidence / 100, predicate, negated=negated, doc_id=doc
        ),
        st.sampled_from(["", "2019", "2020-01", "2020-01-05", "2021-01-01"]),
        st.integers(5, 95),
        st.sampled_from(PREDICATES),
        st.booleans(),
        st.sampled_from(["d1", "d2", "d3", "d4"]),
    ),
    max_size=8,
)


@given(STATEMENTS, st.randoms())
def test_the_order_of_arrival_does_not_matter(statements: list[Stated], random: object) -> None:
    shuffled = list(statements)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert integrate(shuffled) == integrate(statements)


@given(STATEMENTS)
def test_merging_twice_changes_nothing(statements: list[Stated]) -> None:
    assert integrate([*statements, *statements]) == integrate(statements)


@given(STATEMENTS)
def test_nothing_is_deleted(statements: list[Stated]) -> None:
    edges = integrate(statements).edges
    assert {key_of(edge) for edge in edges} == {key_of(one.edge) for one in statements}
    kept = {passage for edge in edges for passage in edge.evidence}
    assert kept == {passage for one in statements for passage in one.edge.evidence}


@given(STATEMENTS)
def test_confidence_stays_a_probability(statements: list[Stated]) -> None:
    assert all(0 <= edge.confidence <= MOST for edge in integrate(statements).edges)


@given(st.lists(st.floats(0.01, 0.95), min_size=1, max_size=6))
def test_another_source_never_lowers_the_confidence(values: list[float]) -> None:
    assert reinforced([*values, 0.5]) >= reinforced(values)
    assert reinforced(values) >= round(max(values), 6)


def test_a_statement_that_comes_again_is_surer() -> None:
    whole = integrate([stated("2020", 0.6), stated("2021", 0.5)])
    assert whole.edges[0].confidence == pytest.approx(1 - 0.4 * 0.5)
    assert whole.edges[0].date == "2021"
    assert len(whole.edges[0].evidence) == 2


def test_a_document_that_says_it_twice_says_it_once() -> None:
    twice = [stated("2020", 0.6, doc_id="d1", quote="one"), stated("2020", 0.5, doc_id="d1", quote="two")]
    assert integrate(twice).edges[0].confidence == pytest.approx(0.6)


def test_the_same_sentence_in_two_documents_counts_once() -> None:
    copied = [stated("2020", 0.6, doc_id="d1", quote="same"), stated("2021", 0.6, doc_id="d2", quote="same")]
    assert integrate(copied).edges[0].confidence == pytest.approx(0.6)


def test_a_later_denial_that_is_sure_enough_wins() -> None:
    whole = integrate([stated("2015", 0.7), stated("2020", 0.8, negated=True)])
    assert confidence_of(whole, negated=True) == pytest.approx(0.8)
    assert confidence_of(whole) == pytest.approx(0.7 * 0.2)
    [conflict] = whole.conflicts
    assert (conflict.stands.negated, conflict.since, conflict.is_settled) == (True, "2020", True)
    assert conflict.other.basis == "b; gave way 2020"
    assert conflict.other.quote == "so says 2015/treats/False/0.7"


def test_a_later_denial_that_is_less_sure_gives_way() -> None:
    whole = integrate([stated("2015", 0.9), stated("2020", 0.8, negated=True)])
    assert confidence_of(whole) == pytest.approx(0.9)
    assert confidence_of(whole, negated=True) == pytest.approx(0.8 * 0.1)


def test_a_later_statement_below_the_threshold_never_wins() -> None:
    whole = integrate([stated("2015", 0.1), stated("2020", LEAST - 0.01, negated=True)])
    assert whole.conflicts[0].stands.negated is False


def test_several_later_denials_win_together() -> None:
    denials = [stated("2020", 0.7, negated=True, doc_id=f"d{i}") for i in range(3)]
    assert integrate([stated("2015", 0.9), *denials]).conflicts[0].stands.negated is True


def test_an_old_statement_that_arrives_late_does_not_count_as_later() -> None:
    later, earlier = stated("2020", 0.8, negated=True), stated("2015", 0.8)
    assert integrate([later, earlier]).conflicts[0].stands.negated is True


def test_a_winner_may_lose_again() -> None:
    whole = integrate([stated("2010", 0.7), stated("2015", 0.8, negated=True), stated("2020", 0.9)])
    assert whole.conflicts[0].stands.negated is False
    assert [edge.basis for edge in whole.edges if edge.negated] == ["b; gave way 2020"]


def test_of_one_day_the_surer_stands_and_of_equals_the_denial() -> None:
    assert integrate([stated("2020", 0.9), stated("2020", 0.8, negated=True)]).conflicts[0].stands.negated is False
    assert integrate([stated("2020", 0.8), stated("2020", 0.8, negated=True)]).conflicts[0].stands.negated is True


@pytest.mark.parametrize("warning", ["contraindicated_in", "causes"])
@pytest.mark.parametrize("benefit", ["treats", "relieves", "prevents"])
def test_a_warning_and_a_benefit_are_told_and_both_stand(warning: str, benefit: str) -> None:
    whole = integrate([stated("2015", 0.7, warning), stated("2020", 0.9, benefit)])
    assert confidence_of(whole, warning) == pytest.approx(0.7)
    assert confidence_of(whole, benefit) == pytest.approx(0.9)
    assert [conflict.is_settled for conflict in whole.conflicts] == [False]


def test_what_does_not_contradict_stands_side_by_side() -> None:
    whole = integrate([stated("2015", 0.7, "associated_with"), stated("2020", 0.9, "causes")])
    assert whole.conflicts == ()


def test_a_date_less_precise_counts_as_its_beginning() -> None:
    whole = integrate([stated("2020", 0.8), stated("2020-03", 0.8, negated=True)])
    assert whole.conflicts[0].stands.negated is True


def test_the_quote_is_that_of_the_surest_and_its_passage_comes_first() -> None:
    sure = stated("2019", 0.9, doc_id="sure")
    unsure = stated("2021", 0.3, doc_id="unsure")
    [edge] = integrate([unsure, sure]).edges
    assert (edge.quote, edge.evidence[0]) == (sure.edge.quote, "sure:0-9")


def test_no_statements_no_knowledge() -> None:
    assert integrate([]) == Integrated((), ())
