"""MedQuAD against itself: from a question to the answers that other pages give to the same question in other words.

Source: Ben Abacha and Demner-Fushman 2019, "A Question-Entailment Approach to Question Answering" (BMC
Bioinformatics 20:511), https://github.com/abachaa/MedQuAD: a zip with an XML file a page, each with its focus, the
focus's CUIs and question-answer pairs of a type (``qtype``). Its questions were made from templates, so those that ask
the same of one disease differ in the name by which it goes. The task is this project's own; the judgements follow from
MedQuAD's annotations, and nobody has checked them one by one.

Leave-one-out: a question's own pair is in the index and out of its reach (``meta["exclude"]``). Documents are
`ragmed.corpora.medquad`'s, each with its question.
"""

from __future__ import annotations

import hashlib
import re
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from ragmed.benchmarks._archives import members
from ragmed.protocols import Benchmark
from ragmed.report import Report
from ragmed.types import Query, Question

_MAX_BYTES = 50_000_000
"""Larger members are left out; the largest of MedQuAD has 0.1 MB."""
_DECLARATION = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_NO_WORD = re.compile(r"\W+")


@dataclass(frozen=True, slots=True)
class _Pair:
    """An answered question. ``focus`` is in lower case, ``words`` the question's, to compare wordings by."""

    doc_id: str
    text: str
    words: str
    focus: str
    cuis: frozenset[str]
    kind: str
    site: str


@dataclass(frozen=True)
class MedQuADQuestions:
    """Up to ``n`` questions in the order of their ids, their type as group. File: ``medquad``, the zip.

    Relevant (grade 1) are the pairs of the same type that are worded otherwise and whose focus has the same name, or
    the same CUIs and stands on another site. CUIs that more than ``max_focuses`` names share are too broad to say that
    two mean the same. A question is asked where another site has such a pair and no pair repeats its words, which
    would be found by them alone; of more than ``n``, those whose id has the lowest SHA-256.
    """

    files: Mapping[str, Path]
    n: int = 500
    max_focuses: int = 3
    report: Report = field(default_factory=Report, compare=False, repr=False)

    @property
    def corpus(self) -> Mapping[str, Any] | None:
        return None

    def questions(self) -> Iterator[Question]:
        pairs = [pair for name in sorted(self.files) for pair in self._pairs(self.files[name])]
        names: dict[frozenset[str], set[str]] = defaultdict(set)
        for pair in pairs:
            names[pair.cuis].add(pair.focus)
        narrow = {cuis for cuis, of_cuis in names.items() if cuis and len(of_cuis) <= self.max_focuses}
        by_focus: dict[tuple[str, str], list[_Pair]] = defaultdict(list)
        by_cuis: dict[tuple[frozenset[str], str], list[_Pair]] = defaultdict(list)
        for pair in pairs:
            by_focus[pair.focus, pair.kind].append(pair)
            if pair.cuis in narrow:
                by_cuis[pair.cuis, pair.kind].append(pair)
        asked = []
        for pair in pairs:
            same_focus, same_cuis = by_focus[pair.focus, pair.kind], by_cuis.get((pair.cuis, pair.kind), [])
            partners = self._partners(pair, same_focus, same_cuis)
            if partners:
                asked.append((pair, partners))
        chosen = sorted(asked, key=lambda entry: hashlib.sha256(entry[0].doc_id.encode()).digest())[: max(0, self.n)]
        if len(chosen) < len(asked):
            self.report.skip("beyond the number of questions asked for", n=len(asked) - len(chosen))
        for pair, partners in sorted(chosen, key=lambda entry: entry[0].doc_id):
            yield Question(
                Query(pair.doc_id, pair.text),
                group=pair.kind,
                relevant=dict.fromkeys(sorted(partner.doc_id for partner in partners), 1),
                meta={"exclude": pair.doc_id, "focus": pair.focus, "site": pair.site},
            )

    def search_query(self, question: Question) -> str:
        return question.query.text

    def _partners(self, pair: _Pair, same_focus: Sequence[_Pair], same_cuis: Sequence[_Pair]) -> list[_Pair]:
        """The pairs that answer the same question; none where the question is not one to ask."""
        other_sites = [other for other in same_cuis if other.site != pair.site]
        by_id = {other.doc_id: other for other in (*same_focus, *other_sites) if other.doc_id != pair.doc_id}
        partners = list(by_id.values())
        if not any(partner.site != pair.site for partner in partners):
            self.report.skip("no other site answers it", pair.doc_id)
            return []
        if any(partner.words == pair.words for partner in partners):
            self.report.skip("asked elsewhere in the same words", pair.doc_id)
            return []
        return partners

    def _pairs(self, path: Path) -> Iterator[_Pair]:
        for member, content in members(path, ".xml", _MAX_BYTES):
            page = PurePosixPath(member)
            root = None if content is None else _root(content)
            if root is None:
                self.report.skip("page not read: not valid XML, or too large", member)
                continue
            focus, site = _line(root.findtext("Focus")).casefold(), root.get("source", "")
            cuis = frozenset(filter(None, (_line(element.text) for element in root.iter("CUI"))))
            for element in root.iter("QAPair"):
                question, answer = element.find("Question"), element.find("Answer")
                if question is None or answer is None or not _line("".join(answer.itertext())):
                    self.report.skip("no answer: removed upstream for copyright", member)
                    continue
                text, kind = _line(question.text), question.get("qtype", "")
                if not text or not focus or not kind:
                    self.report.skip("without question, focus or type", member)
                    continue
                doc_id = f"medquad:{page.parent.name}/{page.stem}#{question.get('qid', '')}"
                words = _NO_WORD.sub(" ", text.casefold()).strip()
                yield _Pair(doc_id, text, words, focus, cuis, kind, site)


def _root(content: bytes) -> ElementTree.Element | None:
    if _DECLARATION.search(content) or b"\0" in content:
        return None
    try:
        return ElementTree.fromstring(content)
    except ElementTree.ParseError:
        return None


def _line(text: str | None) -> str:
    return " ".join((text or "").split())


COMPONENT: type[Benchmark] = MedQuADQuestions
