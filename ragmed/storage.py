"""Writing to a folder that others may want too: locks, and errors of the disk in one line."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from ragmed.errors import IndexBusy, StorageError


@contextlib.contextmanager
def storage_errors(destination: Path) -> Iterator[None]:
    """Turn a full disk or a folder that cannot be written into a `StorageError`."""
    try:
        yield
    except OSError as error:
        where = error.filename or destination.parent
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise StorageError(
                f"{destination.parent}: no space left; what was there is unchanged; free some and build again"
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise StorageError(
                f"{where}: cannot be written ({error.strerror}); choose another folder with RAGMED_HOME"
            ) from error
        raise


@contextlib.contextmanager
def locked(destination: Path, busy: str) -> Iterator[None]:
    """Hold the lock file of a folder; the operating system lets go of it when the process ends, however.

    Raises:
        IndexBusy: another process holds it; ``busy`` says so to the user.
    """
    destination.parent.mkdir(parents=True, exist_ok=True)
    with (destination.parent / f".{destination.name}.lock").open("w") as file:
        if not _lock(file):
            raise IndexBusy(f"{busy}; wait for it, or stop it")
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
