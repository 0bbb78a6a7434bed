"""The files in a ``.tar.gz``, one after another as they come: nothing is written, little is held.

Source: POSIX.1-2017, pax: ustar and pax interchange formats; GNU tar's long names. Python's own reader takes a
damaged header for the end of the archive and a cut one for a whole; this one does not.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from ragmed.errors import DamagedFile

_BLOCK = 512
_MAX_HEADER_BYTES = 1 << 20
_STEP = 1 << 20


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Member(NamedTuple):
    """A file of an archive. ``content`` is None where it has more bytes than were asked for."""

    name: str
    size: int
    content: bytes | None


def members(path: Path, suffixes: tuple[str, ...], max_bytes: int) -> Iterator[Member]:
    """The regular files whose names end in one of ``suffixes``, in the archive's order.

    Raises:
        DamagedFile: the archive is cut, altered or none; after the files before the damage were yielded.
    """
    try:
        with gzip.open(path, "rb") as stream:
            yield from _members(stream, suffixes, max_bytes)
            while stream.read(_STEP):  # the checksum stands at the end
                pass
    except (EOFError, zlib.error, gzip.BadGzipFile, _Damage) as error:
        raise DamagedFile(f"{path}: not a whole .tar.gz archive ({error}); fetch it again") from error


class _Damage(Exception):
    pass


def _members(stream: _Readable, suffixes: tuple[str, ...], max_bytes: int) -> Iterator[Member]:
    long_name = ""
    long_size: int | None = None
    while True:
        header = _read(stream, _BLOCK)
        if not header.strip(b"\0"):
            return
        if _number(header[148:156]) != sum(header[:148]) + 8 * 32 + sum(header[156:]):
            raise _Damage("a member's header does not hold")
        kind = header[156:157]
        size = _number(header[124:136]) if long_size is None or kind in b"xgLK" else long_size
        if kind in b"xgLK":
            if size > _MAX_HEADER_BYTES:
                raise _Damage("a member's name is too long")
            extended = _read(stream, _padded(size))[:size]
            if kind == b"L":
                long_name = _text(extended)
            elif kind == b"x":
                fields = _pax(extended)
                long_name = fields.get("path", long_name)
                long_size = int(fields["size"]) if fields.get("size", "").isdigit() else None
            continue
        if kind == b"S":
            raise _Damage("it holds a sparse file, which is not read")
        name = long_name or _name(header)
        long_name, long_size = "", None
        if kind in (b"0", b"\0", b"7") and name.endswith(suffixes):
            if size <= max_bytes:
                yield Member(name, size, _read(stream, _padded(size))[:size])
                continue
            yield Member(name, size, None)
        _skip(stream, _padded(size) if kind in (b"0", b"\0", b"7") else 0)


def _read(stream: _Readable, n_bytes: int) -> bytes:
    content = stream.read(n_bytes)
    if len(content) < n_bytes:
        raise _Damage("it ends within a member" if content else "it ends without its end mark")
    return content


def _skip(stream: _Readable, n_bytes: int) -> None:
    while n_bytes > 0:
        n_bytes -= len(_read(stream, min(n_bytes, _STEP)))


def _padded(n_bytes: int) -> int:
    return -(-n_bytes // _BLOCK) * _BLOCK


def _number(field: bytes) -> int:
    """Octal digits, or, with the highest bit set, a binary number (GNU)."""
    if field[0] & 0x80:
        return int.from_bytes(field, "big") & ((1 << (8 * len(field) - 1)) - 1)
    digits = field.strip(b" \0")
    if not digits:
        return 0
    try:
        return int(digits, 8)
    except ValueError:
        raise _Damage("a member's header does not hold") from None


def _name(header: bytes) -> str:
    prefix = _text(header[345:500]) if header[257:263] == b"ustar\0" else ""
    return f"{prefix}/{_text(header[:100])}" if prefix else _text(header[:100])


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("utf-8", "replace")


def _pax(content: bytes) -> dict[str, str]:
    """Records ``<length> <key>=<value>\\n``."""
    fields = {}
    while content:
        digits, _, _ = content.partition(b" ")
        if not digits.isdigit() or not 0 < int(digits) <= len(content):
            raise _Damage("a member's header does not hold")
        record = content[len(digits) + 1 : int(digits)].rstrip(b"\n")
        key, _, value = record.partition(b"=")
        fields[key.decode("utf-8", "replace")] = value.decode("utf-8", "replace")
        content = content[int(digits) :]
    return fields
