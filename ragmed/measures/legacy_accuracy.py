"""Accuracy as MIRAGE's own script reads replies: what it cannot read is "A".

For comparison with figures published on MIRAGE, never alone: the default is right wherever the gold answer is "A" (395
of BioASQ's 618 questions). Source: Xiong et al. 2024 (arXiv:2402.13178); see `ragmed.answers.choices.legacy_choice`.

An answer in ragmed's own form is read as it would have been saved in MIRAGE's layout: its choice where it has one,
else its text, to which the default then applies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ragmed.answers.choices import legacy_choice
from ragmed.protocols import Measure
from ragmed.types import Question, Result


@dataclass(frozen=True)
class LegacyAccuracy:
    """1 or 0 for every question whose right option is A, B, C or D. ``model`` is the name of the one who replied."""

    model: str = ""

    @property
    def label(self) -> str:
        return "Accuracy (legacy)"

    def per_question(self, questions: Sequence[Question], results: Mapping[str, Result]) -> Mapping[str, float]:
        return {
            question.query.query_id: float(
                legacy_choice(_replies(results.get(question.query.query_id)), self.model) == question.choice
            )
            for question in questions
            if question.query.options and question.choice in {"A", "B", "C", "D"}
        }


def _replies(result: Result | None) -> list[str]:
    if result is None:
        return []
    if result.answer is not None:
        if result.answer.outcome == "failed":
            return []
        return [result.answer.choice or result.answer.text]
    return [] if result.reply is None else [result.reply]


COMPONENT: type[Measure] = LegacyAccuracy
