"""MedLFQA's long answers to patients' questions, without the questions.

Source: Jeong et al. 2024, "OLAPH: Improving Factuality in Biomedical Long-form Question Answering" (arXiv:2405.12701);
https://github.com/dmis-lab/OLAPH, ``MedLFQA/<set>_test_MedLFQA.jsonl``: a line per question with
``Free_form_answer``. K-QA's golden part was written by physicians (Manes et al. 2024, arXiv:2401.14493); elsewhere
GPT-4 wrote answers, so this is material to measure with, not to answer from. A document that held the question would
be found by it alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ragmed.json_lines import readable_objects, text_of
from ragmed.protocols import Corpus
from ragmed.report import Report
from ragmed.types import Document


@dataclass(frozen=True)
class MedLFQA:
    """One document an answer, file by file in the order of their names; ids are ``medlfqa:<set>/<place>``."""

    files: Mapping[str, Path]
    licence: str = ""
    report: Report = field(default_factory=Report, compare=False, repr=False)

    def documents(self) -> Iterator[Document]:
        for name in sorted(self.files):
            for number, (where, row) in enumerate(readable_objects(self.files[name], self.report), start=1):
                text = text_of(row.get("Free_form_answer")).strip()
                if not text:
                    self.report.skip("no answer", where)
                    continue
                yield Document(
                    doc_id=f"medlfqa:{name}/{number}",
                    title="",
                    text=text,
                    source="medlfqa",
                    url="https://github.com/dmis-lab/OLAPH",
                    licence=self.licence,
                )

    def release(self) -> str:
        return ""


COMPONENT: type[Corpus] = MedLFQA
