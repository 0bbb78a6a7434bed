"""RR@k: one over the rank of the first relevant document; its mean is MRR.

trec_eval's ``recip_rank``, of all documents found; with ``k`` that of the first k alone, as ir_measures cuts it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ragmed.measures._trec import TrecPasses, check_depth, label
from ragmed.protocols import Measure
from ragmed.types import Question, Result


@dataclass(frozen=True)
class ReciprocalRank:
    """Reciprocal rank; 0 where none of the first ``k`` (without k, of all) has ``min_grade`` or more."""

    k: int | None = None
    min_grade: int = 1
    passes: TrecPasses = field(default_factory=TrecPasses, compare=False, repr=False)

    def __post_init__(self) -> None:
        check_depth("reciprocal_rank", self.k, self.min_grade)

    @property
    def label(self) -> str:
        return label("RR", self.k, self.min_grade)

    def per_question(self, questions: Sequence[Question], results: Mapping[str, Result]) -> Mapping[str, float]:
        return self.passes.figures("recip_rank", questions, results, k=self.k, min_grade=self.min_grade)


COMPONENT: type[Measure] = ReciprocalRank
