"""The engine for more than one machine: a Ray cluster, or a Ray of this machine where no address is given.

    parts of corpora ──read──► built corpora ──split──► shards ──► passages store ──encode──► shards ──► retrievers

Reading, splitting and encoding are stages of Ray Data, each a pool of actors: it schedules them, holds back what would
flood them, and repeats what was lost with a node. Results are stored (`ragmed.index.engines.shards`) before they count
as done, so a build whose driver died goes on where it was. Filters, which see documents in their order, the passages
store and retrievers are the driver's. Every machine must see the home folder at the same path and have the same code.

Source: Moritz et al. 2018, "Ray: A Distributed Framework for Emerging AI Applications" (OSDI, arXiv:1712.05889);
Luan et al. 2025, "The Streaming Batch Model for Efficient and Fault-Tolerant Heterogeneous Execution" (Ray Data,
arXiv:2501.12407).
"""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ragmed import sources
from ragmed.collection import build as collection
from ragmed.collection.read_part import Job
from ragmed.errors import EngineError, MissingExtra
from ragmed.index.engines import ray_worker
from ragmed.index.engines.ray_cluster import check_address, check_nodes, one_line
from ragmed.index.engines.shards import Shards, open_shards
from ragmed.index.engines.steps import (
    Encoding,
    Split,
    SplitTask,
    code_fingerprint,
    dump_split,
    hash_of,
    load_split,
    split,
)
from ragmed.index.engines.stored_encoder import StoredEncoder
from ragmed.index.places import kept_shards
from ragmed.protocols import Progress, Retriever
from ragmed.recipe import CorpusRecipe
from ragmed.sources import StageProgress
from ragmed.storage import locked, storage_errors
from ragmed.threads import n_cores

_log = logging.getLogger(__name__)

_OBJECT_STORE_BYTES = 256 * 2**20
"""Of a Ray of this machine: what passes through it are tasks and keys, not texts or vectors."""
_VARIABLES = ("RAGMED_HOME", "RAGMED_MIRROR", "RAGMED_COMPONENTS")


@dataclass(frozen=True)
class Ray:
    """Works on a Ray cluster.

    ``address`` is the head's, ``host:port``, or ``auto``; empty: a Ray of this machine, which ends with the build.
    ``workers`` is how many actors work at most; 0: as many as there is room for. An actor has ``cpus`` cores and, where
    it encodes, ``gpus`` of a GPU. ``shards`` is a folder, or an address of fsspec, for what is kept until the build is
    complete; empty: beside the index.
    """

    address: str = ""
    workers: int = 0
    cpus: float = 1
    gpus: float = 0
    shards: str = ""

    @contextlib.contextmanager
    def start(self, destination: Path) -> Iterator[RunningOnRay]:
        # What Ray says goes to standard error: standard output is the command's.
        with contextlib.redirect_stdout(sys.stderr):
            ray = _import_ray()
            place = self.shards or str(kept_shards(destination))
            started = not ray.is_initialized()
            if started:
                self._connect(ray)
            try:
                check_nodes(ray, code_fingerprint(), destination.absolute().parent)
                running = RunningOnRay(ray, self, open_shards(place, code_fingerprint()), place)
                running.check_room()
                yield running
            finally:
                if started:
                    ray.shutdown()

    def _connect(self, ray: Any) -> None:
        quiet = {"log_to_driver": False, "logging_level": logging.ERROR, "include_dashboard": False}
        try:
            if self.address:
                check_address(self.address)
                del quiet["include_dashboard"]
                ray.init(address=self.address, **quiet)
            else:
                n_cpus = max(1, round(self.workers * self.cpus)) if self.workers else n_cores()
                ray.init(address="local", num_cpus=n_cpus, object_store_memory=_OBJECT_STORE_BYTES, **quiet)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise EngineError(one_line(f"ray at {self.address or 'this machine'}: {error}")) from error


class RunningOnRay:
    """A build's work on a cluster that is connected."""

    documents_per_shard = 1024

    def __init__(self, ray: Any, options: Ray, shards: Shards, place: str) -> None:
        self._ray, self._options, self._shards, self._place = ray, options, shards, place

    def check_room(self) -> None:
        """Raise `EngineError` where the cluster cannot hold a single worker."""
        self._size(self._options.gpus, 1)

    def read_parts(self, recipe: CorpusRecipe, mirror: Path | None, fetch: bool, progress: StageProgress) -> None:
        """Read the parts of a corpus that has several; one alone is left to who builds the corpus."""
        paths = sources.fetch(recipe, mirror, progress) if fetch else sources.locate(recipe, mirror)
        folder = collection.built_path(recipe.name)
        with storage_errors(folder), locked(folder, f"{recipe.name}: another process is building this corpus"):
            (folder / "parts").mkdir(parents=True, exist_ok=True)
            jobs: list[Job] = [job for job in collection.jobs_of(recipe, paths, folder) if not job.is_done]
            if len(jobs) < 2:
                return
            common = {"recipe": str(recipe.path.absolute()), "paths": {name: str(path) for name, path in paths.items()}}
            key = hash_of("paths", common)
            self._shards.write(key, json.dumps(common).encode())
            tasks = [
                {"common": key, "part": job.part, "folder": str(job.folder), "files": list(job.files)} for job in jobs
            ]
            for n, _ in enumerate(self._run("read", tasks), start=1):
                progress(f"read {recipe.name}", n, len(jobs))

    def split(self, tasks: Iterable[SplitTask]) -> Iterator[Split]:
        every = list(tasks)
        keys = iter(self._run("split", [task.table() for task in every], [task.key for task in every]))
        done: set[str] = set()
        for task in every:
            while task.key not in done:
                done.add(next(keys)[1])
            data = self._shards.read(task.key)
            if data is None:  # damaged since
                made = split(task)
                self._shards.write(task.key, dump_split(made))
                yield made
            else:
                yield load_split(data)

    def with_vectors(self, retriever: Retriever, encoding: Encoding | None, progress: Progress) -> Retriever:
        if encoding is None:
            return retriever
        tasks = encoding.tasks()
        keys: dict[int, str] = {}
        done = 0
        for at, key in self._run("encode", [task.table() for task in tasks], gpus=self._options.gpus):
            keys[at] = key
            done += tasks[at].end - tasks[at].start
            progress(done, encoding.n_passages)
        questions = iter([keys[at] for at in sorted(keys)] if encoding.side == "questions" else [])
        stored = StoredEncoder(retriever.encoder, self._shards, questions)  # type: ignore[attr-defined]
        return replace(retriever, encoder=stored)  # type: ignore[type-var]

    def finish(self) -> None:
        self._shards.clear()

    def _run(
        self, step: str, tasks: Sequence[Mapping[str, Any]], keys: Sequence[str] = (), gpus: float = 0
    ) -> Iterator[tuple[int, str]]:
        """Run tasks as a stage of Ray Data; yield place and key of each as it is done, in no order.

        Those whose ``keys`` are given and stored already are not run again.
        """
        variables = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
        variables["RAGMED_THREADS"] = str(max(1, int(self._options.cpus)))
        common = json.dumps({"place": self._place, "code": code_fingerprint(), "variables": variables})
        left = []
        for at, task in enumerate(tasks):
            if keys and self._shards.has(keys[at]):
                yield at, keys[at]
            else:
                left.append({"at": at, "step": step, "task": json.dumps(task), "common": common})
        if not left:
            return
        data = importlib.import_module("ray.data")
        size = self._size(gpus, len(left))
        stage = data.from_items(left, override_num_blocks=len(left)).map_batches(
            ray_worker.Worker,
            batch_size=1,
            batch_format="numpy",
            compute=data.ActorPoolStrategy(min_size=1, max_size=size, initial_size=size),
            num_cpus=self._options.cpus,
            num_gpus=gpus or None,
        )
        try:
            for row in stage.iter_rows():
                ray_worker.raise_again(row)
                _log.debug("%s", json.dumps({"step": step, **row}))
                yield int(row["at"]), str(row["key"])
        except self._ray.exceptions.RayError as error:
            raise EngineError(
                one_line(f"ray: a worker failed ({error}); what is done is kept, run the same command again")
            ) from error

    def _size(self, gpus: float, n_tasks: int) -> int:
        have = self._ray.cluster_resources()
        if gpus > have.get("GPU", 0):
            raise EngineError(
                f"ray: an encoding worker wants {gpus:g} GPU, the cluster has {have.get('GPU', 0):g}; "
                "leave --gpus out, or start a node that has some"
            )
        room = int(have.get("CPU", 0) // self._options.cpus)
        if gpus:
            room = min(room, int(have["GPU"] // gpus))
        if room < 1:
            raise EngineError(
                f"ray: a worker wants {self._options.cpus:g} cores, the cluster has {have.get('CPU', 0):g}; "
                "start nodes with more: ray start --num-cpus"
            )
        return max(1, min(self._options.workers or room, room, n_tasks))


def _import_ray() -> Any:
    # Set before Ray is first imported, so that nothing is reported to its makers.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        ray = importlib.import_module("ray")
        data = importlib.import_module("ray.data")
    except ModuleNotFoundError as error:
        raise MissingExtra((error.name or "ray").split(".")[0], "ray") from error
    context = data.DataContext.get_current()
    context.enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    return ray
