"""What a corpus holds, counted in one pass: how much, how long, how old, of what kind, under which licence.

Words are runs of characters without a blank, so a text in a script that writes none between its words counts
few. Memory stays bounded: lengths are counted exactly up to 4,095 words and to 1 part in 2,048 beyond, and
each tally holds at most `N_VALUES` different values; what comes after them is counted as one. Eight bytes a
document are kept to find equal texts.
"""

from __future__ import annotations

import hashlib
import re
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from ragmed.analysis.licences import permits_commercial_use
from ragmed.types import Document

N_VALUES = 100_000
"""Different values told apart for each tally; PubMed's journals are some 36,000."""

MAX_VALUE = 200
"""Characters of a value that are kept."""

_EXACT_BITS = 12
_PIECE = 1 << 20
"""Texts longer than this are not cut into a list of words, which would be large."""

_WORD = re.compile(r"\S+")
_YEAR = re.compile(r"\d{4}(?!\d)")


class Tally:
    """How often each value occurs; of more than `N_VALUES`, the first ones to come are told apart."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.n_other = 0

    def add(self, value: str) -> None:
        value = value[:MAX_VALUE]
        if value in self.counts or len(self.counts) < N_VALUES:
            self.counts[value] += 1
        else:
            self.n_other += 1

    def most_common(self, n: int | None = None) -> list[tuple[str, int]]:
        """(value, count), most frequent first, ties by value."""
        return sorted(self.counts.items(), key=lambda pair: (-pair[1], pair[0]))[:n]

    def table(self, n: int | None = None) -> dict[str, Any]:
        """The ``n`` most frequent values, how many different ones there are, and what the others amount to."""
        shown = self.most_common(n)
        total = self.counts.total() + self.n_other
        return {
            "values": dict(shown),
            "n_distinct": len(self.counts),
            "distinct_is_lower_bound": self.n_other > 0,
            "n_in_others": total - sum(count for _, count in shown),
        }


class Lengths:
    """Lengths in words, as counts by length, and by the first length of each bin of the histogram."""

    def __init__(self) -> None:
        self.counts: Counter[int] = Counter()
        self.bins: Counter[int] = Counter()
        self.total = 0
        self.max = 0

    def add(self, n_words: int) -> None:
        self.counts[_rounded(n_words)] += 1
        self.bins[_edge_below(n_words)] += 1
        self.total += n_words
        self.max = max(self.max, n_words)

    @property
    def mean(self) -> float:
        n = self.counts.total()
        return self.total / n if n else 0.0

    def percentile(self, percent: int) -> int:
        """The smallest length that at least ``percent`` per cent of the documents do not exceed (nearest rank).

        >>> lengths = Lengths()
        >>> for n in (1, 2, 3, 100):
        ...     lengths.add(n)
        >>> lengths.percentile(50), lengths.percentile(95)
        (2, 100)
        """
        wanted = self.counts.total() * percent  # in hundredths of a document
        seen = 0
        for length in sorted(self.counts):
            seen += self.counts[length]
            if seen * 100 >= wanted:
                return length
        return 0

    def histogram(self) -> list[tuple[str, int]]:
        """Counts by bins of the series 1, 2, 5, 10, 20, 50, …, from the first that holds any to the last.

        >>> lengths = Lengths()
        >>> for n in (0, 3, 4, 12):
        ...     lengths.add(n)
        >>> lengths.histogram()
        [('0', 1), ('1', 0), ('2–4', 2), ('5–9', 0), ('10–19', 1)]
        """
        if not self.bins:
            return []
        edges = [min(self.bins)]
        while edges[-1] <= self.max:
            edges.append(_next_edge(edges[-1]))
        return [
            (f"{low:,}" if high - low == 1 else f"{low:,}–{high - 1:,}", self.bins[low])
            for low, high in pairwise(edges)
        ]

    def table(self) -> dict[str, Any]:
        return {
            "mean": round(self.mean, 1),
            "median": self.percentile(50),
            "p95": self.percentile(95),
            "max": self.max,
            "histogram": dict(self.histogram()),
        }


@dataclass
class Statistics:
    """The figures of a corpus. Counts are of documents where the name does not say otherwise.

    ``n_equal_texts`` counts the documents whose text, not empty, is that of an earlier one (equal by a hash of
    64 bits); ``commercial`` tells "yes", "no" and "unknown" apart as `permits_commercial_use` does.
    """

    n_documents: int = 0
    n_characters: int = 0
    lengths: Lengths = field(default_factory=Lengths)
    years: Tally = field(default_factory=Tally)
    n_undated: int = 0
    sources: Tally = field(default_factory=Tally)
    kinds: Tally = field(default_factory=Tally)
    licences: Tally = field(default_factory=Tally)
    commercial: Counter[str] = field(default_factory=Counter)
    languages: Tally = field(default_factory=Tally)
    publication_types: Tally = field(default_factory=Tally)
    journals: Tally = field(default_factory=Tally)
    n_retracted: int = 0
    n_qa_pairs: int = 0
    n_with_sections: int = 0
    n_empty: int = 0
    n_equal_texts: int = 0

    @property
    def n_words(self) -> int:
        """Words of all texts."""
        return self.lengths.total

    def by_period(self, n_periods: int = 30) -> list[tuple[str, int]]:
        """Documents by year, or by decade (``1990s``) or century (``1900 ff.``) where the years span too many."""
        years = {int(year): count for year, count in self.years.counts.items()}
        if not years:
            return []
        span = max(years) - min(years)
        width = 1 if span < n_periods else 10 if span < 10 * n_periods else 100
        periods = dict.fromkeys(range(min(years) // width, max(years) // width + 1), 0)
        for year, count in years.items():
            periods[year // width] += count
        name = {1: "{:04}", 10: "{:04}s", 100: "{:04} ff."}[width]
        return [(name.format(period * width), count) for period, count in periods.items()]

    def table(self) -> dict[str, Any]:
        """The statistics as JSON values."""
        return {
            "n_documents": self.n_documents,
            "n_characters": self.n_characters,
            "n_words": self.n_words,
            "words_per_document": self.lengths.table(),
            "n_empty": self.n_empty,
            "n_equal_texts": self.n_equal_texts,
            "n_qa_pairs": self.n_qa_pairs,
            "n_with_sections": self.n_with_sections,
            "n_retracted": self.n_retracted,
            "years": dict(sorted(self.years.counts.items())),
            "n_undated": self.n_undated,
            "sources": self.sources.table(100),
            "kinds": self.kinds.table(100),
            "licences": self.licences.table(100),
            "commercial_use": {answer: self.commercial[answer] for answer in ("yes", "no", "unknown")},
            "languages": self.languages.table(100),
            "publication_types": self.publication_types.table(100),
            "journals": self.journals.table(100),
        }


def measure(documents: Iterable[Document]) -> Statistics:
    """Count ``documents``, reading each once."""
    found = Statistics()
    permits = lru_cache(maxsize=4096)(permits_commercial_use)
    hashes = array("Q")
    for document in documents:
        text, meta = document.text, document.meta
        found.n_documents += 1
        found.n_characters += len(text)
        found.lengths.add(count_words(text))
        if text:
            hashes.append(_hash(text))
        else:
            found.n_empty += 1
        if year := _YEAR.match(document.published):
            found.years.add(year.group())
        else:
            found.n_undated += 1
        found.sources.add(document.source)
        found.kinds.add(document.kind)
        found.licences.add(document.licence)
        found.commercial[_ANSWERS[permits(document.licence)]] += 1
        found.n_retracted += bool(meta.get("retracted"))
        found.n_qa_pairs += bool(document.question)
        found.n_with_sections += bool(document.sections)
        for tally, key in _META.items():
            for value in _values(meta, key):
                getattr(found, tally).add(value)
    found.n_equal_texts = len(hashes) - len(np.unique(np.frombuffer(hashes, dtype=np.uint64))) if hashes else 0
    return found


_ANSWERS = {True: "yes", False: "no", None: "unknown"}
_META = {"languages": "language", "publication_types": "publication_types", "journals": "journal"}


def count_words(text: str) -> int:
    """How many runs of characters without a blank a text has.

    >>> count_words("Fever  is a sign.")
    4
    """
    return len(text.split()) if len(text) <= _PIECE else sum(1 for _ in _WORD.finditer(text))


def _values(meta: Mapping[str, str], key: str) -> Iterable[str]:
    """A document's different values of one key: journals have one, publication types are joined by ``"; "``."""
    value = meta.get(key, "")
    return (value,) if key == "journal" and value else dict.fromkeys(filter(None, value.split("; ")))


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest())


def _rounded(length: int) -> int:
    """A length, the last bits of those beyond 4,095 dropped so that few different ones remain.

    >>> _rounded(4095), _rounded(4097), _rounded(1_000_001)
    (4095, 4096, 999936)
    """
    shift = max(0, length.bit_length() - _EXACT_BITS)
    return length >> shift << shift


def _edge_below(length: int) -> int:
    """The last of 0, 1, 2, 5, 10, 20, 50, … that is not greater.

    >>> [_edge_below(length) for length in (0, 1, 4, 9, 10, 49, 1_000_000)]
    [0, 1, 2, 5, 10, 20, 1000000]
    """
    if length == 0:
        return 0
    power = int(10 ** (len(str(length)) - 1))
    return power * max(step for step in (1, 2, 5) if step * power <= length)


def _next_edge(edge: int) -> int:
    """The next of 0, 1, 2, 5, 10, 20, 50, …"""
    if edge == 0:
        return 1
    return edge * 5 // 2 if str(edge)[0] == "2" else edge * 2
