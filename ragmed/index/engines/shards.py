"""Results of shards, kept in a folder that all machines see, or in an object store.

``<place>/<code>/<key>``: sha256 of what follows, then the result. A folder gets a file under a temporary name which is
then renamed; object stores show what is put whole or not at all. What is damaged all the same is taken for absent.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import shutil
import socket
import threading
from pathlib import Path
from typing import Any, Protocol

from ragmed.errors import MissingExtra

_DIGEST = 32


class Shards(Protocol):
    """Bytes by key."""

    def has(self, key: str) -> bool: ...

    def read(self, key: str) -> bytes | None:
        """What was written; None where nothing whole is there."""
        ...

    def write(self, key: str, data: bytes) -> None: ...

    def clear(self) -> None:
        """Remove all of the place, of whatever code."""
        ...


def open_shards(place: str, code: str) -> Shards:
    """The shards at a folder or, as ``s3://bucket/path``, at an address of fsspec; made by that ``code``."""
    scheme, separator, rest = place.partition("://")
    if not separator:
        return FolderShards(Path(place), code)
    if scheme == "file":
        return FolderShards(Path(rest), code)
    try:
        fsspec = importlib.import_module("fsspec")
    except ModuleNotFoundError as error:
        raise MissingExtra("fsspec", "ray") from error
    system, root = fsspec.core.url_to_fs(place)
    return StoreShards(system, root.rstrip("/"), code)


class FolderShards:
    """Shards in a folder."""

    def __init__(self, root: Path, code: str) -> None:
        self._root, self._folder = root, root / code.replace("/", "-")

    def has(self, key: str) -> bool:
        return (self._folder / key).is_file()

    def read(self, key: str) -> bytes | None:
        try:
            return _checked((self._folder / key).read_bytes())
        except FileNotFoundError:
            return None

    def write(self, key: str, data: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        fresh = self._folder / f".{key}.{socket.gethostname()}.{os.getpid()}.{threading.get_ident()}"
        try:
            fresh.write_bytes(_sealed(data))
            fresh.replace(self._folder / key)
        finally:
            fresh.unlink(missing_ok=True)

    def clear(self) -> None:
        shutil.rmtree(self._root, ignore_errors=True)


class StoreShards:
    """Shards in an object store; ``system`` is a file system of fsspec."""

    def __init__(self, system: Any, root: str, code: str) -> None:
        self._system, self._root, self._folder = system, root, f"{root}/{code.replace('/', '-')}"

    def has(self, key: str) -> bool:
        return bool(self._system.exists(f"{self._folder}/{key}"))

    def read(self, key: str) -> bytes | None:
        try:
            return _checked(self._system.cat_file(f"{self._folder}/{key}"))
        except FileNotFoundError:
            return None

    def write(self, key: str, data: bytes) -> None:
        self._system.makedirs(self._folder, exist_ok=True)
        self._system.pipe_file(f"{self._folder}/{key}", _sealed(data))

    def clear(self) -> None:
        if self._system.exists(self._root):
            self._system.rm(self._root, recursive=True)


def _sealed(data: bytes) -> bytes:
    return hashlib.sha256(data).digest() + data


def _checked(stored: bytes) -> bytes | None:
    data = stored[_DIGEST:]
    return data if hashlib.sha256(data).digest() == stored[:_DIGEST] else None
