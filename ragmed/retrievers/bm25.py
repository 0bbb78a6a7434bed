"""BM25 over weighted fields, as a memory-mapped inverted index of precomputed scores.

Source: Robertson & Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and Beyond",
Foundations and Trends in Information Retrieval 3(4), with Lucene's idf, ln(1 + (N − n + ½)/(n + ½)),
which is never negative. Fields are joined as in BM25F (§3.6 there): a term's frequency is the weighted
sum of its frequencies in title (and headings), question and text, a passage's length the weighted sum of their lengths.
Every posting's score is computed when the index is built ("eager scoring", Lù 2024, arXiv:2407.03618), so
a search only adds up the postings of the query's terms.

Files: ``terms.bin/.npy`` (vocabulary, sorted by UTF-8 bytes), ``starts.npy`` (int64, n_terms + 1),
``rows.npy`` (uint32) and ``scores.npy`` (float32), the postings of term t at ``starts[t]:starts[t + 1]``.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ragmed.analysis.terms import STOP_WORDS, stem, terms, words
from ragmed.columns import SortedStrings, StringColumn, map_array, write_array, write_strings
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
from ragmed.retrievers._top import ranking
from ragmed.types import Passage, Query


@dataclass(frozen=True)
class BM25:
    """BM25. ``k1`` (≥ 0) is how slowly repetitions saturate, ``b`` (0–1) how much long passages are held
    back; the defaults are Anserini's. The weights (≥ 0) say how much an occurrence in a field counts."""

    k1: float = 0.9
    b: float = 0.4
    title_weight: float = 1.0
    question_weight: float = 1.0
    text_weight: float = 1.0

    def build(
        self, passages: Sequence[Passage], path: Path, progress: Progress = no_progress
    ) -> Mapping[str, str | int]:
        term_of_word: dict[str, int] = dict.fromkeys(STOP_WORDS, -1)
        vocabulary: dict[str, int] = {}
        posting_terms, posting_rows, frequencies = array("I"), array("I"), array("f")
        lengths = np.zeros(len(passages), dtype=np.float64)
        for row, passage in enumerate(passages):
            weighted: Counter[int] = Counter()
            fields = (
                (f"{passage.title} {passage.section}", self.title_weight),
                (passage.question, self.question_weight),
                (passage.text, self.text_weight),
            )
            for text, weight in fields:
                if text and weight:
                    for term, count in Counter(_term_ids(text, term_of_word, vocabulary)).items():
                        weighted[term] += count * weight  # type: ignore[assignment]
                        lengths[row] += count * weight
            for term, frequency in weighted.items():
                posting_terms.append(term)
                posting_rows.append(row)
                frequencies.append(frequency)
            if row % 1000 == 999 or row == len(passages) - 1:
                progress(row + 1, len(passages))
        self._write(path, vocabulary, posting_terms, posting_rows, frequencies, lengths)
        return {"n_terms": len(vocabulary), "n_postings": len(posting_rows)}

    def _write(
        self,
        path: Path,
        vocabulary: Mapping[str, int],
        posting_terms: array[int],
        posting_rows: array[int],
        posting_frequencies: array[float],
        lengths: NDArray[np.float64],
    ) -> None:
        by_bytes = sorted(vocabulary, key=lambda term: term.encode("utf-8"))
        rank = np.zeros(len(vocabulary), dtype=np.int64)
        rank[[vocabulary[term] for term in by_bytes]] = np.arange(len(vocabulary))
        term = rank[np.frombuffer(posting_terms, dtype=np.uint32)] if len(posting_terms) else np.zeros(0, np.int64)
        rows = np.frombuffer(posting_rows, dtype=np.uint32) if len(posting_rows) else np.zeros(0, np.uint32)
        tf = np.frombuffer(posting_frequencies, dtype=np.float32) if len(rows) else np.zeros(0, np.float32)
        order = np.argsort(term, kind="stable")
        document_frequency = np.bincount(term, minlength=len(vocabulary))
        n = len(lengths)
        idf = np.log1p((n - document_frequency + 0.5) / (document_frequency + 0.5))
        average = lengths.mean() if n and lengths.any() else 1.0
        length_factor = self.k1 * (1 - self.b + self.b * lengths / average)
        frequency = tf.astype(np.float64)
        scores = idf[term] * frequency * (self.k1 + 1) / (frequency + length_factor[rows])
        write_strings(path, "terms", by_bytes)
        write_array(path / "starts.npy", np.concatenate([[0], np.cumsum(document_frequency)]).astype(np.int64))
        write_array(path / "rows.npy", rows[order])
        write_array(path / "scores.npy", scores[order].astype(np.float32))

    def open(self, path: Path, passage_ids: Sequence[str]) -> OpenRetriever:
        return OpenBM25(path, passage_ids)


class OpenBM25:
    """An open BM25 index; also tells how common terms are (`ragmed.protocols.TermStatistics`)."""

    def __init__(self, path: Path, passage_ids: Sequence[str]) -> None:
        self._ids = passage_ids
        self._vocabulary = SortedStrings(StringColumn(path, "terms"))
        self._starts = map_array(path / "starts.npy")
        self._rows = map_array(path / "rows.npy")
        self._scores = map_array(path / "scores.npy")

    @property
    def n_passages(self) -> int:
        return len(self._ids)

    def document_frequencies(self, terms: Sequence[str]) -> Sequence[int]:
        found = [self._vocabulary.find(term) for term in terms]
        return [0 if t is None else int(self._starts[t + 1] - self._starts[t]) for t in found]

    @property
    def kind(self) -> RetrieverKind:
        return "lexical"

    def search(self, queries: Sequence[Query], k: int, allowed: Allowed | None = None) -> list[Ranking]:
        return [self._search(query, k, allowed) for query in queries]

    def scores(self, query: Query, rows: Rows) -> NDArray[np.float64]:
        total = np.zeros(len(rows), dtype=np.float32)
        for postings, weight in self._postings(query):
            of_term = self._rows[postings]
            at = np.minimum(np.searchsorted(of_term, rows), len(of_term) - 1)
            total += np.where(of_term[at] == rows, self._scores[postings][at] * weight, np.float32(0))
        return total.astype(np.float64)

    def _search(self, query: Query, k: int, allowed: Allowed | None) -> Ranking:
        total = np.zeros(len(self._ids), dtype=np.float32)
        for postings, weight in self._postings(query):
            total[self._rows[postings]] += self._scores[postings] * weight
        if allowed is not None:
            total[~allowed] = 0
        rows = np.flatnonzero(total)
        return ranking(rows, total[rows], k, self._ids)

    def _postings(self, query: Query) -> Iterator[tuple[slice, np.float32]]:
        """The postings of each term of a query, and the term's weight in it."""
        weights: Counter[str] = Counter(terms(query.lexical or query.text))
        for text, weight in query.expansions:
            for term in terms(text):
                weights[term] += weight  # type: ignore[assignment]
        # Sorted, so that sums are formed in one order whatever the order of the words.
        for term, weight in sorted(weights.items()):
            found = self._vocabulary.find(term)
            if found is not None and weight:
                yield slice(int(self._starts[found]), int(self._starts[found + 1])), np.float32(weight)


def _term_ids(text: str, term_of_word: dict[str, int], vocabulary: dict[str, int]) -> list[int]:
    """The terms of a text as numbers; each distinct word is stemmed once per build."""
    ids: list[int] = []
    for word in words(text):
        term = term_of_word.get(word)
        if term is None:
            term = term_of_word[word] = vocabulary.setdefault(stem([word])[0], len(vocabulary))
        if term >= 0:
            ids.append(term)
    return ids


COMPONENT: type[Retriever] = BM25
