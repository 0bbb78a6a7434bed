"""By headings: short sections are packed together, long ones are cut between sentences.

A passage never reaches from one top-level section into another. Pages are where a section happens to be printed, so
a new page begins no passage unless ``pages`` asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ragmed.passages._cut import cut_at
from ragmed.passages._pack import pack, sentences_within, trim
from ragmed.protocols import Splitter
from ragmed.types import Document, Passage


@dataclass(frozen=True)
class Sections:
    """Sections of one top-level heading, up to ``max_chars`` characters together; with ``pages``, of one page too."""

    max_chars: int = 1000
    pages: bool = False

    def split(self, document: Document) -> Iterator[Passage]:
        text = document.text
        first = last = -1
        packed: tuple[str, str] | None = None
        for start, end, place in self._regions(document):
            if first >= 0 and (place != packed or end - first > self.max_chars):
                yield cut_at(document, first, last)
                first = -1
            if end - start > self.max_chars:
                for sentence_start, sentence_end in pack(sentences_within(text, start, end), self.max_chars):
                    yield cut_at(document, sentence_start, sentence_end)
                continue
            first, last, packed = (start if first < 0 else first), end, place
        if first >= 0:
            yield cut_at(document, first, last)

    def _regions(self, document: Document) -> Iterator[tuple[int, int, tuple[str, str]]]:
        """Start, end and (top-level heading, page) of each stretch under one heading; blank ones are left out."""
        text = document.text
        begun, under = 0, ("", "")
        for section in document.sections:
            heading = (section.title, section.page if self.pages else "")
            if heading != under:
                yield from _region(text, begun, section.start, under)
                begun, under = section.start, heading
        yield from _region(text, begun, len(text), under)


def _region(text: str, start: int, end: int, under: tuple[str, str]) -> Iterator[tuple[int, int, tuple[str, str]]]:
    start, end = trim(text, start, min(end, len(text)))
    if start < end:
        title, page = under
        yield start, end, (title.partition(" > ")[0], page)


COMPONENT: type[Splitter] = Sections
