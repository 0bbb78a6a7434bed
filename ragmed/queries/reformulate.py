"""Reformulation by rationale: what is searched for is the language model's own reasoned answer to the question.

Source: Kim et al. 2025, "Rethinking Retrieval-Augmented Generation for Medicine" (https://arxiv.org/abs/2511.06738;
``examples/retrieval_using_rationale_query.py`` of https://github.com/Yale-BIDS-Chen-Lab/medical-rag), after Sohn et
al. 2025, "Rationale-Guided Retrieval Augmented Generation for Medical Question Answering", NAACL
(https://arxiv.org/abs/2411.00300).

Their prompt asks for a choice among the options, which it shows. Here retrieval must not see them: the prompt is
theirs less the options. As with them, the rationale is searched for in the question's place; encoders read as much of
it as they can.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ragmed.protocols import Generator, Retrieve, Rewriter
from ragmed.queries._prompting import ask, asked, reworded
from ragmed.types import Query

_PROMPT = (
    "Answer to the provided question about medical knowledge in a step-by-step fashion. "
    "Output your explanation and the final answer.\n\n### Input Query\n\n"
)


@dataclass(frozen=True)
class Reformulate:
    """With ``keep_question`` the question is searched for too, and both results are fused.

    A question to which there was no reply is searched as it is. Raises `RecipeError` without a generator.
    """

    generator: Generator | None = field(default=None, metadata={"family": "generators", "default": None})
    keep_question: bool = False

    def rewrite(self, queries: Sequence[Query], retrieve: Retrieve) -> list[tuple[Query, ...]]:
        contents = [_PROMPT + asked(query) if asked(query).strip() else "" for query in queries]
        replies = ask(self.generator, "reformulate", queries, contents)
        return [self._searched(query, rationale) for query, rationale in zip(queries, replies, strict=True)]

    def _searched(self, query: Query, rationale: Sequence[str]) -> tuple[Query, ...]:
        searched = tuple(reworded(query, text) for text in rationale)
        return (query, *searched) if self.keep_question or not searched else searched


COMPONENT: type[Rewriter] = Reformulate
