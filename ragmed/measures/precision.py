"""P@k: the share of the first k documents that are relevant.

trec_eval's ``P_k``: over k, also where fewer documents were found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ragmed.measures._trec import TrecPasses, check_depth, label
from ragmed.protocols import Measure
from ragmed.types import Question, Result


@dataclass(frozen=True)
class Precision:
    """Precision of the first ``k`` documents; relevant is what has ``min_grade`` or more."""

    k: int = 10
    min_grade: int = 1
    passes: TrecPasses = field(default_factory=TrecPasses, compare=False, repr=False)

    def __post_init__(self) -> None:
        check_depth("precision", self.k, self.min_grade)

    @property
    def label(self) -> str:
        return label("P", self.k, self.min_grade)

    def per_question(self, questions: Sequence[Question], results: Mapping[str, Result]) -> Mapping[str, float]:
        return self.passes.figures("P", questions, results, k=self.k, min_grade=self.min_grade)


COMPONENT: type[Measure] = Precision
