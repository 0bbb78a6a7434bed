"""Rprec: the precision of the first R documents, R being how many are relevant.

trec_eval's ``Rprec``; 0 where nothing is relevant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ragmed.measures._trec import TrecPasses, check_depth, label
from ragmed.protocols import Measure
from ragmed.types import Question, Result


@dataclass(frozen=True)
class RPrecision:
    """R-precision; relevant is what has ``min_grade`` or more."""

    min_grade: int = 1
    passes: TrecPasses = field(default_factory=TrecPasses, compare=False, repr=False)

    def __post_init__(self) -> None:
        check_depth("r_precision", None, self.min_grade)

    @property
    def label(self) -> str:
        return label("Rprec", None, self.min_grade)

    def per_question(self, questions: Sequence[Question], results: Mapping[str, Result]) -> Mapping[str, float]:
        return self.passes.figures("Rprec", questions, results, k=None, min_grade=self.min_grade)


COMPONENT: type[Measure] = RPrecision
