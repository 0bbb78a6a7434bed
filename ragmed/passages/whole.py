"""No splitting: a document is one passage and gives it its id. For corpora of short, self-contained items."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ragmed.passages._cut import cut
from ragmed.protocols import Splitter
from ragmed.types import Document, Passage


@dataclass(frozen=True)
class Whole:
    """One passage per document; a document without text gives none."""

    def split(self, document: Document) -> Iterator[Passage]:
        if document.text.strip():
            yield cut(document, 0, len(document.text), document.doc_id)


COMPONENT: type[Splitter] = Whole
