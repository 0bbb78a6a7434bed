"""BM25's parameters from the shape of the passages: how many, how long, how repetitive."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


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


def shape_of(lengths: NDArray[np.uint32], n_postings: int) -> FieldShape:
    """A field's shape. ``lengths`` (n_passages,); ``n_postings``: the number of distinct terms, over all passages."""
    present = lengths[lengths > 0].astype(np.float64)
    if not len(present):
        return FieldShape(present=0.0, mean_length=0.0, variation=0.0, repetition=0.0)
    mean = float(present.mean())
    return FieldShape(
        present=len(present) / len(lengths),
        mean_length=mean,
        variation=float(present.std()) / mean,
        repetition=float(present.sum()) / n_postings,
    )


def parameters(shape: CorpusShape) -> Parameters:
    """The parameters for passages of this shape.

    ``k1`` is Anserini's and the fields weigh the same. ``b`` grows with how much the lengths of texts vary, from 0.3
    to 0.75: where all are about as long, a length says little; where short and long stand side by side, long ones
    would crowd out the others. Found on development sets, of which those of varying lengths (variation 1.2: BioASQ,
    MedQuAD, K-QA) lose 0.01 to 0.05 nDCG@10 with b = 0.4, and those of even ones (0.25 to 0.35: PubMedQA, a textbook's
    sections) 0.001 at most with any b; see docs/retrieval.md.
    """
    b = min(0.75, max(0.3, 0.6 * shape.text.variation))
    return Parameters(k1=0.9, b=round(b, 2), title_weight=1.0, question_weight=1.0)
