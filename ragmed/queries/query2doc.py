"""query2doc: a passage that a language model writes in the manner of examples is added to the question.

Source: Wang et al. 2023, "Query2doc: Query Expansion with Large Language Models", EMNLP
(https://arxiv.org/abs/2303.07678), figure 1; with a ``task`` of R2MED, its ``src/instrcution.py`` (Li et al. 2025,
https://arxiv.org/abs/2505.14558), two of whose sets read "that help answer" where "to help answer" stands here.

The paper shows four pairs of MS MARCO, R2MED some of its own. Here ``examples`` are the user's, of the collection
searched; without any the same prompt is asked with none. Searched by `ragmed.analysis.generated`'s convention:
retrievers of words search for the question twice (R2MED's number; the paper's is five) and the passage, dense ones
with the vector of ``question[SEP]passage``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ragmed.analysis.generated import with_documents
from ragmed.errors import RecipeError
from ragmed.protocols import Generator, Retrieve, Rewriter
from ragmed.queries._prompting import WORDINGS, Task, ask, asked
from ragmed.types import Query


@dataclass(frozen=True)
class Query2Doc:
    """``examples`` are ``{query = "…", passage = "…"}``, shown in their order; ``task`` says what the questions are.

    A question for which nothing was written is searched as it is. Raises `RecipeError` without a generator, or for an
    example that is not of that form.
    """

    generator: Generator | None = field(default=None, metadata={"family": "generators", "default": None})
    examples: tuple[Mapping[str, str], ...] = ()
    task: Task = "question"

    def __post_init__(self) -> None:
        for example in self.examples:
            if set(example) != {"query", "passage"}:
                raise RecipeError(
                    'queries/query2doc: an example is {query = "…", passage = "…"}, not one of '
                    + (", ".join(sorted(example)) or "nothing")
                )

    def rewrite(self, queries: Sequence[Query], retrieve: Retrieve) -> list[tuple[Query, ...]]:
        written = ask(self.generator, "query2doc", queries, [self.prompt(asked(query)) for query in queries])
        return [
            (with_documents(query, documents, "query2doc"),) for query, documents in zip(queries, written, strict=True)
        ]

    def prompt(self, question: str) -> str:
        """What a language model is asked; nothing for an empty question."""
        if not question.strip():
            return ""
        wording = WORDINGS.get(self.task)
        if wording is None:
            shown = "".join(self._pair("Query", e["query"], f"Passage: {e['passage']}\n\n") for e in self.examples)
            return "Write a passage that answers the given query:\n\n" + shown + self._pair("Query", question)
        if wording.similar:
            wanted, label = f"Write a similar case to help diagnose the {wording.what}.", "Similar Case: "
        else:
            wanted, label = f"Write a passage to help answer the {wording.what}.", "Passage: "
        shown = "\n".join(self._pair(wording.label, e["query"], label + e["passage"]) for e in self.examples)
        examples = f"###Examples:###\n{shown}\n\n###Real Test:###\n" if shown else ""
        return f"{wanted}\n\n{examples}{self._pair(wording.label, question, label)}"

    @staticmethod
    def _pair(label: str, question: str, passage: str = "Passage:") -> str:
        return f"{label}: {question}\n{passage}"


COMPONENT: type[Rewriter] = Query2Doc
