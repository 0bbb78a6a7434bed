"""The concepts of ICD-10-CM: what its entries are called, and the inclusion terms beside them.

Source: National Center for Health Statistics and Centers for Medicare & Medicaid Services, tabular list of diseases and
injuries, https://www.cdc.gov/nchs/icd/icd-10-cm/files.html. An inclusion term is a condition for which a code is used,
which is another name of it only where the code stands for one condition: terms under a residual entry ("Other …", "…,
unspecified", "… not elsewhere classified") are concepts of their own, those under another entry related names. Chapters
of external causes (V00–Y99) and of reasons for contact (Z00–Z99) hold no findings or diseases and are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from ragmed.analysis.vocabulary import Concept, ConceptKind
from ragmed.errors import DamagedFile
from ragmed.types import Name

MAX_FILE_BYTES = 100_000_000
"""Larger files are refused; the release of April 2026 has 10 MB."""
_RESIDUAL = re.compile(r"\b(?:other|unspecified|not elsewhere classified|elsewhere|without|with|and|or)\b", re.I)
_UNSPECIFIED = re.compile(r"(?:,? (?:NOS|unspecified|not otherwise specified)| \([A-TV-Z]\d[\dA-Z].*\))+$", re.I)
_QUALIFIER = re.compile(r" \([^()]*\)| \[[^\[\]]*\]")


def read_tabular(path: Path) -> Any:
    """The root of the tabular list's XML file. Raises `DamagedFile`."""
    if path.stat().st_size > MAX_FILE_BYTES:
        raise DamagedFile(f"{path}: more than the {MAX_FILE_BYTES:,} bytes that are read; it is not the tabular list")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        root = etree.parse(path, parser).getroot()
    except (etree.LxmlError, OSError) as error:
        raise DamagedFile(f"{path}: not valid XML: {error}; install it again") from error
    if root.getroottree().docinfo.doctype:
        raise DamagedFile(f"{path}: declares a document type, which the tabular list never does; not read")
    if root.tag != "ICD10CM.tabular":
        raise DamagedFile(f"{path}: begins with <{root.tag}>; it is not ICD-10-CM's tabular list")
    return root


def icd10cm_entries(path: Path) -> Iterator[Concept]:
    """The entries of the tabular list's XML file, in its order. Raises `DamagedFile`."""
    root = read_tabular(path)
    for entry in root.iter("diag"):
        code, title = _text(entry.find("name")), _text(entry.find("desc"))
        if not code or not title or code[0] in "VWXYZ":
            continue
        kind: ConceptKind = "finding" if code[0] == "R" else "disease"
        names = spoken(title)
        included = [_text(note) for note in entry.iterfind("inclusionTerm/note")]
        if _RESIDUAL.search(title):
            yield Concept(f"ICD10CM:{code}", "icd10cm", kind, tuple(Name(name, "preferred") for name in names))
            for number, term in enumerate(included, start=1):
                own = tuple(Name(name, "preferred") for name in spoken(term))
                yield Concept(f"ICD10CM:{code}#{number}", "icd10cm", kind, own)
        else:
            related = tuple(Name(name, "related") for term in included for name in spoken(term))
            preferred = tuple(Name(name, "preferred" if i == 0 else "synonym") for i, name in enumerate(names))
            yield Concept(f"ICD10CM:{code}", "icd10cm", kind, (*preferred, *related))


def spoken(title: str) -> list[str]:
    """A title as it is spoken: without what says that nothing is specified, nor non-essential words in brackets.

    >>> spoken("Diabetes (mellitus) due to insulin secretory defect"), spoken("Pneumonia, unspecified organism")
    (['Diabetes due to insulin secretory defect'], ['Pneumonia, unspecified organism'])
    >>> spoken("Myopathy, unspecified"), spoken("Arthritis, viral")
    (['Myopathy'], ['Arthritis, viral', 'viral Arthritis'])
    """
    name = _UNSPECIFIED.sub("", _QUALIFIER.sub("", title)).strip()
    head, comma, tail = name.partition(", ")
    is_inverted = comma and "," not in tail and len(tail.split()) <= 2 and not _RESIDUAL.search(tail)
    turned = [f"{tail} {head}"] if is_inverted else []
    return [name, *turned] if name else []


def _text(element: Any) -> str:
    return " ".join("".join(element.itertext()).split()) if element is not None else ""
