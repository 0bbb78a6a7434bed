"""The two files of the Human Phenotype Ontology, of one release: the terms, and the diseases annotated with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ragmed.analysis.hpoa import Annotation
from ragmed.analysis.hpoa import read_annotations as read_rows
from ragmed.analysis.obo import Term, read_obo
from ragmed.errors import DamagedFile


@dataclass(slots=True)
class Disease:
    """A disease's names, with the number of rows that use each, and its annotations in the file's order."""

    identifier: str
    names: dict[str, int]
    rows: list[Annotation]


def read_terms(path: Path) -> dict[str, Term]:
    """Identifier → term, in the file's order. Raises `DamagedFile`, naming file and line."""
    terms = read_obo(path).terms
    nameless = next((term for term in terms.values() if not term.name), None)
    if nameless is not None:
        raise DamagedFile(f"{path}: {nameless.identifier} has no name; the file is cut")
    return terms


def read_annotations(path: Path, terms: Mapping[str, Term]) -> dict[str, Disease]:
    """Identifier → disease, in the file's order. Raises `DamagedFile`, naming file and line."""
    diseases: dict[str, Disease] = {}
    for row in read_rows(path):
        for known in (row.term, row.onset):
            if known and known not in terms:
                raise DamagedFile(
                    f"{path}, line {row.line}: {known} is not in the ontology file; are they one release?"
                )
        disease = diseases.get(row.disease)
        if disease is None:
            disease = diseases[row.disease] = Disease(row.disease, {}, [])
        disease.names[row.name] = disease.names.get(row.name, 0) + 1
        disease.rows.append(row)
    return diseases
