"""Question-answer pairs whole, everything else by sentences.

An answer is written as one piece and read with its question, so it is one passage, which keeps the question (see
`ragmed.types.Passage.question`). One too long for that is cut between paragraphs, a paragraph too long between
sentences; each passage keeps the question.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ragmed.analysis.sentences import sentence_spans
from ragmed.passages._cut import cut_at
from ragmed.passages._pack import Span, pack, paragraphs, sentences_within, trim
from ragmed.protocols import Splitter
from ragmed.types import Document, Passage


@dataclass(frozen=True)
class QAPairs:
    """Answers of up to ``max_answer_chars`` characters; sentences of other documents up to ``max_chars`` together."""

    max_answer_chars: int = 4000
    max_chars: int = 1000

    def split(self, document: Document) -> Iterator[Passage]:
        spans = self._answer(document.text) if document.question else sentence_spans(document.text)
        limit = self.max_answer_chars if document.question else self.max_chars
        for start, end in pack(spans, limit):
            yield cut_at(document, start, end)

    def _answer(self, text: str) -> Iterator[Span]:
        start, end = trim(text, 0, len(text))
        for paragraph in paragraphs(text, start, end):
            if paragraph[1] - paragraph[0] <= self.max_answer_chars:
                yield paragraph
            else:
                yield from sentences_within(text, *paragraph)


COMPONENT: type[Splitter] = QAPairs
