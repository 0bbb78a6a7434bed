"""Learned sparse retrieval: a model weighs the terms of its vocabulary for every passage and query.

Source: Formal et al. 2021, "SPLADE: Sparse Lexical and Expansion Model for First Stage Ranking" (SIGIR,
arXiv:2107.05720), and models without a network on the query side, as Geng et al. 2024, "Towards Competitive Search
Relevance For Inference-Free Learned Sparse Retrievers" (arXiv:2411.04403); any SparseEncoder of sentence-transformers
(https://www.sbert.net/docs/sparse_encoder/usage/usage.html). Needs the extra ``hf``. A passage's score is the dot
product of its weights and the query's. What is read of a passage: `ragmed.retrievers.dense.encoder_text`.

Files: those of `ragmed.retrievers._postings`, whose terms are the model's, and ``n_terms.npy``, how many it has.
"""

from __future__ import annotations

import functools
import importlib
import threading
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragmed.analysis.encodable import encodable
from ragmed.columns import map_array, write_array
from ragmed.errors import EncoderError, MissingExtra, StaleIndex
from ragmed.hub import identity_once_loaded, load_model
from ragmed.protocols import (
    Allowed,
    OpenRetriever,
    Progress,
    Ranking,
    Retriever,
    RetrieverKind,
    Rows,
    no_progress,
)
from ragmed.retrievers._postings import Postings, PostingsWriter, Term
from ragmed.retrievers.dense import encoder_text
from ragmed.types import Passage, Query

_BLOCK = 256
"""Passages encoded at once; their dense weights over the vocabulary are in memory together."""
_KNOWN = 1024
"""Queries whose weights are kept, since fusion and rerankers ask for scores of the query that was just searched."""


@dataclass(frozen=True)
class Sparse:
    """Learned sparse retrieval with the SparseEncoder ``model``, a hub id (``owner/name``) or a folder.

    ``max_passage_terms`` and ``max_query_terms`` keep only so many terms of greatest weight; 0: as the model does.
    ``revision`` pins the commit; ``device`` is ``cpu``, ``auto`` or a name of torch's.
    """

    model: str
    max_passage_terms: int = 0
    max_query_terms: int = 0
    batch_size: int = 16
    device: str = "cpu"
    revision: str = ""
    trust_remote_code: bool = False

    @property
    def encoder(self) -> SparseModel:
        return SparseModel(self.model, self.revision, self.device, self.trust_remote_code)

    def build(
        self, passages: Sequence[Passage], path: Path, progress: Progress = no_progress
    ) -> Mapping[str, str | int]:
        encoder = self.encoder
        n_terms = encoder.n_terms
        terms, rows, weights = array("I"), array("I"), array("f")
        for start in range(0, len(passages), _BLOCK):
            texts = [encoder_text(passage) for passage in passages[start : start + _BLOCK]]
            found = encoder.weigh(texts, "document", self.max_passage_terms, self.batch_size)
            for row, (of_passage, its_weights) in enumerate(found, start=start):
                terms.frombytes(of_passage.astype(np.uint32).tobytes())
                weights.frombytes(its_weights.tobytes())
                rows.frombytes(np.full(len(of_passage), row, dtype=np.uint32).tobytes())
            progress(start + len(texts), len(passages))
        n_terms = encoder.n_terms
        of_postings = np.array(terms, dtype=np.uint32)
        order = np.argsort(of_postings, kind="stable")
        starts = np.concatenate([[0], np.cumsum(np.bincount(of_postings, minlength=n_terms))]).astype(np.int64)
        writer = PostingsWriter(path, len(passages))
        writer.append(starts, np.array(rows, dtype=np.uint32)[order], np.array(weights, dtype=np.float32)[order])
        writer.close()
        write_array(path / "n_terms.npy", np.array([n_terms], dtype=np.int64))
        return {"encoder": encoder.fingerprint(), "n_terms": n_terms, "n_postings": len(order)}

    def open(self, path: Path, passage_ids: Sequence[str]) -> OpenRetriever:
        return OpenSparse(self, path, passage_ids)


@dataclass(frozen=True)
class SparseModel:
    """The model of a `Sparse`: loaded once per process, when it is first needed."""

    model: str
    revision: str
    device: str
    trust_remote_code: bool

    @property
    def n_terms(self) -> int:
        loaded = self._loaded()
        # sentence-transformers 6 gave the method another name.
        dimension = getattr(loaded, "get_embedding_dimension", None) or loaded.get_sentence_embedding_dimension
        return int(dimension())

    def fingerprint(self) -> str:
        return f"sparse/{identity_once_loaded(self.model, self.revision, self.load)}"

    def load(self) -> None:
        self._loaded()

    def weigh(
        self, texts: Sequence[str], task: str, max_terms: int, batch_size: int
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """For each text its terms, ascending, and their weights, none of them 0."""
        loaded = self._loaded()
        encode = loaded.encode_query if task == "query" else loaded.encode_document
        with _lock:
            encoded = encode(
                [encodable(text) for text in texts],
                batch_size=batch_size,
                show_progress_bar=False,
                convert_to_tensor=True,
                convert_to_sparse_tensor=False,
                save_to_cpu=True,
                max_active_dims=max_terms or None,
            )
        for weights in np.asarray(encoded.float().numpy(), dtype=np.float32):
            if not (np.isfinite(weights).all() and (weights >= 0).all()):
                raise EncoderError(f"{self.model}: gives a weight below 0 or that is no number")
            terms = np.flatnonzero(weights)
            yield terms, weights[terms]

    def _loaded(self) -> Any:
        return _load(self.model, self.revision, self.device, self.trust_remote_code)


class OpenSparse:
    """An open index of learned weights."""

    def __init__(self, sparse: Sparse, path: Path, passage_ids: Sequence[str]) -> None:
        self._sparse, self._ids, self._path = sparse, passage_ids, path
        self._postings = Postings(path, len(passage_ids))
        self._n_terms = int(map_array(path / "n_terms.npy")[0])
        self._known: dict[str, list[Term]] = {}

    @property
    def kind(self) -> RetrieverKind:
        return "sparse"

    def search(self, queries: Sequence[Query], k: int, allowed: Allowed | None = None) -> list[Ranking]:
        return [self._postings.search(self._terms(query), k, allowed, self._ids) for query in queries]

    def scores(self, query: Query, rows: Rows) -> NDArray[np.float64]:
        return self._postings.scores(self._terms(query), rows).astype(np.float64)

    def _terms(self, query: Query) -> list[Term]:
        """The terms of a query that some passage has, in the order of the vocabulary, and their weights."""
        known = self._known.get(query.text)
        if known is None:
            encoder = self._sparse.encoder
            if encoder.n_terms != self._n_terms:
                raise StaleIndex(
                    f"{self._path}: holds weights of {self._n_terms} terms, the model has {encoder.n_terms}; "
                    "rebuild the index"
                )
            # One at a time, so that a query's weights do not depend on the others.
            [(terms, weights)] = encoder.weigh([query.text], "query", self._sparse.max_query_terms, 1)
            weighted = zip(terms.tolist(), weights.tolist(), strict=True)
            known = [(term, weight) for term, weight in weighted if self._postings.count(term)]
            if len(self._known) >= _KNOWN:
                self._known.clear()
            self._known[query.text] = known
        return known


_lock = threading.RLock()


@functools.cache
def _load(model: str, revision: str, device: str, trust_remote_code: bool) -> Any:
    with _lock:
        try:
            library = importlib.import_module("sentence_transformers")
        except ModuleNotFoundError as error:
            raise MissingExtra(error.name or "sentence_transformers", "hf") from error

        def load(local: bool) -> Any:
            return library.SparseEncoder(
                model,
                device=None if device == "auto" else device,
                revision=revision or None,
                local_files_only=local,
                trust_remote_code=trust_remote_code,
            )

        return load_model(model, revision, load)


COMPONENT: type[Retriever] = Sparse
