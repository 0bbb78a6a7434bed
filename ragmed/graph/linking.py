"""Names of a graph's nodes found in questions and passages, and what is said of them there.

A name is found where its words stand in a text one after another within a sentence, whatever their case, in the
singular or plural; of overlapping names the one that begins first, then the longest. An abbreviation is found only as
it is written, and means what the text says that it means: "Marfan syndrome (MFS)" makes of every MFS in the text Marfan
syndrome (`ragmed.analysis.vocabulary_abbreviations`). Which node is meant where several have the name:
`ragmed.graph._meaning`. What is denied, said of relatives or only supposed: `ragmed.analysis.negation`.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from ragmed.analysis.negation import FAMILY, HYPOTHETICAL, NEGATION
from ragmed.analysis.vocabulary_abbreviations import definitions
from ragmed.graph._automaton import END_OF_SENTENCE, Names, by_first_word, standing, word_spans
from ragmed.graph._meaning import Likely, Meaning, Meanings, in_text, is_plural_word
from ragmed.graph.store import Graph
from ragmed.types import NameKind, NodeKind

KINDS: tuple[NodeKind, ...] = ("finding", "disease", "drug", "gene", "anatomy", "procedure")
"""Kinds of nodes that are linked unless others are asked for: those that a text can be about."""
_NAMES = "linking"
_making = threading.Lock()
_MARKS = frozenset(",()[]")

_Span = tuple[int, int, Meaning | None]
"""First word and end, and what the words mean; None: nothing of the graph."""


class LinkedMention(NamedTuple):
    """A name in a text: ``text`` from code point ``start`` to ``end``.

    ``rows`` are the nodes that it may mean, the likeliest first; ``scores`` (0–1, together at most 1) how sure each is;
    ``name_kind`` is what the name is to the first. ``negated``: the text denies it; ``family``: it is said of a
    relative; ``hypothetical``: it may yet come.
    """

    start: int
    end: int
    text: str
    rows: tuple[int, ...]
    scores: tuple[float, ...]
    negated: bool
    family: bool
    name_kind: NameKind
    hypothetical: bool = False


class Linker:
    """Links the names of a graph's nodes of some kinds. Safe for threads.

    Raises:
        RecipeError: the names have more different words than there are characters.
    """

    def __init__(self, graph: Graph, kinds: Collection[NodeKind] = KINDS) -> None:
        self.graph = graph
        folder = graph.folder / _NAMES
        is_compiled = tuple(kinds) == KINDS and folder.is_dir()
        self._names = Names.open(graph, folder) if is_compiled else Names.read(graph, kinds)
        self._meanings = Meanings(graph, self._names)

    def link_all(self, texts: Iterable[str]) -> Iterator[tuple[LinkedMention, ...]]:
        """The mentions in each text."""
        return map(self.link, texts)

    def link(self, text: str) -> tuple[LinkedMention, ...]:
        """The mentions in a text, from left to right, none overlapping another."""
        spans = word_spans(text)
        written = [text[start:end] for start, end in spans]
        encoded = self._names.encoded(written)
        found = self._found(text, spans, written, encoded)
        linked = self._likely(found, encoded)
        if not linked:
            return ()
        places = [(first, end) for first, end, _ in linked]
        lower = list(map(str.lower, written))
        sentences = list(accumulate(map(END_OF_SENTENCE.__eq__, encoded)))
        negated = set(NEGATION.said_of(lower, sentences, places))
        family = set(FAMILY.said_of(lower, sentences, places))
        hypothetical = set(HYPOTHETICAL.said_of(lower, sentences, places))
        mentions = []
        for i, (first, last, likely) in enumerate(linked):
            start, end = spans[first][0], spans[last - 1][1]
            mentions.append(
                LinkedMention(
                    start,
                    end,
                    text[start:end],
                    likely.rows,
                    likely.scores,
                    i in negated,
                    i in family,
                    likely.name_kind,
                    i in hypothetical,
                )
            )
        return tuple(mentions)

    def _found(
        self, text: str, spans: Sequence[tuple[int, int]], written: Sequence[str], encoded: str
    ) -> list[tuple[int, int, Meaning]]:
        """The names in a text, from left to right, none overlapping another."""
        found: list[_Span] = []
        for pattern, first, end in self._names.found(encoded):
            is_plural = end - first > 1 or is_plural_word(written[first])
            meaning = self._meanings.of_pattern(pattern, is_plural)
            if meaning is not None and (end - first == 1 or _is_one_phrase(text, spans, first, end, meaning)):
                found.append((first, end, meaning))
        short = self._abbreviations(text, spans, written)
        if short:
            found = _longest(found + short)
        return [(first, end, meaning) for first, end, meaning in found if meaning is not None]

    def _abbreviations(self, text: str, spans: Sequence[tuple[int, int]], written: Sequence[str]) -> list[_Span]:
        """Abbreviations, by what the text says that they mean, else by what the graph does."""
        defined = dict(definitions(text)) if "(" in text else {}
        found: list[_Span] = []
        for short, first, end in standing(by_first_word(defined), text, written, spans) if defined else ():
            pattern = self._names.pattern_of(defined[short])
            meaning = None if pattern is None else self._meanings.of_pattern(pattern, is_plural=True)
            found.append((first, end, meaning))
        for name, first, end in self._names.abbreviations_in(text, written, spans):
            if name not in defined and not _is_shouted(written, first, end):
                found.append((first, end, self._meanings.of_abbreviation(name)))
        return found

    def _likely(self, found: Sequence[tuple[int, int, Meaning]], encoded: str) -> list[tuple[int, int, Likely]]:
        """What each name means, by what else the text says."""
        if all(meaning.is_settled for _, _, meaning in found):
            return [(first, end, meaning.likely) for first, end, meaning in found]
        words = set(encoded)
        mentioned = {row for _, _, meaning in found for row in meaning.likely.rows}
        chosen: list[tuple[int, int, Likely]] = []
        for first, end, meaning in found:
            likely = meaning.likely if meaning.is_settled else in_text(meaning, words, mentioned)
            if likely is not None:
                chosen.append((first, end, likely))
        return chosen


def compile_names(graph: Graph) -> None:
    """Write the names of the usual kinds into the graph's folder, so that its linker is there at once."""
    folder = graph.folder / _NAMES
    folder.mkdir()
    Names.read(graph, KINDS).write(folder)


def linker_of(graph: Graph) -> Linker:
    """The linker of a graph for the usual kinds, made once: it takes up to a hundred megabytes."""
    with _making:
        return _linker_of(graph)


@lru_cache(2)
def _linker_of(graph: Graph) -> Linker:
    return Linker(graph)


def _is_one_phrase(text: str, spans: Sequence[tuple[int, int]], first: int, end: int, meaning: Meaning) -> bool:
    """Whether no comma or bracket stands between words of a name that has none."""
    return all(mark in meaning.marks for mark in _MARKS.intersection(text[spans[first][0] : spans[end - 1][1]]))


def _is_shouted(written: Sequence[str], first: int, end: int) -> bool:
    """Whether the words around are written in capitals too, so that capitals make no abbreviation."""
    around = (*written[max(0, first - 2) : first], *written[end : end + 2])
    return sum(word.isupper() and word.isalpha() and len(word) > 3 for word in around) > 1


def _longest(found: Iterable[_Span]) -> list[_Span]:
    """Of spans that overlap, the one that begins first, then the longest; of equal ones the last."""
    kept: list[_Span] = []
    order = sorted(enumerate(found), key=lambda pair: (pair[1][0], -pair[1][1], -pair[0]))
    for _, span in order:
        if not kept or span[0] >= kept[-1][1]:
            kept.append(span)
    return kept
