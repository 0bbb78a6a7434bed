"""Word documents: paragraphs, lists, tables, headings and footnotes in their order, through python-docx.

Source: ECMA-376, Office Open XML, part 1 (WordprocessingML). Text that a tracked change deletes is left out, what it
inserts is read; the text of a field is its last result.

A document is a zip archive of XML; its unpacked size is looked at before it is opened, and python-docx resolves no
external entity.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import docx
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml.parser import parse_xml

from ragmed.corpora._file import Blocks, Contents, Unreadable, clean, date_of, language_of, one_space, table_lines
from ragmed.report import Report

MAX_UNPACKED_BYTES = 1_000_000_000
MAX_XML_BYTES = 200_000_000
"""Of a document's XML files together: parsed, they take some ten times as much memory."""

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_LEFT_OUT = frozenset(
    {f"{_W}del", f"{_W}moveFrom", f"{_W}instrText", f"{_W}delText", f"{_W}pPr", f"{_W}rPr", _FALLBACK}
)
_SPACES = {f"{_W}tab": " ", f"{_W}br": " ", f"{_W}cr": " ", f"{_W}ptab": " ", f"{_W}noBreakHyphen": "-"}
_WRAPPERS = frozenset(f"{_W}{name}" for name in ("sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag"))
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEADING = re.compile(r"heading (\d)\Z", re.IGNORECASE)


def read(content: bytes, where: str, report: Report) -> Contents:
    """Raises `Unreadable`."""
    if content.startswith(_OLE):
        raise Unreadable("encrypted, or of Word before 2007")
    _check_size(content)
    try:
        document = docx.Document(io.BytesIO(content))
        return _Reader(document).contents()
    except Exception as error:  # python-docx, zipfile and lxml raise all sorts on a damaged file
        raise Unreadable("damaged", type(error).__name__) from error


def _check_size(content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
    except Exception as error:
        raise Unreadable("damaged", type(error).__name__) from error
    n_xml_bytes = sum(member.file_size for member in members if member.filename.endswith((".xml", ".rels")))
    if n_xml_bytes > MAX_XML_BYTES or sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
        raise Unreadable("unpacks to too much")


class _Reader:
    def __init__(self, document: Any) -> None:
        self._document = document
        self._blocks = Blocks()
        self._title = ""
        self._first = ""
        self._styles: dict[str, tuple[int, bool, bool]] = {}
        self._notes = _footnotes(document)

    def contents(self) -> Contents:
        self._read(self._document.element.body)
        properties = self._document.core_properties
        changed = properties.modified or properties.created
        return Contents(
            self._blocks.text(),
            title=one_space(clean(properties.title or "")) or self._title or self._first,
            sections=self._blocks.sections(),
            published=date_of(changed.date().isoformat()) if changed else "",
            language=language_of(properties.language or ""),
        )

    def _read(self, parent: Any) -> None:
        for child in parent.iterchildren():
            if child.tag == f"{_W}p":
                self._paragraph(child)
            elif child.tag == f"{_W}tbl":
                self._blocks.lines(table_lines(list(self._rows(child))))
            elif child.tag in _WRAPPERS:
                self._read(child)

    def _paragraph(self, paragraph: Any) -> None:
        text, notes = self._text(paragraph)
        level, is_title, is_item = self._style(paragraph)
        if not one_space(text):
            return
        if is_title:
            self._title = self._title or one_space(text)
            self._blocks.paragraph(text)
        elif level:
            if level == 1:
                self._first = self._first or one_space(text)
            self._blocks.heading(level, text)
        elif is_item:
            self._blocks.item(text)
        else:
            self._blocks.paragraph(text)
        for note in notes:
            self._blocks.paragraph(note)

    def _rows(self, table: Any) -> Iterator[list[str]]:
        for row in _within(table, f"{_W}tr"):
            cells = []
            for cell in _within(row, f"{_W}tc"):
                paragraphs = (self._text(paragraph) for paragraph in cell.iter(f"{_W}p"))
                cells.append(one_space(" ".join(" ".join([text, *notes]) for text, notes in paragraphs)))
            yield cells

    def _text(self, paragraph: Any) -> tuple[str, list[str]]:
        """A paragraph's text, and the footnotes that it refers to."""
        pieces: list[str] = []
        notes: list[str] = []
        elements = [paragraph]
        while elements:
            element = elements.pop()
            if element.tag == f"{_W}t":
                pieces.append(element.text or "")
            elif element.tag in _SPACES:
                pieces.append(_SPACES[element.tag])
            elif element.tag == f"{_W}footnoteReference":
                notes.append(self._notes.get(element.get(f"{_W}id") or "", ""))
            elif element.tag == f"{_W}p" and element is not paragraph:
                pieces.append(" ")
            if element.tag not in _LEFT_OUT:
                elements.extend(reversed(element))
        return clean("".join(pieces)), [note for note in notes if note]

    def _style(self, paragraph: Any) -> tuple[int, bool, bool]:
        """A paragraph's level as a heading (0: it is none), whether it is the title, whether an item of a list."""
        properties = paragraph.pPr
        style_id = paragraph.style or ""
        if style_id not in self._styles:
            self._styles[style_id] = self._of_style(style_id)
        level, is_title, is_item = self._styles[style_id]
        if properties is not None:
            level = level or _outline_level(properties)
            numbering = properties.find(f"{_W}numPr")
            if numbering is not None:
                n = numbering.find(f"{_W}numId")
                is_item = n is None or n.get(f"{_W}val") != "0"
        return level, is_title, is_item

    def _of_style(self, style_id: str) -> tuple[int, bool, bool]:
        by_id = {style.style_id: style for style in self._document.styles}
        style = by_id.get(style_id)
        level, is_title, is_item, seen = 0, False, False, set()
        while style is not None and style.style_id not in seen:
            seen.add(style.style_id)
            name = style.name or ""
            match = _HEADING.match(name)
            properties = style.element.find(f"{_W}pPr")
            level = level or (int(match[1]) if match else _outline_level(properties) if properties is not None else 0)
            is_title = is_title or name == "Title"
            is_item = is_item or name.startswith("List ")
            if properties is not None and properties.find(f"{_W}numPr") is not None:
                is_item = True
            style = getattr(style, "base_style", None)
        return level, is_title, is_item and not level


def _outline_level(properties: Any) -> int:
    element = properties.find(f"{_W}outlineLvl")
    value = element.get(f"{_W}val") if element is not None else None
    return int(value) + 1 if value and value.isdigit() and int(value) < 9 else 0


def _within(parent: Any, tag: str) -> Iterator[Any]:
    """The children of that tag, those in content controls included."""
    for child in parent.iterchildren():
        if child.tag == tag:
            yield child
        elif child.tag in _WRAPPERS:
            yield from _within(child, tag)


def _footnotes(document: Any) -> Mapping[str, str]:
    """The footnotes' texts by id. A document whose footnotes cannot be read has none."""
    found: dict[str, str] = {}
    for relation in document.part.rels.values():
        if relation.reltype == RELATIONSHIP_TYPE.FOOTNOTES and not relation.is_external:
            for note in parse_xml(relation.target_part.blob).iter(f"{_W}footnote"):
                if note.get(f"{_W}type") is None:
                    text = one_space(clean(" ".join("".join(p.itertext(f"{_W}t")) for p in note.iter(f"{_W}p"))))
                    found[note.get(f"{_W}id") or ""] = text
    return found
