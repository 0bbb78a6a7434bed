"""Recursive splitting by characters: paragraphs, else lines, else words, else characters, merged up to a size.

Source: `RecursiveCharacterTextSplitter` of langchain-text-splitters (extra ``split``), which does the cutting; the
passages are its chunks, white space at their ends aside. 1,000 characters with 200 of overlap are what MedRAG cuts
its textbooks and StatPearls by (Xiong et al. 2024, "Benchmarking Retrieval-Augmented Generation for Medicine",
arXiv:2402.13178).

Chunks come without their places. Each is found where the one before it ends, or up to the overlap earlier, and the
whole is checked; where a text repeats itself so that it does not fit together (rows of one and the same number), it
is cut without overlap, and the places add up. Two things are done here because the library takes quadratic time or
much memory for them: words longer than a passage are cut, as it would cut them, and texts of millions of characters
are handed to it in parts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from langchain_text_splitters import RecursiveCharacterTextSplitter

from ragmed.errors import RecipeError
from ragmed.passages._cut import cut_at
from ragmed.passages._pack import Span, trim
from ragmed.protocols import Splitter
from ragmed.types import Document, Passage

_SEPARATORS = ["\n\n", "\n", " "]
_PART_CHARS = 2_000_000


@dataclass(frozen=True)
class Recursive:
    """Passages of up to ``max_chars`` characters; each begins with up to ``overlap_chars`` of the one before."""

    max_chars: int = 1000
    overlap_chars: int = 200

    def __post_init__(self) -> None:
        if not 0 <= self.overlap_chars < self.max_chars:
            raise RecipeError(
                f"recursive: overlap_chars = {self.overlap_chars} must lie between 0 and max_chars = {self.max_chars}; "
                "make it smaller"
            )

    def split(self, document: Document) -> Iterator[Passage]:
        last = 0
        for part_start, part_end in _parts(document.text):
            for start, end in self._chunks(document.text[part_start:part_end]):
                start, end = trim(document.text, part_start + start, part_start + end)
                # White space may be all that a chunk adds to the one that it overlaps.
                if end > max(start, last):
                    yield cut_at(document, start, end)
                    last = end

    def _chunks(self, text: str) -> Iterator[Span]:
        chunks = _spans(text, self._cut(text, self.overlap_chars), self.max_chars, self.overlap_chars)
        for start, end in chunks or _spans(text, self._cut(text, 0), self.max_chars, 0):
            while end - start > self.max_chars:
                yield start, start + self.max_chars
                start += self.max_chars - self.overlap_chars
            yield start, end

    def _cut(self, text: str, overlap_chars: int) -> list[str]:
        splitter = RecursiveCharacterTextSplitter(
            separators=_SEPARATORS,
            chunk_size=self.max_chars,
            chunk_overlap=overlap_chars,
            strip_whitespace=False,
        )
        return splitter.split_text(text)


def _parts(text: str) -> Iterator[Span]:
    """The text in parts of at most `_PART_CHARS`, cut at the coarsest separator that they hold."""
    start = 0
    while len(text) - start > _PART_CHARS:
        cuts = (text.rfind(separator, start + 1, start + _PART_CHARS) for separator in _SEPARATORS)
        end = next((cut for cut in cuts if cut > 0), start + _PART_CHARS)
        yield start, end
        start = end
    yield start, len(text)


def _spans(text: str, chunks: list[str], max_chars: int, overlap_chars: int) -> list[Span]:
    """Where the chunks stand, so that they leave nothing out; empty where they cannot be placed so."""
    spans: list[Span] = []
    last = 0
    for chunk in chunks:
        overlap = min(overlap_chars, len(chunk) - 1) if len(chunk) <= max_chars else 0
        start = text.find(chunk, max(0, last - overlap), last + len(chunk))
        if start < 0:
            return []
        last = start + len(chunk)
        spans.append((start, last))
    return spans if last == len(text) else []


COMPONENT: type[Splitter] = Recursive
