"""SL-HyDE's self-refinement: a hypothetical document is drafted, searched with, and written anew from what it found.

Source: Li et al. 2024, "AutoMIR: Effective Zero-Shot Medical Information Retrieval without Relevance Labels" (SL-HyDE:
self-learning hypothetical document embeddings, https://arxiv.org/abs/2410.20050; prompts:
``src/instruction.py`` of https://github.com/ll0ruc/AutoMIR1, there in Chinese).

SL-HyDE is mostly training. Its generator learns from documents that it wrote itself with a reference document before
it: of several, the one for which the retriever ranks the reference document best. Its retriever then learns from what
the trained generator writes. At query time only HyDE is left, with those two models and SL-HyDE's prompt; that is
``n_rounds = 0``, with a generator and an encoder so trained. Without training, ``n_rounds = 1`` (the default) does at
query time what the training teaches: the draft retrieves, and the passages found take the reference document's place
in SL-HyDE's second prompt. No one tells which of them are relevant, so nothing is chosen by rank: this is ours, not
the paper's, and each round costs one more reply a query.

Searched by `ragmed.analysis.generated`'s convention for HyDE.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ragmed.analysis.generated import with_documents
from ragmed.protocols import Generator, Retrieve, Rewriter
from ragmed.queries._prompting import ask, asked, without_options
from ragmed.types import Evidence, Query


@dataclass(frozen=True)
class SelfRefine:
    """``n_rounds`` times the draft is written anew from the ``n_references`` best passages that it finds, at most
    ``max_words`` words of each.

    Where a round brings no reply the draft before it is kept; a question without a draft is searched as it is. Raises
    `RecipeError` without a generator.
    """

    generator: Generator | None = field(default=None, metadata={"family": "generators", "default": None})
    n_rounds: int = 1
    n_references: int = 3
    max_words: int = 256

    def rewrite(self, queries: Sequence[Query], retrieve: Retrieve) -> list[tuple[Query, ...]]:
        contents = [self.draft_prompt(asked(query)) for query in queries]
        drafts = ask(self.generator, "self_refine", queries, contents)
        for _ in range(self.n_rounds):
            drafts = self._refined(queries, drafts, retrieve)
        return [(with_documents(query, draft, "hyde"),) for query, draft in zip(queries, drafts, strict=True)]

    def _refined(
        self, queries: Sequence[Query], drafts: Sequence[tuple[str, ...]], retrieve: Retrieve
    ) -> list[tuple[str, ...]]:
        drafted = [i for i, draft in enumerate(drafts) if draft]
        if not drafted:
            return list(drafts)
        searched = [with_documents(query, drafts[i], "hyde") for i, query in enumerate(queries)]
        found = retrieve(without_options([searched[i] for i in drafted]), self.n_references)
        evidence = dict(zip(drafted, found, strict=True))
        contents = [self.refine_prompt(asked(query), evidence.get(i, ())) for i, query in enumerate(queries)]
        refined = ask(self.generator, "self_refine", queries, contents)
        return [new or old for new, old in zip(refined, drafts, strict=True)]

    def draft_prompt(self, question: str) -> str:
        """SL-HyDE's prompt at query time (its "Q2P"), in English; nothing for an empty question."""
        if not question.strip():
            return ""
        return (
            f"Please write a medical passage that answers this medical question.\n<Question>: {question}\n<Passage>: "
        )

    def refine_prompt(self, question: str, evidence: Sequence[Evidence]) -> str:
        """SL-HyDE's prompt with reference documents (its "Gen_LLM_Prompt"), in English; nothing without any."""
        if not evidence:
            return ""
        texts = [" ".join(item.passage.text.split()[: self.max_words]) for item in evidence[: self.n_references]]
        return (
            "Based on the reference documents provided, please write a medical passage that answers this medical "
            f"question.\n\n<Medical question>: {question}\n<Reference documents>: {' '.join(texts)}\n<Passage>: "
        )


COMPONENT: type[Rewriter] = SelfRefine
