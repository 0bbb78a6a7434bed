"""ICD-10-CM: chapters, blocks, categories and codes, each a kind of the one above it.

Source: the tabular list (`ragmed.analysis.vocabulary_icd10cm`), whose introduction says what its notes mean. Excludes1:
the code excluded is never used at the same time as the code above the note (``not_coded_with``). Excludes2: the
condition excluded is not part of what the code stands for, though a patient may have both (``does_not_include``).
A note is read where all that stands in the brackets at its end are codes or blocks of the list; others ("T36-T50 with
fifth or sixth character 5") are noted and left out.

Ids are those of the corpus's documents: ``ICD10CM:E10.1``, ``ICD10CM:block E08-E13``, ``ICD10CM:chapter 4``, for some
blocks are named as codes are. Chapters of external causes (V00–Y99) and of reasons for contact (Z00–Z99) hold no
diseases.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ragmed.analysis.vocabulary_icd10cm import read_tabular, spoken
from ragmed.protocols import Knowledge
from ragmed.report import Report
from ragmed.types import Edge, Name, Node, NodeKind

_SOURCE = "icd10cm"
_RANGE = re.compile(r" \([A-Z]\d?[\dA-Z]*(?:-[A-Z]\d?[\dA-Z]*)?\)\Z")
_BRACKETS = re.compile(r"\(([^()]*)\)\Z")
_EXCLUDES = {"excludes1": "not_coded_with", "excludes2": "does_not_include"}


@dataclass(frozen=True)
class ICD10CM:
    """Chapters, each before its blocks, each before its categories and codes, in the order of the file, ``tabular``."""

    files: Mapping[str, Path]
    report: Report = field(default_factory=Report, compare=False, repr=False)

    def facts(self) -> Iterator[Node | Edge]:
        root = read_tabular(self.files["tabular"])
        version = _text(root.find("version"))
        ids = {block.get("id") or "": f"ICD10CM:block {block.get('id')}" for block in root.iter("section")}
        ids |= {code: f"ICD10CM:{code}" for entry in root.iter("diag") if (code := _text(entry.find("name")))}
        waiting: list[tuple[Any, str]] = [(chapter, "") for chapter in reversed(root.findall("chapter"))]
        while waiting:
            element, above = waiting.pop()
            code = (element.get("id") or "") if element.tag == "section" else _text(element.find("name"))
            title = _text(element.find("desc"))
            if not code or not title:
                self.report.skip("entry without a code or a title", f"line {element.sourceline}")
                continue
            identifier = f"ICD10CM:{ {'chapter': 'chapter ', 'section': 'block '}.get(element.tag, '') }{code}"
            yield _node(element, identifier, code, title, version)
            if above:
                yield Edge(identifier, "is_a", above, _SOURCE)
            for tag, predicate in _EXCLUDES.items():
                for note in element.iterfind(f"{tag}/note"):
                    yield from self._excluded(identifier, predicate, _text(note), ids)
            parts = [child for child in element if child.tag in ("section", "diag")]
            waiting += [(part, identifier) for part in reversed(parts)]

    def release(self) -> str:
        return _text(read_tabular(self.files["tabular"]).find("version"))

    def _excluded(self, identifier: str, predicate: str, note: str, ids: Mapping[str, str]) -> Iterator[Edge]:
        codes = codes_named(note)
        if codes and all(code in ids for code in codes):
            for code in codes:
                yield Edge(identifier, predicate, ids[code], _SOURCE, quote=note)
        else:
            self.report.note("exclusion that names no code of the list, left out", f"{identifier}: {note}")


def codes_named(note: str) -> tuple[str, ...]:
    """What stands in brackets at the end of a note, without the dash that means "and all below".

    >>> codes_named("malignant melanoma of skin of genital organs (C51-C52, C60.-, C63.2)")
    ('C51-C52', 'C60', 'C63.2')
    """
    match = _BRACKETS.search(note)
    if match is None:
        return ()
    return tuple(dict.fromkeys(part.strip().removesuffix("-").removesuffix(".") for part in match[1].split(",")))


def _node(element: Any, identifier: str, code: str, title: str, version: str) -> Node:
    name = _RANGE.sub("", title) if element.tag != "diag" else title
    said = [Name(other, "synonym") for other in spoken(name)]
    included = [_text(note) for note in element.iterfind("inclusionTerm/note")]
    said += [Name(other, "related") for term in included for other in spoken(term)]
    first = next((entry for entry in element.iter("diag")), element)
    page = f"https://icd10cmtool.cdc.gov/?fy=FY{version}"
    return Node(
        node_id=identifier,
        name=name,
        kind=_kind(_text(first.find("name"))),
        source=_SOURCE,
        names=tuple({other.text: other for other in reversed(said) if other.text != name}.values())[::-1],
        url=page if element.tag == "chapter" else f"{page}&query={quote(code)}",
    )


def _kind(code: str) -> NodeKind:
    """By the chapter of a code: symptoms and signs (R), external causes and reasons for contact (V–Z), diseases.

    >>> _kind("R05.9"), _kind("W55"), _kind("E11.9")
    ('finding', 'other', 'disease')
    """
    return "finding" if code[:1] == "R" else "other" if code[:1] in tuple("VWXYZ") else "disease"


def _text(element: Any) -> str:
    return " ".join("".join(element.itertext()).split()) if element is not None else ""


COMPONENT: type[Knowledge] = ICD10CM
