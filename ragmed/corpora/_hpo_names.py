"""Names as they read inside a sentence: "Ectopia lentis" → "ectopia lentis", "EEG abnormality" as it is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from ragmed.analysis.obo import Term

_WORD = re.compile(r"[^\W\d_]{2,}")
_INSIDE = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]+")
_FIRST = re.compile(r"(?:(?<=\A)|(?<=/))[A-Z][a-z]+(?![\w])")
_EPONYM = re.compile(
    r"[A-Z][a-z]+(?:'s)?(?:[- ][A-Z][a-z]+)* "
    r"(?:sign|anomaly|malformation|phenomenon|reflex|nodes?|spots?|rings?|bod(?:y|ies)|lines?|cells?|granules?)\b"
)
_LETTERS = re.compile(r"(?<!\w)[^\W\d_]{2,}(?!\w)")
_MEDICAL_ENDING = re.compile(
    r"(?:[aeiou]i?a|[bcdfgmpr]ia|emia|uria|itis|osis|asis|ysis|esis|oma|ism|cele|(?<!th)al|ic|[oai]r|ous|ed|ing|ion|oid|"
    r"pathy|dactyly|cephaly|megaly|melia|metry|trophy|plasia|plegia|orrhea|um|us|form|ive|ent|ant)\Z"
)
"""How words of Greek and Latin, and participles, end: no proper name that begins one of HPO's terms does."""


class Names:
    """What the ontology's own texts tell of how a word is written.

    A word is a proper name ("Chiari", "Hashimoto") unless the texts write it with a small letter more often
    than, inside a sentence, with a capital; where they do neither, its ending decides.
    """

    def __init__(self, terms: Mapping[str, Term], diseases: Iterable[str]) -> None:
        texts = [text for term in terms.values() for text in (term.name, term.definition, *term.exact_synonyms)]
        texts.extend(name for name in diseases if not name.isupper())
        self._written = Counter(word for text in texts for word in _WORD.findall(text))
        self._inside = Counter(word for text in texts for word in _INSIDE.findall(text))

    def small(self, name: str) -> str:
        """``name`` with small first letters, at its start and after a slash, where that is safe."""
        if _EPONYM.match(name) and not self._is_common(name.split()[0]):
            return name
        return _FIRST.sub(lambda match: match[0].lower() if self._is_common(match[0]) else match[0], name)

    def calm(self, name: str) -> str:
        """A name shouted in capitals as it is usually written; others as they are.

        Words that the texts never write otherwise stay in capitals up to six letters (they may be acronyms).
        """
        if not name.isupper() or (" " not in name and len(name) < 7):
            return name
        written = _LETTERS.sub(lambda match: self._usual(match[0]), name)
        return written[:1].upper() + written[1:]

    def _is_common(self, word: str) -> bool:
        small, capital = self._written[word.lower()], self._inside[word]
        return small > capital or (small == capital == 0 and bool(_MEDICAL_ENDING.search(word)))

    def _usual(self, word: str) -> str:
        if self._written[word.lower()]:
            return word.lower()
        if self._written[word.capitalize()]:
            return word.lower() if self._is_common(word.capitalize()) else word.capitalize()
        return word.lower() if len(word) > 6 else word
