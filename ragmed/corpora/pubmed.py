"""PubMed: titles and abstracts from NLM's yearly baseline and its daily updates, in their XML.

Source: https://pubmed.ncbi.nlm.nih.gov/download/; ``pubmed_250101.dtd``. A baseline file holds up to 30,000 records.
Update files, whose numbers go on from the baseline's, repeat a record whenever it changes and close with the PMIDs
that were withdrawn.

The text is the abstract, a paragraph for each of its parts, "LABEL: …" where the part is labelled; each labelled part
is a section too. Abstracts in further languages or for lay readers (``OtherAbstract``) are noted and left out, books
are skipped (NLM's files hold none). MeSH headings are in MEDLINE's display format, major topics starred:
"Asthma/*drug therapy". A revision that has lost its abstract withdraws what came before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ragmed.corpora._pubmed_citation import Fields, Unreadable, date, fields, first, flat, language, tree
from ragmed.corpora._pubmed_records import records
from ragmed.protocols import Corpus
from ragmed.report import Report
from ragmed.types import Deletion, Document, Section

_PMID = re.compile(rb"<PMID[^<>]*>\s*([0-9]{1,12})\s*<")
_NUMBER = re.compile(r"(\d*)n(\d+)\.xml")
_NO_TITLE = ("", "[Not Available].")
_CUT_ABSTRACT = "(ABSTRACT TRUNCATED AT "

_LINKS = {
    "RetractionIn": "retracted",
    "RetractedandRepublishedIn": "retracted",
    "RetractionOf": "retraction_of",
    "ErratumIn": "erratum",
    "ErratumFor": "erratum_for",
    "ExpressionOfConcernIn": "expression_of_concern",
    "ExpressionOfConcernFor": "expression_of_concern_for",
    "CorrectedandRepublishedIn": "republished_in",
    "RepublishedIn": "republished_in",
    "UpdateIn": "updated_in",
}
"""RefType of a link between records → key of ``meta`` that holds the other record's PMID."""


@dataclass(frozen=True)
class PubMed:
    """One document per record that has an abstract; of several versions or revisions the last one stands.

    ``title_only`` also takes records without an abstract: their text is their title, their kind "title".
    """

    files: Mapping[str, Path]
    licence: str = ""
    title_only: bool = False
    max_record_bytes: int = 20_000_000
    report: Report = field(default_factory=Report, compare=False, repr=False)

    def documents(self) -> Iterator[Document | Deletion]:
        for part in self.parts():
            yield from self.documents_of(part)

    def parts(self) -> Sequence[str]:
        """The baseline's files, then the updates', each in the order of their numbers."""
        return sorted(self.files, key=_order)

    def documents_of(self, part: str) -> Iterator[Document | Deletion]:
        newest: dict[str, int] = {}
        for n, record in enumerate(records(self.files[part], self.max_record_bytes), 1):
            pmid = _PMID.search(record.content)
            where = f"{part}: PMID:{pmid[1].decode()}" if pmid else f"{part}: record {n}"
            try:
                if record.fault:
                    raise Unreadable(record.fault)
                if record.tag == "PubmedArticle":
                    yield from self._article(record.content, part, where, newest)
                elif record.tag == "PubmedBookArticle":
                    raise Unreadable("book")
                else:
                    yield from _deletions(record.content, self.report, f"{part}: {record.tag}")
            except Unreadable as error:
                self.report.skip(str(error), where)

    def release(self) -> str:
        """The last file, as "pubmed26n1334": all before it have been applied."""
        parts = self.parts()
        return Path(parts[-1]).name.partition(".")[0] if parts else ""

    def _article(self, content: bytes, part: str, where: str, newest: dict[str, int]) -> Iterator[Document | Deletion]:
        root, mesh = tree(content, self.report, where)
        found = fields(root)
        pmid, version = _pmid(first(found, "PMID", "MedlineCitation"))
        if "Article" not in found:
            raise Unreadable("no Article element")
        if version < newest.get(pmid, 1):
            raise Unreadable("older version of a record in the same file")
        if version > 1:
            newest[pmid] = version
        title, (text, sections) = _title(found), _abstract(first(found, "Abstract"))
        if b"<OtherAbstract" in content:
            self.report.note("abstract for others or in another language left out", where)
        if not text and not (self.title_only and title):
            if not _is_baseline(part):
                yield Deletion(f"PMID:{pmid}")
            raise Unreadable("no abstract")
        if _CUT_ABSTRACT in text:
            self.report.note("abstract cut short by its source", where)
        yield Document(
            doc_id=f"PMID:{pmid}",
            title=title,
            text=text or title,
            source="pubmed",
            url=f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/",
            licence=self.licence,
            published=date(first(found, "PubDate")) or date(first(found, "ArticleDate")),
            kind="abstract" if text else "title",
            sections=sections,
            meta={key: value for key, value in _meta(found, pmid, mesh).items() if value},
        )


def _deletions(content: bytes, report: Report, where: str) -> Iterator[Deletion]:
    root, _ = tree(content, report, where)
    for element in root:
        try:
            pmid, _ = _pmid(element)
        except Unreadable as error:
            report.skip(str(error), where)
        else:
            yield Deletion(f"PMID:{pmid}")


def _order(part: str) -> tuple[bool, int, int, str]:
    numbers = _NUMBER.search(part)
    year, number = (int(numbers[1] or 0), int(numbers[2])) if numbers else (0, 0)
    return not _is_baseline(part), year, number, part


def _is_baseline(part: str) -> bool:
    return part.startswith("baseline")


def _pmid(element: Any) -> tuple[str, int]:
    """PMID and version. Raises `Unreadable`."""
    pmid = flat(element)
    if not (pmid.isascii() and pmid.isdigit() and len(pmid) < 13):
        raise Unreadable("no PMID")
    version = element.get("Version", "1")
    return pmid, int(version) if version.isascii() and version.isdigit() and len(version) < 4 else 1


def _title(found: Fields) -> str:
    title = flat(first(found, "ArticleTitle"))
    if title in _NO_TITLE:
        title = flat(first(found, "VernacularTitle")) or title
    return title


def _abstract(abstract: Any) -> tuple[str, tuple[Section, ...]]:
    """The abstract's text, and its parts where they are labelled."""
    paragraphs: list[str] = []
    sections: list[Section] = []
    start = 0
    for element in abstract if abstract is not None else ():
        paragraph = flat(element) if element.tag == "AbstractText" else ""
        if not paragraph:
            continue
        label = " ".join(element.get("Label", "").split()).rstrip(":")
        if label == "UNLABELLED":
            label = ""
        if label or sections:
            sections.append(Section(start, label))
        if label:
            paragraph = f"{label}: {paragraph}"
        paragraphs.append(paragraph)
        start += len(paragraph) + 2
    return "\n\n".join(paragraphs), tuple(sections)


def _meta(found: Fields, pmid: str, mesh: str) -> dict[str, str]:
    doi, pmcid = _ids(found)
    types = [flat(element) for element in found.get("PublicationType", ())]
    meta = {
        "pmid": pmid,
        "doi": doi,
        "pmcid": pmcid,
        "journal": flat(first(found, "ISOAbbreviation")) or flat(first(found, "Title")),
        "language": "; ".join([language(flat(element)) for element in found.get("Language", ())]),
        "publication_types": "; ".join(types),
        "mesh": mesh,
        "copyright": flat(first(found, "CopyrightInformation", "Abstract")),
        "keywords": "; ".join(dict.fromkeys([flat(element) for element in found.get("Keyword", ())])),
    }
    for element in found.get("CommentsCorrections", ()):
        key = _LINKS.get(element.get("RefType", ""))
        if key:
            other = flat(element.find("PMID")) or flat(element.find("RefSource")) or "yes"
            meta[key] = f"{meta[key]}; {other}" if key in meta else other
    if "Retracted Publication" in types:
        meta.setdefault("retracted", "yes")
    return meta


def _ids(found: Fields) -> tuple[str, str]:
    """DOI and PMCID, either perhaps empty."""
    listed = first(found, "ArticleIdList", "PubmedData")
    ids = {element.get("IdType"): flat(element) for element in (listed if listed is not None else ())}
    for element in found.get("ELocationID", ()):
        if element.get("EIdType") == "doi" and element.get("ValidYN") != "N":
            ids.setdefault("doi", flat(element))
    return ids.get("doi", ""), ids.get("pmc", "")


COMPONENT: type[Corpus] = PubMed
