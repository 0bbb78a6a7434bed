"""OpenStax textbooks, as the archive of their repository on GitHub holds them.

Source: https://github.com/openstax/osbooks-anatomy-physiology: ``META-INF/books.xml`` names the collections (books),
``collections/*.collection.xml`` (CollXML) gives the order, ``modules/m…/index.cnxml`` the pages
(CNXML, https://docs.openstax.org/cnxml/). The address of a page is made of its chapter, its place in the chapter and
its title; the web edition shows summaries and glossaries on pages of their own at the end of the chapter. Kept: text,
notes, lists, tables, captions of figures, formulas, the summary, the glossary as a section of its own. Left out: the
metadata's learning objectives, alternative texts of pictures, references, and, unless asked for, exercises.

Nothing is unpacked to disk; a member is read only up to ``max_member_bytes``.
"""

from __future__ import annotations

import re
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ragmed.corpora._jats import commons_name, formula
from ragmed.corpora._outline import Cell, Outline, line, raised, table
from ragmed.corpora._xml import UnreadableXML, character, read_xml
from ragmed.errors import DamagedFile
from ragmed.protocols import Corpus
from ragmed.report import Report
from ragmed.types import Document

_C = "{http://cnx.rice.edu/cnxml}"
_COL = "{http://cnx.rice.edu/collxml}"
_MD = "{http://cnx.rice.edu/mdml}"
_MATHML = "{http://www.w3.org/1998/Math/MathML}"
_SECTIONS_LEFT_OUT = frozenset(("references", "sr-contrib-auth", "contrib-auth"))
_TITLES = {
    "summary": "Chapter Review",
    "interactive-exercise": "Interactive Link Questions",
    "multiple-choice": "Review Questions",
    "free-response": "Critical Thinking Questions",
    "interactive": "Interactive Link",
}
"""What the book prints above sections and notes that have no title of their own."""
_NAMES = {"figure": "Figure", "table": "Table"}
_MAX_BOOK_BYTES = 400_000_000
"""All modules of a book together; they are held while they are read, since any may refer to any."""


class _Page(NamedTuple):
    module: str
    book: str
    chapters: tuple[str, ...]
    """Titles of the unit and the chapter."""
    n_chapter: int
    n_page: int
    """Its place in its chapter, 0 for the introduction."""


@dataclass(frozen=True)
class OpenStax:
    """One document a module (a page of the web edition), in the book's order.

    ``source`` is the corpus's name; ``exercises``: whether questions and their answers are kept.
    """

    files: Mapping[str, Path]
    licence: str = ""
    source: str = "openstax"
    exercises: bool = False
    max_member_bytes: int = 16_000_000
    report: Report = field(default_factory=Report, compare=False, repr=False)

    def documents(self) -> Iterator[Document]:
        for name in sorted(self.files):
            path = self.files[name]
            try:
                with zipfile.ZipFile(path) as archive:
                    yield from self._books(archive, path)
            except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
                raise DamagedFile(f"{path}: not a whole zip archive ({error}); fetch it again") from error

    def release(self) -> str:
        return ""

    def _books(self, archive: zipfile.ZipFile, path: Path) -> Iterator[Document]:
        members = {_below_top(member.filename): member for member in archive.infolist() if not member.is_dir()}
        collections = sorted(name for name in members if re.fullmatch(r"collections/[^/]+\.xml", name))
        if not collections:
            raise DamagedFile(f"{path}: holds no collections/*.xml; it is not the archive of an OpenStax book")
        for name in collections:
            collection = self._root(archive, members[name], name)
            if collection is not None:
                yield from self._book(archive, members, collection)

    def _book(
        self, archive: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo], collection: Any
    ) -> Iterator[Document]:
        slug = line(collection.findtext(f"{_COL}metadata/{_MD}slug") or collection.findtext(f".//{_MD}slug") or "")
        title = line(collection.findtext(f".//{_MD}title") or "")
        book_licence = _licence(collection) or self.licence
        modules: list[tuple[_Page, Any]] = []
        n_bytes = 0
        for page in _pages(collection, slug):
            name = f"modules/{page.module}/index.cnxml"
            if name not in members:
                self.report.skip("a module that the archive does not hold", name)
                continue
            n_bytes += members[name].file_size
            if n_bytes > _MAX_BOOK_BYTES:
                raise DamagedFile(f"{archive.filename}: more than the {_MAX_BOOK_BYTES:,} bytes of text that are read")
            root = self._root(archive, members[name], name)
            if root is not None:
                modules.append((page, root))
        numbers = _numbers(modules)
        for page, root in modules:
            where = f"modules/{page.module}/index.cnxml"
            writer = _Writer(Outline(), numbers, page.module, self.exercises)
            content = root.find(f"{_C}content")
            if content is not None:
                writer.blocks(content)
            writer.glossary(root.find(f"{_C}glossary"))
            if not writer.outline.text:
                self.report.skip("no text", where)
                continue
            heading = writer.inline(root.find(f"{_C}title")) or line(root.findtext(f".//{_MD}title") or "")
            if not heading:
                self.report.note("no title", where)
            if writer.n_lost_links:
                self.report.note("references to what the book does not hold, left out", where, writer.n_lost_links)
            meta = {
                "language": line(root.findtext(f"{_C}metadata/{_MD}language") or "") or "en",
                "book": title,
                "unit": page.chapters[0] if len(page.chapters) > 1 else "",
                "chapter": f"{page.n_chapter} {page.chapters[-1]}" if page.chapters else "",
                "module": page.module,
            }
            yield Document(
                doc_id=f"openstax:{slug}/{page.module}",
                title=heading,
                text=writer.outline.text,
                source=self.source,
                url=_url(page, root, heading),
                licence=_licence(root) or book_licence,
                kind="textbook",
                sections=writer.outline.sections,
                meta={key: value for key, value in meta.items() if value},
            )

    def _root(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, where: str) -> Any:
        """A member's XML; None, and noted, where it cannot be read."""
        if member.file_size <= self.max_member_bytes:
            with archive.open(member) as file:
                content = file.read(self.max_member_bytes + 1)
            if len(content) <= self.max_member_bytes:
                try:
                    return read_xml(content)
                except UnreadableXML as error:
                    self.report.skip(error.reason, f"{where}: {error.detail}" if error.detail else where)
                    return None
        self.report.skip("larger than max_member_bytes", where)
        return None


def slug_of(title: str) -> str:
    """A title as the web edition's addresses have it.

    >>> slug_of("Elements and Atoms: The Building Blocks of Matter ")
    'elements-and-atoms-the-building-blocks-of-matter'
    """
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode("ascii").lower()
    return re.sub(r"[\s_-]+", "-", re.sub(r"[^a-z0-9\s_-]", "", plain)).strip("-")


def _url(page: _Page, root: Any, title: str) -> str:
    if not page.book:
        return "https://openstax.org/"
    if not page.chapters:
        name = slug_of(title)
    elif page.n_page == 0:
        name = f"{page.n_chapter}-{slug_of(title)}"
    else:
        name = f"{page.n_chapter}-{page.n_page}-{slug_of(title)}"
    return f"https://openstax.org/books/{page.book}/pages/{name}"


def _below_top(name: str) -> str:
    """A member's path below the archive's one folder."""
    return name.partition("/")[2]


def _licence(root: Any) -> str:
    element = root.find(f".//{_MD}license")
    return "" if element is None else commons_name(element.get("url", "")) or line(element.text or "")


def _pages(collection: Any, slug: str) -> Iterator[_Page]:
    """The modules in the book's order. A chapter is what holds modules; its introduction has no number."""
    n_chapter = 0

    def walk(content: Any, chapters: tuple[str, ...]) -> Iterator[_Page]:
        nonlocal n_chapter
        n_page = 0
        modules = [child for child in content if child.tag == f"{_COL}module"]
        if modules and chapters:
            n_chapter += 1
        for child in content:
            if child.tag == f"{_COL}module":
                yield _Page(child.get("document", ""), slug, chapters, n_chapter, n_page)
                n_page += 1
            elif child.tag == f"{_COL}subcollection":
                title = line(child.findtext(f"{_MD}title") or "")
                for inner in child.findall(f"{_COL}content"):
                    yield from walk(inner, (*chapters, title))

    for content in collection.findall(f"{_COL}content"):
        yield from walk(content, ())


def _numbers(modules: list[tuple[_Page, Any]]) -> dict[tuple[str, str], str]:
    """(module, id) → ``"Figure 1.3"``, as the book numbers figures and tables: by chapter, in order."""
    counts: dict[tuple[int, str], int] = {}
    numbers = {}
    for page, root in modules:
        for element in root.iter(f"{_C}figure", f"{_C}table"):
            kind = _NAMES[element.tag.removeprefix(_C)]
            if "unnumbered" in element.get("class", "").split():
                continue
            n = counts[page.n_chapter, kind] = counts.get((page.n_chapter, kind), 0) + 1
            numbers[page.module, element.get("id", "")] = f"{kind} {page.n_chapter}.{n}"
    return numbers


@dataclass
class _Writer:
    """Writes a module's elements into an outline."""

    outline: Outline
    numbers: Mapping[tuple[str, str], str]
    module: str
    exercises: bool
    n_lost_links: int = 0

    def blocks(self, element: Any) -> None:
        """Write what an element holds, in order; text between its blocks becomes paragraphs."""
        run: list[str] = [element.text or ""]
        for child in element:
            tag = child.tag.removeprefix(_C) if isinstance(child.tag, str) else ""
            write = self._writers().get(tag)
            if write is not None:
                self.outline.add(_tidy("".join(run)))
                run.clear()
                write(child)
            elif tag not in ("title", "label"):
                self._child(child, run)
            run.append(child.tail or "")
        self.outline.add(_tidy("".join(run)))

    def inline(self, element: Any) -> str:
        """What an element says, on one line; empty for None."""
        if element is None:
            return ""
        run: list[str] = []
        self._inline(element, run)
        return _tidy("".join(run))

    def glossary(self, element: Any) -> None:
        if element is None:
            return
        self.outline.enter("Glossary")
        for definition in element.findall(f"{_C}definition"):
            term = self.inline(definition.find(f"{_C}term"))
            meanings = "; ".join(filter(None, map(self.inline, definition.findall(f"{_C}meaning"))))
            self.outline.add_item(": ".join(part for part in (term, meanings) if part))
        self.outline.leave()

    def _writers(self) -> dict[str, Callable[[Any], None]]:
        return {
            "section": self._section,
            "note": self._note,
            "para": self._paragraph,
            "list": self._list,
            "table": self._table,
            "figure": self._figure,
            "subfigure": self._figure,
            "equation": lambda element: self.outline.add(self.inline(element)),
            "exercise": self._exercise,
            "problem": self.blocks,
            "solution": self.blocks,
            "quote": self.blocks,
            "definition": self.blocks,
        }

    def _section(self, element: Any) -> None:
        kinds = element.get("class", "").split()
        if _SECTIONS_LEFT_OUT.intersection(kinds):
            return
        self._part(element, kinds)

    def _note(self, element: Any) -> None:
        self._part(element, element.get("class", "").split())

    def _part(self, element: Any, kinds: list[str]) -> None:
        known = next((_TITLES[kind] for kind in kinds if kind in _TITLES), "")
        self.outline.enter(self.inline(element.find(f"{_C}title")) or known)
        self.blocks(element)
        self.outline.leave()

    def _paragraph(self, element: Any) -> None:
        self.outline.add(self.inline(element.find(f"{_C}title")))
        self.blocks(element)

    def _exercise(self, element: Any) -> None:
        if self.exercises:
            self.blocks(element)

    def _list(self, element: Any) -> None:
        self.outline.add(self.inline(element.find(f"{_C}title")))
        for item in element.findall(f"{_C}item"):
            lists = item.findall(f"{_C}list")
            run: list[str] = [item.text or ""]
            for child in item:
                if child not in lists:
                    self._child(child, run)
                run.append(child.tail or "")
            self.outline.add_item(_tidy("".join(run)))
            for inner in lists:
                self._list(inner)

    def _figure(self, element: Any) -> None:
        parts = [
            self.numbers.get((self.module, element.get("id", "")), ""),
            self.inline(element.find(f"{_C}title")),
            self.inline(element.find(f"{_C}caption")),
        ]
        self.outline.add(" ".join(_stopped(part) for part in parts if part))
        for inner in element.findall(f"{_C}subfigure"):
            self._figure(inner)

    def _table(self, element: Any) -> None:
        parts = [
            self.numbers.get((self.module, element.get("id", "")), ""),
            self.inline(element.find(f"{_C}title")),
            self.inline(element.find(f"{_C}caption")),
        ]
        lines = [" ".join(_stopped(part) for part in parts if part)]
        for group in element.iter(f"{_C}tgroup"):
            columns = {spec.get("colname"): n for n, spec in enumerate(group.iter(f"{_C}colspec"), start=1)}
            rows = [[self._cell(entry, columns) for entry in row.iter(f"{_C}entry")] for row in group.iter(f"{_C}row")]
            lines.append(table(rows))
        self.outline.add("\n".join(part for part in lines if part))

    def _cell(self, entry: Any, columns: Mapping[str | None, int]) -> Cell:
        first, last = columns.get(entry.get("namest"), 1), columns.get(entry.get("nameend"), 1)
        more = entry.get("morerows", "0")
        return (
            self.inline(entry),
            max(last - first + 1, 1),
            (int(more) + 1 if more.isdecimal() and len(more) < 4 else 1),
        )

    def _inline(self, element: Any, run: list[str]) -> None:
        run.append(element.text or "")
        for child in element:
            self._child(child, run)
            run.append(child.tail or "")

    def _child(self, child: Any, run: list[str]) -> None:
        if not isinstance(child.tag, str):
            run.append(character(child) or "" if getattr(child, "name", None) else "")
        elif child.tag.startswith(_MATHML):
            run.append(formula(child))
        elif (tag := child.tag.removeprefix(_C)) in ("media", "image"):
            return
        elif tag == "link" and not (child.text or "").strip() and not len(child):
            run.append(self._reference(child))
        elif tag == "sup":
            run.append(raised("".join(run[-3:]), self.inline(child)))
        elif tag in ("newline", "space"):
            run.append(" ")
        elif tag in ("item", "list", "para", "entry", "title", "caption", "figure", "table", "note"):
            run.append(" ")
            self._inline(child, run)
            run.append(" ")
        else:
            self._inline(child, run)

    def _reference(self, link: Any) -> str:
        target = link.get("target-id", "")
        found = self.numbers.get((link.get("document") or self.module, target), "")
        if target and not found:
            self.n_lost_links += 1
        return found


def _stopped(text: str) -> str:
    return text if text[-1] in ".:?!;" else f"{text}."


def _tidy(text: str) -> str:
    return line(re.sub(r"\(\s*\)", "", line(text)))


COMPONENT: type[Corpus] = OpenStax
