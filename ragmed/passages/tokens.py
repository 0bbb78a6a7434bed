"""Recursive splitting by the encoder's tokens, so that no passage is longer than the encoder reads.

The recursion is that of langchain's `RecursiveCharacterTextSplitter` (see `recursive`), with sentences between lines
and words: pieces of a level are merged while they fit; a piece that does not fit is cut by the next level. What an
encoder reads of a passage begins with its title, headings and question; room is left for these.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from ragmed.errors import RecipeError
from ragmed.passages._cut import cut_at
from ragmed.passages._pack import Span, lines, paragraphs, sentences_within, trim, words
from ragmed.protocols import Encoder, Splitter
from ragmed.types import Document, Passage

_MAX_CHARS_PER_TOKEN = 12
"""A piece with more is too long, without being counted: it would be one unknown word, of which nothing is read."""
_BLOCK = 1024
"""Pieces counted at once."""


@dataclass(frozen=True)
class Tokens:
    """As many paragraphs, lines, sentences or words as ``encoder`` reads in one go, less ``reserve`` tokens.

    Without ``reserve`` that is what the longest of the document's headings takes with title and question, but never
    more than three quarters of what the encoder reads: what has a longer title is cut off by the encoder, and counted
    where the index is built.
    """

    encoder: Encoder = field(metadata={"family": "encoders", "default": "minilm"})
    reserve: int | None = None

    def __post_init__(self) -> None:
        if self.reserve is not None and not 0 <= self.reserve < self.encoder.max_tokens - 2:
            raise RecipeError(
                f"tokens: reserve = {self.reserve} leaves no room; the encoder reads {self.encoder.max_tokens} tokens"
            )

    def split(self, document: Document) -> Iterator[Passage]:
        if not document.text.strip():
            return
        n_special = self.encoder.count_tokens([""])[0]
        room = self.encoder.max_tokens - n_special - self._reserved(document, n_special)
        fitting = _Fitting(document.text, self.encoder, n_special, room)
        for start, end in fitting.spans():
            yield cut_at(document, start, end)

    def _reserved(self, document: Document, n_special: int) -> int:
        if self.reserve is not None:
            return self.reserve
        most = 3 * self.encoder.max_tokens // 4 - n_special
        titles = {section.title for section in document.sections} | {""}
        headers = ["\n".join(filter(None, (document.title, title, document.question))) for title in sorted(titles)]
        if max(map(len, headers)) > most * _MAX_CHARS_PER_TOKEN:
            return most
        return min(most, max(self.encoder.count_tokens(headers)) - n_special)


@dataclass(frozen=True)
class _Fitting:
    """Spans of a text that have at most ``room`` tokens, special ones aside."""

    text: str
    encoder: Encoder
    n_special: int
    room: int

    def spans(self) -> Iterator[Span]:
        """Cut, then counted once more: tokens of pieces need not add up to those of the whole."""
        for (start, end), n in self._counted(self._cut(*trim(self.text, 0, len(self.text)), level=0)):
            if n <= self.room:
                yield start, end
            else:
                yield from self._halved(start, end)

    def _cut(self, start: int, end: int, level: int) -> Iterator[Span]:
        """Pieces of a level merged while they fit; one that does not is cut by the next level."""
        if level == len(_LEVELS):
            for width in range(start, end, self._max_chars):
                yield trim(self.text, width, min(end, width + self._max_chars))
            return
        first = last = -1
        total = 0
        for piece, n in self._counted(_LEVELS[level](self.text, start, end)):
            joined = first >= 0 and total + n <= self.room and piece[1] - first <= self._max_chars
            if first >= 0 and not joined:
                yield first, last
                first = -1
            if n > self.room:
                yield from self._cut(*piece, level + 1)
                continue
            first, last, total = (first, piece[1], total + n) if joined else (*piece, n)
        if first >= 0:
            yield first, last

    def _halved(self, start: int, end: int) -> Iterator[Span]:
        """The span in halves, cut between words where it has several, until they fit or are one character."""
        middle = self.text.rfind(" ", start, (start + end) // 2 + 1)
        middle = middle if middle > start else (start + end) // 2
        halves = [trim(self.text, start, middle), trim(self.text, middle, end)]
        for half, n in self._counted(iter(half for half in halves if half[0] < half[1])):
            if n > self.room and half[1] - half[0] > 1:
                yield from self._halved(*half)
            else:
                yield half

    def _counted(self, spans: Iterator[Span]) -> Iterator[tuple[Span, int]]:
        while block := list(islice(spans, _BLOCK)):
            short = [span for span in block if span[1] - span[0] <= self._max_chars]
            counts = self.encoder.count_tokens([self.text[start:end] for start, end in short])
            counted = dict(zip(short, counts, strict=True))
            for span in block:
                yield span, counted[span] - self.n_special if span in counted else self.room + 1

    @property
    def _max_chars(self) -> int:
        return self.room * _MAX_CHARS_PER_TOKEN


def _sentences(text: str, start: int, end: int) -> Iterator[Span]:
    return iter(sentences_within(text, start, end))


_LEVELS = (paragraphs, lines, _sentences, words)


COMPONENT: type[Splitter] = Tokens
