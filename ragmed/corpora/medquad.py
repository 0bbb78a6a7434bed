"""MedQuAD: question-answer pairs from twelve NIH sites, read straight from the project's archive.

Source: Ben Abacha and Demner-Fushman 2019, "A Question-Entailment Approach to Question Answering" (BMC
Bioinformatics 20:511); https://github.com/abachaa/MedQuAD: a zip with one XML file per page, its pairs in
``<QAPair>``. The answers of three MedlinePlus sources were removed upstream for copyright; such pairs are
skipped and counted. So are the sixteen pairs of the four files in an older layout (``<doc>``, ``<pair>``): the
published count of 16,407 answers leaves them out.

Nothing is unpacked to disk; a member is read only if it is small and declares no document type, so that an
archive made to do harm (path traversal, zip and entity bombs) does none.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ragmed.errors import DamagedFile
from ragmed.protocols import Corpus
from ragmed.report import Report
from ragmed.types import Document

MAX_MEMBER_BYTES = 50_000_000
"""Larger files are refused; the largest of MedQuAD has 0.1 MB."""

_DECLARATION = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_BLOCK = re.compile(r"[^\S\n]{3,}|[^\S\n]{2,}(?=[-*•] )|(?<= -) (?=The Human Phenotype Ontology \(HPO\) has)")
"""What was a line break on the page; the last ends the list that GARD's pages took over from HPO."""
_SPACES = re.compile(r"[^\S\n]+")
_BLANK_LINES = re.compile(r"\s*\n\s*")


@dataclass(frozen=True)
class MedQuAD:
    """One document per answered question, in the order of file names, then of the file."""

    files: Mapping[str, Path]
    licence: str = ""
    report: Report = field(default_factory=Report, compare=False, repr=False)

    def documents(self) -> Iterator[Document]:
        path = self.files["medquad"]
        try:
            with zipfile.ZipFile(path) as archive:
                members = [member for member in archive.infolist() if member.filename.endswith(".xml")]
                if not members:
                    raise DamagedFile(f"{path}: holds no .xml file; it is not MedQuAD's archive")
                for member in sorted(members, key=lambda member: member.filename):
                    yield from self._page(member.filename, _root(archive, member, path))
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise DamagedFile(f"{path}: not a whole zip archive ({error}); fetch it again") from error

    def release(self) -> str:
        return ""

    def _page(self, member: str, root: ElementTree.Element) -> Iterator[Document]:
        name = PurePosixPath(member)
        focus = _line(root.findtext("Focus"))
        if n_old := sum(1 for _ in root.iter("pair")):
            self.report.skip("pair in the older layout", member, n_old)
        for pair in root.iter("QAPair"):
            question, answer = pair.find("Question"), pair.find("Answer")
            text = tidy("".join(answer.itertext())) if answer is not None else ""
            if question is None or not text:
                qid = question.get("qid", "") if question is not None else ""
                self.report.skip("no answer: removed upstream for copyright", f"{name.parent.name}/{name.stem}#{qid}")
                continue
            meta = {
                "focus": focus,
                "cuis": _joined(root, "CUI"),
                "semantic_types": _joined(root, "SemanticType"),
                "question_type": question.get("qtype", ""),
                "site": root.get("source", ""),
            }
            yield Document(
                doc_id=f"medquad:{name.parent.name}/{name.stem}#{question.get('qid', '')}",
                title=focus,
                text=text,
                source="medquad",
                url=root.get("url", ""),
                licence=self.licence,
                kind="qa",
                question=_line(question.text),
                meta={key: value for key, value in meta.items() if value},
            )


def tidy(answer: str) -> str:
    """An answer with one space between words and one blank line between paragraphs; list items on their own lines.

    The answers were cut out of web pages: every line of theirs is a paragraph, a heading or a list item, and where
    several share a line, three spaces or more (two before a dash) stand where the page began a new one.

    >>> tidy("It may include:  - fever   - cough\\n       \\nSee  a doctor.     Or call.")
    'It may include:\\n- fever\\n- cough\\n\\nSee a doctor.\\n\\nOr call.'
    """
    lines = _BLANK_LINES.split(_BLOCK.sub("\n", answer.strip()))
    text = "\n\n".join(_SPACES.sub(" ", line) for line in lines if line)
    return re.sub(r"\n\n(?=[-*•] )", "\n", text)


def _root(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> ElementTree.Element:
    """A member's XML. Raises `DamagedFile` where it is too large, declares a document type or is broken."""
    where = f"{path}: {member.filename}"
    if member.file_size > MAX_MEMBER_BYTES:
        raise DamagedFile(f"{where}: {member.file_size:,} bytes, more than the {MAX_MEMBER_BYTES:,} that are read")
    with archive.open(member) as file:
        content = file.read(MAX_MEMBER_BYTES + 1)
    if len(content) > MAX_MEMBER_BYTES:
        raise DamagedFile(f"{where}: unpacks to more than the {MAX_MEMBER_BYTES:,} bytes that are read")
    if _DECLARATION.search(content) or b"\0" in content:
        raise DamagedFile(f"{where}: declares a document type or entities, which MedQuAD never does; not read")
    try:
        return ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise DamagedFile(f"{where}: not valid XML: {error}") from error


def _line(text: str | None) -> str:
    return " ".join((text or "").split())


def _joined(root: ElementTree.Element, tag: str) -> str:
    return " ".join(dict.fromkeys(_line(element.text) for element in root.iter(tag) if _line(element.text)))


COMPONENT: type[Corpus] = MedQuAD
