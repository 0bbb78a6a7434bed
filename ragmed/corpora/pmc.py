"""Full-text articles of PubMed Central's Open Access Subset.

Source: https://pmc.ncbi.nlm.nih.gov/tools/openftlist/. Read are the single files of the Cloud Service, ``PMC123.1.xml``
with its ``PMC123.1.json`` (https://pmc-oa-opendata.s3.amazonaws.com/README.txt), and the bulk packages published until
August 2026, ``oa_comm_xml.….tar.gz`` with its ``.filelist.csv``; archives are read in place. An article's own XML says
under which licence it stands, else the ``.json``; that and the file list also say which articles were retracted.
"""

from __future__ import annotations

import csv
import json
import re
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any

from ragmed.corpora._jats import LANGUAGE, XLINK, article_meta, jats_outline, licence, plain, published, title
from ragmed.corpora._tar import members
from ragmed.corpora._xml import UnreadableXML, read_xml
from ragmed.protocols import Corpus
from ragmed.report import Report
from ragmed.types import Document

_XML = (".xml", ".nxml")
_BESIDE = (".filelist.csv", ".json", ".md5", ".filelist.txt")
_MAX_BESIDE_BYTES = 1_000_000
_NUMBERS = re.compile(r"(\d+)")
_PMCID = re.compile(r"(?:PMC)?(\d+)(?:\.\d+)?\Z")
_RETRACTED_TITLE = re.compile(r"\W*(?:RETRACTED|WITHDRAWN)(?: ARTICLE| PAPER)?\s*[:\])–—-]", re.IGNORECASE)
_TYPES = {
    "research-article": "Journal Article",
    "review-article": "Review",
    "systematic-review": "Systematic Review",
    "case-report": "Case Reports",
    "letter": "Letter",
    "editorial": "Editorial",
    "news": "News",
    "article-commentary": "Comment",
    "retraction": "Retraction of Publication",
    "correction": "Published Erratum",
    "expression-of-concern": "Expression of Concern",
}
"""JATS article types and the publication types by which PubMed knows them."""
_NOTICE_TYPES = ("retraction", "partial-retraction", "correction", "expression-of-concern")
_NOTICES = {"retracted-article": "retracts", "corrected-article": "corrects", "object-of-concern": "concerns"}
"""How a notice names the article that it is about."""


@dataclass(frozen=True)
class PMC:
    """One document an article; its latest version where files hold several.

    ``max_member_bytes``: a larger file of an archive is left out.
    """

    files: Mapping[str, Path]
    licence: str = ""
    max_member_bytes: int = 64_000_000
    report: Report = field(default_factory=Report, compare=False, repr=False)

    def documents(self) -> Iterator[Document]:
        return chain.from_iterable(map(self.documents_of, self.parts()))

    def parts(self) -> Sequence[str]:
        return sorted((name for name in self.files if not name.endswith(_BESIDE)), key=_in_order)

    def documents_of(self, part: str) -> Iterator[Document]:
        path = self.files[part]
        if part.endswith((".tar.gz", ".tgz")):
            retracted = self._retracted(part)
            for member in members(path, _XML, self.max_member_bytes):
                where = f"{part}: {member.name}"
                if member.content is None:
                    self.report.skip("larger than max_member_bytes", where)
                else:
                    yield from self._article(member.content, member.name, where, retracted)
        elif part.endswith(_XML):
            if path.stat().st_size > self.max_member_bytes:
                self.report.skip("larger than max_member_bytes", part)
            else:
                yield from self._article(path.read_bytes(), part, part, self._facts(part))
        else:
            self.report.skip("neither a .tar.gz archive nor XML", part)

    def release(self) -> str:
        dates = [match[0] for name in self.files if (match := re.search(r"\d{4}-\d\d-\d\d", name))]
        return max(dates, default="")

    def _article(
        self, content: bytes, name: str, where: str, beside: Mapping[str, Mapping[str, str]]
    ) -> Iterator[Document]:
        try:
            root = _article_element(read_xml(content))
        except UnreadableXML as error:
            self.report.skip(error.reason, f"{where}: {error.detail}" if error.detail else where)
            return
        meta = article_meta(root)
        if meta is None:
            self.report.skip("no article", where)
            return
        ids = _ids(meta, name)
        facts = beside.get(ids.get("pmcid", ""), {})
        outline = jats_outline(root, lambda reason: self.report.note(reason, where))
        if not outline.text:
            self.report.skip("no text", where)
            return
        heading = title(meta)
        if not heading:
            self.report.note("no title", where)
        if "pmcid" not in ids:
            self.report.note("no PMCID", where)
        stated = licence(meta.find("permissions"))
        if not stated or stated.startswith("no licence stated"):
            self.report.note("no licence stated in the article", where)
            stated = facts.get("licence") or stated
        yield Document(
            doc_id=_doc_id(ids, where),
            title=heading,
            text=outline.text,
            source="pmc",
            url=_url(ids),
            licence=stated or self.licence,
            published=published(meta.findall("pub-date")),
            kind="article",
            sections=outline.sections,
            meta=_meta(root, meta, ids, heading, facts),
        )

    def _retracted(self, part: str) -> dict[str, Mapping[str, str]]:
        """The retracted articles of an archive, and the licences of none: there may be a million articles."""
        stem = re.sub(r"\.(tar\.gz|tgz)\Z", "", PurePosixPath(part).name)
        path = self._beside(f"{stem}.filelist.csv")
        if path is None:
            return {}
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            rows = csv.DictReader(line.replace("\0", "") for line in file)
            try:
                return {
                    row["AccessionID"]: {"retracted": "listed as retracted by PMC"}
                    for row in rows
                    if (row.get("Retracted") or "").strip().lower() == "yes" and row.get("AccessionID")
                }
            except csv.Error as error:
                self.report.note("a file list that cannot be read", f"{path}: {error}")
                return {}

    def _facts(self, part: str) -> dict[str, Mapping[str, str]]:
        """What the Cloud Service says of a single article."""
        path = self._beside(f"{PurePosixPath(part).stem}.json")
        if path is None:
            return {}
        try:
            with path.open("rb") as file:
                facts = json.loads(file.read(_MAX_BESIDE_BYTES))
            pmcid = f"PMC{_PMCID.match(str(facts['pmcid']))[1]}"  # type: ignore[index]
        except (ValueError, KeyError, TypeError, RecursionError):
            self.report.note("metadata that cannot be read", str(path))
            return {}
        known = {"licence": str(facts.get("license_code") or "")}
        if facts.get("is_retracted") is True:
            known["retracted"] = "listed as retracted by PMC"
        return {pmcid: known}

    def _beside(self, name: str) -> Path | None:
        return next((self.files[key] for key in sorted(self.files) if PurePosixPath(key).name == name), None)


def _in_order(part: str) -> tuple[bool, list[tuple[int, str]]]:
    """Baselines before increments; numbers in names by their value, so that version 10 follows version 9."""
    pieces = _NUMBERS.split(part)
    return ".incr." in part, [(int(p), "") if p.isdigit() else (-1, p) for p in pieces]


def _article_element(root: Any) -> Any:
    """The article itself; some services wrap it (``<pmc-articleset>``, ``<record>``)."""
    if root.tag == "article":
        return root
    for element in root.iter("{*}article"):
        if element.tag != "article":
            raise UnreadableXML("no article", "the article's elements are in a namespace")
        return element
    return root


def _ids(meta: Any, name: str) -> dict[str, str]:
    ids: dict[str, str] = {}
    for element in meta.findall("article-id"):
        kind = {"pmc": "pmcid", "pmcid": "pmcid", "pmid": "pmid", "doi": "doi"}.get(element.get("pub-id-type", ""))
        if kind and (value := plain(element)):
            ids.setdefault(kind, value)
    match = _PMCID.match(ids.pop("pmcid", "")) or re.match(r"PMC(\d+)(?:\.\d+)?\Z", _stem(name))
    if match:
        ids["pmcid"] = f"PMC{match[1]}"
    return ids


def _stem(name: str) -> str:
    return re.sub(r"\.n?xml\Z", "", PurePosixPath(name).name)


def _doc_id(ids: Mapping[str, str], where: str) -> str:
    if "pmcid" in ids:
        return f"PMCID:{ids['pmcid']}"
    return f"doi:{ids['doi'].lower()}" if "doi" in ids else f"pmc:{where}"


def _url(ids: Mapping[str, str]) -> str:
    if "pmcid" in ids:
        return f"https://pmc.ncbi.nlm.nih.gov/articles/{ids['pmcid']}/"
    if "doi" in ids:
        return f"https://doi.org/{urllib.parse.quote(ids['doi'], safe='/:;()._-')}"
    if "pmid" in ids:
        return f"https://pubmed.ncbi.nlm.nih.gov/{urllib.parse.quote(ids['pmid'], safe='')}/"
    return "https://pmc.ncbi.nlm.nih.gov/"


def _meta(root: Any, meta: Any, ids: Mapping[str, str], heading: str, facts: Mapping[str, str]) -> dict[str, str]:
    kind = root.get("article-type", "")
    journal = root.find("front/journal-meta//journal-title")
    found = {
        **ids,
        "language": (root.get(LANGUAGE) or "en")[:2].lower(),  # the DTD's own default
        "article_type": kind,
        "publication_types": _TYPES.get(kind, ""),
        "journal": plain(journal),
        "keywords": "; ".join(dict.fromkeys(filter(None, map(plain, meta.iterfind("kwd-group/kwd"))))),
        "retracted": facts.get("retracted", ""),
    }
    is_notice = kind in _NOTICE_TYPES
    if kind == "retracted-article" or (_RETRACTED_TITLE.match(heading) and not is_notice):
        found["retracted"] = found["retracted"] or "marked as retracted by its publisher"
    for related in meta.iter("related-article"):
        relation = related.get("related-article-type", "")
        other = plain(related.find("pub-id")) or related.get(f"{XLINK}href", "") or plain(related)
        if relation == "retraction-forward":
            found["retracted"] = f"retraction notice {other}".strip()
        elif relation in _NOTICES and other:
            name = _NOTICES[relation]
            found[name] = "; ".join(filter(None, (found.get(name, ""), other)))
    return {key: value for key, value in found.items() if value}


COMPONENT: type[Corpus] = PMC
