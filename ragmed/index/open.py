"""Open a built index and search it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ragmed import catalog
from ragmed.errors import DamagedIndex, QuestionError, RagmedError, StaleIndex, UnknownName
from ragmed.index import manifest
from ragmed.index.layout import existing, make_retrievers
from ragmed.index.manifest import Manifest
from ragmed.index.passages_store import PassageStore
from ragmed.protocols import Fusion, OpenRetriever, TermStatistics
from ragmed.recipe import IndexRecipe, parse_index_recipe, read_corpus_recipe, read_index_recipe
from ragmed.types import Evidence, Hit, Passage, Query, Run

_FILES_ON_CARD = 20
"""Hashes of a corpus's files that an answer carries; the corpus's seal covers all of them."""
_DEPTH = 100
"""Hits asked of each retriever for fusion, at least."""


class Index:
    """An open index. Reading is safe from any number of threads.

    Opening maps the files and checks them against the manifest; encoders load at the first search, or, with
    ``preload``, in the background from now on.

    Raises:
        NoIndex, DamagedIndex, StaleIndex: see `ragmed.errors`.
    """

    def __init__(self, path: Path, *, preload: bool = False) -> None:
        self.path = path
        folder = existing(path)
        sealed = manifest.read(folder)
        self.recipe: IndexRecipe = _current_recipe(path, sealed)
        retrievers = make_retrievers(self.recipe)
        _check_fingerprints(path, sealed, retrievers)
        if preload:
            # While the files are checked; a fault of the encoder shows again, and is raised, at the first search.
            threading.Thread(target=_load_encoders, args=[retrievers], daemon=True).start()
        self.manifest: Manifest = manifest.check(folder, full=sealed.n_bytes <= manifest.FULL_CHECK_BYTES)
        try:
            self.passages = PassageStore(folder / "passages")
            self._retrievers: dict[str, OpenRetriever] = {
                name: retriever.open(folder / "retrievers" / name, self.passages.ids)
                for name, retriever in retrievers.items()
            }
        except (OSError, ValueError) as error:
            raise DamagedIndex(f"{path}: cannot be opened ({error}); rebuild it with: {_rebuild(path)}") from error
        self._fusion: Fusion = catalog.make("fusion", self.recipe.fusion, f"{self.recipe.path}: [fusion]")

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def retriever_names(self) -> tuple[str, ...]:
        return tuple(self._retrievers)

    @property
    def term_statistics(self) -> TermStatistics | None:
        """How common terms are, from the first retriever that counts them."""
        return next((r for r in self._retrievers.values() if isinstance(r, TermStatistics)), None)

    def runs(
        self, queries: Sequence[Query], k: int, by_retriever: Mapping[str, Sequence[Query]] | None = None
    ) -> dict[str, Run]:
        """Each retriever's own run of depth ``k``, by retriever name; ``by_retriever`` as in `search`."""
        own = by_retriever or {}
        return {name: retriever.search(own.get(name, queries), k) for name, retriever in self._retrievers.items()}

    def is_dense(self, retriever: str) -> bool:
        """Whether a retriever compares vectors. Raises `UnknownName`."""
        if retriever not in self._retrievers:
            raise UnknownName(f"retrievers in index {self.name!r}", retriever, self._retrievers)
        return hasattr(self._retrievers[retriever], "encoder")

    def search(
        self,
        queries: Sequence[str | Query],
        k: int = 10,
        retriever: str | None = None,
        *,
        fusion: Fusion | None = None,
        by_retriever: Mapping[str, Sequence[Query]] | None = None,
    ) -> list[tuple[Evidence, ...]]:
        """The best ``k`` passages for each query, best first.

        Args:
            queries: texts or `Query` records; a batch of many is faster than many searches.
            k: passages per query; fewer come back where fewer match.
            retriever: search with this one alone instead of fusing all.
            fusion: fuse with this instead of what the recipe says.
            by_retriever: other queries, one for each of ``queries``, for the retrievers named.

        Raises:
            UnknownName: no such retriever in this index.
            QuestionError: ``queries`` is one string rather than a sequence of them.
        """
        fused, runs = self.rank(queries, k, retriever, fusion=fusion, by_retriever=by_retriever)
        return [self.evidence(hits, runs, query_id) for query_id, hits in fused.items()]

    def rank(
        self,
        queries: Sequence[str | Query],
        k: int,
        retriever: str | None = None,
        *,
        fusion: Fusion | None = None,
        by_retriever: Mapping[str, Sequence[Query]] | None = None,
    ) -> tuple[Run, dict[str, Run]]:
        """As `search`, without reading a passage: the fused run, and each retriever's, by the queries' numbers."""
        if isinstance(queries, str):
            raise QuestionError("search takes a sequence of queries: write search([question])")
        asked = [
            Query(str(i), query) if isinstance(query, str) else replace(query, query_id=str(i))
            for i, query in enumerate(queries)
        ]
        own = {
            name: [replace(query, query_id=str(i)) for i, query in enumerate(others)]
            for name, others in (by_retriever or {}).items()
        }
        if retriever is not None:
            if retriever not in self._retrievers:
                raise UnknownName(f"retrievers in index {self.name!r}", retriever, self._retrievers)
            runs = {retriever: self._retrievers[retriever].search(own.get(retriever, asked), k)}
            fused = runs[retriever]
        else:
            runs = self.runs(asked, max(k, _DEPTH), own)
            fused = (fusion or self._fusion).fuse(runs, k)
        return {query.query_id: fused.get(query.query_id, ()) for query in asked}, runs

    def doc_id(self, passage_id: str) -> str:
        """The document of a passage, without reading it. Raises `UnknownName`."""
        row = self.passages.row_of(passage_id)
        return self.passage(passage_id).doc_id if row is None else self.passages.doc_ids[row]

    def passage(self, passage_id: str) -> Passage:
        """The passage of that id. Raises `UnknownName`."""
        row = self.passages.row_of(passage_id)
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
            "fusion": dict(self.recipe.fusion),
            "versions": table["versions"],
        }

    def evidence(self, hits: Sequence[Hit], runs: Mapping[str, Run], query_id: str) -> tuple[Evidence, ...]:
        """The passages of a run's hits, with their ranks in each retriever's run."""
        ranks = {
            name: {hit.passage_id: rank for rank, hit in enumerate(run.get(query_id, ()), start=1)}
            for name, run in runs.items()
        }
        return tuple(
            Evidence(
                passage=self.passage(hit.passage_id),
                score=hit.score,
                rank=rank,
                ranks_by_retriever={name: r[hit.passage_id] for name, r in ranks.items() if hit.passage_id in r},
            )
            for rank, hit in enumerate(hits, start=1)
        )

    def _sample(self) -> str:
        return ", ".join(self.passages.ids[row] for row in range(min(3, len(self.passages))))


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
        encoder = getattr(retrievers.get(facts["name"]), "encoder", None)
        if encoder is not None and encoder.fingerprint() != facts.get("encoder"):
            raise StaleIndex(
                f"{path}: its vectors come from encoder {facts.get('encoder')}, this is {encoder.fingerprint()}; "
                f"rebuild it with: {_rebuild(path)}"
            )
