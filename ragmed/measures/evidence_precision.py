"""EvidencePrecision: the share of an answer's citations that quote gold evidence; the second stage of evidence.

A question that was not answered has no evidence and counts 0, unless ``answered_only`` leaves it out: then read the
figure beside the share of questions answered. See `ragmed.measures._evidence` for what is relevant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ragmed.measures import _evidence
from ragmed.measures._evidence import Of
from ragmed.protocols import Measure
from ragmed.types import Question, Result


@dataclass(frozen=True)
class EvidencePrecision:
    """Of every question with gold documents, or with gold snippets."""

    of: Of = "documents"
    overlap: float = 0.5
    answered_only: bool = False

    def __post_init__(self) -> None:
        _evidence.check("evidence_precision", {"overlap": self.overlap})

    @property
    def label(self) -> str:
        return _evidence.label("EvidencePrecision", of=self.of, answered_only=self.answered_only)

    def per_question(self, questions: Sequence[Question], results: Mapping[str, Result]) -> Mapping[str, float]:
        figures = {}
        for question in questions:
            result = results.get(question.query.query_id)
            if _evidence.has_gold(question, self.of) and (_evidence.is_answered(result) or not self.answered_only):
                quotes = [(citation.doc_id, citation.quote) for citation in _evidence.citations(result)]
                relevant = _evidence.relevant(question, quotes, self.of, self.overlap)
                figures[question.query.query_id] = _evidence.share(relevant)
        return figures


COMPONENT: type[Measure] = EvidencePrecision
