"""R@k: the share of a question's relevant documents that are among the first k.

trec_eval's ``recall_k``; 0 where nothing is relevant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ragmed.measures._trec import TrecPasses, check_depth, label
from ragmed.protocols import Measure
from ragmed.types import Question, Result


@dataclass(frozen=True)
class Recall:
    """Recall of the first ``k`` documents; relevant is what has ``min_grade`` or more."""

    k: int = 100
    min_grade: int = 1
    passes: TrecPasses = field(default_factory=TrecPasses, compare=False, repr=False)

    def __post_init__(self) -> None:
        check_depth("recall", self.k, self.min_grade)

    @property
    def label(self) -> str:
        return label("R", self.k, self.min_grade)

    def per_question(self, questions: Sequence[Question], results: Mapping[str, Result]) -> Mapping[str, float]:
        return self.passes.figures("recall", questions, results, k=self.k, min_grade=self.min_grade)


COMPONENT: type[Measure] = Recall
