"""HyDE: documents that a language model imagines as an answer are searched with, rather than the question alone.

Source: Gao et al. 2023, "Precise Zero-Shot Dense Retrieval without Relevance Labels", ACL
(https://arxiv.org/abs/2212.10496). The prompt is that of https://github.com/texttron/hyde, ``promptor.py``: "web
search", or with the task ``scientific`` "trec-covid"; with a task of R2MED, that of ``src/instrcution.py`` (Li et al.
2025, https://arxiv.org/abs/2505.14558).

Searched by `ragmed.analysis.generated`'s convention: retrievers of words search for the documents alone, dense ones
with the mean of the vectors of question and documents. The paper asks 8 times at temperature 0.7: ``n_documents = 8``
with a generator that samples; R2MED asks once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from ragmed.analysis.generated import with_documents
from ragmed.protocols import Generator, Retrieve, Rewriter
from ragmed.queries._prompting import WORDINGS, Task, ask, asked
from ragmed.types import Query


@dataclass(frozen=True)
class HyDE:
    """``task`` says what the questions are, or, as ``"scientific"``, that passages of scientific papers are wanted.

    A question for which nothing was written is searched as it is. Raises `RecipeError` without a generator.
    """

    generator: Generator | None = field(default=None, metadata={"family": "generators", "default": None})
    n_documents: int = 1
    task: Task | Literal["scientific"] = "question"

    def rewrite(self, queries: Sequence[Query], retrieve: Retrieve) -> list[tuple[Query, ...]]:
        contents = [self.prompt(asked(query)) for query in queries]
        written = ask(self.generator, "hyde", queries, contents, self.n_documents)
        return [(with_documents(query, documents, "hyde"),) for query, documents in zip(queries, written, strict=True)]

    def prompt(self, question: str) -> str:
        """What a language model is asked; nothing for an empty question."""
        if not question.strip():
            return ""
        wording = WORDINGS.get(self.task)
        if wording is None:
            kind = "scientific paper passage" if self.task == "scientific" else "passage"
            return f"Please write a {kind} to answer the question.\nQuestion: {question}\nPassage:"
        if wording.similar:
            wanted = f"write a similar case to help diagnose the {wording.what}"
            return f"Please {wanted}.\n{wording.label}: {question}\nSimilar Case: "
        return f"Please write a passage to help answer the {wording.what}.\n{wording.label}: {question}\nPassage: "


COMPONENT: type[Rewriter] = HyDE
