"""Sentences of biomedical prose, as offsets: rules only, the same result each time.

A stop ends a sentence unless it belongs to an abbreviation ("e.g.", "Fig.", "et al."), an initial
("E. coli", "J. Smith") or a number. A blank line, or a line break before a bullet or after a line that
ends without a sentence's continuation, ends one too.
"""

from __future__ import annotations

import re

MAX_CHARS = 2000
"""A longer sentence is cut at white space, so that no input can make a monstrous one."""

_END = re.compile(
    r"[.!?]+[\"'”’)\]]*(?:\s*\[\d+(?:[,–-]\s*\d+)*\])?(?=\s)"  # a stop, closing marks, a reference such as [3]
    r"|\n[ \t]*(?=\n)"  # a blank line
    r"|\n(?=[ \t]*(?:[-*•·–]\s|\d{1,2}[.)]\s|[A-Z][A-Z &/-]{3,40}:))"  # a bullet, a number, a section label
)
_ABBREVIATIONS = frozenset(
    """
    e.g i.e vs cf al etc dr mr mrs ms prof st fig figs eq eqs ref refs no nos vol pp approx ca viz resp
    incl excl dept univ inc ltd jr sr ed eds sp spp subsp var i.v i.m s.c p.o b.i.d t.i.d q.i.d
    """.split()  # noqa: SIM905
)
_LAST_WORD = re.compile(r"[\w.]+\Z")


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Offsets ``[start, end)`` of the sentences, in order, without the white space around them.

    >>> text = "E. coli grew (p < 0.05). See Fig. 2, e.g. the left. Why?"
    >>> [text[start:end] for start, end in sentence_spans(text)]
    ['E. coli grew (p < 0.05).', 'See Fig. 2, e.g. the left.', 'Why?']
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for match in _END.finditer(text):
        if match.group()[0] == "." and not _ends_sentence(text, match):
            continue
        _add(text, start, match.end(), spans)
        start = match.end()
    _add(text, start, len(text), spans)
    return spans


def _ends_sentence(text: str, match: re.Match[str]) -> bool:
    """Whether a single stop, rather than an abbreviation's, was met."""
    after = match.end()
    while after < len(text) and text[after].isspace():
        after += 1
    following = text[after : after + 1]
    if following.islower():
        return False
    word_match = _LAST_WORD.search(text, max(0, match.start() - 20), match.start())
    word = word_match.group() if word_match else ""
    if word.lower() in _ABBREVIATIONS:
        return word.lower() == "etc" and following.isupper()
    return not (len(word) == 1 and word.isupper() and following.isalpha() and match.group() == ".")


def _add(text: str, start: int, end: int, spans: list[tuple[int, int]]) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    while end - start > MAX_CHARS:
        cut = next((i for i in range(start + MAX_CHARS, start, -1) if text[i].isspace()), start + MAX_CHARS)
        _add(text, start, cut, spans)
        start = cut
        while start < end and text[start].isspace():
            start += 1
    if start < end:
        spans.append((start, end))
