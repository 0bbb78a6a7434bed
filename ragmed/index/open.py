"""Open a built index and search it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from ragmed import catalog
from ragmed.analysis.vocabulary_abbreviations import Abbreviations
from ragmed.collection.vocabularies import open_vocabulary
from ragmed.errors import DamagedIndex, QuestionError, RagmedError, RecipeError, StaleIndex, UnknownName
from ragmed.graph.evidence import PREFIX
from ragmed.graph.evidence import passage as statement_of
from ragmed.index import manifest
from ragmed.index.graphs import open_graph
from ragmed.index.layout import graph_of, make_component, make_pipeline, make_retrievers
from ragmed.index.manifest import Manifest
from ragmed.index.passages_store import PassageStore
from ragmed.index.places import existing
from ragmed.index.restriction import allowed, normal
from ragmed.index.searcher import DEPTH, Found, Pipeline, Searcher, union
from ragmed.protocols import Allowed, Ranking, Reranker, RetrieverKind, Rewriter, TermStatistics, Weighs
from ragmed.recipe import IndexRecipe, parse_index_recipe, read_corpus_recipe, read_index_recipe
from ragmed.types import Evidence, Hit, Passage, Query, Restriction, Weighing

_FILES_ON_CARD = 20
"""Hashes of a corpus's files that an answer carries; the corpus's seal covers all of them."""
_RESTRICTIONS = 16
"""Restrictions whose passages are remembered."""


class Index:
    """An open index. Reading is safe from any number of threads.

    Opening maps the files and checks them against the manifest; encoders load at the first search, or, with
    ``preload``, in the background from now on. ``graph_retrievers`` names the retrievers that use a knowledge graph.

    Raises:
        NoIndex, DamagedIndex, StaleIndex: see `ragmed.errors`.
    """

    def __init__(self, path: Path, *, preload: bool = False) -> None:
        self.path = path
        folder = existing(path)
        sealed = manifest.read(folder)
        self.recipe: IndexRecipe = _current_recipe(path, sealed)
        retrievers = make_retrievers(self.recipe)
        self.graph_retrievers = frozenset(name for name, made in retrievers.items() if graph_of(made) is not None)
        _check_fingerprints(path, sealed, retrievers)
        if preload:
            # While the files are checked; a fault of the encoder shows again, and is raised, at the first search.
            threading.Thread(target=_load_encoders, args=[retrievers], daemon=True).start()
        self.manifest: Manifest = manifest.check(folder, full=sealed.n_bytes <= manifest.FULL_CHECK_BYTES)
        try:
            self.passages = PassageStore(folder / "passages")
            self.searcher = Searcher(
                self.manifest.name,
                {
                    name: retriever.open(folder / "retrievers" / name, self.passages.ids)
                    for name, retriever in retrievers.items()
                },
                self.passages.ids,
            )
        except (OSError, ValueError) as error:
            raise DamagedIndex(f"{path}: cannot be opened ({error}); rebuild it with: {_rebuild(path)}") from error
        self._abbreviations = folder / "abbreviations"
        self.pipeline: Pipeline = make_pipeline(self.recipe, self.rewriter)
        self._allowed: dict[Restriction, Allowed] = {}

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def retriever_names(self) -> tuple[str, ...]:
        return self.searcher.names

    @property
    def term_statistics(self) -> TermStatistics | None:
        """How common terms are, from the first retriever that counts them."""
        return self.searcher.term_statistics

    def rewriter(self, table: Mapping[str, Any], where: str) -> Rewriter:
        """A rewriter from its recipe table, given what it knows of words from this index and from the vocabularies.

        Raises:
            RecipeError, UnknownName: see `ragmed.catalog.make`.
        """
        component = catalog.load("queries", str(table.get("name", "")))
        declared = {field.name for field in fields(component)}
        given: dict[str, Any] = {}
        if "statistics" in declared:
            given["statistics"] = self.term_statistics
        if "abbreviations" in declared:
            given["abbreviations"] = Abbreviations(self._abbreviations)
        if "vocabulary" in declared:
            given["vocabulary"] = open_vocabulary()
        made: Rewriter = make_component("queries", table, where, self.recipe, **given)
        return made

    def kind(self, retriever: str) -> RetrieverKind:
        """By what a retriever compares. Raises `UnknownName`."""
        return self.searcher.kind(retriever)

    def search(
        self,
        queries: Sequence[str | Query],
        k: int = 10,
        retriever: str | None = None,
        *,
        restriction: Restriction | None = None,
        pipeline: Pipeline | None = None,
    ) -> list[tuple[Evidence, ...]]:
        """The best ``k`` passages for each query, best first.

        Args:
            queries: texts or `Query` records; a batch of many is faster than many searches.
            k: passages per query; fewer come back where fewer match.
            retriever: search with this one alone, without rewriting or reranking, instead of fusing all.
            restriction: find only passages that pass it, as many as without it.
            pipeline: search in this way instead of what the recipe says.

        Raises:
            UnknownName: no such retriever in this index.
            QuestionError: ``queries`` is one string rather than a sequence of them.
        """
        found = self.find(queries, k, retriever, restriction=restriction, pipeline=pipeline)
        return [self.evidence(one) for one in found]

    def find(
        self,
        queries: Sequence[str | Query],
        k: int = 10,
        retriever: str | None = None,
        *,
        restriction: Restriction | None = None,
        pipeline: Pipeline | None = None,
    ) -> list[Found]:
        """As `search`, by rows: a passage is read only where a reranker needs it."""
        if isinstance(queries, str | bytes | Query):
            raise QuestionError("search takes a sequence of queries: write search([question])")
        asked = [_query(str(i), query) for i, query in enumerate(queries)]
        k = max(k, 0)
        # One retriever alone shows what it finds by itself.
        how = pipeline or (self.pipeline if retriever is None else Pipeline(self.pipeline.fusion))
        mask = None if restriction is None else self._allowed_by(restriction)
        depth = max([k, *(reranker.depth for reranker in how.rerankers)])
        rewritten: list[tuple[Query, ...]] = [(query,) for query in asked]
        for rewriter in how.rewriters:
            flat = [query for of_one in rewritten for query in of_one]
            plain = replace(how, rewriters=(), rerankers=())

            def retrieve(queries: Sequence[Query], k: int, plain: Pipeline = plain) -> list[tuple[Evidence, ...]]:
                return self.search(queries, k, retriever, restriction=restriction, pipeline=plain)

            rewrites = rewriter.rewrite(flat, retrieve)
            if len(rewrites) != len(flat):
                raise RecipeError(f"{type(rewriter).__name__}: made {len(rewrites)} rewrites of {len(flat)} queries")
            again = iter(rewrites)
            rewritten = [_distinct(query for _ in of_one for query in next(again)) for of_one in rewritten]
        flat = [query for of_one in rewritten for query in of_one]
        # Lists that are joined are as deep for few passages as for many, so that few are the first of many.
        deep = max(depth, DEPTH) if any(len(of_one) > 1 for of_one in rewritten) else depth
        searcher = self.searcher.without(how.without) if how.without else self.searcher
        each = iter(searcher.find(flat, deep, how.fusion, retriever, mask))
        found = [
            union([next(each) for _ in of_one], query, depth, self.passages.ids)
            for query, of_one in zip(asked, rewritten, strict=True)
        ]
        return [self._reranked(one, how.rerankers, k) if how.rerankers else one for one in found]

    def weigh(self, found: Found) -> Weighing | None:
        """How far the index's fusion trusted each retriever in a search for one query, and why.

        ``found`` is what `find` gave, of a query that was searched as it is or rewritten into one. None where the
        fusion cannot tell.
        """
        fusion = self.pipeline.fusion
        [searched] = found.searched
        return fusion.weigh(searched, found.rankings, self.searcher) if isinstance(fusion, Weighs) else None

    def hits(self, ranking: Ranking) -> tuple[Hit, ...]:
        """A ranking by passage ids."""
        pairs = zip(ranking.rows.tolist(), ranking.scores.tolist(), strict=True)
        return tuple(Hit(self.passages.ids[row], score) for row, score in pairs)

    def _allowed_by(self, restriction: Restriction) -> Allowed:
        restriction = normal(restriction)
        mask = self._allowed.get(restriction)
        if mask is None:
            mask = allowed(self.passages, restriction)
            if len(self._allowed) >= _RESTRICTIONS:
                self._allowed.clear()
            self._allowed[restriction] = mask
        return mask

    def _reranked(self, found: Found, rerankers: Sequence[Reranker], k: int) -> Found:
        evidence = self.evidence(found)
        row_of = {e.passage.passage_id: row for e, row in zip(evidence, found.ranking.rows.tolist(), strict=True)}
        for i, reranker in enumerate(rerankers):
            last = i == len(rerankers) - 1
            evidence = tuple(reranker.rerank(found.query, evidence, k if last else len(evidence)))
        rows = [row_of[e.passage.passage_id] for e in evidence]
        return replace(
            found,
            ranking=Ranking(np.array(rows, dtype=np.int64), np.array([e.score for e in evidence], dtype=np.float64)),
            signals={row: e.signals for row, e in zip(rows, evidence, strict=True)},
        )

    def doc_id(self, passage_id: str) -> str:
        """The document of a passage, without reading it. Raises `UnknownName`."""
        row = self.passages.row_of(passage_id)
        return self.passage(passage_id).doc_id if row is None else self.passages.doc_ids[row]

    def passage(self, passage_id: str) -> Passage:
        """The passage of that id, or the statement of the recipe's graph. Raises `UnknownName`, `IndexFault`."""
        row = self.passages.row_of(passage_id)
        if row is None and passage_id.startswith(PREFIX):
            stated = statement_of(open_graph(self.recipe.graph or "default"), passage_id)
            if stated is not None:
                return stated
        if row is None:
            raise UnknownName(
                f"passages in index {self.name!r}", passage_id, [], hint="ids look like: " + self._sample()
            )
        return self.passages[row]

    def card(self) -> dict[str, Any]:
        """What identifies this index, for every answer: hashes, releases, licences, encoder, versions."""
        table = self.manifest.table
        keys = ("name", "title", "release", "licence", "citation", "n_documents")
        return {
            "name": self.name,
            "index_id": self.manifest.index_id,
            "n_passages": table["n_passages"],
            "corpora": [
                {key: corpus[key] for key in keys}
                | {"sha256": [file["sha256"] for file in corpus["files"][:_FILES_ON_CARD]], "seal": corpus["seal"]}
                for corpus in table["corpora"]
            ],
            "retrievers": table["retrievers"],
            "queries": [dict(table) for table in self.recipe.queries],
            "fusion": dict(self.recipe.fusion),
            "rerankers": [dict(table) for table in self.recipe.rerankers],
            "versions": table["versions"],
        }

    def evidence(self, found: Found, k: int | None = None) -> tuple[Evidence, ...]:
        """The passages found, up to ``k`` of them, with their ranks in each retriever's ranking."""
        ranks = {
            name: {row: rank for rank, row in enumerate(ranking.rows.tolist(), start=1)}
            for name, ranking in found.rankings.items()
        }
        scores = {
            name: dict(zip(ranking.rows.tolist(), ranking.scores.tolist(), strict=True))
            for name, ranking in found.rankings.items()
        }
        best = zip(found.ranking.rows[:k].tolist(), found.ranking.scores[:k].tolist(), strict=True)
        return tuple(
            Evidence(
                passage=self.passages[row],
                score=score,
                rank=rank,
                ranks_by_retriever={name: of_row[row] for name, of_row in ranks.items() if row in of_row},
                signals=found.signals.get(row, {}),
                scores_by_retriever={name: of_row[row] for name, of_row in scores.items() if row in of_row},
            )
            for rank, (row, score) in enumerate(best, start=1)
        )

    def _sample(self) -> str:
        return ", ".join(self.passages.ids[row] for row in range(min(3, len(self.passages))))


def _query(query_id: str, query: str | Query) -> Query:
    if isinstance(query, str):
        return Query(query_id, query)
    if not isinstance(query, Query):
        raise QuestionError(f"a query must be text or a Query, not {type(query).__name__}")
    return query


def _distinct(queries: Iterable[Query]) -> tuple[Query, ...]:
    """Each query once, in the order of its first."""
    once: list[Query] = []
    for query in queries:
        if query not in once:
            once.append(query)
    return tuple(once)


def _load_encoders(retrievers: Mapping[str, Any]) -> None:
    with contextlib.suppress(RagmedError):
        for retriever in retrievers.values():
            encoder = getattr(retriever, "encoder", None)
            if encoder is not None:
                encoder.load()


def _rebuild(path: Path) -> str:
    return f"ragmed index build {path.name}"


def _current_recipe(path: Path, built: Manifest) -> IndexRecipe:
    """The recipe beside the index where there is one, else the one it was built from.

    What an index holds must be as built; how it is fused and answered from may change afterwards.
    """
    recorded = parse_index_recipe(built.table["recipe"], path.parent / f"{built.name}.toml")
    beside = path.parent / f"{path.name}.toml"
    if not beside.is_file():
        return recorded
    current = read_index_recipe(beside)
    content = ("corpora", "filters", "retrievers")
    if any(getattr(current, part) != getattr(recorded, part) for part in content):
        raise StaleIndex(f"{path}: built from another recipe than {beside}; rebuild it with: {_rebuild(path)}")
    pinned = {
        corpus["name"]: {file["name"]: file["sha256"] for file in corpus["files"]} for corpus in built.table["corpora"]
    }
    for indexed in current.corpora:
        for file in read_corpus_recipe(indexed.name).files:
            if file.sha256 and pinned.get(indexed.name, {}).get(file.name) != file.sha256:
                raise StaleIndex(
                    f"{path}: built from another release of {indexed.name} ({file.path}); "
                    f"rebuild it with: {_rebuild(path)}"
                )
    return current


def _check_fingerprints(path: Path, built: Manifest, retrievers: Mapping[str, Any]) -> None:
    for facts in built.table["retrievers"]:
        graph = getattr(retrievers.get(facts["name"]), "graph", None)
        if graph is not None and graph.graph_id != facts.get("graph"):
            raise StaleIndex(
                f"{path}: joined to graph {facts.get('graph')}, the one at hand is {graph.graph_id} (another release); "
                f"rebuild it with: {_rebuild(path)}"
            )
        encoder = getattr(retrievers.get(facts["name"]), "encoder", None)
        if encoder is not None and encoder.fingerprint() != facts.get("encoder"):
            raise StaleIndex(
                f"{path}: its vectors come from encoder {facts.get('encoder')}, this is {encoder.fingerprint()}; "
                f"rebuild it with: {_rebuild(path)}"
            )
