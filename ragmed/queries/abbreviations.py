"""Abbreviations spelt out: the long forms of a question's short forms are searched for too.

A short form's meaning is taken from, in this order: the question itself, which then has the long form already, so
that nothing is added; the collection, as its texts define it (Schwartz & Hearst 2003,
`ragmed.analysis.vocabulary_abbreviations`), each long form weighted by its share of the definitions; the vocabulary,
where it knows one meaning only. With ``short_forms`` the abbreviation of a long form in the question is added
likewise, from the vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ragmed.analysis.vocabulary import Vocabulary, is_short_form, new_words, tokens_of
from ragmed.analysis.vocabulary_abbreviations import Abbreviations as MinedAbbreviations
from ragmed.analysis.vocabulary_abbreviations import definitions
from ragmed.errors import RecipeError
from ragmed.protocols import Retrieve, Rewriter
from ragmed.types import Query


@dataclass(frozen=True)
class Abbreviations:
    """Each new word of a long form counts ``weight`` (0–1), times the long form's share, of a word of the question.

    ``abbreviations`` are those mined from the index's passages. Long forms of a share below ``min_share`` are left out.
    """

    vocabulary: Vocabulary | None = None
    abbreviations: MinedAbbreviations | None = None
    weight: float = 0.1
    min_share: float = 0.2
    short_forms: bool = False

    def __post_init__(self) -> None:
        if self.vocabulary is None and self.abbreviations is None:
            raise RecipeError(
                "queries/abbreviations: needs a vocabulary or abbreviations; give the vocabulary of "
                "ragmed.collection.vocabularies.open_vocabulary(), or the abbreviations mined from the index"
            )

    def rewrite(self, queries: Sequence[Query], retrieve: Retrieve) -> list[tuple[Query, ...]]:
        return [(self._spelt_out(query),) for query in queries]

    def _spelt_out(self, query: Query) -> Query:
        searched = query.lexical or query.text
        defined = {short for short, _ in definitions(searched)}
        added: dict[str, float] = {}
        # Of shouted text nothing can be said: every short word would be an abbreviation.
        tokens = [] if searched.isupper() and " " in searched.strip() else tokens_of(searched)
        for token in dict.fromkeys(token.text for token in tokens):
            if is_short_form(token) and token not in defined:
                for long, share in self._long_forms(token):
                    for word in new_words(searched, [long]):
                        added[word] = max(added.get(word, 0.0), self.weight * share)
        if self.short_forms and self.vocabulary is not None:
            for short in self._short_forms(searched):
                for word in new_words(searched, [short]):
                    added.setdefault(word, self.weight)
        if not added:
            return query
        return replace(query, expansions=(*query.expansions, *added.items()))

    def _long_forms(self, short: str) -> list[tuple[str, float]]:
        if self.abbreviations is not None:
            forms = self.abbreviations.long_forms(short)
            if not forms and short.endswith("s"):
                forms = self.abbreviations.long_forms(short[:-1])
            if forms:
                return [(long, share) for long, share in forms if share >= self.min_share]
        if self.vocabulary is None:
            return []
        concepts = [self.vocabulary.concept(row) for m in self.vocabulary.mentions(short) for row in m.concepts]
        longs = dict.fromkeys(
            next((name.text for name in concept.names if not is_short_form(name.text)), "") for concept in concepts
        )
        longs.pop("", None)
        return [(long, 1.0) for long in longs] if len(longs) == 1 else []

    def _short_forms(self, searched: str) -> Iterator[str]:
        assert self.vocabulary is not None
        for mention in self.vocabulary.mentions(searched):
            for by, concept in self.vocabulary.mentioned(mention):
                if not is_short_form(by.text):
                    yield from (name.text for name in concept.names if name.kind == "abbreviation")


COMPONENT: type[Rewriter] = Abbreviations
