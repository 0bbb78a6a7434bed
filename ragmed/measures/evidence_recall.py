"""EvidenceRecall: the share of a question's gold evidence that its answer cites; the second stage of evidence.

With ``pool = "retrieved"`` the share of what was there to be cited: gold documents (or snippets) that the passages
hold. It then judges the selection alone, and only questions for which any was retrieved. A question that was
not answered cites nothing and counts 0, unless ``answered_only`` leaves it out. See `ragmed.measures._evidence`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from ragmed.measures import _evidence
from ragmed.measures._evidence import Of, Text
from ragmed.protocols import Measure
from ragmed.types import Question, Result


@dataclass(frozen=True)
class EvidenceRecall:
    """Of every question with gold documents, or with gold snippets."""

    of: Of = "documents"
    pool: Literal["gold", "retrieved"] = "gold"
    overlap: float = 0.5
    answered_only: bool = False

    def __post_init__(self) -> None:
        _evidence.check("evidence_recall", {"overlap": self.overlap})

    reads_passages: ClassVar[bool] = True

    @property
    def label(self) -> str:
        return _evidence.label("EvidenceRecall", of=self.of, pool=self.pool, answered_only=self.answered_only)

    def per_question(self, questions: Sequence[Question], results: Mapping[str, Result]) -> Mapping[str, float]:
        figures = {}
        for question in questions:
            result = results.get(question.query.query_id)
            if self.answered_only and not _evidence.is_answered(result):
                continue
            cited = self._held(question, [(c.doc_id, c.quote) for c in _evidence.citations(result)])
            pool = [True] * len(cited)
            if self.pool == "retrieved":
                found = _evidence.passages(result)
                pool = self._held(question, [(e.passage.doc_id, e.passage.text) for e in found])
            if any(pool):
                figures[question.query.query_id] = _evidence.share(
                    [is_cited for is_cited, is_in_pool in zip(cited, pool, strict=True) if is_in_pool]
                )
        return figures

    def _held(self, question: Question, texts: Sequence[Text]) -> list[bool]:
        """For each gold document or snippet, whether the texts hold it."""
        if self.of == "snippets":
            return _evidence.snippets_found(question.snippets, texts, self.overlap)
        have = {doc_id for doc_id, _ in texts}
        return [doc_id in have for doc_id in sorted(_evidence.gold_documents(question))]


COMPONENT: type[Measure] = EvidenceRecall
