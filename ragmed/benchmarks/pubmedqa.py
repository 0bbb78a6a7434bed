"""PubMedQA: yes, no or maybe, asked by the title of an abstract and answered by its conclusion.

Source: Jin et al. 2019, "PubMedQA: A Dataset for Biomedical Research Question Answering" (EMNLP);
https://github.com/pubmedqa/pubmedqa: ``ori_pqal.json`` (PMID → QUESTION, final_decision, LONG_ANSWER, …) and
``test_ground_truth.json`` (the 500 PMIDs of the test split → their answers). The official figure is accuracy on those
500; the other 500 are for development. Documents are `ragmed.corpora.pubmedqa`'s, or PubMed's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ragmed.errors import DamagedFile
from ragmed.json_lines import text_of
from ragmed.protocols import Benchmark
from ragmed.report import Report
from ragmed.types import Query, Question

_CHOICES = ("yes", "no", "maybe")


@dataclass(frozen=True)
class PubMedQA:
    """The expert-labelled questions of a ``split``, in the file's order. Files: ``ori_pqal``, ``test_ground_truth``.

    ``test_ground_truth`` is not read for the split ``all``.
    """

    files: Mapping[str, Path]
    split: Literal["test", "dev", "all"] = "test"
    report: Report = field(default_factory=Report, compare=False, repr=False)

    @property
    def corpus(self) -> Mapping[str, Any] | None:
        return None

    def questions(self) -> Iterator[Question]:
        entries = _table(self.files["ori_pqal"])
        test = {} if self.split == "all" else _table(self.files["test_ground_truth"])
        for pmid in test:
            if pmid not in entries:
                self.report.skip("of the test split, but its question is missing", f"PMID:{pmid}")
        for pmid, entry in entries.items():
            if self.split != "all" and (pmid in test) != (self.split == "test"):
                continue
            question = self._question(pmid, entry)
            if question is None:
                continue
            if pmid in test and test[pmid] != question.choice:
                self.report.note("its two files give different answers; ori_pqal's counts", f"PMID:{pmid}")
            yield question

    def search_query(self, question: Question) -> str:
        return question.query.text

    def _question(self, pmid: str, entry: object) -> Question | None:
        doc_id = f"PMID:{pmid}"
        fields = entry if isinstance(entry, dict) else {}
        text = " ".join(text_of(fields.get("QUESTION")).split())
        choice = text_of(fields.get("final_decision")).strip().lower()
        if not text:
            self.report.skip("no question", doc_id)
            return None
        if choice not in _CHOICES:
            self.report.note("no answer of yes, no or maybe", doc_id)
            choice = ""
        return Question(
            Query(pmid, text),
            choice=choice,
            relevant={doc_id: 1},
            reference=text_of(fields.get("LONG_ANSWER")).strip(),
        )


def _table(path: Path) -> dict[str, Any]:
    try:
        table = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise DamagedFile(f"{path}: not valid JSON, the file is cut or altered: {error}") from error
    if not isinstance(table, dict):
        raise DamagedFile(f"{path}: not in PubMedQA's format: {type(table).__name__} instead of PMID → entry")
    return table


COMPONENT: type[Benchmark] = PubMedQA
