"""Build a corpus: read its source part by part into columns, then decide which documents stand.

A part (a file, where the builder reads its files apart) is written under a hash of all that its documents
depend on: the builder with its options and code, the licence, the file's content. So a part that is there
already is never read again: a build that was killed goes on where it was, an update reads the new files
only, and two builds of the same files give the same bytes. Several parts are read by as many processes as
there are cores (`ragmed.collection.read_part`).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragmed import sources
from ragmed.collection.layout import Part
from ragmed.collection.read_part import Job, code_fingerprint, read_all
from ragmed.collection.store import FORMAT, MANIFEST, PREVIOUS, BuiltCorpus, read_manifest, seal_of
from ragmed.columns import write_array
from ragmed.errors import DamagedFile, NoCorpus
from ragmed.home import corpus_path, recipe_files
from ragmed.protocols import Parted
from ragmed.recipe import CorpusRecipe, read_corpus_recipe
from ragmed.report import N_EXAMPLES, Report
from ragmed.sources import StageProgress
from ragmed.storage import locked, storage_errors

REPLACED, WITHDRAWN, UNKNOWN = (
    "replaced by a later version",
    "withdrawn by the source",
    "deletion of an unknown document",
)


def built_path(name: str) -> Path:
    """Where the corpus of that name lies once built."""
    return corpus_path(name) / "built"


def open_corpus(name_or_folder: str, *, previous: bool = False) -> BuiltCorpus:
    """Open a built corpus by its name or folder.

    Raises:
        UnknownName: there is no such corpus. NoCorpus: it has not been built. DamagedFile: its files are damaged.
    """
    if "/" in name_or_folder or os.sep in name_or_folder:
        folder = Path(name_or_folder)
        return BuiltCorpus(folder / "built" if (folder / "built").is_dir() else folder, previous=previous)
    folder = built_path(name_or_folder)
    if not folder.is_dir() and name_or_folder not in recipe_files("corpora"):
        read_corpus_recipe(name_or_folder)
    return BuiltCorpus(folder, previous=previous)


def build(
    recipe: CorpusRecipe,
    *,
    mirror: Path | None = None,
    fetch: bool = True,
    progress: StageProgress = lambda stage, done, total: None,
    workers: int | None = None,
    allow_damaged: bool = False,
) -> BuiltCorpus:
    """Read what is new or changed of a source and open the result; nothing is written where nothing is new.

    Args:
        mirror: a folder of source files, looked in first. fetch: download what is missing.
        workers: processes to read with; by default as many as there are cores and enough to read for them.
        allow_damaged: where a part of several cannot be read to its end, keep what could be read of it.
            `BuiltCorpus.damaged` names such parts, and the next build reads them again.

    Raises:
        UnknownName, RecipeError: the recipe asks for what does not exist.
        MissingFile, DamagedFile: a file is missing, broken, or holds another number of documents than declared.
        IndexBusy: another process is building this corpus. StorageError: the disk is full.
    """
    paths = sources.fetch(recipe, mirror, progress) if fetch else sources.locate(recipe, mirror)
    folder = built_path(recipe.name)
    with storage_errors(folder), locked(folder, f"{recipe.name}: another process is building this corpus"):
        (folder / "parts").mkdir(parents=True, exist_ok=True)
        for left in folder.glob("parts/.*"):
            shutil.rmtree(left, ignore_errors=True)
        before = _manifest_before(folder)
        jobs = jobs_of(recipe, paths, folder)
        read_all(recipe, paths, [job for job in jobs if not job.is_done], workers, progress)
        entries = [job.entry() for job in jobs]
        damaged = {entry["name"]: entry["damaged"] for entry in entries if entry["damaged"]}
        if damaged and not allow_damaged:
            more = f" (and {len(damaged) - 1:,} more parts)" if len(damaged) > 1 else ""
            raise DamagedFile(
                next(iter(damaged.values()))
                + more
                + (
                    f"; what could be read is kept by: ragmed corpus build --allow-damaged {recipe.name}"
                    if len(jobs) > 1
                    else ""
                )
            )
        _finish(recipe, paths, folder, before, entries, check_counts=not damaged)
    return BuiltCorpus(folder)


def _manifest_before(folder: Path) -> dict[str, Any] | None:
    try:
        return read_manifest(folder)
    except (NoCorpus, DamagedFile):
        return None


def jobs_of(recipe: CorpusRecipe, paths: Mapping[str, Path], folder: Path) -> list[Job]:
    """One job a part, in the order in which the parts apply."""
    corpus = sources.open_source(recipe, paths, Report())
    parts = {part: [part] for part in corpus.parts()} if isinstance(corpus, Parted) else {"all": list(paths)}
    seen = _Seen(folder)
    common = [recipe.name, dict(recipe.builder), recipe.licence, code_fingerprint(recipe.builder["name"]), FORMAT]
    jobs = []
    for part, names in parts.items():
        files = []
        for name in names:
            size, digest = seen.sha256_of(paths[name])
            files.append({"name": name, "bytes": size, "sha256": digest})
        content = [common, part, [[file["name"], file["sha256"]] for file in files]]
        key = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:24]
        jobs.append(Job(part, folder / "parts" / key, files))
    seen.save()
    return jobs


class _Seen:
    """The hashes of files whose size and time of change are as they were; a cache, and no part of the seal."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "seen.json"
        self._now: dict[str, list[Any]] = {}
        try:
            self._before: dict[str, list[Any]] = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self._before = {}

    def sha256_of(self, path: Path) -> tuple[int, str]:
        """Size and hash; of a file that cannot be read, 0 and nothing: what to do about it is the builder's."""
        try:
            stat = path.stat()
            size, changed, digest = self._before.get(str(path), (0, 0, ""))
            if not digest or (size, changed) != (stat.st_size, stat.st_mtime_ns):
                with path.open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            return 0, ""
        self._now[str(path)] = [stat.st_size, stat.st_mtime_ns, digest]
        return stat.st_size, str(digest)

    def save(self) -> None:
        if self._now != self._before:
            _replace(self._path, self._now)


def _finish(
    recipe: CorpusRecipe,
    paths: Mapping[str, Path],
    folder: Path,
    before: Mapping[str, Any] | None,
    entries: list[dict[str, Any]],
    *,
    check_counts: bool,
) -> None:
    """Write which documents stand, and the manifest that says so; forget parts that nothing refers to."""
    parts = [Part(folder / "parts" / entry["key"]) for entry in entries]
    report = Report()
    for entry in entries:
        report.add(Report.from_table(entry["report"]))
    part, row = _live(parts, report)
    expected = recipe.counts.get("documents")
    if check_counts and expected is not None and len(row) != expected:
        where = ", ".join(str(path) for path in list(paths.values())[:3])
        raise DamagedFile(
            f"{recipe.name}: expected {expected:,} documents, found {len(row):,}; the source is cut or another "
            f"release ({where}); fetch it again, or correct {recipe.path}"
        )
    content: dict[str, Any] = {
        "format": FORMAT,
        "name": recipe.name,
        "title": recipe.title,
        "homepage": recipe.homepage,
        "licence": recipe.licence,
        "citation": recipe.citation,
        "release": sources.open_source(recipe, paths, Report()).release(),
        "n_documents": len(row),
        "live": hashlib.sha256(json.dumps([entry["key"] for entry in entries]).encode()).hexdigest()[:16],
        "report": report.table(),
        "parts": entries,
    }
    content["seal"] = seal_of(content)
    if before is not None and before["seal"] == content["seal"]:
        return
    live = folder / "live" / content["live"]
    if not live.is_dir():
        fresh = folder / "live" / f".{content['live']}"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        write_array(fresh / "part.npy", part)
        write_array(fresh / "row.npy", row)
        fresh.rename(live)
    if before is not None and before["live"] != content["live"]:
        _replace(folder / PREVIOUS, before)
    _replace(folder / MANIFEST, content)
    _forget(folder)


def _live(parts: list[Part], report: Report) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Part and row of every document that stands, in order; what was replaced or withdrawn is counted."""
    hashes, part_of, row_of = [], [], []
    for i, part in enumerate(parts):
        deleted, deleted_at = part.deletions
        n = len(part.id_hashes)
        # A deletion noted before row r comes before that row's document and after all earlier ones.
        position = np.concatenate([2 * np.arange(n) + 1, 2 * deleted_at.astype(np.int64)])
        order = np.argsort(position, kind="stable")
        hashes.append(np.concatenate([part.id_hashes, deleted])[order])
        row_of.append(np.concatenate([np.arange(n), -1 - np.arange(len(deleted_at))])[order])
        part_of.append(np.full(len(order), i, dtype=np.uint32))
    hash_ = np.concatenate([*hashes, np.zeros(0, np.uint64)])
    events, origin = (
        np.concatenate([*row_of, np.zeros(0, np.int64)]),
        np.concatenate([*part_of, np.zeros(0, np.uint32)]),
    )
    by_hash = np.argsort(hash_, kind="stable")
    same_as_next = np.zeros(len(by_hash), dtype=bool)
    same_as_next[:-1] = hash_[by_hash][1:] == hash_[by_hash][:-1]
    is_document = events[by_hash] >= 0
    next_is_document = np.roll(is_document, -1)
    stands = np.sort(by_hash[is_document & ~same_as_next])
    replaced = by_hash[is_document & same_as_next & next_is_document]
    withdrawn = by_hash[is_document & same_as_next & ~next_is_document]
    same_as_last = np.roll(same_as_next, 1)
    unknown = by_hash[~is_document & ~(same_as_last & np.roll(is_document, 1))]

    for reason, which in ((REPLACED, replaced), (WITHDRAWN, withdrawn), (UNKNOWN, unknown)):
        for place, event in enumerate(np.sort(which)[:N_EXAMPLES]):
            n = len(which) - min(len(which), N_EXAMPLES) + 1 if place == 0 else 1
            (report.note if reason == UNKNOWN else report.skip)(
                reason, parts[int(origin[event])].name_of(int(events[event])), n
            )
    report.n_kept = len(stands)
    return origin[stands], events[stands].astype(np.uint32)


def _replace(path: Path, content: Mapping[str, Any]) -> None:
    fresh = path.with_name(f".{path.name}")
    fresh.write_text(json.dumps(content, indent=1), encoding="utf-8")
    fresh.replace(path)


def _forget(folder: Path) -> None:
    """Remove parts and states that neither the manifest nor the one before refers to."""
    kept_parts, kept_states = set(), set()
    for name in (MANIFEST, PREVIOUS):
        with contextlib.suppress(NoCorpus, DamagedFile):
            content = read_manifest(folder, name)
            kept_states.add(content["live"])
            kept_parts |= {part["key"] for part in content["parts"]}
    for path in _children(folder / "parts"):
        if path.name not in kept_parts:
            shutil.rmtree(path, ignore_errors=True)
    for path in _children(folder / "live"):
        if path.name not in kept_states:
            shutil.rmtree(path, ignore_errors=True)


def _children(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if path.is_dir())
