"""What is searched when a language model has written documents for a question: HyDE, query2doc, LameR.

Source: R2MED's scripts ``eval_bench.py`` and ``eval_bench_BM25.py`` (Li et al. 2025, https://arxiv.org/abs/2505.14558)
for: Gao et al. 2023, HyDE (https://arxiv.org/abs/2212.10496); Wang et al. 2023, query2doc
(https://arxiv.org/abs/2303.07678); Shen et al. 2024, LameR (https://arxiv.org/abs/2304.14233).

| convention | lexical retriever           | dense retriever                                |
|------------|-----------------------------|------------------------------------------------|
| hyde       | documents alone             | mean of the vectors of query and documents     |
| query2doc  | query twice, then documents | one vector of ``query[SEP]documents``          |
| lamer      | query, then documents       | mean of the vectors of query and documents     |

R2MED's script joins query2doc's two queries without a space; here one stands between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from ragmed.types import Question

Convention: TypeAlias = Literal["hyde", "query2doc", "lamer"]
RetrieverKind: TypeAlias = Literal["lexical", "dense"]
CONVENTIONS: tuple[Convention, ...] = ("hyde", "query2doc", "lamer")

_SEPARATOR = "[SEP]"


@dataclass(frozen=True, slots=True)
class SearchTexts:
    """What a retriever is asked: a text, and for a dense one documents whose vectors are averaged with the text's."""

    query: str
    documents: tuple[str, ...] = ()


def search_texts(
    question: Question, convention: Convention, kind: RetrieverKind, query: str | None = None
) -> SearchTexts:
    """What to search for a question with the documents in ``question.generated``; without any, the query alone.

    ``query`` stands for the question's text: with an instruction, where a dense retriever's encoder is made for one.

    >>> from ragmed.types import Query
    >>> question = Question(Query("1", "Why fever?"), generated=("Pyrogens raise it.",))
    >>> search_texts(question, "hyde", "lexical")
    SearchTexts(query='Pyrogens raise it.', documents=())
    >>> search_texts(question, "query2doc", "lexical").query
    'Why fever? Why fever? Pyrogens raise it.'
    >>> search_texts(question, "hyde", "dense", "Instruct: find.\\nQuery: Why fever?")
    SearchTexts(query='Instruct: find.\\nQuery: Why fever?', documents=('Pyrogens raise it.',))
    """
    asked = question.query.text if query is None else query
    documents = tuple(text for text in question.generated if text.strip())
    if not documents:
        return SearchTexts(asked)
    joined = " ".join(documents)
    if kind == "dense":
        return SearchTexts(asked + _SEPARATOR + joined) if convention == "query2doc" else SearchTexts(asked, documents)
    if convention == "hyde":
        return SearchTexts(joined)
    return SearchTexts(f"{asked} {asked} {joined}" if convention == "query2doc" else f"{asked} {joined}")
