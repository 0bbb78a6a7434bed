"""nDCG@k: gains discounted by the logarithm of their rank, over those of the best order there is.

The gain is the grade itself, the discount log₂(rank + 1), the ideal order that of all judged documents: trec_eval's
``ndcg_cut_k``, or without k its ``ndcg``.

Source: Järvelin and Kekäläinen 2002, "Cumulated Gain-Based Evaluation of IR Techniques" (ACM TOIS 20(4)).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ragmed.measures._trec import TrecPasses, check_depth, label
from ragmed.protocols import Measure
from ragmed.types import Question, Result


@dataclass(frozen=True)
class NDCG:
    """Normalised discounted cumulated gain of the first ``k`` documents; without k, of all.

    >>> from ragmed.types import Hit, Query
    >>> question = Question(Query("q", "…"), relevant={"a": 1})
    >>> NDCG(k=10).per_question([question], {"q": Result("q", documents=(Hit("b", 2.0), Hit("a", 1.0)))})
    {'q': 0.6309297535714575}
    """

    k: int | None = None
    passes: TrecPasses = field(default_factory=TrecPasses, compare=False, repr=False)

    def __post_init__(self) -> None:
        check_depth("ndcg", self.k)

    @property
    def label(self) -> str:
        return label("nDCG", self.k)

    def per_question(self, questions: Sequence[Question], results: Mapping[str, Result]) -> Mapping[str, float]:
        return self.passes.figures("ndcg" if self.k is None else "ndcg_cut", questions, results, k=self.k)


COMPONENT: type[Measure] = NDCG
