"""Whole sentences, packed one after another up to a size: no sentence is cut, none is in two passages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ragmed.analysis.sentences import sentence_spans
from ragmed.passages._cut import cut
from ragmed.protocols import Splitter
from ragmed.types import Document, Passage


@dataclass(frozen=True)
class Sentences:
    """Consecutive sentences of up to ``max_chars`` characters together (1,000: some 230 word pieces of an abstract)."""

    max_chars: int = 1000

    def split(self, document: Document) -> Iterator[Passage]:
        first = last = -1
        for start, end in sentence_spans(document.text):
            if first >= 0 and end - first > self.max_chars:
                yield cut(document, first, last, f"{document.doc_id}:{first}-{last}")
                first = -1
            if first < 0:
                first = start
            last = end
        if first >= 0:
            yield cut(document, first, last, f"{document.doc_id}:{first}-{last}")


COMPONENT: type[Splitter] = Sentences
