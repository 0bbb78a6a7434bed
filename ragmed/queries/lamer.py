"""LameR: a language model that has seen what the question finds writes the passage that it should have found.

Source: Shen et al. 2024, "Retrieval-Augmented Retrieval: Large Language Models are Strong Zero-Shot Retriever",
Findings of ACL (https://arxiv.org/abs/2304.14233), table 1 and section 5: 10 candidates of at most 128 tokens (here
words), 5 answers; with a ``task`` of R2MED, its ``src/instrcution.py`` (Li et al. 2025,
https://arxiv.org/abs/2505.14558): 10 candidates of at most 512 words, 1 answer.

Both take BM25's candidates; here they are the index's own, all its retrievers fused. Searched by
`ragmed.analysis.generated`'s convention: retrievers of words search for the question and the passages after it (the
paper repeats the question before each), dense ones with the mean of the vectors of question and passages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ragmed.analysis.generated import with_documents
from ragmed.protocols import Generator, Retrieve, Rewriter
from ragmed.queries._prompting import WORDINGS, Task, ask, asked, without_options
from ragmed.types import Evidence, Query


@dataclass(frozen=True)
class LameR:
    """``n_candidates`` passages are shown, at most ``max_words`` words of each; ``n_documents`` are written.

    A question that finds nothing is asked about without candidates (the paper's M = 0, section 5.2). One for which
    nothing was written is searched as it is. Raises `RecipeError` without a generator.
    """

    generator: Generator | None = field(default=None, metadata={"family": "generators", "default": None})
    n_candidates: int = 10
    max_words: int = 128
    n_documents: int = 1
    task: Task = "question"

    def rewrite(self, queries: Sequence[Query], retrieve: Retrieve) -> list[tuple[Query, ...]]:
        found = retrieve(without_options(queries), self.n_candidates) if queries else ()
        contents = [self.prompt(asked(query), evidence) for query, evidence in zip(queries, found, strict=True)]
        written = ask(self.generator, "lamer", queries, contents, self.n_documents)
        return [(with_documents(query, documents, "lamer"),) for query, documents in zip(queries, written, strict=True)]

    def prompt(self, question: str, evidence: Sequence[Evidence]) -> str:
        """What a language model is asked: without candidates, where there are none; nothing for an empty question."""
        if not question.strip():
            return ""
        texts = [" ".join(item.passage.text.split()[: self.max_words]) for item in evidence[: self.n_candidates]]
        wording = WORDINGS.get(self.task)
        if wording is None:
            shown = "".join(f"\n{n}. {text}" for n, text in enumerate(texts, start=1))
            told = f" and its possible answering passages (most of these passages are wrong) enumerated as:{shown}\n"
            return f'Give a question "{question}"{told if texts else ", "}please write a correct answering passage.'
        kind = wording.label.lower()
        if wording.similar:
            candidates, wrong = "similar cases", "(most of these cases are non-similar)"
            wanted, what = f"a correct similar case that help diagnose the {kind}", "case"
        else:
            candidates, wrong = "relevant passages", "(most of these passages are wrong)"
            wanted, what = f"a correct passage that help answer the {kind}", "passage"
        shown = "".join(f"\n[{n}]. {text}" for n, text in enumerate(texts, start=1))
        return (
            f"Give a {wording.what}{f' and its possible {candidates} {wrong}' if texts else ''}. "
            f"Please write {wanted}.\nJust output the correct {what}, don't explanation.\n\n{wording.label}: {question}"
            + (f"\n\nPossible {candidates.title()}: {shown}" if texts else "")
        )


COMPONENT: type[Rewriter] = LameR
