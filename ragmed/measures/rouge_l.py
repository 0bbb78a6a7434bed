"""ROUGE-L: how far an answer and the reference have words in common, in the same order.

Source: Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries"; computed by Google's ``rouge_score``. The F1
of the longest common subsequence, without stemming by default, as MedLFQA's script has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ragmed.errors import MissingExtra
from ragmed.measures._long_answer import text_of
from ragmed.protocols import Measure
from ragmed.types import Question, Result


@dataclass(frozen=True)
class RougeL:
    """0–1 for every question with a reference; 0 where there is no answer, or it abstains."""

    stem: bool = False

    @property
    def label(self) -> str:
        return "ROUGE-L"

    def per_question(self, questions: Sequence[Question], results: Mapping[str, Result]) -> Mapping[str, float]:
        try:
            from rouge_score.rouge_scorer import RougeScorer
        except ModuleNotFoundError as error:
            raise MissingExtra("rouge_score", "eval") from error
        scorer = RougeScorer(["rougeL"], use_stemmer=self.stem)
        return {
            question.query.query_id: float(
                scorer.score(question.reference, text_of(results.get(question.query.query_id)) or "")["rougeL"].fmeasure
            )
            for question in questions
            if question.reference.strip()
        }


COMPONENT: type[Measure] = RougeL
