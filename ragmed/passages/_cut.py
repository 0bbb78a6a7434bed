"""A passage from a span of a document: what it inherits, said once."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

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
        section=section_at(document, start),
        page=pages_of(document, start, end),
        meta=document.meta,
    )


def cut_at(document: Document, start: int, end: int) -> Passage:
    """`cut`, named by its place: ``<doc_id>:<start>-<end>``."""
    return cut(document, start, end, f"{document.doc_id}:{start}-{end}")


def section_at(document: Document, offset: int) -> str:
    """The headings above that place of the document; empty where it has none."""
    i = bisect_right(document.sections, offset, key=lambda section: section.start)
    return document.sections[i - 1].title if i else ""


def pages_of(document: Document, start: int, end: int) -> str:
    """The page or pages, "3" or "3–4", on which that span stands; empty where the document has none."""
    first = max(0, bisect_right(document.sections, start, key=lambda section: section.start) - 1)
    last = bisect_left(document.sections, end, key=lambda section: section.start)
    pages = [section.page for section in document.sections[first:last] if section.page]
    if not pages or pages[0] == pages[-1]:
        return pages[0] if pages else ""
    return f"{pages[0]}–{pages[-1]}"
