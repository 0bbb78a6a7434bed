"""The Human Phenotype Ontology: a document for each annotated disease and each defined term.

Source: Gargano et al. 2024, "The Human Phenotype Ontology in 2024", Nucleic Acids Research 52(D1). The
texts put the annotations into plain sentences, one a line, each naming its disease or term so that it can
be quoted alone. Nothing is added: what the files do not say is not said.

Rows that give one finding of a disease are joined: counts ("7/12" and "1/8" patients) are added up and put
into HPO's frequency classes (HP:0040279). A count of all or of none of the patients examined is said as
such, for two patients of two do not make a finding obligatory, nor do none of three exclude it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from ragmed.analysis.hpoa import Annotation, by_use, page_of
from ragmed.analysis.obo import Term, descendants, read_release
from ragmed.corpora._hpo_files import Disease, read_annotations, read_terms
from ragmed.corpora._hpo_names import Names
from ragmed.protocols import Corpus
from ragmed.types import Document

_OBLIGATE, _EVERYONE, _VERY_FREQUENT, _FREQUENT, _OCCASIONAL, _VERY_RARE, _UNRECORDED, _NOBODY, _EXCLUDED = range(9)
_HEADS = (
    "Obligate (100%) findings in {}",
    "Findings in every examined patient with {}",
    "Very frequent (80–99%) findings in {}",
    "Frequent (30–79%) findings in {}",
    "Occasional (5–29%) findings in {}",
    "Very rare (1–4%) findings in {}",
    "Findings of unrecorded frequency in {}",
    "Findings in no examined patient with {}",
    "Findings that do not occur in {}",
)
"""How a sentence about a frequency class begins, in the order of the sentences."""
_CLASS_OF_TERM = {
    "HP:0040280": _OBLIGATE,
    "HP:0040281": _VERY_FREQUENT,
    "HP:0040282": _FREQUENT,
    "HP:0040283": _OCCASIONAL,
    "HP:0040284": _VERY_RARE,
    "HP:0040285": _EXCLUDED,
}
_LOWER_BOUNDS = ((0.8, _VERY_FREQUENT), (0.3, _FREQUENT), (0.05, _OCCASIONAL), (0.0, _VERY_RARE))

_T = TypeVar("_T")
_ONSET = "HP:0003674"
_MAX_FINDINGS = 30
"""Findings in one sentence at most."""
_MAX_SYNONYMS = 6


@dataclass(slots=True)
class _Finding:
    """What the rows of one disease say of one term, joined."""

    present: int = 0
    examined: int = 0
    classes: list[int] = field(default_factory=list)
    sexes: set[str] = field(default_factory=set)

    def add(self, row: Annotation) -> None:
        self.sexes.add(row.sex)
        if row.excluded:
            self.classes.append(_EXCLUDED)
        elif row.examined:
            self.present += row.present
            self.examined += row.examined
        elif row.percent is not None:
            self.classes.append(_class_of_share(row.percent / 100))
        else:
            self.classes.append(_CLASS_OF_TERM.get(row.frequency_term, _UNRECORDED))

    @property
    def frequency(self) -> int:
        """The frequency class: by the counts where there are some, else the most frequent one given."""
        if not self.examined:
            return min(self.classes)
        if self.present in (0, self.examined):
            return _EVERYONE if self.present else _NOBODY
        return _class_of_share(self.present / self.examined)

    @property
    def share(self) -> float:
        return self.present / self.examined if self.examined else 0.0


@dataclass(frozen=True)
class HPO:
    """Diseases in the order of their identifiers, then terms in theirs."""

    files: Mapping[str, Path]
    licence: str = ""

    def documents(self) -> Iterator[Document]:
        terms = read_terms(self.files["hp.obo"])
        diseases = read_annotations(self.files["phenotype.hpoa"], terms)
        release = self.release()
        texts = _Texts(terms, diseases.values())
        for identifier in sorted(diseases, key=_numeric):
            name, text = texts.of_disease(diseases[identifier])
            yield self._document(identifier, name, text, "disease", release)
        for identifier in sorted(terms):
            term = terms[identifier]
            if term.definition and not term.obsolete:
                yield self._document(identifier, term.name, texts.of_term(term), "finding", release)

    def release(self) -> str:
        return read_release(self.files["hp.obo"])

    def _document(self, identifier: str, title: str, text: str, kind: str, release: str) -> Document:
        return Document(
            doc_id=identifier,
            title=title,
            text=text,
            source="hpo",
            url=page_of(identifier),
            licence=self.licence,
            published=release,
            kind=kind,
            meta={"identifier": identifier, "release": release},
        )


class _Texts:
    """Writes the documents' texts."""

    def __init__(self, terms: Mapping[str, Term], diseases: Iterable[Disease]) -> None:
        self._terms = terms
        self._names = Names(terms, (name for disease in diseases for name in disease.names))
        self._phrases: dict[str, str] = {}
        self._onsets = descendants(terms.values(), _ONSET)

    def of_disease(self, disease: Disease) -> tuple[str, str]:
        """The disease's name and what is known of it, one sentence a line."""
        names = list(dict.fromkeys(self._names.calm(name) for name in by_use(disease.names)))
        name = names[0]
        rows = [row for row in disease.rows if not (row.aspect in "ICM" and _denied(row))]
        findings: dict[str, _Finding] = defaultdict(_Finding)
        history = {row.term for row in rows if row.aspect == "H" and not _denied(row)}
        for row in rows:
            if row.aspect == "P" or (row.aspect == "H" and row.term not in history):
                findings[row.term].add(row)
        sentences = [
            *self._inheritance(name, _distinct(row.term for row in rows if row.aspect == "I")),
            *self._findings(name, findings),
        ]
        onsets = _distinct(row.term for row in rows if row.aspect == "C" and row.term in self._onsets)
        if onsets:
            sentences.append(f"Age of onset of {name}: {_list(map(self._phrase, onsets))}.")
        dated = _distinct((row.term, row.onset) for row in rows if row.onset and row.aspect == "P")
        if dated:
            listed = _list(f"{self._phrase(term)} ({self._phrase(onset)})" for term, onset in dated)
            sentences.append(f"Age of onset of single findings in {name}: {listed}.")
        for head, aspect in (("Clinical course of", "C"), ("Clinical modifiers of", "M"), ("History noted in", "H")):
            noted = [row.term for row in rows if row.aspect == aspect and row.term not in onsets]
            if aspect == "H":
                noted = [term for term in noted if term in history]
            if noted:
                sentences.append(f"{head} {name}: {_list(map(self._phrase, _distinct(noted)))}.")
        others = [other for other in names[1:] if other.casefold() != name.casefold()]
        if others:
            sentences.append(f"{name} is also annotated as: {_list(others)}.")
        return name, "\n".join(sentences)

    def of_term(self, term: Term) -> str:
        """The term's definition, synonyms and parents, each sentence naming it."""
        stop = "" if term.definition.endswith((".", "!", "?")) else "."
        sentences = [f"{term.name}: {term.definition}{stop}"]
        synonyms = _distinct_spellings(term.name, term.exact_synonyms)[:_MAX_SYNONYMS]
        if synonyms:
            sentences.append(f"{term.name} is also called: {_list(map(self._names.small, synonyms))}.")
        parents = [self._phrase(parent) for parent in term.parents if parent in self._terms]
        if parents:
            sentences.append(f"{term.name} is a kind of: {_list(parents)}.")
        return "\n".join(sentences)

    def _phrase(self, identifier: str) -> str:
        phrase = self._phrases.get(identifier)
        if phrase is None:
            phrase = self._phrases[identifier] = self._names.small(self._terms[identifier].name)
        return phrase

    def _inheritance(self, name: str, modes: Sequence[str]) -> Iterator[str]:
        phrases = [self._phrase(mode) for mode in modes]
        manners = [phrase for phrase in phrases if phrase.endswith(" inheritance")]
        if manners:
            listed = " or ".join(_with_article(manner.removesuffix(" inheritance")) for manner in manners)
            yield f"{name} is inherited in {listed} manner."
        for phrase in phrases:
            if phrase.startswith("typified by "):
                yield f"{name} is {phrase}."
            elif phrase not in manners:
                yield f"Inheritance of {name}: {phrase.replace(' inheritance', '')}."

    def _findings(self, name: str, findings: Mapping[str, _Finding]) -> Iterator[str]:
        classes: list[list[tuple[float, str, str]]] = [[] for _ in _HEADS]
        for identifier, finding in findings.items():
            phrase = self._phrase(identifier)
            only = {"MALE": f"{phrase} (in males)", "FEMALE": f"{phrase} (in females)"}
            said = only.get(next(iter(finding.sexes)), phrase) if len(finding.sexes) == 1 else phrase
            classes[finding.frequency].append((-finding.share, phrase.casefold(), said))
        for head, members in zip(_HEADS, classes, strict=True):
            listed = [said for _, _, said in sorted(members)]
            n_sentences = -(-len(listed) // _MAX_FINDINGS)
            for part in range(n_sentences):
                some = listed[len(listed) * part // n_sentences : len(listed) * (part + 1) // n_sentences]
                yield f"{head.format(name)}: {_list(some)}."


def _class_of_share(share: float) -> int:
    """The frequency class of a share of patients (0–1) that is given as such.

    >>> _HEADS[_class_of_share(0.5)]
    'Frequent (30–79%) findings in {}'
    """
    if share >= 1.0:
        return _OBLIGATE
    return next(name for bound, name in _LOWER_BOUNDS if share >= bound)


def _denied(row: Annotation) -> bool:
    return row.excluded or (row.examined > 0 and row.present == 0) or row.frequency_term == "HP:0040285"


def _distinct(items: Iterable[_T]) -> list[_T]:
    return list(dict.fromkeys(items))


def _distinct_spellings(name: str, synonyms: Iterable[str]) -> list[str]:
    """The synonyms that differ from the name and from one another in more than case and punctuation.

    >>> _distinct_spellings("Long fingers", ["Long, fingers", "Spider fingers", "spider-fingers"])
    ['Spider fingers']
    """
    spellings = {"".join(c for c in synonym.casefold() if c.isalnum()): synonym for synonym in reversed([*synonyms])}
    spellings.pop("".join(c for c in name.casefold() if c.isalnum()), None)
    return list(reversed(spellings.values()))


def _list(items: Iterable[str]) -> str:
    """Items as prose; with semicolons where an item itself has a comma.

    >>> _list(["fever", "cough", "rash"]), _list(["fever, high", "cough"])
    ('fever, cough, rash', 'fever, high; cough')
    """
    listed = list(items)
    return ("; " if any("," in item for item in listed) else ", ").join(listed)


def _with_article(adjective: str) -> str:
    """The adjective after "a" or "an", as it is spoken.

    >>> _with_article("autosomal dominant"), _with_article("X-linked"), _with_article("Y-linked")
    ('an autosomal dominant', 'an X-linked', 'a Y-linked')
    """
    return f"{'an' if adjective[:1] in 'aeioX' else 'a'} {adjective}"


def _numeric(identifier: str) -> tuple[str, int, str]:
    prefix, _, number = identifier.partition(":")
    return prefix, int(number) if number.isdigit() else 0, number


COMPONENT: type[Corpus] = HPO
