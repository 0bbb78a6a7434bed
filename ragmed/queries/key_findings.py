"""A long narrative cut down to its key findings: the findings and diseases it names, without those it denies.

A case of several hundred words says much that no passage is about, and an encoder reads only its beginning. What is
kept is what the vocabulary knows as a finding or a disease; ages, sex, time and treatment go. Shorter questions, and
narratives that name too little, pass unchanged.

What is denied: `ragmed.analysis.negation`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ragmed.analysis.negation import NEGATION
from ragmed.analysis.vocabulary import Mention, Vocabulary, key_of, tokens_of
from ragmed.errors import RecipeError
from ragmed.protocols import Retrieve, Rewriter
from ragmed.types import Query


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
        spans = [(mention.start, mention.end) for mention in mentions]
        written, sentences = [token.text.lower() for token in tokens], [token.sentence for token in tokens]
        denied = set(NEGATION.said_of(written, sentences, spans))
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


COMPONENT: type[Rewriter] = KeyFindings
