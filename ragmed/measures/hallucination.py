"""Hallucination: the share of the statements of a good answer that an answer contradicts. Lower is better.

Source: Manes et al. 2024, "K-QA: A Real-World Medical Q&A Benchmark" (BioNLP, arXiv:2401.14493), which counts the must-
have and nice-to-have statements that a natural language inference model finds contradicted; as a share of all of them
in Jeong et al. 2024, "OLAPH" (arXiv:2405.12701), and here. It sees only what contradicts the reference: an invention
about something else goes unseen. Where the ``entailer`` is the offline proxy, the label says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ragmed.measures._long_answer import judged, text_of
from ragmed.protocols import Entailer, Measure
from ragmed.types import Question, Result


@dataclass(frozen=True)
class Hallucination:
    """0–1 for every question with statements; 0 where the system abstains, 1, the worst, where it gives no answer.

    A statement is contradicted where the entailer gives that ``threshold`` or more.
    """

    entailer: Entailer = field(metadata={"family": "entailers", "default": "overlap"})
    threshold: float = 0.5

    @property
    def label(self) -> str:
        return "Hallucination" if self.entailer.is_model else "Hallucination (proxy)"

    def per_question(self, questions: Sequence[Question], results: Mapping[str, Result]) -> Mapping[str, float]:
        claims = {question.query.query_id: question.claims for question in questions if question.claims}
        asked = [question for question in questions if question.query.query_id in claims]
        found = judged(self.entailer, asked, results, claims)
        return {
            query_id: 1.0
            if text_of(results.get(query_id)) is None
            else sum(contradicts >= self.threshold for _, contradicts in found.get(query_id, [])) / len(of_question)
            for query_id, of_question in claims.items()
        }


COMPONENT: type[Measure] = Hallucination
