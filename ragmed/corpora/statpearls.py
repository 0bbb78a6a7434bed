"""StatPearls: reviewed articles for clinicians, from the archive of NCBI Bookshelf.

Source: https://www.ncbi.nlm.nih.gov/books/NBK430685/, archive ``statpearls_NBK430685.tar.gz`` of
https://ftp.ncbi.nlm.nih.gov/pub/litarch/: one ``article-<n>.nxml`` (BITS, ``<book-part-wrapper>``) an article. A
paragraph that is all bold is the heading of those after it, as MedRAG reads it (Xiong et al. 2024,
https://arxiv.org/abs/2402.13178). The archive is read in place; a folder of the files does as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any

from ragmed.corpora._jats import XLINK, article_meta, iso_date, jats_outline, licence, plain, published, title
from ragmed.corpora._tar import members
from ragmed.corpora._xml import UnreadableXML, read_xml
from ragmed.protocols import Corpus
from ragmed.report import Report
from ragmed.types import Document

_XML = (".nxml", ".xml")
_QUESTIONS = frozenset(("Review Questions",))
"""Sections that only link to questions on another site."""
_NBK = re.compile(r"NBK\d+\Z")


@dataclass(frozen=True)
class StatPearls:
    """One document an article. ``max_member_bytes``: a larger file of the archive is left out."""

    files: Mapping[str, Path]
    licence: str = ""
    max_member_bytes: int = 64_000_000
    report: Report = field(default_factory=Report, compare=False, repr=False)

    def documents(self) -> Iterator[Document]:
        return chain.from_iterable(map(self.documents_of, self.parts()))

    def parts(self) -> Sequence[str]:
        return sorted(self.files)

    def documents_of(self, part: str) -> Iterator[Document]:
        path = self.files[part]
        if not path.name.endswith(_XML):
            for member in members(path, _XML, self.max_member_bytes):
                where = f"{part}: {member.name}"
                if member.content is None:
                    self.report.skip("larger than max_member_bytes", where)
                else:
                    yield from self._article(member.content, member.name, where)
        elif path.stat().st_size > self.max_member_bytes:
            self.report.skip("larger than max_member_bytes", part)
        else:
            yield from self._article(path.read_bytes(), path.name, part)

    def release(self) -> str:
        return ""

    def _article(self, content: bytes, name: str, where: str) -> Iterator[Document]:
        try:
            root = read_xml(content)
        except UnreadableXML as error:
            self.report.skip(error.reason, f"{where}: {error.detail}" if error.detail else where)
            return
        part = root.find("book-part")
        meta = article_meta(part) if part is not None else None
        if part is None or meta is None:
            self.report.skip("no article", where)
            return
        _leave_out(part)
        outline = jats_outline(part, lambda reason: self.report.note(reason, where), bold_headings=True)
        if not outline.text:
            self.report.skip("no text", where)
            return
        heading = title(meta, "title")
        if not heading:
            self.report.note("no title", where)
        article = root.get("id") or re.sub(r"\.n?xml\Z", "", PurePosixPath(name).name)
        nbk = next((text for text in map(plain, meta.iterfind("book-part-id")) if _NBK.match(text)), "")
        yield Document(
            doc_id=f"statpearls:{article}",
            title=heading,
            text=outline.text,
            source="statpearls",
            url=f"https://www.ncbi.nlm.nih.gov/books/{nbk or f'n/statpearls/{article}'}/",
            licence=licence(meta.find("permissions")) or licence(root.find("book-meta/permissions")) or self.licence,
            published=_updated(meta, root),
            kind="article",
            sections=outline.sections,
            meta={"language": "en", "book": plain(root.find("book-meta/book-title-group/book-title")) or "StatPearls"},
        )


def _updated(meta: Any, root: Any) -> str:
    """When the article was last revised, else when the book was published."""
    for kind in ("updated", "revised", "created", "pub"):
        for date in meta.iterfind(f"pub-history/date[@date-type='{kind}']"):
            if found := iso_date(date):
                return found
    return published(meta.findall("pub-date")) or published(root.findall("book-meta/pub-date"))


def _leave_out(part: Any) -> None:
    """Take out what only links to the publisher's own pages."""
    for section in list(part.iter("sec")):
        if section.get("sec-type") in _QUESTIONS or plain(section.find("title")) in _QUESTIONS:
            section.getparent().remove(section)
    for link in part.iter("ext-link"):
        if "statpearls.com/" in link.get(f"{XLINK}href", ""):
            for child in list(link):
                link.remove(child)
            link.text = ""


COMPONENT: type[Corpus] = StatPearls
