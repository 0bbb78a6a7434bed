"""Models by folder or by hub id: at hand without a network where they can be, and known by their exact weights.

A model that is in the hub's cache is loaded from there and the network left alone; only one that is not is fetched.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ragmed.errors import EncoderError

_COMMIT = re.compile(r"[0-9a-f]{40}")


def load_model(model: str, revision: str, load: Callable[[bool], Any], marker: str = "modules.json") -> Any:
    """What ``load`` gives; it is told whether to leave the network alone.

    ``marker`` is the file of the model's repository that tells how the others are used: a cache that neither holds it
    nor knows that there is none was filled by another program, and is completed over the network.

    Raises:
        EncoderError: no such folder, or neither cached nor reachable.
    """
    if Path(model).is_dir():
        try:
            return load(True)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise EncoderError(f"{model}: cannot be loaded ({_first_line(error)})") from error
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", model):
        raise EncoderError(f"{model}: no such folder, and no id of a hub (owner/name)")
    try:
        return load(_cached(model, marker, revision) is not None)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise EncoderError(
            f"{model}: cannot be loaded ({_first_line(error)}); it is neither a folder here nor all in the cache. "
            f"Offline: run 'hf download {model}' where there is a network, copy the folder, and name it as the model"
        ) from error


def identity(model: str, revision: str) -> str:
    """``folder@hash`` or ``owner/name@commit``; empty for a hub id whose commit is not known before it is loaded."""
    if Path(model).is_dir():
        return f"folder@{_folder_hash(str(Path(model).absolute()))}"
    if _COMMIT.fullmatch(revision):
        return f"{model}@{revision[:12]}"
    path = _cached(model, "config.json", revision)
    return f"{model}@{Path(path).parent.name[:12]}" if isinstance(path, str) else ""


def identity_once_loaded(model: str, revision: str, load: Callable[[], object]) -> str:
    """As `identity`; ``load`` is called where the commit is not known without.

    Raises:
        EncoderError: it is not known afterwards either.
    """
    known = identity(model, revision)
    if not known:
        load()
        known = identity(model, revision)
    if not known:
        raise EncoderError(f"{model}: its commit is not known; name it in the recipe: revision = …")
    return known


def _cached(model: str, file: str, revision: str) -> Any:
    """The path of a cached file; another object if it is known not to exist; None if nothing is known."""
    from huggingface_hub import try_to_load_from_cache

    cache = os.environ.get("SENTENCE_TRANSFORMERS_HOME")
    try:
        return try_to_load_from_cache(model, file, cache_dir=cache, revision=revision or None)
    except ValueError as error:
        raise EncoderError(f"{model}: {_first_line(error)}") from error


@functools.cache
def _folder_hash(folder: str) -> str:
    """A hash of the names and contents of a folder's files, hidden ones left out."""
    digest = hashlib.sha256()
    for path in sorted(Path(folder).rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in relative.parts):
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
            digest.update(f"{relative.as_posix()}\0{content}\n".encode())
    return digest.hexdigest()[:16]


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
