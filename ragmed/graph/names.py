"""Nodes by their names, as a person writes them: whatever the case, the number, the hyphens and the accents."""

from __future__ import annotations

import numpy as np

from ragmed.analysis.vocabulary import key_of
from ragmed.graph.store import Graph, Numbers


def find_name(graph: Graph, text: str) -> tuple[int, ...]:
    """The rows of the nodes that have this name (`key_of` alike): first those whose own name it is, then by row.

    The names are searched as bytes, so the first search of a process is no slower than the next.
    """
    key = key_of(text)
    if not key:
        return ()
    places = [int(place) for place in _holding(graph, key) if key_of(graph.names[int(place)]) == key]
    return _nodes(graph, places)


def names_like(graph: Graph, text: str, n: int = 5) -> tuple[int, ...]:
    """The rows of nodes of which a name holds the longest word of ``text`` and most of the others, the best first."""
    key = key_of(text)
    if not key:
        return ()
    wanted = set(key.split())
    shared = {int(place): _shared(wanted, graph.names[int(place)]) for place in _holding(graph, key)}
    places = sorted((place for place, score in shared.items() if score > 0), key=lambda place: (-shared[place], place))
    return tuple(dict.fromkeys(_node(graph, place) for place in places))[:n]


def _holding(graph: Graph, key: str) -> Numbers:
    """The names in which the longest word of a key may stand; those that are not ASCII always."""
    longest = max(key.split(), key=len)
    beyond = graph.names.rows_beyond_ascii()
    if not longest.isascii():
        return beyond
    # A key's words are singular: "biopsy" is "biopsies" as well.
    part = longest[:-1] if longest.endswith("y") and len(longest) > 1 else longest
    return np.union1d(beyond, graph.names.rows_with(part.encode("ascii")))


def _shared(wanted: set[str], name: str) -> float:
    """The overlap of a name's words with those wanted (Jaccard)."""
    words = set(key_of(name).split())
    return len(wanted & words) / len(wanted | words)


def _nodes(graph: Graph, places: list[int]) -> tuple[int, ...]:
    ordered = sorted(places, key=lambda place: (int(graph.name_kinds[place]), place))
    return tuple(dict.fromkeys(_node(graph, place) for place in ordered))


def _node(graph: Graph, place: int) -> int:
    return int(np.searchsorted(graph.first_name, place, side="right")) - 1
