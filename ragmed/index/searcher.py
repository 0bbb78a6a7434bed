"""Search with several open retrievers: what each finds, fused.

queries ──rewrite──► queries ──retrievers──► rankings ──fuse──► ranking ──rerank──► ranking
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragmed.errors import RecipeError, UnknownName
from ragmed.mapped import give_back
from ragmed.protocols import (
    Allowed,
    ExplainsFindings,
    Fusion,
    HasVectors,
    KnowsNames,
    Matches,
    MatchesWords,
    OpenRetriever,
    Ranking,
    Reranker,
    RetrieverKind,
    Rewriter,
    Rows,
    ScoresPassages,
    TermStatistics,
    Vectors,
)
from ragmed.threads import in_threads
from ragmed.types import Query

DEPTH = 100
"""Hits asked of each retriever for fusion, at least."""
_MANY = 1 << 18
"""Passages from which on it is worth a thread to search them with each retriever."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """How an index is searched: what is made of a question, how the lists found are fused and then reordered.

    The retrievers named in ``without`` are not searched.
    """

    fusion: Fusion
    rewriters: tuple[Rewriter, ...] = ()
    rerankers: tuple[Reranker, ...] = ()
    without: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a search found for one query.

    ``rankings`` are the retrievers' own, by name; ``ranking`` is the result; ``signals`` what rerankers made of a
    row. ``searched`` are the queries that were searched for the one asked.
    """

    query: Query
    ranking: Ranking
    rankings: Mapping[str, Ranking]
    searched: tuple[Query, ...] = ()
    signals: Mapping[int, Mapping[str, float]] = field(default_factory=dict)


class Searcher:
    """Open retrievers over the same passages (`ragmed.protocols.IndexView`). Safe for threads."""

    def __init__(self, name: str, retrievers: Mapping[str, OpenRetriever], passage_ids: Sequence[str]) -> None:
        self._name, self._retrievers, self.passage_ids = name, retrievers, passage_ids
        # Asking a protocol takes a while, and a search asks several times.
        self._able: dict[type, Any] = {}
        self._scoring = {name: opened for name, opened in retrievers.items() if isinstance(opened, ScoresPassages)}

    def _first(self, ability: type) -> Any:
        """The first retriever that can do something."""
        if ability not in self._able:
            self._able[ability] = next((r for r in self._retrievers.values() if isinstance(r, ability)), None)
        return self._able[ability]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._retrievers)

    def without(self, retrievers: Collection[str]) -> Searcher:
        """A searcher with the others alone; a fusion learns nothing from those left out.

        Raises:
            UnknownName: no such retriever. RecipeError: none is left.
        """
        for name in retrievers:
            self._retriever(name)
        left = {name: opened for name, opened in self._retrievers.items() if name not in retrievers}
        if not left:
            raise RecipeError(f"index {self._name!r}: without {', '.join(sorted(retrievers))} no retriever is left")
        return Searcher(self._name, left, self.passage_ids)

    @property
    def term_statistics(self) -> TermStatistics | None:
        teller: TermStatistics | None = self._first(TermStatistics)
        return teller

    def kind(self, retriever: str) -> RetrieverKind:
        return self._retriever(retriever).kind

    def scores(self, retriever: str, query: Query, rows: Rows) -> NDArray[np.float64] | None:
        self._retriever(retriever)
        scoring = self._scoring.get(retriever)
        return None if scoring is None else scoring.scores(query, rows)

    def matches(self, query: Query, rows: Rows) -> Matches | None:
        teller: MatchesWords | None = self._first(MatchesWords)
        return None if teller is None else teller.matches(query, rows)

    def vectors(self, rows: Rows) -> Vectors | None:
        holder: HasVectors | None = self._first(HasVectors)
        return None if holder is None else holder.vectors(rows)

    def explains(self, query: Query, rows: Rows) -> NDArray[np.float64] | None:
        teller: ExplainsFindings | None = self._first(ExplainsFindings)
        return None if teller is None else teller.explains(query, rows)

    def reworded(self, query: Query) -> Query:
        """The query as it is searched: with its rewordings by the first retriever that knows other names."""
        teller: KnowsNames | None = self._first(KnowsNames)
        found = () if teller is None else teller.rewordings(query)
        return replace(query, rewordings=(*query.rewordings, *found)) if found else query

    def find(
        self,
        queries: Sequence[Query],
        k: int,
        fusion: Fusion,
        retriever: str | None = None,
        allowed: Allowed | None = None,
    ) -> list[Found]:
        """The best ``k`` rows for each query; with ``retriever``, or where there is only one, found by that alone.

        A query without a letter or a digit finds nothing: whatever is nearest to it is so by accident.

        Raises:
            UnknownName: no such retriever.
        """
        found = iter(self._find([query for query in queries if _says(query)], k, fusion, retriever, allowed))
        names = (retriever,) if retriever is not None else self.names
        return [
            next(found) if _says(query) else Found(query, _NOTHING, dict.fromkeys(names, _NOTHING), (query,))
            for query in queries
        ]

    def _find(
        self, queries: Sequence[Query], k: int, fusion: Fusion, retriever: str | None, allowed: Allowed | None
    ) -> list[Found]:
        if retriever is None and len(self._retrievers) == 1:
            retriever = next(iter(self._retrievers))
        if retriever is not None:
            alone = self._retriever(retriever).search(queries, k, allowed)
            return [Found(q, r, {retriever: r}, (q,)) for q, r in zip(queries, alone, strict=True)]
        queries = [self.reworded(query) for query in queries]
        depth = max(k, DEPTH)
        lists = self._lists(queries, depth, allowed)
        found = []
        for i, query in enumerate(queries):
            rankings = {name: of_queries[i] for name, of_queries in lists.items()}
            found.append(Found(query, fusion.fuse(query, rankings, k, self), rankings, (query,)))
            give_back()
        return found

    def _lists(self, queries: Sequence[Query], depth: int, allowed: Allowed | None) -> dict[str, list[Ranking]]:
        """What each retriever finds; where there is much to search, all at once, each on a core of its own."""
        opened = list(self._retrievers.values())

        def search(retriever: OpenRetriever) -> list[Ranking]:
            return retriever.search(queries, depth, allowed)

        is_much = len(self.passage_ids) >= _MANY
        found = in_threads(search, opened, least=2) if is_much else map(search, opened)
        return dict(zip(self._retrievers, found, strict=True))

    def _retriever(self, name: str) -> OpenRetriever:
        if name not in self._retrievers:
            raise UnknownName(f"retrievers in index {self._name!r}", name, self._retrievers)
        return self._retrievers[name]


def union(found: Sequence[Found], query: Query, k: int, passage_ids: Sequence[str]) -> Found:
    """What several queries found for one question, each list weighing as much: reciprocal rank fusion (constant 60).

    Source: RAG-Fusion's use of Cormack et al. 2009 (`ragmed.fusion.rrf`).
    """
    if len(found) == 1:
        best = Ranking(found[0].ranking.rows[:k], found[0].ranking.scores[:k])
        return Found(query, best, found[0].rankings, found[0].searched)
    names = sorted({name for one in found for name in one.rankings})
    return Found(
        query,
        _reciprocal([one.ranking for one in found], k, passage_ids),
        {name: _reciprocal([one.rankings[name] for one in found], None, passage_ids) for name in names},
        tuple(searched for one in found for searched in one.searched),
    )


def _reciprocal(rankings: Sequence[Ranking], k: int | None, passage_ids: Sequence[str]) -> Ranking:
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, row in enumerate(ranking.rows.tolist(), start=1):
            scores[row] = scores.get(row, 0.0) + 1 / (60 + rank)
    best = sorted(scores.items(), key=lambda item: (-item[1], passage_ids[item[0]]))[:k]
    return Ranking(
        np.array([row for row, _ in best], dtype=np.int64), np.array([score for _, score in best], dtype=np.float64)
    )


_NOTHING = Ranking(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float64))


def _says(query: Query) -> bool:
    """Whether there is a letter or a digit in what is searched."""
    texts = (query.text, query.lexical, *query.documents, *(text for text, _ in query.expansions))
    return any(character.isalnum() for text in texts for character in text)
