"""Accuracy: the share of questions whose one right option was chosen, read strictly.

A question abstained from, a reply that declares no option and a question without an answer count as wrong; how many of
each there are is told by their outcomes. See `ragmed.answers.choices`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ragmed.answers.choices import choice_of, read_choice
from ragmed.protocols import Measure
from ragmed.types import Question, Result


@dataclass(frozen=True)
class Accuracy:
    """1 where the choice is the question's, else 0; of every question that has one."""

    @property
    def label(self) -> str:
        return "Accuracy"

    def per_question(self, questions: Sequence[Question], results: Mapping[str, Result]) -> Mapping[str, float]:
        return {
            question.query.query_id: float(_is_right(question, results.get(question.query.query_id)))
            for question in questions
            if question.choice
        }


def _is_right(question: Question, result: Result | None) -> bool:
    right = read_choice(question.choice, question.query.options)
    return bool(right) and choice_of(question, result).choice == right


COMPONENT: type[Measure] = Accuracy
