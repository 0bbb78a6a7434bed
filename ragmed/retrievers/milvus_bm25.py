"""BM25 served by Milvus: its full text search, over our terms. Needs the extra ``milvus``.

Source: Milvus's BM25 function, https://milvus.io/docs/full-text-search.md; the formula, the terms
(`ragmed.retrievers._bm25_terms`) and the rule for k1 and b are those of `ragmed.retrievers.bm25`, all fields weighing
the same. Milvus is given text that is analysed already, terms with spaces between them, and finds candidates; their
terms are fetched and the scores computed again here. So a score does not depend on how the collection is cut into
segments and shards, which may each have their own idea of how rare a term is, and words of a query expansion weigh what
they should.

Files: beside those of `ragmed.retrievers._milvus_collection`, ``terms.bin/.npy`` (vocabulary, sorted by UTF-8 bytes),
``frequencies.npy`` (uint32, passages with each term) and ``parameters.json`` (k1, b, mean length in terms). The
vocabulary is in memory while building.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragmed.columns import SortedStrings, StringColumn, map_array, write_array, write_strings
from ragmed.errors import IndexFault
from ragmed.protocols import (
    Allowed,
    Matches,
    OpenRetriever,
    Progress,
    Ranking,
    Retriever,
    RetrieverKind,
    Rows,
    no_progress,
)
from ragmed.retrievers._bm25_rule import CorpusShape, parameters, shape_of
from ragmed.retrievers._bm25_terms import best_matches, idf, index_terms, matches, own_terms, ways, wordings
from ragmed.retrievers._milvus import Connection, Place
from ragmed.retrievers._milvus_collection import Loaded, Loader, Values, open_collection
from ragmed.retrievers._milvus_filter import Columns
from ragmed.retrievers._top import nothing_found, ranking
from ragmed.types import Passage, Query

_FIELD, _TERMS = "weights", "terms"
_BLOCK = 8192
"""Passages analysed and sent at once when building."""
_SPARE = 32
"""Candidates beyond k."""
_WHOLE = 10
"""How often a term of the query is repeated where others weigh less: weights are told to Milvus in tenths."""
_MAX_BYTES = 65_535
"""Of a string in Milvus."""
_FETCHED = 16_384
"""Passages whose terms are kept."""
_NO_ROWS = np.zeros(0, dtype=np.int64)
_APOSTROPHES = str.maketrans({"'": "_", "’": "_"})
"""Words of Milvus's tokenizers; terms have no other punctuation and no underscore."""


@dataclass(frozen=True, kw_only=True)
class MilvusBM25(Place):
    """BM25 in Milvus. ``k1`` and ``b`` as in `bm25`; what is None follows from the passages by its rule."""

    k1: float | None = None
    b: float | None = None

    def build(
        self, passages: Sequence[Passage], path: Path, progress: Progress = no_progress
    ) -> Mapping[str, str | int]:
        n = len(passages)
        frequencies: Counter[str] = Counter()
        lengths = np.zeros((n, 3), dtype=np.uint32)
        n_postings = np.zeros(3, dtype=np.int64)
        with Loader(self, "bm25", path, n) as loader:
            loader.create(lambda schema: _add_fields(schema, loader.connection))
            for start in range(0, n, _BLOCK):
                block = passages[start : start + _BLOCK]
                texts = []
                for row, passage in enumerate(block, start=start):
                    fields = [
                        index_terms(text)
                        for text in (f"{passage.title} {passage.section}", passage.question, passage.text)
                    ]
                    lengths[row] = [len(field) for field in fields]
                    n_postings += [len(set(field)) for field in fields]
                    texts.append(_joined(term for field in fields for term in field))
                    frequencies.update({term for field in fields for term in field})
                    if len(texts[-1].encode()) > _MAX_BYTES:
                        raise IndexFault(
                            f"{passage.passage_id}: its terms take more than {_MAX_BYTES} bytes and do not fit into "
                            "Milvus; split its corpus into shorter passages (splitter in the recipe)"
                        )
                loader.append(block, _TERMS, texts)
                progress(start + len(block), n)
            shapes = [shape_of(lengths[:, field], int(n_postings[field])) for field in range(3)]
            rule = parameters(CorpusShape(n, *shapes))
            k1, b = rule.k1 if self.k1 is None else self.k1, rule.b if self.b is None else self.b
            mean = float(lengths.sum(axis=1).mean()) if lengths.any() else 1.0
            loaded = loader.finish(_FIELD, "SPARSE_INVERTED_INDEX", "BM25", {"bm25_k1": k1, "bm25_b": b})
            facts = loaded.facts(loader.connection.server)
        vocabulary = sorted(frequencies, key=lambda term: term.encode("utf-8", "replace"))
        write_strings(path, "terms", vocabulary)
        write_array(path / "frequencies.npy", np.array([frequencies[term] for term in vocabulary], dtype=np.uint32))
        (path / "parameters.json").write_text(json.dumps({"k1": k1, "b": b, "mean_length": mean}) + "\n")
        return {"n_terms": len(vocabulary), "k1": str(k1), "b": str(b), **facts}

    def open(self, path: Path, passage_ids: Sequence[str]) -> OpenRetriever:
        connection, loaded = open_collection(self, path, passage_ids)
        return OpenMilvusBM25(path, connection, loaded, passage_ids)


class OpenMilvusBM25:
    """An open collection of terms; also tells how common they are (`ragmed.protocols.TermStatistics`). Of more than
    16,384 hits asked for, Milvus gives so many."""

    kind: RetrieverKind = "lexical"

    def __init__(self, path: Path, connection: Connection, loaded: Loaded, passage_ids: Sequence[str]) -> None:
        self._connection, self._loaded, self._ids = connection, loaded, passage_ids
        self._columns = Columns(path)
        self._vocabulary = SortedStrings(StringColumn(path, "terms"))
        self._frequencies = map_array(path / "frequencies.npy")
        chosen = json.loads((path / "parameters.json").read_text())
        self._k1, self._b, self._mean = chosen["k1"], chosen["b"], chosen["mean_length"]
        self._terms = Values(connection, loaded.collection, _TERMS, _FETCHED)

    @property
    def n_passages(self) -> int:
        return len(self._ids)

    def document_frequencies(self, terms: Sequence[str]) -> Sequence[int]:
        places = map(self._vocabulary.find, terms)
        return [0 if place is None else int(self._frequencies[place]) for place in places]

    def search(self, queries: Sequence[Query], k: int, allowed: Allowed | None = None) -> list[Ranking]:
        ways_of = [self._ways(query) for query in queries]
        asked = [way for of_query in ways_of for way in of_query if way]
        if k <= 0 or not asked or (allowed is not None and not allowed.any()):
            return [nothing_found() for _ in queries]
        selection = self._columns.selection(allowed, partitioned=self._loaded.partitioned)
        texts = [_query_text(way) for way in asked]
        found = self._connection.candidates(self._loaded.collection, _FIELD, texts, k + _SPARE, selection, {})
        self._counts(np.unique(np.concatenate(found)))  # all at once
        each = iter(found)
        rankings = []
        for of_query in ways_of:
            rows = np.unique(np.concatenate([next(each) if way else _NO_ROWS for way in of_query]))
            rankings.append(ranking(rows, self._best(of_query, rows), k, self._ids))
        return rankings

    def scores(self, query: Query, rows: Rows) -> NDArray[np.float64]:
        return self._best(self._ways(query), rows)

    def matches(self, query: Query, rows: Rows) -> Matches:
        return best_matches([self._matches(wording, rows) for wording in wordings(query)])

    def _matches(self, query: Query, rows: Rows) -> Matches:
        times, counts = own_terms(query), self._counts(rows)
        has = np.array([[_told(term) in of_row for of_row in counts] for term in times], dtype=np.bool_)
        return matches(
            list(times.values()),
            self.document_frequencies(list(times)),
            has.reshape(len(times), len(rows)),
            np.array([of_row.total() for of_row in counts], dtype=np.float64) / self._mean,
            n_passages=self.n_passages,
            k1=self._k1,
        )

    def _ways(self, query: Query) -> list[dict[str, tuple[float, float]]]:
        """The ways to ask it: the terms that occur, in ascending order, with weight in it and idf."""
        return [self._weights(way) for way in ways(query, self.document_frequencies, self.n_passages)]

    def _weights(self, way: Mapping[str, float]) -> dict[str, tuple[float, float]]:
        frequencies = self.document_frequencies(list(way))
        rare = idf(self.n_passages, np.array(frequencies, dtype=np.int64)).tolist()
        return {
            term: (weight, of_term)
            for (term, weight), n, of_term in zip(way.items(), frequencies, rare, strict=True)
            if n and weight > 0
        }

    def _best(self, ways: Sequence[Mapping[str, tuple[float, float]]], rows: Rows) -> NDArray[np.float64]:
        best: NDArray[np.float64] = np.max([self._scores(way, rows) for way in ways], axis=0)
        return best

    def _scores(self, weights: Mapping[str, tuple[float, float]], rows: Rows) -> NDArray[np.float64]:
        """BM25 of each row, with how rare terms are in the whole index."""
        counts = self._counts(rows)
        lengths = np.array([of_row.total() for of_row in counts], dtype=np.float64)
        saturation = self._k1 * (1 - self._b + self._b * lengths / self._mean)
        scores = np.zeros(len(rows), dtype=np.float64)
        for term, (weight, rare) in weights.items():
            told = _told(term)
            frequency = np.array([of_row[told] for of_row in counts], dtype=np.float64)
            scores += weight * rare * frequency * (self._k1 + 1) / np.maximum(frequency + saturation, 1e-9)
        return scores

    def _counts(self, rows: Rows) -> list[Counter[str]]:
        """How often each passage has each of its terms."""
        found: list[Counter[str]] = self._terms.of(rows.tolist(), lambda text: Counter(text.split()))
        return found


def _add_fields(schema: Any, connection: Connection) -> None:
    types, functions = connection.pymilvus.DataType, connection.pymilvus.FunctionType
    # milvus-lite has no tokenizer that cuts at spaces alone; its own cuts terms nowhere else either.
    tokenizer = "standard" if connection.is_lite else "whitespace"
    schema.add_field(
        _TERMS, types.VARCHAR, max_length=_MAX_BYTES, enable_analyzer=True, analyzer_params={"tokenizer": tokenizer}
    )
    schema.add_field(_FIELD, types.SPARSE_FLOAT_VECTOR)
    schema.add_function(
        connection.pymilvus.Function(
            name="bm25", function_type=functions.BM25, input_field_names=[_TERMS], output_field_names=[_FIELD]
        )
    )


def _query_text(weights: Mapping[str, tuple[float, float]]) -> str:
    """Terms repeated as they weigh, which is how a text can say it.

    >>> _query_text({"fever": (1.0, 2.3), "pyrexia": (0.1, 4.0)})
    'fever fever fever fever fever fever fever fever fever fever pyrexia'
    """
    unit = 1 if all(weight == int(weight) for weight, _ in weights.values()) else _WHOLE
    return _joined(term for term, (weight, _) in weights.items() for _ in range(max(1, round(weight * unit))))


def _joined(of_text: Iterable[str]) -> str:
    return _told(" ".join(of_text)).encode("utf-8", "replace").decode()


def _told(term: str) -> str:
    """A term, or several, as Milvus is told it."""
    return term.translate(_APOSTROPHES)


COMPONENT: type[Retriever] = MilvusBM25
