"""Comprehensiveness: the share of the statements an answer must make that it entails.

Source: Manes et al. 2024, "K-QA: A Real-World Medical Q&A Benchmark" (BioNLP, arXiv:2401.14493): of the must-have
statements, the share that a natural language inference model finds entailed by the answer. Who judges is the
``entailer``; where it is the offline proxy, the label says so and the figure is no K-QA figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ragmed.measures._long_answer import judged
from ragmed.protocols import Entailer, Measure
from ragmed.types import Question, Result


@dataclass(frozen=True)
class Comprehensiveness:
    """0–1 for every question with a must-have statement; 0 where there is no answer.

    A statement is entailed where the entailer gives that ``threshold`` or more.
    """

    entailer: Entailer = field(metadata={"family": "entailers", "default": "overlap"})
    threshold: float = 0.5

    @property
    def label(self) -> str:
        return "Comprehensiveness" if self.entailer.is_model else "Comprehensiveness (proxy)"

    def per_question(self, questions: Sequence[Question], results: Mapping[str, Result]) -> Mapping[str, float]:
        claims = {q.query.query_id: must for q in questions if (must := [c for c in q.claims if c.must])}
        asked = [question for question in questions if question.query.query_id in claims]
        found = judged(self.entailer, asked, results, claims)
        return {
            query_id: sum(entails >= self.threshold for entails, _ in found.get(query_id, [])) / len(of_question)
            for query_id, of_question in claims.items()
        }


COMPONENT: type[Measure] = Comprehensiveness
