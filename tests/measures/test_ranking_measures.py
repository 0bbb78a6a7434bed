"""Ranking measures: the figures of trec_eval and ir_measures, of the order that was shown."""

from __future__ import annotations

from dataclasses import replace

import ir_measures
import pytest
import pytrec_eval
from hypothesis import given, settings
from hypothesis import strategies as st

from ragmed.errors import RagmedError, RecipeError
from ragmed.evaluation.measure_names import make_measures
from ragmed.measures import _trec
from ragmed.measures._trec import MAX_GRADE, TrecPasses
from ragmed.measures.average_precision import AveragePrecision
from ragmed.measures.hit_rate import HitRate
from ragmed.measures.ndcg import NDCG
from ragmed.measures.precision import Precision
from ragmed.measures.recall import Recall
from ragmed.measures.reciprocal_rank import ReciprocalRank
from ragmed.types import Hit, Query, Question, Result

PYTREC = {
    "nDCG": "ndcg",
    "nDCG@1": "ndcg_cut_1",
    "nDCG@10": "ndcg_cut_10",
    "nDCG@1000": "ndcg_cut_1000",
    "R@5": "recall_5",
    "R@100": "recall_100",
    "P@1": "P_1",
    "P@10": "P_10",
    "RR": "recip_rank",
    "AP": "map",
    "AP@5": "map_cut_5",
    "Rprec": "Rprec",
    "Success@1": "success_1",
    "Success@5": "success_5",
}
ONLY_IR_MEASURES = ["RR@3", "RR@10", "P(rel=2)@5", "R(rel=2)@5", "RR(rel=2)", "RR(rel=2)@4", "AP(rel=2)", "AP(rel=2)@5"]

DOC_IDS = [f"d{i}" for i in range(40)]
runs = st.dictionaries(
    st.sampled_from(["q1", "q2", "q3", "q9"]),
    st.dictionaries(st.sampled_from(DOC_IDS), st.sampled_from([-1.5, 0.0, 0.25, 0.5, 1.0, 3.0]), max_size=25),
)
judgements = st.dictionaries(
    st.sampled_from(["q1", "q2", "q3", "q4"]),
    st.dictionaries(st.sampled_from(DOC_IDS), st.integers(-2, 4), min_size=1, max_size=15),
    min_size=1,
)


def question(relevant: dict[str, int], query_id: str = "q") -> Question:
    return Question(Query(query_id, "…"), relevant=relevant)


def result(*doc_ids: str, query_id: str = "q") -> Result:
    return Result(query_id, documents=tuple(Hit(doc_id, -float(i)) for i, doc_id in enumerate(doc_ids)))


def without_negative_grades(qrels: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    """For the reference, which crashes on them."""
    return {query_id: {doc_id: max(0, grade) for doc_id, grade in of.items()} for query_id, of in qrels.items()}


def in_our_order(scores: dict[str, float]) -> tuple[Hit, ...]:
    return tuple(Hit(*item) for item in sorted(scores.items(), key=lambda item: (-item[1], item[0])))


def in_trec_eval_s_order(scores: dict[str, float]) -> tuple[Hit, ...]:
    return tuple(Hit(*item) for item in sorted(scores.items(), key=lambda item: (item[1], item[0]), reverse=True))


@settings(max_examples=200, deadline=None)
@given(runs, judgements)
def test_every_measure_is_trec_eval_s(run: dict[str, dict[str, float]], qrels: dict[str, dict[str, int]]) -> None:
    questions = [question(relevant, query_id) for query_id, relevant in qrels.items()]
    results = {query_id: Result(query_id, in_trec_eval_s_order(scores)) for query_id, scores in run.items()}
    # What trec_eval leaves out, a query without results, is an empty run: all figures 0, as with its -c.
    every = {query_id: run.get(query_id, {}) for query_id in qrels}
    expected = pytrec_eval.RelevanceEvaluator(without_negative_grades(qrels), set(PYTREC.values())).evaluate(every)
    measures = make_measures(PYTREC, "test")
    assert [measure.label for measure in measures] == list(PYTREC)
    for measure, name in zip(measures, PYTREC.values(), strict=True):
        assert measure.per_question(questions, results) == pytest.approx(
            {query_id: figures[name] for query_id, figures in expected.items()}, abs=1e-9
        )


@settings(max_examples=200, deadline=None)
@given(runs, judgements)
def test_every_measure_is_ir_measures_of_the_order_shown(
    run: dict[str, dict[str, float]], qrels: dict[str, dict[str, int]]
) -> None:
    questions = [question(relevant, query_id) for query_id, relevant in qrels.items()]
    results = {query_id: Result(query_id, in_our_order(scores)) for query_id, scores in run.items()}
    ranked = [
        ir_measures.ScoredDoc(query_id, hit.passage_id, -rank)
        for query_id, shown in results.items()
        for rank, hit in enumerate(shown.documents)
    ]
    judged = [
        ir_measures.Qrel(query_id, doc_id, grade)
        for query_id, relevant in without_negative_grades(qrels).items()
        for doc_id, grade in relevant.items()
    ]
    names = [*PYTREC, *ONLY_IR_MEASURES]
    parsed = {name: ir_measures.parse_measure(name) for name in names}
    expected = {
        (str(metric.measure), metric.query_id): metric.value
        for metric in ir_measures.iter_calc(parsed.values(), judged, ranked)
    }
    for measure in make_measures(names, "test"):
        figures = measure.per_question(questions, results)
        assert set(figures) == set(qrels)
        for query_id, figure in figures.items():
            assert figure == pytest.approx(expected.get((str(parsed[measure.label]), query_id), 0.0), abs=1e-9)


def test_ndcg_by_hand() -> None:
    # Gains 1 and 2 at ranks 1 and 3, against 2 and 1 at ranks 1 and 2: (1 + 2/2) / (2 + 1/log2(3)).
    figures = NDCG(k=10).per_question([question({"a": 2, "b": 1})], {"q": result("b", "x", "a")})
    assert figures["q"] == pytest.approx(2 / (2 + 1 / 1.584962500721156))


def test_the_order_shown_is_the_order_scored() -> None:
    tied = Result("q", documents=(Hit("a", 1.0), Hit("b", 1.0)))
    assert ReciprocalRank().per_question([question({"a": 1})], {"q": tied}) == {"q": 1.0}
    against_its_scores = Result("q", documents=(Hit("a", 1.0), Hit("b", 2.0)))
    assert ReciprocalRank().per_question([question({"a": 1})], {"q": against_its_scores}) == {"q": 1.0}


def test_a_query_without_results_scores_zero() -> None:
    questions = [question({"a": 1}, "absent"), question({"a": 1}, "empty")]
    for measure in (NDCG(k=10), Recall(), Precision(), ReciprocalRank(), AveragePrecision(), HitRate()):
        assert measure.per_question(questions, {"empty": Result("empty")}) == {"absent": 0.0, "empty": 0.0}


def test_a_query_whose_judged_documents_are_all_irrelevant_counts_zero_as_in_trec_eval() -> None:
    assert NDCG(k=10).per_question([question({"a": 0})], {"q": result("a")}) == {"q": 0.0}


def test_a_query_without_judgements_is_left_out() -> None:
    assert NDCG(k=10).per_question([question({})], {"q": result("a")}) == {}
    assert NDCG(k=10).per_question([], {}) == {}


def test_a_result_of_another_query_changes_nothing() -> None:
    assert Recall(k=5).per_question([question({"a": 1})], {"q": result("a"), "other": result("b")}) == {"q": 1.0}


def test_a_document_listed_twice_counts_once_at_its_better_rank() -> None:
    found = {"q": result("x", "x", "a", "a")}
    assert ReciprocalRank().per_question([question({"a": 1})], found) == {"q": 0.5}
    assert Precision(k=2).per_question([question({"a": 1})], found) == {"q": 0.5}
    assert Precision(k=4).per_question([question({"a": 1, "x": 1})], found) == {"q": 0.5}


def test_precision_is_over_k_where_fewer_were_found() -> None:
    assert Precision(k=10).per_question([question({"a": 1})], {"q": result("a")}) == {"q": 0.1}


def test_reciprocal_rank_is_cut_where_k_says_so() -> None:
    found = {"q": result("x", "y", "a")}
    assert ReciprocalRank().per_question([question({"a": 1})], found) == {"q": pytest.approx(1 / 3)}
    assert ReciprocalRank(k=2).per_question([question({"a": 1})], found) == {"q": 0.0}


def test_the_least_grade_that_counts() -> None:
    asked, found = [question({"a": 1, "b": 2})], {"q": result("a", "b")}
    assert ReciprocalRank(min_grade=2).per_question(asked, found) == {"q": 0.5}
    assert Recall(k=1, min_grade=2).per_question(asked, found) == {"q": 0.0}


@pytest.mark.parametrize("doc_id", ["a\ud800", "a\0b", "", "a b", "3", "not found 0", "é" * 10_000])
def test_no_id_is_too_odd(doc_id: str) -> None:
    # pytrec_eval itself crashes on the first and takes all ids that begin with "a\0" for one.
    asked = [replace(question({doc_id: 1, "a\0c": 1, "1": 1}), query=Query(doc_id, "…"))]
    figures = AveragePrecision().per_question(asked, {doc_id: result("x", doc_id)})
    assert figures == {doc_id: pytest.approx(1 / 2 / 3)}


def test_a_grade_below_nought_is_one_of_nought() -> None:
    found = {"q": result("a", "b")}
    for measure in (NDCG(), NDCG(k=10), Recall(), ReciprocalRank(), AveragePrecision()):
        negative = measure.per_question([question({"a": -3, "b": 2, "c": -(2**40)})], found)
        assert negative == measure.per_question([question({"a": 0, "b": 2, "c": 0})], found)


def test_a_grade_beyond_all_reason_is_refused() -> None:
    for grade in (MAX_GRADE + 1, 2**40):
        with pytest.raises(RagmedError, match=rf"question 'q': grade {grade} of document 'a'"):
            NDCG().per_question([question({"a": grade})], {"q": result("a")})


@pytest.mark.parametrize("measure", [NDCG, Recall, Precision, ReciprocalRank, AveragePrecision, HitRate])
@pytest.mark.parametrize("k", [0, -1])
def test_a_depth_is_one_or_more(measure: type[NDCG], k: int) -> None:
    with pytest.raises(RecipeError, match=f"k = {k}; a depth is 1 or more"):
        measure(k=k)


def test_measures_of_one_depth_share_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    depths: list[int | None] = []
    evaluate = _trec._evaluate

    def counted(*arguments: object) -> object:
        depths.append(arguments[2])  # type: ignore[arg-type]
        return evaluate(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(_trec, "_evaluate", counted)
    questions, results = [question({"a": 1})], {"q": result("a")}
    for measure in make_measures(["nDCG@10", "P@10", "R@10", "RR@10", "R@100", "AP", "RR", "nDCG"], "test"):
        measure.per_question(questions, results)
    assert depths == [10, 100, None]


def test_a_pass_is_not_reused_once_results_have_changed() -> None:
    passes = TrecPasses()
    measure, questions = Recall(k=5, passes=passes), [question({"a": 1})]
    results = {"q": result("x")}
    assert measure.per_question(questions, results) == {"q": 0.0}
    results["q"] = result("a")
    assert measure.per_question(questions, results) == {"q": 1.0}
    questions[0] = question({"b": 1})
    assert measure.per_question(questions, results) == {"q": 0.0}
