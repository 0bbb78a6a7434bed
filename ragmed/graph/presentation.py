"""What is told of a patient, as findings of a graph: identifiers, names, and plain English.

Identifiers (``HP:0001083``) are taken as they are; ones that are no longer used stand for what replaces them. The rest
is read by `ragmed.graph.linking`: what is denied is excluded, what is said of relatives is left out. Words that name
nothing are compared with the names of findings by the words they share, the rarer the weightier; the nearest is taken
where it has most of them, and that is said.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ragmed.analysis.terms import STOP_WORDS, terms
from ragmed.graph.findings import Profiles
from ragmed.graph.linking import LinkedMention, linker_of
from ragmed.graph.store import Graph

_IDENTIFIER = re.compile(r"\b[A-Za-z][A-Za-z0-9]*:[0-9]\w*")
_PIECES = re.compile(r"[,;.\n]|\band\b|\bwith\b|\bbut\b")
_LEAST = 0.75
"""Of the weight of the words of a piece and of a name together, what they must share."""
_DENIAL = re.compile(r"\b(?:no|not|never|without|absent|absence|denie[ds]|lacks?)\b", re.IGNORECASE)
_SHOWN = 6
_MAX_PIECE = 8
"""Terms in a piece that may name a finding."""


@dataclass(frozen=True, slots=True)
class Told:
    """A finding that a patient has or has not: ``node`` is its row, ``text`` the words that say so.

    ``is_near``: the words are not its name, but nearest to it.
    """

    node: int
    text: str
    is_near: bool = False


@dataclass(frozen=True, slots=True)
class Presentation:
    """Findings observed and excluded, each once and none both, and what must be said of how they were read."""

    observed: tuple[Told, ...]
    excluded: tuple[Told, ...]
    notices: tuple[str, ...] = ()


class FindingsReader:
    """Reads what is told of a patient. Safe for threads once the first text was read."""

    def __init__(self, graph: Graph, profiles: Profiles) -> None:
        self._graph, self._profiles = graph, profiles
        self._is_finding = np.zeros(graph.n_nodes, dtype=np.bool_)
        self._is_finding[np.flatnonzero(np.diff(profiles.implied.start))] = True

    def read(self, observed: Sequence[str], excluded: Sequence[str] = ()) -> Presentation:
        """The findings of texts or identifiers; what a text of ``excluded`` names is excluded, denied or not."""
        notices: list[str] = []
        has: dict[int, Told] = {}
        has_not: dict[int, Told] = {}
        for told, into in ((observed, has), (excluded, has_not)):
            for text in told:
                for one, denied in self._of_text(text, notices):
                    (has_not if denied else into).setdefault(one.node, one)
        for node in sorted(has.keys() & has_not.keys()):
            notices.append(f"{self._called(node)} is told both as present and as absent: taken as neither")
            del has[node], has_not[node]
        implied = {row: node for node in has for row in self._graph.ancestors(node)}
        for node in sorted(has_not.keys() & implied.keys()):
            notices.append(
                f"{self._called(node)} is told as absent, but {self._called(implied[node])} is a kind of it: "
                "taken as present"
            )
            del has_not[node]
        return Presentation(tuple(has.values()), tuple(has_not.values()), tuple(notices))

    def _of_text(self, text: str, notices: list[str]) -> Iterable[tuple[Told, bool]]:
        for match in _IDENTIFIER.finditer(text):
            told = self._of_identifier(match[0], notices)
            if told is not None:
                yield told, False
        rest = _IDENTIFIER.sub(lambda match: "," * len(match[0]), text)
        if not any(character.isalpha() for character in rest):
            return
        mentions = linker_of(self._graph).link(rest)
        pieces = [(piece, False) for piece in _unread(rest, mentions)]
        for mention in mentions:
            node = self._meant(mention)
            if mention.family or mention.hypothetical:
                why = "said of relatives" if mention.family else "only supposed"
                notices.append(f"“{mention.text}” is {why}: left out")
            elif node is not None:
                yield Told(node, mention.text), mention.negated
            else:
                pieces.append((mention.text, mention.negated))
        unread = []
        for piece, denied in pieces:
            near = None if _DENIAL.search(piece) else self._nearest(piece)
            if near is None:
                unread.append(piece)
            else:
                notices.append(f"“{piece}” is taken as {self._called(near)}")
                yield Told(near, piece, is_near=True), denied
        if unread:
            more = f" and {len(unread) - _SHOWN} more" if len(unread) > _SHOWN else ""
            notices.append(f"not understood: {', '.join(f'“{piece}”' for piece in unread[:_SHOWN])}{more}")

    def _of_identifier(self, identifier: str, notices: list[str]) -> Told | None:
        prefix, _, number = identifier.partition(":")
        found = self._graph.find(identifier) or self._graph.find(f"{prefix.upper()}:{number}")
        if found is None:
            retired = self._graph.is_retired(f"{prefix.upper()}:{number}")
            why = "is no longer used and nothing takes its place" if retired else "is not in the graph"
            notices.append(f"{identifier} {why}: left out")
            return None
        if found.kind == "retired":
            notices.append(f"{identifier} is no longer used: taken as {self._called(found.row)}")
        if self._graph.kind(found.row) != "finding":
            notices.append(f"{identifier} ({self._graph.name(found.row)}) is no finding: left out")
            return None
        return Told(found.row, identifier)

    def _meant(self, mention: LinkedMention) -> int | None:
        """The likeliest finding that a mention may mean: one that some disease has, else one that is a kind of such."""
        had = [row for row in mention.rows if self._is_finding[row]]
        kinds = (row for row in mention.rows if self._graph.kind(row) == "finding" and self._is_kind_of_one(row))
        return had[0] if had else next(kinds, None)

    def _is_kind_of_one(self, row: int) -> bool:
        """Whether some disease has what a finding is a kind of."""
        return any(self._is_finding[other] for other in self._graph.ancestors(row))

    def _called(self, node: int) -> str:
        return f"{self._graph.name(node)} ({self._graph.node_id(node)})"

    @cached_property
    def _names_with(self) -> tuple[dict[str, list[int]], list[tuple[int, frozenset[str]]], dict[str, float]]:
        """Term → names that have it; names: their node and terms; the weight of each term."""
        names: list[tuple[int, frozenset[str]]] = []
        number: Counter[str] = Counter()
        graph = self._graph
        for row in np.flatnonzero(self._is_finding).tolist():
            for name in graph.names[int(graph.first_name[row]) : int(graph.first_name[row + 1])]:
                of_name = frozenset(terms(name))
                if of_name:
                    names.append((row, of_name))
                    number.update(of_name)
        with_term: defaultdict[str, list[int]] = defaultdict(list)
        for i, (_, of_name) in enumerate(names):
            for term in of_name:
                with_term[term].append(i)
        weights = {term: math.log(1 + len(names) / n) for term, n in number.items()}
        return with_term, names, weights

    def _nearest(self, piece: str) -> int | None:
        """The finding whose name shares most with a piece of text, if that is enough."""
        with_term, names, weights = self._names_with
        own = frozenset(terms(piece))
        if not own <= with_term.keys():
            own = frozenset(terms(_american(piece)))
        if not own or len(own) > _MAX_PIECE or not own & with_term.keys():
            return None
        unknown = math.log(1 + len(names))

        def weight(some: frozenset[str]) -> float:
            return sum(weights.get(term, unknown) for term in some)

        candidates = {i for term in own if term in with_term for i in with_term[term]}
        scored = [
            (2 * weight(own & names[i][1]) / (weight(own) + weight(names[i][1])), -names[i][0]) for i in candidates
        ]
        best, node = max(scored)
        return -node if best >= _LEAST else None


def _american(text: str) -> str:
    """
    >>> _american("haematuria, oedema and tumours")
    'hematuria, edema and tumors'
    """
    return re.sub(r"our(?=s?\b)", "or", re.sub(r"ae|oe", "e", text))


def _unread(text: str, mentions: Sequence[LinkedMention]) -> Iterable[str]:
    """The pieces of a text, between marks and the like, in which nothing was linked."""
    start = 0
    for match in [*_PIECES.finditer(text), None]:
        end = match.start() if match is not None else len(text)
        piece = text[start:end].strip()
        inside = any(mention.start < end and mention.end > start for mention in mentions)
        if piece and not inside and any(term not in STOP_WORDS for term in terms(piece)):
            yield piece
        start = match.end() if match is not None else end
