"""Other names of what a collection writes about, as its texts give them: "fingolimod (FTY720, Gilenya)".

Drugs under trial, genes and trade names are newer than any vocabulary, but those who write of them say what else they
are called: in parentheses, or by "also known as". Such pairs are read by pattern (in the manner of Hearst 1992,
"Automatic acquisition of hyponyms from large text corpora", COLING), and one is believed where either name is written
as a name is (with a digit, or a capital), both are rare, and passages that have one mostly have the other too. Short
forms of longer ones are `ragmed.analysis.vocabulary_abbreviations`'s.

Files: ``name.bin/.npy`` (distinct names as `key` makes them, sorted by bytes); ``start.npy`` (int64, one more than
names) into ``other.bin/.npy`` (other names as first written, the surest first).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ragmed.analysis.terms import STOP_WORDS, bag_of_words, joined_codes, words
from ragmed.columns import SortedStrings, StringColumn, map_array, write_array, write_strings
from ragmed.protocols import Progress, no_progress
from ragmed.types import Passage

MIN_SHARE = 0.3
"""Of the passages that have a name, so many must have the other one, and the other way round."""
RARE, ALWAYS_RARE = 0.0025, 5
"""A name is in at most this share of the passages, or in so many."""
_FEW = 1 << 16
"""So many names are kept in memory; more are looked up in their file."""
_MAX_WORDS = 3
_MAX_REWORDINGS = 2

_NAME = r"(?<!\w)[A-Za-z][\w-]*"
_IN_PARENTHESES = re.compile(rf"(?P<name>{_NAME})[™®]?\s*[(\[](?P<others>[^()\[\]]{{2,120}})[)\]]")
_ALSO_KNOWN = re.compile(
    rf"(?P<name>{_NAME})[™®]?,?\s+(?:also|formerly|previously|now)\s+(?:known|called|named|referred to|marketed)"
    rf"\s+as\s+(?P<others>{_NAME}(?: \d+)?)"
)
_BETWEEN_OTHERS = re.compile(r"[;,/]\s*|\s+(?:or|and)\s+")
_LEAD = re.compile(
    r"(?:(?:also |formerly |previously )?(?:known|called|named|referred to|marketed|sold|approved) as|formerly|"
    r"previously|(?:brand|trade|generic|proprietary)[ -]names?:?|e\.g\.,?|i\.e\.,?|or|aka|a\.k\.a\.|generic|brand|now|"
    r"the|an?)\s+",
    re.IGNORECASE,
)
_WRITTEN = re.compile(r"[A-Za-z][A-Za-z0-9-]*(?: \d+[A-Za-z]?)?")
_MARKS = re.compile(r'[™®©"]')
_WORD = re.compile(r"[^\W_]+(?:[-‐‑–]\d[^\W_]*)?")
_MIN_LENGTH, _MIN_LETTERS = 4, 2
_PROGRESS = 512


class Pair(NamedTuple):
    """Two names of one thing, as a text gives them."""

    name: str
    other: str


def key(name: str) -> str:
    """A name as it is compared: lower-case words, a code in one.

    >>> key("Toca 511"), key("AZD-0530"), key("AZD0530")
    ('toca 511', 'azd0530', 'azd0530')
    """
    return " ".join(words(joined_codes(name)))


def pairs(text: str) -> Iterator[Pair]:
    """The pairs of names that a text seems to give, in order.

    >>> list(pairs("We gave saracatinib (AZD0530), also known as Sarax, to mice (n = 8)."))
    [Pair(name='saracatinib', other='AZD0530')]
    >>> list(pairs("Fingolimod (trade name Gilenya; FTY720) was approved."))
    [Pair(name='Fingolimod', other='Gilenya'), Pair(name='Fingolimod', other='FTY720')]
    """
    for pattern in (_IN_PARENTHESES, _ALSO_KNOWN):
        for match in pattern.finditer(text):
            name = match["name"]
            before = text[: match.start()].rstrip()
            begins = not before or before[-1] in ".:!?"
            for part in _BETWEEN_OTHERS.split(match["others"]):
                other = part.strip()
                while lead := _LEAD.match(other):
                    other = other[lead.end() :]
                other = _MARKS.sub("", other).strip()
                if (
                    _is_written(name)
                    and _is_written(other)
                    and _are_two(name, other)
                    and (_is_name(other) or _has_digit(name) or (_is_name(name) and not begins))
                ):
                    yield Pair(name, other)


def _is_written(name: str) -> bool:
    return (
        _WRITTEN.fullmatch(name) is not None
        and len(name) >= _MIN_LENGTH
        and sum(character.isalpha() for character in name) >= _MIN_LETTERS
        and name.lower() not in STOP_WORDS
    )


def _are_two(name: str, other: str) -> bool:
    return not set(words(name)) & set(words(other)) and key(name).replace(" ", "") != key(other).replace(" ", "")


def _is_name(name: str) -> bool:
    """Whether it is written as names are: with a digit, or with a capital and small letters."""
    return _has_digit(name) or (name[0].isupper() and any(character.islower() for character in name))


def _has_digit(name: str) -> bool:
    return any(character.isdigit() for character in name)


@dataclass(slots=True)
class _Given:
    """A pair's first writing, and how many passages have both names."""

    name: str
    other: str
    n_both: int = 0


def write_other_names(passages: Sequence[Passage], folder: Path, progress: Progress = no_progress) -> int:
    """Read the passages twice, write the files into an existing folder; return the number of names."""
    given: dict[tuple[str, str], _Given] = {}
    for row, passage in enumerate(passages):
        for name, other in pairs(_text(passage)):
            both = key(name), key(other)
            if both not in given and both[::-1] not in given:
                given[both] = _Given(name, other)
        if row % _PROGRESS == 0:
            progress(row // 2, len(passages))
    n_with = _count(given, passages, progress)
    most = max(ALWAYS_RARE, len(passages) * RARE)
    found: dict[str, list[tuple[float, str]]] = {}
    for (name, other), pair in given.items():
        n_name, n_other = n_with[name], n_with[other]
        if pair.n_both >= MIN_SHARE * max(n_name, n_other) and max(n_name, n_other) <= most:
            sure = pair.n_both**2 / (n_name * n_other)
            found.setdefault(name, []).append((-sure, pair.other))
            found.setdefault(other, []).append((-sure, pair.name))
    names = sorted(found, key=lambda text: text.encode("utf-8", "replace"))
    others = [sorted(found[name]) for name in names]
    write_strings(folder, "name", names)
    write_array(folder / "start.npy", np.cumsum([0, *map(len, others)], dtype=np.int64))
    write_strings(folder, "other", (other for of_name in others for _, other in of_name))
    return len(names)


def _count(given: dict[tuple[str, str], _Given], passages: Sequence[Passage], progress: Progress) -> dict[str, int]:
    """How many passages have each name, a name being there where all its words are; sets each pair's ``n_both``."""
    partners: dict[str, list[tuple[str, _Given]]] = {}
    for (name, other), pair in given.items():
        partners.setdefault(name, []).append((other, pair))
        partners.setdefault(other, [])
    by_first_word: dict[str, list[tuple[str, frozenset[str]]]] = {}
    for name in partners:
        of_name = name.split()
        by_first_word.setdefault(of_name[0], []).append((name, frozenset(of_name)))
    n_with = dict.fromkeys(partners, 0)
    for row, passage in enumerate(passages):
        own = set(bag_of_words(joined_codes(_text(passage))))
        here = {name for word in own & by_first_word.keys() for name, parts in by_first_word[word] if parts <= own}
        for name in here:
            n_with[name] += 1
            for other, pair in partners[name]:
                pair.n_both += other in here
        if row % _PROGRESS == 0:
            progress((len(passages) + row) // 2, len(passages))
    return n_with


def _text(passage: Passage) -> str:
    return f"{passage.title}\n{passage.question}\n{passage.text}"


class OtherNames:
    """The files that `write_other_names` wrote. Safe for threads."""

    def __init__(self, folder: Path) -> None:
        self._names = StringColumn(folder, "name")
        few = len(self._names) <= _FEW
        places = {name: at for at, name in enumerate(self._names)} if few else {}
        self._place = places.get if few else SortedStrings(self._names).find
        self._others = StringColumn(folder, "other")
        self._start = map_array(folder / "start.npy")

    def __len__(self) -> int:
        return len(self._names)

    def of(self, name: str) -> list[str]:
        """The other names of a thing, the surest first."""
        at = self._place(key(name))
        if at is None:
            return []
        return self._others[slice(*self._start[at : at + 2].tolist())]

    def rewordings(self, text: str) -> tuple[str, ...]:
        """The text with a name that it uses replaced by another one; at most two, the longest names' first.

        A name whose other one the text has already is left alone.
        """
        spans = [match.span() for match in _WORD.finditer(text)]
        own, found, taken = set(words(joined_codes(text))), [], set[int]()
        for n_words in range(_MAX_WORDS, 0, -1):
            for first in range(len(spans) - n_words + 1):
                here = range(first, first + n_words)
                if taken & set(here):
                    continue
                start, end = spans[first][0], spans[first + n_words - 1][1]
                of_name = self.of(text[start:end])
                taken |= set(here) if of_name else set()
                found += [text[:start] + other + text[end:] for other in of_name if not set(key(other).split()) <= own]
        return tuple(found[:_MAX_REWORDINGS])
