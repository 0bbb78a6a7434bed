"""A long narrative cut down to its key findings: the findings and diseases it names, without those it denies.

A case of several hundred words says much that no passage is about, and an encoder reads only its beginning. What is
kept is what the vocabulary knows as a finding or a disease; ages, sex, time and treatment go. Shorter questions, and
narratives that name too little, pass unchanged.

Negation: Chapman et al. 2001, "A simple algorithm for identifying negated findings and diseases in discharge
summaries", Journal of Biomedical Informatics 34(5): 301–310 (NegEx). A finding is denied that stands within five words
after a phrase such as "no" or "denies", or before one such as "was ruled out", in the same sentence; pseudo-negations
("no increase", "not only") deny nothing. As in later releases of NegEx, "but", "however" and their like end a denial;
and a list goes on with each finding in it, as in "denies fever, chills, night sweats and weight loss".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ragmed.analysis.vocabulary import Mention, Token, Vocabulary, key_of, tokens_of
from ragmed.errors import RecipeError
from ragmed.protocols import Retrieve, Rewriter
from ragmed.types import Query

_BEFORE = (
    "absence of", "cannot", "checked for", "declined", "declines", "denied", "denies", "denying", "evaluate for",
    "fails to reveal", "free of", "negative for", "never developed", "never had", "no", "no abnormal", "no cause of",
    "no complaints of", "no evidence", "no evidence of", "no findings of", "no history of", "no new evidence",
    "no other evidence", "no significant", "no sign of", "no signs of", "no suspicious", "not", "not appear",
    "not appreciate", "not associated with", "not complain of", "not demonstrate", "not exhibit", "not feel", "not had",
    "not have", "not know of", "not reveal", "not see", "not to be", "patient was not", "rather than", "resolved",
    "ruled out for", "rules out", "test for", "to exclude", "unremarkable for", "with no", "without",
    "without any evidence of", "without evidence", "without indication of", "without sign of",
)  # fmt: skip
_AFTER = ("unlikely", "free", "was ruled out", "is ruled out", "were ruled out", "are ruled out", "was negative")
_PSEUDO = (
    "gram negative", "no further", "not able to be", "not certain if", "not certain whether", "not necessarily",
    "not rule out", "not ruled out", "without any further", "without difficulty", "without further", "no increase",
    "no change", "not only", "no suspicious change", "not been ruled out", "not drain", "no significant change",
)  # fmt: skip
_ENDS = frozenset({"but", "however", "although", "though", "nevertheless", "except", "yet", "still", "which", "aside"})
_REACH = 5
"""Words between a negation and what it denies, at most."""


@dataclass(frozen=True)
class KeyFindings:
    """Applies to questions of more than ``min_words`` words that name ``min_findings`` findings or diseases at least.

    Of ``max_findings`` named, the first are kept.
    """

    vocabulary: Vocabulary | None = None
    min_words: int = 60
    min_findings: int = 3
    max_findings: int = 40

    def __post_init__(self) -> None:
        if self.vocabulary is None:
            raise RecipeError(
                "queries/key_findings: needs a vocabulary; give the one of "
                "ragmed.collection.vocabularies.open_vocabulary() as vocabulary"
            )

    def rewrite(self, queries: Sequence[Query], retrieve: Retrieve) -> list[tuple[Query, ...]]:
        return [(self._distilled(query),) for query in queries]

    def _distilled(self, query: Query) -> Query:
        assert self.vocabulary is not None
        tokens = tokens_of(query.text)
        if len(tokens) <= self.min_words:
            return query
        mentions = [m for m in self.vocabulary.mentions(query.text, tokens) if self._is_finding(m)]
        denied = set(negated(tokens, mentions))
        findings: dict[str, str] = {}
        for i, mention in enumerate(mentions):
            if i not in denied:
                findings.setdefault(key_of(mention.text), mention.text)
        if len(findings) < self.min_findings:
            return query
        text = ", ".join(list(findings.values())[: self.max_findings])
        return replace(query, text=text, lexical=text)

    def _is_finding(self, mention: Mention) -> bool:
        assert self.vocabulary is not None
        return any(concept.kind in ("finding", "disease") for _, concept in self.vocabulary.mentioned(mention))


def negated(tokens: Sequence[Token], mentions: Sequence[Mention]) -> Iterator[int]:
    """Which of the mentions, given from left to right, the text denies."""
    written = [token.text.lower() for token in tokens]
    pseudo = {i for start, end in _phrases(written, _PSEUDO) for i in range(start, end)}
    before = [(start, end) for start, end in _phrases(written, _BEFORE) if start not in pseudo]
    after = [(start, end) for start, end in _phrases(written, _AFTER) if start not in pseudo]
    inside = {i for mention in mentions for i in range(mention.start, mention.end)}
    denied: set[int] = set()
    for i, mention in enumerate(mentions):
        ahead = any(
            end <= mention.start and start not in inside and _reaches(tokens, written, end, mention.start)
            for start, end in before
        )
        behind = any(
            mention.end <= start and start not in inside and _reaches(tokens, written, mention.end, start)
            for start, _ in after
        )
        in_list = (
            i - 1 in denied
            and mention.start - mentions[i - 1].end <= 2
            and _reaches(tokens, written, mentions[i - 1].end, mention.start)
        )
        if ahead or behind or in_list:
            denied.add(i)
            yield i


def _reaches(tokens: Sequence[Token], written: Sequence[str], start: int, end: int) -> bool:
    """Whether nothing between ``start`` and ``end`` ends a denial, and no more than `_REACH` words lie there."""
    if end - start > _REACH or tokens[max(0, start - 1)].sentence != tokens[min(end, len(tokens) - 1)].sentence:
        return False
    return not any(word in _ENDS for word in written[start:end])


def _phrases(written: Sequence[str], phrases: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where the phrases stand."""
    by_first: dict[str, list[list[str]]] = {}
    for phrase in phrases:
        parts = phrase.split()
        by_first.setdefault(parts[0], []).append(parts)
    for i, word in enumerate(written):
        for parts in by_first.get(word, ()):
            if written[i : i + len(parts)] == parts:
                yield i, i + len(parts)


COMPONENT: type[Rewriter] = KeyFindings
