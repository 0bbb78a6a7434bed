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

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, TypeAlias

from ragmed.errors import UnknownName
from ragmed.types import Query

Convention: TypeAlias = Literal["hyde", "query2doc", "lamer"]
CONVENTIONS: tuple[Convention, ...] = ("hyde", "query2doc", "lamer")

_SEPARATOR = "[SEP]"
_SOLUTION = re.compile(r"<\|begin_of_solution\|>\s*(.*?)\s*<\|end_of_solution\|>", re.DOTALL)
_FINAL_RESPONSE = re.compile(r"\s*## Thinking\s.*?## Final Response\s*(.*)", re.DOTALL)


def convention(name: str) -> Convention:
    """The convention of that name. Raises `UnknownName`."""
    for known in CONVENTIONS:
        if known == name:
            return known
    raise UnknownName("conventions", name, CONVENTIONS)


def with_documents(query: Query, documents: Sequence[str], convention: Convention) -> Query:
    """A query that is searched with documents written for it; without any, the query as it is.

    Its ``text`` is what a dense retriever is asked (with an instruction, say) and ``lexical``, where it is given,
    what the others are.

    >>> query = Query("1", "Instruct: find.\\nQuery: Why fever?", lexical="Why fever?")
    >>> hyde = with_documents(query, ["Pyrogens raise it."], "hyde")
    >>> hyde.text, hyde.documents, hyde.lexical
    ('Instruct: find.\\nQuery: Why fever?', ('Pyrogens raise it.',), 'Pyrogens raise it.')
    >>> with_documents(query, ["Pyrogens raise it."], "query2doc").lexical
    'Why fever? Why fever? Pyrogens raise it.'
    """
    written = tuple(text for text in documents if text.strip())
    if not written:
        return query
    asked, joined = query.lexical or query.text, " ".join(written)
    if convention == "query2doc":
        return replace(query, text=query.text + _SEPARATOR + joined, lexical=f"{asked} {asked} {joined}")
    lexical = joined if convention == "hyde" else f"{asked} {joined}"
    return replace(query, documents=written, lexical=lexical)


def without_reasoning(reply: str) -> str:
    """What a reasoning model says once it has thought; the whole reply where it does not tell the two apart.

    The marks are those of R2MED's ``base.py``: ``</think>`` (DeepSeek-R1, QwQ, Qwen3), ``## Final Response``
    (HuatuoGPT-o1), ``<|begin_of_solution|>`` (Sky-T1).

    >>> without_reasoning("<think>Hm.</think> Insulin lowers glucose.")
    'Insulin lowers glucose.'
    """
    if "</think>" in reply:
        return reply.split("</think>", 1)[1].strip()
    match = _SOLUTION.search(reply) or _FINAL_RESPONSE.match(reply)
    return (match[1] if match else reply).strip()
