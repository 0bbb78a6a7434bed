"""Hard negatives: passages that a search finds for a query and that do not answer it.

Source: Karpukhin et al. 2020 (arXiv:2004.04906, section 3.2), negatives of BM25; Xiong et al. 2021, ANCE
(arXiv:2007.00808), negatives of a dense index; Moreira et al. 2024, NV-Retriever (arXiv:2407.15831), whose
"TopK-PercPos" leaves out, as likely false negatives, passages that score too near to the positive.

Left out are the documents that answer the query, passages that say nearly the same as the positive, passages of the
same question or title, and, in training, every document that is held out.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace

from ragmed.errors import RecipeError
from ragmed.filters.near_duplicates import shingles
from ragmed.protocols import Progress, no_progress
from ragmed.training.pairs import Negative, Pair, Split, documents_by_query, normal
from ragmed.training.pool import Pool

SAME_TEXT = 0.8
"""Two texts are near-duplicates whose 5-word shingles have this Jaccard similarity: the default of the filter."""
_SHINGLE_WORDS = 5
_BLOCK = 128
"""Queries searched at once."""
_DRAWS = 20
"""Passages drawn at random for each negative that the search did not give, before it is done without."""

_Choose = Callable[[Pair, Sequence[Negative], Set[str]], Iterable[Negative]]


@dataclass(frozen=True, slots=True)
class Mining:
    """``n`` negatives a pair, drawn from the hits of ranks ``first_rank`` to ``last_rank``.

    ``margin`` leaves out hits that score above this share of the positive's own score (NV-Retriever uses 0.95); 0:
    none. It needs scores that can be compared: those of one retriever.
    """

    n: int = 3
    first_rank: int = 5
    last_rank: int = 50
    margin: float = 0.0
    seed: int = 1

    def __post_init__(self) -> None:
        if self.n < 0 or not 1 <= self.first_rank <= self.last_rank or not 0 <= self.margin <= 1:
            raise RecipeError(
                f"negatives: {self.n} of ranks {self.first_rank} to {self.last_rank} with margin {self.margin:g}; "
                "ranks begin at 1, and a margin lies between 0 and 1"
            )


def mine(pairs: Sequence[Pair], pool: Pool, mining: Mining, progress: Progress = no_progress) -> list[Pair]:
    """The pairs, those of training with their negatives: the ones they have, then hits, then passages at random.

    What is drawn for a pair depends on seed, query and hits alone. Where the pool is too small, a pair has fewer.

    Raises:
        RecipeError: a margin is wanted, and several retrievers search.
    """
    if mining.margin and pool.retriever is None:
        raise RecipeError("a margin compares scores of one retriever; name it with --retriever")
    held_out = {pair.positive.doc_id for pair in pairs if pair.split == "held_out"}

    def choose(pair: Pair, hits: Sequence[Negative], answering: Set[str]) -> list[Negative]:
        rng = random.Random(f"{mining.seed} {pair.query_id} {pair.query}")
        refused = answering | held_out
        chosen = list(pair.negatives[: mining.n])
        ceiling = _ceiling(pair, pool, mining.margin)
        inside = [hit for hit in hits[mining.first_rank - 1 :] if hit.score <= ceiling]
        rng.shuffle(inside)
        taken = {negative.passage.passage_id for negative in chosen}
        for negative in (*inside, *_at_random(pool, rng, _DRAWS * mining.n)):
            if len(chosen) == mining.n:
                break
            if negative.passage.passage_id not in taken and not _answers(negative, pair, refused, pool):
                taken.add(negative.passage.passage_id)
                chosen.append(replace(negative, passage=pool.read(negative.passage)))
        return sorted(chosen, key=lambda negative: (negative.rank == 0, negative.rank))

    return _each(pairs, "train", pool, mining.last_rank if mining.n else 0, choose, progress)


def candidates(pairs: Sequence[Pair], pool: Pool, depth: int, progress: Progress = no_progress) -> list[Pair]:
    """The pairs, those held out with the negatives they have and the first ``depth`` hits that do not answer."""

    def choose(pair: Pair, hits: Sequence[Negative], answering: Set[str]) -> list[Negative]:
        given = {negative.passage.passage_id for negative in pair.negatives}
        others = (h for h in hits if h.passage.passage_id not in given and not _answers(h, pair, answering, pool))
        return [*pair.negatives, *(replace(hit, passage=pool.read(hit.passage)) for hit in others)]

    return _each(pairs, "held_out", pool, depth, choose, progress)


def is_near_duplicate(first: str, second: str) -> bool:
    """Whether two texts say nearly the same in the same words.

    >>> is_near_duplicate("Fever is a raised temperature.", "FEVER is a raised temperature")
    True
    """
    a, b = (set(shingles(text.casefold(), _SHINGLE_WORDS)) for text in (first, second))
    return len(a & b) >= SAME_TEXT * len(a | b)


def _each(
    pairs: Sequence[Pair], split: Split, pool: Pool, depth: int, choose: _Choose, progress: Progress
) -> list[Pair]:
    answering = documents_by_query(pairs)
    rows = [row for row, pair in enumerate(pairs) if pair.split == split]
    done = list(pairs)
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        for row, ranking in zip(block, pool.search([pairs[row].query for row in block], depth), strict=True):
            found = zip(ranking.rows.tolist(), ranking.scores.tolist(), strict=True)
            hits = [Negative(pool.passages[hit], rank, score) for rank, (hit, score) in enumerate(found, start=1)]
            chosen = choose(pairs[row], hits, answering[normal(pairs[row].query)])
            done[row] = replace(pairs[row], negatives=tuple(chosen))
        progress(start + len(block), len(rows))
    return done


def _ceiling(pair: Pair, pool: Pool, margin: float) -> float:
    """The highest score that a negative may have; infinite where the positive's is not known."""
    score = pool.score(pair.query, pair.positive.passage_id) if margin else None
    return float("inf") if score is None else margin * score


def _at_random(pool: Pool, rng: random.Random, n: int) -> Iterator[Negative]:
    return (Negative(pool.passages[rng.randrange(len(pool.passages))]) for _ in range(n))


def _answers(negative: Negative, pair: Pair, refused: Set[str], pool: Pool) -> bool:
    """Whether a passage must not be called wrong for the query of a pair."""
    passage, asked = negative.passage, pool.asks(negative.passage)
    return (
        passage.doc_id in refused
        or (asked != "" and normal(asked) == normal(pair.query))
        or is_near_duplicate(passage.text, pair.positive.text)
    )
