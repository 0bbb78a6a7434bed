"""The annotations of diseases with terms of the Human Phenotype Ontology: ``phenotype.hpoa``, row by row.

Source: https://obophenotype.github.io/human-phenotype-ontology/annotations/phenotype_hpoa/.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from ragmed.analysis.obo import numbered_lines
from ragmed.errors import DamagedFile

_FREQUENCY = re.compile(r"(?:(\d+)/(\d+)|(\d+(?:\.\d+)?)%|(HP:\d{7}))?\Z")
_ASPECTS = ("P", "I", "C", "M", "H")
_N_COLUMNS = 12
_Frequency = tuple[int, int, float | None, str]
_URLS = {
    "OMIM": "https://omim.org/entry/{}",
    "ORPHA": "https://www.orpha.net/en/disease/detail/{}",
    "DECIPHER": "https://www.deciphergenomics.org/syndrome/{}/overview",
    "HP": "https://hpo.jax.org/browse/term/HP:{}",
}


class Annotation(NamedTuple):
    """One annotation of a disease.

    ``aspect`` says what it speaks of: P a finding, I inheritance, C clinical course or the disease's onset,
    M a modifier, H past history. ``excluded`` negates it. ``onset`` is the age at which this finding sets in,
    not the disease. The frequency is a share (``percent``), a count (``present`` of ``examined`` patients,
    else ``examined`` is 0), a class of HPO (``frequency_term``), or not given. ``references``, ``modifiers`` and
    ``biocuration`` (who entered it, with the date in brackets) are joined by ``;``.
    """

    line: int
    disease: str
    name: str
    term: str
    aspect: str
    excluded: bool
    onset: str
    sex: str
    present: int
    examined: int
    percent: float | None
    frequency_term: str
    references: str
    evidence: str
    modifiers: str
    biocuration: str


def read_annotations(path: Path) -> Iterator[Annotation]:
    """The rows of a ``phenotype.hpoa`` file, in its order. Raises `DamagedFile`, naming file and line."""
    frequencies: dict[str, _Frequency] = {}
    found, line = False, ""
    for number, line in numbered_lines(path):
        if line.startswith(("#", "database_id\t")):
            continue
        columns = line.rstrip("\n").split("\t")
        if len(columns) != _N_COLUMNS:
            raise DamagedFile(
                f"{path}, line {number}: {len(columns)} columns instead of {_N_COLUMNS}; the line is cut or altered"
            )
        disease, name, qualifier, term, references, evidence, onset, frequency, sex, modifiers, aspect, by = columns
        if ":" not in disease or not name or qualifier not in ("", "NOT") or aspect not in _ASPECTS:
            raise DamagedFile(f"{path}, line {number}: not an annotation: {line[:60]!r}")
        known = frequencies.get(frequency)
        if known is None:
            known = frequencies[frequency] = _frequency(frequency, f"{path}, line {number}")
        found = True
        is_denied = qualifier == "NOT"
        about = (references, evidence, modifiers, by)
        yield Annotation(number, disease, name, term, aspect, is_denied, onset, sex, *known, *about)
    if not found:
        raise DamagedFile(f"{path}: holds no annotation; it is not a phenotype.hpoa file, or cut")
    if not line.endswith("\n"):
        raise DamagedFile(f"{path}: its last line has no end; the file is cut")


def by_use(names: Mapping[str, int]) -> list[str]:
    """A disease's names, given with the number of rows that use each; the one to call it by first.

    That is one not in capitals throughout, no retired term, the most used.

    >>> by_use({"MARFAN SYNDROME": 5, "Mental retardation 47": 3, "Intellectual disability 47": 1})
    ['Intellectual disability 47', 'Mental retardation 47', 'MARFAN SYNDROME']
    """
    return sorted(names, key=lambda name: (name.isupper(), name.startswith("Mental retardation"), -names[name]))


def page_of(identifier: str) -> str:
    """The page of a disease or term at its keeper.

    >>> page_of("OMIM:154700")
    'https://omim.org/entry/154700'
    """
    prefix, _, number = identifier.partition(":")
    return _URLS.get(prefix, "https://hpo.jax.org/").format(number)


def _frequency(text: str, where: str) -> _Frequency:
    """(present, examined, percent, class) as in `Annotation`. Raises `DamagedFile`.

    >>> _frequency("7/12", ""), _frequency("12.5%", ""), _frequency("HP:0040281", "")
    ((7, 12, None, ''), (0, 0, 12.5, ''), (0, 0, None, 'HP:0040281'))
    """
    match = _FREQUENCY.match(text)
    if match is None or int(match[1] or 0) > int(match[2] or 0) or float(match[3] or 0) > 100:
        raise DamagedFile(f"{where}: frequency {text!r} cannot be understood")
    return int(match[1] or 0), int(match[2] or 0), float(match[3]) if match[3] else None, match[4] or ""
