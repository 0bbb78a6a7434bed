"""Build an index from its recipe: in a temporary folder, sealed, then renamed into place.

A build that is interrupted, by an error or by ``kill -9``, leaves the index that was there before; what it
left behind is removed by the next build. Two builds of one index at once: the second stops at once.
"""

from __future__ import annotations

import importlib.metadata
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import ragmed
from ragmed import catalog
from ragmed.analysis.vocabulary_abbreviations import mine, write_abbreviations
from ragmed.collection.build import build as build_corpus
from ragmed.collection.store import BuiltCorpus
from ragmed.errors import CorpusError, NoIndex
from ragmed.index import manifest
from ragmed.index.layout import make_filters, make_retrievers
from ragmed.index.manifest import Manifest
from ragmed.index.passages_store import PassageStore, write_passages
from ragmed.index.places import previous
from ragmed.protocols import Filter, Retriever, Splitter
from ragmed.recipe import IndexRecipe, read_corpus_recipe
from ragmed.report import Report
from ragmed.sources import StageProgress
from ragmed.storage import locked, storage_errors
from ragmed.types import Document, Passage

_PAIRS = 100
"""Duplicates that the manifest names with what they repeat."""
_BATCH = 256
"""Documents shown to a filter at once."""

_VERSIONS = ("numpy", "onnxruntime", "tokenizers", "PyStemmer", "faiss-cpu")


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
) -> Manifest:
    """Build the index of ``recipe`` at the folder ``destination``, replacing what is there.

    Source files are looked for in ``mirror``, then among the downloaded ones; what is missing is
    downloaded where ``fetch`` is true. What of the corpora is not built yet, or has changed, is built first;
    ``allow_damaged`` as there (`ragmed.collection.build.build`).

    Raises:
        UnknownName, RecipeError: the recipe asks for what does not exist; found before any work.
        CorpusError: a source is missing or damaged.
        IndexBusy: another process is building this index.
        StorageError: the disk is full or the folder cannot be written.
    """
    recipes = [read_corpus_recipe(corpus.name) for corpus in recipe.corpora]
    splitters = [catalog.make("passages", c.splitter, f"{recipe.path}: splitter of {c.name}") for c in recipe.corpora]
    filters = make_filters(recipe)
    retrievers = make_retrievers(recipe)
    with storage_errors(destination), locked(destination, f"{destination}: another process is building this index"):
        _recover(destination)
        corpora = [
            build_corpus(corpus, mirror=mirror, fetch=fetch, progress=progress, allow_damaged=allow_damaged)
            for corpus in recipes
        ]
        folder = destination.parent / f".{destination.name}.building"
        try:
            folder.mkdir()
            facts = _write(folder, recipe, corpora, splitters, filters, retrievers, progress)
            sealed = manifest.seal(folder, facts)
            _put_in_place(folder, destination)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return sealed


def remove(path: Path) -> None:
    """Remove a built index; its recipe stays. Raises `NoIndex`, `IndexBusy`, `StorageError`."""
    if not (path / manifest.FILE_NAME).exists():
        raise NoIndex(f"{path}: no index here, nothing to remove")
    with storage_errors(path), locked(path, f"{path}: another process is building this index"):
        shutil.rmtree(path)
        shutil.rmtree(previous(path), ignore_errors=True)


def _write(
    folder: Path,
    recipe: IndexRecipe,
    corpora: list[BuiltCorpus],
    splitters: list[Splitter],
    filters: Mapping[str, Filter],
    retrievers: Mapping[str, Retriever],
    progress: StageProgress,
) -> dict[str, Any]:
    """Write passages and retrievers; return what the manifest says of them."""
    reports = {corpus.name: Report() for corpus in corpora}
    abbreviations: Counter[tuple[str, str]] = Counter()

    def passages() -> Iterator[Passage]:
        for corpus, splitter in zip(corpora, splitters, strict=True):
            report = reports[corpus.name]
            n_read = 0
            for document in _kept(corpus, filters, report):
                n_passages = 0
                for passage in splitter.split(document):
                    n_passages += 1
                    abbreviations.update(mine([passage.text]))
                    yield passage
                if n_passages:
                    report.keep()
                else:
                    report.skip("no text", document.doc_id)
                if report.n_read - n_read >= _BATCH:
                    n_read = report.n_read
                    progress(f"split {corpus.name}", n_read, len(corpus))
            progress(f"split {corpus.name}", len(corpus), len(corpus))

    (folder / "passages").mkdir()
    n_passages = write_passages(folder / "passages", passages())
    (folder / "abbreviations").mkdir()
    write_abbreviations(folder / "abbreviations", abbreviations)
    if n_passages == 0:
        raise CorpusError(f"{recipe.path}: its corpora hold no text, so there is nothing to index")
    store = PassageStore(folder / "passages")
    built = []
    for name, retriever in retrievers.items():
        path = folder / "retrievers" / name
        path.mkdir(parents=True)
        facts = retriever.build(store, path, lambda done, total, name=name: progress(f"index {name}", done, total))  # type: ignore[misc]
        built.append({"name": name, **facts})
    return {
        "name": recipe.name,
        "description": recipe.description,
        "n_documents": sum(report.n_kept for report in reports.values()),
        "n_passages": n_passages,
        "corpora": [_describe(corpus, reports[corpus.name]) for corpus in corpora],
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


def _kept(corpus: BuiltCorpus, filters: Mapping[str, Filter], report: Report) -> Iterator[Document]:
    """The documents that every filter keeps; the others are counted under the first that refused them."""
    rows = iter(corpus)
    while batch := list(islice(rows, _BATCH)):
        for name, filter_ in filters.items():
            reasons = filter_.refuse(batch)
            for document, reason in zip(batch, reasons, strict=True):
                if reason:
                    report.skip(f"{name}: {reason}", document.doc_id)
            batch = [document for document, reason in zip(batch, reasons, strict=True) if not reason]
        yield from batch


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
