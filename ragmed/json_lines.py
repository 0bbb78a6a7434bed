"""JSON lines: one object a line, in UTF-8, plain or packed with gzip.

Source: https://jsonlines.org/; RFC 8259 (JSON); RFC 1952 (gzip). A byte order mark, blank lines and Windows' line
ends are read over. Lines are read one by one, in memory bounded by ``MAX_LINE_BYTES``.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from ragmed.errors import DamagedFile
from ragmed.report import Report

MAX_LINE_BYTES = 64_000_000
"""Longer lines are not read: no document, question or judgement is that long."""

_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_POINTERS = (b"version https://git-lfs.github.com/spec/", b"/annex/objects/", b"../.git/annex/", b".git/annex/")


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a file that are not blank, with their numbers, the first being 1; plain or gzip.

    A line longer than ``MAX_LINE_BYTES`` comes cut. Raises `DamagedFile`: not a whole gzip file, or a pointer of
    Git LFS or git-annex in the place of the data.
    """
    try:
        with _opened(path) as file:
            n = 0
            while line := file.readline(MAX_LINE_BYTES + 1):
                n += 1
                rest = line if len(line) > MAX_LINE_BYTES else b""
                while rest and not rest.endswith(b"\n"):
                    rest = file.readline(MAX_LINE_BYTES)
                if n == 1:
                    if line.startswith(_POINTERS):
                        raise DamagedFile(f"{path}: a pointer to the data, not the data; get it with: git lfs pull")
                    line = line.removeprefix(_BOM)
                if line.strip():
                    yield n, line
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise DamagedFile(f"{path}: not a whole gzip file ({error}); fetch it again") from error


def objects(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a file, each with its place as ``queries.jsonl, line 3``.

    Raises `DamagedFile`, naming file and line, at the first line that holds none.
    """
    for n, line in lines(path):
        row = _parsed(line)
        if isinstance(row, str):
            raise DamagedFile(f"{path}, line {n:,}: {row}")
        yield f"{path.name}, line {n:,}", row


def readable_objects(path: Path, report: Report) -> Iterator[tuple[str, dict[str, Any]]]:
    """As `objects`, but a line that holds none is counted in the report and left out."""
    for n, line in lines(path):
        row = _parsed(line)
        if isinstance(row, str):
            report.skip(row, f"{path.name}, line {n:,}")
        else:
            yield f"{path.name}, line {n:,}", row


def text_of(value: object) -> str:
    """An id or a text as it is written: whole numbers become text, anything else but text is nothing.

    What cannot be written as UTF-8, a lone surrogate, and NUL become U+FFFD.

    >>> text_of(12), text_of(" a "), text_of(None), text_of("\\ud800")
    ('12', ' a ', '', '\\ufffd')
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        return ""
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")


def _parsed(line: bytes) -> dict[str, Any] | str:
    """The object on a line, or in a few words why there is none."""
    if len(line) > MAX_LINE_BYTES:
        return "line too long"
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return "not JSON"
    return row if isinstance(row, dict) else "not a JSON object"


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes] | gzip.GzipFile]:
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
        file.seek(0)
        if not packed:
            yield file
            return
        with gzip.open(file, "rb") as stream:
            yield stream
