"""Publication type, date and retraction: what each adds, in the open."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmed import catalog
from ragmed.errors import RecipeError
from ragmed.rerankers.signals import WEIGHTS, Signals
from ragmed.types import Evidence, Query
from tests.passages_for_tests import passage

QUERY = Query("q", "glucose")


def item(passage_id: str, score: float = 1.0, types: str = "", published: str = "", **meta: str) -> Evidence:
    found = passage(passage_id, "Text.", published=published, meta={"publication_types": types, **meta})
    return Evidence(found, score, 1, {})


def ids(evidence: tuple[Evidence, ...]) -> str:
    return "".join(e.passage.passage_id for e in evidence)


def test_stronger_evidence_comes_first_among_equals() -> None:
    evidence = [
        item("a", types="Letter"),
        item("b", types="Case Reports; Journal Article"),
        item("c", types="Observational Study"),
        item("d", types="Randomized Controlled Trial; Multicenter Study"),
        item("e", types="Systematic Review; Meta-Analysis"),
        item("f", types=""),
    ]
    assert ids(Signals().rerank(QUERY, evidence, 9)) == "edcbaf"


def test_the_order_of_weights_is_that_of_the_levels_of_evidence() -> None:
    levels = [
        ("Practice Guideline", "Systematic Review", "Meta-Analysis"),
        ("Randomized Controlled Trial",),
        ("Controlled Clinical Trial", "Observational Study", "Cohort Studies"),
        ("Case Reports", "Case-Control Studies"),
    ]
    weights = [{WEIGHTS[name] for name in level} for level in levels]
    assert all(len(level) == 1 for level in weights)
    assert [max(level) for level in weights] == sorted((max(level) for level in weights), reverse=True)
    assert min(WEIGHTS.values()) > 0


def test_designs_without_a_publication_type_are_read_from_mesh() -> None:
    [first, _] = Signals().rerank(QUERY, [item("a"), item("b", mesh="*Asthma/etiology; Cohort Studies")], 9)
    assert first.signals["publication_type"] == 0.10


def test_an_article_about_trials_is_no_trial() -> None:
    [only] = Signals().rerank(QUERY, [item("a", mesh="Randomized Controlled Trials as Topic")], 9)
    assert only.signals["publication_type"] == 0


def test_relevance_weighs_more_than_the_type() -> None:
    assert ids(Signals().rerank(QUERY, [item("a", 3), item("b", 2), item("c", 1, "Practice Guideline")], 9)) == "abc"


def test_the_signals_add_up_to_the_score() -> None:
    evidence = [
        item("a", 3, "Review", "2020"),
        item("b", 2, "Meta-Analysis", "2014-12-31"),
        item("c", 1, retracted="x"),
    ]
    for e in Signals().rerank(QUERY, evidence, 9):
        assert e.score == sum(e.signals.values())


def test_recency_halves_with_every_half_life_behind_the_newest() -> None:
    evidence = [item("a", published="2010"), item("b", published="2020"), item("c", published="2000"), item("d")]
    reranked = Signals(half_life_years=10, recency_weight=0.4).rerank(QUERY, evidence, 9)
    assert {e.passage.passage_id: e.signals["recency"] for e in reranked} == {"b": 0.4, "a": 0.2, "c": 0.1, "d": 0}


@pytest.mark.parametrize("published", ["", "soon", "2020-13", "2020-02-30", "20", "0000", "²⁰²⁰", "2020-01-01T00:00"])
def test_what_is_no_date_adds_nothing(published: str) -> None:
    reranked = Signals().rerank(QUERY, [item("a", published="2019"), item("b", published=published)], 9)
    assert {e.passage.passage_id: e.signals["recency"] for e in reranked} == {"a": 0.1, "b": 0}


def test_dates_are_compared_as_precise_as_they_are() -> None:
    evidence = [item("a", published="2020-01-31"), item("b", published="2020"), item("c", published="2020-12")]
    assert ids(Signals().rerank(QUERY, evidence, 9)) == "cba"


def test_a_retracted_passage_comes_last_however_relevant() -> None:
    evidence = [item("a", 9, "Meta-Analysis", "2024", retracted="PMID:1"), item("b", 2), item("c", 1)]
    reranked = Signals().rerank(QUERY, evidence, 9)
    assert ids(reranked) == "bca"
    assert reranked[2].signals["retracted"] < -1
    assert "retracted" not in reranked[0].signals


@given(
    st.dictionaries(st.sampled_from(["x", "y"]), st.floats(-50, 50)),
    st.floats(-50, 50),
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from("xyz"), st.booleans()), min_size=1, max_size=8),
)
def test_with_any_weights_retracted_passages_come_last(
    weights: dict[str, float], recency: float, items: list[tuple[int, str, bool]]
) -> None:
    evidence = [
        item(str(n), score, types, str(2000 + n), **({"retracted": "yes"} if retracted else {}))
        for n, (score, types, retracted) in enumerate(items)
    ]
    reranked = Signals(weights, recency_weight=recency).rerank(QUERY, evidence, 9)
    flags = ["retracted" in e.passage.meta for e in reranked]
    assert flags == sorted(flags)


def test_retracted_passages_may_be_left_out_or_kept() -> None:
    evidence = [item("a", 2, retracted="PMID:1"), item("b", 1)]
    assert ids(Signals(retracted="exclude").rerank(QUERY, evidence, 9)) == "b"
    assert ids(Signals(retracted="keep").rerank(QUERY, evidence, 9)) == "ab"


def test_a_recipe_may_set_its_own_weights() -> None:
    table = {"name": "signals", "weights": {"case reports": 1, "Letter": -0.5}, "recency_weight": 0}
    made = catalog.make("rerankers", table, "test")
    evidence = [item("a", types="Letter"), item("b", types="Meta-Analysis"), item("c", types="Case Reports")]
    assert [(e.passage.passage_id, e.signals["publication_type"]) for e in made.rerank(QUERY, evidence, 9)] == [
        ("c", 1),
        ("b", 0),
        ("a", -0.5),
    ]


def test_a_half_life_of_nothing_is_refused() -> None:
    with pytest.raises(RecipeError, match="half_life_years"):
        Signals(half_life_years=0)
