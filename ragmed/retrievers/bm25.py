"""BM25 over weighted fields, as a memory-mapped inverted index of precomputed scores.

Source: Robertson & Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and Beyond",
Foundations and Trends in Information Retrieval 3(4), with Lucene's idf, ln(1 + (N − n + ½)/(n + ½)),
which is never negative. Fields are joined as in BM25F (§3.6 there): a term's frequency is the weighted
sum of its frequencies in title (and headings), question and text, a passage's length the weighted sum of their lengths.
Every posting's score is computed when the index is built ("eager scoring", Lù 2024, arXiv:2407.03618), so
a search only adds up postings of the query's terms (`ragmed.retrievers._postings`).

Building takes memory for the vocabulary, 20 bytes a passage and about half a gigabyte: postings are gathered with their
frequency in each field, sorted in parts on disk and scored as these are merged (`ragmed.retrievers._postings_build`),
when the number of passages with each term and the lengths, and with them the parameters, are known.

Files: ``terms.bin/.npy`` (vocabulary, sorted by UTF-8 bytes), ``parameters.json`` (k1, b and the weights used),
``lengths.npy`` (float32, each passage's length over the mean), and the
postings of the i-th term with the bounds of their scores, as `ragmed.retrievers._postings` describes them.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ragmed.columns import SortedStrings, StringColumn, StringColumnWriter, map_array, write_array
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
from ragmed.retrievers._bm25_rule import CorpusShape, Parameters, parameters, shape_of
from ragmed.retrievers._bm25_terms import best_matches, idf, matches, own_terms, ways, wordings
from ragmed.retrievers._postings import Postings, PostingsWriter, Term
from ragmed.retrievers._postings_build import Inverter
from ragmed.retrievers._top import ranking
from ragmed.types import Passage, Query

_KNOWN = 1 << 14
"""Terms whose place in the vocabulary is remembered, since fusion and rerankers ask for what was just searched."""
_UNKNOWN = -1


@dataclass(frozen=True)
class BM25:
    """BM25. ``k1`` (≥ 0) is how slowly repetitions saturate, ``b`` (0–1) how much long passages are held
    back. The weights (≥ 0) say how much an occurrence in a field counts. What is None follows from the lengths and
    fields of the passages by a rule (`ragmed.retrievers._bm25_rule`)."""

    k1: float | None = None
    b: float | None = None
    title_weight: float | None = None
    question_weight: float | None = None
    text_weight: float = 1.0

    def build(
        self, passages: Sequence[Passage], path: Path, progress: Progress = no_progress
    ) -> Mapping[str, str | int]:
        n = len(passages)
        with tempfile.TemporaryDirectory(dir=path, prefix=".segments") as folder:
            inverter = Inverter(Path(folder))
            for row, passage in enumerate(passages):
                inverter.add((f"{passage.title} {passage.section}", passage.question, passage.text))
                if row % 1000 == 999 and row < n - 1:
                    progress(row + 1, n)
            lengths = inverter.finish()
            chosen = self._parameters(lengths, inverter.n_postings_of_field)
            facts = self._write(path, inverter, lengths, chosen)
        if n:
            progress(n, n)
        return {**facts, **{name: str(value) for name, value in asdict(chosen).items()}}

    def _parameters(self, lengths: NDArray[np.uint32], n_postings: NDArray[np.int64]) -> Parameters:
        shapes = [shape_of(lengths[:, field], int(n_postings[field])) for field in range(lengths.shape[1])]
        by_rule = parameters(CorpusShape(len(lengths), *shapes))
        return Parameters(
            *(
                by_rule_value if given is None else float(given)
                for given, by_rule_value in (
                    (self.k1, by_rule.k1),
                    (self.b, by_rule.b),
                    (self.title_weight, by_rule.title_weight),
                    (self.question_weight, by_rule.question_weight),
                )
            )
        )

    def _write(
        self, path: Path, inverter: Inverter, lengths: NDArray[np.uint32], chosen: Parameters
    ) -> Mapping[str, int]:
        """Score the postings and write the files, terms that only occur in fields of weight 0 left out."""
        weights = (chosen.title_weight, chosen.question_weight, self.text_weight)
        n = len(lengths)
        length: NDArray[np.float64] = np.zeros(n, dtype=np.float64)
        for field, weight in enumerate(weights):
            length += lengths[:, field] * weight
        average = length.mean() if n and length.any() else 1.0
        length_factor = chosen.k1 * (1 - chosen.b + chosen.b * length / average)
        write_array(path / "lengths.npy", (length / average).astype(np.float32))
        vocabulary = StringColumnWriter(path, "terms")
        postings = PostingsWriter(path, n)
        for batch in inverter.batches():
            frequency = np.zeros(len(batch.rows), dtype=np.float64)
            for field, weight in enumerate(weights):
                frequency += batch.frequency(field) * weight
            weighty = frequency > 0
            n_before = np.concatenate([[0], np.cumsum(weighty)])
            counts = np.diff(n_before[batch.starts])
            rows, frequency = batch.rows[weighty], frequency[weighty]
            scores = np.repeat(idf(n, counts), counts) * frequency * (chosen.k1 + 1)
            scores /= frequency + length_factor[rows]
            found = np.flatnonzero(counts)
            for term in found.tolist():
                vocabulary.append(batch.terms[term])
            postings.append(np.concatenate([[0], np.cumsum(counts[found])]), rows, scores.astype(np.float32))
        vocabulary.close()
        postings.close()
        (path / "parameters.json").write_text(json.dumps({**asdict(chosen), "text_weight": self.text_weight}) + "\n")
        return {"n_terms": postings.n_terms, "n_postings": postings.n_postings}

    def open(self, path: Path, passage_ids: Sequence[str]) -> OpenRetriever:
        return OpenBM25(path, passage_ids)


class OpenBM25:
    """An open BM25 index; also tells how common terms are (`ragmed.protocols.TermStatistics`)."""

    def __init__(self, path: Path, passage_ids: Sequence[str]) -> None:
        self._ids = passage_ids
        self._vocabulary = SortedStrings(StringColumn(path, "terms"))
        self._known: dict[str, int | None] = {}
        self._postings = Postings(path, len(passage_ids))
        self._lengths = np.asarray(map_array(path / "lengths.npy"))
        self.parameters: Mapping[str, float] = json.loads((path / "parameters.json").read_text())

    @property
    def n_passages(self) -> int:
        return len(self._ids)

    def document_frequencies(self, terms: Sequence[str]) -> Sequence[int]:
        found = [self._number(term) for term in terms]
        return [0 if number is None else self._postings.count(number) for number in found]

    @property
    def kind(self) -> RetrieverKind:
        return "lexical"

    def search(self, queries: Sequence[Query], k: int, allowed: Allowed | None = None) -> list[Ranking]:
        return [self._search(self._ways(query), k, allowed) for query in queries]

    def scores(self, query: Query, rows: Rows) -> NDArray[np.float64]:
        return self._scores(self._ways(query), rows)

    def matches(self, query: Query, rows: Rows) -> Matches:
        return best_matches([self._matches(wording, rows) for wording in wordings(query)])

    def _search(self, ways: Sequence[list[Term]], k: int, allowed: Allowed | None) -> Ranking:
        found = [self._postings.search(way, k, allowed, self._ids) for way in ways]
        if len(found) == 1:
            return found[0]
        rows = np.unique(np.concatenate([one.rows for one in found]))
        return ranking(rows, self._scores(ways, rows), k, self._ids)

    def _scores(self, ways: Sequence[list[Term]], rows: Rows) -> NDArray[np.float64]:
        scores: NDArray[np.float32] = np.max([self._postings.scores(way, rows) for way in ways], axis=0)
        return scores.astype(np.float64)

    def _matches(self, query: Query, rows: Rows) -> Matches:
        times = own_terms(query)
        has = np.zeros((len(times), len(rows)), dtype=np.bool_)
        for at, term in enumerate(times):
            number = self._number(term)
            if number is not None and len(rows):
                has[at, self._postings.has(number, rows)] = True
        return matches(
            list(times.values()),
            self.document_frequencies(list(times)),
            has,
            self._lengths[rows].astype(np.float64),
            n_passages=self.n_passages,
            k1=self.parameters["k1"],
        )

    def _ways(self, query: Query) -> list[list[Term]]:
        """The ways to ask it: the terms that occur, each with its weight."""
        return [
            [(number, weight) for term, weight in way.items() if (number := self._number(term)) is not None]
            for way in ways(query, self.document_frequencies, self.n_passages)
        ]

    def _number(self, term: str) -> int | None:
        """The place of a term in the vocabulary, None where no passage has it."""
        known = self._known
        number = known.get(term, _UNKNOWN)
        if number == _UNKNOWN:
            if len(known) >= _KNOWN:
                self._known = known = {}
            number = known[term] = self._vocabulary.find(term)
        return number


COMPONENT: type[Retriever] = BM25
