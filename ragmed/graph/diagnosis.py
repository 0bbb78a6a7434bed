"""Diseases ranked by the findings of a patient: a conditional logit over what the profiles say.

    P(disease | findings) ∝ exp(Σ weight · feature(disease, findings))

The features compare findings with profiles as the likelihood ratios of Robinson et al. 2020 (LIRICAL, AJHG 107:403) and
the semantic similarity of Köhler et al. 2009 (Phenomizer, AJHG 85:457) do: how much more often a finding, or what it is
a kind of, is met in the disease than in any; whether it is stated of it; what of the disease is missing; what is
excluded in the patient and usual in the disease; and how well studied the disease is, which stands for how often it is
met. A finding that is only implied ("Abnormality of the eye") counts by how rare it is, so that imprecise findings
still help.

The weights were fitted by eval/fit_diagnosis.py on case reports of the phenopacket store (development genes), as told
and with findings replaced by their parents at random, diseases counting about the same; ragmed has no trained part for
diagnosis but these seventeen numbers. The probabilities are those of the logit: of the diseases compared, if it is one
of them at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ragmed.graph.findings import PREDICATE, Profiles, share_told
from ragmed.graph.store import Graph

FEATURES = (
    "specific",
    "stated",
    "stated_often",
    "stated_rarely_elsewhere",
    "narrower_stated",
    "specific_each",
    "stated_each",
    "stated_often_each",
    "stated_rarely_elsewhere_each",
    "narrower_stated_each",
    "excluded_usual",
    "excluded_seldom",
    "excluded_denied",
    "unexplained",
    "publications",
    "patients",
    "findings",
)
"""Of the findings observed, summed, and then (``_each``) over their number: the logarithm of how much more often the
finding or what it is a kind of is met in the disease (root of the frequency) than in any; 1 where it is stated; the
logarithm of how much more often, where it is stated; its inverse document frequency, where it is stated; 1 where not it
but one of its direct kinds is stated. Of the findings excluded, summed: the logarithm of how often it is absent, where
it is usual in the disease; 1 where the disease is known to come without it in most patients, and 1 more where it is
denied of it. Of the disease: the findings to be expected that the patient has not; the logarithms of one more than its
publications, its patients, its findings."""
_N_OF_FINDING = 5
_WEIGHTS = Path(__file__).with_name("_diagnosis_weights.json")
USUAL, SELDOM = 0.8, 0.5
"""From what share of patients on a finding is usual, and below which most are without it."""
_MISS = 0.1
"""How likely a finding is where the disease says nothing of it, beside what is met in any disease."""
_REMEMBERED = 4096

How = Literal["stated", "narrower", "broader", "unknown", "denied", "excluded", "excluded as usual"]
"""How a finding stands to a disease. Observed: stated of it; a kind of it is (``narrower``); what it is a kind of is
(``broader``); nothing is known; denied of it. Excluded in the patient: usual in the disease (``excluded``), or denied
of it too (``excluded as usual``)."""


@dataclass(frozen=True, slots=True)
class Sign:
    """A finding beside a disease: ``node`` is the finding's row, ``through`` that of the finding of the disease that it
    is compared with (-1: none), ``share`` how often that is met there (0–1; None: the statements do not say), ``edges``
    the statements about it; ``points`` what it adds to the disease's score, beside one of which nothing is known."""

    node: int
    how: How
    through: int
    share: float | None
    edges: tuple[int, ...]
    points: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A disease that may explain the findings: its row, score, and probability among the diseases compared (0–1)."""

    disease: int
    score: float
    probability: float
    signs: tuple[Sign, ...] = ()


class Ranker:
    """Ranks the diseases of `Profiles`. Safe for threads."""

    def __init__(self, graph: Graph, profiles: Profiles, weights: Mapping[str, float] | None = None) -> None:
        self.graph, self.profiles = graph, profiles
        told = _fitted_weights() if weights is None else weights
        self.weights = np.array([told[name] for name in FEATURES])
        self._of_finding = lru_cache(_REMEMBERED)(self._features_of_finding)

    def features(self, observed: Sequence[int], excluded: Sequence[int] = ()) -> NDArray[np.float64]:
        """(n_diseases, 17): see ``FEATURES``. Arguments are rows of findings, each once, no one both."""
        n, profiles = len(self.profiles), self.profiles
        sums = np.zeros((n, _N_OF_FINDING))
        had: set[int] = set()
        for finding in observed:
            sums += self._of_finding(finding)
            had |= self.graph.ancestors(finding)
        explained = np.zeros(n)
        for finding in had:
            places, share = profiles.stated.of(finding)
            explained[places] += share
        absent = np.zeros((n, 3))
        for finding in excluded:
            if finding not in had:
                absent += self._excluded(finding)
        of_disease = [
            profiles.total - explained,
            np.log1p(profiles.n_publications),
            np.log1p(profiles.n_patients),
            np.log1p(profiles.n_findings),
        ]
        return np.column_stack([sums, sums / max(len(observed), 1), absent, *of_disease])

    def scores(self, observed: Sequence[int], excluded: Sequence[int] = ()) -> NDArray[np.float64]:
        """(n_diseases,): higher is likelier."""
        scores: NDArray[np.float64] = self.features(observed, excluded) @ self.weights
        return scores

    def rank(
        self, observed: Sequence[int], excluded: Sequence[int] = (), k: int = 10, *, explain: bool = True
    ) -> list[Candidate]:
        """The ``k`` likeliest diseases, best first; ties by disease id. ``explain``: with what speaks for and against.

        Without a finding observed there is nothing to explain, and no disease.
        """
        observed, excluded = list(dict.fromkeys(observed)), list(dict.fromkeys(excluded))
        if not observed:
            return []
        scores = self.scores(observed, excluded)
        likely = np.exp(scores - scores.max())
        likely /= likely.sum()
        disease = self.profiles.disease
        order = np.argsort(-scores, kind="stable")
        some = order[: k + 50].tolist()
        some.sort(key=lambda place: (-scores[place], self.graph.node_id(int(disease[place]))))
        return [
            Candidate(
                int(disease[place]),
                float(scores[place]),
                float(likely[place]),
                self._signs(place, observed, excluded) if explain else (),
            )
            for place in some[: max(k, 0)]
        ]

    def _features_of_finding(self, finding: int) -> NDArray[np.float64]:
        """(n_diseases, 5): what one finding observed says of each disease."""
        profiles, usual = self.profiles, self.profiles.usual
        best = np.zeros(len(profiles))
        above = self.graph.ancestors(finding)
        most = max(usual[row] for row in above)
        for row in above:
            places, share = profiles.implied.of(row)
            best[places] = np.maximum(best[places], np.sqrt(share) * (most / usual[row]))
        result = np.zeros((len(profiles), _N_OF_FINDING))
        result[:, 0] = np.log((1 - _MISS) * best + _MISS)
        places, _ = profiles.stated.of(finding)
        whole, whole_share = profiles.implied.of(finding)
        share = whole_share[np.searchsorted(whole, places)]
        result[places, 1] = 1
        result[places, 2] = np.log((1 - _MISS) * share * (most / usual[finding]) + _MISS)
        result[places, 3] = profiles.rarity[finding]
        for child in self.graph.children(finding):
            result[profiles.stated.of(child)[0], 4] = 1
        result[places, 4] = 0
        return result.astype(np.float32)

    def _excluded(self, finding: int) -> NDArray[np.float64]:
        """(n_diseases, 3): what one finding excluded says of each disease."""
        result = np.zeros((len(self.profiles), 3))
        places, share = self.profiles.implied.of(finding)
        usual = share >= USUAL
        result[places[usual], 0] = np.log(1 - 0.9 * share[usual])
        places, share = self.profiles.stated.of(finding)
        result[places[share < SELDOM], 1] = 1
        result[self.profiles.denied.of(finding)[0], 1:] = 1
        return result

    def _signs(self, place: int, observed: Sequence[int], excluded: Sequence[int]) -> tuple[Sign, ...]:
        """How each finding stands to a disease, those that speak most for it first."""
        weights = self.weights[:_N_OF_FINDING] + self.weights[_N_OF_FINDING : 2 * _N_OF_FINDING] / len(observed)
        nothing = float(np.log(_MISS) * weights[0])
        disease = int(self.profiles.disease[place])
        stated = self._stated(disease)
        had = {row for finding in observed for row in self.graph.ancestors(finding)}
        signs = []
        for finding in observed:
            points = float(self._of_finding(finding)[place] @ weights) - nothing
            signs.append(self._sign(finding, place, stated, points))
        for finding in excluded:
            if finding in had:
                continue
            points = float(self._excluded(finding)[place] @ self.weights[2 * _N_OF_FINDING : 2 * _N_OF_FINDING + 3])
            implied, _ = self.profiles.implied.of(finding)
            at = int(np.searchsorted(implied, place))
            if at < len(implied) and implied[at] == place:
                through = self._nearest(finding, stated, self.graph.descendants(finding))
                signs.append(self._with(finding, "excluded", through, stated, points))
            elif finding in stated:
                signs.append(self._with(finding, "excluded as usual", finding, stated, points))
        return tuple(sorted(signs, key=lambda sign: (-sign.points, sign.node)))

    def _sign(self, finding: int, place: int, stated: Mapping[int, tuple[int, ...]], points: float) -> Sign:
        profile = self.profiles.profile(place)
        if finding in profile:
            return self._with(finding, "stated", finding, stated, points)
        for how, others in (
            ("narrower", self.graph.descendants(finding)),
            ("broader", self.graph.ancestors(finding)),
        ):
            known = [row for row in others if row in profile]
            if known:
                # Of what is more special the most frequent; of what is more general the rarest.
                best = (
                    min(known, key=lambda row: (self.profiles.usual[row], row))
                    if how == "broader"
                    else max(known, key=lambda row: (profile[row], -row))
                )
                return self._with(finding, how, best, stated, points)  # type: ignore[arg-type]
        if finding in stated:
            return self._with(finding, "denied", finding, stated, points)
        return Sign(finding, "unknown", -1, None, (), points)

    def _with(self, finding: int, how: How, through: int, stated: Mapping[int, tuple[int, ...]], points: float) -> Sign:
        edges = stated.get(through, ())
        return Sign(finding, how, through, share_told(self.graph, edges), edges, points)

    def _nearest(self, finding: int, stated: Mapping[int, tuple[int, ...]], others: Iterable[int]) -> int:
        return finding if finding in stated else min((row for row in others if row in stated), default=-1)

    def _stated(self, disease: int) -> dict[int, tuple[int, ...]]:
        """Finding → the numbers of the statements about it and the disease."""
        found: dict[int, list[int]] = {}
        for number in self.graph.edges_of(disease, PREDICATE).tolist():
            found.setdefault(int(self.graph.object[number]), []).append(number)
        return {finding: tuple(numbers) for finding, numbers in found.items()}


@lru_cache(1)
def _fitted_weights() -> Mapping[str, float]:
    weights: dict[str, float] = json.loads(_WEIGHTS.read_text(encoding="utf-8"))["weights"]
    return weights
