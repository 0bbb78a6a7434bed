"""Whole sentences, packed one after another up to a size: no sentence is cut, none is in two passages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ragmed.analysis.sentences import sentence_spans
from ragmed.passages._cut import cut_at
from ragmed.passages._pack import pack
from ragmed.protocols import Splitter
from ragmed.types import Document, Passage


@dataclass(frozen=True)
class Sentences:
    """Consecutive sentences of up to ``max_chars`` characters together (1,000: some 230 word pieces of an abstract)."""

    max_chars: int = 1000

    def split(self, document: Document) -> Iterator[Passage]:
        for start, end in pack(sentence_spans(document.text), self.max_chars):
            yield cut_at(document, start, end)


COMPONENT: type[Splitter] = Sentences
