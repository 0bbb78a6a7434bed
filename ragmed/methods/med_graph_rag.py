"""MedGraphRAG: three tiers joined by what they mention, searched from broad tags down, the answer refined going up.

    tier 1   the notes asked about, in pieces; without notes, the passages found
    tier 2   the literature: passages found for the question and for what tier 1 mentions, that mention it too
    tier 3   the dictionary: what the graph says that these things are, and how they are related
    tags     what each piece mentions; the most similar pieces are joined layer by layer, tags and all
    down     tags of the question → most similar group of the top layer → … → one piece, and its three tiers → answer
    up       each larger group on that way: its tags and its other pieces, beside the last answer → a refined answer

Source: Wu et al. 2024, "Medical Graph RAG: Towards Safe Medical Large Language Model via Graph Retrieval-Augmented
Generation" (https://arxiv.org/abs/2408.04187, ACL 2025); ``retrieve.py``, ``summerize.py`` and ``utils.py`` of
https://github.com/MedicineToken/Medical-Graph-RAG. Of the paper the abstract and others' summaries were at hand; the
repository compares summaries one by one and has no layers.

Differences:

- All of it happens when a question is asked, for its notes and the passages found. Theirs builds a graph of every
  document beforehand: a language model extracts entities and relations of each chunk, writes its tag summary, and
  summarises every group of every layer. That takes a call or more for each passage of a corpus.
- So the tags of a piece are the names that the graph knows in it (`ragmed.graph.linking`), a group's those of its
  pieces; a model writes only the question's, under some of their categories. Similarity is the cosine of tags, weighted
  by how rare they are among the pieces; theirs asks a model or compares embeddings.
- A fifth of the pairs, the most similar, are joined in a layer, as theirs; groups that share no tag stay apart. Where
  no piece has a tag of the question nothing is narrowed down.
- Tiers are linked by one node of the graph, theirs by the similarity of entities' embeddings.
- On the way up, the other pieces of the group are sources too, so that what they add can be quoted. There are
  ``n_refinements`` steps at most. One that gives no reply that can be read leaves the answer as it was.
- With a generator that reads evidence by itself there is one step: the sources in the order of the way.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ragmed.answers.written import json_value
from ragmed.graph.evidence import definition_of, evidence_of
from ragmed.graph.store import Graph
from ragmed.methods._graph import nearest, needed, nodes_in, nodes_named, said_of, statements, strings
from ragmed.methods._steps import (
    Steps,
    answer_all,
    ask_if_able,
    conclude,
    pooled,
    search,
    search_for,
    side_by_side,
    task,
    with_note,
)
from ragmed.protocols import Generator, Method, Retrieve, Splitter
from ragmed.types import Answer, Evidence, Passage, Query

_TAGS = (
    "Summarise under tags what the question is about, and the notes where there are some; answer nothing. Use only the "
    "tags that apply: problem, finding, history, anatomy, body_function, measurement, laboratory, procedure, medicine, "
    'device, severity. Reply with a JSON object and nothing else: {"problem": ["…"], "medicine": ["…"]}, each entry a '
    "name of one to four words."
)
_ANSWER = (
    "The sources are of three kinds: the documents asked about, medical literature that mentions the same things, and "
    "statements of a medical dictionary on what these are and how they are related. Answer from the documents, support "
    "it by the literature, and keep to the dictionary's meaning of the terms."
)
_REFINE = (
    "The note holds the answer so far, from fewer sources, and the tags of the wider group of documents. It is no "
    "source. Go over the answer in this light: keep what the sources carry, correct what they contradict, add "
    "what they add to the question, and quote every statement anew."
)
_SHARE_JOINED = 0.2
"""Of the pairs of a layer, so many are joined in the next."""
_MAX_LAYERS = 12

Tags = Mapping[int, float]
"""Row of a node that is mentioned → weight; of unit length."""


@dataclass(frozen=True)
class MedGraphRAG:
    """``splitter`` cuts the notes. ``k`` passages are searched for the question, ``k_each`` for each of ``n_entities``
    things that the piece found mentions; ``n_statements`` of the graph are shown on them.

    A question costs a call for its tags, one for the answer, and one for each of up to ``n_refinements``.
    """

    splitter: Splitter = field(metadata={"family": "passages", "default": {"name": "sections", "max_chars": 2000}})
    graph: Graph | None = None
    k: int = 16
    k_each: int = 4
    n_entities: int = 4
    n_statements: int = 8
    n_refinements: int = 2

    def answer(self, queries: Sequence[Query], retrieve: Retrieve, generator: Generator) -> list[Answer]:
        needed(self.graph, "med_graph_rag")
        return answer_all("med_graph_rag", self._solve, queries, retrieve, generator)

    def _solve(self, query: Query) -> Steps[Answer]:
        graph = needed(self.graph, "med_graph_rag")
        bare = replace(query, options=None)
        reply = yield from ask_if_able("tags", bare, task(bare, _TAGS))
        found = yield from search(query, self.k)
        own = [piece for note in query.notes for piece in self.splitter.split(note)]
        first_tier = _as_evidence(own) if own else found
        pieces = [_mentions(graph, item.passage) for item in first_tier]
        asked = _tags_of_question(graph, query, reply or "")
        way = _way_down(pieces, asked)
        entities = _entities(graph, pieces[way[0][0]] if way else [], asked)[: self.n_entities]
        literature = yield from self._literature(graph, query, entities, found if own else ())
        dictionary = self._dictionary(graph, query, entities)

        def sources(group: Sequence[int]) -> tuple[Evidence, ...]:
            return pooled([(*(first_tier[at] for at in group), *literature, *dictionary)])

        about = replace(query, notes=())
        if reply is None:
            everything = [
                at for level, group in enumerate(way) for at in group if not level or at not in way[level - 1]
            ]
            rest = [at for at in range(len(first_tier)) if at not in everything]
            return (yield from conclude(about, sources([*everything, *rest])))
        answer = yield from conclude(about, sources(way[0] if way else ()), _ANSWER, step="top-down answer")
        for group in way[1 : 1 + self.n_refinements]:
            noted = with_note(about, "Answer so far, and wider tags", _so_far(graph, answer, pieces, group))
            refined = yield from conclude(noted, sources(group), _REFINE, step="bottom-up refinement")
            if refined.outcome in ("answered", "abstained"):
                answer = refined
        return answer

    def _literature(
        self, graph: Graph, query: Query, entities: Sequence[int], found: Sequence[Evidence]
    ) -> Steps[tuple[Evidence, ...]]:
        """Tier 2: of what is found for the question and for each entity, the passages that mention an entity."""
        more = yield from side_by_side(
            [search_for(query, f"{graph.name(row)} {query.text}", self.k_each) for row in entities]
        )
        wanted = set(entities)
        linked = [
            [item for item in items if wanted & set(_mentions(graph, item.passage))]
            for items in (found, *more)
            if items
        ]
        return pooled(linked)

    def _dictionary(self, graph: Graph, query: Query, entities: Sequence[int]) -> tuple[Evidence, ...]:
        """Tier 3: definitions of the entities, and the statements on them that are nearest to the question."""
        defined = [passage for row in entities if (passage := definition_of(graph, row)) is not None]
        numbers = sorted({number for row in entities for number in said_of(graph, row)})
        related = statements(graph, nearest(graph, query.text, numbers, self.n_statements, None))
        return evidence_of([*defined, *related])


def _as_evidence(pieces: Sequence[Passage]) -> tuple[Evidence, ...]:
    return tuple(Evidence(piece, 1 / rank, rank, {}) for rank, piece in enumerate(pieces, start=1))


def layers(tags: Sequence[Tags]) -> list[list[tuple[int, ...]]]:
    """Groups of pieces, layer by layer: each piece by itself, then the most similar pairs of groups joined, and so on.

    In a layer a fifth of the pairs that share a tag, and one at least, are joined, the most similar first; a group is
    joined once. The last layer is that in which no two groups share a tag.

    >>> layers([{7: 1.0}, {8: 1.0}, {7: 0.6, 9: 0.8}])
    [[(0,), (1,), (2,)], [(0, 2), (1,)]]
    """
    groups: list[tuple[int, ...]] = [(at,) for at in range(len(tags))]
    built = [groups]
    while len(groups) > 1 and len(built) < _MAX_LAYERS:
        joint = [_joint(tags, group) for group in groups]
        pairs = sorted(
            (-round(likeness, 9), one, other)
            for one in range(len(groups))
            for other in range(one + 1, len(groups))
            if (likeness := _cosine(joint[one], joint[other])) > 0
        )
        taken: set[int] = set()
        joined: list[tuple[int, ...]] = []
        for _, one, other in pairs[: max(1, round(_SHARE_JOINED * len(pairs)))]:
            if not taken & {one, other}:
                taken |= {one, other}
                joined.append(tuple(sorted(groups[one] + groups[other])))
        if not joined:
            break
        groups = sorted([*joined, *(group for at, group in enumerate(groups) if at not in taken)])
        built.append(groups)
    return built


def _way_down(pieces: Sequence[Sequence[int]], asked: Sequence[int]) -> list[tuple[int, ...]]:
    """The groups on the way from the top layer to one piece, that piece first; none where there is no piece.

    Where no piece has a tag of the question nothing is narrowed down: all are one group.
    """
    if not pieces:
        return []
    if not set(asked) & {row for own in pieces for row in own}:
        return [tuple(range(len(pieces)))]
    weights = _weights(pieces)
    tags = [_unit({row: weights[row] for row in own}) for own in pieces]
    wanted = _unit({row: weights[row] for row in asked if row in weights})
    way: list[tuple[int, ...]] = []
    for groups in reversed(layers(tags)):
        within = [group for group in groups if not way or set(group) <= set(way[-1])]
        best = min(within, key=lambda group: (-round(_cosine(_joint(tags, group), wanted), 9), group))
        if not way or best != way[-1]:
            way.append(best)
    return way[::-1]


def _entities(graph: Graph, mentioned: Sequence[int], asked: Sequence[int]) -> list[int]:
    """What a piece mentions, what the question asks of first, or is a kind of it; then what else the question names."""
    wanted = set(asked)
    related = {
        row for row in mentioned if wanted & graph.ancestors(row) or any(row in graph.ancestors(a) for a in asked)
    }
    first = sorted(mentioned, key=lambda row: (row not in wanted, row not in related, mentioned.index(row)))
    return list(dict.fromkeys([*first, *asked]))


def _mentions(graph: Graph, passage: Passage) -> list[int]:
    return nodes_in(graph, f"{passage.title}\n\n{passage.text}")


def _tags_of_question(graph: Graph, query: Query, reply: str) -> list[int]:
    """The nodes that the question names, then those that the model's summary of it and of its notes names."""
    value = json_value(reply)
    told = [name for names in value.values() for name in strings(names)] if isinstance(value, dict) else []
    return list(dict.fromkeys([*nodes_in(graph, query.text), *nodes_named(graph, told)]))


def _so_far(graph: Graph, answer: Answer, pieces: Sequence[Sequence[int]], group: Sequence[int]) -> str:
    """The last answer and the tags of a group, by the kind of what they name."""
    by_kind: dict[str, dict[str, None]] = {}
    for at in group:
        for row in pieces[at]:
            by_kind.setdefault(graph.kind(row), {}).setdefault(graph.name(row))
    lines = [f"{kind}: {', '.join(names)}" for kind, names in sorted(by_kind.items())]
    return "\n".join([f"Answer so far: {answer.text}", "Tags of the wider group:", *(lines or ["(none)"])])


def _weights(pieces: Sequence[Sequence[int]]) -> dict[int, float]:
    """Of each node mentioned: how rare it is among the pieces."""
    n_with = Counter(row for own in pieces for row in set(own))
    return {row: math.log(1 + len(pieces) / n) for row, n in n_with.items()}


def _unit(tags: Tags) -> Tags:
    norm = math.sqrt(sum(weight * weight for weight in tags.values()))
    return {tag: weight / norm for tag, weight in tags.items()} if norm else {}


def _joint(tags: Sequence[Tags], group: Sequence[int]) -> Tags:
    """The tags of a group: those of its pieces together."""
    total: dict[int, float] = {}
    for at in group:
        for tag, weight in tags[at].items():
            total[tag] = total.get(tag, 0.0) + weight
    return _unit(total)


def _cosine(one: Tags, other: Tags) -> float:
    return sum(weight * other[tag] for tag, weight in one.items() if tag in other)


COMPONENT: type[Method] = MedGraphRAG
