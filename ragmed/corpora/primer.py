"""The primer: a starter text that comes with ragmed, one Markdown file per body system.

Format (ours; the files lie in ``ragmed/primer/``): ``# System`` opens a file and ``## Topic`` a topic. Then come header
lines: ``kind: condition`` or ``kind: drug``, ``also:`` with other names and terms to find the topic by, ``includes:``
with the members of a group of drugs, separated by ``;``. Then ``### Section`` with its paragraphs, and last
``### Questions`` with lines ``Q: …`` each followed by its ``A: …``. Lines of a section that no blank line parts are one
paragraph; a question or an answer is one line.

The text is a demonstration, written for this project after what textbooks agree on: nobody's care may rest on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import NoReturn

from ragmed.errors import DamagedFile
from ragmed.protocols import Corpus
from ragmed.types import Document, Section

NOTICE = "Demonstration text, not for care"
MAX_FILE_BYTES = 5_000_000
"""Larger files are refused; the largest of the primer has 0.05 MB."""

_HEADING = re.compile(r"(#{1,3}) (\S.*)\Z")
_HEADER = re.compile(r"(kind|also|includes): (\S.*)\Z")
_KINDS = ("condition", "drug")
_QUESTIONS = "Questions"
_NO_SLUG = re.compile(r"[^\w\s-]")


@dataclass
class _Topic:
    """A topic as far as it has been read. A paragraph is a list of lines, a section a list of paragraphs."""

    title: str
    line: int
    header: dict[str, str] = field(default_factory=dict)
    sections: dict[str, list[str]] = field(default_factory=dict)
    pairs: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Primer:
    """For each topic one document, then one for each of its questions. Files in the order of their names.

    Args:
        edition: date of the text, said of every document; it changes when the text does.
    """

    files: Mapping[str, Path]
    licence: str = ""
    edition: str = ""

    def documents(self) -> Iterator[Document]:
        return chain.from_iterable(map(self.documents_of, self.parts()))

    def parts(self) -> Sequence[str]:
        return sorted(self.files)

    def documents_of(self, part: str) -> Iterator[Document]:
        path = self.files[part]
        for system, topic in _topics(path):
            yield from self._documents(path, system, topic)

    def release(self) -> str:
        return self.edition

    def _documents(self, path: Path, system: str, topic: _Topic) -> Iterator[Document]:
        slug = slug_of(topic.title)
        meta = {
            "kind": topic.header["kind"],
            "system": system,
            "also": "; ".join(_names(topic.header.get("also", ""))),
            "includes": "; ".join(_names(topic.header.get("includes", ""))),
            "language": "en",
            "notice": NOTICE,
        }
        meta = {key: value for key, value in meta.items() if value}
        # The text comes with ragmed and has no page of its own: its place in the package is where to look.
        url = f"ragmed/primer/{path.name}#{slug}"
        text, sections = _join(topic)
        yield Document(
            doc_id=f"primer:{slug}",
            title=topic.title,
            text=text,
            source="primer",
            url=url,
            licence=self.licence,
            published=self.edition,
            kind="textbook",
            sections=sections,
            meta=meta,
        )
        for number, (question, answer) in enumerate(topic.pairs, start=1):
            yield Document(
                doc_id=f"primer:{slug}#q{number}",
                title=topic.title,
                text=answer,
                source="primer",
                url=url,
                licence=self.licence,
                published=self.edition,
                kind="qa",
                question=question,
                meta=meta,
            )


def slug_of(title: str) -> str:
    """A title as a Markdown page's anchor.

    >>> slug_of("Bell's palsy"), slug_of("GLP-1 receptor agonists")
    ('bells-palsy', 'glp-1-receptor-agonists')
    """
    return "-".join(_NO_SLUG.sub("", title.lower()).split())


def names_sentence(title: str, also: Sequence[str], includes: Sequence[str]) -> str:
    """The names of a topic as sentences, so that a search for any of them finds it; empty where it has none.

    What stands under ``also`` is a synonym of some topics and no more than a neighbour of others: the words chosen
    hold for both.

    >>> names_sentence("Heart failure", ["congestive cardiac failure", "CHF"], [])
    'Heart failure: other names or related terms are congestive cardiac failure and CHF.'
    >>> names_sentence("Opioids", ["opiates"], ["morphine", "codeine", "fentanyl"])
    'Opioids: another name or related term is opiates. Opioids include morphine, codeine and fentanyl.'
    """
    sentences = []
    if also:
        what = "other names or related terms are" if also[1:] else "another name or related term is"
        sentences.append(f"{title}: {what} {_listed(also)}.")
    if includes:
        sentences.append(f"{title} {'include' if title.endswith('s') else 'includes'} {_listed(includes)}.")
    return " ".join(sentences)


def _listed(names: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def _names(header: str) -> list[str]:
    return [name for part in header.split(";") if (name := part.strip())]


def _join(topic: _Topic) -> tuple[str, tuple[Section, ...]]:
    """A topic's text, the sentence of its names first, and where its sections begin."""
    header = topic.header
    text = names_sentence(topic.title, _names(header.get("also", "")), _names(header.get("includes", "")))
    sections: list[Section] = []
    for title, paragraphs in topic.sections.items():
        text += "\n\n" if text else ""
        sections.append(Section(len(text), title))
        text += "\n\n".join(paragraphs)
    return text, tuple(sections)


def _topics(path: Path) -> Iterator[tuple[str, _Topic]]:
    """A file's topics, each with the name of its system. Raises `DamagedFile` at the first line out of place."""
    lines = _lines(path)
    first = _HEADING.match(lines[0])
    if first is None or first[1] != "#":
        _refuse(path, 1, "the file does not begin with '# System'")
    seen: set[str] = set()
    begins = [i for i, line in enumerate(lines) if line.startswith("## ")]
    for i in range(1, begins[0] if begins else len(lines)):
        if lines[i]:
            _refuse(path, i + 1, "text before the first '## Topic'")
    if not begins:
        _refuse(path, 1, "no '## Topic'")
    for begin, end in zip(begins, [*begins[1:], len(lines)], strict=True):
        topic = _read(path, lines, begin, end)
        slug = slug_of(topic.title)
        if slug in seen:
            _refuse(path, topic.line, f"a second topic {topic.title!r}")
        seen.add(slug)
        yield first[2], topic


def _lines(path: Path) -> list[str]:
    """A file's lines, one space between words."""
    with path.open("rb") as file:
        content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise DamagedFile(f"{path}: more than the {MAX_FILE_BYTES:,} bytes that are read; it is not the primer's")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DamagedFile(f"{path}:{line}: not UTF-8; install ragmed again, or save the file as UTF-8") from error
    return [" ".join(line.split()) for line in text.split("\n")]


def _read(path: Path, lines: Sequence[str], begin: int, end: int) -> _Topic:
    """The topic of ``lines[begin:end]``."""
    topic = _Topic(lines[begin].removeprefix("## "), begin + 1)
    section, question, open_paragraph = "", "", False
    for i in range(begin + 1, end):
        line, number = lines[i], i + 1
        heading = _HEADING.match(line)
        if question and (heading or line.startswith("Q: ")):
            _refuse(path, number, "a question without an answer before it")
        if not line:
            open_paragraph = False
        elif heading:
            section, open_paragraph = heading[2], False
            if heading[1] != "###" or section in topic.sections or _QUESTIONS in topic.sections:
                _refuse(path, number, f"the heading {line!r} is out of place or comes twice")
            topic.sections[section] = []
        elif line.startswith("#"):
            _refuse(path, number, f"no heading of the primer: {line!r}")
        elif not section:
            _add_header(path, number, line, topic)
        elif section != _QUESTIONS:
            paragraphs = topic.sections[section]
            if open_paragraph:
                paragraphs[-1] += f" {line}"
            else:
                paragraphs.append(line)
            open_paragraph = True
        elif line.startswith("Q: ") and not question:
            question = line[3:]
        elif line.startswith("A: ") and question:
            topic.pairs.append((question, line[3:]))
            question = ""
        else:
            _refuse(path, number, "a line that is neither 'Q: …' nor the 'A: …' to it")
    if question:
        _refuse(path, end, "a question without an answer before it")
    return _whole(path, topic)


def _add_header(path: Path, number: int, line: str, topic: _Topic) -> None:
    header = _HEADER.match(line)
    if header is None or header[1] in topic.header:
        _refuse(path, number, f"no header line, or the second of its key: {line!r}; keys are kind, also, includes")
    topic.header[header[1]] = header[2]


def _whole(path: Path, topic: _Topic) -> _Topic:
    """The topic less its questions among the sections, once nothing is missing of it."""
    if topic.header.get("kind") not in _KINDS:
        _refuse(path, topic.line, f"the topic {topic.title!r} needs 'kind: condition' or 'kind: drug'")
    topic.sections.pop(_QUESTIONS, None)
    empty = next((title for title, paragraphs in topic.sections.items() if not paragraphs), None)
    if empty is not None:
        _refuse(path, topic.line, f"the section {empty!r} of {topic.title!r} is empty")
    if not topic.sections or not topic.pairs:
        _refuse(path, topic.line, f"the topic {topic.title!r} needs a section and a question with its answer")
    return topic


def _refuse(path: Path, line: int, what: str) -> NoReturn:
    raise DamagedFile(f"{path}:{line}: {what}; install ragmed again, or correct the file")


COMPONENT: type[Corpus] = Primer
