"""Words near a misspelt one: a dictionary of words with their deletion neighbourhood on disk.

Two words within edit distance d share a string that is left of each when up to d letters are deleted, so one look-up
for every deletion of the misspelt word finds all candidates. Deletions are taken of the first `_PREFIX` letters only.

Source: the symmetric delete algorithm, Garbe 2012 (SymSpell, https://github.com/wolfgarbe/SymSpell); its idea is that
of Mor & Fraenkel 1982, "A hash code method for detecting and correcting spelling errors", CACM 25(12). The distance is
optimal string alignment: one insertion, deletion, substitution or exchange of two neighbours costs 1.

Files: ``word.bin/.npy`` (sorted by bytes), ``count.npy`` (uint32), ``deletion.npy`` (uint32, CRC-32 of each deletion,
sorted) and ``deletion_word.npy`` (uint32, the row of its word).
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ragmed.columns import SortedStrings, StringColumn, map_array, write_array, write_strings

MAX_DISTANCE = 2
_PREFIX = 7
"""SymSpell's default: shorter finds more candidates to be refused, longer needs more memory."""


class Near(NamedTuple):
    """A word near another."""

    distance: int
    word: str
    frequency: int


def distance(one: str, other: str, limit: int) -> int:
    """Optimal string alignment distance; ``limit + 1`` where it is larger than ``limit``.

    >>> distance("diabtes", "diabetes", 2), distance("hte", "the", 2), distance("ilium", "cough", 2)
    (1, 1, 3)
    """
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    before: list[int] = []
    previous = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        current = [i]
        for j, wanted in enumerate(other, start=1):
            cost = min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        if min(current) > limit:
            return limit + 1
        before, previous = previous, current
    return min(previous[-1], limit + 1)


def deletions(word: str, limit: int) -> set[str]:
    """The first letters of a word and what is left of them after up to ``limit`` deletions.

    >>> sorted(deletions("abc", 1))
    ['ab', 'abc', 'ac', 'bc']
    """
    found = layer = {word[:_PREFIX]}
    for _ in range(limit):
        layer = {item[:i] + item[i + 1 :] for item in layer for i in range(len(item))}
        found = found | layer
    return found


def write_words(folder: Path, counts: Mapping[str, int]) -> None:
    """Write the files of `Words` into an existing folder; ``counts`` says how often each word occurs."""
    by_bytes = sorted(counts, key=lambda word: word.encode("utf-8"))
    hashes, rows = [], []
    for row, word in enumerate(by_bytes):
        for deletion in deletions(word, MAX_DISTANCE):
            hashes.append(zlib.crc32(deletion.encode()))
            rows.append(row)
    hash_array, row_array = np.array(hashes, dtype=np.uint32), np.array(rows, dtype=np.uint32)
    order = np.lexsort((row_array, hash_array))
    write_strings(folder, "word", by_bytes)
    write_array(folder / "count.npy", np.array([counts[word] for word in by_bytes], dtype=np.uint32))
    write_array(folder / "deletion.npy", hash_array[order])
    write_array(folder / "deletion_word.npy", row_array[order])


class Words:
    """The dictionary of a folder that `write_words` wrote. Safe for threads."""

    def __init__(self, folder: Path) -> None:
        self._words = StringColumn(folder, "word")
        self._sorted = SortedStrings(self._words)
        self._counts = map_array(folder / "count.npy")
        self._deletions = map_array(folder / "deletion.npy")
        self._rows = map_array(folder / "deletion_word.npy")

    def __contains__(self, word: str) -> bool:
        return self._sorted.find(word) is not None

    def __len__(self) -> int:
        return len(self._words)

    def near(self, word: str, limit: int) -> list[Near]:
        """The words within ``limit`` (at most 2) edits: the nearest first, then the most frequent."""
        wanted = np.array(sorted({zlib.crc32(d.encode()) for d in deletions(word, limit)}), dtype=np.uint32)
        first = np.searchsorted(self._deletions, wanted, side="left")
        last = np.searchsorted(self._deletions, wanted, side="right")
        rows = {int(row) for low, high in zip(first, last, strict=True) for row in self._rows[low:high]}
        found = []
        for row in rows:
            candidate = self._words[row]
            apart = distance(word, candidate, limit)
            if apart <= limit:
                found.append(Near(apart, candidate, int(self._counts[row])))
        return sorted(found, key=lambda near: (near.distance, -near.frequency, near.word))
