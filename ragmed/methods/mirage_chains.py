"""MIRAGE: sub-questions are pursued side by side, each by its own searches of a graph, and compared before answering.

    sub-questions = model(question)                             # at most 4; one where it has a single topic
    for each, side by side: up to 5 times
        model(sub-question, what was found) says what to look up in the graph, or that it is enough
            anchor  "entity": what the graph says of it, at most 10 statements of each kind
            bridge  "entity || entity": at most 5 of the shortest paths between them, of at most 3 statements
        its answer = model(sub-question, what was found)
    contradictions = model(the answers and what they rest on)
    answer = model(question, the answers left, what all found)

Source: Wei et al. 2025, "MIRAGE: Scaling Test-Time Inference with Parallel Graph-Retrieval-Augmented Reasoning Chains",
AAAI 2026 (https://arxiv.org/abs/2508.18260); the abstract, and ``src/mirage`` of
https://github.com/Despacitobei/MIRAGE, whose figures these are. It has nothing to do with the benchmark of that name.

Differences:

- Theirs stops the model in mid-sentence to put a result in; here each look-up is a prompt with what was found as
  numbered sources. Where the graph does not know a concept, the next prompt says that nothing was found; to ask for the
  same again ends the look-ups, where theirs says so and goes on.
- Theirs takes the first 10 neighbours of each kind, of what an entity is the subject of; here those most like the
  sub-question, whichever end the entity is. Paths may go along a statement either way.
- The abstract has contradictions resolved by cross-chain verification; the code shows all answers to one last prompt.
  Here a prompt of its own says which answers others contradict with better statements: these are not passed on. What a
  sub-question's own sources do not say is not passed on either.
- Theirs also answers from what the model knows. Here ``k`` passages of the index are found for each sub-question.
- A single chain's findings go into the last prompt at once, where theirs has it answer before.
- The last prompt asks for the answer to the question, theirs for diagnosis, tests and treatment whatever was asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from ragmed.answers.written import json_value, listed
from ragmed.graph.evidence import evidence_of
from ragmed.graph.paths import shortest_paths
from ragmed.graph.store import Graph
from ragmed.methods._graph import nearest, needed, nodes_named, said_of, statements
from ragmed.methods._steps import Steps, answer_all, ask, conclude, pooled, search_for, side_by_side, task, with_note
from ragmed.methods.medrag import STEP_BY_STEP, with_choice
from ragmed.protocols import Encoder, Generator, Method, Retrieve
from ragmed.types import Answer, Evidence, Query

_DECOMPOSE = (
    "Break the question down into sub-questions that help to explore a medical knowledge graph: each asks how certain "
    "findings, diseases, drugs, tests or treatments are related, names them outright, with no word that points back, "
    "and can be understood alone. Where the question is about one topic, do not break it down: put it as one question. "
    'Write at most {n}. Reply with JSON and nothing else: {{"questions": ["…"]}}'
)
_LOOK_UP = (
    "Gather what a medical knowledge graph says about the question, one look-up at a time. Look up a single concept to "
    "see what the graph says of it, or two to see how they are connected. Concepts are certain diseases, findings, "
    "drugs, tests: never a category such as 'treatment' or 'cause'. The sources are what was found so far. Reply with "
    'JSON and nothing else: {"search": "concept"}, or {"search": "concept || concept"}, or, once what was found is '
    'enough or nothing more is to be had, {"search": null}'
)
_VERIFY = (
    "Several sub-questions were answered apart; the notes hold their numbered answers. Compare them: where two "
    "contradict each other, find out which of them the sources bear out better, by how directly and how often they say "
    'it. Reply with JSON and nothing else: {"contradicted": [numbers of the answers that others rightly contradict], '
    '"why": "in a sentence"}'
)
_FINALLY = (
    "The notes before the question are what was found out on the way to it, each about a part of it. Check them "
    "against each other and against the sources; rest on what several bear out. Answer the question as it was asked, "
    "not one with more conditions. Quote the sources, never the notes."
)
_BETWEEN = "||"


@dataclass(eq=False)
class _Chain:
    """A sub-question on its way: what was looked up, with the number of statements that this found, and all found."""

    question: str
    looked_up: dict[str, int] = field(default_factory=dict)
    steps: list[dict[str, Any]] = field(default_factory=list)
    evidence: tuple[Evidence, ...] = ()
    answer: Answer | None = None

    @property
    def said(self) -> str:
        sentences = () if self.answer is None else self.answer.sentences
        return " ".join(sentence.text for sentence in sentences if sentence.status == "supported")


@dataclass(frozen=True)
class MirageChains:
    """``n_questions`` chains of ``n_searches`` look-ups at most, ``k`` passages for each; the last prompt shows
    ``n_sources``, and all that the chains cite.

    ``n_neighbours``: statements of each kind that a look-up of one concept finds; ``n_paths`` of ``max_hops`` at most:
    paths that one of two finds. ``encoder``: compares statements with the sub-question; None: the terms in common.
    ``definite``: as in `ragmed.methods.medrag`. Raises `RecipeError` without a ``graph``.
    """

    graph: Graph | None = None
    n_questions: int = 4
    n_searches: int = 5
    n_neighbours: int = 10
    n_paths: int = 5
    max_hops: int = 3
    k: int = 8
    n_sources: int = 48
    definite: bool = True
    encoder: Encoder | None = field(default=None, metadata={"family": "encoders", "default": None})

    def answer(self, queries: Sequence[Query], retrieve: Retrieve, generator: Generator) -> list[Answer]:
        needed(self.graph, "mirage_chains")
        return answer_all("mirage_chains", self._solve, queries, retrieve, generator)

    def _solve(self, query: Query) -> Steps[Answer]:
        asked = replace(query, options=None)
        reply = yield from ask("sub-questions", asked, task(asked, _DECOMPOSE.format(n=self.n_questions)))
        questions = [text for text in listed(reply) if any(c.isalnum() for c in text)][: self.n_questions]
        chains = yield from side_by_side([self._gathered(asked, text) for text in questions or [query.text]])
        if len(chains) > 1:
            yield from side_by_side([_answered(query, chain) for chain in chains])
        contradicted = yield from self._contradicted(asked, chains)
        told = query
        for chain in chains:
            if chain.said and chain not in contradicted:
                told = with_note(told, chain.question, chain.said)
        instruction = with_choice(query, _FINALLY if told is not query else STEP_BY_STEP, definite=self.definite)
        answer = yield from conclude(told, self._sources(chains), instruction)
        steps = [{"step": "chain", "question": chain.question, "searches": chain.steps} for chain in chains]
        steps += [{"step": "contradicted", "question": chain.question} for chain in contradicted]
        return replace(answer, trace=(*steps, *answer.trace))

    def _gathered(self, query: Query, question: str) -> Steps[_Chain]:
        """A chain that has looked up what the model wanted to know."""
        chain = _Chain(question)
        asked = replace(query, text=question)
        for number in range(1, self.n_searches + 1):
            shown = "\n".join(f"- {what}: {n or 'no'} statements" for what, n in chain.looked_up.items())
            words = task(asked, _LOOK_UP, f"Looked up so far:\n{shown}" if shown else "")
            reply = yield from ask(f"look-up {number}", asked, words, chain.evidence)
            concepts = _concepts(reply)
            what = f" {_BETWEEN} ".join(concepts)
            if not concepts or what.casefold() in map(str.casefold, chain.looked_up):
                break
            chain.looked_up[what] = self._look_up(chain, concepts)
        found = (yield from search_for(query, question, self.k)) if self.k else ()
        chain.evidence = pooled([[*chain.evidence, *found]])
        return chain

    def _look_up(self, chain: _Chain, concepts: Sequence[str]) -> int:
        """Adds what the graph says of one concept, or how two are connected, to a chain; the number of statements."""
        graph = needed(self.graph, "mirage_chains")
        rows = nodes_named(graph, concepts)
        edges: list[int] = []
        if len(rows) == len(concepts) == 1:
            edges = self._neighbours(graph, rows[0], chain.question)
        elif len(rows) > 1:
            paths = shortest_paths(graph, {rows[0]}, {rows[1]}, max_hops=self.max_hops, max_paths=self.n_paths)
            edges = [number for path in paths for number in path.edges]
        found = evidence_of(statements(graph, edges))
        nodes = [graph.node_id(row) for row in rows]
        mode = "anchor" if len(concepts) == 1 else "bridge"
        chain.steps.append({"mode": mode, "nodes": nodes, "n_statements": len(found)})
        chain.evidence = pooled([[*chain.evidence, *found]])
        return len(found)

    def _neighbours(self, graph: Graph, row: int, question: str) -> list[int]:
        """Of each kind of statement about a node those most like the question."""

        def kind(number: int) -> tuple[int, bool]:
            return int(graph.predicate[number]), int(graph.subject[number]) == row

        chosen: list[int] = []
        for _, numbers in groupby(sorted(said_of(graph, row), key=lambda number: (kind(number), number)), key=kind):
            chosen += nearest(graph, question, list(numbers), self.n_neighbours, self.encoder)
        return chosen

    def _contradicted(self, query: Query, chains: Sequence[_Chain]) -> Steps[list[_Chain]]:
        """The chains whose answers the model finds contradicted by others that are better borne out."""
        answered = [chain for chain in chains if chain.said]
        if len(answered) < 2:
            return []
        told = query
        for number, chain in enumerate(answered, start=1):
            told = with_note(told, f"Answer {number}, to: {chain.question}", chain.said)
        reply = yield from ask("cross-chain verification", told, task(told, _VERIFY), self._cited(answered))
        value = json_value(reply)
        numbers = value.get("contradicted") if isinstance(value, dict) else None
        named = numbers if isinstance(numbers, list) else []
        contradicted = [chain for number, chain in enumerate(answered, start=1) if number in named]
        return contradicted if len(contradicted) < len(answered) else []

    def _cited(self, chains: Sequence[_Chain]) -> tuple[Evidence, ...]:
        ids = {c.passage_id for chain in chains if chain.answer is not None for c in chain.answer.citations}
        return tuple(e for e in pooled([chain.evidence for chain in chains]) if e.passage.passage_id in ids)

    def _sources(self, chains: Sequence[_Chain]) -> tuple[Evidence, ...]:
        cited = self._cited(chains)
        ids = {item.passage.passage_id for item in cited}
        others = [e for e in pooled([chain.evidence for chain in chains]) if e.passage.passage_id not in ids]
        return pooled([[*cited, *others[: max(0, self.n_sources - len(cited))]]])


def _answered(query: Query, chain: _Chain) -> Steps[None]:
    if chain.evidence:
        chain.answer = yield from conclude(Query(query.query_id, chain.question), chain.evidence, step="answer chain")


def _concepts(reply: str) -> list[str]:
    """The one or two concepts that a reply wants looked up; none where it has enough, or cannot be read.

    >>> _concepts('{"search": "Marfan syndrome || Myopia"}'), _concepts('{"search": null}'), _concepts("Enough.")
    (['Marfan syndrome', 'Myopia'], [], [])
    """
    value = json_value(reply)
    wanted = value.get("search") if isinstance(value, dict) else None
    parts = [" ".join(part.split()) for part in wanted.split(_BETWEEN)] if isinstance(wanted, str) else []
    return [part for part in parts if part][:2]


COMPONENT: type[Method] = MirageChains
