"""The concepts of the Human Phenotype Ontology: its terms, and the diseases that its annotations name.

Sources: ``hp.obo`` (OBO 1.4, https://owlcollab.github.io/oboformat/doc/GO.format.obo-1_4.html), whose synonyms carry a
scope (EXACT, BROAD, NARROW, RELATED) and a type (``layperson``, ``abbreviation``, ``uk_spelling``, ``plural_form``),
and ``phenotype.hpoa``, whose second column names the disease of the first. Terms below HP:0000118 ("Phenotypic
abnormality") are findings; others say how a finding is, and are modifiers.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ragmed.analysis.vocabulary import Concept, is_short_form
from ragmed.errors import DamagedFile
from ragmed.types import Name, NameKind

_FINDINGS = "HP:0000118"
_SYNONYM = re.compile(r'"((?:[^"\\]|\\.)*)" (EXACT|BROAD|NARROW|RELATED)(?: ([A-Za-z][\w:]*))?')
_ESCAPED = re.compile(r"\\(.)")
_KIND_OF_TYPE: dict[str, NameKind] = {"layperson": "lay", "abbreviation": "abbreviation"}


@dataclass(slots=True)
class _Term:
    identifier: str = ""
    name: str = ""
    names: list[Name] = field(default_factory=list)
    parents: list[str] = field(default_factory=list)
    obsolete: bool = False


def hpo_terms(path: Path) -> Iterator[Concept]:
    """The terms of an ``hp.obo`` file that are in use, in its order. Raises `DamagedFile`."""
    terms = {term.identifier: term for term in _terms(path) if term.identifier and term.name and not term.obsolete}
    if not terms:
        raise DamagedFile(f"{path}: holds no [Term]; it is not an OBO file")
    children: defaultdict[str, list[str]] = defaultdict(list)
    for term in terms.values():
        for parent in term.parents:
            children[parent].append(term.identifier)
    findings, waiting = {_FINDINGS}, [_FINDINGS]
    while waiting:
        for child in children[waiting.pop()]:
            if child not in findings:
                findings.add(child)
                waiting.append(child)
    for term in terms.values():
        kind = "finding" if term.identifier in findings else "modifier"
        yield Concept(term.identifier, "hpo", kind, (Name(term.name, "preferred"), *term.names))  # type: ignore[arg-type]


def hpo_diseases(path: Path) -> Iterator[Concept]:
    """The diseases of a ``phenotype.hpoa`` file, in its order, each by the name used most. Raises `DamagedFile`."""
    names: dict[str, Counter[str]] = {}
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            columns = line.rstrip("\n").split("\t")
            if line.startswith(("#", "database_id\t")):
                continue
            if len(columns) < 2 or ":" not in columns[0] or not columns[1]:
                raise DamagedFile(f"{path}, line {number}: not an annotation: {line[:60]!r}")
            names.setdefault(columns[0], Counter())[columns[1]] += 1
    for identifier, used in names.items():
        ordered = sorted(used, key=lambda name: (name.isupper(), -used[name], name))
        kinds: list[NameKind] = ["abbreviation" if is_short_form(name) else "synonym" for name in ordered]
        kinds[0] = "preferred"
        listed = tuple(Name(name, kind) for name, kind in zip(ordered, kinds, strict=True))
        yield Concept(identifier, "hpo", "disease", listed)


def _terms(path: Path) -> Iterator[_Term]:
    term: _Term | None = None
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            key, separator, value = line.rstrip("\n").partition(": ")
            if line.startswith("["):
                if term is not None:
                    yield term
                term = _Term() if line.rstrip("\n") == "[Term]" else None
            elif term is None or not separator:
                continue
            elif key == "id":
                term.identifier = value
            elif key == "name":
                term.name = value
            elif key == "synonym":
                name = _synonym(value, f"{path}, line {number}")
                if name is not None:
                    term.names.append(name)
            elif key == "is_a":
                term.parents.append(value.split(" ")[0])
            elif key == "is_obsolete":
                term.obsolete = value == "true"
    if term is not None:
        yield term


def _synonym(value: str, where: str) -> Name | None:
    """The name that a synonym line gives; None where it is discarded or names something narrower.

    >>> _synonym('"High blood pressure" EXACT layperson []', ""), _synonym('"Grey hair" NARROW []', "")
    (Name(text='High blood pressure', kind='lay'), None)
    """
    match = _SYNONYM.match(value)
    if match is None:
        raise DamagedFile(f"{where}: synonym without a quoted text or a scope; the line is cut or altered")
    text = " ".join(_ESCAPED.sub(lambda escaped: " " if escaped[1] in "nt" else escaped[1], match[1]).split())
    if match[2] == "NARROW" or match[3] == "obsolete_synonym" or not text:
        return None
    if match[2] != "EXACT":
        return Name(text, "related")
    kind = _KIND_OF_TYPE.get(match[3] or "", "synonym")
    if kind == "abbreviation" and not is_short_form(text):
        kind = "synonym"  # "Recurrent UTIs": words around an abbreviation
    return Name(text, kind)
