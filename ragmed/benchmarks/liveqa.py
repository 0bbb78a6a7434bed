"""LiveQA-Med: questions that consumers sent to the US National Library of Medicine, with MedQuAD's answers judged.

Source: Ben Abacha et al. 2017, "Overview of the Medical Question Answering Task at TREC 2017 LiveQA" (TREC 2017),
https://github.com/abachaa/LiveQA_MedicalTask_TREC2017 (the questions as XML, in two spellings of its tags); Ben Abacha
and Demner-Fushman 2019, "A Question-Entailment Approach to Question Answering" (BMC Bioinformatics 20:511),
https://github.com/abachaa/MedQuAD: ``QA-TestSet-LiveQA-Med-Qrels-2479-Answers.zip``, whose lines are question id,
judgement, answer id (``1 4-Excellent GARD_0000001_Sec1.txt``).

Judgements 1-Incorrect, 2-Related, 3-Incomplete and 4-Excellent become the track's scores 0 to 3. Answers are
`ragmed.corpora.medquad`'s documents. Those of the three MedlinePlus sources whose text upstream removed for copyright
are judged all the same; no corpus made from MedQuAD as released holds them.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ragmed.benchmarks._archives import members
from ragmed.errors import DamagedFile
from ragmed.protocols import Benchmark
from ragmed.report import Report
from ragmed.types import Query, Question

FOLDERS: Mapping[str, str] = {
    "cancergov": "1_CancerGov_QA",
    "gard": "2_GARD_QA",
    "ghr": "3_GHR_QA",
    "mplushealthtopics": "4_MPlus_Health_Topics_QA",
    "niddk": "5_NIDDK_QA",
    "ninds": "6_NINDS_QA",
    "nihseniorhealth": "7_SeniorHealth_QA",
    "seniorhealth": "7_SeniorHealth_QA",
    "nhlbi": "8_NHLBI_QA_XML",
    "cdc": "9_CDC_QA",
    "adam": "10_MPlus_ADAM_QA",
    "mplusdrugs": "11_MPlusDrugs_QA",
    "mplusherbssupplements": "12_MPlusHerbsSupplements_QA",
}
"""Source of an answer, in lower case, and its folder in MedQuAD."""
WITHHELD = ("adam", "mplusdrugs", "mplusherbssupplements")
"""Sources whose answers upstream removed."""

_MAX_BYTES = 50_000_000
_DECLARATION = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_ANSWER = re.compile(r"(?P<source>[A-Za-z_]+?)_(?P<page>[0-9][0-9_]*?)_Sec(?P<section>\d+)(?:\.txt)?\Z", re.IGNORECASE)
_GRADE = re.compile(r"([1-4])(?:-\w+)?\Z")


@dataclass(frozen=True)
class LiveQA:
    """The test questions, in the file's order. Files: ``questions`` (XML) and ``qrels`` (the zip, or its text file).

    ``text`` chooses what is asked: the consumer's own subject and message, NIST's paraphrase, or NLM's summary (of
    the file "w-summaries" alone). ``reference`` is the first reference answer.
    """

    files: Mapping[str, Path]
    text: Literal["original", "paraphrase", "summary"] = "original"
    report: Report = field(default_factory=Report, compare=False, repr=False)

    @property
    def corpus(self) -> Mapping[str, Any] | None:
        return None

    def questions(self) -> Iterator[Question]:
        path = self.files["questions"]
        qrels = self._qrels(self.files["qrels"])
        seen: set[str] = set()
        for element in _root(path):
            if element.tag.lower() != "nlm-question":
                continue
            query_id = _number(element.get("qid", ""))
            texts = _texts(element)
            text = texts[self.text]
            if not query_id or not text:
                self.report.skip("question without id or text", f"{path.name}: {element.get('qid')}")
                continue
            if query_id in seen:
                self.report.skip("question given twice; the first counts", f"{path.name}: {element.get('qid')}")
                continue
            seen.add(query_id)
            relevant = qrels.pop(query_id, {})
            if not any(relevant.values()):
                self.report.note("question without a relevant answer", f"TQ{query_id}")
            meta = {key: texts[key] for key in ("paraphrase", "summary") if texts[key]}
            yield Question(Query(f"TQ{query_id}", text), relevant=relevant, reference=texts["answer"], meta=meta)
        for query_id in qrels:
            self.report.skip("judged, but its question is missing", f"TQ{query_id}")

    def search_query(self, question: Question) -> str:
        return question.query.text

    def _qrels(self, path: Path) -> dict[str, dict[str, int]]:
        """Number of the question → document id → score from 0 to 3."""
        qrels: dict[str, dict[str, int]] = {}
        for where, line in _judgements(path):
            cells = line.split()
            grade = _GRADE.match(cells[1]) if len(cells) == 3 else None
            if grade is None:
                raise DamagedFile(f"{where}: not a judgement; it has question, 1 to 4 and answer")
            doc_id = answer_id(cells[2])
            if not doc_id:
                self.report.note("judged answer of an unknown source", f"{where}: {cells[2]}")
                doc_id = cells[2]
            elif cells[2].lower().startswith(WITHHELD):
                self.report.note("judged answer that upstream removed for copyright", f"{where}: {cells[2]}")
            of_question = qrels.setdefault(_number(cells[0]), {})
            if doc_id in of_question:
                self.report.note("judged twice; the later score counts", where)
            of_question[doc_id] = int(grade[1]) - 1
        if not qrels:
            raise DamagedFile(f"{path}: holds no judgement")
        return qrels


def answer_id(name: str) -> str:
    """The document of an answer judged, as `ragmed.corpora.medquad` names it; empty where the source is not known.

    >>> answer_id("GARD_0000001_Sec3.txt")
    'medquad:2_GARD_QA/0000001#0000001-3'
    """
    match = _ANSWER.match(name)
    folder = FOLDERS.get(match["source"].lower().replace("_", "")) if match else None
    if match is None or folder is None:
        return ""
    # MedQuAD numbers pages with up to three numbers, and their questions with the first two.
    page = match["page"]
    return f"medquad:{folder}/{page}#{'_'.join(page.split('_')[:2])}-{match['section']}"


def _judgements(path: Path) -> Iterator[tuple[str, str]]:
    """Place and text of every line that is not blank, of the zip's file of judgements or of that file itself."""
    content: bytes | None = None
    if zipfile.is_zipfile(path):
        for name, read in members(path, ".txt", _MAX_BYTES):
            if "qrels" in name.rsplit("/", 1)[-1].lower():
                content = read
                break
        if content is None:
            raise DamagedFile(f"{path}: holds no file of judgements (…qrels….txt) of a size that is read")
    else:
        content = path.read_bytes()
    for n, line in enumerate(content.decode("utf-8-sig", "replace").splitlines(), start=1):
        if line.strip():
            yield f"{path}, line {n:,}", line


def _root(path: Path) -> ElementTree.Element:
    content = path.read_bytes()
    if _DECLARATION.search(content) or b"\0" in content:
        raise DamagedFile(f"{path}: declares a document type or entities, which LiveQA's file never does; not read")
    try:
        return ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise DamagedFile(f"{path}: not valid XML: {error}") from error


def _texts(question: ElementTree.Element) -> dict[str, str]:
    """The wordings of a question and its first reference answer, by the names of tags in either spelling."""
    found: dict[str, str] = {}
    for element in question.iter():
        text = " ".join("".join(element.itertext()).split())
        if text:
            found.setdefault(element.tag.lower(), text)
    return {
        "original": "\n".join(found[tag] for tag in ("subject", "message") if tag in found),
        "paraphrase": found.get("nist-paraphrase", found.get("paraphrase", "")),
        "summary": found.get("nlm-summary", ""),
        "answer": found.get("answer", ""),
    }


def _number(query_id: str) -> str:
    return query_id.strip().upper().removeprefix("TQ").lstrip("0")


COMPONENT: type[Benchmark] = LiveQA
