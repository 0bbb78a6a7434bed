"""ICD-10-CM: the tabular list of diseases and injuries, as the XML file that its keepers publish.

Source: National Center for Health Statistics and Centers for Medicare & Medicaid Services,
https://www.cdc.gov/nchs/icd/icd-10-cm/files.html: ``<chapter>``, ``<section>`` (a block of categories) and ``<diag>``
(a category, subcategory or code) with their notes. The meaning of the notes is in the list's own introduction: an
inclusion term is a condition for which the code is used; Excludes1 is never coded together with the code, Excludes2
may be.

A document is made for each ``<diag>``, block and chapter. A code that is completed by a 7th character is one document
which names the characters, not one for each of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ragmed.analysis.vocabulary_icd10cm import read_tabular
from ragmed.protocols import Corpus
from ragmed.report import Report
from ragmed.types import Document, Section

_LISTS = {
    "inclusionTerm": "Inclusion terms: ",
    "includes": "Includes: ",
    "excludes1": "Excludes1 (not coded here): ",
    "excludes2": "Excludes2 (not included here): ",
    "codeFirst": "Code first ",
    "useAdditionalCode": "Use additional ",
    "codeAlso": "Code also ",
}
"""How the notes of an element are said, in this order."""
_OTHERS = frozenset(
    {"name", "desc", "diag", "section", "sectionIndex", "notes", "sevenChrNote", "sevenChrDef", "visualImpairment"}
)


@dataclass(frozen=True)
class ICD10CM:
    """Chapters, each before its blocks, each before its categories and codes, in the order of the list."""

    files: Mapping[str, Path]
    licence: str = ""
    report: Report = field(default_factory=Report, compare=False, repr=False)

    def documents(self) -> Iterator[Document]:
        root = read_tabular(self.files["tabular"])
        version = _text(root.find("version"))
        for chapter in root.iterfind("chapter"):
            title = f"Chapter {_text(chapter.find('name'))}: {_text(chapter.find('desc'))}"
            yield from self._document(chapter, _text(chapter.find("name")), title, (), version, "chapter")
            for block in chapter.iterfind("section"):
                heading = _text(block.find("desc"))
                yield from self._document(block, block.get("id") or "", heading, (title,), version, "block")
                waiting: list[tuple[Any, tuple[str, ...]]] = [
                    (diag, (title, heading)) for diag in reversed(block.findall("diag"))
                ]
                while waiting:
                    diag, path = waiting.pop()
                    code = _text(diag.find("name"))
                    name = f"{code} {_text(diag.find('desc'))}".strip()
                    yield from self._document(diag, code, name, path, version, "code")
                    waiting += [(child, (*path, name)) for child in reversed(diag.findall("diag"))]

    def release(self) -> str:
        return _text(read_tabular(self.files["tabular"]).find("version"))

    def _document(
        self, element: Any, code: str, title: str, path: Sequence[str], version: str, level: str
    ) -> Iterator[Document]:
        if not code:
            self.report.skip("entry without a code", title)
            return
        for child in element:
            if isinstance(child.tag, str) and child.tag not in _LISTS and child.tag not in _OTHERS:
                self.report.note(f"element not read: {child.tag}", code)
        name = code if level == "code" else f"{level} {code}"
        meta = {
            "code": code,
            "level": level,
            "chapter": path[0] if path else "",
            "block": path[1] if len(path) > 1 else "",
            "category": path[2] if len(path) > 2 else "",
            "language": "en",
        }
        yield Document(
            doc_id=f"ICD10CM:{name}",
            title=title,
            text="\n\n".join(paragraphs(element, title)),
            source="icd10cm",
            url=f"https://icd10cmtool.cdc.gov/?fy=FY{version}"
            + ("" if level == "chapter" else f"&query={quote(code)}"),
            licence=self.licence,
            published=version,
            kind="classification",
            sections=(Section(0, " > ".join(path)),) if path else (),
            meta={key: value for key, value in meta.items() if value},
        )


def paragraphs(element: Any, title: str) -> list[str]:
    """What the list says at an element, as sentences: its title, its notes, what it is divided into.

    >>> from lxml import etree
    >>> paragraphs(etree.XML("<diag><codeFirst><note>underlying disease, such as:</note><note>malaria (B50)</note>"
    ...                      "</codeFirst></diag>"), "A00 Fever")
    ['A00 Fever.', 'Code first underlying disease, such as: malaria (B50).']
    """
    found = [_sentence(title)]
    for tag, label in _LISTS.items():
        for child in element.iterfind(tag):
            notes = _join(_texts(child, "note"))
            if notes:
                found.append(_sentence(label.rstrip() + notes if notes.startswith(",") else label + notes))
    found += [_sentence(f"Note: {note}") for child in element.iterfind("notes") for note in _texts(child, "note")]
    found += _seventh_characters(element)
    found += [_visual_impairment(table) for table in element.iterfind("visualImpairment")]
    parts = [f"{_text(child.find('name'))} {_text(child.find('desc'))}" for child in element.iterfind("diag")]
    parts += [_text(child.find("desc")) for child in element.iterfind("section")]
    if parts:
        found.append(_sentence(f"Divided into: {'; '.join(parts)}"))
    return found


def _seventh_characters(element: Any) -> list[str]:
    """The 7th characters that are defined here, and for a code without subdivisions those that hold for it."""
    notes = [note for child in element.iterfind("sevenChrNote") for note in _texts(child, "note")]
    definition, origin = element.find("sevenChrDef"), element
    if definition is None and element.find("diag") is None:
        origin, definition = next(
            (
                (above, found)
                for above in element.iterancestors("diag")
                if (found := above.find("sevenChrDef")) is not None
            ),
            (element, None),
        )
    if definition is None:
        return [_sentence(note) for note in notes]
    characters: list[str] = []
    for child in definition:
        if child.tag == "extension":
            characters.append(f"{child.get('char')}, {_text(child)}")
        elif child.tag == "note" and characters:
            characters[-1] += f" ({_text(child)})"
    if origin is not element:
        notes = [f"7th characters (as given at {_text(origin.find('name'))}):"]
    elif not notes or not notes[-1].endswith(":"):
        notes.append("7th characters:")
    return [_sentence(note) for note in [*notes[:-1], f"{notes[-1]} {'; '.join(characters)}"]]


def _visual_impairment(table: Any) -> str:
    """The table at H54, one line a row."""
    rows = []
    for category in table.iterfind("visCategory"):
        cells = [_join(_texts(category, "*"))]
        for tag in ("visMax", "visMin"):
            cells.append("; ".join(text for limit in category.iter(tag) for text in _texts(limit, "*")))
        rows += [f"{heading}:" for heading in _texts(category, "visRange/heading")]
        rows.append(" | ".join(cell for cell in cells if cell))
    return "\n".join(rows)


def _join(notes: Sequence[str]) -> str:
    """Notes as one list; one that ends with a colon opens those after it."""
    text = ""
    for note in notes:
        text += (" " if text.endswith(":") else "; ") + note if text else note
    return text


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", ":")) else f"{text}."


def _texts(element: Any, tag: str) -> list[str]:
    return [text for child in element.iterfind(tag) if isinstance(child.tag, str) and (text := _own(child))]


def _own(element: Any) -> str:
    """An element's text if it has any of its own."""
    return _text(element) if (element.text or "").strip() else ""


def _text(element: Any) -> str:
    return " ".join("".join(element.itertext()).split()) if element is not None else ""


COMPONENT: type[Corpus] = ICD10CM
