"""Spelling: a word that no passage has is replaced by the most likely one that some have.

Only words unknown to the index and to the vocabulary are touched. A candidate is one edit away, of words of
``long_word`` letters and more two, begins with the same letter where it is two away, and occurs in the index. The
nearest wins, then the one more passages have. Candidates come from the vocabulary's words by symmetric deletion
(`ragmed.analysis.vocabulary_spelling`); where those give none, every string one edit away is looked up in the index.
The word as it was written stays an expansion.

Source: Norvig 2007, "How to write a spelling corrector" (https://norvig.com/spell-correct.html): the nearest words,
then the most frequent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from string import ascii_lowercase

from ragmed.analysis.terms import STOP_WORDS, stem, words
from ragmed.analysis.vocabulary import Vocabulary
from ragmed.errors import RecipeError
from ragmed.protocols import Retrieve, Rewriter, TermStatistics
from ragmed.types import Query

_WORD = re.compile(r"(?<![^\W_])[A-Za-z]+(?![^\W_])")
_MAX_LETTERS = 40
"""Longer words are left as they are: the strings one edit away grow with the square of the length."""


@dataclass(frozen=True)
class Spelling:
    """``statistics`` are those of the index that is searched. Words of fewer than ``min_letters`` letters are left as
    they are; the word that replaces another must be in ``min_passages`` passages. Of a question's unknown words the
    first ``max_unknown``, by the alphabet, are corrected."""

    statistics: TermStatistics | None = None
    vocabulary: Vocabulary | None = None
    min_letters: int = 5
    long_word: int = 9
    min_passages: int = 2
    max_unknown: int = 8

    def __post_init__(self) -> None:
        if self.statistics is None:
            raise RecipeError(
                "queries/spelling: needs the index's term statistics; add a retriever that counts terms, "
                "as bm25, to the index, or take spelling out of its recipe"
            )

    def rewrite(self, queries: Sequence[Query], retrieve: Retrieve) -> list[tuple[Query, ...]]:
        return [(self._corrected(query),) for query in queries]

    def _corrected(self, query: Query) -> Query:
        assert self.statistics is not None
        written = {
            match[0].lower()
            for match in _WORD.finditer(f"{query.text} {query.lexical}")
            if self.min_letters <= len(match[0]) <= _MAX_LETTERS and not match[0].isupper()
        }
        candidates = sorted(word for word in written if word not in STOP_WORDS and words(word) == [word])
        frequencies = self.statistics.document_frequencies(stem(candidates)) if candidates else ()
        unknown = [word for word, frequency in zip(candidates, frequencies, strict=True) if frequency == 0]
        better: dict[str, str] = {}
        for word in unknown[: self.max_unknown]:
            if self.vocabulary is None or word not in self.vocabulary.words:
                correction = self._correction(word)
                if correction is not None:
                    better[word] = correction
        if not better:
            return query
        return replace(
            query,
            text=_replaced(query.text, better),
            lexical=_replaced(query.lexical, better),
            expansions=(*query.expansions, *((word, 1.0) for word in better)),
        )

    def _correction(self, word: str) -> str | None:
        limit = 2 if len(word) >= self.long_word else 1
        if self.vocabulary is not None:
            near = [
                (near.distance, near.word)
                for near in self.vocabulary.words.near(word, limit)
                if near.distance == 1 or near.word[0] == word[0]
            ]
            found = self._most_frequent(near)
            if found is not None:
                return found
        return self._most_frequent([(1, candidate) for candidate in sorted(set(_edits(word)))])

    def _most_frequent(self, candidates: Sequence[tuple[int, str]]) -> str | None:
        """Of the nearest candidates that enough passages have, the one that most have."""
        assert self.statistics is not None
        frequencies = self.statistics.document_frequencies(stem(candidate for _, candidate in candidates))
        known = [
            (distance, -frequency, candidate)
            for (distance, candidate), frequency in zip(candidates, frequencies, strict=True)
            if frequency >= self.min_passages
        ]
        return min(known)[2] if known else None


def _edits(word: str) -> Iterator[str]:
    """Every string one edit away: deletions, exchanges of neighbours, substitutions, insertions of an ASCII letter."""
    for i in range(len(word) + 1):
        head, tail = word[:i], word[i:]
        if tail:
            yield head + tail[1:]
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
        for letter in ascii_lowercase:
            yield head + letter + tail
            if tail:
                yield head + letter + tail[1:]


def _replaced(text: str, better: dict[str, str]) -> str:
    corrected: Callable[[re.Match[str]], str] = lambda match: better.get(match[0].lower(), match[0])  # noqa: E731
    return _WORD.sub(corrected, text)


COMPONENT: type[Rewriter] = Spelling
