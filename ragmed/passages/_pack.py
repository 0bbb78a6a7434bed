"""Spans of a text packed one after another up to a size: what the splitters by sentence and paragraph share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ragmed.analysis.sentences import sentence_spans

Span = tuple[int, int]
"""Offsets ``[start, end)``."""

_BLANK_LINE = re.compile(r"\n[^\S\n]*+\n\s*+")
_LINE_BREAK = re.compile(r"\n\s*+")
_WHITE_SPACE = re.compile(r"\s++")


def pack(spans: Iterable[Span], max_chars: int) -> Iterator[Span]:
    """Consecutive spans joined while the whole is no longer than ``max_chars``; a longer one stands alone.

    >>> list(pack([(0, 4), (5, 9), (10, 30)], max_chars=10))
    [(0, 9), (10, 30)]
    """
    first = last = -1
    for start, end in spans:
        if first >= 0 and end - first > max_chars:
            yield first, last
            first = -1
        if first < 0:
            first = start
        last = end
    if first >= 0:
        yield first, last


def trim(text: str, start: int, end: int) -> Span:
    """The span without the white space around it; ``start == end`` where nothing is left.

    >>> trim("  a b ", 0, 6)
    (2, 5)
    """
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end


def sentences_within(text: str, start: int, end: int) -> list[Span]:
    """The sentences of ``text[start:end]``, as offsets into ``text``."""
    return [(start + first, start + last) for first, last in sentence_spans(text[start:end])]


def paragraphs(text: str, start: int, end: int) -> Iterator[Span]:
    """What blank lines part.

    >>> list(paragraphs("One.\\nTwo.\\n\\nThree.", 0, 17))
    [(0, 9), (11, 17)]
    """
    return _between(_BLANK_LINE, text, start, end)


def lines(text: str, start: int, end: int) -> Iterator[Span]:
    """What line breaks part; blank lines give nothing.

    >>> list(lines("One.\\nTwo.\\n\\nThree.", 0, 17))
    [(0, 4), (5, 9), (11, 17)]
    """
    return _between(_LINE_BREAK, text, start, end)


def words(text: str, start: int, end: int) -> Iterator[Span]:
    """What white space parts.

    >>> list(words("to  be", 0, 6))
    [(0, 2), (4, 6)]
    """
    return _between(_WHITE_SPACE, text, start, end)


def _between(separator: re.Pattern[str], text: str, start: int, end: int) -> Iterator[Span]:
    for match in separator.finditer(text, start, end):
        span = trim(text, start, match.start())
        if span[0] < span[1]:
            yield span
        start = match.end()
    span = trim(text, start, end)
    if span[0] < span[1]:
        yield span
