"""The two files of the Human Phenotype Ontology, read as they are published.

Sources: ``hp.obo`` (OBO 1.4, https://owlcollab.github.io/oboformat/doc/GO.format.obo-1_4.html) and
``phenotype.hpoa`` (https://obophenotype.github.io/human-phenotype-ontology/annotations/phenotype_hpoa/).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ragmed.errors import DamagedFile

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")
_FREQUENCY = re.compile(r"(?:(\d+)/(\d+)|(\d+(?:\.\d+)?)%|(HP:\d{7}))?\Z")
_ASPECTS = ("P", "I", "C", "M", "H")
_N_COLUMNS = 12
_Frequency = tuple[int, int, float | None, str]


@dataclass(slots=True)
class Term:
    """One term of the ontology. ``synonyms`` are the exact ones."""

    identifier: str
    name: str = ""
    definition: str = ""
    synonyms: list[str] = field(default_factory=list)
    parents: list[str] = field(default_factory=list)
    obsolete: bool = False


class Row(NamedTuple):
    """One annotation of a disease.

    ``aspect`` says what it speaks of: P a finding, I inheritance, C clinical course or the disease's onset,
    M a modifier, H past history. ``excluded`` negates it. ``onset`` is the age at which this finding sets in,
    not the disease. The frequency is a share (``percent``), a count (``present`` of ``examined`` patients,
    else ``examined`` is 0), a class of HPO (``frequency_term``), or not given.
    """

    term: str
    aspect: str
    excluded: bool
    onset: str
    sex: str
    present: int
    examined: int
    percent: float | None
    frequency_term: str


@dataclass(slots=True)
class Disease:
    """A disease's names, with the number of rows that use each, and its annotations in the file's order."""

    identifier: str
    names: dict[str, int]
    rows: list[Row]


def read_release(path: Path) -> str:
    """The date of the release that an ``.obo`` file states, such as "2025-01-16"; empty where it does not."""
    for _, line in _lines(path):
        if line.startswith("data-version: "):
            return line.rsplit("/", 1)[-1]
        if line.startswith("["):
            break
    return ""


def read_terms(path: Path) -> dict[str, Term]:
    """Identifier → term, in the file's order. Raises `DamagedFile`, naming file and line."""
    terms: dict[str, Term] = {}
    term: Term | None = None
    for number, line in _lines(path):
        key, separator, value = line.partition(": ")
        if line.startswith("["):
            term = Term("") if line == "[Term]" else None
        elif term is None or not separator:
            continue
        elif key == "id":
            if value in terms:
                raise DamagedFile(f"{path}, line {number}: a second term {value}")
            term.identifier = value
            terms[value] = term
        elif key == "name":
            term.name = value
        elif key in ("def", "synonym"):
            quoted = _QUOTED.match(value)
            if quoted is None:
                raise DamagedFile(f"{path}, line {number}: {key} without a quoted text; the line is cut or altered")
            text = _unescaped(quoted.group(1))
            if key == "def":
                term.definition = text
            elif value[quoted.end() :].startswith(" EXACT"):
                term.synonyms.append(text)
        elif key == "is_a":
            term.parents.append(value.split(" ")[0])
        elif key == "is_obsolete":
            term.obsolete = value == "true"
    if not terms:
        raise DamagedFile(f"{path}: holds no [Term]; it is not an OBO file")
    nameless = next((term for term in terms.values() if not term.name), None)
    if nameless is not None:
        raise DamagedFile(f"{path}: {nameless.identifier} has no name; the file is cut")
    return terms


def read_annotations(path: Path, terms: Mapping[str, Term]) -> dict[str, Disease]:
    """Identifier → disease, in the file's order. Raises `DamagedFile`, naming file and line."""
    diseases: dict[str, Disease] = {}
    frequencies: dict[str, _Frequency] = {}
    for number, line in _lines(path):
        if line.startswith(("#", "database_id\t")):
            continue
        columns = line.split("\t")
        if len(columns) != _N_COLUMNS:
            raise DamagedFile(
                f"{path}, line {number}: {len(columns)} columns instead of {_N_COLUMNS}; the line is cut or altered"
            )
        identifier, name, qualifier, term, _, _, onset, frequency, sex, _, aspect, _ = columns
        if ":" not in identifier or not name or qualifier not in ("", "NOT") or aspect not in _ASPECTS:
            raise DamagedFile(f"{path}, line {number}: not an annotation: {line[:60]!r}")
        known_frequency = frequencies.get(frequency)
        if known_frequency is None:
            known_frequency = frequencies[frequency] = _frequency(frequency, f"{path}, line {number}")
        for known in (term, onset):
            if known and known not in terms:
                raise DamagedFile(f"{path}, line {number}: {known} is not in the ontology file; are they one release?")
        disease = diseases.get(identifier)
        if disease is None:
            disease = diseases[identifier] = Disease(identifier, {}, [])
        disease.names[name] = disease.names.get(name, 0) + 1
        disease.rows.append(Row(term, aspect, qualifier == "NOT", onset, sex, *known_frequency))
    if not diseases:
        raise DamagedFile(f"{path}: holds no annotation; it is not a phenotype.hpoa file, or cut")
    return diseases


def _frequency(text: str, where: str) -> _Frequency:
    """(present, examined, percent, class) as in `Row`. Raises `DamagedFile`.

    >>> _frequency("7/12", ""), _frequency("12.5%", ""), _frequency("HP:0040281", "")
    ((7, 12, None, ''), (0, 0, 12.5, ''), (0, 0, None, 'HP:0040281'))
    """
    match = _FREQUENCY.match(text)
    if match is None or int(match[1] or 0) > int(match[2] or 0) or float(match[3] or 0) > 100:
        raise DamagedFile(f"{where}: frequency {text!r} cannot be understood")
    return int(match[1] or 0), int(match[2] or 0), float(match[3]) if match[3] else None, match[4] or ""


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    number = 0
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                yield number, line.rstrip("\n")
    except UnicodeDecodeError as error:
        raise DamagedFile(f"{path}, after line {number}: not UTF-8 text; the file is damaged") from error


def _unescaped(text: str) -> str:
    """OBO's escapes undone, runs of white space one space: ``\\"`` is a quotation mark, ``\\n`` a line break.

    >>> _unescaped('the "\\\\"café au lait\\\\""')
    'the ""café au lait""'
    """
    return " ".join(_ESCAPED.sub(lambda match: " " if match[1] in "nt" else match[1], text).split())
