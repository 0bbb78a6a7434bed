"""BM25's parameters from the shape of the passages: how many, how long, how repetitive."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldShape:
    """One field over all passages. Lengths are in terms.

    ``present`` is the share of passages that have it (0–1); ``mean_length`` and ``variation`` (standard deviation over
    mean; 0 where the mean is) are over those; ``repetition`` is how often a term occurs in a passage's field, on
    average over the terms that it has.
    """

    present: float
    mean_length: float
    variation: float
    repetition: float


@dataclass(frozen=True, slots=True)
class CorpusShape:
    """What `parameters` sees of the passages: statistics, no words."""

    n_passages: int
    title: FieldShape
    question: FieldShape
    text: FieldShape


@dataclass(frozen=True, slots=True)
class Parameters:
    """BM25's parameters, as `ragmed.retrievers.bm25.BM25` explains them."""

    k1: float
    b: float
    title_weight: float
    question_weight: float


def parameters(shape: CorpusShape) -> Parameters:
    """The parameters for passages of this shape: Anserini's k1 and b, and fields of equal weight, for any."""
    return Parameters(k1=0.9, b=0.4, title_weight=1.0, question_weight=1.0)
