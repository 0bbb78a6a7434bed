"""Retrieve once, read once: the reader answers from the top k passages and nothing else.

Source: Chen et al. 2017, "Reading Wikipedia to Answer Open-Domain Questions" (DrQA), arXiv:1704.00051,
§3. Difference: the reader may be any generator, and every quotation it gives is checked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ragmed.answers.citations import answer_from
from ragmed.protocols import Generator, Method, Retrieve
from ragmed.types import Answer, Prompt, Query


@dataclass(frozen=True)
class RetrieveThenRead:
    """Retriever–reader. ``k`` is the number of passages the reader sees."""

    k: int = 30

    def answer(self, queries: Sequence[Query], retrieve: Retrieve, generator: Generator) -> list[Answer]:
        # Retrieval sees the question only, never the options.
        found = retrieve([Query(query.query_id, query.text) for query in queries], self.k)
        prompts = [Prompt(query, evidence) for query, evidence in zip(queries, found, strict=True)]
        completions = generator.complete(prompts)
        answers = []
        for prompt, completion in zip(prompts, completions, strict=True):
            answer = answer_from(prompt.query, prompt.evidence, completion)
            steps = (
                {"step": "retrieve", "k": self.k, "n_passages": len(prompt.evidence)},
                {"step": "generate", "n_prompt_tokens": completion.n_prompt_tokens},
            )
            answers.append(replace(answer, trace=(*steps, *answer.trace)))
        return answers


COMPONENT: type[Method] = RetrieveThenRead
