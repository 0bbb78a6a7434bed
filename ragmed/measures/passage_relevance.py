"""PassageRelevance@k: the share of the first k passages that are relevant; the first stage of evidence.

Over k, as precision is, also where fewer passages were found. See `ragmed.measures._evidence` for what is relevant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from ragmed.measures import _evidence
from ragmed.measures._evidence import Of
from ragmed.protocols import Measure
from ragmed.types import Question, Result


@dataclass(frozen=True)
class PassageRelevance:
    """Of every question with gold documents, or with gold snippets."""

    k: int = 16
    of: Of = "documents"
    overlap: float = 0.5

    def __post_init__(self) -> None:
        _evidence.check("passage_relevance", {"overlap": self.overlap}, self.k)

    reads_passages: ClassVar[bool] = True

    @property
    def label(self) -> str:
        return _evidence.label("PassageRelevance", self.k, of=self.of)

    def per_question(self, questions: Sequence[Question], results: Mapping[str, Result]) -> Mapping[str, float]:
        figures = {}
        for question in questions:
            if _evidence.has_gold(question, self.of):
                found = _evidence.passages(results.get(question.query.query_id), self.k)
                texts = [(evidence.passage.doc_id, evidence.passage.text) for evidence in found]
                relevant = _evidence.relevant(question, texts, self.of, self.overlap)
                figures[question.query.query_id] = _evidence.share(relevant, self.k)
        return figures


COMPONENT: type[Measure] = PassageRelevance
