"""Abbreviations that texts define: "deep vein thrombosis (DVT)", and how often they mean what in a collection.

Source: Schwartz & Hearst 2003, "A simple algorithm for identifying abbreviation definitions in biomedical text",
Pacific Symposium on Biocomputing 8: 451–462. A short form in parentheses has 2 to 10 characters, at most two words, one
letter at least, and begins with a letter or digit; its long form is looked for among the min(|A| + 5, 2 |A|) words
before, from right to left, each of its letters and digits in order, the first at the beginning of a word. Where the
parentheses hold more, they may hold the long form of the word before.

Files: ``short.bin/.npy`` (distinct short forms sorted by bytes), ``starts.npy`` (int64, one more than short forms) into
``long.bin/.npy`` and ``count.npy`` (uint32), the most frequent first.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from ragmed.analysis.vocabulary import is_short_form, key_of
from ragmed.columns import SortedStrings, StringColumn, map_array, write_array, write_strings

_PARENTHESIS = re.compile(r"\(([^()]{2,200})\)")
_CLAUSE = re.compile(r"[.;:!?]\s|[()\n]")
_WORD = re.compile(r"\S+")
_MIN_LENGTH, _MAX_LENGTH = 2, 10
_REACH = 200
"""Characters before a parenthesis in which a long form is looked for."""


def definitions(text: str) -> Iterator[tuple[str, str]]:
    """(short form, long form) for each definition in a text, in order.

    >>> list(definitions("Risk of deep vein thrombosis (DVT) and heat shock factor 1 (HSF1), or of burns (severe)."))
    [('DVT', 'deep vein thrombosis'), ('HSF1', 'heat shock factor 1')]
    >>> list(definitions("PE (pulmonary embolism) may be silent."))
    [('PE', 'pulmonary embolism')]
    """
    for match in _PARENTHESIS.finditer(text):
        inside = re.split(r"[,;]\s", match[1].strip(), maxsplit=1)[0]
        before = _CLAUSE.split(text[max(0, match.start() - _REACH) : match.start()])[-1].rstrip()
        if _is_short(inside):
            short, candidate = inside, " ".join(before.split()[-_max_words(inside) :])
        else:
            last = _WORD.findall(before)[-1:]
            if not last or not _is_short(last[0]):
                continue
            short, candidate = last[0], inside if len(inside.split()) <= _max_words(last[0]) else ""
        long = long_form(short, candidate)
        if long and _is_plausible(short, long):
            yield short, long


def long_form(short: str, candidate: str) -> str:
    """The shortest end of ``candidate`` that ``short`` abbreviates; empty where none does.

    >>> long_form("HSF1", "binding of heat shock factor 1"), long_form("DVT", "the patient's leg")
    ('heat shock factor 1', '')
    """
    at = len(candidate) - 1
    for i in range(len(short) - 1, -1, -1):
        letter = short[i].lower()
        if not letter.isalnum():
            continue
        while at >= 0 and (candidate[at].lower() != letter or (i == 0 and at > 0 and candidate[at - 1].isalnum())):
            at -= 1
        if at < 0:
            return ""
        at -= 1
    return candidate[candidate.rfind(" ", 0, at + 1) + 1 :]


def _is_short(text: str) -> bool:
    return (
        _MIN_LENGTH <= len(text) <= _MAX_LENGTH
        and len(text.split()) <= 2
        and text[0].isalnum()
        and any(character.isalpha() for character in text)
    )


def _is_plausible(short: str, long: str) -> bool:
    """The paper's conditions on a pair, and that the short form is written as one: "in" abbreviates nothing."""
    return is_short_form(short) and len(long) > len(short) and short.lower() not in long.lower().split()


def _max_words(short: str) -> int:
    n = sum(character.isalnum() for character in short)
    return min(n + 5, 2 * n)


def mine(texts: Iterable[str]) -> Counter[tuple[str, str]]:
    """How many of the texts define a short form as a long form.

    >>> mine(["Deep vein thrombosis (DVT).", "deep vein thromboses (DVT)"]).most_common(1)
    [(('DVT', 'Deep vein thrombosis'), 1)]
    """
    counts: Counter[tuple[str, str]] = Counter()
    for text in texts:
        if "(" in text:
            counts.update(set(definitions(text)))
    return counts


def write_abbreviations(folder: Path, counts: Mapping[tuple[str, str], int], min_count: int = 1) -> int:
    """Write the files of `Abbreviations` into an existing folder; return the number of short forms.

    Long forms that differ in case or number are one, written as they mostly are; one defined by fewer than
    ``min_count`` texts is left out.
    """
    grouped: dict[str, dict[str, Counter[str]]] = {}
    for (short, long), count in counts.items():
        grouped.setdefault(short, {}).setdefault(key_of(long), Counter())[long] += count
    shorts: list[str] = []
    longs: list[str] = []
    numbers: list[int] = []
    starts = [0]
    for short in sorted(grouped, key=lambda text: text.encode("utf-8", "replace")):
        forms = [(form.total(), min(form, key=lambda text: (-form[text], text))) for form in grouped[short].values()]
        kept = sorted((-count, text) for count, text in forms if count >= min_count)
        if kept:
            shorts.append(short)
            longs += [text for _, text in kept]
            numbers += [-negated for negated, _ in kept]
            starts.append(len(longs))
    write_strings(folder, "short", shorts)
    write_strings(folder, "long", longs)
    write_array(folder / "starts.npy", np.array(starts, dtype=np.int64))
    write_array(folder / "count.npy", np.array(numbers, dtype=np.uint32))
    return len(shorts)


class Abbreviations:
    """What short forms mean in a collection: the files that `write_abbreviations` wrote. Safe for threads."""

    def __init__(self, folder: Path) -> None:
        self._shorts = StringColumn(folder, "short")
        self._sorted = SortedStrings(self._shorts)
        self._longs = StringColumn(folder, "long")
        self._starts = map_array(folder / "starts.npy")
        self._counts = map_array(folder / "count.npy")

    def __len__(self) -> int:
        return len(self._shorts)

    def long_forms(self, short: str) -> tuple[tuple[str, float], ...]:
        """Each long form and its share (0–1) of the definitions of ``short``, the most frequent first."""
        row = self._sorted.find(short)
        if row is None:
            return ()
        start, end = int(self._starts[row]), int(self._starts[row + 1])
        counts = self._counts[start:end].tolist()
        return tuple((self._longs[start + i], count / sum(counts)) for i, count in enumerate(counts))
