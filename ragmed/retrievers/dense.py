"""Dense retrieval: cosine between the question's vector and every passage's.

Source: Karpukhin et al. 2020, "Dense Passage Retrieval for Open-Domain Question Answering",
arXiv:2004.04906, with the encoder named in the recipe. What is encoded of a passage: `encoder_text`.

Files: ``vectors.npy`` (`ragmed.retrievers._vectors`) and, where there are too many passages to compare with each,
an index of faiss that finds candidates (`ragmed.retrievers._vector_index`). Either way the scores are then computed
again from the stored vectors one by one in float64, so that a score does not depend on the batch, the number of
threads or the library that multiplies matrices.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ragmed.errors import EncoderError, StaleIndex
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
from ragmed.retrievers import _vector_index
from ragmed.retrievers._top import nothing_found, ranking, top_rows
from ragmed.retrievers._vector_index import Selection, VectorIndex, VectorIndexType
from ragmed.retrievers._vectors import StoredVectors, VectorsWriter
from ragmed.threads import in_threads
from ragmed.types import Passage, Query

_SPARE = 16
"""Candidates beyond k whose scores are computed exactly."""
_KNOWN = 4096
"""Vectors of queries kept, since fusion and rerankers ask for scores of the query that was just searched."""
_QUERIES, _ROWS = 64, 50_000
"""Queries and passages multiplied at once: bounds memory at their product of floats."""
_ENCODED = 8192
"""Passages encoded at once when building: bounds memory."""


@dataclass(frozen=True)
class Dense:
    """Dense retrieval with one encoder.

    ``index`` is how the nearest vectors are found: ``"flat"`` compares with every passage, ``"ivf"`` scans small codes
    of them, ``"hnsw"`` walks a graph; ``"auto"`` takes the first up to 50,000 passages and then the second. Of fewer
    than 256 passages, ``"flat"`` is made whatever is asked for.
    """

    encoder: Encoder = field(metadata={"family": "encoders", "default": "minilm"})
    index: VectorIndexType = "auto"

    def build(
        self, passages: Sequence[Passage], path: Path, progress: Progress = no_progress
    ) -> Mapping[str, str | int]:
        index = _vector_index.chosen(self.index, len(passages))
        return build_dense(self.encoder, self.encoder.encode_passages, passages, encoder_text, index, path, progress)

    def open(self, path: Path, passage_ids: Sequence[str]) -> OpenRetriever:
        return OpenDense(self.encoder, path, passage_ids)


Encode = Callable[[Sequence[str], Progress], Vectors]


def build_dense(
    encoder: Encoder,
    encode: Encode,
    passages: Sequence[Passage],
    text_of: Callable[[Passage], str],
    index: VectorIndexType,
    path: Path,
    progress: Progress,
) -> dict[str, str | int]:
    """Encode what ``text_of`` gives of each passage, in blocks, and index it; return facts for the manifest.

    Raises:
        EncoderError: a vector is of another dimension or not finite.
    """
    n, n_truncated = len(passages), 0
    with VectorsWriter(path, encoder.dim, compact=index != "flat") as writer:
        for start in range(0, n, _ENCODED):
            block = passages[start : start + _ENCODED]
            texts = [text_of(passage) for passage in block]
            vectors = encode(texts, lambda done, _, start=start: progress(start + done, n))  # type: ignore[misc]
            if vectors.shape != (len(texts), encoder.dim):
                raise EncoderError(
                    f"{encoder.fingerprint()}: gave vectors of shape {vectors.shape} for {len(texts)} texts and "
                    f"{encoder.dim} dimensions; check the encoder's options"
                )
            finite = np.isfinite(vectors).all(axis=1)
            if not finite.all():
                at = int(np.flatnonzero(~finite)[0])
                raise EncoderError(
                    f"{encoder.fingerprint()}: the vector of passage {block[at].passage_id!r} is not finite; "
                    "check the encoder's weights and precision"
                )
            writer.append(vectors)
            n_truncated += encoder.count_truncated(texts)
    _vector_index.build(path, index)
    progress(n, n)
    return {"encoder": encoder.fingerprint(), "dim": encoder.dim, "n_truncated": n_truncated, "index": index}


class OpenDense:
    """An open dense index."""

    def __init__(self, encoder: Encoder, path: Path, passage_ids: Sequence[str]) -> None:
        self.encoder = encoder
        self._ids = passage_ids
        self._known: dict[tuple[str, tuple[str, ...]], Vectors] = {}
        self._lock = threading.Lock()
        self._stored = StoredVectors(path)
        self._index = VectorIndex(path)
        if self._stored.dim != encoder.dim:
            raise StaleIndex(
                f"{path}: vectors have {self._stored.dim} dimensions, the encoder {encoder.dim}; rebuild the index"
            )

    @property
    def kind(self) -> RetrieverKind:
        return "dense"

    def search(self, queries: Sequence[Query], k: int, allowed: Allowed | None = None) -> list[Ranking]:
        n = len(self._stored) if allowed is None else int(allowed.sum())
        n_found = min(k, n)
        if n_found <= 0:
            return [nothing_found() for _ in queries]
        vectors = self._encoded(queries)
        wanted = min(k + _SPARE, n)
        if 4 * wanted > n or not self._index.is_worthwhile(n, len(self._stored)):
            return self._scan(vectors, k, wanted, allowed)
        selection = None if allowed is None or n == len(allowed) else Selection(allowed)

        def find(vector: Vectors) -> Ranking:
            rows = self._index.candidates(vector, wanted, selection)
            if len(rows) < n_found:
                return self._scan([vector], k, wanted, allowed)[0]
            return self._best(vector, rows[top_rows(self._stored.rows(rows) @ vector, wanted)], k)

        return list(in_threads(find, vectors))

    def scores(self, query: Query, rows: Rows) -> NDArray[np.float64]:
        [vector] = self._encoded([query])
        return self._stored.exact(vector, rows)

    def vectors(self, rows: Rows) -> Vectors:
        return np.asarray(self._stored.rows(rows))

    def _scan(self, vectors: Sequence[Vectors], k: int, wanted: int, allowed: Allowed | None) -> list[Ranking]:
        """Compare with every passage that is allowed."""
        rankings: list[Ranking] = []
        for first in range(0, len(vectors), _QUERIES):
            asked = np.stack(vectors[first : first + _QUERIES])
            found = [(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32))] * len(asked)
            for start in range(0, len(self._stored), _ROWS):
                rows = np.arange(start, min(start + _ROWS, len(self._stored)))
                few = allowed is not None and 4 * int(allowed[rows].sum()) < len(rows)
                if allowed is not None and few:
                    rows = rows[allowed[rows]]
                scores = asked @ self._stored.rows(rows if few else slice(start, start + _ROWS)).T
                if allowed is not None and not few:
                    scores[:, ~allowed[rows]] = -np.inf
                found = [
                    (np.append(before, rows[best]), np.append(scored, of_one[best]))
                    for (before, scored), of_one in zip(found, scores, strict=True)
                    for best in [top_rows(of_one, wanted)]
                ]
            for vector, (rows, of_rows) in zip(asked, found, strict=True):
                best = top_rows(of_rows, wanted)
                rankings.append(self._best(vector, rows[best[of_rows[best] > -np.inf]], k))
        return rankings

    def _best(self, vector: Vectors, rows: Rows, k: int) -> Ranking:
        return ranking(rows, self._stored.exact(vector, rows), k, self._ids)

    def _encoded(self, queries: Sequence[Query]) -> list[Vectors]:
        """The vector of each query; each distinct one is encoded once, alone."""
        keys = [(query.text, query.documents) for query in queries]
        with self._lock:
            known = {key: self._known[key] for key in keys if key in self._known}
        unknown = {key: query for key, query in zip(keys, queries, strict=True) if key not in known}
        new = dict(zip(unknown, in_threads(self._encode, list(unknown.values())), strict=True))
        with self._lock:
            if len(self._known) + len(new) > _KNOWN:
                self._known.clear()
            self._known.update(list(new.items())[:_KNOWN])
        known |= new
        return [known[key] for key in keys]

    def _encode(self, query: Query) -> Vectors:
        """The vector of a query; with documents, the direction of the mean of all its vectors (HyDE)."""
        vector: Vectors = self.encoder.encode_queries([query.text])[0]
        if query.documents:
            # One at a time, so that a vector does not depend on the others.
            others = [self.encoder.encode_passages([text])[0] for text in query.documents if text.strip()]
            total: NDArray[np.float64] = np.sum([vector, *others], axis=0, dtype=np.float64)
            norm = float(np.linalg.norm(total))
            vector = np.asarray(total / norm, dtype=np.float32) if norm > 0 else vector
        if not np.isfinite(vector).all():
            raise EncoderError(
                f"{self.encoder.fingerprint()}: the vector of the query {query.text[:80]!r} is not finite; "
                "check the encoder's weights and precision"
            )
        return vector


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
