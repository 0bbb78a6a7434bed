"""MedReason: paths of a graph from what a question names to what its answers name; the model reasons along them.

    entities of the question, entities of each answer = model(question, options)
    each entity → a node of the graph
    for each node of the question and each of an answer
        paths = all shortest paths between them
        paths = the 3 that model(question, paths) finds most relevant
    answer = model(question, paths), step by step

Source: Wu et al. 2025, "MedReason: Eliciting Factual Medical Reasoning Steps in LLMs via Knowledge Graphs"
(https://arxiv.org/abs/2504.00993); the abstract, and ``src/data_generation`` of https://github.com/UCSC-VLAA/MedReason
as copies of it hold it.

Differences:

- Theirs makes data to train a model with: the right answer is known, paths lead to it, and the model is to pretend
  that it is not. Here it is not known: paths lead to every option, or, where there are none, to what the model thinks
  that an answer may name. So the options are looked up in the graph, never in the index.
- An entity is mapped by names and synonyms, where theirs compares vectors and asks the model in doubt. Paths have at
  most ``max_hops`` statements: in a hierarchy everything is connected through its root.
- Of more than 50 paths of a pair the first are read, where theirs draws by lot; where the model names none, the first
  ``n_paths`` stay. At most ``n_chains`` paths are shown, of each pair in turn.
- Each statement of a path is a source, to be quoted by itself: a path is cited edge by edge. ``k`` passages that are
  found for the question follow; theirs has none.
- Without a language model the entities are those that question and options mention, paths are not pruned; without
  options they lead from each entity of the question to the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from ragmed.answers.written import json_value
from ragmed.graph.evidence import evidence_of, predicate_in_words
from ragmed.graph.paths import Path, shortest_paths
from ragmed.graph.store import Graph
from ragmed.methods._graph import needed, nodes_in, nodes_named, statements, strings
from ragmed.methods._steps import (
    Steps,
    answer_all,
    ask_if_able,
    conclude,
    pooled,
    search,
    side_by_side,
    task,
    with_note,
)
from ragmed.methods.medrag import STEP_BY_STEP, with_choice
from ragmed.protocols import Generator, Method, Retrieve
from ragmed.types import Answer, Query

_ENTITIES = (
    "Extract the medical entities precisely: diseases, findings, drugs, genes, anatomy, procedures, exposures. Take "
    "those of the question, and those of {answers}. Name each as a textbook would, and add none that is not there. Do "
    'not answer. Reply with JSON and nothing else: {{"question": ["entity", "…"], "answers": {form}}}'
)
_OPTIONS = ("each option, by its letter", '{"A": ["entity"], "B": ["entity"]}')
_CANDIDATES = ("the answers that come into question", '["entity", "…"]')
_PRUNE = (
    "Numbered paths of a knowledge graph lead from something that the question names to something that an answer may "
    "name. Select up to {n} that bear most on the question, the best first. Reply with JSON and nothing else: "
    '{{"paths": [2, 1]}}'
)
_ALONG = (
    "The note before the question lists paths of a knowledge graph, each with the sources that state its steps. Reason "
    "step by step: find the paths that lead from the facts of the question to an answer, weigh them against those that "
    "lead to others, and leave aside those that do not bear on it; a path proves no more than its statements say. If "
    "none helps, reason from the other sources. Then answer. Quote the sources, never the note."
)
_MAX_READ = 50


@dataclass(frozen=True)
class MedReason:
    """``n_entities`` of the question and of each answer at most; ``n_paths`` of each pair, ``n_chains`` in all, and
    ``k`` passages are shown. ``definite``: as in `ragmed.methods.medrag`. Raises `RecipeError` without a ``graph``."""

    graph: Graph | None = None
    n_entities: int = 5
    max_hops: int = 3
    n_paths: int = 3
    n_chains: int = 15
    k: int = 10
    definite: bool = True

    def answer(self, queries: Sequence[Query], retrieve: Retrieve, generator: Generator) -> list[Answer]:
        needed(self.graph, "med_reason")
        return answer_all("med_reason", self._solve, queries, retrieve, generator)

    def _solve(self, query: Query) -> Steps[Answer]:
        graph = needed(self.graph, "med_reason")
        starts, ends = yield from self._entities(query)
        pairs = [(start, end) for start in starts for end in ends if start != end]
        if set(starts) == set(ends):
            pairs = [(start, end) for start, end in pairs if starts.index(start) < starts.index(end)]
        groups = [_all_shortest(graph, start, end, self.max_hops) for start, end in pairs]
        kept = yield from side_by_side([self._pruned(query, paths) for paths in groups if paths])
        paths = [path for turn in zip_longest(*kept) for path in turn if path is not None][: self.n_chains]
        found = (yield from search(query, self.k)) if self.k else ()
        edges = list(dict.fromkeys(number for path in paths for number in path.edges))
        stated = {number: place for place, number in enumerate(edges, start=1)}
        passages = statements(graph, edges)
        shown = "\n".join(f"{place}. {_chain(graph, path, stated)}" for place, path in enumerate(paths, start=1))
        told = with_note(query, "Paths of the knowledge graph", shown) if paths else query
        instruction = with_choice(query, _ALONG if paths else STEP_BY_STEP, definite=self.definite)
        answer = yield from conclude(told, pooled([[*evidence_of(passages), *found]]), instruction)
        step = {
            "step": "paths",
            "from": [graph.node_id(row) for row in starts],
            "to": [graph.node_id(row) for row in ends],
            "paths": [
                {"path": _chain(graph, path), "passages": [passages[stated[n] - 1].passage_id for n in path.edges]}
                for path in paths
            ],
        }
        return replace(answer, trace=(step, *answer.trace))

    def _entities(self, query: Query) -> Steps[tuple[list[int], list[int]]]:
        """The nodes that the question names, and those that its answers name."""
        graph = needed(self.graph, "med_reason")
        answers, form = _OPTIONS if query.options else _CANDIDATES
        reply = yield from ask_if_able("entities", query, task(query, _ENTITIES.format(answers=answers, form=form)))
        told = json_value(reply) if reply else None
        table = told if isinstance(told, dict) else {}
        named = table.get("answers")
        by_answer: Mapping[str, object] = named if isinstance(named, dict) else {"": named}
        starts = nodes_named(graph, strings(table.get("question"))) or nodes_in(graph, query.text)
        ends: list[int] = []
        for letter, text in (query.options or {"": ""}).items():
            ends += (nodes_named(graph, strings(by_answer.get(letter))) or nodes_in(graph, text))[: self.n_entities]
        starts = starts[: self.n_entities]
        return starts, list(dict.fromkeys(ends)) or ([] if query.options else starts)

    def _pruned(self, query: Query, paths: Sequence[Path]) -> Steps[list[Path]]:
        """The paths between two nodes that the model finds most relevant, those it names first."""
        graph = needed(self.graph, "med_reason")
        if len(paths) <= self.n_paths:
            return list(paths)
        shown = "\n".join(f"{place}. {_chain(graph, path)}" for place, path in enumerate(paths, start=1))
        words = task(query, _PRUNE.format(n=self.n_paths), f"Paths:\n{shown}")
        reply = yield from ask_if_able("prune paths", query, words)
        told = json_value(reply) if reply else None
        numbers = told.get("paths") if isinstance(told, dict) else told
        chosen = [n for n in numbers if isinstance(n, int) and 0 < n <= len(paths)] if isinstance(numbers, list) else []
        return [paths[n - 1] for n in dict.fromkeys(chosen)][: self.n_paths] or list(paths[: self.n_paths])


def _all_shortest(graph: Graph, start: int, end: int, max_hops: int) -> list[Path]:
    for n_hops in range(1, max_hops + 1):
        paths = shortest_paths(graph, {start}, {end}, max_hops=n_hops, max_paths=_MAX_READ)
        if paths:
            return paths
    return []


def _chain(graph: Graph, path: Path, stated: Mapping[int, int] | None = None) -> str:
    """A path as it is followed, arrows from subject to object; ``stated``: the number of each edge's source."""
    parts = [graph.name(path.rows[0])]
    for row, number, is_forward in zip(path.rows[1:], path.edges, path.forward, strict=True):
        said = predicate_in_words(graph.predicates[int(graph.predicate[number])])
        source = f" [source {stated[number]}]" if stated else ""
        parts.append(f"—{said}→ {graph.name(row)}{source}" if is_forward else f"←{said}— {graph.name(row)}{source}")
    return " ".join(parts)


COMPONENT: type[Method] = MedReason
