"""SnippetRecall@k: the share of a question's gold snippets that the first k passages hold.

A snippet is held where ``overlap`` of its pairs of neighbouring words stand in the passages of its document together:
a snippet cut in two by a splitter is found by both halves. See `ragmed.measures._evidence`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from ragmed.measures import _evidence
from ragmed.protocols import Measure
from ragmed.types import Question, Result


@dataclass(frozen=True)
class SnippetRecall:
    """Of every question with gold snippets."""

    k: int = 16
    overlap: float = 0.5

    def __post_init__(self) -> None:
        _evidence.check("snippet_recall", {"overlap": self.overlap}, self.k)

    reads_passages: ClassVar[bool] = True

    @property
    def label(self) -> str:
        return _evidence.label("SnippetRecall", self.k)

    def per_question(self, questions: Sequence[Question], results: Mapping[str, Result]) -> Mapping[str, float]:
        figures = {}
        for question in questions:
            if question.snippets:
                found = _evidence.passages(results.get(question.query.query_id), self.k)
                texts = [(evidence.passage.doc_id, evidence.passage.text) for evidence in found]
                held = _evidence.snippets_found(question.snippets, texts, self.overlap)
                figures[question.query.query_id] = _evidence.share(held)
        return figures


COMPONENT: type[Measure] = SnippetRecall
