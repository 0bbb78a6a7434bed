"""Plain-text textbooks, such as the eighteen that come with MedQA.

Source: Jin et al. 2021, "What Disease Does This Patient Have?" (Applied Sciences 11:6421);
https://github.com/jind11/MedQA, folder ``data_clean/textbooks/en``: one UTF-8 ``.txt`` file a book, without marks of
chapters. A book is cut into documents at blank lines, else at ends of lines, sentences or words. A document's text is
the book's own, character by character: ``book[offset : offset + len(text)] == text``, where ``book`` is the file's text
with ``\\n`` for every end of line, U+FFFD for what is not UTF-8 and for NUL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from ragmed.protocols import Corpus
from ragmed.report import Report
from ragmed.types import Document

_STEP = 1 << 16
_BREAKS = (re.compile(r"\n\s*\n"), re.compile(r"\n"), re.compile(r"[.!?][)\"”’]?\s"), re.compile(r"\s"))
"""Where to cut, best first: after a paragraph, a line, a sentence, a word."""


@dataclass(frozen=True)
class Textbooks:
    """Documents of consecutive paragraphs, ``max_characters`` at most, book by book in the order of file names."""

    files: Mapping[str, Path]
    licence: str = ""
    homepage: str = "https://github.com/jind11/MedQA"
    max_characters: int = 20_000
    report: Report = field(default_factory=Report, compare=False, repr=False)

    def documents(self) -> Iterator[Document]:
        return chain.from_iterable(map(self.documents_of, self.parts()))

    def parts(self) -> Sequence[str]:
        return sorted(self.files)

    def documents_of(self, part: str) -> Iterator[Document]:
        if not part.endswith(".txt"):
            self.report.skip("not a .txt file", part)
            return
        book = part.partition("/")[2].removesuffix(".txt") if "/" in part else part.removesuffix(".txt")
        n = 0
        for offset, text in _pieces(self.files[part], max(self.max_characters, 1)):
            if "\ufffd" in text:
                self.report.note("characters that are not UTF-8, or NUL", f"{part}, from character {offset:,}")
            n += 1
            yield Document(
                doc_id=f"textbook:{book}#{n}",
                title=book.rpartition("/")[2].replace("_", " "),
                text=text,
                source="textbooks",
                url=self.homepage,
                licence=self.licence,
                kind="textbook",
                meta={"language": "en", "book": book, "book_offset": str(offset)},
            )
        if n == 0:
            self.report.skip("no text", part)

    def release(self) -> str:
        return ""


def _pieces(path: Path, max_characters: int) -> Iterator[tuple[int, str]]:
    """The book's text in pieces without the white space around them, and where each begins."""
    held, start = "", 0
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        while step := file.read(_STEP):
            held += step.replace("\0", "\ufffd")
            while len(held) > max_characters:
                cut = _cut(held, max_characters)
                yield from _stripped(start, held[:cut])
                held, start = held[cut:], start + cut
    yield from _stripped(start, held)


def _stripped(start: int, piece: str) -> Iterator[tuple[int, str]]:
    text = piece.strip()
    if text:
        yield start + len(piece) - len(piece.lstrip()), text


def _cut(text: str, end: int) -> int:
    """The last good place to cut before ``end``, in the second half; ``end`` where there is none.

    >>> _cut("One. Two three four", 12), _cut("onetwothreefour", 12)
    (9, 12)
    """
    for pattern in _BREAKS:
        ends = [match.end() for match in pattern.finditer(text, end // 2, end)]
        if ends:
            return ends[-1]
    return end


COMPONENT: type[Corpus] = Textbooks
