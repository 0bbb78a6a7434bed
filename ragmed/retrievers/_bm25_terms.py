"""What BM25 makes of a query's terms, whatever index holds them: their weights, how rare they are, who has them."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ragmed.analysis.questions import search_terms
from ragmed.analysis.terms import codes, stem, terms
from ragmed.protocols import Matches
from ragmed.types import Query

OTHER_WORDS = 0.5
"""What a query in other words counts of it; set on BioASQ 7–9, where anything from 0.3 to 0.65 did as well."""
_REMEMBERED, _LONG = 1 << 10, 2000
"""Texts whose terms are remembered, those of more characters apart."""
Frequencies = Callable[[Sequence[str]], Sequence[int]]
"""How many passages have each of some terms."""


def index_terms(text: str) -> list[str]:
    """The terms that a passage is found by: a code that a hyphen parts in its parts and in one.

    >>> index_terms("Saracatinib (AZD-0530)")
    ['saracatinib', 'azd', '0530', 'azd0530']
    """
    return [*terms(text), *stem(codes(text))]


def own_terms(query: Query) -> Mapping[str, int]:
    """The terms of a query, ascending, and how often it has each."""
    return _counted(query.lexical or query.text)


def _counted(text: str) -> Mapping[str, int]:
    # A fusion asks again for what was just searched.
    return _count(text) if len(text) > _LONG else _remembered_count(text)


def _count(text: str) -> Mapping[str, int]:
    return dict(sorted(Counter([*search_terms(text), *stem(codes(text))]).items()))


_remembered_count = functools.lru_cache(_REMEMBERED)(_count)


def weighted_terms(query: Query) -> dict[str, float]:
    """The terms of a query and of its expansions, ascending, and what each weighs in it.

    In ascending order, so that sums are formed in one order whatever the order of the words.
    """
    weights: dict[str, float] = {**own_terms(query)}
    for text, weight in query.expansions:
        for term in index_terms(text):
            weights[term] = weights.get(term, 0) + weight
    return dict(sorted(weights.items()))


def ways(query: Query, frequencies: Frequencies, n_passages: int) -> list[dict[str, float]]:
    """What to search for, one way or another: `weighted_terms` of the query, then of each of its rewordings.

    What a rewording has for what it leaves out weighs ``OTHER_WORDS`` of that together, so that a long or rare word
    is not worth more than the one it stands for.
    """
    found, own = [weighted_terms(query)], own_terms(query)
    for text in query.rewordings:
        other = _counted(text)
        left_out = {term: n for term, n in own.items() if term not in other}
        new = {term: n for term, n in other.items() if term not in own}
        worth, of_new = (_worth(terms_of, frequencies, n_passages) for terms_of in (left_out, new))
        if worth and of_new:
            kept = {term: weight for term, weight in found[0].items() if term not in left_out}
            weights = {term: OTHER_WORDS * worth / of_new * n for term, n in new.items()}
            found.append(dict(sorted((kept | weights).items())))
    return found


def _worth(of_terms: Mapping[str, int], frequencies: Frequencies, n_passages: int) -> float:
    """The sum of the inverse document frequencies of those that occur."""
    n_with = np.array(frequencies(list(of_terms)), dtype=np.int64)
    return float((idf(n_passages, n_with) * np.array(list(of_terms.values()), dtype=np.float64))[n_with > 0].sum())


def wordings(query: Query) -> list[Query]:
    """The query and its rewordings, each a query of its own."""
    return [query, *(replace(query, text=text, lexical="", rewordings=()) for text in query.rewordings)]


def best_matches(found: Sequence[Matches]) -> Matches:
    """How passages match a query, by whichever of its `wordings` each matches best."""
    if len(found) == 1:
        return found[0]
    best = {
        name: np.max([getattr(one, name) for one in found], axis=0)
        for name in ("coverage", "share", "rarest", "three_rarest")
    }
    return replace(found[0], **best)


def idf(n_passages: int, document_frequencies: NDArray[np.int64]) -> NDArray[np.float64]:
    """Lucene's inverse document frequency; of a term that no passage has it is that of frequency 0."""
    rare: NDArray[np.float64] = np.log1p((n_passages - document_frequencies + 0.5) / (document_frequencies + 0.5))
    return rare


def matches(
    times: Sequence[int],
    document_frequencies: Sequence[int],
    has: NDArray[np.bool_],
    lengths: NDArray[np.float64],
    *,
    n_passages: int,
    k1: float,
) -> Matches:
    """How passages match the distinct terms of a query.

    Args:
        times: (n_terms,) how often the query has each. document_frequencies: (n_terms,) how many passages have it.
        has: (n_terms, n) whether each of the n passages has it.
        lengths: (n,) see `Matches`.
    """
    frequencies = np.array(document_frequencies, dtype=np.int64)
    rare, known = idf(n_passages, frequencies), frequencies > 0
    rarest = np.argsort(np.where(known, -rare, 0.0), kind="stable")[: min(3, int(known.sum()))]
    return Matches(
        coverage=_share(has, rare),
        share=_share(has, np.ones(len(times))),
        rarest=_share(has[rarest[:1]], np.ones(1)),
        three_rarest=_share(has[rarest], np.ones(len(rarest))),
        lengths=lengths,
        highest=float((rare * np.array(times, dtype=np.float64))[known].sum() * (k1 + 1)),
        idf=rare[known],
        n_terms=len(times),
    )


def _share(has: NDArray[np.bool_], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each column the share of the weights of the rows that it has; 0 where there are none."""
    total = float(weights.sum())
    return weights @ has / total if len(has) and total else np.zeros(has.shape[1])
