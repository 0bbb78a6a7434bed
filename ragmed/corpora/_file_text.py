"""Plain text: UTF-8, UTF-16 and UTF-32 with a byte order mark, or else Windows-1252.

Source: Unicode Standard 16.0, section 23.8 (byte order mark); WHATWG Encoding Standard, which reads what is not
labelled as windows-1252.
"""

from __future__ import annotations

import codecs

from ragmed.corpora._file import Blocks, Contents, Unreadable, add_lines, clean, one_space
from ragmed.report import Report

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_HEAD_BYTES = 8192
WRAPPED_CHARS = 120
"""A text whose lines are mostly no longer than this is taken to be broken into lines by its writer's program."""


def read(content: bytes, where: str, report: Report) -> Contents:
    """The paragraphs of a text: between blank lines, or a line each where lines are long. Raises `Unreadable`."""
    text = clean(decode(content, where, report))
    lines = text.splitlines()
    lengths = sorted(length for line in lines if (length := len(line.strip())))
    width = lengths[len(lengths) * 9 // 10] if lengths else 0
    blocks = Blocks()
    if width > WRAPPED_CHARS:
        for line in lines:
            add_lines(blocks, [one_space(line)], 0)
    else:
        add_lines(blocks, [one_space(line) for line in lines], width)
    return Contents(blocks.text())


def decode(content: bytes, where: str, report: Report, stated: str = "") -> str:
    """Bytes to text: by byte order mark, by the encoding that the file states, as UTF-8, or as Windows-1252.

    What cannot be read becomes U+FFFD and is noted. Raises `Unreadable` where it is no text at all.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _decoded(content[len(mark) :], encoding, where, report)
    if content.count(b"\0", 0, _HEAD_BYTES):
        raise Unreadable("not text, though its name says so")
    try:
        known = codecs.lookup(stated).name if stated else ""
    except (LookupError, ValueError):
        report.note("unknown encoding stated", where)
        known = ""
    if known and known != "utf-8" and not known.startswith(("utf-16", "utf-32")):
        try:
            return _decoded(content, known, where, report)
        except (LookupError, TypeError, ValueError):
            report.note("unknown encoding stated", where)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        report.note("not UTF-8, read as Windows-1252", where)
        return content.decode("cp1252", "replace")


def _decoded(content: bytes, encoding: str, where: str, report: Report) -> str:
    text = content.decode(encoding, "replace")
    if "�" in text:
        report.note("some characters could not be read", where)
    return text
