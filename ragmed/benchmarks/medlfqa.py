"""MedLFQA: patients' questions with a long answer and the statements it must, or had better, make.

Source: Jeong et al. 2024, "OLAPH: Improving Factuality in Biomedical Long-form Question Answering" (arXiv:2405.12701);
https://github.com/dmis-lab/OLAPH, ``MedLFQA/<set>_test_MedLFQA.jsonl``: a line per question with ``Question``,
``Free_form_answer``, ``Must_have`` and ``Nice_to_have`` (lists of statements). K-QA's golden part, 201 questions, was
written by physicians (Manes et al. 2024, arXiv:2401.14493); elsewhere GPT-4 wrote answers and statements.

The name of a file in the recipe is its set: ``kqa_golden``, ``medication_qa``. The files have no ids: a question is
known by its
place. Some are asked more than once upstream; they are kept, and noted. A statement without words is left
out and noted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ragmed.json_lines import objects
from ragmed.protocols import Benchmark
from ragmed.report import Report
from ragmed.types import Claim, Query, Question


@dataclass(frozen=True)
class MedLFQA:
    """The questions file by file in the order of their names.

    ``query_id`` is ``"<set>/<place>"``, the first question of a file being 1.
    """

    files: Mapping[str, Path]
    report: Report = field(default_factory=Report, compare=False, repr=False)

    @property
    def corpus(self) -> Mapping[str, Any] | None:
        return None

    def questions(self) -> Iterator[Question]:
        for name in sorted(self.files):
            asked: set[str] = set()
            for number, (place, item) in enumerate(objects(self.files[name]), start=1):
                where = f"{name}: {place}"
                text = item.get("Question")
                if not isinstance(text, str) or not text.strip():
                    self.report.skip("no question", where)
                    continue
                if text.strip() in asked:
                    self.report.note("question asked more than once", where)
                asked.add(text.strip())
                answer = item.get("Free_form_answer")
                yield Question(
                    query=Query(f"{name}/{number}", text.strip()),
                    group=name,
                    claims=(
                        *self._claims(item.get("Must_have"), where, must=True),
                        *self._claims(item.get("Nice_to_have"), where, must=False),
                    ),
                    reference=answer.strip() if isinstance(answer, str) else "",
                )

    def search_query(self, question: Question) -> str:
        return question.query.text

    def _claims(self, given: Any, where: str, *, must: bool) -> Iterator[Claim]:
        for text in given if isinstance(given, list) else []:
            if isinstance(text, str) and any(map(str.isalnum, text)):
                yield Claim(" ".join(text.split()), must)
            else:
                self.report.note("statement without words left out", where)


COMPONENT: type[Benchmark] = MedLFQA
