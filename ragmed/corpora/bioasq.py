"""BioASQ task b: the PubMed abstracts that its golden answers rest on, as far as their snippets give them.

Source: Krithara et al. 2023, "BioASQ-QA: A manually curated corpus for biomedical question answering" (Scientific Data
10:170); http://participants-area.bioasq.org/datasets/, which asks for a registration. A zip holds one JSON file per
batch: questions, each with the addresses of its ``documents`` and with ``snippets`` of them, copied from title or
abstract at ``offsetInBeginSection``.

The questions and answers themselves are never read into a document: they are what the benchmark asks. The experts saw
abstracts in several versions (with and without labels and markup), so offsets only order the snippets; what two of
them share is found by its letters.
"""

from __future__ import annotations

import html
import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

from ragmed.errors import DamagedFile
from ragmed.protocols import Corpus
from ragmed.report import Report
from ragmed.types import Document

GAP = " … "
"""Stands between two snippets where the abstract has text that none of them gives."""
MIN_SHARED_CHARS = 15
"""Letters and digits that the end of one snippet and the beginning of another must share to be joined."""
MAX_DRIFT_CHARS = 100
"""Offsets of the same sentence differ by less from version to version of an abstract."""
MAX_MEMBER_BYTES = 100_000_000

_PMID = re.compile(r"https?://(?:www\.)?(?:ncbi\.nlm\.nih\.gov/pubmed|pubmed\.ncbi\.nlm\.nih\.gov)/(\d{1,9})/?\Z")
_LABEL = re.compile(r"<AbstractText\b[^<>]*?\bLabel=\"([^\"<>]*)\"[^<>]*>")
_INLINE = re.compile(r"</?(?:b|i|u|sub|sup)>", re.IGNORECASE)
_TAG = re.compile(r"</?(?:AbstractText|br|p|h\d)\b[^<>]*>", re.IGNORECASE)
_END_OF_TITLE = re.compile(r"(?<=\w\w[.?!])(?=[A-Z][^\s.]* |[A-Z]+:|<)|(?<=[\])][.?!])(?=[A-Z][^\s.]* |[A-Z]+:|<)")


@dataclass(slots=True)
class _Fragment:
    """A stretch of an abstract: where it begins and ends there by the snippets' word, and its text."""

    start: int
    end: int
    text: str
    key: str


@dataclass(frozen=True)
class BioASQ:
    """One document per PubMed abstract, by rising PMID. ``files`` are read in the order of their names.

    A title that no snippet gives is empty.
    """

    files: Mapping[str, Path]
    licence: str = ""
    report: Report = field(default_factory=Report, compare=False, repr=False)

    def documents(self) -> Iterator[Document]:
        snippets: dict[int, list[Mapping[str, Any]]] = {}
        for name in sorted(self.files):
            for question, where in _questions(self.files[name]):
                self._gather(question, where, snippets)
        for pmid, of_document in sorted(snippets.items()):
            document = self._document(pmid, of_document)
            if document is not None:
                yield document

    def release(self) -> str:
        return ""

    def _gather(self, question: Any, where: str, snippets: dict[int, list[Mapping[str, Any]]]) -> None:
        """Add the documents and snippets of a question to those of their PMID."""
        if not isinstance(question, dict):
            self.report.skip("not a question", where)
            return
        for address in _listed(question, "documents"):
            match = _PMID.match(str(address))
            if match:
                snippets.setdefault(int(match[1]), [])
            else:
                self.report.skip("address not of PubMed", f"{where}: {address}")
        for snippet in _listed(question, "snippets"):
            match = _PMID.match(str(snippet.get("document"))) if isinstance(snippet, dict) else None
            if match is None:
                self.report.note("snippet without a PubMed address", where)
            elif not isinstance(snippet.get("text"), str) or not isinstance(snippet.get("offsetInBeginSection"), int):
                self.report.note("snippet without text or offset", f"{where}: PMID:{match[1]}")
                snippets.setdefault(int(match[1]), [])
            else:
                snippets.setdefault(int(match[1]), []).append(snippet)

    def _document(self, pmid: int, snippets: Sequence[Mapping[str, Any]]) -> Document | None:
        title: list[_Fragment] = []
        abstract: list[_Fragment] = []
        for start, section, text in sorted(
            {(s["offsetInBeginSection"], str(s.get("beginSection", "")), s["text"]) for s in snippets}
        ):
            if section != "title":
                _add(abstract, start, text)
                continue
            match = _END_OF_TITLE.search(text)
            _add(title, start, text[: match.start()] if match else text)
            if match:
                _add(abstract, 0, text[match.start() :])
        heading, text = _joined(title), _joined(abstract)
        if not heading and not text:
            self.report.skip("no snippet gives its text", f"PMID:{pmid}")
            return None
        if _differ(abstract):
            self.report.note("snippets of one place differ", f"PMID:{pmid}")
        if not text:
            self.report.note("title only", f"PMID:{pmid}")
        if not heading:
            self.report.note("no snippet gives the title", f"PMID:{pmid}")
        return Document(
            doc_id=f"PMID:{pmid}",
            title=heading,
            text=text or heading,
            source="bioasq",
            url=f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/",
            licence=self.licence,
            kind="abstract",
            meta={"pmid": str(pmid)},
        )


def merge(spans: Sequence[tuple[int, str]]) -> str:
    """Snippets of one section, given with their offsets, as one text that says nothing twice.

    >>> merge([(0, "Fever is common in children."), (9, "common in children. It passes."), (200, "See a doctor.")])
    'Fever is common in children. It passes. … See a doctor.'
    """
    fragments: list[_Fragment] = []
    for start, text in sorted(spans):
        _add(fragments, start, text)
    return _joined(fragments)


def _questions(path: Path) -> Iterator[tuple[Any, str]]:
    """The questions of a zip of JSON files, or of one JSON file, each with where it stands."""
    try:
        if not zipfile.is_zipfile(path):
            yield from _of_json(path.read_bytes(), str(path))
            return
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if m.filename.endswith(".json") and "__MACOSX" not in m.filename]
            if not members:
                raise DamagedFile(f"{path}: holds no .json file; it is not BioASQ's archive")
            for member in sorted(members, key=lambda member: member.filename):
                where = f"{path.name}: {member.filename}"
                if member.file_size > MAX_MEMBER_BYTES:
                    raise DamagedFile(f"{where}: more than the {MAX_MEMBER_BYTES:,} bytes that are read")
                yield from _of_json(archive.read(member), where)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise DamagedFile(f"{path}: not a whole zip archive ({error}); fetch it again") from error


def _of_json(content: bytes, where: str) -> Iterator[tuple[Any, str]]:
    try:
        table = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DamagedFile(f"{where}: not valid JSON: {error}; fetch it again") from error
    if not isinstance(table, dict) or not isinstance(table.get("questions"), list):
        raise DamagedFile(f'{where}: has no list "questions"; it is not a golden file of BioASQ')
    for i, question in enumerate(table["questions"]):
        name = question.get("id", i) if isinstance(question, dict) else i
        yield question, f"{where}: question {name}"


def _listed(question: Mapping[str, Any], key: str) -> list[Any]:
    value = question.get(key)
    return value if isinstance(value, list) else []


def _add(fragments: list[_Fragment], start: int, snippet: str) -> None:
    """Add a snippet: drop it, or join it with what it shares text with, or put it beside the others."""
    text = _TAG.sub(" ", _INLINE.sub("", _LABEL.sub(r" \1: ", html.unescape(snippet))))
    text = " ".join(text.split()).replace(" : ", ": ")
    new = _Fragment(start, start + len(snippet), text, _key(text))
    if not new.key:
        return
    while True:
        for i, old in enumerate(fragments):
            joined = _union(old, new)
            if joined is not None:
                del fragments[i]
                new = joined
                break
        else:
            fragments.append(new)
            fragments.sort(key=lambda fragment: (fragment.start, fragment.end, fragment.text))
            return


def _union(a: _Fragment, b: _Fragment) -> _Fragment | None:
    """Two fragments as one, where one holds the other or goes on with it; None where they share nothing."""
    if b.key in a.key:
        return a
    if a.key in b.key:
        return b
    for first, second in ((a, b), (b, a)):
        n = _n_shared(first.key, second.key)
        if n and _agree(first, second, n):
            text = first.text[: _position(first.text, len(first.key))] + second.text[_position(second.text, n) :]
            return _Fragment(min(a.start, b.start), max(a.end, b.end), text, _key(text))
    return None


def _agree(first: _Fragment, second: _Fragment, n_shared: int) -> bool:
    """Whether the offsets agree with a shared text: a short one may stand twice in an abstract."""
    by_offsets = first.end - second.start
    by_text = _position(second.text, n_shared)
    return by_offsets > by_text // 2 and (by_text >= MAX_DRIFT_CHARS or by_offsets - by_text <= MAX_DRIFT_CHARS // 2)


def _n_shared(first: str, second: str) -> int:
    """How many characters the end of the first and the beginning of the second share; 0 for fewer than asked for."""
    if len(second) < MIN_SHARED_CHARS:
        return 0
    opening = second[:MIN_SHARED_CHARS]
    position = first.find(opening)
    while position >= 0:
        if second.startswith(first[position:]):
            return len(first) - position
        position = first.find(opening, position + 1)
    return 0


def _position(text: str, n: int) -> int:
    """Where the n-th letter or digit of a text ends."""
    return next(islice((i + 1 for i, character in enumerate(text) if character.isalnum()), n - 1, None))


def _key(text: str) -> str:
    """Its letters and digits in lower case, one for each."""
    return "".join(character.lower()[0] for character in text if character.isalnum())


def _joined(fragments: Sequence[_Fragment]) -> str:
    text, end = "", 0
    for fragment in fragments:
        text += (" " if abs(fragment.start - end) <= 2 else GAP) if text else ""
        text += fragment.text
        end = fragment.end
    return text


def _differ(fragments: Sequence[_Fragment]) -> bool:
    """Whether two fragments that share no text have offsets that cannot both be right."""
    return any(b.start < a.end - MAX_DRIFT_CHARS for a, b in pairwise(fragments))


COMPONENT: type[Corpus] = BioASQ
