"""A language model judges each passage by itself: does it support an answer? Those that do not are dropped.

Source: Kim et al. 2025, "Rethinking Retrieval-Augmented Generation for Medicine", arXiv:2511.06738: experts found 22 %
of the top 16 passages relevant, and filtering the evidence so, before the answer is written, undid much of the harm.
The authors' own filter (Yale-BIDS-Chen/Llama-3.1-8B-Evidence-Filtering, CC BY-NC 4.0) is asked in these two turns, with
the instruction that its model card gives; set ``instruction`` to that when it is the generator.

A passage whose call fails, or whose reply says neither yes nor no, is kept: nothing is lost to a fault. ``report``
counts both. Where no passage is relevant, none is left, and the question goes without an answer.

Signal: ``evidence_filter``, 1 (relevant) or 0 (not); absent where there was no judgement. Scores stay as they were, but
for passages moved behind, which are lowered.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from ragmed.errors import RecipeError
from ragmed.protocols import Generator, Reranker
from ragmed.report import Report
from ragmed.rerankers._asking import check_generator, conclusion, shown
from ragmed.rerankers._order import below, ranked, with_score
from ragmed.types import Completion, Evidence, Message, Prompt, Query

INSTRUCTION = (
    "You are given a medical question and one passage. Decide whether the passage holds evidence for an answer to the "
    "question: clear, factual information that bears on it directly. A passage that only shares its topic does not. "
    "Reply with one word, Yes or No, and nothing else."
)

_JUDGEMENT = re.compile(r"\W*(?:(?:answer|label|judg[e]?ment|relevant)\W+)?(yes|no)\b", re.IGNORECASE)


@dataclass(frozen=True)
class EvidenceFilter:
    """``irrelevant``: "drop" leaves such passages out, "behind" moves them behind those that are kept.

    Of a passage ``max_words`` words are shown. All passages are asked about in one batch.
    """

    generator: Generator | None = field(default=None, metadata={"family": "generators", "default": None})
    depth: int = 16
    irrelevant: Literal["drop", "behind"] = "drop"
    instruction: str = INSTRUCTION
    max_words: int = 400
    report: Report = field(default_factory=Report, compare=False, repr=False)

    def __post_init__(self) -> None:
        check_generator(self.generator, "evidence_filter")
        if self.depth < 1 or self.max_words < 1:
            raise RecipeError("evidence_filter: depth and max_words must be at least 1")

    def rerank(self, query: Query, evidence: Sequence[Evidence], k: int) -> tuple[Evidence, ...]:
        assert self.generator is not None
        read = evidence[: self.depth]
        completions = self.generator.complete([self._prompt(query, e) for e in read]) if read else []
        kept: list[Evidence] = []
        others: list[Evidence] = []
        for e, completion in zip(read, completions, strict=True):
            judgement = self._judgement(completion, e.passage.passage_id)
            signals = {} if judgement is None else {"evidence_filter": float(judgement)}
            (others if judgement is False else kept).append(with_score(e, e.score, **signals))
        if self.irrelevant == "behind":
            kept += below(others, kept[-1].score) if kept else others
        return ranked(kept, evidence[self.depth :], k)

    def _prompt(self, query: Query, evidence: Evidence) -> Prompt:
        asked = f"Question: {query.text}\nPassage: {shown(evidence.passage, self.max_words)}"
        return Prompt(query, (evidence,), (Message("system", self.instruction), Message("user", asked)))

    def _judgement(self, completion: Completion, passage_id: str) -> bool | None:
        if completion.error:
            self.report.note("passage kept: the call to judge it failed", passage_id)
            return None
        said = _JUDGEMENT.match(conclusion(completion.text))
        if said is None:
            self.report.note("passage kept: the reply says neither yes nor no", passage_id)
            return None
        return said[1].lower() == "yes"


COMPONENT: type[Reranker] = EvidenceFilter
