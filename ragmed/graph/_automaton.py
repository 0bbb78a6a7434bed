"""The names of a graph's nodes as an automaton reads them: a word is one character, whatever its case and number.

Every different word of the names is given a character, and a text becomes a string as long as it has words, in which an
Aho–Corasick automaton finds the names: Aho & Corasick 1975, "Efficient string matching", Communications of the ACM
18(6): 333–340. So no name is found within a word, and none across the end of a sentence.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragmed.analysis.terms import STOP_WORDS, words
from ragmed.analysis.vocabulary import is_short_form, singular
from ragmed.columns import map_array, write_array
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
_FEW_WORDS = 1 << 12
"""Until so many words were read, names are looked up; then the automaton is made."""
_WORDS, _PATTERNS = "words.txt", "patterns.txt"

_SIBILANT_PLURALS = ("ches", "shes", "sses", "xes")

Standing = tuple[str, int, int]
"""An abbreviation in a text: its first word and its end."""


def word_spans(text: str) -> list[tuple[int, int]]:
    """Where the words of a text stand, its colons and the ends of its sentences."""
    is_composed = text.isascii() or unicodedata.is_normalized("NFC", text)
    return [match.span() for match in (_WORD if is_composed else _MARKED_WORD).finditer(text)]


class _Characters(dict[str, str]):
    """Word as written → its character. New words are given one while it is open: until it has been told all."""

    def __init__(self, words_: Sequence[str] | None = None) -> None:
        self.by_key: dict[str, str] = {}
        for word in words_ or ():
            self.by_key[word] = self._next()
        self.is_open = words_ is None

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

    def __init__(
        self,
        graph: Graph,
        characters: _Characters,
        patterns: Sequence[str],
        starts: NDArray[np.int64],
        ordered: NDArray[np.uint32],
        abbreviations: NDArray[np.uint32],
    ) -> None:
        self._first_name = np.asarray(graph.first_name)
        self._characters, self._starts, self._ordered = characters, starts, ordered
        self._numbers = {pattern: number for number, pattern in enumerate(patterns)}
        self._longest = max(map(len, patterns), default=0)
        self._automaton: Any = None
        self._n_looked_up = 0
        self.abbreviations: dict[str, list[int]] = {}
        for number in abbreviations.tolist():
            self.abbreviations.setdefault(graph.names[number], []).append(number)
        self._short = by_first_word(self.abbreviations)

    @classmethod
    def read(cls, graph: Graph, kinds: Collection[NodeKind]) -> Names:
        """From the names themselves: a second for a hundred thousand."""
        n_names = graph.first_name[1:].astype(np.int64) - graph.first_name[:-1]
        is_linked = np.repeat(np.isin(graph.kinds, [NODE_KINDS.index(kind) for kind in kinds]), n_names)
        texts = list(compress(graph.names, is_linked.tolist()))
        characters = _Characters()
        encoded = _encoded(texts, characters)
        characters.is_open = False
        telling = _telling(characters)
        patterns: dict[str, int] = {}
        patterns_of: list[int] = []
        abbreviations: list[int] = []
        numbers = np.flatnonzero(is_linked).tolist()
        for number, text, pattern in zip(numbers, texts, encoded, strict=True):
            is_short = len(text) <= _LONGEST_SHORT and is_short_form(text)
            if is_short:
                abbreviations.append(number)
            is_found = not is_short and not telling.isdisjoint(pattern)
            patterns_of.append(patterns.setdefault(pattern, len(patterns)) if is_found else -1)
        in_patterns = np.array(patterns_of, np.int64)
        order = np.argsort(in_patterns, kind="stable")
        starts = np.searchsorted(in_patterns[order], np.arange(len(patterns) + 1))
        ordered = np.array(numbers, np.uint32)[order]
        return cls(graph, characters, list(patterns), starts, ordered, np.array(abbreviations, np.uint32))

    def write(self, folder: Path) -> None:
        """Write what `open` reads into an existing folder.

        ``words.txt``: the words in the order of their characters, a line each; ``patterns.txt``: the names written in
        these, with form feeds between; ``starts.npy`` (int64, one more than patterns) into ``ordered.npy`` (uint32):
        the numbers of the names of each pattern; ``abbreviations.npy`` (uint32): those of names that are abbreviations.
        """
        (folder / _WORDS).write_text("\n".join(self._characters.by_key), encoding="utf-8", newline="")
        (folder / _PATTERNS).write_text(_BETWEEN_NAMES.join(self._numbers), encoding="utf-8", newline="")
        write_array(folder / "starts.npy", self._starts.astype(np.int64))
        write_array(folder / "ordered.npy", self._ordered)
        of_abbreviations = [number for numbers in self.abbreviations.values() for number in numbers]
        write_array(folder / "abbreviations.npy", np.array(of_abbreviations, np.uint32))

    @classmethod
    def open(cls, graph: Graph, folder: Path) -> Names:
        """What `write` wrote, for the same graph."""
        words_, patterns = (
            text.split(between) if (text := (folder / name).read_bytes().decode()) else []
            for name, between in ((_WORDS, "\n"), (_PATTERNS, _BETWEEN_NAMES))
        )
        arrays = (map_array(folder / f"{name}.npy") for name in ("starts", "ordered", "abbreviations"))
        return cls(graph, _Characters(words_), patterns, *arrays)

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
        if not self._numbers:
            return []
        if self._automaton is None:
            # For a question or two, looking names up is sooner done than making the automaton.
            self._n_looked_up += len(encoded)
            if self._n_looked_up <= _FEW_WORDS:
                return self._looked_up(encoded)
            self._automaton = _automaton(list(self._numbers))
        found: list[tuple[int, int, int]] = self._automaton.find_matches_as_indexes(encoded)
        return found

    def _looked_up(self, encoded: str) -> list[tuple[int, int, int]]:
        found = []
        first = 0
        while first < len(encoded):
            for end in range(min(first + self._longest, len(encoded)), first, -1):
                pattern = self._numbers.get(encoded[first:end])
                if pattern is not None:
                    found.append((pattern, first, end))
                    first = end - 1
                    break
            first += 1
        return found

    def encoded_name(self, name: str) -> str:
        """A name as the automaton reads it."""
        return self.encoded([name[start:end] for start, end in word_spans(name)])

    def pattern_of(self, name: str) -> int | None:
        """The pattern of a name; None where it is none of a node."""
        return self._numbers.get(self.encoded_name(name).strip(END_OF_SENTENCE))

    def common_words(self, share: float) -> frozenset[str]:
        """The words, as `encoded` has them, that stand in more than this share of the patterns; ends of sentences."""
        counts = np.bincount(np.frombuffer("".join(self._numbers).encode("utf-32-le"), np.uint32))
        most = max(1, share * len(self._numbers))
        return frozenset({END_OF_SENTENCE, _COLON, _UNKNOWN, *map(chr, np.flatnonzero(counts > most).tolist())})

    def abbreviations_in(self, text: str, written: Sequence[str], spans: Sequence[tuple[int, int]]) -> list[Standing]:
        """Where abbreviations of nodes stand in a text."""
        return standing(self._short, text, written, spans)


def _encoded(texts: Sequence[str], characters: _Characters) -> list[str]:
    if not texts:
        return []
    joined = _BETWEEN_NAMES.join(text.replace(_BETWEEN_NAMES, " ") for text in texts)
    encoded = "".join(map(characters.__getitem__, _WORD.findall(unicodedata.normalize("NFC", joined))))
    return [pattern.strip(END_OF_SENTENCE) for pattern in encoded.split(_BETWEEN_NAMES)]


def _telling(characters: _Characters) -> frozenset[str]:
    """The words, one of which a name must have: not a number, a letter or a stop word."""
    return frozenset(
        character
        for key, character in characters.by_key.items()
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
