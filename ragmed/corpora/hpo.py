"""The Human Phenotype Ontology: a document for each annotated disease and each defined term.

Sources: ``hp.obo`` (OBO 1.4, https://owlcollab.github.io/oboformat/doc/GO.format.obo-1_4.html) and
``phenotype.hpoa`` (https://obophenotype.github.io/human-phenotype-ontology/annotations/phenotype_hpoa/);
Gargano et al. 2024, "The Human Phenotype Ontology in 2024", Nucleic Acids Research 52(D1). The texts put
the annotations into plain sentences, each naming its disease or term so that it can be quoted alone.
Nothing is added: what the files do not say is not said.

Rows that give the same finding for a disease are joined; counts (7/12) are pooled over them and put into
HPO's own frequency classes (subontology HP:0040279).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ragmed.errors import DamagedFile
from ragmed.protocols import Corpus
from ragmed.types import Document

_CLASSES = (
    ("HP:0040280", 1.0, "Obligate (100%) findings in {}"),
    ("HP:0040281", 0.8, "Very frequent (80–99%) findings in {}"),
    ("HP:0040282", 0.3, "Frequent (30–79%) findings in {}"),
    ("HP:0040283", 0.05, "Occasional (5–29%) findings in {}"),
    ("HP:0040284", 0.0, "Very rare (1–4%) findings in {}"),
    ("", -1.0, "Findings in {}, frequency not recorded"),
    ("HP:0040285", -2.0, "Findings that do not occur in {}"),
)
"""Frequency class, its lower bound as a share, how a sentence about it begins."""
_UNRECORDED, _EXCLUDED = 5, 6

_ONSET, _INHERITANCE = "HP:0003674", "HP:0000005"
_URLS = {
    "OMIM": "https://omim.org/entry/{}",
    "ORPHA": "https://www.orpha.net/en/disease/detail/{}",
    "DECIPHER": "https://www.deciphergenomics.org/syndrome/{}/overview",
    "HP": "https://hpo.jax.org/browse/term/HP:{}",
}
_PER_SENTENCE = 30
"""Findings in one sentence at most."""
_N_SYNONYMS = 6

_COUNTS = re.compile(r"(\d+)/(\d+)\Z")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_COLUMNS = 12


@dataclass(slots=True)
class Term:
    """One term of the ontology."""

    identifier: str
    name: str = ""
    definition: str = ""
    synonyms: list[str] = field(default_factory=list)
    parents: list[str] = field(default_factory=list)
    obsolete: bool = False


@dataclass(slots=True)
class _Finding:
    """What the rows of one disease say of one term."""

    present: int = 0
    examined: int = 0
    classes: list[int] = field(default_factory=list)
    excluded: bool = False


@dataclass(frozen=True)
class HPO:
    """Diseases in the order of their identifiers, then terms in theirs."""

    files: Mapping[str, Path]
    licence: str = ""

    def documents(self) -> Iterator[Document]:
        terms, release = read_terms(self.files["hp.obo"])
        phrase = _Phrases(terms)
        annotations = read_annotations(self.files["phenotype.hpoa"], terms)
        for identifier in sorted(annotations, key=_numeric):
            name, rows = annotations[identifier]
            yield self._document(identifier, name, _disease_text(name, rows, terms, phrase), "disease", release)
        for identifier in sorted(terms):
            term = terms[identifier]
            if term.definition and not term.obsolete:
                yield self._document(identifier, term.name, _term_text(term, terms, phrase), "finding", release)

    def release(self) -> str:
        with self.files["hp.obo"].open(encoding="utf-8", errors="replace") as file:
            return next((line.rsplit("/", 1)[-1].strip() for line in file if line.startswith("data-version: ")), "")

    def _document(self, identifier: str, name: str, text: str, kind: str, release: str) -> Document:
        prefix, _, number = identifier.partition(":")
        return Document(
            doc_id=identifier,
            title=name,
            text=text,
            source="hpo",
            url=_URLS[prefix].format(number) if prefix in _URLS else "https://hpo.jax.org/",
            licence=self.licence,
            published=release,
            kind=kind,
            meta={"identifier": identifier, "release": release},
        )


def read_terms(path: Path) -> tuple[dict[str, Term], str]:
    """Identifier → term, and the release date, of an ``.obo`` file. Raises `DamagedFile`."""
    terms: dict[str, Term] = {}
    release = ""
    term: Term | None = None
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            key, separator, value = line.rstrip("\n").partition(": ")
            if line.startswith("["):
                term = Term("") if line.startswith("[Term]") else None
            elif key == "data-version":
                release = value.rsplit("/", 1)[-1]
            elif term is None or not separator:
                continue
            elif key == "id":
                term.identifier = value
                terms[value] = term
            elif key == "name":
                term.name = value
            elif key in ("def", "synonym"):
                quoted = _QUOTED.match(value)
                if quoted is None:
                    raise DamagedFile(f"{path}, line {number}: {key} without a quoted text")
                text = " ".join(quoted.group(1).replace('\\"', '"').replace("\\n", " ").split())
                if key == "def":
                    term.definition = text
                elif value[quoted.end() :].startswith(" EXACT") and text != term.name:
                    term.synonyms.append(text)
            elif key == "is_a":
                term.parents.append(value.split(" ! ")[0].split(" {")[0])
            elif key == "is_obsolete":
                term.obsolete = value == "true"
    if not terms or not release:
        raise DamagedFile(f"{path}: not an OBO file, or cut short: {len(terms)} terms, release {release!r}")
    return terms, release


def read_annotations(path: Path, terms: Mapping[str, Term]) -> dict[str, tuple[str, list[list[str]]]]:
    """Disease identifier → its name and rows, of a ``phenotype.hpoa`` file. Raises `DamagedFile`."""
    diseases: dict[str, tuple[str, list[list[str]]]] = {}
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            if line.startswith(("#", "database_id")):
                continue
            row = line.rstrip("\n").split("\t")
            if len(row) != _COLUMNS or ":" not in row[0]:
                raise DamagedFile(f"{path}, line {number}: {len(row)} columns instead of {_COLUMNS}; the file is cut")
            if row[3] not in terms:
                raise DamagedFile(f"{path}, line {number}: term {row[3]!r} is not in the ontology file")
            diseases.setdefault(row[0], (" ".join(row[1].split()), []))[1].append(row)
    if not diseases:
        raise DamagedFile(f"{path}: holds no annotation")
    return diseases


class _Phrases:
    """Term names as they read inside a sentence: "Ectopia lentis" → "ectopia lentis"; "EEG" and names of
    people and places stay as they are."""

    def __init__(self, terms: Mapping[str, Term]) -> None:
        self._terms = terms
        # Whether a word is a name is read off the ontology: how does it write it inside a sentence?
        inside = Counter(
            word
            for term in terms.values()
            for text in (term.name, term.definition, *term.synonyms)
            for word in _INSIDE.findall(text)
        )
        self._names = {word for word in inside if word[0].isupper() and inside[word] > inside[word.lower()]}
        self.onset_terms = _descendants(terms, _ONSET)

    def __call__(self, identifier: str) -> str:
        return self.small(self._terms[identifier].name)

    def small(self, name: str) -> str:
        """``name`` with a small first letter unless it begins with an acronym, a symbol or a proper name."""
        first = _FIRST.match(name)
        if first is None or not first.group()[1:].islower() or first.group() in self._names:
            return name
        if _AFTER_AN_EPONYM.match(name[first.end() :]):
            return name
        return name[0].lower() + name[1:]


_INSIDE = re.compile(r"(?<=[a-z,;] )[^\W\d_][\w’-]*")
_FIRST = re.compile(r"[^\W\d_][\w’-]*")
_AFTER_AN_EPONYM = re.compile(r"(?:'s)? (?:sign|malformation|anomaly|phenomenon|reflex|nodes?|spots?|rings?|bodies)\b")


def _descendants(terms: Mapping[str, Term], root: str) -> set[str]:
    children: defaultdict[str, list[str]] = defaultdict(list)
    for term in terms.values():
        for parent in term.parents:
            children[parent].append(term.identifier)
    found, waiting = {root}, [root]
    while waiting:
        for child in children[waiting.pop()]:
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found


def _disease_text(name: str, rows: Iterable[list[str]], terms: Mapping[str, Term], phrase: _Phrases) -> str:
    inheritance: dict[str, None] = {}
    onset: dict[str, None] = {}
    course: dict[str, None] = {}
    history: dict[str, None] = {}
    findings: defaultdict[str, _Finding] = defaultdict(_Finding)
    for row in rows:
        _, _, qualifier, identifier, _, _, row_onset, frequency, _, _, aspect, _ = row
        if aspect == "I":
            inheritance[identifier] = None
        elif aspect == "C":
            (onset if identifier in phrase.onset_terms else course)[identifier] = None
        elif aspect in ("M", "H"):
            history[identifier] = None
        else:
            _add(findings[identifier], qualifier, frequency)
            if row_onset in terms:
                onset[row_onset] = None
    classes: list[list[str]] = [[] for _ in _CLASSES]
    for identifier, finding in findings.items():
        classes[_class_of(finding)].append(phrase(identifier))
    sentences = []
    if inheritance:
        sentences.append(f"Mode of inheritance of {name}: {_list(phrase(i) for i in inheritance)}.")
    for (_, _, head), members in zip(_CLASSES, classes, strict=True):
        members.sort(key=str.casefold)
        n_sentences = -(-len(members) // _PER_SENTENCE)
        for part in range(n_sentences):
            sentences.append(f"{head.format(name)}: {_list(members[part::n_sentences])}.")
    if onset:
        sentences.append(f"Age of onset of {name}: {_list(phrase(i) for i in onset)}.")
    if course:
        sentences.append(f"Clinical course of {name}: {_list(phrase(i) for i in course)}.")
    if history:
        sentences.append(f"Circumstances noted in {name}: {_list(phrase(i) for i in history)}.")
    return "\n".join(sentences)


def _add(finding: _Finding, qualifier: str, frequency: str) -> None:
    counts = _COUNTS.match(frequency)
    if qualifier == "NOT":
        finding.excluded = True
    elif counts:
        finding.present += int(counts.group(1))
        finding.examined += int(counts.group(2))
    elif frequency.endswith("%"):
        finding.classes.append(_class_of_share(float(frequency.rstrip("%")) / 100))
    else:
        known = [i for i, (identifier, _, _) in enumerate(_CLASSES) if identifier == frequency]
        finding.classes.append(known[0] if known else _UNRECORDED)


def _class_of(finding: _Finding) -> int:
    """The class of a finding: pooled counts first, then the most frequent class named, then exclusion."""
    if finding.examined:
        return _class_of_share(finding.present / finding.examined)
    if finding.classes:
        return min(finding.classes)
    return _EXCLUDED


def _class_of_share(share: float) -> int:
    if share == 0:
        return _EXCLUDED
    return next(i for i, (_, least, _) in enumerate(_CLASSES) if share >= least)


def _term_text(term: Term, terms: Mapping[str, Term], phrase: _Phrases) -> str:
    definition = term.definition if term.definition.endswith((".", "!", "?")) else term.definition + "."
    sentences = [f"{term.name}: {definition}"]
    if term.synonyms:
        names = [phrase.small(synonym) for synonym in term.synonyms[:_N_SYNONYMS]]
        sentences.append(f"{term.name} is also called: {_list(names)}.")
    parents = [phrase(parent) for parent in term.parents if parent in terms and parent != "HP:0000118"]
    if parents:
        sentences.append(f"{term.name} is a kind of: {_list(parents)}.")
    return "\n".join(sentences)


def _list(items: Iterable[str]) -> str:
    """Items as prose; with semicolons where an item itself has a comma.

    >>> _list(["fever", "cough", "rash"]), _list(["fever, high", "cough"])
    ('fever, cough, rash', 'fever, high; cough')
    """
    listed = list(items)
    return ("; " if any("," in item for item in listed) else ", ").join(listed)


def _numeric(identifier: str) -> tuple[str, int, str]:
    prefix, _, number = identifier.partition(":")
    return prefix, int(number) if number.isdigit() else 0, number


COMPONENT: type[Corpus] = HPO
