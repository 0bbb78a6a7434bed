"""Build an index from its recipe: in a temporary folder, sealed, then renamed into place.

A build that is interrupted, by an error or by ``kill -9``, leaves the index that was there before; what it
left behind is removed by the next build, but for the vectors that it had: the next goes on with these. Two builds of
one index at once: the second stops at once.
"""

from __future__ import annotations

import importlib.metadata
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import ragmed
from ragmed import catalog
from ragmed.analysis.vocabulary_abbreviations import write_abbreviations
from ragmed.collection.build import build as build_corpus
from ragmed.collection.store import BuiltCorpus
from ragmed.errors import CorpusError, NoIndex
from ragmed.index import manifest
from ragmed.index.engines.engine import Engine, Running
from ragmed.index.engines.local import Local
from ragmed.index.engines.steps import SplitTask, encoding_of, runs_of
from ragmed.index.layout import make_filters, make_retrievers
from ragmed.index.manifest import Manifest
from ragmed.index.passages_store import PassageStore, write_passages
from ragmed.index.places import kept_shards, previous
from ragmed.protocols import Filter, Progress, Retriever
from ragmed.recipe import IndexRecipe, read_corpus_recipe
from ragmed.report import Report
from ragmed.sources import StageProgress
from ragmed.storage import locked, storage_errors
from ragmed.types import Passage

_PAIRS = 100
"""Duplicates that the manifest names with what they repeat."""
_BATCH = 256
"""Documents shown to a filter at once."""

_VERSIONS = ("numpy", "onnxruntime", "tokenizers", "PyStemmer", "faiss-cpu")
_LOCAL = Local()


def quiet(stage: str, done: int, total: int) -> None:
    """A `StageProgress` that shows nothing."""


def build(
    recipe: IndexRecipe,
    destination: Path,
    *,
    mirror: Path | None = None,
    fetch: bool = True,
    progress: StageProgress = quiet,
    allow_damaged: bool = False,
    engine: Engine = _LOCAL,
) -> Manifest:
    """Build the index of ``recipe`` at the folder ``destination``, replacing what is there.

    Source files are looked for in ``mirror``, then among the downloaded ones; what is missing is
    downloaded where ``fetch`` is true. What of the corpora is not built yet, or has changed, is built first;
    ``allow_damaged`` as there (`ragmed.collection.build.build`). ``engine`` does the work (`ragmed.index.engines`); the
    index is the same with each.

    Raises:
        UnknownName, RecipeError: the recipe asks for what does not exist; found before any work.
        CorpusError: a source is missing or damaged.
        IndexBusy: another process is building this index.
        StorageError: the disk is full or the folder cannot be written.
        MissingExtra, EngineError: the engine is not installed, or its cluster cannot be used.
    """
    recipes = [read_corpus_recipe(corpus.name) for corpus in recipe.corpora]
    for corpus in recipe.corpora:
        catalog.make("passages", corpus.splitter, f"{recipe.path}: splitter of {corpus.name}")
    filters = make_filters(recipe)
    retrievers = make_retrievers(recipe)
    with storage_errors(destination), locked(destination, f"{destination}: another process is building this index"):
        _recover(destination)
        with engine.start(destination) as running:
            for one in recipes:
                running.read_parts(one, mirror, fetch, progress)
            corpora = [
                build_corpus(one, mirror=mirror, fetch=fetch, progress=progress, allow_damaged=allow_damaged)
                for one in recipes
            ]
            folder = destination.parent / f".{destination.name}.building"
            try:
                folder.mkdir()
                facts = _write(folder, recipe, corpora, filters, retrievers, running, progress)
                sealed = manifest.seal(folder, facts)
                _put_in_place(folder, destination)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            running.finish()
    return sealed


def remove(path: Path) -> None:
    """Remove a built index; its recipe stays. Raises `NoIndex`, `IndexBusy`, `StorageError`."""
    if not (path / manifest.FILE_NAME).exists():
        raise NoIndex(f"{path}: no index here, nothing to remove")
    with storage_errors(path), locked(path, f"{path}: another process is building this index"):
        shutil.rmtree(path)
        shutil.rmtree(previous(path), ignore_errors=True)
        shutil.rmtree(kept_shards(path), ignore_errors=True)


def _write(
    folder: Path,
    recipe: IndexRecipe,
    corpora: list[BuiltCorpus],
    filters: Mapping[str, Filter],
    retrievers: Mapping[str, Retriever],
    running: Running,
    progress: StageProgress,
) -> dict[str, Any]:
    """Write passages and retrievers; return what the manifest says of them."""
    refused = [Report() for _ in corpora]
    was_split = [Report() for _ in corpora]
    abbreviations: Counter[tuple[str, str]] = Counter()

    def passages() -> Iterator[Passage]:
        for corpus, indexed, kept, report in zip(corpora, recipe.corpora, refused, was_split, strict=True):
            shards = _shards(corpus, filters, kept, running.documents_per_shard)
            tasks = (
                SplitTask(str(corpus.folder), corpus.manifest["seal"], runs_of(rows), indexed.splitter)
                for rows in shards
            )
            for made in running.split(tasks):
                abbreviations.update(made.abbreviations)
                yield from made.passages
                report.keep(made.n_documents - len(made.empty))
                for doc_id in made.empty:
                    report.skip("no text", doc_id)
                progress(f"split {corpus.name}", report.n_read + kept.n_read, len(corpus))
            progress(f"split {corpus.name}", len(corpus), len(corpus))

    (folder / "passages").mkdir()
    n_passages = write_passages(folder / "passages", passages())
    (folder / "abbreviations").mkdir()
    write_abbreviations(folder / "abbreviations", abbreviations)
    if n_passages == 0:
        raise CorpusError(f"{recipe.path}: its corpora hold no text, so there is nothing to index")
    for kept, report in zip(refused, was_split, strict=True):
        kept.add(report)
    store = PassageStore(folder / "passages")
    built = []
    for table, (name, retriever) in zip(recipe.retrievers, retrievers.items(), strict=True):
        path = folder / "retrievers" / name
        path.mkdir(parents=True)
        encoding = encoding_of(retriever, table, (folder / "passages").absolute(), n_passages)
        given = running.with_vectors(retriever, encoding, _of_stage(progress, f"encode for {name}"))
        built.append({"name": name, **given.build(store, path, _of_stage(progress, f"index {name}"))})
    return {
        "name": recipe.name,
        "description": recipe.description,
        "n_documents": sum(report.n_kept for report in refused),
        "n_passages": n_passages,
        "corpora": [_describe(corpus, report) for corpus, report in zip(corpora, refused, strict=True)],
        "filters": [
            {
                "name": name,
                "pairs": [[pair.refused_id, pair.kept_id] for pair in getattr(filter_, "pairs", ())[:_PAIRS]],
            }
            for name, filter_ in filters.items()
        ],
        "retrievers": built,
        "recipe": recipe.table,
        "versions": {
            "ragmed": ragmed.__version__,
            "python": ".".join(map(str, sys.version_info[:2])),
            **{name: importlib.metadata.version(name) for name in _VERSIONS},
        },
    }


def _of_stage(progress: StageProgress, stage: str) -> Progress:
    return lambda done, total: progress(stage, done, total)


def _shards(
    corpus: BuiltCorpus, filters: Mapping[str, Filter], report: Report, n_documents: int
) -> Iterator[Sequence[int]]:
    """The rows of the documents that every filter keeps, up to ``n_documents`` at a time, in order.

    The others are counted under the filter that first refused them. Filters see documents `_BATCH` at a time.
    """
    if not filters:
        for start in range(0, len(corpus), n_documents):
            yield range(start, min(start + n_documents, len(corpus)))
        return
    waiting: list[int] = []
    for start in range(0, len(corpus), _BATCH):
        rows = list(range(start, min(start + _BATCH, len(corpus))))
        batch = corpus[start : start + _BATCH]
        for name, filter_ in filters.items():
            reasons = filter_.refuse(batch)
            for document, reason in zip(batch, reasons, strict=True):
                if reason:
                    report.skip(f"{name}: {reason}", document.doc_id)
            rows = [row for row, reason in zip(rows, reasons, strict=True) if not reason]
            batch = [document for document, reason in zip(batch, reasons, strict=True) if not reason]
        waiting += rows
        while len(waiting) >= n_documents:
            yield waiting[:n_documents]
            waiting = waiting[n_documents:]
    if waiting:
        yield waiting


def _describe(corpus: BuiltCorpus, report: Report) -> dict[str, Any]:
    return {
        **{key: corpus.manifest[key] for key in ("name", "title", "homepage", "licence", "citation", "release")},
        "n_documents": report.n_kept,
        "seal": corpus.manifest["seal"],
        "read": corpus.manifest["report"],
        "filtered": report.table(),
        "files": [
            {key: file[key] for key in ("name", "bytes", "sha256")}
            for part in corpus.manifest["parts"]
            for file in part["files"]
        ],
    }


def _recover(destination: Path) -> None:
    """Undo what a killed build left: bring back an index moved aside, remove half-built ones."""
    aside = previous(destination)
    if aside.exists():
        if destination.exists():
            shutil.rmtree(aside)
        else:
            aside.rename(destination)
    shutil.rmtree(destination.parent / f".{destination.name}.building", ignore_errors=True)


def _put_in_place(folder: Path, destination: Path) -> None:
    aside = previous(destination)
    if destination.exists():
        destination.rename(aside)
    folder.rename(destination)
    shutil.rmtree(aside, ignore_errors=True)
