"""Build an index from its recipe: in a temporary folder, sealed, then renamed into place.

A build that is interrupted, by an error or by ``kill -9``, leaves the index that was there before; what it
left behind is removed by the next build. Two builds of one index at once: the second stops at once.
"""

from __future__ import annotations

import contextlib
import errno
import importlib.metadata
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import ragmed
from ragmed import catalog, sources
from ragmed.errors import CorpusError, IndexBusy, NoIndex, StorageError
from ragmed.index import manifest
from ragmed.index.layout import make_retrievers, previous
from ragmed.index.manifest import Manifest
from ragmed.index.passages_store import PassageStore, write_passages
from ragmed.protocols import Retriever, Splitter
from ragmed.recipe import CorpusRecipe, IndexRecipe, read_corpus_recipe
from ragmed.types import Passage

StageProgress = Callable[[str, int, int], None]
"""Called with (stage, done, total) as a build goes on; total is 0 where it is not known."""

_VERSIONS = ("numpy", "onnxruntime", "tokenizers", "PyStemmer")


def quiet(stage: str, done: int, total: int) -> None:
    """A `StageProgress` that shows nothing."""


def build(
    recipe: IndexRecipe,
    destination: Path,
    *,
    mirror: Path | None = None,
    fetch: bool = True,
    progress: StageProgress = quiet,
) -> Manifest:
    """Build the index of ``recipe`` at the folder ``destination``, replacing what is there.

    Source files are looked for in ``mirror``, then among the downloaded ones; what is missing is
    downloaded where ``fetch`` is true.

    Raises:
        UnknownName, RecipeError: the recipe asks for what does not exist; found before any work.
        CorpusError: a source is missing or damaged.
        IndexBusy: another process is building this index.
        StorageError: the disk is full or the folder cannot be written.
    """
    corpora = [read_corpus_recipe(corpus.name) for corpus in recipe.corpora]
    splitters = [catalog.make("passages", c.splitter, f"{recipe.path}: splitter of {c.name}") for c in recipe.corpora]
    retrievers = make_retrievers(recipe)
    with _storage_errors(destination), _locked(destination):
        _recover(destination)
        files = [
            sources.fetch(corpus, mirror, progress) if fetch else sources.locate(corpus, mirror) for corpus in corpora
        ]
        folder = destination.parent / f".{destination.name}.building"
        folder.mkdir()
        try:
            facts = _write(folder, recipe, corpora, files, splitters, retrievers, progress)
            sealed = manifest.seal(folder, facts)
            _put_in_place(folder, destination)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return sealed


def remove(path: Path) -> None:
    """Remove a built index; its recipe stays. Raises `NoIndex`, `IndexBusy`, `StorageError`."""
    if not (path / manifest.FILE_NAME).exists():
        raise NoIndex(f"{path}: no index here, nothing to remove")
    with _storage_errors(path), _locked(path):
        shutil.rmtree(path)
        shutil.rmtree(previous(path), ignore_errors=True)


def _write(
    folder: Path,
    recipe: IndexRecipe,
    corpora: list[CorpusRecipe],
    files: list[dict[str, Path]],
    splitters: list[Splitter],
    retrievers: Mapping[str, Retriever],
    progress: StageProgress,
) -> dict[str, Any]:
    """Write passages and retrievers; return what the manifest says of them."""
    described: list[dict[str, Any]] = []

    def passages() -> Iterator[Passage]:
        for corpus, paths, splitter in zip(corpora, files, splitters, strict=True):
            n_documents = 0
            total = corpus.counts.get("documents", 0)
            for document in sources.documents(corpus, paths):
                n_documents += 1
                if n_documents % 200 == 0 or n_documents == total:
                    progress(f"read {corpus.name}", n_documents, total)
                yield from splitter.split(document)
            described.append(_describe(corpus, paths, n_documents))

    (folder / "passages").mkdir()
    n_passages = write_passages(folder / "passages", passages())
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
        "n_documents": sum(corpus["n_documents"] for corpus in described),
        "n_passages": n_passages,
        "corpora": described,
        "retrievers": built,
        "recipe": recipe.table,
        "versions": {
            "ragmed": ragmed.__version__,
            "python": ".".join(map(str, sys.version_info[:2])),
            **{name: importlib.metadata.version(name) for name in _VERSIONS},
        },
    }


def _describe(corpus: CorpusRecipe, paths: Mapping[str, Path], n_documents: int) -> dict[str, Any]:
    return {
        "name": corpus.name,
        "title": corpus.title,
        "homepage": corpus.homepage,
        "licence": corpus.licence,
        "citation": corpus.citation,
        "release": sources.release(corpus, paths),
        "n_documents": n_documents,
        "files": [
            {
                "name": file.name,
                "path": file.path,
                "bytes": paths[file.name].stat().st_size,
                "sha256": manifest.sha256_of(paths[file.name]),
            }
            for file in corpus.files
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


@contextlib.contextmanager
def _storage_errors(destination: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = error.filename or destination.parent
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise StorageError(
                f"{destination.parent}: no space left; the index that was there is unchanged; free some and build again"
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise StorageError(
                f"{where}: cannot be written ({error.strerror}); choose another folder with RAGMED_HOME"
            ) from error
        raise


@contextlib.contextmanager
def _locked(destination: Path) -> Iterator[None]:
    """Hold the index's lock file; the operating system lets go of it when the process ends, however."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    with (destination.parent / f".{destination.name}.lock").open("w") as file:
        if not _lock(file):
            raise IndexBusy(f"{destination}: another process is building this index; wait for it, or stop it")
        yield


def _lock(file: IO[str]) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
            return False
        raise
    return True
