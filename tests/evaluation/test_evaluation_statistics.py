"""Intervals and tests: against scipy, against what is known exactly, and against chance."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats

from ragmed.evaluation.statistics import (
    benjamini_hochberg,
    effect_size,
    holm,
    mean,
    mean_interval,
    paired_bootstrap,
    paired_randomisation,
    wilson,
)

SKEWED = np.random.default_rng(5).exponential(size=40)
OTHER = np.random.default_rng(6).exponential(size=70)


def test_a_mean_and_a_macro_mean() -> None:
    assert mean([1, 1, 1, 0]) == 0.75
    assert mean([1, 1, 1, 0], ["a", "a", "a", "b"]) == 0.5


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_intervals_are_scipys(method: str) -> None:
    ours = mean_interval(SKEWED, method=method, n_resamples=40_000)  # type: ignore[arg-type]
    theirs = stats.bootstrap(
        (SKEWED,), np.mean, method="BCa" if method == "bca" else method, n_resamples=40_000, rng=1
    ).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.015)
    assert ours.mean == pytest.approx(SKEWED.mean())
    assert (ours.n, ours.method, ours.level) == (40, method, 0.95)


def test_bca_reaches_further_towards_the_tail_than_the_percentiles() -> None:
    bca, percentile = mean_interval(SKEWED), mean_interval(SKEWED, method="percentile")
    assert bca.high > percentile.high
    assert bca.low > percentile.low


def test_a_macro_mean_is_resampled_within_its_groups() -> None:
    values, groups = np.r_[SKEWED, OTHER], ["a"] * 40 + ["b"] * 70

    def macro(some: np.ndarray, others: np.ndarray, axis: int = -1) -> np.ndarray:
        return (some.mean(axis) + others.mean(axis)) / 2

    ours = mean_interval(values, groups=groups, n_resamples=40_000)
    theirs = stats.bootstrap((SKEWED, OTHER), macro, method="BCa", n_resamples=40_000, rng=1).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.015)
    assert ours.mean == pytest.approx((SKEWED.mean() + OTHER.mean()) / 2)


def test_groups_that_differ_among_themselves_alone_leave_no_doubt() -> None:
    interval = mean_interval([0.0, 0.0, 1.0, 1.0], groups=["a", "a", "b", "b"])
    assert (interval.low, interval.mean, interval.high) == (0.5, 0.5, 0.5)


def test_the_order_of_questions_does_not_matter_to_groups() -> None:
    straight = mean_interval([1.0, 2.0, 7.0, 9.0], groups=["a", "a", "b", "b"])
    mixed = mean_interval([1.0, 7.0, 2.0, 9.0], groups=["a", "b", "a", "b"])
    assert straight == mixed


def test_a_seed_gives_the_same_interval_and_another_another() -> None:
    first = mean_interval(SKEWED, seed=1)
    assert mean_interval(SKEWED, seed=1) == first
    assert (first.seed, first.n_resamples) == (1, 10_000)
    assert mean_interval(SKEWED, seed=2).low != first.low


@pytest.mark.parametrize("values", [[0.5], [1.0] * 9, [0.1] * 7, [0.0]])
def test_figures_that_are_all_equal_give_an_interval_without_width(values: list[float]) -> None:
    interval = mean_interval(values)
    assert (interval.low, interval.high) == pytest.approx((values[0], values[0]))
    assert interval.mean == pytest.approx(values[0])


def test_a_wider_level_is_wider() -> None:
    usual, wide = mean_interval(SKEWED), mean_interval(SKEWED, level=0.99)
    assert wide.low < usual.low < usual.mean < usual.high < wide.high


def test_ninety_of_a_hundred_intervals_hold_the_true_mean() -> None:
    # 400 samples: the share that holds it has a standard error of 1.5 points.
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(400):
        interval = mean_interval(rng.random(30), level=0.9, n_resamples=400, seed=int(rng.integers(1 << 30)))
        held += interval.low <= 0.5 <= interval.high
    assert 0.85 <= held / 400 <= 0.94


@pytest.mark.parametrize("values", [[], [math.nan], [math.inf, 1.0], [[1.0]]])
def test_what_has_no_mean_is_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="figure"):
        mean_interval(values)


def test_groups_of_another_number_are_refused() -> None:
    with pytest.raises(ValueError, match="2 figures, but groups for 1"):
        mean_interval([1.0, 2.0], groups=["a"])


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0])
def test_a_level_is_a_share(level: float) -> None:
    with pytest.raises(ValueError, match="level"):
        mean_interval([1.0, 2.0], level=level)


def test_memory_is_bounded() -> None:
    values = np.random.default_rng(1).random(20_000)
    tracemalloc.start()
    mean_interval(values, n_resamples=1000)
    paired_randomisation(values, values[::-1], n_resamples=2000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40_000_000


@pytest.mark.parametrize(("n_right", "n"), [(0, 10), (1, 10), (5, 10), (10, 10), (618, 1000), (0, 1)])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_a_share_s_interval_is_wilsons(n_right: int, n: int, level: float) -> None:
    ours = wilson(n_right, n, level=level)
    theirs = stats.binomtest(n_right, n).proportion_ci(level, method="wilson")
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    assert ours.mean == n_right / n


@pytest.mark.parametrize(("n_right", "n"), [(0, 0), (2, 1), (-1, 3)])
def test_what_is_no_share_is_refused(n_right: int, n: int) -> None:
    with pytest.raises(ValueError, match="is no share"):
        wilson(n_right, n)


def exact(first: Sequence[float], second: Sequence[float]) -> float:
    differences = np.array(first) - np.array(second)
    found = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=1 << 20, vectorized=True
    )
    return float(found.pvalue)


def test_few_questions_are_tested_exactly() -> None:
    rng = np.random.default_rng(2)
    for n in (2, 5, 9, 12):
        first, second = rng.random(n), rng.random(n)
        assert paired_randomisation(first, second) == pytest.approx(exact(first, second))
        assert paired_randomisation(first, second, seed=1) == paired_randomisation(first, second, seed=2)


def test_questions_that_do_not_differ_change_nothing() -> None:
    first, second = [0.9, 0.5, 0.7, 0.2], [0.1, 0.4, 0.5, 0.1]
    alone = paired_randomisation(first, second)
    assert alone == 0.125  # 2 of 16
    assert paired_randomisation([*first, *[0.3] * 1000], [*second, *[0.3] * 1000]) == alone


def test_sums_that_are_equal_count_as_equal_however_they_are_rounded() -> None:
    # 0.1 + 0.2 and 0.3 are not the same float: of eight exchanges four are as extreme, none more.
    assert paired_randomisation([0.1, 0.2, 0.3], [0.0, 0.0, 0.6]) == pytest.approx(1.0)
    assert paired_randomisation([0.1, 0.2, 0.3], [0.0, 0.0, 0.0]) == pytest.approx(0.25)


@pytest.mark.parametrize(("n_first", "n_second"), [(8, 2), (30, 12), (300, 250), (1, 0), (5, 5)])
def test_right_and_wrong_is_mcnemars_exact_test(n_first: int, n_second: int) -> None:
    first = [1.0] * n_first + [0.0] * n_second + [1.0] * 50
    second = [0.0] * n_first + [1.0] * n_second + [1.0] * 50
    theirs = stats.binomtest(n_first, n_first + n_second).pvalue
    assert paired_randomisation(first, second) == pytest.approx(theirs, rel=1e-9)


def test_many_questions_of_right_and_wrong_do_not_overflow() -> None:
    first, second = [1.0] * 4000 + [0.0] * 3663, [0.0] * 4000 + [1.0] * 3663
    assert paired_randomisation(first, second) == pytest.approx(stats.binomtest(4000, 7663).pvalue, rel=1e-6)


def test_many_questions_are_tested_by_drawing() -> None:
    rng = np.random.default_rng(4)
    first = rng.random(200)
    second = first - rng.normal(0.01, 0.1, 200)
    ours = paired_randomisation(first, second, seed=1)
    theirs = stats.ttest_rel(first, second).pvalue  # what it tends to
    assert ours == pytest.approx(theirs, abs=0.01)
    assert paired_randomisation(first, second, seed=1) == ours
    assert paired_randomisation(second, first, seed=1) == ours


def test_a_p_value_by_drawing_is_never_nought() -> None:
    first = np.random.default_rng(4).random(100) + 10
    assert paired_randomisation(first, np.zeros(100), n_resamples=999) == pytest.approx(0.001)


def test_alike_systems_are_found_to_differ_as_often_as_they_should() -> None:
    # 500 pairs of systems drawn alike: 5 % below 0.05, with a standard error of one point.
    rng = np.random.default_rng(8)
    low = sum(paired_randomisation(rng.random(40), rng.random(40), n_resamples=500) <= 0.05 for _ in range(500))
    assert 0.02 <= low / 500 <= 0.085


def test_systems_that_never_differ() -> None:
    assert paired_randomisation([0.3, 0.4], [0.3, 0.4]) == 1.0
    assert paired_bootstrap([0.3, 0.4], [0.3, 0.4]) == (0.0, 0.0, 0.0)
    assert effect_size([0.3, 0.4], [0.3, 0.4]) == 0.0


def test_a_test_of_macro_means_weighs_questions_by_their_group() -> None:
    first, second, groups = [1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 1.0, 1.0], ["a", "b", "b", "b"]
    # (1 − 1)/2 = 0: no exchange is less extreme.
    assert paired_randomisation(first, second, groups=groups) == 1.0
    assert paired_randomisation(first, second) == 0.625
    assert paired_bootstrap(first, second, groups=groups)[0] == 0.0


def test_a_difference_is_the_first_less_the_second() -> None:
    difference, low, high = paired_bootstrap(SKEWED + 1, SKEWED[::-1])
    assert low < difference < high
    assert difference == pytest.approx(1.0)
    interval = mean_interval(SKEWED + 1 - SKEWED[::-1])
    assert (difference, low, high) == (interval.mean, interval.low, interval.high)


def test_systems_of_other_questions_are_refused() -> None:
    for test in (paired_bootstrap, paired_randomisation, effect_size):
        with pytest.raises(ValueError, match="2 figures against 1"):
            test([1.0, 2.0], [1.0])


def test_an_effect_size_does_not_grow_with_the_questions() -> None:
    first, second = np.array([0.5, 0.9, 0.4]), np.array([0.4, 0.5, 0.6])
    differences = first - second
    assert effect_size(first, second) == pytest.approx(differences.mean() / differences.std(ddof=1))
    many = effect_size(np.tile(first, 500), np.tile(second, 500))
    assert many == pytest.approx(differences.mean() / differences.std(), rel=1e-3)
    assert effect_size([1.0, 0.7], [0.8, 0.5]) == math.inf
    with pytest.raises(ValueError, match="two questions"):
        effect_size([1.0], [0.0])


def test_p_values_are_corrected_for_their_number() -> None:
    p_values = [0.01, 0.04, 0.03, 0.005, 0.9, 0.04]
    assert benjamini_hochberg(p_values) == pytest.approx(stats.false_discovery_control(p_values))
    # 6 × 0.005, 5 × 0.01, 4 × 0.03, then never less than what came before, and 1 at most.
    assert holm(p_values) == pytest.approx([0.05, 0.12, 0.12, 0.03, 0.9, 0.12])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == benjamini_hochberg([]) == []
    assert holm([0.04]) == benjamini_hochberg([0.04]) == [0.04]
