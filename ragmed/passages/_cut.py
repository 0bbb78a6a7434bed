"""A passage from a span of a document: what it inherits, said once."""

from __future__ import annotations

from ragmed.analysis.places import pages_of, section_at, within
from ragmed.types import Document, Passage


def cut(document: Document, start: int, end: int, passage_id: str) -> Passage:
    """The passage ``document.text[start:end]``."""
    return Passage(
        passage_id=passage_id,
        doc_id=document.doc_id,
        start=start,
        end=end,
        text=document.text[start:end],
        title=document.title,
        source=document.source,
        url=document.url,
        licence=document.licence,
        published=document.published,
        kind=document.kind,
        question=document.question,
        section=section_at(document.sections, start),
        page=pages_of(document.sections, start, end),
        sections=within(document.sections, start, end),
        meta=document.meta,
    )


def cut_at(document: Document, start: int, end: int) -> Passage:
    """`cut`, named by its place: ``<doc_id>:<start>-<end>``."""
    return cut(document, start, end, f"{document.doc_id}:{start}-{end}")
