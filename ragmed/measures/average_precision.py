"""AP@k: the mean of the precisions at the ranks of the relevant documents; its mean is MAP.

trec_eval's ``map``, or with ``k`` its ``map_cut_k``: over all relevant documents; those not found count 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ragmed.measures._trec import TrecPasses, check_depth, label
from ragmed.protocols import Measure
from ragmed.types import Question, Result


@dataclass(frozen=True)
class AveragePrecision:
    """Average precision of the first ``k`` documents; without k, of all."""

    k: int | None = None
    min_grade: int = 1
    passes: TrecPasses = field(default_factory=TrecPasses, compare=False, repr=False)

    def __post_init__(self) -> None:
        check_depth("average_precision", self.k, self.min_grade)

    @property
    def label(self) -> str:
        return label("AP", self.k, self.min_grade)

    def per_question(self, questions: Sequence[Question], results: Mapping[str, Result]) -> Mapping[str, float]:
        return self.passes.figures(
            "map" if self.k is None else "map_cut", questions, results, k=self.k, min_grade=self.min_grade
        )


COMPONENT: type[Measure] = AveragePrecision
