"""Dense retrieval, exact: cosine between the question's vector and every passage's.

Source: Karpukhin et al. 2020, "Dense Passage Retrieval for Open-Domain Question Answering",
arXiv:2004.04906, with the encoder named in the recipe. What is encoded of a passage: `encoder_text`.

File: ``vectors.npy``, float32 (n_passages, dim), unit norm, memory-mapped. A matrix product picks
candidates; their scores are then computed again one by one in float64, so that a score does not depend on
the batch, the number of threads or the library that multiplies matrices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ragmed.columns import map_array, write_array
from ragmed.errors import StaleIndex
from ragmed.protocols import (
    Allowed,
    Encoder,
    OpenRetriever,
    Progress,
    Ranking,
    Retriever,
    RetrieverKind,
    Rows,
    Vectors,
    no_progress,
)
from ragmed.retrievers._top import ranking, top_rows
from ragmed.types import Passage, Query

_SPARE = 16
"""Candidates beyond k whose scores are computed exactly."""
_KNOWN = 1024
"""Vectors of queries kept, since fusion and rerankers ask for scores of the query that was just searched."""
_BLOCK = 64
"""Queries multiplied at once: bounds memory at _BLOCK × n_passages floats."""


@dataclass(frozen=True)
class Dense:
    """Exact dense retrieval with one encoder."""

    encoder: Encoder = field(metadata={"family": "encoders", "default": "minilm"})

    def build(
        self, passages: Sequence[Passage], path: Path, progress: Progress = no_progress
    ) -> Mapping[str, str | int]:
        texts = [encoder_text(passage) for passage in passages]
        vectors = self.encoder.encode_passages(texts, progress)
        write_array(path / "vectors.npy", vectors.reshape(-1, self.encoder.dim))
        return {
            "encoder": self.encoder.fingerprint(),
            "dim": self.encoder.dim,
            "n_truncated": self.encoder.count_truncated(texts),
        }

    def open(self, path: Path, passage_ids: Sequence[str]) -> OpenRetriever:
        return OpenDense(self.encoder, path, passage_ids)


class OpenDense:
    """An open dense index."""

    def __init__(self, encoder: Encoder, path: Path, passage_ids: Sequence[str]) -> None:
        self.encoder = encoder
        self._ids = passage_ids
        self._known: dict[tuple[str, tuple[str, ...]], Vectors] = {}
        self._vectors = map_array(path / "vectors.npy")
        if self._vectors.ndim != 2 or self._vectors.shape[1] != encoder.dim:
            raise StaleIndex(
                f"{path}: vectors have {self._vectors.shape[-1]} dimensions, the encoder {encoder.dim}; "
                "rebuild the index"
            )

    @property
    def kind(self) -> RetrieverKind:
        return "dense"

    def search(self, queries: Sequence[Query], k: int, allowed: Allowed | None = None) -> list[Ranking]:
        rankings: list[Ranking] = []
        for start in range(0, len(queries), _BLOCK):
            encoded = np.stack([self._vector(query) for query in queries[start : start + _BLOCK]])
            scores = encoded @ self._vectors.T
            if allowed is not None:
                scores[:, ~allowed] = -np.inf
            rankings += [self._best(vector, of_query, k) for vector, of_query in zip(encoded, scores, strict=True)]
        return rankings

    def scores(self, query: Query, rows: Rows) -> NDArray[np.float64]:
        return self._exact(self._vector(query), rows)

    def vectors(self, rows: Rows) -> Vectors:
        return np.asarray(self._vectors[rows])

    def _vector(self, query: Query) -> Vectors:
        """The vector of a query; with documents, the direction of the mean of all its vectors (HyDE)."""
        key = (query.text, query.documents)
        vector = self._known.get(key)
        if vector is None:
            vector = self._encode(query)
            if len(self._known) >= _KNOWN:
                self._known.clear()
            self._known[key] = vector
        return vector

    def _encode(self, query: Query) -> Vectors:
        vector: Vectors = self.encoder.encode_queries([query.text])[0]
        if not query.documents:
            return vector
        # One at a time, so that a vector does not depend on the others.
        others = [self.encoder.encode_passages([text])[0] for text in query.documents if text.strip()]
        total: NDArray[np.float64] = np.sum([vector, *others], axis=0, dtype=np.float64)
        norm = float(np.linalg.norm(total))
        return np.asarray(total / norm, dtype=np.float32) if norm > 0 else vector

    def _best(self, vector: Vectors, scores: NDArray[np.float32], k: int) -> Ranking:
        rows = top_rows(scores, k + _SPARE if k > 0 else 0)
        rows = rows[scores[rows] > -np.inf].astype(np.int64)
        return ranking(rows, self._exact(vector, rows), k, self._ids)

    def _exact(self, vector: Vectors, rows: Rows) -> NDArray[np.float64]:
        exact: NDArray[np.float64] = (self._vectors[rows].astype(np.float64) * vector.astype(np.float64)).sum(axis=1)
        return exact


def encoder_text(passage: Passage) -> str:
    """What of a passage the encoder reads.

    A title is read once: where the text repeats it, the repetitions are left out, so that they neither
    crowd out the rest of a short window nor cost time.

    >>> from ragmed.types import Passage
    >>> text = "Marfan syndrome is inherited. In Marfan syndrome the lens is dislocated."
    >>> print(encoder_text(Passage("p", "d", 0, 0, text, "Marfan syndrome", "s", "u", "l")))
    Marfan syndrome
    is inherited. In the lens is dislocated.
    """
    text = passage.text
    if passage.title:
        text = " ".join(text.replace(passage.title, "").split())
    return "\n".join(part for part in (passage.title, passage.section, passage.question, text) if part)


COMPONENT: type[Retriever] = Dense
