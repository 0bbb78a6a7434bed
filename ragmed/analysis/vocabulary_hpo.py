"""The concepts of the Human Phenotype Ontology: its terms, and the diseases that its annotations name.

Sources: ``hp.obo`` (`ragmed.analysis.obo`) and ``phenotype.hpoa`` (`ragmed.analysis.hpoa`). Terms below HP:0000118
("Phenotypic abnormality") are findings; others say how a finding is, and are modifiers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from ragmed.analysis.hpoa import read_annotations
from ragmed.analysis.obo import descendants, names_of, read_obo
from ragmed.analysis.vocabulary import Concept, ConceptKind, is_short_form
from ragmed.types import Name, NameKind

FINDINGS = "HP:0000118"


def hpo_terms(path: Path) -> Iterator[Concept]:
    """The terms of an ``hp.obo`` file that are in use, in its order. Raises `DamagedFile`."""
    terms = [term for term in read_obo(path).terms.values() if term.name and not term.obsolete]
    findings = descendants(terms, FINDINGS)
    for term in terms:
        kind: ConceptKind = "finding" if term.identifier in findings else "modifier"
        yield Concept(term.identifier, "hpo", kind, (Name(term.name, "preferred"), *names_of(term)))


def hpo_diseases(path: Path) -> Iterator[Concept]:
    """The diseases of a ``phenotype.hpoa`` file, in its order, each by the name used most. Raises `DamagedFile`."""
    names: dict[str, Counter[str]] = {}
    for row in read_annotations(path):
        names.setdefault(row.disease, Counter())[row.name] += 1
    for identifier, used in names.items():
        ordered = sorted(used, key=lambda name: (name.isupper(), -used[name], name))
        kinds: list[NameKind] = ["abbreviation" if is_short_form(name) else "synonym" for name in ordered]
        kinds[0] = "preferred"
        listed = tuple(Name(name, kind) for name, kind in zip(ordered, kinds, strict=True))
        yield Concept(identifier, "hpo", "disease", listed)
