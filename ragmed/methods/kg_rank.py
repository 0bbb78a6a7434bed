"""KG-Rank: the terms of a question are looked up in a graph, its triples ranked, and the best are answered from.

    terms = model(question)                                     # the 3 to 5 that matter most
    for each term that the graph knows
        triples = its statements, one hop away
        best = the 20 ranked highest:
            similarity  likeness to the question
            expansion   likeness to the question and an answer that the model gives without sources
            mmr         likeness to the question − (0.1 + 0.01 n) · mean likeness to the n chosen before
            and then, where a reranker is named, its order of the best 200
    answer = model(definitions and best triples, question)

Source: Yang et al. 2024, "KG-Rank: Enhancing Large Language Models for Medical QA with Knowledge Graphs and Ranking
Techniques", BioNLP (https://arxiv.org/abs/2403.05881); the abstract, and ``KG-Rank-UMLS`` of
https://github.com/YangRui525/KG-Rank (now ruiyang-medinfo/KG-Rank), from whose scripts the figures above are.

Differences:

- Theirs asks UMLS over the network; here it is the index's graph, and a term is its longest part that the graph knows
  by a name or synonym. Where the model names no term the graph knows, those that the question mentions are taken.
- Statements of the same two nodes that differ in their publications alone are one triple. Each is shown as a sentence
  with frequency and publications, and can be quoted; what stands for the graph in a citation is that sentence.
- Theirs shows the triples alone. Here ``k`` passages found for the question follow them: 0 leaves them out.
- Likeness is by a small general encoder, where theirs is by UMLS-BERT; where none is given, by the terms in common.
  Theirs reads the first 500 triples of a term, here 300 of all are compared.
- Without a language model, the terms are those that the question mentions, and ``expansion`` is ``similarity``.
- The question's options are shown for the answer alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from ragmed.answers.written import listed
from ragmed.graph.evidence import definition_of, evidence_of
from ragmed.graph.store import Graph
from ragmed.methods._graph import compared, nearest, needed, nodes_in, nodes_named, said_of, statements
from ragmed.methods._steps import Steps, answer_all, ask_if_able, conclude, pooled, search, task
from ragmed.methods.medrag import STEP_BY_STEP, with_choice
from ragmed.protocols import Encoder, Generator, Method, Reranker, Retrieve
from ragmed.types import Answer, Evidence, Query

_TERMS = (
    "A medical knowledge graph is to be asked about the question: it holds terms with their definitions and how they "
    "are related. Find out which terms, and which relations between them, decide the answer. Name the 3 to 5 most "
    'relevant ones, each as a textbook would, and nothing else, as JSON: {"terms": ["term 1", "term 2"]}'
)
_DRAFT = "Answer the question briefly from what you know."
_TOGETHER = (
    "The first sources are definitions and statements of a knowledge graph. Answer the question in conjunction with "
    "them: use those that bear on it, and leave the others aside."
)
_RERANKED = 200
_REDUNDANCY, _MORE_REDUNDANCY = 0.1, 0.01


@dataclass(frozen=True)
class KGRank:
    """``n_entities`` terms at most, ``n_triples`` statements of each, and ``k`` passages.

    ``encoder``: compares triples with the question, of each term the ``n_compared`` that have most terms in common with
    it; None: the terms in common decide. ``reranker`` orders the best 200 of ``ranking`` anew. ``definite``: as in
    `ragmed.methods.medrag`. Raises `RecipeError` without a ``graph``.
    """

    graph: Graph | None = None
    ranking: Literal["similarity", "expansion", "mmr"] = "similarity"
    n_entities: int = 5
    n_triples: int = 20
    n_compared: int = 300
    k: int = 10
    definite: bool = True
    encoder: Encoder | None = field(
        default=None, metadata={"family": "encoders", "default": {"name": "minilm", "max_tokens": 64}}
    )
    reranker: Reranker | None = field(default=None, metadata={"family": "rerankers", "default": None})

    def answer(self, queries: Sequence[Query], retrieve: Retrieve, generator: Generator) -> list[Answer]:
        needed(self.graph, "kg_rank")
        return answer_all("kg_rank", self._solve, queries, retrieve, generator)

    def _solve(self, query: Query) -> Steps[Answer]:
        graph = needed(self.graph, "kg_rank")
        asked = replace(query, options=None)
        entities = yield from self._entities(asked)
        text = query.text
        if self.ranking == "expansion" and entities:
            text += " " + ((yield from ask_if_able("draft answer", asked, task(asked, _DRAFT))) or "")
        best = [self._best(graph, row, asked, text) for row in entities]
        found = (yield from search(query, self.k)) if self.k else ()
        evidence = pooled([[*pooled(best), *found]])
        instruction = _TOGETHER if entities else STEP_BY_STEP
        answer = yield from conclude(query, evidence, with_choice(query, instruction, definite=self.definite))
        step = {
            "step": "triples",
            "entities": [graph.node_id(row) for row in entities],
            "n_statements": sum(map(len, best)),
        }
        return replace(answer, trace=(step, *answer.trace))

    def _entities(self, asked: Query) -> Steps[list[int]]:
        """The nodes of the terms that matter."""
        graph = needed(self.graph, "kg_rank")
        reply = yield from ask_if_able("terms", asked, task(asked, _TERMS))
        named = nodes_named(graph, listed(reply)) if reply else []
        return (named or nodes_in(graph, asked.text))[: self.n_entities]

    def _best(self, graph: Graph, row: int, query: Query, text: str) -> tuple[Evidence, ...]:
        """A node's definition, then the statements about it that are ranked highest."""
        numbers = said_of(graph, row)
        if self.encoder is not None and len(numbers) > self.n_compared:
            numbers = nearest(graph, text, numbers, self.n_compared, None)
        n = self.n_triples if self.reranker is None else max(_RERANKED, self.n_triples)
        if self.ranking == "mmr":
            ranked = _diverse(graph, text, numbers, n, self.encoder)
        else:
            ranked = nearest(graph, text, numbers, n, self.encoder)
        evidence = evidence_of(statements(graph, ranked))
        if self.reranker is not None:
            evidence = self.reranker.rerank(query, evidence, self.n_triples)
        defined = definition_of(graph, row)
        return (*(evidence_of([defined]) if defined is not None else ()), *evidence)


def _diverse(graph: Graph, text: str, numbers: Sequence[int], n: int, encoder: Encoder | None) -> list[int]:
    """The ``n`` edges chosen one by one: like the text and, the more so the more there are, unlike those before."""
    if not numbers:
        return []
    likeness, vectors = compared(graph, text, numbers, encoder)
    left = np.ones(len(numbers), dtype=np.bool_)
    chosen: list[int] = []
    likeness_to_chosen = np.zeros(len(numbers))
    while left.any() and len(chosen) < n:
        weight = _REDUNDANCY + _MORE_REDUNDANCY * len(chosen)
        score = likeness - weight * likeness_to_chosen / max(1, len(chosen))
        place = int(np.argmax(np.where(left, np.round(score, 9), -np.inf)))
        chosen.append(place)
        left[place] = False
        likeness_to_chosen += vectors @ vectors[place]
    return [numbers[place] for place in chosen]


COMPONENT: type[Method] = KGRank
