"""What methods over a graph share: the nodes that words mean, what the graph says of them, what of it is nearest."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ragmed.analysis.terms import terms
from ragmed.errors import RecipeError
from ragmed.graph.evidence import passage_of, triple_in_words, triples
from ragmed.graph.linking import linker_of
from ragmed.graph.store import Graph
from ragmed.protocols import Encoder
from ragmed.types import Passage

_MAX_READ = 4000
"""So many edges of one node are looked at: the most general ones have more."""


def needed(graph: Graph | None, method: str) -> Graph:
    """The graph, which an index gives to the method it answers by. Raises `RecipeError` where there is none."""
    if graph is None:
        raise RecipeError(
            f"methods/{method}: needs a knowledge graph; ask through an index, which gives it one (graph = … in its "
            f"recipe), or make it with graph=ragmed.index.graphs.open_graph()"
        )
    return graph


def nodes_in(graph: Graph, text: str) -> list[int]:
    """The nodes that a text mentions, in its order: the likeliest of each mention, each once."""
    return list(dict.fromkeys(mention.rows[0] for mention in linker_of(graph).link(text) if mention.rows))


def nodes_named(graph: Graph, names: Iterable[str]) -> list[int]:
    """The nodes that terms mean, each once: that of a term's longest part which the graph knows by name."""
    rows: dict[int, None] = {}
    for name in names:
        mentions = [mention for mention in linker_of(graph).link(name) if mention.rows]
        if mentions:
            longest = max(mentions, key=lambda mention: (mention.end - mention.start, -mention.start))
            rows.setdefault(longest.rows[0])
    return list(rows)


def strings(value: object) -> list[str]:
    """The texts of a JSON value that should be a list of texts.

    >>> strings(["a", 1, " b ", ["c"]]), strings("a"), strings(None)
    (['a', 'b'], ['a'], [])
    """
    items = value if isinstance(value, list) else [value]
    return [item.strip() for item in items if isinstance(item, str) and item.strip()]


def said_of(graph: Graph, row: int) -> list[int]:
    """The edges of a node, whichever end it is: one of each triple."""
    numbers = [*graph.edges_of(row)[:_MAX_READ].tolist(), *graph.edges_into(row)[:_MAX_READ].tolist()]
    return triples(graph, numbers)


def statements(graph: Graph, numbers: Iterable[int]) -> list[Passage]:
    return [passage_of(graph, number) for number in numbers]


def compared(
    graph: Graph, text: str, numbers: Sequence[int], encoder: Encoder | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How like a text each triple is, (n,), and how like each other they are, as unit vectors, (n, dim).

    Without an encoder, the cosine of their terms, weighted by how rare they are among these triples.
    """
    words = [triple_in_words(graph, number) for number in numbers]
    if encoder is None:
        vectors = _term_vectors([text, *words])
        return vectors[1:] @ vectors[0], vectors[1:]
    of_words = encoder.encode_passages(words).astype(np.float64)
    return of_words @ encoder.encode_queries([text])[0].astype(np.float64), of_words


def _term_vectors(texts: Sequence[str]) -> NDArray[np.float64]:
    """One unit vector a text: 1 + ln(n / df) of each of its terms; zero where it has none of those after the first."""
    having = [set(terms(text)) for text in texts]
    frequencies = Counter(term for own in having[1:] for term in own)
    columns = {term: column for column, term in enumerate(sorted(frequencies))}
    vectors = np.zeros((len(texts), len(columns)))
    for row, own in enumerate(having):
        for term in own & columns.keys():
            vectors[row, columns[term]] = 1 + math.log((len(texts) - 1) / frequencies[term])
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(norms > 0, norms, 1.0))


def nearest(graph: Graph, text: str, numbers: Sequence[int], n: int, encoder: Encoder | None) -> list[int]:
    """The ``n`` edges whose triples are most like a text; of equals, the more frequent, then the first."""
    if len(numbers) <= 1:
        return list(numbers)[:n]
    likeness, _ = compared(graph, text, numbers, encoder)
    frequency = np.nan_to_num(graph.frequency[np.asarray(numbers)], nan=0.0)
    order = np.lexsort((np.arange(len(numbers)), -frequency, -np.round(likeness, 9)))
    return [numbers[place] for place in order[:n].tolist()]
