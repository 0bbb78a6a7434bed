"""Consumer to clinical wording: where a question uses a lay name, the clinical names are searched for too.

"Nosebleeds" adds "epistaxis" and "nasal hemorrhage". What is a lay name the Human Phenotype Ontology says: synonyms of
the type ``layperson``. Nothing is added to a question in clinical words.

Source: Vasilevsky et al. 2018, "Plain-language medical vocabulary for precision diagnosis", Nature Genetics 50:474–476.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ragmed.analysis.vocabulary import Vocabulary, new_words
from ragmed.errors import RecipeError
from ragmed.protocols import Retrieve, Rewriter
from ragmed.types import Query


@dataclass(frozen=True)
class LayTerms:
    """Each new word of a clinical name counts ``weight`` (0–1) of a word of the question; at most ``max_names``
    clinical names of a lay name, the preferred one first, and ``max_words`` words in all are added."""

    vocabulary: Vocabulary | None = None
    weight: float = 0.1
    max_names: int = 2
    max_words: int = 12

    def __post_init__(self) -> None:
        if self.vocabulary is None:
            raise RecipeError(
                "queries/lay_terms: needs a vocabulary; give the one of "
                "ragmed.collection.vocabularies.open_vocabulary() as vocabulary"
            )

    def rewrite(self, queries: Sequence[Query], retrieve: Retrieve) -> list[tuple[Query, ...]]:
        return [(self._clinical(query),) for query in queries]

    def _clinical(self, query: Query) -> Query:
        assert self.vocabulary is not None
        searched = query.lexical or query.text
        names: list[str] = []
        for mention in self.vocabulary.mentions(searched):
            for by, concept in self.vocabulary.mentioned(mention):
                if by.kind == "lay":
                    clinical = [name.text for name in concept.names if name.kind in ("preferred", "synonym")]
                    names += clinical[: self.max_names]
        words = new_words(" ".join([searched, *(text for text, _ in query.expansions)]), names)[: self.max_words]
        if not words:
            return query
        return replace(query, expansions=(*query.expansions, *((word, self.weight) for word in words)))


COMPONENT: type[Rewriter] = LayTerms
