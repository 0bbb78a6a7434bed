"""Calibration and abstention, on figures worked out by hand."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmed.evaluation.calibration import (
    abstention,
    area_under_risk_coverage,
    brier_score,
    expected_calibration_error,
    maximum_calibration_error,
    reliability,
    risk_coverage,
)

some_answers = st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.7, 0.95, 1.0]), st.booleans()), min_size=1)


def test_expected_calibration_error_by_hand() -> None:
    confidences, correct = [0.95, 0.95, 0.95, 0.95, 0.55, 0.55], [True, True, True, False, False, True]
    # Bin (0.9, 1]: |0.75 − 0.95| of 4; bin (0.5, 0.6]: |0.5 − 0.55| of 2.
    assert expected_calibration_error(confidences, correct) == pytest.approx((4 * 0.2 + 2 * 0.05) / 6)
    assert maximum_calibration_error(confidences, correct) == pytest.approx(0.2)


def test_an_edge_belongs_to_the_bin_below_it_and_nought_to_the_first() -> None:
    edges = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    assert [b.n for b in reliability(edges, [True] * 11)] == [2, 1, 1, 1, 1, 1, 1, 1, 1, 1]


def test_bins_of_equal_mass_hold_as_many_each() -> None:
    confidences = [0.9, 0.91, 0.92, 0.93, 0.94, 0.95]
    assert [b.n for b in reliability(confidences, [True] * 6)] == [1, 5]
    table = reliability(confidences, [True] * 6, n_bins=3, bins="equal_mass")
    assert [(b.low, b.high, b.n) for b in table] == [(0.9, 0.91, 2), (0.92, 0.93, 2), (0.94, 0.95, 2)]


def test_equal_confidences_stay_in_one_bin_of_equal_mass() -> None:
    table = reliability([0.5] * 5 + [0.9], [True] * 6, n_bins=3, bins="equal_mass")
    assert [(b.confidence, b.n) for b in table] == [(0.5, 5), (0.9, 1)]


def test_more_bins_than_answers() -> None:
    assert len(reliability([0.1, 0.9], [True, False], n_bins=100, bins="equal_mass")) == 2


def test_the_brier_score_by_hand() -> None:
    assert brier_score([0.8, 0.3], [True, False]) == pytest.approx((0.04 + 0.09) / 2)
    assert brier_score([1.0, 0.0], [True, False]) == 0


def test_a_risk_coverage_curve_by_hand() -> None:
    points = risk_coverage([0.2, 0.9, 0.5, 0.5], [False, True, True, False])
    assert [(p.threshold, p.coverage, p.risk) for p in points] == [
        (0.9, 0.25, 0.0),
        (0.5, 0.75, pytest.approx(1 / 3)),
        (0.2, 1.0, 0.5),
    ]


def test_the_area_under_it_by_hand() -> None:
    # Risks of the first 1, 2, 3, 4 answers: 0, 1/2 · 1/2, 1/3, 1/2; the second and third come in either order.
    area = area_under_risk_coverage([0.9, 0.5, 0.5, 0.2], [True, True, False, False])
    assert area == pytest.approx((0 + 0.25 + 1 / 3 + 0.5) / 4)


def test_a_confidence_that_tells_nothing_risks_the_error_rate() -> None:
    assert area_under_risk_coverage([0.5] * 10, [True] * 7 + [False] * 3) == pytest.approx(0.3)


def test_knowing_what_one_does_not_know_lowers_the_area() -> None:
    right, wrong = [True] * 7 + [False] * 3, [False] * 3 + [True] * 7
    confidences = [1 - i / 10 for i in range(10)]
    assert area_under_risk_coverage(confidences, right) < 0.3 < area_under_risk_coverage(confidences, wrong)


@given(some_answers)
def test_the_order_of_answers_does_not_matter(answers: list[tuple[float, bool]]) -> None:
    shuffled = random.Random(1).sample(answers, len(answers))
    for figure in (expected_calibration_error, brier_score, area_under_risk_coverage, risk_coverage, reliability):
        assert figure(*map(list, zip(*answers, strict=True))) == figure(*map(list, zip(*shuffled, strict=True)))
    for of_mass in (1, 4):
        figures = [
            expected_calibration_error(*map(list, zip(*some, strict=True)), n_bins=of_mass, bins="equal_mass")
            for some in (answers, shuffled)
        ]
        assert figures[0] == figures[1]


@given(some_answers)
def test_the_area_is_the_mean_over_all_orders_of_equal_confidences(answers: list[tuple[float, bool]]) -> None:
    confidences, correct = map(list, zip(*answers, strict=True))
    area = area_under_risk_coverage(confidences, correct)
    best = sorted(answers, key=lambda pair: (-pair[0], not pair[1]))
    worst = sorted(answers, key=lambda pair: (-pair[0], pair[1]))

    def area_in(order: list[tuple[float, bool]]) -> float:
        wrong = [not is_right for _, is_right in order]
        return math.fsum(sum(wrong[:n]) / n for n in range(1, len(wrong) + 1)) / len(wrong)

    assert area_in(best) - 1e-12 <= area <= area_in(worst) + 1e-12
    assert risk_coverage(confidences, correct)[-1].coverage == 1


def test_abstention() -> None:
    found = abstention([True, True, True, False], [True, True, False, False])
    assert (found.n_answered, found.coverage, found.selective_accuracy, found.accuracy) == (3, 0.75, 2 / 3, 0.5)


def test_an_abstention_is_never_right_whatever_its_verdict() -> None:
    assert abstention([True, False], [True, True]).accuracy == 0.5


def test_where_nothing_was_answered_there_is_no_selective_accuracy() -> None:
    found = abstention([False, False], [False, False])
    assert (found.coverage, found.selective_accuracy, found.accuracy) == (0.0, None, 0.0)


@pytest.mark.parametrize("confidence", [-0.1, 1.1, math.nan, math.inf])
def test_a_confidence_outside_its_range_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match="is not within"):
        expected_calibration_error([confidence], [True])


def test_verdicts_of_another_number_are_refused() -> None:
    with pytest.raises(ValueError, match="1 confidences, 2 verdicts"):
        brier_score([0.5], [True, False])
    with pytest.raises(ValueError, match="1 questions, 2 verdicts"):
        abstention([True], [True, False])


def test_no_answers_have_no_error_but_an_empty_curve() -> None:
    for figure in (expected_calibration_error, maximum_calibration_error, brier_score, area_under_risk_coverage):
        with pytest.raises(ValueError, match="no answers"):
            figure([], [])
    assert risk_coverage([], []) == reliability([], []) == []
    with pytest.raises(ValueError, match="0 bins are none"):
        reliability([0.5], [True], n_bins=0)
