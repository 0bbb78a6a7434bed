"""Case reports as phenopackets: from the findings observed in a patient to the disease that was diagnosed.

Source: Danis et al. 2025, "A corpus of GA4GH phenopackets: Case-level phenotyping for genomic diagnostics and
discovery" (HGG Advances 6:100371), https://github.com/monarch-initiative/phenopacket-store; GA4GH Phenopacket schema
2.0, https://phenopacket-schema.readthedocs.io. A zip of JSON files ``…/<cohort>/<case>.json``. Diseases are OMIM's,
under the ids of `ragmed.corpora.hpo`. Reese et al. 2024 (medRxiv 2024.07.22.24310816) rank diseases for such cases and
report how many are first, and in the first ten.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from ragmed.benchmarks._archives import members
from ragmed.json_lines import text_of
from ragmed.protocols import Benchmark
from ragmed.report import Report
from ragmed.types import Query, Question

_MAX_BYTES = 20_000_000
"""Larger members are left out; the largest of the store has some 100 kB."""


@dataclass(frozen=True)
class Phenopackets:
    """A question a case, in the order of file names: the labels of the findings observed.

    ``min_observed``: cases with fewer observed findings are left out, and counted. ``max_per_disease``: of a disease
    with more cases the first so many count (0: all), since a few articles report dozens of patients each. ``meta``
    holds the ids of the findings ``observed`` and of those ``excluded``, the ``disease``'s name, the ``cohort`` and,
    where known, ``sex``, ``age`` and ``pmid``.
    """

    files: Mapping[str, Path]
    min_observed: int = 3
    max_per_disease: int = 0
    report: Report = field(default_factory=Report, compare=False, repr=False)

    @property
    def corpus(self) -> Mapping[str, Any] | None:
        return None

    def questions(self) -> Iterator[Question]:
        seen: set[str] = set()
        of_disease: Counter[str] = Counter()
        for name in sorted(self.files):
            for member, content in members(self.files[name], ".json", _MAX_BYTES):
                question = self._case(member, content)
                if question is None:
                    continue
                if question.query.query_id in seen:
                    self.report.skip("case given twice; the first counts", member)
                    continue
                seen.add(question.query.query_id)
                first = min(question.relevant)
                of_disease[first] += 1
                if 0 < self.max_per_disease < of_disease[first]:
                    self.report.skip("further case of a disease, beyond max_per_disease", member)
                    continue
                yield question

    def search_query(self, question: Question) -> str:
        return question.query.text

    def _case(self, member: str, content: bytes | None) -> Question | None:
        try:
            case = None if content is None else json.loads(content.decode("utf-8-sig"))
        except (ValueError, RecursionError):
            case = None
        if not isinstance(case, dict):
            self.report.skip("not a JSON object, or too large", member)
            return None
        observed, excluded = self._findings(case, member)
        diseases = _diagnosed(case)
        if not diseases:
            self.report.skip("no disease diagnosed", member)
            return None
        if len(observed) < max(1, self.min_observed):
            self.report.skip("fewer findings observed than min_observed", member)
            return None
        if len(diseases) > 1:
            self.report.note("several diseases diagnosed", member)
        subject = _object(case.get("subject"))
        age = _object(_object(subject.get("timeAtLastEncounter")).get("age")).get("iso8601duration")
        meta = {
            "observed": "; ".join(observed),
            "excluded": "; ".join(excluded),
            "disease": "; ".join(diseases.values()),
            "cohort": PurePosixPath(member).parent.name,
            "sex": text_of(subject.get("sex")).lower(),
            "age": text_of(age),
            "pmid": _pmid(case),
        }
        return Question(
            Query(text_of(case.get("id")) or PurePosixPath(member).stem, ", ".join(observed.values())),
            relevant=dict.fromkeys(diseases, 1),
            meta={key: value for key, value in meta.items() if value},
        )

    def _findings(self, case: Mapping[str, Any], member: str) -> tuple[dict[str, str], dict[str, str]]:
        """Id → label of the findings observed and of those excluded."""
        observed: dict[str, str] = {}
        excluded: dict[str, str] = {}
        for feature in _list(case.get("phenotypicFeatures")):
            kind = _object(_object(feature).get("type"))
            identifier, label = text_of(kind.get("id")).strip(), " ".join(text_of(kind.get("label")).split())
            if not identifier or not label:
                self.report.note("finding without id or label", member)
            else:
                (excluded if _object(feature).get("excluded") is True else observed)[identifier] = label
        if observed.keys() & excluded.keys():
            self.report.note("a finding both observed and excluded", member)
        return observed, excluded


def _diagnosed(case: Mapping[str, Any]) -> dict[str, str]:
    """Id → name of the diseases of solved interpretations; without any, of the diseases that are not excluded."""
    solved = [
        _object(_object(entry.get("diagnosis")).get("disease"))
        for entry in map(_object, _list(case.get("interpretations")))
        if entry.get("progressStatus") in ("SOLVED", "COMPLETED")
    ]
    told = [
        _object(entry.get("term"))
        for entry in map(_object, _list(case.get("diseases")))
        if entry.get("excluded") is not True
    ]
    for terms in (solved, told):
        named = {text_of(term.get("id")).strip(): text_of(term.get("label")).strip() for term in terms}
        named.pop("", None)
        if named:
            return named
    return {}


def _pmid(case: Mapping[str, Any]) -> str:
    references = map(_object, _list(_object(case.get("metaData")).get("externalReferences")))
    ids = (text_of(reference.get("id")) for reference in references)
    return next((name.removeprefix("PMID:") for name in ids if name.startswith("PMID:")), "")


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


COMPONENT: type[Benchmark] = Phenopackets
