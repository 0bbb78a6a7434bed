"""A language model orders the passages, all at once, and sees beside each how the retrievers ranked it.

Source: Seetharaman, Dhole & Bansal 2025, "InsertRank: LLMs can reason over BM25 scores to Improve Listwise Reranking",
arXiv:2506.14086 (WSDM 2026): the list (passage 1, its score, passage 2, its score, …) in the order of the search. The
words of the prompt are ours, after that description and RankGPT's (Sun et al. 2023, "Is ChatGPT Good at Search?",
arXiv:2304.09542). Shown are the rank in each retriever's list and the fused score.

More passages than fit into one prompt are ordered in a window that slides from the last to the first, as in RankGPT:
what a window puts first is carried into the next, so that the best can rise from the last place to the first.

A reply is an order, ``[3] > [1] > [2]`` or a JSON list. Numbers that name no passage and repetitions are passed over;
passages not named keep their order after those named. Where the call fails or the reply holds no order, the window
stays as it was; ``report`` counts both.

Signal: ``insert_rank``, the score: 1 / rank.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ragmed.errors import RecipeError
from ragmed.protocols import Generator, Reranker
from ragmed.report import Report
from ragmed.rerankers._asking import check_generator, conclusion, shown
from ragmed.rerankers._order import ranked, with_score
from ragmed.types import Evidence, Message, Prompt, Query

_SYSTEM = "You rank passages by how much each helps to answer a medical question."
_TASK = (
    "Order these {n} passages by how much each helps to answer the question, the most helpful first. Behind each stand "
    "its ranks in the search: take them as one sign of relevance beside what the passage says.\n\n"
    "Question: {question}\n\n{passages}\n\n"
    "Question: {question}\n\n"
    "Name all {n} passages once, in the form [2] > [1] > [3], and write nothing else."
)

_CHAIN = re.compile(r"\[\d+\](?:\s*>\s*\[\d+\])+")
_JSON_LIST = re.compile(r"\[\s*\"?\[?\d+\]?\"?(?:\s*,\s*\"?\[?\d+\]?\"?)+\s*\]")
_ALONE = re.compile(r"(?:\[?\d++\]?[\s,;>]*+)++\Z")
"""Numbers and nothing else; possessive, since a reply may be long."""
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True)
class InsertRank:
    """``window`` passages are ordered at once, and the window moves by ``step``: 20 and 10 in RankGPT.

    Of a passage ``max_words`` words are shown (RankGPT: 300).
    """

    generator: Generator | None = field(default=None, metadata={"family": "generators", "default": None})
    depth: int = 20
    window: int = 20
    step: int = 10
    max_words: int = 300
    report: Report = field(default_factory=Report, compare=False, repr=False)

    def __post_init__(self) -> None:
        check_generator(self.generator, "insert_rank")
        if not 1 <= self.step <= self.window or self.depth < 1 or self.max_words < 1:
            raise RecipeError("insert_rank: depth, step and max_words must be at least 1, and step at most window")

    def rerank(self, query: Query, evidence: Sequence[Evidence], k: int) -> tuple[Evidence, ...]:
        order = list(evidence[: self.depth])
        start = max(0, len(order) - self.window)
        while len(order) > 1:
            end = start + self.window
            order[start:end] = self._ordered(query, order[start:end])
            if start == 0:
                break
            start = max(0, start - self.step)
        scored = [with_score(e, 1 / rank, insert_rank=1 / rank) for rank, e in enumerate(order, start=1)]
        return ranked(scored, evidence[self.depth :], k)

    def _ordered(self, query: Query, passages: Sequence[Evidence]) -> list[Evidence]:
        assert self.generator is not None
        [completion] = self.generator.complete([self._prompt(query, passages)])
        named = [] if completion.error else named_in(completion.text, len(passages))
        if completion.error:
            self.report.note("passages left in their order: the call failed", query.query_id)
        elif not named:
            self.report.note("passages left in their order: the reply holds none", query.query_id)
        missing = [number for number in range(1, len(passages) + 1) if number not in named]
        return [passages[number - 1] for number in (*named, *missing)]

    def _prompt(self, query: Query, passages: Sequence[Evidence]) -> Prompt:
        listed = "\n\n".join(
            f"[{number}] {shown(e.passage, self.max_words)}\n({_standing(e)})"
            for number, e in enumerate(passages, start=1)
        )
        task = _TASK.format(n=len(passages), question=query.text, passages=listed)
        return Prompt(query, tuple(passages), (Message("system", _SYSTEM), Message("user", task)))


def _standing(evidence: Evidence) -> str:
    """How the search ranked a passage.

    >>> from ragmed.types import Passage
    >>> _standing(Evidence(Passage("p", "d", 0, 0, "", "", "s", "u", "l"), 0.0318, 2, {"dense": 1, "bm25": 4}))
    'rank in search: bm25 4, dense 1; score 0.0318'
    """
    scores = evidence.scores_by_retriever
    parts = [
        f"{name} {rank}" + (f" (score {scores[name]:.4g})" if name in scores else "")
        for name, rank in sorted(evidence.ranks_by_retriever.items())
    ]
    return f"rank in search: {', '.join(parts) or 'none'}; score {evidence.score:.4g}"


def named_in(reply: str, n_passages: int) -> list[int]:
    """The passages that a reply names, in its order, each once; none where it holds no order.

    The last order in a reply counts: a model may repeat the one it was shown before it gives its own.

    >>> named_in("Best: [3] > [1] > [3] > [9]", 3)
    [3, 1]
    >>> named_in('{"ranking": [2, 1]}', 3), named_in("Passage 2 is from 1998.", 3)
    ([2, 1], [])
    >>> named_in("2, 3, 1", 3), named_in("[2] is the best.", 3)
    ([2, 3, 1], [])
    """
    text = conclusion(reply)
    orders = [match[0] for match in _CHAIN.finditer(text)] or [match[0] for match in _JSON_LIST.finditer(text)]
    if _ALONE.match(text):
        orders = [text]
    numbers = [int(number) for number in _NUMBER.findall(orders[-1]) if len(number) < 9] if orders else []
    return [number for number in dict.fromkeys(numbers) if 1 <= number <= n_passages]


COMPONENT: type[Reranker] = InsertRank
