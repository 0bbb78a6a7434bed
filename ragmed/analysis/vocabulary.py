"""A vocabulary: medical concepts with their names, looked up by name and found in texts.

A name is found where its words stand in a text in the same order, in the singular or plural, whatever their case. The
stems of `ragmed.analysis.terms` are not used for that: they make one word of "hepatic" and "hepatitis". Plurals are
taken off by the S-stemmer: Harman 1991, "How effective is suffixing?", JASIS 42(1), Table 1. A short form ("MS",
"GERD") is found only as it is written.

Files: ``identifier``, ``source``, ``kind``, ``first_name``, ``checksum`` (a `Table`, one row a concept);
``name.bin/.npy`` (names, those of a concept one after another), ``name_kind.npy`` (uint8), ``name_concept.npy``
(uint32); ``key.bin/.npy`` (distinct names as `key_of` makes them, sorted by CRC-32 and bytes), ``key_crc.npy``
(uint32), ``key_starts.npy`` (int64, one more than keys) into ``key_names.npy`` (uint32, rows of names); ``words/``
(`ragmed.analysis.vocabulary_spelling`).
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from ragmed.analysis.terms import STOP_WORDS, terms, words
from ragmed.analysis.vocabulary_spelling import Words, write_words
from ragmed.columns import StringColumn, StringColumnWriter, Table, TableWriter, map_array, write_array, write_strings
from ragmed.types import Name, NameKind

ConceptKind = Literal["finding", "disease", "modifier", "drug", "other"]

MAX_WORDS = 8
"""Longer names are not looked for in texts."""
_NAME_KINDS: tuple[NameKind, ...] = get_args(NameKind)
_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_BREAK = re.compile(r"[.;:!?\n](?:\s|$)|\n")
_MIN_SPELT = 4
_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Concept:
    """What a source has under one identifier; its preferred name is the first."""

    identifier: str
    source: str
    kind: ConceptKind
    names: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a text: as written, as it is compared, and the sentence it stands in."""

    text: str
    key: str
    start: int
    end: int
    sentence: int


@dataclass(frozen=True, slots=True)
class Mention:
    """A known name in a text: ``text`` as written there, tokens ``start`` to ``end`` (half-open).

    ``names`` are the rows of the names that it matches, ``concepts`` the rows of what they name.
    """

    text: str
    start: int
    end: int
    names: tuple[int, ...]
    concepts: tuple[int, ...]


def singular(word: str) -> str:
    """A word without the ending of an English plural (Harman's S-stemmer).

    >>> [singular(word) for word in ("biopsies", "kidneys", "diagnoses", "abscess", "virus")]
    ['biopsy', 'kidney', 'diagnose', 'abscess', 'virus']
    """
    if len(word) > 3 and word.endswith("s"):
        if word.endswith("ies") and not word.endswith(("eies", "aies")):
            return word[:-3] + "y"
        if word.endswith("es") and not word.endswith(("aes", "ees", "oes")):
            return word[:-1]
        if not word.endswith(("us", "ss")):
            return word[:-1]
    return word


def key_of(name: str) -> str:
    """A name as it is compared.

    >>> key_of("Crohn's Diseases"), key_of("Diabetes mellitus, type 2")
    ('crohn disease', 'diabete mellitus type 2')
    """
    return " ".join(token.key for token in tokens_of(name))


def is_short_form(name: str) -> bool:
    """Whether a name is written as abbreviations are: one word with two capitals at least, or one and a digit.

    >>> [is_short_form(name) for name in ("MS", "TNF-α", "HbA1c", "Fever", "ADULT T CELL")]
    [True, True, True, False, False]
    """
    capitals = sum(character.isupper() for character in name)
    return (
        2 <= len(name) <= 10
        and " " not in name
        and (capitals >= 2 or (capitals == 1 and any(c.isdigit() for c in name)))
    )


def tokens_of(text: str) -> list[Token]:
    """The words of a text."""
    text = unicodedata.normalize("NFC", text)
    breaks = [match.start() for match in _BREAK.finditer(text)]
    found, sentence = [], 0
    for match in _TOKEN.finditer(text):
        while sentence < len(breaks) and breaks[sentence] < match.start():
            sentence += 1
        compared = words(match[0])
        if compared:
            is_plural_short_form = match[0].endswith("s") and is_short_form(match[0][:-1])
            key = compared[0][:-1] if is_plural_short_form else singular(compared[0])
            found.append(Token(match[0], key, match.start(), match.end(), sentence))
    return found


def new_words(text: str, names: Iterable[str]) -> list[str]:
    """The words of ``names`` whose terms ``text`` lacks, each once, in order.

    >>> new_words("heart attacks in women", ["Heart attack", "Myocardial infarction", "infarctions of the heart"])
    ['myocardial', 'infarction']
    """
    known = set(terms(text))
    found = []
    for name in names:
        for word in words(name):
            term = terms(word)
            if term and term[0] not in known:
                known.add(term[0])
                found.append(word)
    return found


def write_vocabulary(folder: Path, concepts: Iterable[Concept]) -> int:
    """Write the files of a `Vocabulary` into an existing folder; return the number of concepts."""
    table = TableWriter(folder, ("identifier",), ("source", "kind"), ("first_name",))
    names = StringColumnWriter(folder, "name")
    kinds: list[int] = []
    of_concept: list[int] = []
    by_key: dict[str, list[int]] = {}
    spelt: Counter[str] = Counter()
    for row, concept in enumerate(concepts):
        table.append(
            {
                "identifier": concept.identifier,
                "source": concept.source,
                "kind": concept.kind,
                "first_name": len(kinds),
            }
        )
        seen: set[str] = set()
        for name in concept.names:
            key = key_of(name.text)
            if not key or key in seen:
                continue
            seen.add(key)
            if _is_linkable(key):
                by_key.setdefault(key, []).append(len(kinds))
            spelt.update(word for word in words(name.text) if len(word) >= _MIN_SPELT and word.isalpha())
            names.append(name.text)
            kinds.append(_NAME_KINDS.index(name.kind))
            of_concept.append(row)
    table.close()
    names.close()
    keys = sorted(by_key, key=lambda key: (zlib.crc32(key.encode()), key.encode()))
    write_array(folder / "name_kind.npy", np.array(kinds, dtype=np.uint8))
    write_array(folder / "name_concept.npy", np.array(of_concept, dtype=np.uint32))
    write_strings(folder, "key", keys)
    write_array(folder / "key_crc.npy", np.array([zlib.crc32(key.encode()) for key in keys], dtype=np.uint32))
    starts = np.concatenate([[0], np.cumsum([len(by_key[key]) for key in keys])])
    write_array(folder / "key_starts.npy", starts.astype(np.int64))
    write_array(folder / "key_names.npy", np.array([name for key in keys for name in by_key[key]], dtype=np.uint32))
    (folder / "words").mkdir()
    write_words(folder / "words", spelt)
    return table.n_rows


class Vocabulary:
    """The concepts of a folder that `write_vocabulary` wrote. Safe for threads.

    Raises:
        OSError, ValueError: the files are not there or not whole.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._concepts = Table(folder, ("identifier",), ("source", "kind"), ("first_name",))
        self._names = StringColumn(folder, "name")
        self._kinds = map_array(folder / "name_kind.npy")
        self._name_concept = map_array(folder / "name_concept.npy")
        self._keys = StringColumn(folder, "key")
        self._crc = map_array(folder / "key_crc.npy")
        self._starts = map_array(folder / "key_starts.npy")
        self._key_names = map_array(folder / "key_names.npy")
        # What questions name, they name again: a name's words, its rows and their concepts are remembered.
        self._names_with = lru_cache(_REMEMBERED)(self._find_names)
        self.concept = lru_cache(_REMEMBERED)(self._read_concept)
        self.name = lru_cache(_REMEMBERED)(self._read_name)

    def __len__(self) -> int:
        return len(self._concepts)

    @cached_property
    def words(self) -> Words:
        """The words of all names."""
        return Words(self.folder / "words")

    def _read_concept(self, row: int) -> Concept:
        """One concept with all its names."""
        fields = self._concepts.row(row)
        end = int(np.searchsorted(self._name_concept, row, side="right"))
        names = tuple(self.name(name) for name in range(int(fields["first_name"]), end))
        return Concept(fields["identifier"], fields["source"], fields["kind"], names)

    def _read_name(self, row: int) -> Name:
        """One name."""
        return Name(self._names[row], _NAME_KINDS[int(self._kinds[row])])

    def mentioned(self, mention: Mention) -> list[tuple[Name, Concept]]:
        """What a mention may mean: each name that it matches, with its concept."""
        return [(self.name(row), self.concept(int(self._name_concept[row]))) for row in mention.names]

    def find(self, name: str) -> tuple[int, ...]:
        """The rows of the concepts that have this name."""
        return tuple(sorted({int(self._name_concept[row]) for row in self._names_with(key_of(name))}))

    def mentions(self, text: str, tokens: Sequence[Token] | None = None) -> tuple[Mention, ...]:
        """The known names in a text, from left to right: at each word the longest, and none overlaps another.

        ``tokens``: those of the text, where they are at hand.
        """
        text = unicodedata.normalize("NFC", text)
        tokens = tokens_of(text) if tokens is None else tokens
        spans, hashes = _spans(tokens)
        if not spans or not len(self._crc):
            return ()
        wanted = np.array(hashes, dtype=np.uint32)
        at = np.minimum(np.searchsorted(self._crc, wanted), len(self._crc) - 1)
        ends: dict[int, list[int]] = {}
        for i in np.flatnonzero(self._crc[at] == wanted).tolist():
            ends.setdefault(spans[i][0], []).append(spans[i][1])
        found: list[Mention] = []
        free_from = 0
        for start in sorted(ends):
            if start < free_from:
                continue
            for end in reversed(ends[start]):
                mention = self._mention(text, tokens, start, end)
                if mention is not None:
                    found.append(mention)
                    free_from = end
                    break
        return tuple(found)

    def _mention(self, text: str, tokens: Sequence[Token], start: int, end: int) -> Mention | None:
        written = text[tokens[start].start : tokens[end - 1].end]
        named = self._names_with(" ".join(token.key for token in tokens[start:end]))
        names = tuple(row for row in named if _is_written(self.name(row), written))
        if not names:
            return None
        return Mention(written, start, end, names, tuple(sorted({int(self._name_concept[row]) for row in names})))

    def _find_names(self, key: str) -> tuple[int, ...]:
        crc = np.uint32(zlib.crc32(key.encode()))
        at = int(np.searchsorted(self._crc, crc))
        while at < len(self._crc) and self._crc[at] == crc:
            if self._keys[at] == key:
                return tuple(self._key_names[int(self._starts[at]) : int(self._starts[at + 1])].tolist())
            at += 1
        return ()


def _spans(tokens: Sequence[Token]) -> tuple[list[tuple[int, int]], list[int]]:
    """Every span of tokens that may be a name, the shorter first, and the CRC-32 of its key."""
    spans: list[tuple[int, int]] = []
    hashes: list[int] = []
    encoded = [token.key.encode() for token in tokens]
    for start, token in enumerate(tokens):
        crc = 0
        for end in range(start, min(start + MAX_WORDS, len(tokens))):
            if tokens[end].sentence != token.sentence:
                break
            crc = zlib.crc32(encoded[end] if end == start else b" " + encoded[end], crc)
            spans.append((start, end + 1))
            hashes.append(crc)
    return spans, hashes


def _is_linkable(key: str) -> bool:
    """Whether a name is worth looking for: some word of it has letters, more than one, and is no stop word."""
    parts = key.split(" ")
    return len(parts) <= MAX_WORDS and any(len(p) > 1 and not p.isdigit() and p not in STOP_WORDS for p in parts)


def _is_written(name: Name, written: str) -> bool:
    if name.kind == "abbreviation" or is_short_form(name.text):
        return written in (name.text, f"{name.text}s")
    return True
