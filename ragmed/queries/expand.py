"""Synonym expansion: the other names of what a question names are searched for too, with less weight.

Names are found by longest match of whole words, singular or plural (`ragmed.analysis.vocabulary`); only synonyms are
added, nothing that an ontology relates. A name that means several things of one source is left alone.

Source: the idea of Aronson & Rindflesch 1997, "Query expansion using the UMLS Metathesaurus", AMIA; of weights below 1
for what is added, Voorhees 1994, "Query expansion using lexical-semantic relations", SIGIR.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ragmed.analysis.vocabulary import Concept, Vocabulary, is_short_form, new_words
from ragmed.errors import RecipeError
from ragmed.protocols import Retrieve, Rewriter
from ragmed.types import Name, Query

_ORDER = {"preferred": 0, "synonym": 1, "lay": 2, "related": 3}


@dataclass(frozen=True)
class Expand:
    """Each new word of a synonym counts ``weight`` (0–1) of a word of the question. At most ``max_names`` synonyms of a
    name and ``max_words`` words in all are added; of ``sources`` only, where some are given. ``related`` adds names
    that are broader or only mostly the same too."""

    vocabulary: Vocabulary | None = None
    weight: float = 0.1
    max_names: int = 3
    max_words: int = 12
    sources: tuple[str, ...] = ()
    related: bool = False

    def __post_init__(self) -> None:
        if self.vocabulary is None:
            raise RecipeError(
                "queries/expand: needs a vocabulary; give the one of "
                "ragmed.collection.vocabularies.open_vocabulary() as vocabulary"
            )

    def rewrite(self, queries: Sequence[Query], retrieve: Retrieve) -> list[tuple[Query, ...]]:
        return [(self._expanded(query),) for query in queries]

    def _expanded(self, query: Query) -> Query:
        assert self.vocabulary is not None
        searched = query.lexical or query.text
        names: list[str] = []
        for mention in self.vocabulary.mentions(searched):
            meant = [
                (name, concept)
                for name, concept in self.vocabulary.mentioned(mention)
                if not self.sources or concept.source in self.sources
            ]
            if not _is_ambiguous(meant):
                names += self._synonyms(meant)
        words = new_words(" ".join([searched, *(text for text, _ in query.expansions)]), names)[: self.max_words]
        if not words:
            return query
        return replace(query, expansions=(*query.expansions, *((word, self.weight) for word in words)))

    def _synonyms(self, meant: Sequence[tuple[Name, Concept]]) -> list[str]:
        """The best synonyms of each concept that is meant by a name of it."""
        found: dict[str, int] = {}
        for by, concept in meant:
            if by.kind == "related" and not self.related:
                continue
            for name in concept.names:
                if (
                    name.kind != "abbreviation"
                    and not is_short_form(name.text)
                    and (self.related or name.kind != "related")
                ):
                    found.setdefault(name.text, _ORDER[name.kind])
        return sorted(found, key=lambda text: found[text])[: self.max_names]


def _is_ambiguous(meant: Sequence[tuple[Name, Concept]]) -> bool:
    """Whether a source knows several things under the name; a classification's entries for one name are one thing."""
    counts = Counter(concept.source for _, concept in meant if concept.kind != "disease" and concept.source == "hpo")
    short = any(is_short_form(name.text) for name, _ in meant)
    return any(count > 1 for count in counts.values()) or (short and len(meant) > 1)


COMPONENT: type[Rewriter] = Expand
