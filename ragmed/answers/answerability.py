"""Does the evidence carry an answer? A logistic model of six features, each between 0 and 1.

The weights were fitted by ``eval/fit_answerability.py`` on the development questions under
``tests/questions/*_dev.jsonl``; the probability is shown as an answer's confidence.
"""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass, fields


@dataclass(frozen=True, slots=True)
class Features:
    """What is known of a question and its evidence. The *topic* is what the question is about: its terms
    without those that ask, weighted by idf.

    similarity: cosine of the question and the nearest sentence.
    head_similarity: cosine of the question and the nearest title (with the question, of a QA pair).
    coverage: share of the topic in the best sentence, with its title, that speaks to the aspect asked for
        (treatment, inheritance, …), if any.
    unknown: share of the topic in terms that no passage has.
    rarest_found: 1 where the best passage has the topic's rarest term, else 0.
    agreement: share of the top five passages that more than one retriever found.
    """

    similarity: float
    head_similarity: float
    coverage: float
    unknown: float
    rarest_found: float
    agreement: float


_INTERCEPT = -6.5
_WEIGHTS = Features(
    similarity=3.5,
    head_similarity=1.5,
    coverage=4.0,
    unknown=-3.0,
    rarest_found=0.5,
    agreement=1.0,
)


def probability(features: Features) -> float:
    """The probability (0–1) that the evidence carries an answer."""
    z = _INTERCEPT + sum(w * x for w, x in zip(astuple(_WEIGHTS), astuple(features), strict=True))
    return 1 / (1 + math.exp(-z))


def names() -> list[str]:
    """The names of the features, in order."""
    return [f.name for f in fields(Features)]
