"""The names of a graph's nodes as an automaton reads them: a word is one character, whatever its case and number.

Every different word of the names is given a character, and a text becomes a string as long as it has words, in which an
Aho–Corasick automaton finds the names: Aho & Corasick 1975, "Efficient string matching", Communications of the ACM
18(6): 333–340. So no name is found within a word, and none across the end of a sentence.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import compress
from typing import Any

import numpy as np

from ragmed.analysis.terms import STOP_WORDS, words
from ragmed.analysis.vocabulary import is_short_form, singular
from ragmed.errors import RecipeError
from ragmed.graph.layout import NODE_KINDS
from ragmed.graph.store import Graph
from ragmed.types import NodeKind

_BREAK = r"[.;!?](?=\s|$)|:(?=\s)|\n(?=[^\S\n]*(?:\n|[-*•·–]|\d+[.)]|[A-Z]))|\f"
"""Ends of sentences, colons, and line ends before an empty line, an item of a list or a capital."""
_WORD = re.compile(rf"[^\W_]+(?:['’][^\W_]+)?|{_BREAK}")
_MARKED = r"(?:[^\W_][\u0300-\u036f]*)+"
_MARKED_WORD = re.compile(rf"{_MARKED}(?:['’]{_MARKED})?|{_BREAK}")
"""The same where accents are characters of their own."""
_BETWEEN_NAMES = "\f"
_COLON, _UNKNOWN = ":", "\0"
END_OF_SENTENCE = "\n"
_FIRST, _SURROGATES, _N_CHARACTERS = 0x100, 0x800, 0x110000
_REMEMBERED = 1 << 17
_LONGEST_SHORT = 10

_SIBILANT_PLURALS = ("ches", "shes", "sses", "xes")

Standing = tuple[str, int, int]
"""An abbreviation in a text: its first word and its end."""


def word_spans(text: str) -> list[tuple[int, int]]:
    """Where the words of a text stand, its colons and the ends of its sentences."""
    is_composed = text.isascii() or unicodedata.is_normalized("NFC", text)
    return [match.span() for match in (_WORD if is_composed else _MARKED_WORD).finditer(text)]


class _Characters(dict[str, str]):
    """Word as written → its character. New words are given one until ``by_key`` is closed."""

    def __init__(self) -> None:
        self.by_key: dict[str, str] = {}
        self.is_open = True

    def __missing__(self, word: str) -> str:
        if not word[0].isalnum():
            character = word if word in (_BETWEEN_NAMES, _COLON) else END_OF_SENTENCE
        else:
            key = key_of_word(word)
            character = self.by_key.get(key, _UNKNOWN)
            if character is _UNKNOWN and self.is_open:
                character = self.by_key[key] = self._next()
        if len(self) >= _REMEMBERED and not self.is_open:
            self.clear()
        self[word] = character
        return character

    def _next(self) -> str:
        code = _FIRST + len(self.by_key)
        if code >= _N_CHARACTERS - _SURROGATES:
            raise RecipeError(
                f"graph/linking: the names have more than {len(self.by_key):,} different words; "
                "link fewer kinds of nodes"
            )
        return chr(code if code < 0xD800 else code + _SURROGATES)


def key_of_word(word: str) -> str:
    """A word as it is compared: without accents, in the singular.

    >>> [key_of_word(word) for word in ("Crohn’s", "Naïve", "Headaches", "Rashes", "Abscesses")]
    ['crohn', 'naive', 'headache', 'rash', 'abscess']
    >>> key_of_word("stenosis") == key_of_word("stenoses"), key_of_word("viruses") == key_of_word("virus")
    (True, True)
    """
    compared = words(word)
    if not compared:
        return word.lower()
    key = compared[0]
    if len(key) > 4 and key.endswith("sis"):
        return f"{key[:-2]}e"
    if (key.endswith(_SIBILANT_PLURALS) and not key.endswith("aches")) or (len(key) > 6 and key.endswith("uses")):
        return key[:-2]
    return singular(key)


class Names:
    """The names of the nodes of some kinds. Numbers of names are places in ``graph.names``.

    ``abbreviations``: those that are found only as they are written, with the numbers of the names.
    """

    def __init__(self, graph: Graph, kinds: Collection[NodeKind]) -> None:
        self._first_name = np.asarray(graph.first_name)
        n_names = graph.first_name[1:].astype(np.int64) - graph.first_name[:-1]
        is_linked = np.repeat(np.isin(graph.kinds, [NODE_KINDS.index(kind) for kind in kinds]), n_names)
        texts = list(compress(graph.names, is_linked.tolist()))
        self._characters = _Characters()
        encoded = self._encoded(texts)
        self._characters.is_open = False
        self.abbreviations: dict[str, list[int]] = {}
        self._numbers: dict[str, int] = {}
        in_patterns: list[int] = []
        telling = self._telling()
        numbers = np.flatnonzero(is_linked).tolist()
        for number, text, pattern in zip(numbers, texts, encoded, strict=True):
            is_short = len(text) <= _LONGEST_SHORT and is_short_form(text)
            if is_short:
                self.abbreviations.setdefault(text, []).append(number)
            is_found = not is_short and not telling.isdisjoint(pattern)
            in_patterns.append(self._numbers.setdefault(pattern, len(self._numbers)) if is_found else -1)
        self._short = by_first_word(self.abbreviations)
        order = np.argsort(np.array(in_patterns, np.int64), kind="stable")
        self._ordered = np.array(numbers, np.uint32)[order]
        self._starts = np.searchsorted(np.array(in_patterns, np.int64)[order], np.arange(len(self._numbers) + 1))
        self._automaton = _automaton(list(self._numbers))

    def of_pattern(self, pattern: int) -> list[int]:
        """The numbers of the names that are alike but for case and number."""
        numbers: list[int] = self._ordered[self._starts[pattern] : self._starts[pattern + 1]].tolist()
        return numbers

    def node(self, number: int) -> int:
        """The row of the node that has a name."""
        # A number of another type than the column's would have the whole column converted.
        return int(np.searchsorted(self._first_name, self._first_name.dtype.type(number), side="right")) - 1

    def encoded(self, written: Sequence[str]) -> str:
        """A text's words as the automaton reads them."""
        return "".join(map(self._characters.__getitem__, written))

    def found(self, encoded: str) -> list[tuple[int, int, int]]:
        """Pattern, first word and end of each name in a text: from left to right the longest, none overlapping."""
        return self._automaton.find_matches_as_indexes(encoded) if self._numbers else []

    def encoded_name(self, name: str) -> str:
        """A name as the automaton reads it."""
        return self.encoded([name[start:end] for start, end in word_spans(name)])

    def pattern_of(self, name: str) -> int | None:
        """The pattern of a name; None where it is none of a node."""
        return self._numbers.get(self.encoded_name(name).strip(END_OF_SENTENCE))

    def common_words(self, share: float) -> frozenset[str]:
        """The words, as `encoded` has them, that stand in more than this share of the patterns; ends of sentences."""
        counts = Counter("".join(self._numbers))
        most = max(1, share * len(self._numbers))
        return frozenset({END_OF_SENTENCE, _COLON, _UNKNOWN, *(word for word, count in counts.items() if count > most)})

    def abbreviations_in(self, text: str, written: Sequence[str], spans: Sequence[tuple[int, int]]) -> list[Standing]:
        """Where abbreviations of nodes stand in a text."""
        return standing(self._short, text, written, spans)

    def _encoded(self, texts: Sequence[str]) -> list[str]:
        if not texts:
            return []
        joined = _BETWEEN_NAMES.join(text.replace(_BETWEEN_NAMES, " ") for text in texts)
        encoded = self.encoded(_WORD.findall(unicodedata.normalize("NFC", joined)))
        return [pattern.strip(END_OF_SENTENCE) for pattern in encoded.split(_BETWEEN_NAMES)]

    def _telling(self) -> frozenset[str]:
        """The words, one of which a name must have: not a number, a letter or a stop word."""
        return frozenset(
            character
            for key, character in self._characters.by_key.items()
            if len(key) > 1 and not key.isdigit() and key not in STOP_WORDS
        )


def _automaton(patterns: list[str]) -> Any:
    import ahocorasick_rs

    longest = ahocorasick_rs.MatchKind.LeftmostLongest
    return ahocorasick_rs.AhoCorasick(patterns, matchkind=longest, store_patterns=False)


def by_first_word(abbreviations: Collection[str]) -> dict[str, list[str]]:
    """First word, in the singular and the plural → abbreviations, the longest first."""
    found: dict[str, list[str]] = {}
    for name in sorted(abbreviations, key=lambda name: (-len(name), name)):
        first = _WORD.match(name)
        if first is not None:
            found.setdefault(first[0], []).append(name)
            if first[0] == name:
                found.setdefault(f"{name}s", []).append(name)
    return found


def standing(
    short: Mapping[str, Sequence[str]], text: str, written: Sequence[str], spans: Sequence[tuple[int, int]]
) -> list[Standing]:
    """Where abbreviations (of `by_first_word`) stand in a text, as they are written or with an s."""
    if short.keys().isdisjoint(written):
        return []
    found: list[Standing] = []
    for i, word in enumerate(written):
        for name in short.get(word, ()):
            if text.startswith(name, spans[i][0]) and (n_words := _n_words(name, text, spans, i)):
                found.append((name, i, i + n_words))
                break
    return found


def _n_words(name: str, text: str, spans: Sequence[tuple[int, int]], first: int) -> int:
    """How many words an abbreviation takes that begins with the word ``first``; 0 where it ends within a word."""
    end = spans[first][0] + len(name)
    end += text.startswith("s", end)
    if text[end : end + 1].isalnum():
        return 0
    last = first
    while last < len(spans) and spans[last][0] < end:
        last += 1
    return last - first
