"""What turned wrong, what turned right, and what was withheld."""

from __future__ import annotations

from math import comb

import pytest

from ragmed.evaluation.harm import VERDICTS, harm, mcnemar_exact

BEFORE = {"1": "right", "2": "right", "3": "wrong", "4": "right", "5": "wrong", "6": "abstained", "7": "right"}
AFTER = {"1": "wrong", "2": "right", "3": "right", "4": "abstained", "5": "abstained", "6": "right", "7": "failed"}


def test_changes_are_told_question_by_question() -> None:
    found = harm(BEFORE, AFTER)
    assert (found.harmed, found.helped) == (("1",), ("3",))
    assert (found.silenced, found.withheld) == (("4", "7"), ("5",))
    assert found.changes["right", "right"] == 1
    assert sum(found.changes.values()) == found.n == 7


def test_an_abstention_is_neither_harm_nor_help_but_is_not_right() -> None:
    found = harm({"1": "right", "2": "abstained"}, {"1": "abstained", "2": "right"})
    assert (found.harmed, found.helped) == ((), ())
    assert (found.lost, found.gained) == (1, 1)


def test_only_questions_that_both_have_a_verdict_of_count() -> None:
    found = harm({"1": "right", "2": "wrong", "3": ""}, {"1": "wrong", "3": "right", "4": "right"})
    assert (found.n, found.n_only_one, found.harmed) == (1, 3, ("1",))


def test_nothing_shared_is_no_harm() -> None:
    found = harm({}, {"1": "right"})
    assert (found.n, found.n_only_one, found.p, found.p_not_right) == (0, 1, 1.0, 1.0)


def test_the_two_tests_are_of_different_pairs() -> None:
    before = {str(i): "right" for i in range(10)}
    after = {str(i): "wrong" if i < 5 else "abstained" for i in range(10)}
    found = harm(before, after)
    assert found.p == pytest.approx(2 * 0.5**5)
    assert found.p_not_right == pytest.approx(2 * 0.5**10)


@pytest.mark.parametrize(("n_lost", "n_gained"), [(0, 1), (3, 3), (2, 9), (40, 61), (700, 800)])
def test_mcnemar_is_the_binomial_test_on_the_discordant_pairs(n_lost: int, n_gained: int) -> None:
    n, k = n_lost + n_gained, min(n_lost, n_gained)
    expected = min(1.0, 2 * sum(comb(n, i) for i in range(k + 1)) / 2**n)
    assert mcnemar_exact(n_lost, n_gained) == mcnemar_exact(n_gained, n_lost) == pytest.approx(expected, rel=1e-12)


def test_mcnemar_of_very_many_pairs_is_a_number() -> None:
    assert 0 <= mcnemar_exact(0, 100_000) < 1e-300


def test_as_json_every_change_stands_once() -> None:
    table = harm(BEFORE, AFTER).table()
    assert table["harmed"] == ["1"]
    assert {"before": "right", "after": "failed", "n": 1} in table["changes"]
    assert sum(change["n"] for change in table["changes"]) == 7
    assert {change["before"] for change in table["changes"]} <= set(VERDICTS)
