"""What tells candidate diseases apart: the findings in which they differ, and which of them to ask or test next.

How probable a finding is in a disease is told by its profile: `ragmed.graph.shares`.

What a finding tells is the mutual information of its presence and the disease, in bits: the entropy of the candidates'
distribution less the one expected once it is known. Within a disease findings are taken as independent.

Profiles are not complete, so less is learnt than expected. Of 318 case reports (phenopacket store, development genes),
half of whose findings were shown and whose disease was among the first five, 519 questions were answered by the other
half: the disease gained 0.11 bits on the mean where 0.25 were expected, and lost 0.41 where the report's own
publication was left out of the disease's profile. What is proposed are questions worth asking; the probabilities after
an answer are no diagnosis.

Source: Lindley 1956, "On a Measure of the Information Provided by an Experiment" (Annals of Mathematical Statistics
27:986): what is learnt from a test is the entropy it is expected to take away.
That the differences of candidate diseases be elicited from a graph, and asked for: Zhao et al. 2025, "MedRAG"
(https://arxiv.org/abs/2502.04413).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ragmed.graph.shares import DEFAULT_CHANCES, Ancestors, Background, Chances, Profile, Shares

Known = Literal["", "observed", "excluded"]

_LEAST_BITS = 0.01
"""What tells less tells nothing."""
_MAX_KNOWN = 8
"""The answers to so many findings are taken into account when the next is chosen."""
_LEAST_LIFT = 0.01
"""A share nearer than this to the candidates' mean neither raises nor lowers."""
_LEAST_SAID, _MAX_NAMED = 0.05, 2
"""A probability that moves less is not said to move, and so many are said to rise, or fall, at most."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A finding in which candidates differ.

    ``shares`` holds, for each candidate in order, the share of its patients taken to have the finding, and ``stated``
    the one that its profile gives for the finding or a kind of it (0: it denies it, or what it is a kind of; None: it
    says nothing). ``bits`` is what the finding tells where all candidates are as likely; ``specificity`` how rare it is
    over all diseases (−log2 of its share). ``raises`` and ``lowers`` are the places of the candidates that its presence
    makes likelier, or less likely, the most affected first. ``known``: whether the patient has it.
    """

    finding: int
    shares: tuple[float, ...]
    stated: tuple[float | None, ...]
    bits: float
    specificity: float
    raises: tuple[int, ...]
    lowers: tuple[int, ...]
    known: Known = ""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A finding to ask or test next.

    ``bits`` is what is expected of the answer by itself, ``chance`` the probability that the finding is present;
    ``before``, ``if_present`` and ``if_absent`` are the candidates' probabilities, each summing to 1.
    """

    finding: int
    bits: float
    chance: float
    before: tuple[float, ...]
    if_present: tuple[float, ...]
    if_absent: tuple[float, ...]


def differences(
    profiles: Sequence[Profile],
    observed: Collection[int] = (),
    excluded: Collection[int] = (),
    *,
    ancestors: Ancestors,
    background: Background,
    n: int = 10,
    chances: Chances = DEFAULT_CHANCES,
) -> tuple[Difference, ...]:
    """The findings that tell candidate diseases apart: up to ``n`` that the patient is known to have or not to have,
    then up to ``n`` others, either the most telling first.

    Of others that are kinds of one another only the most telling is given; one that is implied by what is known is not.
    """
    if len(profiles) < 2:
        return ()
    shares = Shares(profiles, ancestors=ancestors, background=background, chances=chances)
    alike = np.full(len(profiles), 1 / len(profiles))
    known = sorted(set(observed) | set(excluded))
    open_ = _open_findings(profiles, observed, excluded, ancestors)
    found = []
    for finding, bits in _ranked(known, shares, alike)[:n] + _distinct(_ranked(open_, shares, alike), ancestors, n):
        of = shares.of(finding)
        lift = of - of.mean()
        order = sorted(range(len(profiles)), key=lambda place: (-abs(lift[place]), place))
        found.append(
            Difference(
                finding,
                tuple(of.tolist()),
                shares.stated(finding),
                bits,
                -math.log2(max(background(finding), 1e-9)),
                tuple(place for place in order if lift[place] > _LEAST_LIFT),
                tuple(place for place in order if lift[place] < -_LEAST_LIFT),
                "observed" if finding in observed else "excluded" if finding in excluded else "",
            )
        )
    return tuple(found)


def follow_up(
    profiles: Sequence[Profile],
    probabilities: Sequence[float],
    observed: Collection[int] = (),
    excluded: Collection[int] = (),
    *,
    ancestors: Ancestors,
    background: Background,
    n: int = 5,
    chances: Chances = DEFAULT_CHANCES,
) -> tuple[FollowUp, ...]:
    """Up to ``n`` findings whose presence or absence is expected to tell most about which candidate it is: the most
    telling, then that which tells most once the answers to those before are known, and so on.

    Not asked: what follows from the findings observed (they are a kind of it), and what is excluded or a kind of that.
    Of findings that are kinds of one another only the most telling is asked.

    Args:
        profiles: of the candidates.
        probabilities: how likely each is, 0 or more, in any unit.

    Raises:
        ValueError: not one probability for each profile, or one that is negative or no number.
    """
    prior = _distribution(profiles, probabilities)
    shares = Shares(profiles, ancestors=ancestors, background=background, chances=chances)
    open_ = _open_findings(profiles, observed, excluded, ancestors)
    found = []
    for finding, bits in _in_turn(_ranked(open_, shares, prior), shares, prior, ancestors, n):
        present = shares.of(finding) * prior
        absent = prior - present
        found.append(
            FollowUp(
                finding,
                bits,
                float(present.sum()),
                tuple(prior.tolist()),
                tuple((present / present.sum()).tolist()),
                tuple((absent / absent.sum()).tolist()),
            )
        )
    return tuple(found)


def in_words(follow: FollowUp, names: Sequence[str]) -> str:
    """How an answer to a follow-up question is read.

    >>> in_words(FollowUp(7, 0.4, 0.5, (0.5, 0.5), (0.9, 0.1), (0.2, 0.8)), ["Marfan syndrome", "homocystinuria"])
    'present → raises Marfan syndrome (50 → 90 %), lowers homocystinuria (50 → 10 %); absent → raises \
homocystinuria (50 → 80 %), lowers Marfan syndrome (50 → 20 %)'
    """
    readings = []
    for answer, after in (("present", follow.if_present), ("absent", follow.if_absent)):
        moves = [new - old for old, new in zip(follow.before, after, strict=True)]
        order = sorted(range(len(moves)), key=lambda place: (-abs(moves[place]), place))
        said = []
        for verb, sign in (("raises", 1), ("lowers", -1)):
            places = [place for place in order if sign * moves[place] >= _LEAST_SAID][:_MAX_NAMED]
            if places:
                changes = [f"{names[at]} ({100 * follow.before[at]:.0f} → {100 * after[at]:.0f} %)" for at in places]
                said.append(f"{verb} {', '.join(changes)}")
        readings.append(f"{answer} → {', '.join(said) or 'changes little'}")
    return "; ".join(readings)


def _open_findings(
    profiles: Sequence[Profile], observed: Collection[int], excluded: Collection[int], ancestors: Ancestors
) -> list[int]:
    """Findings of the profiles whose presence is not known, nor follows from what is."""
    implied = {row for finding in observed for row in ancestors(finding) | {finding}}
    ruled_out = set(excluded)
    return sorted(
        finding
        for finding in {finding for profile in profiles for finding in profile}
        if finding not in implied and not ruled_out & (ancestors(finding) | {finding})
    )


def _ranked(findings: Sequence[int], shares: Shares, prior: NDArray[np.float64]) -> list[tuple[int, float]]:
    """Findings that tell something, with what they tell in bits, the most telling first; ties by row."""
    if not findings or not len(prior):
        return []
    bits = _information(np.array([shares.of(finding) for finding in findings]), prior)
    told = [(finding, one) for finding, one in zip(findings, bits.tolist(), strict=True) if one >= _LEAST_BITS]
    return sorted(told, key=lambda item: (-round(item[1], 12), item[0]))


def _information(shares: NDArray[np.float64], prior: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n findings,): the mutual information of each finding's presence and the disease, in bits.

    Args:
        shares: (n findings, n diseases) P(finding | disease), none of them 0 or 1.
        prior: (n diseases,) their probabilities.
    """
    chance = shares @ prior
    within = _binary_entropy(shares) @ prior
    told: NDArray[np.float64] = np.maximum(_binary_entropy(chance) - within, 0.0)
    return told


def _binary_entropy(p: NDArray[np.float64]) -> NDArray[np.float64]:
    entropy: NDArray[np.float64] = -(p * np.log2(p) + (1 - p) * np.log2(1 - p))
    return entropy


def _distinct(ranked: Iterable[tuple[int, float]], ancestors: Ancestors, n: int) -> list[tuple[int, float]]:
    """The first ``n`` findings, but none that is a kind of one before, or of which one before is a kind."""
    kept: list[tuple[int, float]] = []
    above: set[int] = set()
    for finding, bits in ranked:
        if len(kept) >= n:
            break
        own = ancestors(finding)
        if finding not in above and not any(other in own for other, _ in kept):
            kept.append((finding, bits))
            above |= own | {finding}
    return kept


def _in_turn(
    ranked: Sequence[tuple[int, float]], shares: Shares, prior: NDArray[np.float64], ancestors: Ancestors, n: int
) -> list[tuple[int, float]]:
    """As `_distinct`, but that each finding tells most beyond those before it."""
    left = dict(ranked)
    chosen: list[tuple[int, float]] = []
    outcomes = prior[np.newaxis, :]  # P(answers so far, disease)
    related = {finding: ancestors(finding) | {finding} for finding in left}
    while left and len(chosen) < n:
        findings = sorted(left)
        own = np.array([shares.of(finding) for finding in findings])
        weight = outcomes.sum(axis=1)
        told = weight @ _binary_entropy((outcomes @ own.T) / weight[:, np.newaxis]) - _binary_entropy(own) @ prior
        best = min(range(len(findings)), key=lambda at: (-round(float(told[at]), 12), findings[at]))
        finding = findings[best]
        if told[best] < _LEAST_BITS:
            break
        chosen.append((finding, left[finding]))
        left = {
            other: bits
            for other, bits in left.items()
            if finding not in related[other] and other not in related[finding]
        }
        if len(chosen) <= _MAX_KNOWN:
            outcomes = np.concatenate([outcomes * own[best], outcomes * (1 - own[best])])
    return chosen


def _distribution(profiles: Sequence[Profile], probabilities: Sequence[float]) -> NDArray[np.float64]:
    weights = np.array(probabilities, dtype=np.float64)
    if len(weights) != len(profiles) or not np.isfinite(weights).all() or (weights < 0).any():
        raise ValueError(f"{len(profiles)} candidates need as many probabilities, 0 or more; got {list(probabilities)}")
    total = float(weights.sum())
    if not total:
        return np.full(len(weights), 1 / max(len(weights), 1))
    result: NDArray[np.float64] = weights / total
    return result
