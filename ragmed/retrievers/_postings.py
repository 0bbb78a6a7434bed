"""An inverted index of precomputed scores in memory-mapped files, and its exact best k by block-max pruning.

Source: Mallia, Suel & Tonellotto 2024, "Faster Learned Sparse Retrieval with Block-Max Pruning", SIGIR 2024,
arXiv:2405.01117. Rows are cut into blocks of eight; of each common term the highest score in each block is stored,
rounded up to 8 bits. For a query the sum of these bounds over its terms, one number a block, says which blocks can
hold one of the best k: the k blocks of the highest bounds are scored, which gives a threshold, then those whose bounds
reach it, term by term, as long as they may still get there. What remains is scored exactly. Nothing is approximate:
whatever is left out cannot be among the best k.

A score is a sum in float32, term by term in ascending order, whichever way it is come by, so that it is the same
to the last bit from `Postings.search` and `Postings.scores`.

Files: ``starts.npy`` (int64, n_terms + 1), ``rows.npy`` (uint32) and ``scores.npy`` (float32, above 0): the postings of
term t lie at ``starts[t]:starts[t + 1]``, rows ascending; ``bound_terms.npy`` (uint32, ascending): the terms with at
least n_blocks / 4 postings; ``bound_tops.npy`` (float32): the highest score of each; ``bounds.npy`` (uint8, n_blocks
numbers for each, flat): the highest score in each block of 8 rows, in 255ths of the top, rounded up. An index of fewer
than ``SMALL`` rows has no bounds: there, adding up all postings is faster.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ragmed.columns import ArrayWriter, map_array
from ragmed.protocols import Allowed, Ranking, Rows
from ragmed.retrievers._top import ranking, top_rows

SMALL = 1 << 17
_BLOCK_BITS = 3
_SIZE = 1 << _BLOCK_BITS
_SPARSE = 4
"""A term has stored bounds from one posting to so many blocks: they take at most half the room of its postings."""
_FIRST = 16
"""Blocks scored in the first round, or k if that is more; each later round takes ``_GROWTH`` times as many."""
_GROWTH = 4
_AT_ONCE = 1 << 12
"""Blocks scored together."""
_CACHED = 1 << 16
"""Bounds added up together: they stay in the processor's cache."""
_WINDOW = 1 << 17
"""Rows scored together where all are."""
_COST = 0.5
"""Where more blocks can hold one of the best, per term, than so many times all postings, all rows are scored."""
_TINY = np.finfo(np.float32).tiny
_WEIGHTS = (1e-20, 1e20)
"""Weights for which sums of bounds round as `_slack` says."""

Term = tuple[int, float]
"""A term's number, and its weight in a query."""


class PostingsWriter:
    """Writes the files, from terms in ascending order."""

    def __init__(self, path: Path, n_rows: int, small: int = SMALL) -> None:
        self._starts = ArrayWriter(path / "starts.npy", np.int64)
        self._rows = ArrayWriter(path / "rows.npy", np.uint32)
        self._scores = ArrayWriter(path / "scores.npy", np.float32)
        self._bound_terms = ArrayWriter(path / "bound_terms.npy", np.uint32)
        self._bound_tops = ArrayWriter(path / "bound_tops.npy", np.float32)
        self._bounds = ArrayWriter(path / "bounds.npy", np.uint8)
        self._n_blocks = _n_blocks(n_rows)
        self._least = max(1, self._n_blocks // _SPARSE) if n_rows >= small else n_rows + 1
        self._starts.append(np.zeros(1, dtype=np.int64))
        self.n_terms = self.n_postings = 0

    def append(self, starts: NDArray[np.int64], rows: NDArray[np.uint32], scores: NDArray[np.float32]) -> None:
        """The next terms: the postings of the i-th of them at ``starts[i]:starts[i + 1]``, rows ascending."""
        for term in np.flatnonzero(np.diff(starts) >= self._least).tolist():
            postings = slice(int(starts[term]), int(starts[term + 1]))
            blocks, _, highest = _highest(rows[postings], scores[postings])
            top = highest.max()
            bounds = np.zeros(self._n_blocks, dtype=np.uint8)
            bounds[blocks] = np.minimum(np.ceil(highest / top * 255), 255)
            self._bound_terms.append(np.array([self.n_terms + term], dtype=np.uint32))
            self._bound_tops.append(np.array([top], dtype=np.float32))
            self._bounds.append(bounds)
        self._starts.append(starts[1:] + self.n_postings)
        self._rows.append(rows)
        self._scores.append(scores)
        self.n_terms += len(starts) - 1
        self.n_postings += len(rows)

    def close(self) -> None:
        for file in (self._starts, self._rows, self._scores, self._bound_terms, self._bound_tops, self._bounds):
            file.close()


class Postings:
    """The files, open. Safe for threads. Queries are terms that occur, in ascending order, with their weights."""

    def __init__(self, path: Path, n_rows: int, small: int = SMALL) -> None:
        self._n_rows, self._n_blocks = n_rows, _n_blocks(n_rows)
        self._is_small = n_rows < small
        # Plain arrays over the maps: slices of a memmap cost more.
        self._starts, self._rows, self._scores, self._bound_terms, self._bound_tops, bounds = (
            np.asarray(map_array(path / f"{name}.npy"))
            for name in ("starts", "rows", "scores", "bound_terms", "bound_tops", "bounds")
        )
        self._bounds = bounds.reshape(len(self._bound_terms), self._n_blocks if len(bounds) else 0)

    def count(self, term: int) -> int:
        """How many rows have the term."""
        return int(self._starts[term + 1] - self._starts[term])

    def has(self, term: int, rows: Rows) -> NDArray[np.bool_]:
        """Which of the rows have the term."""
        return self._find(self._slice(term), rows)[1]

    def scores(self, terms: Sequence[Term], rows: Rows) -> NDArray[np.float32]:
        """The score of each row."""
        total = np.zeros(len(rows), dtype=np.float32)
        if len(rows):
            for term, weight in terms:
                postings = self._slice(term)
                at, found = self._find(postings, rows)
                total[found] += self._scores[postings][at[found]] * np.float32(weight)
        return total

    def search(self, terms: Sequence[Term], k: int, allowed: Allowed | None, passage_ids: Sequence[str]) -> Ranking:
        """The best ``k`` rows of those allowed whose score is not 0."""
        best = _Best(k, allowed)
        if k > 0 and terms:
            low, high = _WEIGHTS
            if self._is_small or not all(low <= weight <= high for _, weight in terms):
                self._score_all(terms, best)
            else:
                self._score_best(terms, best)
        return ranking(best.rows, best.scores, k, passage_ids)

    def _score_all(self, terms: Sequence[Term], best: _Best) -> None:
        for low in range(0, self._n_rows, _WINDOW):
            high = min(low + _WINDOW, self._n_rows)
            total = np.zeros(high - low, dtype=np.float32)
            for term, weight in terms:
                postings = self._slice(term)
                rows, scores = self._rows[postings], self._scores[postings]
                if high - low < self._n_rows:
                    begin, end = np.searchsorted(rows, np.array([low, high], dtype=np.uint32)).tolist()
                    rows, scores = rows[begin:end] - np.uint32(low), scores[begin:end]
                total[rows] += scores * np.float32(weight)
            at = np.flatnonzero(total >= best.threshold if best.threshold > 0 else total != 0)
            best.add(at + low, total[at])

    def _score_best(self, terms: Sequence[Term], best: _Best) -> None:
        bounded, plain = self._divided(terms)
        bounds = self._block_bounds(bounded, plain)
        if best.allowed is not None:
            bounds[~_any_allowed(best.allowed, self._n_blocks)] = 0
        n_postings = sum(self.count(term) for term, _ in terms)
        n_picked = max(_FIRST, best.k)
        picked = _highest_of(bounds, n_picked)
        while len(picked):
            for start in range(0, len(picked), _AT_ONCE):
                blocks = picked[start : start + _AT_ONCE]
                rows = self._candidates(bounded, plain, blocks, bounds[blocks], best)
                best.add(rows, self.scores(terms, rows))
            bounds[picked] = 0
            picked = np.flatnonzero(bounds >= max(float(best.threshold) / (1 + _slack(len(terms))), float(_TINY)))
            if len(picked) * len(terms) > _COST * n_postings:
                best.clear()
                self._score_all(terms, best)
                return
            n_picked *= _GROWTH
            picked = picked[_highest_of(bounds[picked], n_picked)]

    def _divided(self, terms: Sequence[Term]) -> tuple[list[_Bounded], list[_Plain]]:
        """The terms with stored bounds, those that may add most first, and the others."""
        bounded: list[_Bounded] = []
        plain: list[_Plain] = []
        for term, of_query in terms:
            postings, weight = self._slice(term), np.float32(of_query)
            at = int(np.searchsorted(self._bound_terms, np.uint32(term)))
            if at < len(self._bound_terms) and self._bound_terms[at] == term:
                unit = self._bound_tops[at] * weight / np.float32(255)
                bounded.append(_Bounded(postings, weight, self._bounds[at], unit))
            else:
                blocks, first, highest = _highest(self._rows[postings], self._scores[postings])
                first = np.append(first, postings.stop - postings.start)
                plain.append(_Plain(postings, weight, blocks, first, highest * weight))
        bounded.sort(key=lambda of_term: -of_term.unit)
        return bounded, plain

    def _block_bounds(self, bounded: Sequence[_Bounded], plain: Sequence[_Plain]) -> NDArray[np.float32]:
        """For each block, what no score in it exceeds by more than `_slack`."""
        bounds = np.zeros(self._n_blocks, dtype=np.float32)
        for start in range(0, self._n_blocks, _CACHED):
            part = slice(start, start + _CACHED)
            for of_bounded in bounded:
                bounds[part] += of_bounded.bounds[part] * of_bounded.unit
        for of_plain in plain:
            bounds[of_plain.blocks] += of_plain.highest
        return bounds

    def _candidates(
        self,
        bounded: Sequence[_Bounded],
        plain: Sequence[_Plain],
        blocks: NDArray[np.int64],
        bounds: NDArray[np.float32],
        best: _Best,
    ) -> Rows:
        """The rows of some blocks (ascending) that may be among the best k.

        Scores come together term by term, rare terms first; a block is left out once the highest score in it and the
        bounds of the terms still to come do not reach the threshold.
        """
        slack = np.float32(_slack(len(bounded) + len(plain)))
        total = np.zeros((len(blocks), _SIZE), dtype=np.float32)
        to_come = bounds.copy()
        for of_plain in plain:
            slots, at = _common(blocks, of_plain.blocks)
            self._add(of_plain, of_plain.first[at], of_plain.first[at + 1], slots, total)
            to_come[slots] -= of_plain.highest[at]
        for of_bounded in bounded:
            if best.threshold > 0:
                kept = np.flatnonzero(total.max(axis=1) + to_come + bounds * slack >= best.threshold)
                blocks, bounds, total, to_come = blocks[kept], bounds[kept], total[kept], to_come[kept]
            of_blocks = of_bounded.bounds[blocks]
            slots = np.flatnonzero(of_blocks)
            edges = blocks[slots].astype(np.uint32) << np.uint32(_BLOCK_BITS)
            rows = self._rows[of_bounded.postings]
            begins, ends = np.searchsorted(rows, edges), np.searchsorted(rows, edges + np.uint32(_SIZE))
            self._add(of_bounded, begins, ends, slots, total)
            to_come -= of_blocks * of_bounded.unit
        if best.allowed is not None:
            rows_of_blocks = (blocks[:, None] << _BLOCK_BITS) + np.arange(_SIZE)
            total[~best.allowed[np.minimum(rows_of_blocks, self._n_rows - 1)]] = 0
        threshold = best.threshold
        if total.size > best.k:
            threshold = max(threshold, float(np.partition(total.ravel(), -best.k)[-best.k]))
        slots, offsets = np.nonzero(total >= max(threshold * (1 - slack), _TINY))
        return (blocks[slots] << _BLOCK_BITS) + offsets

    def _add(
        self,
        of_term: _Bounded | _Plain,
        begins: NDArray[np.intp],
        ends: NDArray[np.intp],
        slots: NDArray[np.intp],
        total: NDArray[np.float32],
    ) -> None:
        """Add a term's postings ``begins:ends`` to the blocks at ``slots``."""
        counts = ends - begins
        at = np.repeat(begins - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
        offsets = self._rows[of_term.postings][at] & np.uint32(_SIZE - 1)
        total[np.repeat(slots, counts), offsets] += self._scores[of_term.postings][at] * of_term.weight

    def _slice(self, term: int) -> slice:
        return slice(int(self._starts[term]), int(self._starts[term + 1]))

    def _find(self, postings: slice, rows: Rows) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Where among a term's postings each row would be, and whether it is there."""
        of_term = self._rows[postings]
        # Of one type: else all postings would be converted.
        at = np.searchsorted(of_term, rows.astype(np.uint32))
        at[at == len(of_term)] = 0
        return at, of_term[at] == rows


@dataclass(frozen=True, slots=True, eq=False)
class _Bounded:
    """A term of a query with stored bounds: in multiples of ``unit``, which has the weight in it."""

    postings: slice
    weight: np.float32
    bounds: NDArray[np.uint8]
    unit: np.float32


@dataclass(frozen=True, slots=True, eq=False)
class _Plain:
    """A rarer one: the blocks it occurs in, where the postings of each begin, and its highest score there, weighted."""

    postings: slice
    weight: np.float32
    blocks: NDArray[np.uint32]
    first: NDArray[np.intp]
    highest: NDArray[np.float32]


class _Best:
    """The best k so far and all that tie with the k-th, whose score is the threshold once there are k."""

    def __init__(self, k: int, allowed: Allowed | None) -> None:
        self.k, self.allowed = k, allowed
        self.threshold = -np.inf
        self.clear()

    def clear(self) -> None:
        """Forget the rows, but not the threshold that they gave."""
        self.rows: Rows = np.zeros(0, dtype=np.int64)
        self.scores: NDArray[np.float32] = np.zeros(0, dtype=np.float32)

    def add(self, rows: Rows, scores: NDArray[np.float32]) -> None:
        good = scores >= self.threshold
        if self.allowed is not None:
            good &= self.allowed[rows]
        self.rows = np.concatenate([self.rows, rows[good]])
        self.scores = np.concatenate([self.scores, scores[good]])
        if len(self.rows) >= self.k:
            top = top_rows(self.scores, self.k)
            self.rows, self.scores = self.rows[top], self.scores[top]
            self.threshold = float(self.scores.min())


def _highest(
    rows: NDArray[np.uint32], scores: NDArray[np.float32]
) -> tuple[NDArray[np.uint32], NDArray[np.intp], NDArray[np.float32]]:
    """The blocks that some rows (ascending) lie in, where each begins among the rows, and the highest score in it."""
    blocks = rows >> np.uint32(_BLOCK_BITS)
    first = np.flatnonzero(np.concatenate([[True], blocks[1:] != blocks[:-1]]))
    return blocks[first], first, np.maximum.reduceat(scores, first)


def _common(ones: NDArray[np.int64], others: NDArray[np.uint32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where the numbers that two ascending arrays share lie in each; the shorter is looked up in the longer."""
    if len(ones) <= len(others):
        at = np.searchsorted(others, ones.astype(np.uint32))
        at[at == len(others)] = 0
        found = np.flatnonzero(others[at] == ones)
        return found, at[found]
    at = np.searchsorted(ones, others.astype(np.int64))
    at[at == len(ones)] = 0
    found = np.flatnonzero(ones[at] == others)
    return at[found], found


def _highest_of(bounds: NDArray[np.float32], n: int) -> NDArray[np.intp]:
    """Where the ``n`` highest bounds above 0 are, ascending; of equal ones the first."""
    if len(bounds) <= n:
        return np.flatnonzero(bounds >= _TINY)
    lowest = np.partition(bounds, -n)[-n]
    if lowest < _TINY:
        return np.flatnonzero(bounds >= _TINY)
    above = np.flatnonzero(bounds > lowest)
    return np.sort(np.concatenate([above, np.flatnonzero(bounds == lowest)[: n - len(above)]]))


def _any_allowed(allowed: Allowed, n_blocks: int) -> NDArray[np.bool_]:
    """Whether each block has a row that is allowed."""
    n_whole = len(allowed) // _SIZE
    some = np.zeros(n_blocks, dtype=np.bool_)
    some[:n_whole] = np.ascontiguousarray(allowed[: n_whole * _SIZE]).view(np.uint64) != 0
    some[n_whole:] = allowed[n_whole * _SIZE :].any()
    return some


def _slack(n_terms: int) -> float:
    """By how much, in proportion, rounding in float32 may put two sums over the terms of a query apart."""
    return 4 * (n_terms + 2) * float(np.finfo(np.float32).eps)


def _n_blocks(n_rows: int) -> int:
    return -(-n_rows // _SIZE)
