"""Success@k: whether any of the first k documents is relevant. Also called hit rate, or Hits@k.

trec_eval's ``success_k``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ragmed.measures._trec import TrecPasses, check_depth, label
from ragmed.protocols import Measure
from ragmed.types import Question, Result


@dataclass(frozen=True)
class HitRate:
    """1 where one of the first ``k`` documents has ``min_grade`` or more, else 0."""

    k: int = 10
    min_grade: int = 1
    passes: TrecPasses = field(default_factory=TrecPasses, compare=False, repr=False)

    def __post_init__(self) -> None:
        check_depth("hit_rate", self.k, self.min_grade)

    @property
    def label(self) -> str:
        return label("Success", self.k, self.min_grade)

    def per_question(self, questions: Sequence[Question], results: Mapping[str, Result]) -> Mapping[str, float]:
        return self.passes.figures("success", questions, results, k=self.k, min_grade=self.min_grade)


COMPONENT: type[Measure] = HitRate
