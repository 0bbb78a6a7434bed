"""Whether a confidence means what it says: calibration, and what abstaining below a confidence gains.

All take pairs: ``confidences[i]`` (0–1) is the confidence of answer i, ``correct[i]`` whether it was right. Nothing
depends on the order of the pairs, nor on how equal confidences happen to be sorted.

Source: Guo, Pleiss, Sun and Weinberger 2017, "On Calibration of Modern Neural Networks" (ICML; expected and maximum
calibration error, reliability diagram); Nguyen and O'Connor 2015, "Posterior calibration and exploratory analysis for
natural language processing models" (EMNLP; bins of equal mass); Brier 1950 (Monthly Weather Review 78(1));
Geifman and El-Yaniv 2017, "Selective Classification for Deep Neural Networks" (NeurIPS; risk and coverage).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Bins: TypeAlias = Literal["equal_width", "equal_mass"]


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers of like confidence. ``low`` and ``high`` are the least and the highest confidence in it."""

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Point:
    """Answering from ``threshold`` on: the share answered, and the share of those that is wrong."""

    threshold: float
    coverage: float
    risk: float


@dataclass(frozen=True, slots=True)
class Abstention:
    """``coverage``: the share answered; ``selective_accuracy``: right of those, None where none was answered;
    ``accuracy``: right of all, an abstention being wrong."""

    n: int
    n_answered: int
    coverage: float
    selective_accuracy: float | None
    accuracy: float


def reliability(
    confidences: Sequence[float], correct: Sequence[bool], *, n_bins: int = 10, bins: Bins = "equal_width"
) -> list[Bin]:
    """The reliability diagram as a table, least confident first; empty bins are left out.

    Bins of equal width are ``((i − 1)/n, i/n]``, 0 being in the first. Bins of equal mass hold as many answers
    each as equal confidences, which stay together, allow.

    Raises:
        ValueError: a confidence outside [0, 1], as many verdicts as there are not confidences, no bins.

    >>> [(b.n, b.confidence, b.accuracy) for b in reliability([0.5, 1.0, 1.0], [True, True, False], n_bins=2)]
    [(1, 0.5, 1.0), (2, 1.0, 0.5)]
    """
    pairs = _pairs(confidences, correct)
    if n_bins < 1:
        raise ValueError(f"{n_bins} bins are none")
    members: dict[int, list[tuple[float, bool]]] = {}
    n_below = 0
    for i, pair in enumerate(pairs):
        if i and pair[0] != pairs[i - 1][0]:
            n_below = i
        # 0.7 × 10 is a little more than 7 in binary, and 0.7 is still of the seventh bin.
        of_width = max(0, math.ceil(pair[0] * n_bins - 1e-9) - 1)
        number = of_width if bins == "equal_width" else n_below * n_bins // len(pairs)
        members.setdefault(number, []).append(pair)
    return [
        Bin(
            low=own[0][0],
            high=own[-1][0],
            n=len(own),
            confidence=math.fsum(confidence for confidence, _ in own) / len(own),
            accuracy=sum(is_right for _, is_right in own) / len(own),
        )
        for _, own in sorted(members.items())
    ]


def expected_calibration_error(
    confidences: Sequence[float], correct: Sequence[bool], *, n_bins: int = 10, bins: Bins = "equal_width"
) -> float:
    """The mean, over answers, of how far their bin's accuracy is from its confidence. Raises `ValueError`: no answers.

    >>> expected_calibration_error([0.5, 1.0, 1.0], [True, True, False], n_bins=2)
    0.5
    """
    table = reliability(_some(confidences), correct, n_bins=n_bins, bins=bins)
    return math.fsum(b.n * abs(b.accuracy - b.confidence) for b in table) / len(confidences)


def maximum_calibration_error(
    confidences: Sequence[float], correct: Sequence[bool], *, n_bins: int = 10, bins: Bins = "equal_width"
) -> float:
    """The error of the worst bin. Raises `ValueError` where there are no answers."""
    table = reliability(_some(confidences), correct, n_bins=n_bins, bins=bins)
    return max(abs(b.accuracy - b.confidence) for b in table)


def brier_score(confidences: Sequence[float], correct: Sequence[bool]) -> float:
    """The mean square of confidence less verdict: 0 at best, 0.25 where 0.5 is always said.

    Raises `ValueError` where there are no answers.

    >>> brier_score([1.0, 0.5], [True, False])
    0.125
    """
    pairs = _pairs(_some(confidences), correct)
    return math.fsum((confidence - is_right) ** 2 for confidence, is_right in pairs) / len(pairs)


def risk_coverage(confidences: Sequence[float], correct: Sequence[bool]) -> list[Point]:
    """A point for each confidence from which on one might answer, the highest first.

    >>> [(p.coverage, p.risk) for p in risk_coverage([0.9, 0.8, 0.8, 0.1], [True, True, False, False])]
    [(0.25, 0.0), (0.75, 0.3333333333333333), (1.0, 0.5)]
    """
    points = []
    n_answered = n_wrong = 0
    for threshold, n, wrong in _levels(confidences, correct):
        n_answered, n_wrong = n_answered + n, n_wrong + wrong
        points.append(Point(threshold, n_answered / len(confidences), n_wrong / n_answered))
    return points


def area_under_risk_coverage(confidences: Sequence[float], correct: Sequence[bool]) -> float:
    """AURC: the mean risk of answering the 1, 2, … n most confident questions; equal confidences in random order.

    0 where all is right; the error rate where confidence tells nothing. Raises `ValueError` where there are no answers.

    >>> area_under_risk_coverage([0.9, 0.1], [True, False]), area_under_risk_coverage([0.5, 0.5], [True, False])
    (0.25, 0.5)
    """
    risks: list[float] = []
    n_answered = n_wrong = 0
    for _, n, wrong in _levels(_some(confidences), correct):
        risks += [(n_wrong + wrong * i / n) / (n_answered + i) for i in range(1, n + 1)]
        n_answered, n_wrong = n_answered + n, n_wrong + wrong
    return math.fsum(risks) / len(risks)


def abstention(answered: Sequence[bool], correct: Sequence[bool]) -> Abstention:
    """What abstaining gained: accuracy of what was answered beside the share that was.

    Raises `ValueError` where there are no questions, or not as many verdicts.
    """
    if not answered or len(answered) != len(correct):
        raise ValueError(f"{len(answered)} questions, {len(correct)} verdicts")
    n_answered = sum(map(bool, answered))
    n_right = sum(bool(is_answered and is_right) for is_answered, is_right in zip(answered, correct, strict=True))
    return Abstention(
        n=len(answered),
        n_answered=n_answered,
        coverage=n_answered / len(answered),
        selective_accuracy=n_right / n_answered if n_answered else None,
        accuracy=n_right / len(answered),
    )


def _pairs(confidences: Sequence[float], correct: Sequence[bool]) -> list[tuple[float, bool]]:
    """Sorted by confidence."""
    if len(confidences) != len(correct):
        raise ValueError(f"{len(confidences)} confidences, {len(correct)} verdicts")
    for confidence in confidences:
        if not 0 <= confidence <= 1:
            raise ValueError(f"confidence {confidence} is not within [0, 1]")
    return sorted(
        (float(confidence), bool(is_right)) for confidence, is_right in zip(confidences, correct, strict=True)
    )


def _some(confidences: Sequence[float]) -> Sequence[float]:
    if not len(confidences):
        raise ValueError("no answers whose confidence could be judged")
    return confidences


def _levels(confidences: Sequence[float], correct: Sequence[bool]) -> list[tuple[float, int, int]]:
    """(confidence, answers that have it, wrong ones among them), the highest first."""
    levels: dict[float, tuple[int, int]] = {}
    for confidence, is_right in reversed(_pairs(confidences, correct)):
        n, n_wrong = levels.get(confidence, (0, 0))
        levels[confidence] = (n + 1, n_wrong + (not is_right))
    return [(confidence, n, n_wrong) for confidence, (n, n_wrong) in levels.items()]
