"""Members of a zip archive, read in place: nothing is unpacked to disk, none larger than is asked for."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from ragmed.errors import DamagedFile


def members(path: Path, ending: str, max_bytes: int) -> Iterator[tuple[str, bytes | None]]:
    """Name and content of every member whose name ends so, by name; None instead of more than ``max_bytes``.

    Raises `DamagedFile`: not a whole archive, or without such a member.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            chosen = [
                member
                for member in archive.infolist()
                if member.filename.endswith(ending) and "__MACOSX" not in member.filename
            ]
            if not chosen:
                raise DamagedFile(f"{path}: holds no {ending} file; it is not this benchmark's archive")
            for member in sorted(chosen, key=lambda member: member.filename):
                with archive.open(member) as file:
                    content = file.read(max_bytes + 1)
                yield member.filename, content if len(content) <= max_bytes else None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise DamagedFile(f"{path}: not a whole zip archive ({error}); fetch it again") from error
