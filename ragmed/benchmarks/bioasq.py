"""BioASQ task b: questions of biomedical experts with relevant abstracts, snippets, exact and ideal answers.

Source: Krithara et al. 2023, "BioASQ-QA: A manually curated corpus for biomedical question answering" (Scientific Data
10:170); http://participants-area.bioasq.org/datasets/, which asks for a registration. A zip of JSON files, one a batch,
each a list ``questions``; read as they are, too, are such JSON files not packed. Documents are addresses of PubMed;
their ids here are those of `ragmed.corpora.bioasq` and `ragmed.corpora.pubmed`.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from ragmed.benchmarks._archives import members
from ragmed.errors import DamagedFile
from ragmed.json_lines import text_of
from ragmed.protocols import Benchmark
from ragmed.report import Report
from ragmed.types import Query, Question, Snippet

TYPES = ("factoid", "list", "summary", "yesno")

_MAX_BYTES = 100_000_000
_PMID = re.compile(r"https?://(?:www\.)?(?:ncbi\.nlm\.nih\.gov/pubmed|pubmed\.ncbi\.nlm\.nih\.gov)/(\d{1,9})/?\Z")


@dataclass(frozen=True)
class BioASQ:
    """Every question, in the order of file names, then of the file; its group is its type.

    ``types`` leaves out questions of other types than those named. ``choice`` is the exact answer of a yes/no
    question; the exact answers of factoid and list questions stand in ``meta["exact_answer"]``, the first name of
    each, joined by ``"; "``. ``reference`` is the first ideal answer.
    """

    files: Mapping[str, Path]
    types: tuple[str, ...] = ()
    report: Report = field(default_factory=Report, compare=False, repr=False)

    @property
    def corpus(self) -> Mapping[str, Any] | None:
        return None

    def questions(self) -> Iterator[Question]:
        seen: set[str] = set()
        for name in sorted(self.files):
            for batch, where, entry in _entries(self.files[name]):
                question = self._question(batch, where, entry)
                if question is None:
                    continue
                if question.query.query_id in seen:
                    self.report.skip("question given twice; the first counts", where)
                    continue
                seen.add(question.query.query_id)
                yield question

    def search_query(self, question: Question) -> str:
        return question.query.text

    def _question(self, batch: str, where: str, entry: object) -> Question | None:
        if not isinstance(entry, dict):
            self.report.skip("not a question", where)
            return None
        query_id, text = text_of(entry.get("id")), " ".join(text_of(entry.get("body")).split())
        kind = text_of(entry.get("type"))
        if not query_id or not text:
            self.report.skip("question without id or text", where)
            return None
        if self.types and kind not in self.types:
            self.report.skip("of another type", where)
            return None
        relevant = {doc_id: 1 for address in _listed(entry, "documents") if (doc_id := self._doc_id(address, where))}
        if not relevant:
            self.report.note("question without a relevant document", where)
        ideal = _listed(entry, "ideal_answer") or [entry.get("ideal_answer")]
        exact = entry.get("exact_answer")
        meta = {"type": kind, "batch": batch, "exact_answer": "; ".join(_first_names(exact))}
        return Question(
            Query(query_id, text),
            group=kind,
            choice=self._choice(exact, where) if kind == "yesno" else "",
            relevant=relevant,
            snippets=tuple(self._snippets(entry, relevant, where)),
            reference=next((answer for answer in (text_of(value).strip() for value in ideal) if answer), ""),
            meta={key: value for key, value in meta.items() if value},
        )

    def _choice(self, exact: object, where: str) -> str:
        choice = text_of(exact[0] if isinstance(exact, list) and exact else exact).strip().lower()
        if choice not in ("yes", "no"):
            self.report.note("yes/no question without its answer", where)
            return ""
        return choice

    def _snippets(self, entry: Mapping[str, Any], relevant: Mapping[str, int], where: str) -> Iterator[Snippet]:
        for snippet in _listed(entry, "snippets"):
            text = text_of(snippet.get("text")).strip() if isinstance(snippet, dict) else ""
            if not text:
                self.report.note("snippet without text", where)
                continue
            doc_id = self._doc_id(snippet.get("document"), where)
            if doc_id:
                if doc_id not in relevant:
                    self.report.note("snippet of a document that is not among the relevant ones", f"{where}: {doc_id}")
                yield Snippet(doc_id, text)

    def _doc_id(self, address: object, where: str) -> str:
        match = _PMID.match(text_of(address).strip())
        if match is None:
            self.report.note("address not of PubMed", f"{where}: {address}")
            return ""
        return f"PMID:{int(match[1])}"


def _entries(path: Path) -> Iterator[tuple[str, str, object]]:
    """Batch, place and entry of every question of a zip of JSON files or of one JSON file."""
    files: Iterator[tuple[str, bytes | None]] = (
        members(path, ".json", _MAX_BYTES) if zipfile.is_zipfile(path) else iter([(path.name, path.read_bytes())])
    )
    for name, content in files:
        where = f"{path}: {name}"
        if content is None:
            raise DamagedFile(f"{where}: more than the {_MAX_BYTES:,} bytes that are read")
        try:
            table = json.loads(content.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            raise DamagedFile(f"{where}: not valid JSON: {error}; fetch it again") from error
        if not isinstance(table, dict) or not isinstance(table.get("questions"), list):
            raise DamagedFile(f'{where}: has no list "questions"; it is not a golden file of BioASQ')
        for i, entry in enumerate(table["questions"], start=1):
            yield PurePosixPath(name).stem.removesuffix("_golden"), f"{PurePosixPath(name).name}, question {i}", entry


def _first_names(exact: object) -> list[str]:
    """Of each exact answer, given with or without synonyms, its first name."""
    answers = exact if isinstance(exact, list) else [exact]
    names = [text_of(answer[0] if isinstance(answer, list) and answer else answer).strip() for answer in answers]
    return [name for name in dict.fromkeys(names) if name]


def _listed(entry: Mapping[str, Any], key: str) -> list[Any]:
    value = entry.get(key)
    return value if isinstance(value, list) else []


COMPONENT: type[Benchmark] = BioASQ
