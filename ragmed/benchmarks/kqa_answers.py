"""K-QA as a search: from a patient's question to the physicians' answer, among MedLFQA's long answers.

Source: Manes et al. 2024, "K-QA: A Real-World Medical Q&A Benchmark" (arXiv:2401.14493), as released with MedLFQA
(Jeong et al. 2024, arXiv:2405.12701; https://github.com/dmis-lab/OLAPH): a line per question with ``Question`` and
``Free_form_answer``. The task is this project's own. Documents are `ragmed.corpora.medlfqa`'s.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ragmed.json_lines import readable_objects, text_of
from ragmed.protocols import Benchmark
from ragmed.report import Report
from ragmed.types import Query, Question


@dataclass(frozen=True)
class KQAAnswers:
    """The questions of the files that ``sets`` names, in their order; ids are ``<set>/<place>``, the first being 1.

    Relevant (grade 1) are the answers to a question of the same words, but for case and white space, in any of the
    files; it is asked once.
    """

    files: Mapping[str, Path]
    sets: tuple[str, ...] = ("kqa_golden",)
    report: Report = field(default_factory=Report, compare=False, repr=False)

    @property
    def corpus(self) -> Mapping[str, Any] | None:
        return None

    def questions(self) -> Iterator[Question]:
        asked: dict[str, Query] = {}
        answers: dict[str, list[str]] = defaultdict(list)
        for name in sorted(self.files):
            for number, (where, row) in enumerate(readable_objects(self.files[name], self.report), start=1):
                text = " ".join(text_of(row.get("Question")).split())
                if not text or not text_of(row.get("Free_form_answer")).strip():
                    self.report.skip("no question or no answer", where)
                    continue
                words = text.casefold()
                answers[words].append(f"medlfqa:{name}/{number}")
                if name in self.sets and words in asked:
                    self.report.skip("question asked more than once", where)
                elif name in self.sets:
                    asked[words] = Query(f"{name}/{number}", text)
        for words, query in asked.items():
            yield Question(query, relevant=dict.fromkeys(answers[words], 1))

    def search_query(self, question: Question) -> str:
        return question.query.text


COMPONENT: type[Benchmark] = KQAAnswers
