"""Texts to postings sorted by term, in bounded memory: sorted segments on disk, merged by streaming.

Source: Zobel & Moffat 2006, "Inverted Files for Text Search Engines", ACM Computing Surveys 38(2), §5.2
("merge-based inversion").

Tokens gather as numbers of terms; some tens of millions of them are sorted at once by (term, passage, field), counted
and written to temporary files. Within each such segment terms are in the order of their words, so that a range of the
final vocabulary is one range of every segment, and the merge reads each file once, from front to back.
"""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ragmed.analysis.terms import STOP_WORDS, bag_of_words, codes, stem

N_FIELDS = 3
_FREQUENCY_BITS = (8, 8, 16)
"""A term counts at most 255 times in each of a passage's first two fields and 65,535 times in the third."""
_SHIFTS = (0, 8, 16)
_ROW_BITS = 30
"""Of the rows of one segment."""
_KNOWN_WORDS = 1 << 20
"""Words whose term is remembered."""
_SEGMENT_TOKENS = 1 << 24
_BATCH_POSTINGS = 1 << 22


class _TermOfWord(dict[str, int]):
    """Word → number of its term, −1 for a stop word; terms are numbered as they come. Bounded, terms are not."""

    def __init__(self) -> None:
        super().__init__()
        self.vocabulary: dict[str, int] = {}

    def __missing__(self, word: str) -> int:
        if len(self) >= _KNOWN_WORDS:
            self.clear()
        term = -1 if word in STOP_WORDS else self.vocabulary.setdefault(stem([word])[0], len(self.vocabulary))
        self[word] = term
        return term


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """The postings of consecutive terms: those of ``terms[i]`` lie at ``starts[i]:starts[i + 1]``, rows ascending.

    ``frequencies`` holds how often the term occurs in each field, packed; see `frequency`.
    """

    terms: list[str]
    starts: NDArray[np.int64]
    rows: NDArray[np.uint32]
    frequencies: NDArray[np.uint32]

    def frequency(self, field: int) -> NDArray[np.uint32]:
        mask = np.uint32((1 << _FREQUENCY_BITS[field]) - 1)
        return (self.frequencies >> np.uint32(_SHIFTS[field])) & mask


@dataclass(frozen=True, slots=True, eq=False)
class _Segment:
    """Sorted postings in files: the numbers of the terms in the order of their words, how many postings each has."""

    terms: NDArray[np.uint32]
    counts: NDArray[np.uint32]
    rows: Path
    frequencies: Path


class Inverter:
    """Takes passages one by one, each as the texts of its fields, and gives back their postings by term.

    ``folder`` holds the temporary files and is the caller's to remove.
    """

    def __init__(self, folder: Path, segment_tokens: int = _SEGMENT_TOKENS) -> None:
        self._folder, self._segment_tokens = folder, segment_tokens
        self._term_of_word = _TermOfWord()
        self._tokens, self._ends = array("i"), array("q")
        self._segments: list[_Segment] = []
        self._lengths: list[NDArray[np.uint32]] = []
        self._n_rows = 0
        self.n_postings_of_field = np.zeros(N_FIELDS, dtype=np.int64)
        """In how many passages' fields each term occurs, summed over terms: lengths without repetitions."""

    def add(self, texts: Sequence[str]) -> None:
        """The next passage."""
        for text in texts:
            if text:
                self._tokens.extend(map(self._term_of_word.__getitem__, [*bag_of_words(text), *codes(text)]))
            self._ends.append(len(self._tokens))
        if len(self._tokens) >= self._segment_tokens or len(self._ends) >= N_FIELDS * (1 << _ROW_BITS):
            self._spill()

    def finish(self) -> NDArray[np.uint32]:
        """Take no more passages; return the lengths of their fields in terms, (n_passages, N_FIELDS)."""
        self._spill()
        return np.concatenate(self._lengths) if self._lengths else np.zeros((0, N_FIELDS), dtype=np.uint32)

    def _spill(self) -> None:
        if not self._ends:
            return
        terms = np.frombuffer(self._tokens, dtype=np.int32) if len(self._tokens) else np.zeros(0, np.int32)
        ends = np.frombuffer(self._ends, dtype=np.int64)
        n_rows = len(ends) // N_FIELDS
        kept = terms >= 0
        n_kept = np.concatenate([[0], np.cumsum(kept)])
        self._lengths.append(np.diff(n_kept[ends], prepend=0).astype(np.uint32).reshape(n_rows, N_FIELDS))
        places = (np.arange(n_rows, dtype=np.uint64)[:, None] << np.uint64(2)) | np.arange(N_FIELDS, dtype=np.uint64)
        keys = np.repeat(places.ravel(), np.diff(ends, prepend=0))[kept]
        terms = terms[kept]
        if len(terms):
            self._write(terms, keys)
        self._tokens, self._ends = array("i"), array("q")
        self._n_rows += n_rows

    def _write(self, terms: NDArray[np.int32], keys: NDArray[np.uint64]) -> None:
        """One segment: each token's term, and its row and field in ``keys``."""
        words_of_terms = list(self._term_of_word.vocabulary)
        present = np.flatnonzero(np.bincount(terms, minlength=len(words_of_terms)))
        by_word = np.array(sorted(present.tolist(), key=words_of_terms.__getitem__), dtype=np.uint32)
        order = np.zeros(len(words_of_terms), dtype=np.uint32)
        order[by_word] = np.arange(len(by_word), dtype=np.uint32)
        keys |= order[terms].astype(np.uint64) << np.uint64(_ROW_BITS + 2)
        keys.sort()
        field = (keys & np.uint64(3)).astype(np.uint8)
        keys >>= np.uint64(2)
        first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
        keys = keys[first]
        packed = np.zeros(len(first), dtype=np.uint32)
        for i, (bits, shift) in enumerate(zip(_FREQUENCY_BITS, _SHIFTS, strict=True)):
            count = np.add.reduceat(field == i, first, dtype=np.uint32)
            self.n_postings_of_field[i] += np.count_nonzero(count)
            packed |= np.minimum(count, np.uint32((1 << bits) - 1)) << np.uint32(shift)
        rows = (keys & np.uint64((1 << _ROW_BITS) - 1)).astype(np.uint32) + np.uint32(self._n_rows)
        counts = np.bincount((keys >> np.uint64(_ROW_BITS)).astype(np.int64), minlength=len(by_word))
        name = f"segment{len(self._segments)}"
        segment = _Segment(
            by_word, counts.astype(np.uint32), self._folder / f"{name}.rows", self._folder / f"{name}.frequencies"
        )
        segment.rows.write_bytes(rows.data)
        segment.frequencies.write_bytes(packed.data)
        self._segments.append(segment)

    def batches(self, batch_postings: int = _BATCH_POSTINGS) -> Iterator[Batch]:
        """All postings, terms in the order of their UTF-8 bytes, some millions of postings at a time.

        A term's postings are never divided.
        """
        words_of_terms = list(self._term_of_word.vocabulary)
        by_word = sorted(range(len(words_of_terms)), key=words_of_terms.__getitem__)
        rank = np.zeros(len(by_word), dtype=np.uint32)
        rank[by_word] = np.arange(len(by_word), dtype=np.uint32)
        totals = np.zeros(len(by_word), dtype=np.int64)
        ranks = [rank[segment.terms] for segment in self._segments]
        for of_segment, segment in zip(ranks, self._segments, strict=True):
            totals[of_segment] += segment.counts
        read = [_Reader(of_segment, segment) for of_segment, segment in zip(ranks, self._segments, strict=True)]
        for low, high in itertools.pairwise(_cuts(totals, batch_postings)):
            starts = np.concatenate([[0], np.cumsum(totals[low:high])])
            rows = np.empty(starts[-1], dtype=np.uint32)
            frequencies = np.empty(starts[-1], dtype=np.uint32)
            free = starts[:-1].copy()
            for reader in read:
                reader.place(low, high, free, rows, frequencies)
            yield Batch([words_of_terms[i] for i in by_word[low:high]], starts, rows, frequencies)


class _Reader:
    """Reads a segment from front to back."""

    def __init__(self, ranks: NDArray[np.uint32], segment: _Segment) -> None:
        self._ranks, self._counts = ranks, segment.counts.astype(np.int64)
        self._starts = np.concatenate([[0], np.cumsum(self._counts)])
        self._segment = segment

    def place(
        self,
        low: int,
        high: int,
        free: NDArray[np.int64],
        rows: NDArray[np.uint32],
        frequencies: NDArray[np.uint32],
    ) -> None:
        """Put the postings of the terms ``low:high`` where ``free`` says for each, and move it on."""
        first, last = np.searchsorted(self._ranks, np.array([low, high], dtype=np.uint32)).tolist()
        if first == last:
            return
        of_terms, counts = self._ranks[first:last].astype(np.int64) - low, self._counts[first:last]
        begin, end = int(self._starts[first]), int(self._starts[last])
        at = np.repeat(free[of_terms] - (self._starts[first:last] - begin), counts) + np.arange(end - begin)
        rows[at] = _read(self._segment.rows, begin, end)
        frequencies[at] = _read(self._segment.frequencies, begin, end)
        free[of_terms] += counts


def _read(path: Path, begin: int, end: int) -> NDArray[np.uint32]:
    # Read, not mapped: pages of a map would count as memory of this process.
    return np.fromfile(path, dtype=np.uint32, count=end - begin, offset=4 * begin)


def _cuts(totals: NDArray[np.int64], batch_postings: int) -> list[int]:
    """Where to cut the terms so that each part has about so many postings, or a single term."""
    ends = np.cumsum(totals)
    cuts = [0]
    while cuts[-1] < len(totals):
        done = int(ends[cuts[-1] - 1]) if cuts[-1] else 0
        cuts.append(max(cuts[-1] + 1, int(np.searchsorted(ends, done + batch_postings, side="right"))))
    return cuts
