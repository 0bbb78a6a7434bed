"""Does the evidence carry an answer? A logistic model of ten features, each between 0 and 1.

The weights were fitted by ``eval/fit_answerability.py`` on the development questions under
``tests/questions/*_dev.jsonl``; the probability is shown as an answer's confidence.
"""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass, fields


@dataclass(frozen=True, slots=True)
class Features:
    """What is known of a question and its evidence; "topic" is what the question is about, its idf weight
    shared among its terms.

    similarity: cosine of the question and the nearest sentence.
    head_similarity: cosine of the question and the nearest title (with the question, of a QA pair).
    coverage: share of the topic in the best sentence with its title.
    passage_coverage: share of the topic in the best passage.
    unknown: share of the topic in terms that no passage has.
    rarest_found: whether the best passage has the topic's rarest term.
    agreement: share of the top five passages that more than one retriever found.
    aspect_coverage: share of the topic in the best sentence that speaks to what is asked of it (treatment,
        dose, inheritance, …); the same as coverage where no aspect is asked.
    title_match: how nearly the nearest title is the topic.
    aspect_missing: whether an aspect is asked that no sentence speaks to.
    """

    similarity: float
    head_similarity: float
    coverage: float
    passage_coverage: float
    unknown: float
    rarest_found: float
    agreement: float
    aspect_coverage: float
    title_match: float
    aspect_missing: float


_INTERCEPT = -6.0
_WEIGHTS = Features(
    similarity=4.0,
    head_similarity=1.0,
    coverage=2.0,
    passage_coverage=2.0,
    unknown=-3.0,
    rarest_found=0.5,
    agreement=0.5,
    aspect_coverage=2.0,
    title_match=1.0,
    aspect_missing=-2.0,
)


def probability(features: Features) -> float:
    """The probability (0–1) that the evidence carries an answer."""
    z = _INTERCEPT + sum(w * x for w, x in zip(astuple(_WEIGHTS), astuple(features), strict=True))
    return 1 / (1 + math.exp(-z))


def names() -> list[str]:
    """The names of the features, in order."""
    return [f.name for f in fields(Features)]
