"""Read parts of a source into columns, here or in processes of their own.

As a program, ``python -m ragmed.collection.read_part``, it is a worker: the first line of its input is the
corpus file and the files, each further line names a part; it answers each with a line when that part is done.
When its input ends, because its parent has no more work or has died, so does the worker.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import threading
import tokenize
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from typing import IO, Any

from ragmed import catalog, sources
from ragmed.collection.layout import PartWriter
from ragmed.errors import CorpusError, DamagedFile
from ragmed.protocols import Parted
from ragmed.recipe import CorpusRecipe, read_corpus_recipe
from ragmed.report import Report
from ragmed.sources import StageProgress
from ragmed.types import Deletion, Document

_BYTES_A_WORKER = 20_000_000
"""A process is worth starting for so many bytes to read."""
_STEP = 200
"""Documents between two calls of progress."""


@dataclass(frozen=True)
class Job:
    """A part to be read: where its documents go, and the files it is read from."""

    part: str
    folder: Path
    files: Sequence[Mapping[str, Any]]

    @property
    def is_done(self) -> bool:
        return (self.folder / "part.json").is_file() and not self._said()["damaged"]

    def entry(self) -> dict[str, Any]:
        """What the manifest says of the part."""
        return {
            "name": self.part,
            "key": self.folder.name,
            "files": [dict(file) for file in self.files],
            **self._said(),
        }

    def _said(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads((self.folder / "part.json").read_text(encoding="utf-8"))
        return said


def read_all(
    recipe: CorpusRecipe,
    paths: Mapping[str, Path],
    jobs: Sequence[Job],
    workers: int | None,
    progress: StageProgress,
) -> None:
    """Read every part; with several workers, in processes of their own."""
    n_bytes = sum(file["bytes"] for job in jobs for file in job.files)
    if workers is None:
        workers = min(os.cpu_count() or 1, n_bytes // _BYTES_A_WORKER)
    workers = min(workers, len(jobs))
    stage = f"read {recipe.name}"
    if workers > 1:
        _read_in_processes(recipe, paths, jobs, workers, lambda done: progress(stage, done, len(jobs)))
        return
    if len(jobs) == 1:
        total = recipe.counts.get("documents", 0)
        read_part(recipe, paths, jobs[0], lambda done: progress(stage, done, total))
        return
    for i, job in enumerate(jobs):
        read_part(recipe, paths, job, lambda done: None)
        progress(stage, i + 1, len(jobs))


def read_part(recipe: CorpusRecipe, paths: Mapping[str, Path], job: Job, step: Callable[[int], None]) -> None:
    """Write the documents of one part; a file broken half-way leaves what came before, and a word that it is."""
    report = Report()
    fresh = job.folder.with_name(f".{job.folder.name}.{os.getpid()}")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    damaged, n_deleted = "", 0
    try:
        writer = PartWriter(fresh)
        try:
            for item in _items(recipe, paths, job.part, report):
                if isinstance(item, Deletion):
                    writer.delete(item.doc_id)
                    n_deleted += 1
                    continue
                writer.add(item)
                report.keep()
                if writer.n_documents % _STEP == 0:
                    step(writer.n_documents)
        except DamagedFile as error:
            damaged = str(error)
        writer.close()
        step(writer.n_documents)
        said = {
            "n_documents": writer.n_documents,
            "n_deleted": n_deleted,
            "damaged": damaged,
            "report": report.table(),
        }
        (fresh / "part.json").write_text(json.dumps(said, indent=1), encoding="utf-8")
        if job.folder.exists():
            shutil.rmtree(job.folder)
        fresh.rename(job.folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _items(recipe: CorpusRecipe, paths: Mapping[str, Path], part: str, report: Report) -> Iterator[Document | Deletion]:
    corpus = sources.open_source(recipe, paths, report)
    return corpus.documents_of(part) if isinstance(corpus, Parted) else corpus.documents()


def _read_in_processes(
    recipe: CorpusRecipe,
    paths: Mapping[str, Path],
    jobs: Sequence[Job],
    workers: int,
    step: Callable[[int], None],
) -> None:
    """Hand the parts to workers, the largest first; the first that fails ends them all."""
    waiting: Queue[Job] = Queue()
    for job in sorted(jobs, key=lambda job: -sum(file["bytes"] for file in job.files)):
        waiting.put(job)
    done: Queue[str] = Queue()
    stop = threading.Event()
    head = json.dumps({"recipe": str(recipe.path.absolute()), "paths": {k: str(v) for k, v in paths.items()}})
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        for _ in range(workers)
    ]
    threads = [
        threading.Thread(target=_feed, args=[process, head, waiting, done, stop], daemon=True) for process in processes
    ]
    try:
        for thread in threads:
            thread.start()
        for n in range(len(jobs)):
            problem = done.get()
            if problem:
                raise CorpusError(f"{recipe.name}: {problem}")
            step(n + 1)
    finally:
        stop.set()
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


def _feed(
    process: subprocess.Popen[str], head: str, waiting: Queue[Job], done: Queue[str], stop: threading.Event
) -> None:
    """Give one worker parts until none is left."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        _say(process.stdin, head)
        while not stop.is_set():
            try:
                job = waiting.get_nowait()
            except Empty:
                return
            _say(process.stdin, json.dumps({"part": job.part, "folder": str(job.folder), "files": list(job.files)}))
            answer = process.stdout.readline()
            done.put("" if answer == "done\n" else answer.strip() or f"the process that read {job.part} died")
            if answer != "done\n":
                return
    except (OSError, ValueError) as error:
        done.put(f"a reading process could not be reached: {error}")


def _say(stream: IO[str], line: str) -> None:
    stream.write(line + "\n")
    stream.flush()


def code_fingerprint(builder: str) -> str:
    """Identifies what a builder's file, and the private files beside it, do: comments and layout do not count."""
    path = catalog.files("corpora")[builder]
    digest = hashlib.sha256()
    for file in [path, *sorted(path.parent.glob("_*.py"))]:
        if file == path or file.stem in path.read_text(encoding="utf-8") or file.stem.startswith(f"_{builder}"):
            digest.update(_code(file.read_text(encoding="utf-8")).encode())
    return digest.hexdigest()[:16]


def _code(source: str) -> str:
    """Source text without comments and layout."""
    skipped = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE}
    block = {tokenize.INDENT: ">", tokenize.DEDENT: "<"}
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return " ".join(block.get(token.type, token.string) for token in tokens if token.type not in skipped)


def main() -> None:
    """A worker's life."""
    head = json.loads(sys.stdin.readline())
    recipe = read_corpus_recipe(Path(head["recipe"]))
    paths = {name: Path(path) for name, path in head["paths"].items()}
    for line in sys.stdin:
        job = json.loads(line)
        try:
            read_part(recipe, paths, Job(job["part"], Path(job["folder"]), job["files"]), lambda done: None)
        except Exception as error:
            print(" ".join(f"{type(error).__name__}: {error}".split()), flush=True)
            return
        print("done", flush=True)


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        # The parent has died; what was read stays. Nothing is left to flush to.
        os._exit(0)
