"""The Human Phenotype Ontology: its terms, and the diseases that are annotated with them.

Source: Gargano et al. 2024, "The Human Phenotype Ontology in 2024", Nucleic Acids Research 52(D1): D1333–D1346,
doi:10.1093/nar/gkad1005. Each row of ``phenotype.hpoa`` is one edge from a disease to a term; rows about one finding
are not joined, for each rests on evidence of its own. Where a row gives a class of frequency (HP:0040279), the
frequency is the middle of its interval. A row that counts no patient ("0/3") is no denial: its frequency is 0.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ragmed.analysis.hpoa import Annotation, by_use, page_of, read_annotations
from ragmed.analysis.obo import descendants, read_obo, read_release
from ragmed.analysis.vocabulary import is_short_form
from ragmed.analysis.vocabulary_hpo import FINDINGS
from ragmed.knowledge._obo import obo_facts
from ragmed.protocols import Knowledge
from ragmed.report import Report
from ragmed.types import Edge, Name, Node, NodeKind, Retired

_SOURCE = "hpo"
_ONSET = "HP:0003674"
_PREDICATES = {"P": "has_finding", "I": "inherited_as", "C": "has_course", "M": "has_modifier", "H": "has_history"}
_FREQUENCIES = {
    "HP:0040280": 1.0,
    "HP:0040281": 0.895,
    "HP:0040282": 0.545,
    "HP:0040283": 0.17,
    "HP:0040284": 0.025,
    "HP:0040285": 0.0,
}
"""HPO's classes: obligate (100%), very frequent (80–99%), frequent (30–79%), occasional (5–29%), very rare (1–4%),
excluded (0%)."""
_EXCLUDED = "HP:0040285"
_SEXES = {"MALE": "male", "FEMALE": "female"}
_DATE = re.compile(r"\[(\d{4}-\d{2}-\d{2})\]")


@dataclass(frozen=True)
class HPO:
    """Terms with their edges, the ids that terms had before, annotations, then diseases, in the order of the files."""

    files: Mapping[str, Path]
    report: Report = field(default_factory=Report, compare=False, repr=False)

    def facts(self) -> Iterator[Node | Retired | Edge]:
        ontology = read_obo(self.files["hp.obo"])
        current = [term for term in ontology.terms.values() if not term.obsolete]
        findings = descendants(current, FINDINGS)

        def kind_of(identifier: str) -> NodeKind:
            return "finding" if identifier in findings else "modifier"

        terms = {term.identifier for term in current}
        retired: dict[str, str] = {}
        for fact in obo_facts(ontology, _SOURCE, kind_of, page_of, self.report):
            if isinstance(fact, Retired):
                retired[fact.node_id] = fact.replaced_by
            yield fact
        onsets = descendants(current, _ONSET)
        annotations = _Annotations(terms, retired, onsets, self.report)
        names: dict[str, Counter[str]] = {}
        for row in read_annotations(self.files["phenotype.hpoa"]):
            names.setdefault(row.disease, Counter())[row.name] += 1
            edge = annotations.edge(row)
            if edge is not None:
                yield edge
        for identifier, used in names.items():
            first, *others = by_use(used)
            listed = (Name(name, "abbreviation" if is_short_form(name) else "synonym") for name in others)
            yield Node(identifier, first, "disease", _SOURCE, tuple(listed), url=page_of(identifier))

    def release(self) -> str:
        return read_release(self.files["hp.obo"])


class _Annotations:
    """Makes edges of the rows, with terms that are in use."""

    def __init__(self, terms: set[str], retired: Mapping[str, str], onsets: set[str], report: Report) -> None:
        self._terms, self._retired, self._onsets, self._report = terms, retired, onsets, report

    def edge(self, row: Annotation) -> Edge | None:
        term = self._in_use(row.term, row)
        if not term:
            self._report.skip("annotation with a term that is not in the ontology", f"line {row.line}: {row.term}")
            return None
        onset = self._in_use(row.onset, row) if row.onset else ""
        if row.onset and not onset:
            self._report.note("onset that is not in the ontology, left out", f"line {row.line}: {row.onset}")
        if row.modifiers:
            self._report.note("modifier of a finding, left out", f"line {row.line}: {row.modifiers}")
        if row.frequency_term and row.frequency_term not in _FREQUENCIES:
            self._report.note("frequency that is no class of HPO, left out", f"line {row.line}: {row.frequency_term}")
        dates = _DATE.findall(row.biocuration)
        is_onset = row.aspect == "C" and term in self._onsets
        return Edge(
            subject=row.disease,
            predicate="has_onset" if is_onset else _PREDICATES[row.aspect],
            object=term,
            source=_SOURCE,
            negated=row.excluded or row.frequency_term == _EXCLUDED,
            frequency=_share(row),
            n_present=row.present,
            n_examined=row.examined,
            onset=onset,
            sex=_SEXES.get(row.sex.upper(), ""),
            evidence=tuple(reference.strip() for reference in row.references.split(";") if reference.strip()),
            basis=row.evidence,
            date=dates[-1] if dates else "",
        )

    def _in_use(self, identifier: str, row: Annotation) -> str:
        """The id that now stands for one; empty where none does."""
        current, seen = identifier, set()
        while current in self._retired and current not in seen:
            seen.add(current)
            current = self._retired[current]
        if current not in self._terms:
            return ""
        if current != identifier:
            self._report.note("annotation with a retired id, mapped", f"line {row.line}: {identifier} → {current}")
        return current


def _share(row: Annotation) -> float | None:
    """The share of patients with the finding, None where the row does not say."""
    if row.examined:
        return row.present / row.examined
    if row.percent is not None:
        return row.percent / 100
    return _FREQUENCIES.get(row.frequency_term)


COMPONENT: type[Knowledge] = HPO
