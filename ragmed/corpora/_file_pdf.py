"""PDF through pypdf: paragraphs out of lines, a section for each page and for each bookmark's heading.

Source: ISO 32000-2, Portable Document Format 2.0: page labels (12.4.2) and document outline (12.3.3).

A PDF knows where letters stand, not what a paragraph is: lines are joined by their length and their last character,
words that were broken at a line's end are made whole, and lines that most pages carry at their top or bottom are left
out.
"""

from __future__ import annotations

import io
import logging
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pypdf
from pypdf.errors import DependencyError

from ragmed.corpora._file import (
    Blocks,
    Contents,
    Unreadable,
    add_lines,
    clean,
    date_of,
    language_of,
    one_space,
    words_of,
)
from ragmed.report import Report

N_MARGIN_LINES = 2
"""Lines at the top and at the bottom of a page among which headers and footers are looked for."""
MIN_PAGES_FOR_MARGINS = 3
MIN_SHARE_OF_PAGES = 0.4
"""Of the pages, for a line to be a header or footer: less than half, as left and right pages may have their own."""
MAX_BOOKMARKS = 20_000

_NUMBER = re.compile(r"(?<!\d)\d{1,5}(?!\d)")
_NO_WORD = re.compile(r"[\W_]+")
_NUMBERING = re.compile(r"[\d.]+\s*")
_FILE_NAME = re.compile(r"(?:untitled.*|.*\.(?:docx?|pdf|rtf|odt|indd|pptx?|xlsx?|tex|dvi|qxp))\Z", re.IGNORECASE)
_BOOKMARK_LINES = 3
_BOOKMARKS_LOOKED_FOR = 200
"""Of one page; the place of further ones on it is not looked for."""

Bookmark = tuple[int, str]
"""Its level, 1 for the outermost, and its title."""


def read(content: bytes, where: str, report: Report) -> Contents:
    """Raises `Unreadable`."""
    with _warnings(where, report):
        try:
            reader = pypdf.PdfReader(io.BytesIO(content))
            if reader.is_encrypted and not reader.decrypt(""):
                raise Unreadable("encrypted")
            n_pages = len(reader.pages)
        except Unreadable:
            raise
        except DependencyError as error:
            raise Unreadable("encrypted", "AES, which needs the package cryptography") from error
        except Exception as error:  # pypdf raises all sorts on a damaged file
            raise Unreadable("damaged", type(error).__name__) from error
        labels = _labels(reader, n_pages)
        pages = [_lines(reader, i, f"{where} p. {labels[i]}", report) for i in range(n_pages)]
        if not any(pages):
            raise Unreadable("no text in it, perhaps scanned; run OCR first")
        bookmarks = _bookmarks(reader, where, report)
        title, published, language = _properties(reader)
    _drop_margins(pages, labels, bookmarks, where, report)
    blocks = _blocks(pages, labels, bookmarks)
    return Contents(blocks.text(), title, blocks.sections(), published, language)


class _Listener(logging.Handler):
    heard = False

    def emit(self, record: logging.LogRecord) -> None:
        self.heard = True


@contextmanager
def _warnings(where: str, report: Report) -> Iterator[None]:
    """Notes pypdf's warnings in the report rather than on the screen."""
    logger = logging.getLogger("pypdf")
    handler = _Listener(logging.WARNING)
    propagate, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate
    if handler.heard:
        report.note("PDF not quite as it should be", where)


def _labels(reader: Any, n_pages: int) -> list[str]:
    """The page numbers as readers see them; those that the file does not give are counted."""
    try:
        labels = [one_space(clean(str(label))) for label in reader.page_labels]
    except Exception:
        labels = []
    return [labels[i] if i < len(labels) and labels[i] else str(i + 1) for i in range(n_pages)]


def _lines(reader: Any, i: int, where: str, report: Report) -> list[str]:
    """A page's lines with one space between words; an empty one where the page has it between two others."""
    try:
        text = clean(reader.pages[i].extract_text() or "")
    except Exception as error:
        report.note("page could not be read", f"{where} ({type(error).__name__})")
        return []
    lines = [one_space(line) for line in text.splitlines()]
    if not any(lines):
        report.note("page without text, perhaps scanned", where)
        return []
    return lines


def _bookmarks(reader: Any, where: str, report: Report) -> Mapping[int, list[Bookmark]]:
    """The outline's entries by the page that they open, counted from 0."""
    found: dict[int, list[Bookmark]] = {}
    try:
        waiting: list[tuple[int, Any]] = [(1, entry) for entry in reversed(reader.outline)]
        n = 0
        while waiting and n < MAX_BOOKMARKS:
            level, entry = waiting.pop()
            if isinstance(entry, list):
                waiting += [(level + 1, child) for child in reversed(entry)]
                continue
            n += 1
            page, title = reader.get_destination_page_number(entry), one_space(clean(str(entry.title or "")))
            if page is not None and page >= 0 and title:
                found.setdefault(page, []).append((level, title))
    except Exception as error:
        report.note("bookmarks could not be read", f"{where} ({type(error).__name__})")
    return found


def _properties(reader: Any) -> tuple[str, str, str]:
    """Title, date and language as the file states them."""
    title = published = language = ""
    try:
        stated = reader.metadata or {}
        title = one_space(clean(str(stated.get("/Title") or ""))).removeprefix("Microsoft Word - ")
        title = "" if _FILE_NAME.match(title) else title
        date = str(stated.get("/CreationDate") or stated.get("/ModDate") or "").removeprefix("D:")
        published = date_of(f"{date[:4]}-{date[4:6]}-{date[6:8]}") if date[:8].isdigit() else date_of(date)
        language = language_of(str(reader.root_object.get("/Lang") or ""))
    except Exception:
        pass
    return title, published, language


def _drop_margins(
    pages: Sequence[list[str]],
    labels: Sequence[str],
    bookmarks: Mapping[int, list[Bookmark]],
    where: str,
    report: Report,
) -> None:
    """Take out the headers and footers that repeat, page numbers aside, and note that."""
    if len(pages) < MIN_PAGES_FOR_MARGINS:
        return
    titles = {_key(title) for entries in bookmarks.values() for _, title in entries}
    counts: Counter[tuple[bool, str]] = Counter()
    for i, (lines, label) in enumerate(zip(pages, labels, strict=True)):
        counts.update({key for place in _margins(lines) for key in _margin_keys(lines[place], place, label, i)})
    least = max(MIN_PAGES_FOR_MARGINS, MIN_SHARE_OF_PAGES * sum(map(bool, pages)))
    n = 0
    for i, (lines, label) in enumerate(zip(pages, labels, strict=True)):
        for place in _margins(lines):
            keys = _margin_keys(lines[place], place, label, i)
            if max(counts[key] for key in keys) >= least and _key(lines[place]) not in titles:
                lines[place] = ""
                n += 1
        while lines and not lines[-1]:
            lines.pop()
        while lines and not lines[0]:
            del lines[0]
    if n:
        report.note("repeated headers and footers left out", where)


def _margins(lines: Sequence[str]) -> list[int]:
    """Places of a page's first and last lines, the latter counted from the end."""
    full = [i for i, line in enumerate(lines) if line]
    top = full[:N_MARGIN_LINES]
    bottom = [i for i in full[-N_MARGIN_LINES:] if i not in top]
    return top + [i - len(lines) for i in bottom]


def _margin_keys(line: str, place: int, label: str, i: int) -> set[tuple[bool, str]]:
    """What a header or footer is known by: its text as it is, or with a number that grows page by page."""
    is_top = place >= 0
    if line == label:
        return {(is_top, "#")}
    keys = {(is_top, line)}
    for number in _NUMBER.findall(line):
        before, _, after = line.partition(number)
        keys.add((is_top, f"{before}#{int(number) - i}{after}"))
    return keys


def _blocks(pages: Sequence[Sequence[str]], labels: Sequence[str], bookmarks: Mapping[int, list[Bookmark]]) -> Blocks:
    words = set().union(*(words_of("\n".join(lines)) for lines in pages))
    blocks = Blocks()
    for i, (lines, label) in enumerate(zip(pages, labels, strict=True)):
        blocks.page(label)
        lengths = sorted(len(line) for line in lines if line)
        width = lengths[len(lengths) * 9 // 10] if lengths else 0
        done = 0
        for (level, title), start, end in _placed(bookmarks.get(i, ()), lines):
            add_lines(blocks, lines[done:start], width, words, continues=not done)
            if end > start:
                blocks.heading(level, title, " ".join(lines[start:end]))
            else:
                blocks.enter(level, title)
            done = end
        add_lines(blocks, lines[done:], width, words, continues=not done)
    return blocks


def _placed(bookmarks: Sequence[Bookmark], lines: Sequence[str]) -> Iterator[tuple[Bookmark, int, int]]:
    """Each bookmark of a page with the lines [start, end) that are its heading: none where it is not found."""
    keys = [_key(line) for line in lines]
    done = 0
    for i, bookmark in enumerate(bookmarks):
        wanted = _key(bookmark[1])
        for start in range(done, len(lines) if i < _BOOKMARKS_LOOKED_FOR else 0):
            end = next(
                (e for e in range(start + 1, start + 1 + _BOOKMARK_LINES) if "".join(keys[start:e]) == wanted), 0
            )
            if end and keys[start] and wanted:
                yield bookmark, start, min(end, len(lines))
                done = min(end, len(lines))
                break
        else:
            yield bookmark, done, done


def _key(text: str) -> str:
    """What is left of a heading without its number, case, spaces and marks."""
    return _NO_WORD.sub("", _NUMBERING.sub("", text, count=1) if _NUMBERING.match(text) else text).casefold()
