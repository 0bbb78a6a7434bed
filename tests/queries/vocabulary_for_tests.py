"""A vocabulary of a few concepts, and term statistics of a few words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ragmed.analysis.terms import stem
from ragmed.analysis.vocabulary import Concept, ConceptKind, Vocabulary, write_vocabulary
from ragmed.types import Evidence, Name, NameKind, Query


def concept(identifier: str, kind: ConceptKind, preferred: str, **others: Sequence[str]) -> Concept:
    """A concept of HPO's; ``others`` are names by kind, as ``lay=["Heart attack"]``."""
    kinds: dict[str, NameKind] = {name: name for name in ("synonym", "lay", "abbreviation", "related")}  # type: ignore[misc]
    names = [Name(text, kinds[key]) for key, texts in others.items() for text in texts]
    return Concept(identifier, "hpo", kind, (Name(preferred, "preferred"), *names))


CONCEPTS = (
    concept(
        "HP:1", "finding", "Myocardial infarction", lay=["Heart attack"], abbreviation=["MI"], related=["Cardiac event"]
    ),
    concept("HP:2", "finding", "Epistaxis", synonym=["Nasal hemorrhage"], lay=["Nosebleed", "Bloody nose"]),
    concept("HP:3", "finding", "Fever", synonym=["Pyrexia"]),
    concept("HP:4", "finding", "Cough"),
    concept("HP:5", "finding", "Chest pain", synonym=["Thoracic pain"]),
    concept("HP:6", "finding", "Atrial septal defect", abbreviation=["ASD"]),
    concept("HP:7", "finding", "Autism spectrum disorder", abbreviation=["ASD"]),
    concept("HP:8", "modifier", "Severe"),
    concept("HP:9", "disease", "Marfan syndrome"),
    concept("HP:10", "finding", "Diabetes mellitus"),
)


def vocabulary_in(folder: Path) -> Vocabulary:
    """`CONCEPTS`, written below ``folder`` and opened."""
    path = folder / "vocabulary"
    path.mkdir()
    write_vocabulary(path, CONCEPTS)
    return Vocabulary(path)


@dataclass(frozen=True)
class StatisticsForTests:
    """Term statistics of the words given, by the number of passages that have each."""

    passages_with: Mapping[str, int]

    @property
    def n_passages(self) -> int:
        return 1000

    def document_frequencies(self, terms: Sequence[str]) -> Sequence[int]:
        known = dict(zip(stem(self.passages_with), self.passages_with.values(), strict=True))
        return [known.get(term, 0) for term in terms]


def no_retrieval(queries: Sequence[Query], k: int) -> list[tuple[Evidence, ...]]:
    """A `ragmed.protocols.Retrieve` that must not be called."""
    raise AssertionError("searched")
