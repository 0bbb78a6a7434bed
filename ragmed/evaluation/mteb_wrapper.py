"""An index recipe as a model of mteb: its splitter, retrievers and fusion search the corpora of mteb's tasks.

Source: ``SearchProtocol`` of mteb 2, https://embeddings-benchmark.github.io/mteb/. Needs the extra ``mteb``::

    import mteb
    from ragmed.evaluation.mteb_wrapper import MTEBSearch

    mteb.evaluate(MTEBSearch("default"), mteb.get_tasks(["NFCorpus"]))
"""

from __future__ import annotations

import hashlib
import importlib
import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ragmed import __version__, catalog
from ragmed.errors import MissingExtra, RagmedError
from ragmed.index.layout import make_retrievers
from ragmed.index.searcher import Searcher
from ragmed.protocols import Fusion, OpenRetriever, Ranking, Splitter
from ragmed.recipe import IndexRecipe, read_index_recipe
from ragmed.types import Document, Passage, Query

_PASSAGES_A_DOCUMENT = 5
"""Passages searched for each document to be ranked, since a document may have many."""


class MTEBSearch:
    """A ``SearchProtocol`` of mteb.

    Args:
        recipe: an index recipe, its name or its path. Its corpora are replaced by those of mteb's tasks, split as its
            first one is; filters are left out, since every judged document must stay.
        retriever: search with this one alone; empty: all of them, fused.
    """

    def __init__(self, recipe: IndexRecipe | str | Path, retriever: str = "") -> None:
        self.recipe = recipe if isinstance(recipe, IndexRecipe) else read_index_recipe(recipe)
        where = f"{self.recipe.path}"
        self._splitter: Splitter = catalog.make("passages", self.recipe.corpora[0].splitter, f"{where}: splitter")
        self._fusion: Fusion = catalog.make("fusion", self.recipe.fusion, f"{where}: [fusion]")
        self._retrievers = make_retrievers(self.recipe)
        if retriever:
            if retriever not in self._retrievers:
                raise RagmedError(f"{where}: no retriever {retriever!r}; have: {', '.join(self._retrievers)}")
            self._retrievers = {retriever: self._retrievers[retriever]}
        self._alone = retriever or None
        self._searcher: Searcher | None = None
        self._documents: list[str] = []
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    @property
    def mteb_model_meta(self) -> Any:
        """What mteb records of the model; its revision is a hash of ragmed's version and the recipe."""
        model_meta = _module("mteb.models.model_meta").ModelMeta
        content = json.dumps([__version__, self.recipe.table, sorted(self._retrievers)], sort_keys=True, default=dict)
        unknown = dict.fromkeys(
            name for name, declared in model_meta.model_fields.items() if declared.is_required()
        )  # each of these may be None, but must be given
        return model_meta(
            **unknown
            | {
                "name": f"ragmed/{'-'.join([self.recipe.name, *self._retrievers])}",
                "revision": hashlib.sha256(content.encode()).hexdigest()[:16],
                "license": "apache-2.0",
                "open_weights": True,
                "framework": [],
                "use_instructions": False,
                "model_type": ["dense" if any(hasattr(r, "encoder") for r in self._retrievers.values()) else "sparse"],
            }
        )

    def index(self, corpus: Iterable[Mapping[str, Any]], **_: Any) -> None:
        """Split and index a task's corpus, rows of ``id``, ``text`` and often ``title``; one indexed before goes."""
        passages: list[Passage] = []
        for row in corpus:
            passages += self._splitter.split(_document(row))
        self._documents = [passage.doc_id for passage in passages]
        if self._folder is not None:
            self._searcher = None
            self._folder.cleanup()
        self._folder = tempfile.TemporaryDirectory(prefix="ragmed-mteb-")
        ids = [passage.passage_id for passage in passages]
        opened: dict[str, OpenRetriever] = {}
        for name, retriever in self._retrievers.items():
            path = Path(self._folder.name) / name
            path.mkdir()
            retriever.build(passages, path)
            opened[name] = retriever.open(path, ids)
        self._searcher = Searcher(self.recipe.name, opened, ids)

    def search(
        self,
        queries: Iterable[Mapping[str, Any]],
        *,
        top_k: int,
        top_ranked: Mapping[str, Sequence[str]] | None = None,
        **_: Any,
    ) -> dict[str, dict[str, float]]:
        """Query id → document id → score, for up to ``top_k`` documents; of ``top_ranked`` alone where it is given."""
        if self._searcher is None:
            raise RagmedError("nothing is indexed; mteb calls index() before search()")
        asked = [Query(str(row["id"]), _query_text(row)) for row in queries]
        found: dict[str, dict[str, float]] = {}
        depth = len(self._documents) if top_ranked else min(top_k * _PASSAGES_A_DOCUMENT, len(self._documents))
        for one in self._searcher.find(asked, depth, self._fusion, self._alone):
            query_id = one.query.query_id
            allowed = None if top_ranked is None else frozenset(top_ranked.get(query_id, ()))
            found[query_id] = self._best_documents(one.ranking, allowed, top_k)
        return found

    def _best_documents(self, ranking: Ranking, allowed: frozenset[str] | None, k: int) -> dict[str, float]:
        best: dict[str, float] = {}
        for row, score in zip(ranking.rows.tolist(), ranking.scores.tolist(), strict=True):
            doc_id = self._documents[row]
            if allowed is None or doc_id in allowed:
                best[doc_id] = max(best.get(doc_id, score), score)
        return dict(sorted(best.items(), key=lambda item: (-item[1], item[0]))[:k])


def _document(row: Mapping[str, Any]) -> Document:
    return Document(
        doc_id=str(row["id"]),
        title=str(row.get("title") or "").strip(),
        text=str(row.get("text") or "").strip() or str(row.get("title") or "").strip(),
        source="mteb",
        url="",
        licence="",
    )


def _query_text(row: Mapping[str, Any]) -> str:
    """A query with its instruction after it, a conversation with its turns one after another, as mteb's BM25 reads."""
    text, instruction = row["text"], str(row.get("instruction") or "")
    if isinstance(text, list):
        turns = [f"{turn['role']}: {turn['content']}" if isinstance(turn, Mapping) else str(turn) for turn in text]
        return " ".join(part for part in (instruction, "; ".join(turns)) if part)
    return " ".join(part for part in (str(text), instruction) if part)


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "mteb", "mteb") from error
