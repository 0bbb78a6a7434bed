"""Documents put together again from the passages of an index, so far as the passages cover them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from ragmed.types import Document, Passage


def join_passages(passages: Iterable[Passage]) -> Iterator[Document]:
    """A document for each run of passages of one document, in their order; what none of them covers is a blank.

    >>> def passage(start: int, text: str) -> Passage:
    ...     return Passage(f"d:{start}", "d", start, start + len(text), text, "T", "s", "", "")
    >>> [document] = join_passages([passage(0, "One two."), passage(4, "two. Three."), passage(20, "Four.")])
    >>> document.text
    'One two. Three. Four.'
    """
    for doc_id, run in groupby(passages, key=lambda passage: passage.doc_id):
        ordered = sorted(run, key=lambda passage: (passage.start, passage.end))
        first = ordered[0]
        pieces: list[str] = []
        end = 0
        for passage in ordered:
            if passage.end <= end:
                continue
            if passage.start > end and pieces:
                pieces.append(" ")
            pieces.append(passage.text[max(0, end - passage.start) :])
            end = passage.end
        yield Document(
            doc_id=doc_id,
            title=first.title,
            text="".join(pieces),
            source=first.source,
            url=first.url,
            licence=first.licence,
            published=first.published,
            kind=first.kind,
            question=first.question,
            meta=first.meta,
        )
