"""Support: how far the quotes of an answer carry the sentences they stand behind, on average; the third stage.

It is the mean of `Citation.support`: the share of the sentence's terms that the quote has. Words in common are not
entailment; the figure is a proxy for it. A question that was not answered counts 0, unless ``answered_only``
leaves it out: then read the figure beside the share of questions answered.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ragmed.measures import _evidence
from ragmed.protocols import Measure
from ragmed.types import Question, Result


@dataclass(frozen=True)
class Support:
    """Of every question; 0 for an answer without a citation."""

    answered_only: bool = False

    @property
    def label(self) -> str:
        return _evidence.label("Support", answered_only=self.answered_only)

    def per_question(self, questions: Sequence[Question], results: Mapping[str, Result]) -> Mapping[str, float]:
        figures = {}
        for question in questions:
            result = results.get(question.query.query_id)
            if _evidence.is_answered(result) or not self.answered_only:
                given = [citation.support for citation in _evidence.citations(result)]
                figures[question.query.query_id] = math.fsum(given) / len(given) if given else 0.0
        return figures


COMPONENT: type[Measure] = Support
