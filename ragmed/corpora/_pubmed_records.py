"""A PubMed file as bytes → its records as bytes, so that a broken one harms no other.

The file is read as a stream: unpacked (gzip, in one member or several) or plain, turned into UTF-8 where it declares
another encoding, and cut at the tags of the root's children. Comments and CDATA sections are stepped over, whatever
tags they hold. A document type is stepped over too, never resolved; one that defines anything itself is refused.

Source: ``pubmed_250101.dtd`` (https://dtd.nlm.nih.gov/ncbi/pubmed/out/); gzip: RFC 1952.
"""

from __future__ import annotations

import codecs
import contextlib
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from ragmed.errors import DamagedFile

BLOCK_BYTES = 1 << 17
"""Read at a time, and unpacked to at most four times as much."""

MAX_DOCTYPE_BYTES = 10_000
MAX_HIDDEN_BYTES = 1_000_000
"""A comment or CDATA section within a record that is longer counts as one that does not end."""

_CHILD = re.compile(
    rb"<(?:(PubmedArticle|PubmedBookArticle|DeleteCitation|DeleteDocument|/?PubmedArticleSet)(?=[\s/>])"
    rb"|(!--|!\[CDATA\[)|(!(?:DOCTYPE|ENTITY)))",
)
_DOCTYPE = re.compile(rb"<!DOCTYPE(?:[^\[<>\"']|\"[^\"]*\"|'[^']*')*>")
_HIDDEN_END = {b"!--": b"-->", b"![CDATA[": b"]]>"}
_LONGEST_TOKEN = 32
_DECLARED = re.compile(rb"\s*<\?xml[^>]*?\bencoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_ENCODINGS = {"ascii", "iso8859-1", "iso8859-15", "cp1252", "utf-16"}


class Record(NamedTuple):
    """A child of the root: its tag, all its bytes, and in a few words why it cannot be read (else empty).

    Of a record with a fault ``content`` is only the beginning.
    """

    tag: str
    content: bytes
    fault: str = ""


def records(path: Path, max_record_bytes: int) -> Iterator[Record]:
    """The records of a file, in its order; at no time much more than one of them is held in memory.

    Raises:
        DamagedFile: the file ends early, is not PubMed XML, or declares entities; all before has been yielded.
    """
    with path.open("rb") as file:
        yield from _cut(_as_utf8(_unpacked(file, path), path), path, max_record_bytes)


def _unpacked(file: IO[bytes], path: Path) -> Iterator[bytes]:
    """The content of a gzip file, or of a plain one as it is."""
    packed = file.read(BLOCK_BYTES)
    if not packed.startswith(b"\x1f\x8b"):
        while packed:
            yield packed
            packed = file.read(BLOCK_BYTES)
        return
    inflate = zlib.decompressobj(wbits=31)
    while True:
        before = inflate.copy()
        try:
            content = inflate.decompress(packed, 4 * BLOCK_BYTES)
        except zlib.error as error:
            yield from _up_to_the_damage(before, packed)
            raise DamagedFile(f"{path}: not a whole gzip file ({error}); fetch it again") from error
        if content:
            yield content
        if inflate.eof:
            packed = inflate.unused_data.lstrip(b"\0") or file.read(BLOCK_BYTES).lstrip(b"\0")
            if not packed:
                return
            inflate = zlib.decompressobj(wbits=31)
        else:
            packed = inflate.unconsumed_tail or file.read(BLOCK_BYTES)
            if not packed and not content:
                raise DamagedFile(f"{path}: ends in the middle of its gzip stream; fetch it again")


def _up_to_the_damage(inflate: zlib._Decompress, packed: bytes) -> Iterator[bytes]:
    """What a block unpacks to before the byte that makes it fail."""
    content = b""
    with contextlib.suppress(zlib.error):
        for at in range(len(packed)):
            content += inflate.decompress(packed[at : at + 1])
            if len(content) > BLOCK_BYTES:
                yield content
                content = b""
    yield content


def _as_utf8(blocks: Iterator[bytes], path: Path) -> Iterator[bytes]:
    """The blocks in UTF-8, where the first of them declares something else."""
    first = next(blocks, b"")
    declared = _DECLARED.match(first.removeprefix(codecs.BOM_UTF8))
    name = declared[1].decode() if declared else "utf-8"
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        name = "utf-16"
    try:
        name = codecs.lookup(name).name
    except LookupError:
        name = f"unknown encoding {name}"
    if name == "utf-8":
        yield first
        yield from blocks
    elif name in _ENCODINGS:
        decoder = codecs.getincrementaldecoder(name)("replace")
        yield decoder.decode(first).encode("utf-8", "replace")
        for block in blocks:
            yield decoder.decode(block).encode("utf-8", "replace")
    else:
        raise DamagedFile(f"{path}: declares {name}; PubMed's files are in UTF-8")


class _Window:
    """The part of a stream that is looked at: ``held[at:]`` is still to be read."""

    def __init__(self, blocks: Iterator[bytes], path: Path) -> None:
        self.blocks = blocks
        self.path = path
        self.held = b""
        self.at = 0
        self.ended = False
        self.damage: DamagedFile | None = None

    def grow(self) -> bool:
        """Forget what lies before ``at`` and append as much as remains, one block at least; False at the end."""
        pieces = [self.held[self.at :]]
        n_bytes, n_read = max(1, len(pieces[0])), 0
        while n_read < n_bytes and not self.ended:
            try:
                block = next(self.blocks, b"")
            except DamagedFile as error:  # raised once all before it has been read
                self.damage, block = error, b""
            pieces.append(block)
            n_read += len(block)
            self.ended = not block
        self.held = b"".join(pieces)
        self.at = 0
        return n_read > 0

    def broken_off(self, how: str) -> DamagedFile:
        """The error to raise at the end of a stream that has another end than it should."""
        return self.damage or DamagedFile(f"{self.path}: {how}; fetch it again")


def _cut(blocks: Iterator[bytes], path: Path, max_record_bytes: int) -> Iterator[Record]:
    window = _Window(blocks, path)
    is_open, found = False, False
    while True:
        token = _CHILD.search(window.held, window.at)
        if token is None:
            window.at = max(window.at, len(window.held) - _LONGEST_TOKEN)
            if window.grow():
                continue
            break
        tag, hidden, declaration = token.groups()
        window.at = token.start()
        if hidden:
            _step_over(window, hidden, max_record_bytes)
        elif declaration:
            _step_over_doctype(window)
        elif tag == b"PubmedArticleSet":
            window.at = token.end()
            is_open, found = True, True
        elif tag == b"/PubmedArticleSet":
            window.at = token.end()
            is_open = False
        else:
            found = True
            record = _record(window, tag, max_record_bytes)
            if record is None:
                raise window.broken_off("ends in the middle of a record")
            if record.content or record.fault:
                yield record
    if window.damage:
        raise window.damage
    if not found:
        raise DamagedFile(f"{path}: holds no PubmedArticleSet; it is not a file of PubMed's")
    if is_open:
        raise window.broken_off("ends before its closing tag </PubmedArticleSet>")


def _record(window: _Window, tag: bytes, max_record_bytes: int) -> Record | None:
    """The record that begins at ``window.at``, which moves past it; None where the stream ends within it."""
    name = tag.decode()
    while True:
        held, start = window.held, window.at
        last_try = window.ended or len(held) - start > max_record_bytes
        opened = held.find(b">", start)
        if opened > 0 and held[opened - 1] == ord("/") and held.find(b"<", start + 1, opened) < 0:
            window.at = opened + 1
            return Record(name, b"", "" if name.startswith("Delete") else "broken XML")
        end, is_whole = _end(held, start, tag, last_try=last_try)
        if end >= 0:
            window.at = end
            if end - start > max_record_bytes:
                return Record(name, held[start : start + BLOCK_BYTES], "too large")
            return Record(name, held[start:end], "" if is_whole else "broken XML")
        if window.ended:
            return None
        if last_try:
            beginning = held[start : start + BLOCK_BYTES]
            _step_to_end(window, tag)
            return Record(name, beginning, "too large")
        window.grow()


def _end(held: bytes, start: int, tag: bytes, *, last_try: bool) -> tuple[int, bool]:
    """Where the record ends, and whether with its own closing tag; -1 where that cannot be told yet.

    A record without its closing tag ends where the next one begins, or the root ends. A comment or CDATA section
    that does not end counts as text.
    """
    close = held.find(b"</" + tag, start)
    limit = close if close >= 0 else len(held)
    again = held.find(b"<" + tag, start + 1, limit)
    if held.find(b"!", start, limit) >= 0:  # a comment or CDATA section begins "<!"
        close, again = _outside_of_hidden(held, start + 1, tag, last_try=last_try)
    if again >= 0:
        return _next_child(held, start + 1, again), False
    after = held.find(b">", close) if close >= 0 else -1
    if after < 0:
        return -1, False
    if held[close + 2 + len(tag) : after].strip():
        return _next_child(held, start + 1, close), False  # it is </PubmedArticleSet>
    return after + 1, True


def _next_child(held: bytes, at: int, limit: int) -> int:
    """Where the next child of the root begins, of whatever tag, at ``limit`` at the latest."""
    return next((token.start() for token in _CHILD.finditer(held, at, limit) if token[1]), limit)


def _outside_of_hidden(held: bytes, at: int, tag: bytes, *, last_try: bool) -> tuple[int, int]:
    """Where outside of comments and CDATA sections a closing tag or else another opening tag begins; -1 for none."""
    tokens = re.compile(rb"<(?:(!--|!\[CDATA\[)|(/?)" + tag + rb")")
    none_before = dict.fromkeys(_HIDDEN_END.values(), 0)
    while token := tokens.search(held, at):
        hidden, slash = token.groups()
        if not hidden:
            return (token.start(), -1) if slash else (-1, token.start())
        at = token.end()
        ending, limit = _HIDDEN_END[hidden], at + MAX_HIDDEN_BYTES
        over = held.find(ending, max(at, none_before[ending]), limit)
        if over >= 0:
            at = over + len(ending)
        elif last_try or limit <= len(held):
            none_before[ending] = limit - len(ending) + 1
        else:
            break
    return -1, -1


def _step_to_end(window: _Window, tag: bytes) -> None:
    """Move to the end of a record too large to hold, reading block by block."""
    window.at += 1
    while True:
        closing, opening = window.held.find(b"</" + tag, window.at), window.held.find(b"<" + tag, window.at)
        places = [place for place in (closing, opening) if place >= 0]
        if places:
            window.at = min(places)
            return
        window.at = max(window.at, len(window.held) - _LONGEST_TOKEN)
        if not window.grow():
            return


def _step_over(window: _Window, hidden: bytes, max_bytes: int) -> None:
    """Move past a comment or CDATA section between records."""
    ending = _HIDDEN_END[hidden]
    while True:
        over = window.held.find(ending, window.at + len(hidden) + 1)
        if over >= 0:
            window.at = over + len(ending)
            return
        if len(window.held) - window.at > max_bytes or not window.grow():
            raise window.broken_off("a comment between its records does not end")


def _step_over_doctype(window: _Window) -> None:
    while (doctype := _DOCTYPE.match(window.held, window.at)) is None:
        if len(window.held) - window.at > MAX_DOCTYPE_BYTES or not window.grow():
            raise window.damage or DamagedFile(
                f"{window.path}: declares entities, which PubMed's files never do; not read"
            )
    window.at = doctype.end()
