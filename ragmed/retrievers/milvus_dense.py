"""Dense retrieval served by Milvus. Needs the extra ``milvus``.

What is encoded of a passage, and of a query, is as in `ragmed.retrievers.dense`. Milvus finds candidates; their vectors
are fetched and the scores computed again here, one by one in float64, so that they are the local retriever's. The
vectors of sources are in partitions of their own (`ragmed.retrievers._milvus_collection`).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ragmed.errors import EncoderError
from ragmed.protocols import (
    Allowed,
    Encoder,
    OpenRetriever,
    Progress,
    Ranking,
    Retriever,
    Rows,
    Vectors,
    no_progress,
)
from ragmed.retrievers._milvus import Connection, Place
from ragmed.retrievers._milvus_collection import Loaded, Loader, Values, open_collection
from ragmed.retrievers._milvus_filter import Columns
from ragmed.retrievers._top import nothing_found, ranking
from ragmed.retrievers.dense import OpenDense, encoder_text
from ragmed.types import Passage, Query

_FIELD = "vector"
_ENCODED = 8192
"""Passages encoded and sent at once when building: bounds memory."""
_SPARE = 16
"""Candidates beyond k."""
_FEW = 50_000
"""Up to so many passages, each is compared with the query."""
_FETCHED = 16_384
"""Passages whose vectors are kept."""


@dataclass(frozen=True, kw_only=True)
class MilvusDense(Place):
    """Dense retrieval with one encoder. ``index`` is Milvus's: ``"flat"`` compares with every passage, ``"hnsw"`` walks
    a graph; ``"auto"`` takes the first up to 50,000 passages and then the second."""

    encoder: Encoder = field(metadata={"family": "encoders", "default": "minilm"})
    index: Literal["auto", "flat", "hnsw"] = "auto"

    def build(
        self, passages: Sequence[Passage], path: Path, progress: Progress = no_progress
    ) -> Mapping[str, str | int]:
        n = len(passages)
        with Loader(self, "dense", path, n) as loader:
            types = loader.connection.pymilvus.DataType
            loader.create(lambda schema: schema.add_field(_FIELD, types.FLOAT_VECTOR, dim=self.encoder.dim))
            for start in range(0, n, _ENCODED):
                block = passages[start : start + _ENCODED]
                vectors = self.encoder.encode_passages(
                    [encoder_text(passage) for passage in block],
                    lambda done, _, start=start: progress(start + done, n),  # type: ignore[misc]
                )
                if vectors.shape != (len(block), self.encoder.dim) or not np.isfinite(vectors).all():
                    raise EncoderError(f"{self.encoder.fingerprint()}: gave vectors of another shape, or not finite")
                loader.append(block, _FIELD, vectors)
            flat = self.index == "flat" or (self.index == "auto" and n <= _FEW)
            index = "FLAT" if flat else "HNSW"
            loaded = loader.finish(_FIELD, index, "IP", {} if flat else {"M": 16, "efConstruction": 200})
            progress(n, n)
            facts = loaded.facts(loader.connection.server)
        return {"encoder": self.encoder.fingerprint(), "index": index.lower(), **facts}

    def open(self, path: Path, passage_ids: Sequence[str]) -> OpenRetriever:
        connection, loaded = open_collection(self, path, passage_ids)
        return OpenMilvusDense(self.encoder, connection, loaded, Columns(path), passage_ids)


class OpenMilvusDense(OpenDense):
    """An open collection of vectors: an `OpenDense` whose vectors are elsewhere. Of more than 16,384 hits asked for,
    Milvus gives so many."""

    def __init__(
        self, encoder: Encoder, connection: Connection, loaded: Loaded, columns: Columns, passage_ids: Sequence[str]
    ) -> None:
        self.encoder = encoder
        self._connection, self._loaded, self._columns, self._ids = connection, loaded, columns, passage_ids
        self._vectors = Values(connection, loaded.collection, _FIELD, _FETCHED)
        self._known = {}
        self._lock = threading.Lock()

    def search(self, queries: Sequence[Query], k: int, allowed: Allowed | None = None) -> list[Ranking]:
        if k <= 0 or not queries or (allowed is not None and not allowed.any()):
            return [nothing_found() for _ in queries]
        vectors = self._encoded(queries)
        selection = self._columns.selection(allowed, partitioned=self._loaded.partitioned)
        limit = k + _SPARE
        found = self._connection.candidates(
            self._loaded.collection,
            _FIELD,
            [vector.tolist() for vector in vectors],
            limit,
            selection,
            {"ef": max(128, 2 * limit)},
        )
        self.vectors(np.unique(np.concatenate(found)))  # all at once
        return [
            ranking(rows, self._exact(vector, rows), k, self._ids) for vector, rows in zip(vectors, found, strict=True)
        ]

    def scores(self, query: Query, rows: Rows) -> NDArray[np.float64]:
        [vector] = self._encoded([query])
        return self._exact(vector, rows)

    def vectors(self, rows: Rows) -> Vectors:
        found = self._vectors.of(rows.tolist(), lambda values: np.asarray(values, dtype=np.float32))
        return np.stack(found) if found else np.zeros((0, self.encoder.dim), dtype=np.float32)

    def _exact(self, vector: Vectors, rows: Rows) -> NDArray[np.float64]:
        products: NDArray[np.float64] = (self.vectors(rows).astype(np.float64) * vector.astype(np.float64)).sum(axis=1)
        return products


COMPONENT: type[Retriever] = MilvusDense
