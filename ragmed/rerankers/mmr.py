"""Maximal marginal relevance: next comes the passage that is relevant and says what those before it do not.

Source: Carbonell & Goldstein 1998, "The Use of MMR, Diversity-Based Reranking for Reordering Documents and Producing
Summaries" (SIGIR, doi:10.1145/290941.291025): of the passages left, the one with the highest
λ · relevance − (1 − λ) · (similarity to the most similar passage before it).

Relevance is the score given, its place between the lowest (0) and the highest (1) of the passages read. Similarity
(0–1) is the cosine of the passages' terms, weighted by tf-idf among the passages read, or of their vectors where an
encoder is named.

Signals: ``mmr_relevance`` and ``mmr_redundancy``, whose sum is the score.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ragmed.analysis.terms import terms
from ragmed.errors import RecipeError
from ragmed.protocols import Encoder, Reranker
from ragmed.rerankers._order import ranked, relevances, whole_text, with_score
from ragmed.types import Evidence, Query


@dataclass(frozen=True)
class MMR:
    """``relevance_weight`` is the paper's λ (0–1): 1 leaves the order as it is, 0 looks at redundancy alone."""

    relevance_weight: float = 0.7
    depth: int = 50
    encoder: Encoder | None = field(default=None, metadata={"family": "encoders", "default": None})

    def __post_init__(self) -> None:
        if not 0 <= self.relevance_weight <= 1 or self.depth < 1:
            raise RecipeError("mmr: relevance_weight must be between 0 and 1, depth at least 1")

    def rerank(self, query: Query, evidence: Sequence[Evidence], k: int) -> tuple[Evidence, ...]:
        # By id, so that the first of equals is the one with the smaller id.
        read = sorted(evidence[: self.depth], key=lambda e: e.passage.passage_id)
        relevance = self.relevance_weight * np.array(relevances(read))
        similarity = (1 - self.relevance_weight) * self._similarity([whole_text(e.passage) for e in read])
        redundancy = np.zeros(len(read))
        left = list(range(len(read)))
        chosen: list[Evidence] = []
        while left:
            row = max(left, key=lambda i: relevance[i] - redundancy[i])
            parts = {"mmr_relevance": float(relevance[row]), "mmr_redundancy": 0.0 - float(redundancy[row])}
            chosen.append(with_score(read[row], sum(parts.values()), **parts))
            left.remove(row)
            redundancy = np.maximum(redundancy, similarity[row])
        return ranked(chosen, evidence[self.depth :], k)

    def _similarity(self, texts: Sequence[str]) -> NDArray[np.float64]:
        vectors = _term_vectors(texts) if self.encoder is None else self.encoder.encode_passages(texts)
        # A negative cosine is no novelty; rounding makes that of a text with itself more than 1.
        return np.clip(vectors.astype(np.float64) @ vectors.astype(np.float64).T, 0.0, 1.0)


def _term_vectors(texts: Sequence[str]) -> NDArray[np.float64]:
    """tf-idf among the texts, one unit vector a row: (1 + ln tf) · (1 + ln(n / df)); zero for a text without terms."""
    counts = [Counter(terms(text)) for text in texts]
    frequencies = Counter(term for of_text in counts for term in of_text)
    columns = {term: column for column, term in enumerate(sorted(frequencies))}
    vectors = np.zeros((len(texts), len(columns)))
    for row, of_text in enumerate(counts):
        for term, n in of_text.items():
            vectors[row, columns[term]] = (1 + math.log(n)) * (1 + math.log(len(texts) / frequencies[term]))
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(norms > 0, norms, 1.0))


COMPONENT: type[Reranker] = MMR
