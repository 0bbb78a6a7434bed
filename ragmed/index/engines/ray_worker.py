"""A worker of `ragmed.index.engines.ray`: does one task after another and stores its result.

An error that ragmed or the operating system raises comes back as a row, so that it is one line for the user; a worker
that dies leaves nothing half done.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ragmed import errors
from ragmed.collection.read_part import Job, read_part
from ragmed.errors import EngineError, RagmedError, StorageError
from ragmed.index.engines import steps
from ragmed.index.engines.shards import Shards, open_shards
from ragmed.recipe import read_corpus_recipe

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Worker:
    """An actor: a batch is one task, with what all tasks have in ``common``."""

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        at, step, task = int(batch["at"][0]), str(batch["step"][0]), json.loads(str(batch["task"][0]))
        common = json.loads(str(batch["common"][0]))
        os.environ.update(common["variables"])
        started, cpu = time.monotonic(), time.process_time()
        key, kind, message = "", "", ""
        try:
            if steps.code_fingerprint() != common["code"]:
                raise EngineError(other_code(socket.gethostname(), steps.code_fingerprint(), common["code"]))
            key = do(step, task, open_shards(common["place"], common["code"]))
        except (RagmedError, OSError) as error:
            kind, message = _told(error)
        return {
            "at": [at],
            "key": [key],
            "kind": [kind],
            "message": [message],
            "ended": [time.time()],
            "duration_s": [time.monotonic() - started],
            "cpu_s": [time.process_time() - cpu],
            "process": [os.getpid()],
        }


def do(step: str, task: Mapping[str, Any], shards: Shards) -> str:
    """Do a task, unless its result is stored already; return its key."""
    if step == "read":
        _read(task, shards)
        return str(task["part"])
    if step == "split":
        to_split = steps.SplitTask.from_table(task)
        if not shards.has(to_split.key):
            shards.write(to_split.key, steps.dump_split(steps.split(to_split)))
        return to_split.key
    to_encode = steps.EncodeTask.from_table(task)
    encoder, side = steps.encoder_of(to_encode.encoding), to_encode.encoding.side
    texts = steps.texts_of(to_encode)
    key = steps.key_of_texts(encoder, side, texts)
    if not shards.has(key):
        shards.write(key, steps.encode(encoder, side, texts))
    return key


def raise_again(row: Mapping[str, Any]) -> None:
    """Raise what a worker's row tells of, if anything."""
    if row["kind"]:
        kind = EngineError if row["kind"] == EngineError.__name__ else getattr(errors, str(row["kind"]), EngineError)
        # Some errors are made of parts; the worker's message is the whole of it.
        error = kind.__new__(kind)
        error.args = (str(row["message"]),)
        raise error


def other_code(node: str, found: str, expected: str) -> str:
    """What is said of a worker whose code differs."""
    return (
        f"ray: node {node} has ragmed {found}, here it is {expected}; install the same version of ragmed, of its "
        "libraries and of your components on every node, then restart its Ray"
    )


def _read(task: Mapping[str, Any], shards: Shards) -> None:
    job = Job(task["part"], Path(task["folder"]), task["files"])
    if job.is_done:
        return
    common = shards.read(task["common"])
    if common is None:
        raise StorageError(f"shard {task['common']}: gone; run the same command again")
    read = json.loads(common)
    paths = {name: Path(path) for name, path in read["paths"].items()}
    read_part(read_corpus_recipe(Path(read["recipe"])), paths, job, lambda done: None)


def _told(error: RagmedError | OSError) -> tuple[str, str]:
    """An error's class and message."""
    if isinstance(error, RagmedError):
        return type(error).__name__, str(error)
    where = f"node {socket.gethostname()}: {error.filename or 'writing a shard'}"
    if error.errno in _FULL:
        return "StorageError", f"{where}: no space left; what is done is kept; free some and run the same command again"
    return "StorageError", f"{where}: {error.strerror or error}; what is done is kept; mend it and run it again"
