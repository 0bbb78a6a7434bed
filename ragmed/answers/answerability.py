"""Does the evidence carry an answer? A logistic model of five features, each about 0 to 1.

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
    head_similarity: cosine of the question and the nearest title (with the question, of a QA pair). It counts
        against an answer: a sentence must come nearer than the bare name of what is asked about.
    coverage: share of the topic in the best sentence, with its title, that speaks to the aspect asked for
        (treatment, inheritance, …), if any.
    unknown: share of the topic in terms that no passage has.
    agreement: share of the top five passages that more than one retriever found.
    """

    similarity: float
    head_similarity: float
    coverage: float
    unknown: float
    agreement: float


_INTERCEPT = -8.6
_WEIGHTS = Features(
    similarity=9.1,
    head_similarity=-2.2,
    coverage=4.7,
    unknown=-3.2,
    agreement=2.0,
)


def probability(features: Features) -> float:
    """The probability (0–1) that the evidence carries an answer."""
    z = _INTERCEPT + sum(w * x for w, x in zip(astuple(_WEIGHTS), astuple(features), strict=True))
    return 1 / (1 + math.exp(-z))


def names() -> list[str]:
    """The names of the features, in order."""
    return [f.name for f in fields(Features)]
