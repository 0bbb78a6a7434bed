"""SupportedClaims: the share of an answer's sentences that a quote carries; the third stage of evidence.

A sentence is supported where every citation whose marker ``[n]`` it bears has a support of ``least`` or more; a
sentence without a marker is a claim without evidence. Support is the share of the sentence's terms that the quote has:
a proxy for entailment, as in `ragmed.measures.support`. A question that was not answered counts 0, unless
``answered_only`` leaves it out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ragmed.analysis.sentences import sentence_spans
from ragmed.measures import _evidence
from ragmed.protocols import Measure
from ragmed.types import Answer, Question, Result

_MARKER = re.compile(r"\[(\d{1,9})\]")


@dataclass(frozen=True)
class SupportedClaims:
    """Of every question; 0 for an answer without a sentence."""

    least: float = 0.5
    answered_only: bool = False

    def __post_init__(self) -> None:
        _evidence.check("supported_claims", {"least": self.least})

    @property
    def label(self) -> str:
        return _evidence.label("SupportedClaims", answered_only=self.answered_only)

    def per_question(self, questions: Sequence[Question], results: Mapping[str, Result]) -> Mapping[str, float]:
        figures = {}
        for question in questions:
            result = results.get(question.query.query_id)
            if result is not None and result.answer is not None and _evidence.is_answered(result):
                figures[question.query.query_id] = _evidence.share(self._supported(result.answer))
            elif not self.answered_only:
                figures[question.query.query_id] = 0.0
        return figures

    def _supported(self, answer: Answer) -> list[bool]:
        """For each sentence of the answer, whether it is supported."""
        support = {citation.marker: citation.support for citation in answer.citations}
        sentences = [answer.text[start:end] for start, end in sentence_spans(answer.text)]
        marked = [_MARKER.findall(sentence) for sentence in sentences if any(c.isalpha() for c in sentence)]
        return [
            bool(markers) and all(support.get(int(marker), 0.0) >= self.least for marker in markers)
            for markers in marked
        ]


COMPONENT: type[Measure] = SupportedClaims
