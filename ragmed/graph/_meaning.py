"""Which node a name means where several have it: by what the name is to each, and by what else the text says.

A node weighs by what the name is to it (its own name most, a related one least); a node of a later source weighs a
tenth of one of the source before. It weighs three times as much where the text mentions a neighbour in the graph, and
three times where the text has a word of its other names that few names have. Beside the nodes stands that none of them
is meant, which weighs most for abbreviations and least for names of several words. The score of a node is its share.

A name of one word that is no node's own or everyday name is often a word with another meaning ("axis", "cutting",
"corn"). If it is a related name in a later source, or that of a finding of which the graph states no more than what it
is a kind of, it is linked only where the text says something else of the node. The weights were chosen by reading what
is linked in texts.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from functools import cached_property
from typing import NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from ragmed.graph._automaton import Names, key_of_word
from ragmed.graph.layout import NODE_KINDS
from ragmed.graph.store import Graph
from ragmed.types import NameKind

_NAME_KINDS: tuple[NameKind, ...] = get_args(NameKind)
_WEIGHTS: dict[NameKind, float] = {
    "preferred": 1.0,
    "synonym": 0.9,
    "lay": 0.7,
    "abbreviation": 0.5,
    "related": 0.4,
}
_LATER_SOURCE = 0.1
_EVIDENCE = 3.0
_NONE_ABBREVIATION, _NONE_WORD, _NONE = 0.5, 0.2, 0.05
_RARE = 0.005
"""A word says something of a node that at most this share of the names has."""
_MARKS = frozenset(",()[]")


class Candidate(NamedTuple):
    """A node that a name may mean: what the name is to it, and what it weighs before the text is read.

    ``words``, ``neighbours``: what of the text would speak for it.
    """

    row: int
    name_kind: NameKind
    weight: float
    words: frozenset[str] = frozenset()
    neighbours: frozenset[int] = frozenset()


class Likely(NamedTuple):
    """The nodes, the likeliest first, their scores, and what the name is to the first."""

    rows: tuple[int, ...]
    scores: tuple[float, ...]
    name_kind: NameKind


class Meaning(NamedTuple):
    """What a name may mean.

    ``candidates``: the likeliest first. ``none``: the weight of its meaning none of them. ``marks``: the commas and
    brackets in it. ``needs_evidence``: it means a node only where the text says something else of it. ``is_settled``:
    the text cannot change which node is the likeliest. ``likely``: what it means where the text says nothing.
    """

    candidates: tuple[Candidate, ...]
    none: float
    marks: frozenset[str]
    needs_evidence: bool
    is_settled: bool
    likely: Likely


class Meanings:
    """The meanings of the names of a graph. Safe for threads."""

    def __init__(self, graph: Graph, names: Names) -> None:
        self._graph, self._names = graph, names
        self._places = {str(source["name"]): place for place, source in enumerate(graph.sources)}
        self._is_bare_finding = _bare_findings(graph)
        self._of_pattern: dict[tuple[int, bool], Meaning | None] = {}
        self._of_abbreviation: dict[str, Meaning | None] = {}

    @cached_property
    def _common(self) -> frozenset[str]:
        return self._names.common_words(_RARE)

    def of_pattern(self, pattern: int, is_plural: bool) -> Meaning | None:
        """What a pattern means, written in the plural or not.

        A name of one word that a source has in the plural ("Falls", "Hives") means nothing in the singular.
        """
        key = (pattern, is_plural)
        if key not in self._of_pattern:
            numbers = self._names.of_pattern(pattern)
            if not is_plural:
                numbers = [number for number in numbers if not is_plural_word(self._graph.names[number])]
            self._of_pattern[key] = self._meaning(numbers, is_abbreviation=False)
        return self._of_pattern[key]

    def of_abbreviation(self, name: str) -> Meaning | None:
        """What an abbreviation means that a source has."""
        if name not in self._of_abbreviation:
            self._of_abbreviation[name] = self._meaning(self._names.abbreviations[name], is_abbreviation=True)
        return self._of_abbreviation[name]

    def _meaning(self, numbers: Sequence[int], *, is_abbreviation: bool) -> Meaning | None:
        if not numbers:
            return None
        rows = [self._names.node(number) for number in numbers]
        places = [self._places.get(self._graph.node(row).source, len(self._places)) for row in rows]
        best: dict[int, Candidate] = {}
        for number, row, place in zip(numbers, rows, places, strict=True):
            kind = _NAME_KINDS[int(self._graph.name_kinds[number])]
            candidate = Candidate(row, kind, _WEIGHTS[kind] * _LATER_SOURCE ** (place - min(places)))
            if row not in best or candidate.weight > best[row].weight:
                best[row] = candidate
        candidates = sorted(best.values(), key=lambda candidate: (-candidate.weight, candidate.row))
        texts = [self._graph.names[number] for number in numbers]
        is_word = not is_abbreviation and all(" " not in text for text in texts)
        none = _NONE_ABBREVIATION if is_abbreviation else _NONE_WORD if is_word else _NONE
        needs_evidence = is_word and all(
            (name.name_kind == "related" and min(places) > 0)
            or (name.name_kind in ("synonym", "related") and self._is_bare_finding[name.row])
            for name in candidates
        )
        is_settled = not (needs_evidence or is_abbreviation) and (
            len(candidates) == 1 or candidates[0].weight > candidates[1].weight * _EVIDENCE**2
        )
        if not is_settled:
            own = set("".join(self._names.encoded_name(text) for text in texts))
            candidates = [
                candidate._replace(
                    words=self._words(candidate.row) - own, neighbours=self._neighbours(candidate.row) - best.keys()
                )
                for candidate in candidates
            ]
        return Meaning(
            tuple(candidates),
            none,
            _MARKS.intersection("".join(texts)),
            needs_evidence,
            is_settled,
            _likely([(candidate.weight, candidate) for candidate in candidates], none),
        )

    def _words(self, row: int) -> frozenset[str]:
        node = self._graph.node(row)
        names = (node.name, *(name.text for name in node.names))
        return frozenset("".join(map(self._names.encoded_name, names))) - self._common

    def _neighbours(self, row: int) -> frozenset[int]:
        out = self._graph.object[self._graph.edges_of(row)].tolist()
        return frozenset([*out, *self._graph.subject[self._graph.edges_into(row)].tolist()]) - {row}


def in_text(meaning: Meaning, words: Set[str], mentioned: Set[int]) -> Likely | None:
    """What a name means in a text with these words (as `Names.encoded` has them), where other names may mean these
    nodes; None where the name needs evidence and there is none."""
    weighed: list[tuple[float, Candidate]] = []
    any_evidence = False
    for candidate in meaning.candidates:
        evidence = (not candidate.words.isdisjoint(words)) + (not candidate.neighbours.isdisjoint(mentioned))
        any_evidence |= evidence > 0
        weighed.append((candidate.weight * _EVIDENCE**evidence, candidate))
    if meaning.needs_evidence and not any_evidence:
        return None
    return _likely(sorted(weighed, key=lambda pair: (-pair[0], pair[1].row)), meaning.none)


def _bare_findings(graph: Graph) -> NDArray[np.bool_]:
    """(n_nodes,): findings of which the graph states no more than what they are kinds of.

    None are where it states no more of any.
    """
    is_stated = np.zeros(graph.n_nodes, dtype=np.bool_)
    states = graph.predicate != graph.code("is_a")
    is_stated[graph.subject[states]] = True
    is_stated[graph.object[states]] = True
    is_finding = graph.kinds == NODE_KINDS.index("finding")
    if not is_stated[is_finding].any():
        return np.zeros(graph.n_nodes, dtype=np.bool_)
    bare: NDArray[np.bool_] = is_finding & ~is_stated
    return bare


def is_plural_word(name: str) -> bool:
    """Whether a name is one word in the plural.

    >>> [is_plural_word(name) for name in ("Falls", "Fever", "Pes cavus", "Nevus", "Stenosis")]
    [True, False, False, False, False]
    """
    word = name.lower()
    return word.endswith("s") and not word.endswith("sis") and word.isalpha() and key_of_word(word) != word


def _likely(weighed: Sequence[tuple[float, Candidate]], none: float) -> Likely:
    total = sum(weight for weight, _ in weighed) + none
    rows = tuple(candidate.row for _, candidate in weighed)
    return Likely(rows, tuple(weight / total for weight, _ in weighed), weighed[0][1].name_kind)
