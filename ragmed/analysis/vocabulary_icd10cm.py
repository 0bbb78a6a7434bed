"""The concepts of ICD-10-CM: what its entries are called, and the inclusion terms beside them.

Source: the tabular list (`ragmed.corpora.icd10cm`). An inclusion term is a condition for which a code is used, which is
another name of it only where the code stands for one condition: terms under a residual entry ("Other …", "…,
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

_RESIDUAL = re.compile(r"\b(?:other|unspecified|not elsewhere classified|elsewhere|without|with|and|or)\b", re.I)
_UNSPECIFIED = re.compile(r"(?:,? (?:NOS|unspecified|not otherwise specified)| \([A-TV-Z]\d[\dA-Z].*\))+$", re.I)
_QUALIFIER = re.compile(r" \([^()]*\)| \[[^\[\]]*\]")


def icd10cm_entries(path: Path) -> Iterator[Concept]:
    """The entries of the tabular list's XML file, in its order. Raises `DamagedFile`."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        root = etree.parse(path, parser).getroot()
    except (etree.LxmlError, OSError) as error:
        raise DamagedFile(f"{path}: not valid XML: {error}; install it again") from error
    for entry in root.iter("diag"):
        code, title = _text(entry.find("name")), _text(entry.find("desc"))
        if not code or not title or code[0] in "VWXYZ":
            continue
        kind: ConceptKind = "finding" if code[0] == "R" else "disease"
        names = _names(title)
        included = [_text(note) for note in entry.iterfind("inclusionTerm/note")]
        if _RESIDUAL.search(title):
            yield Concept(f"ICD10CM:{code}", "icd10cm", kind, tuple(Name(name, "preferred") for name in names))
            for number, term in enumerate(included, start=1):
                own = tuple(Name(name, "preferred") for name in _names(term))
                yield Concept(f"ICD10CM:{code}#{number}", "icd10cm", kind, own)
        else:
            related = tuple(Name(name, "related") for term in included for name in _names(term))
            preferred = tuple(Name(name, "preferred" if i == 0 else "synonym") for i, name in enumerate(names))
            yield Concept(f"ICD10CM:{code}", "icd10cm", kind, (*preferred, *related))


def _names(title: str) -> list[str]:
    """A title as it is spoken: without what says that nothing is specified, nor non-essential words in brackets.

    >>> _names("Diabetes (mellitus) due to insulin secretory defect"), _names("Pneumonia, unspecified organism")
    (['Diabetes due to insulin secretory defect'], ['Pneumonia, unspecified organism'])
    >>> _names("Myopathy, unspecified"), _names("Arthritis, viral")
    (['Myopathy'], ['Arthritis, viral', 'viral Arthritis'])
    """
    name = _UNSPECIFIED.sub("", _QUALIFIER.sub("", title)).strip()
    head, comma, tail = name.partition(", ")
    is_inverted = comma and "," not in tail and len(tail.split()) <= 2 and not _RESIDUAL.search(tail)
    turned = [f"{tail} {head}"] if is_inverted else []
    return [name, *turned] if name else []


def _text(element: Any) -> str:
    return " ".join("".join(element.itertext()).split()) if element is not None else ""
