"""Measures by their standard names."""

from __future__ import annotations

from typing import Any

import pytest

from ragmed.errors import RecipeError, UnknownName
from ragmed.evaluation.measure_names import make_measures, measure_from_name


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("nDCG@10", {"name": "ndcg", "k": 10}),
        ("NDCG@10", {"name": "ndcg", "k": 10}),
        ("ndcg@10", {"name": "ndcg", "k": 10}),
        ("nDCG", {"name": "ndcg"}),
        ("R@100", {"name": "recall", "k": 100}),
        ("Recall@100", {"name": "recall", "k": 100}),
        ("P@10", {"name": "precision", "k": 10}),
        ("P(rel=2)@5", {"name": "precision", "min_grade": 2, "k": 5}),
        ("RR", {"name": "reciprocal_rank"}),
        ("MRR@10", {"name": "reciprocal_rank", "k": 10}),
        ("AP@100", {"name": "average_precision", "k": 100}),
        ("MAP", {"name": "average_precision"}),
        ("Success@5", {"name": "hit_rate", "k": 5}),
        ("hit_rate@5", {"name": "hit_rate", "k": 5}),
        ("Accuracy", {"name": "accuracy"}),
        ("LegacyAccuracy", {"name": "legacy_accuracy"}),
        ("Comprehensiveness", {"name": "comprehensiveness"}),
        ("Hallucination", {"name": "hallucination"}),
        ("ROUGE-L", {"name": "rouge_l"}),
        ("rouge_l", {"name": "rouge_l"}),
        ("EvidencePrecision(of=snippets)", {"name": "evidence_precision", "of": "snippets"}),
        (
            "EvidenceRecall(of='snippets', overlap=0.7, answered_only=true)",
            {"name": "evidence_recall", "of": "snippets", "overlap": 0.7, "answered_only": True},
        ),
        (" PassageRelevance@16 ", {"name": "passage_relevance", "k": 16}),
    ],
)
def test_a_name_stands_for_a_table(name: str, table: dict[str, Any]) -> None:
    assert measure_from_name(name) == table


@pytest.mark.parametrize(
    "label",
    [
        *("nDCG", "nDCG@10", "R@100", "P@10", "P(rel=2)@5", "RR", "RR@10", "AP", "AP@100", "AP(rel=3)", "Rprec"),
        *("Success@5", "PassageRelevance@16", "PassageRelevance(of=snippets)@5", "SnippetRecall@10"),
        *("EvidencePrecision", "EvidencePrecision(of=snippets, answered_only=true)", "Support"),
        *("EvidenceRecall(of=snippets, pool=retrieved)", "SupportedClaims", "SupportedClaims(answered_only=true)"),
    ],
)
def test_a_measure_s_label_is_its_name(label: str) -> None:
    (measure,) = make_measures([label], "test")
    assert measure.label == label


def test_tables_and_names_may_stand_together() -> None:
    measures = make_measures(["nDCG@10", {"name": "recall", "k": 20}], "eval/x.toml: measures")
    assert [measure.label for measure in measures] == ["nDCG@10", "R@20"]


def test_an_unknown_name_lists_those_there_are() -> None:
    with pytest.raises(UnknownName, match=r"no measures named 'nDGC'; have: .*did you mean 'nDCG'"):
        measure_from_name("nDGC@10")


@pytest.mark.parametrize("name", ["R", "P", "Success", "recall"])
def test_a_name_that_needs_a_depth_says_so(name: str) -> None:
    with pytest.raises(RecipeError, match=f"'{name}' needs a depth, as in {name}@10"):
        measure_from_name(name)


@pytest.mark.parametrize("name", ["", "@10", "nDCG@", "nDCG@ten", "nDCG@-1", "nDCG@10@20", "nDCG(@10", "nDCG 10", "\0"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(RecipeError, match="is not a measure's name"):
        measure_from_name(name)


def test_an_option_without_a_value_is_refused() -> None:
    with pytest.raises(RecipeError, match="'rel' is not an option"):
        measure_from_name("P(rel)@5")


def test_a_depth_for_a_measure_without_one_is_refused() -> None:
    with pytest.raises(RecipeError, match="k"):
        make_measures(["Accuracy@5"], "test")


def test_depth_nought_is_refused() -> None:
    with pytest.raises(RecipeError, match="a depth is 1 or more"):
        make_measures(["nDCG@0"], "test")
