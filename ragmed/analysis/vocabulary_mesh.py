"""The concepts of the Medical Subject Headings: descriptors with their entry terms.

Source: U.S. National Library of Medicine, https://www.nlm.nih.gov/databases/download/mesh.html, in either of its forms:

- XML, ``desc2025.xml`` (https://www.nlm.nih.gov/mesh/xml_data_elements.html): ``<DescriptorRecord>`` with
  ``<DescriptorUI>``, ``<DescriptorName>``, ``<TreeNumber>`` and ``<Concept>``, each with its ``<Term>``; the terms of
  the preferred concept are synonyms of the heading, those of other concepts related to it; its ``<ScopeNote>`` defines
  the heading. A term's ``LexicalTag`` is
  ABB, ABX, ACR or ACX for abbreviations and acronyms.
- ASCII, ``d2025.bin`` (https://www.nlm.nih.gov/mesh/ascii_data_elements.html): ``*NEWRECORD``, then lines ``MH = ``
  (heading), ``UI = ``, ``MN = `` (tree number), ``MS = `` (scope note), ``ENTRY = `` and ``PRINT ENTRY = ``: a term
  alone, or parts separated by ``|`` of which the last says by letters what the others are (``a`` the term, ``b`` a
  semantic type, ``c`` the lexical type, ``d`` its relation to the heading: EQV, NRW, BRD or REL). A term is a synonym
  where its relation is EQV or is not given, else related.

Tree numbers: C and F03 diseases (C23.888 signs and symptoms, findings), D chemicals and drugs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from ragmed.analysis.vocabulary import Concept, ConceptKind, is_short_form
from ragmed.errors import DamagedFile
from ragmed.types import Name, NameKind

_SHORT_TAGS = frozenset({"ABB", "ABX", "ACR", "ACX"})


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A heading with its names, itself the first, its places in the trees, and its scope note."""

    identifier: str
    names: tuple[Name, ...]
    trees: tuple[str, ...]
    definition: str


def mesh_descriptors(path: Path) -> Iterator[Concept]:
    """The descriptors of a file in either form as concepts, in its order. Raises `DamagedFile`."""
    for descriptor in read_descriptors(path):
        yield Concept(descriptor.identifier, "mesh", _kind(descriptor.trees), descriptor.names)


def read_descriptors(path: Path) -> Iterator[Descriptor]:
    """The descriptors of a file in either form, in its order, one at a time in memory. Raises `DamagedFile`."""
    found = False
    for descriptor in _of_xml(path) if path.suffix == ".xml" else _of_ascii(path):
        found = True
        yield descriptor
    if not found:
        raise DamagedFile(f"{path}: holds no descriptor; it is neither MeSH's desc….xml nor its d….bin")


def _of_xml(path: Path) -> Iterator[Descriptor]:
    try:
        # The file declares a document type; nothing of it is loaded.
        records = etree.iterparse(
            path, tag="DescriptorRecord", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
        )
        for _, record in records:
            declared = record.getroottree().docinfo.internalDTD
            if declared is not None and next(declared.iterentities(), None) is not None:
                raise DamagedFile(f"{path}: declares entities, which MeSH never does; not read")
            heading = _text(record.find("DescriptorName/String"))
            identifier = _text(record.find("DescriptorUI"))
            if not heading or not identifier:
                raise DamagedFile(f"{path}, line {record.sourceline}: a descriptor without id or heading")
            names = [Name(heading, "preferred")]
            definition = ""
            for concept in record.iterfind("ConceptList/Concept"):
                preferred = concept.get("PreferredConceptYN") == "Y"
                definition = _text(concept.find("ScopeNote")) if preferred else definition
                for term in concept.iterfind("TermList/Term"):
                    text = _text(term.find("String"))
                    names += _named(text, heading, term.get("LexicalTag") or "", equal=preferred)
            trees = tuple(_text(number) for number in record.iterfind("TreeNumberList/TreeNumber"))
            yield Descriptor(f"MESH:{identifier}", tuple(names), trees, definition)
            record.clear()
            while record.getprevious() is not None:
                del record.getparent()[0]
    except (etree.LxmlError, OSError) as error:
        raise DamagedFile(f"{path}: not valid XML: {error}; fetch it again") from error


def _of_ascii(path: Path) -> Iterator[Descriptor]:
    record: list[tuple[str, str]] = []
    with path.open(encoding="utf-8", errors="strict") as file:
        try:
            for line in file:
                if line.startswith("*NEWRECORD"):
                    yield from _ascii_record(record)
                    record = []
                else:
                    key, separator, value = line.rstrip("\n").partition(" = ")
                    if separator:
                        record.append((key.strip(), value.strip()))
        except UnicodeDecodeError as error:
            raise DamagedFile(f"{path}: not UTF-8 text; the file is damaged") from error
    yield from _ascii_record(record)


def _ascii_record(record: Sequence[tuple[str, str]]) -> Iterator[Descriptor]:
    single = dict(reversed(record))
    if "MH" not in single or "UI" not in single:
        return
    names = [Name(single["MH"], "preferred")]
    for key, value in record:
        if key in ("ENTRY", "PRINT ENTRY"):
            parts = value.split("|")
            marked = dict(zip(parts[-1], parts, strict=False)) if len(parts) > 1 else {"a": parts[0]}
            equal = marked.get("d", "EQV") == "EQV"
            names += _named(marked.get("a", parts[0]), single["MH"], marked.get("c", ""), equal=equal)
    trees = tuple(value for key, value in record if key == "MN")
    yield Descriptor(f"MESH:{single['UI']}", tuple(names), trees, single.get("MS", ""))


def _named(text: str, heading: str, lexical_tag: str, *, equal: bool) -> list[Name]:
    """A term as a name: none where it is the heading itself, or abbreviated so that it looks like a common word."""
    if not text or text == heading:
        return []
    if is_short_form(text):
        return [Name(text, "abbreviation")] if equal else []
    if lexical_tag in _SHORT_TAGS:
        return []
    kind: NameKind = "synonym" if equal else "related"
    return [Name(text, kind)]


def _kind(trees: Sequence[str]) -> ConceptKind:
    """By the tree numbers.

    >>> _kind(["C14.907.489"]), _kind(["C23.888.119"]), _kind(["D03.383"]), _kind(["Z01.542"])
    ('disease', 'finding', 'drug', 'other')
    """
    if any(tree.startswith("C23.888") for tree in trees):
        return "finding"
    if any(tree.startswith(("C", "F03")) for tree in trees):
        return "disease"
    return "drug" if any(tree.startswith("D") for tree in trees) else "other"


def _text(element: Any) -> str:
    return " ".join("".join(element.itertext()).split()) if element is not None else ""
