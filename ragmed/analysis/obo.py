"""Ontologies in the OBO format: its stanzas, read as they are written.

Source: OBO Flat File Format 1.4, https://owlcollab.github.io/oboformat/doc/GO.format.obo-1_4.html. A file is a header,
then stanzas ``[Term]``, ``[Typedef]`` and others, each a line a tag: ``tag: value {qualifiers} ! comment``. Synonyms
carry a scope (EXACT, BROAD, NARROW, RELATED) and may carry a type, which the header's ``synonymtypedef`` explains.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ragmed.analysis.vocabulary import is_short_form
from ragmed.errors import DamagedFile
from ragmed.types import Name, NameKind

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_SYNONYM = re.compile(r'"((?:[^"\\]|\\.)*)" (EXACT|BROAD|NARROW|RELATED)(?: ([^\s\[{]+))?')
_ESCAPED = re.compile(r"\\(.)")
_QUALIFIER = re.compile(r'source="([^"]*)"')
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DISCARDED = ("obsolet", "deprecated", "exclude", "misspelling", "misnomer", "dubious")
"""What is said of types of synonyms that are no names of the term."""


class Synonym(NamedTuple):
    """Another name. ``type`` is the id of its type and what the header says of it; empty where it has none."""

    text: str
    scope: str
    type: str


class Reference(NamedTuple):
    """A cross reference: an id of another source, and the ids given as the sources of this reference."""

    identifier: str
    sources: tuple[str, ...]


@dataclass(slots=True)
class Term:
    """One term of an ontology. ``relationships`` are pairs of a relation's id and a term's."""

    identifier: str
    name: str = ""
    definition: str = ""
    synonyms: list[Synonym] = field(default_factory=list)
    parents: list[str] = field(default_factory=list)
    relationships: list[tuple[str, str]] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    former_ids: list[str] = field(default_factory=list)
    obsolete: bool = False
    replaced_by: list[str] = field(default_factory=list)
    consider: list[str] = field(default_factory=list)

    @property
    def exact_synonyms(self) -> list[str]:
        return [synonym.text for synonym in self.synonyms if synonym.scope == "EXACT"]


@dataclass(slots=True)
class Ontology:
    """Identifier → term, in the file's order; relation's id → its name; the release, empty where it is not stated."""

    terms: dict[str, Term]
    relations: dict[str, str]
    release: str


def read_obo(path: Path) -> Ontology:
    """Read a whole file. Raises `DamagedFile`, naming file and line."""
    terms: dict[str, Term] = {}
    relations: dict[str, str] = {}
    types: dict[str, str] = {}
    release, stanza, relation, line = "", "", "", ""
    term = Term("")
    for number, line in numbered_lines(path):
        key, separator, value = line.partition(":")
        value = value.strip()
        if line.startswith("["):
            stanza, term, relation = line.rstrip(), Term(""), ""
        elif stanza == "[Term]":
            if not separator:
                if line.strip() and not line.startswith("!"):
                    raise DamagedFile(f"{path}, line {number}: no tag with a value; the line is cut or altered")
            elif key == "id":
                if value in terms:
                    raise DamagedFile(f"{path}, line {number}: a second term {value}")
                term.identifier = _id(value)
                terms[term.identifier] = term
            else:
                _read_tag(term, key, value, types, path, number)
        elif stanza == "[Typedef]":
            if key == "id":
                relation = _id(value)
            elif key == "name":
                relations[relation] = value
        elif not stanza and key == "data-version":
            release = _release(value)
        elif not stanza and key == "synonymtypedef":
            identifier, _, description = value.partition(" ")
            types[identifier] = description.lstrip('"').partition('"')[0]
    if not terms:
        raise DamagedFile(f"{path}: holds no [Term]; it is not an OBO file")
    if stanza == "[Term]" and not term.name:
        raise DamagedFile(f"{path}: {term.identifier or 'its last term'} has no name; the file is cut")
    if not line.endswith("\n"):
        raise DamagedFile(f"{path}: its last line has no end; the file is cut")
    return Ontology(terms, relations, release)


def read_release(path: Path) -> str:
    """The date of the release that a file's header states, such as "2025-01-16"; empty where it does not."""
    for _, line in numbered_lines(path):
        if line.startswith("data-version:"):
            return _release(line.partition(":")[2].strip())
        if line.startswith("["):
            break
    return ""


def names_of(term: Term) -> tuple[Name, ...]:
    """The synonyms as names: without those that are discarded or name something narrower.

    >>> names_of(Term("HP:1", synonyms=[Synonym("High blood pressure", "EXACT", "layperson layperson term")]))
    (Name(text='High blood pressure', kind='lay'),)
    """
    return tuple(name for name in map(_name, term.synonyms) if name is not None)


def descendants(terms: Iterable[Term], root: str) -> set[str]:
    """The ids of a term and of all below it."""
    children: defaultdict[str, list[str]] = defaultdict(list)
    for term in terms:
        for parent in term.parents:
            children[parent].append(term.identifier)
    found, waiting = {root}, [root]
    while waiting:
        for child in children[waiting.pop()]:
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a text file with their ends, counted from 1. Raises `DamagedFile` where it is not UTF-8."""
    number = 0
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                yield number, line
    except UnicodeDecodeError as error:
        raise DamagedFile(f"{path}, after line {number}: not UTF-8 text; the file is damaged") from error


def _read_tag(term: Term, key: str, value: str, types: Mapping[str, str], path: Path, number: int) -> None:
    if key == "is_a":
        term.parents.append(_id(value))
    elif key == "synonym":
        match = _SYNONYM.match(value)
        if match is None:
            raise DamagedFile(
                f"{path}, line {number}: synonym without a quoted text or a scope; the line is cut or altered"
            )
        kind = match[3] or ""
        term.synonyms.append(Synonym(_unescaped(match[1]), match[2], f"{kind} {types.get(kind, '')}".strip()))
    elif key == "name":
        term.name = _unescaped(value)
    elif key == "xref":
        identifier, _, rest = value.partition(" ")
        term.references.append(Reference(_unescaped(identifier), tuple(_QUALIFIER.findall(rest)) if rest else ()))
    elif key == "def":
        match = _QUOTED.match(value)
        if match is None:
            raise DamagedFile(f"{path}, line {number}: def without a quoted text; the line is cut or altered")
        term.definition = _unescaped(match[1])
    elif key == "alt_id":
        term.former_ids.append(_id(value))
    elif key == "relationship":
        relation, _, other = value.partition(" ")
        if not other:
            raise DamagedFile(f"{path}, line {number}: relationship without a term; the line is cut or altered")
        term.relationships.append((_unescaped(relation), _id(other)))
    elif key == "is_obsolete":
        term.obsolete = _id(value) == "true"
    elif key == "replaced_by":
        term.replaced_by.append(_id(value))
    elif key == "consider":
        term.consider.append(_id(value))


def _name(synonym: Synonym) -> Name | None:
    kind = synonym.type.casefold()
    if synonym.scope == "NARROW" or not synonym.text or any(word in kind for word in _DISCARDED):
        return None
    if synonym.scope != "EXACT" or "ambiguous" in kind:
        return Name(synonym.text, "related")
    found: NameKind = "lay" if "layperson" in kind else "synonym"
    if ("abbreviation" in kind or "acronym" in kind) and is_short_form(synonym.text):
        found = "abbreviation"  # not so "Recurrent UTIs": words around an abbreviation
    return Name(synonym.text, found)


def _id(value: str) -> str:
    """The id that a value begins with, without qualifiers and comment."""
    return _unescaped(value.split(" ", 1)[0])


def _release(value: str) -> str:
    """The date in a statement of a version; where there is none its last part.

    >>> _release("doid/releases/2024-12-18/doid.obo"), _release("4.2")
    ('2024-12-18', '4.2')
    """
    date = _DATE.search(value)
    return date[0] if date else value.rsplit("/", 1)[-1]


def _unescaped(text: str) -> str:
    """OBO's escapes undone, runs of white space one space: ``\\"`` is a quotation mark, ``\\n`` a line break.

    >>> _unescaped('the "\\\\"café au lait\\\\""')
    'the ""café au lait""'
    """
    if "\\" in text:
        text = _ESCAPED.sub(lambda match: " " if match[1] in "nt" else match[1], text)
    return " ".join(text.split())
