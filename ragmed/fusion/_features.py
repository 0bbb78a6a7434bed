"""What the adaptive fusion looks at: of a query with its two result lists, and of each passage in them.

Everything is counted over the pool, the first ``POOL`` passages of either list; what lies deeper is placed by the
same formulas.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ragmed.fusion._join import joined
from ragmed.protocols import IndexView, Matches, Ranking, Rows
from ragmed.types import Query

POOL = 100
"""Passages of each list over which scores are put into proportion."""
_RANK_CONSTANT = 60
"""Of `ragmed.fusion.rrf`."""

OF_PASSAGE = (
    "words",
    "words_in_pool",
    "words_rank",
    "coverage",
    "length",
    "meaning",
    "meaning_in_pool",
    "meaning_rank",
)
"""BM25's score over the highest possible; over the highest in the pool; its reciprocal rank; the share of the
question's terms that the passage has; half the logarithm of its length over the mean; the cosine; the cosine from the
pool's lowest (0) to its highest (1); its reciprocal rank."""
BY_WORDS = OF_PASSAGE[:5]
"""Those that speak for the lexical list; the others speak for the dense one."""

OF_QUERY = {
    "constant": "",
    "terms": "the number of terms",
    "many_terms": "more terms than ten",
    "few_terms": "fewer terms than four",
    "parts": "commas, as in a list of findings",
    "known_terms": "terms that the index has",
    "rarity": "the rarity of its terms",
    "words_top": "how well the best passage by words matches",
    "words_fall": "how steeply scores by words fall",
    "words_spread": "how far scores by words spread",
    "meaning_top": "how near the best passage by meaning is",
    "meaning_fall": "how steeply nearness falls",
    "meaning_spread": "how far nearness spreads",
    "coverage_top": "how many of its terms the best passage has",
    "coverage_by_meaning": "how many of its terms the nearest passages have",
    "coverage_by_words": "how many of its terms the best passages by words have",
    "agreement": "agreement of the two lists' first ten",
    "overlap": "overlap of the two lists",
    "nearness_by_words": "how near the best passages by words are",
    "words_by_meaning": "how well the nearest passages match by words",
    "length_spread": "how much the passages' lengths differ",
    "coherence_by_meaning": "how alike the nearest passages are",
    "coherence_by_words": "how alike the best passages by words are",
}
"""What is looked at of a query, and in words; the first is always 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """``of_passage`` (n, 8), a row for each of ``rows``; ``of_query`` (23,); see the constants of those names.

    ``matches``: how the words of each of the rows match.
    """

    rows: Rows
    of_passage: NDArray[np.float64]
    of_query: NDArray[np.float64]
    matches: Matches


def features(
    query: Query,
    lexical: str,
    dense: str,
    found: Mapping[str, Ranking],
    index: IndexView,
    further: Ranking | None = None,
) -> Features | None:
    """The features of what two retrievers found; None where the index cannot complete their scores.

    ``further`` passages, found by others, are seen like those that lie deep in either list.
    """
    lists = {name: found[name] for name in (lexical, dense)}
    rows, places = joined(lists if further is None else {**lists, "": further})
    by_words, by_meaning = index.scores(lexical, query, rows), index.scores(dense, query, rows)
    matches = index.matches(query, rows)
    if not len(rows) or by_words is None or by_meaning is None or matches is None:
        return None
    first_words, first_meaning = places[lexical][:POOL], places[dense][:POOL]
    in_words, in_meaning = _marked(len(rows), first_words), _marked(len(rows), first_meaning)
    pool = np.flatnonzero(in_words | in_meaning)
    words = by_words / max(matches.highest, 1e-9)
    lengths = 0.5 * np.log(np.maximum(matches.lengths, 1e-3) + 0.01)
    of_passage = np.stack(
        [
            words,
            by_words / max(by_words[pool].max(), 1e-9),
            _reciprocal_ranks(len(rows), places[lexical]),
            matches.coverage,
            lengths,
            by_meaning,
            _from_zero_to_one(by_meaning, pool),
            _reciprocal_ranks(len(rows), places[dense]),
        ],
        axis=1,
    )
    ten = np.concatenate([first_words[:10], first_meaning[:10]])
    vectors = index.vectors(rows[ten])
    n_words = min(10, len(first_words))
    of_query = {
        **_of_terms(query, matches, len(index.passage_ids)),
        **_of_scores("words", words[pool], 1.0, 5.0),
        **_of_scores("meaning", by_meaning[pool], 3.0, 5.0),
        "coverage_top": float(np.sort(matches.coverage[pool])[-3:].mean()),
        "coverage_by_meaning": _mean(matches.coverage[first_meaning[:5]]),
        "coverage_by_words": _mean(matches.coverage[first_words[:5]]),
        "agreement": len({*first_words[:10].tolist()} & {*first_meaning[:10].tolist()}) / 10,
        "overlap": np.count_nonzero(in_words & in_meaning) / POOL,
        "nearness_by_words": _mean(by_meaning[first_words[:5]]),
        "words_by_meaning": _mean(words[first_meaning[:5]]),
        "length_spread": float(2 * np.std(lengths[pool])),
        "coherence_by_meaning": 0.0 if vectors is None else _coherence(vectors[n_words:]),
        "coherence_by_words": 0.0 if vectors is None else _coherence(vectors[:n_words]),
    }
    return Features(rows, of_passage, np.array([of_query[name] for name in OF_QUERY]), matches)


def _of_terms(query: Query, matches: Matches, n_passages: int) -> dict[str, float]:
    n = matches.n_terms
    parts = re.split(r"[,;\n]", query.lexical or query.text)
    return {
        "constant": 1.0,
        "terms": float(np.log1p(n)) / 2 - 0.9,
        "many_terms": max(0.0, (min(n, 60) - 10) / 20),
        "few_terms": max(0.0, (4 - n) / 4),
        "parts": min(1.0, len(parts) / 10),
        "known_terms": len(matches.idf) / max(n, 1),
        "rarity": _mean(matches.idf) / float(np.log1p(max(n_passages, 1))),
    }


def _of_scores(name: str, scores: NDArray[np.float64], fall: float, spread: float) -> dict[str, float]:
    best = np.sort(scores)[::-1]
    return {
        f"{name}_top": float(best[0]),
        f"{name}_fall": fall * float(best[0] - best[min(9, len(best) - 1)]),
        f"{name}_spread": spread * float(np.std(scores)),
    }


def _reciprocal_ranks(n: int, places: NDArray[np.intp]) -> NDArray[np.float64]:
    """Of the pool's passages; 0 for those found deeper, as for those not found."""
    first = places[:POOL]
    ranks = np.zeros(n)
    ranks[first] = _RANK_CONSTANT / (_RANK_CONSTANT + np.arange(1, len(first) + 1))
    return ranks


def _from_zero_to_one(scores: NDArray[np.float64], pool: NDArray[np.intp]) -> NDArray[np.float64]:
    low, high = scores[pool].min(), scores[pool].max()
    return (scores - low) / (high - low) if high > low else np.zeros(len(scores))


def _coherence(vectors: NDArray[np.float32]) -> float:
    """The mean cosine of the vectors with one another, themselves included."""
    if not len(vectors):
        return 0.0
    centre = vectors.astype(np.float64).mean(axis=0)
    return float(centre @ centre)


def _marked(n: int, places: NDArray[np.intp]) -> NDArray[np.bool_]:
    marked = np.zeros(n, dtype=np.bool_)
    marked[places] = True
    return marked


def _mean(values: NDArray[np.float64]) -> float:
    # As `numpy.mean`, in a third of its time for so few.
    return float(np.add.reduce(values) / len(values)) if len(values) else 0.0
