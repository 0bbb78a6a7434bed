"""The passages that negatives are searched among: those of an index, or, without one, the texts of the pairs."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ragmed import catalog
from ragmed.index.open import Index
from ragmed.index.searcher import Searcher
from ragmed.protocols import Fusion, Ranking, Retriever
from ragmed.types import Passage, Query


def as_it_is(passage: Passage) -> Passage:
    """The passage, unchanged."""
    return passage


def own_question(passage: Passage) -> str:
    """The question that a passage answers by its source's word; empty where it has none."""
    return passage.question


@dataclass(frozen=True, slots=True)
class Pool:
    """Passages by row, and a search of them: with ``retriever`` alone or, where it is None, with all, fused.

    ``read`` gives a passage as a model is to read it: without the words that the queries were taken from. ``asks``
    gives the query that a passage is known to answer, empty where there is none.
    """

    name: str
    passages: Sequence[Passage]
    row_of: Callable[[str], int | None]
    searcher: Searcher
    fusion: Fusion
    retriever: str | None
    read: Callable[[Passage], Passage] = as_it_is
    asks: Callable[[Passage], str] = own_question

    def search(self, queries: Sequence[str], k: int) -> list[Ranking]:
        """Up to ``k`` rows for each query, best first."""
        asked = [Query(str(i), text) for i, text in enumerate(queries)]
        return [found.ranking for found in self.searcher.find(asked, k, self.fusion, self.retriever)]

    def score(self, query: str, passage_id: str) -> float | None:
        """The score of a passage for a query; None where several retrievers search, or the one cannot tell."""
        row = self.row_of(passage_id)
        if self.retriever is None or row is None:
            return None
        scores = self.searcher.scores(self.retriever, Query("0", query), np.array([row], dtype=np.int64))
        return None if scores is None else float(scores[0])


def index_pool(
    index: Index,
    retriever: str | None,
    read: Callable[[Passage], Passage] = as_it_is,
    asks: Callable[[Passage], str] = own_question,
) -> Pool:
    """The passages of an index. Raises `UnknownName`: no such retriever in it."""
    if retriever is not None:
        index.kind(retriever)
    elif len(index.retriever_names) == 1:
        retriever = index.retriever_names[0]
    return Pool(
        f"index {index.name}",
        index.passages,
        index.passages.row_of,
        index.searcher,
        index.pipeline.fusion,
        retriever,
        read,
        asks,
    )


@contextlib.contextmanager
def texts_pool(passages: Sequence[Passage]) -> Iterator[Pool]:
    """Passages without an index, searched with BM25."""
    bm25: Retriever = catalog.make("retrievers", "bm25", "training")
    ids = [passage.passage_id for passage in passages]
    rows = {passage_id: row for row, passage_id in enumerate(ids)}
    with tempfile.TemporaryDirectory(prefix="ragmed-pairs-") as folder:
        bm25.build(passages, Path(folder))
        searcher = Searcher("pairs", {"bm25": bm25.open(Path(folder), ids)}, ids)
        fusion = catalog.make("fusion", "rrf", "training")
        yield Pool("the pairs' own texts", passages, rows.get, searcher, fusion, "bm25")
