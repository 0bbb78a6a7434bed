"""Does the evidence carry an answer? A logistic model of eight features, each about 0 to 1.

The weights were fitted by ``eval/fit_answerability.py`` on the development questions under
``tests/questions/*_dev.jsonl``; the probability is shown as an answer's confidence.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Features:
    """What is known of a question and its evidence. The *topic* is what the question is about: its terms
    without those that ask, weighted by idf.

    similarity: cosine of the question and the nearest sentence.
    head_similarity: cosine of the question and the nearest title. It counts against an answer: a sentence must
        come nearer than the bare name of what is asked about.
    coverage: share of the topic in the best sentence, with its title, that speaks to the aspect asked for
        (treatment, inheritance, …), if any.
    unknown: share of the topic in terms that no passage has.
    agreement: share of the top five passages that more than one retriever found.
    asked_alike: cosine of the question and the nearest one that a passage answers; 0 where none answers one.
    title_match: how nearly the title above the best sentence is the topic.
    best_asked_alike: as asked_alike, of the best sentence's passage.
    """

    similarity: float
    head_similarity: float
    coverage: float
    unknown: float
    agreement: float
    asked_alike: float
    title_match: float
    best_asked_alike: float


def terms_of(features: Features) -> Mapping[str, float]:
    """The features and two products, by name: a near sentence counts more where it has the words asked for."""
    return {
        **asdict(features),
        "similarity_times_coverage": features.similarity * features.coverage,
        "coverage_squared": features.coverage**2,
    }


_INTERCEPT = -5.47
_WEIGHTS: Mapping[str, float] = {
    "similarity": 7.41,
    "head_similarity": -1.14,
    "coverage": -2.07,
    "unknown": -2.1,
    "agreement": 0.55,
    "asked_alike": -0.97,
    "title_match": -2.5,
    "best_asked_alike": 2.24,
    "similarity_times_coverage": 6.85,
    "coverage_squared": 1.64,
}


def probability(features: Features) -> float:
    """The probability (0–1) that the evidence carries an answer."""
    z = _INTERCEPT + sum(_WEIGHTS[name] * value for name, value in terms_of(features).items())
    return 1 / (1 + math.exp(-z))
