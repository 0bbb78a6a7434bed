"""What a text says of what it names: that it is denied, that another of the family has it, or that it may yet come.

Negation: Chapman et al. 2001, "A simple algorithm for identifying negated findings and diseases in discharge
summaries", Journal of Biomedical Informatics 34(5): 301–310 (NegEx). A mention is denied that stands within five words
after a phrase such as "no" or "denies", or before one such as "was ruled out", in the same sentence; pseudo-negations
("no increase", "not only") deny nothing. As in later releases of NegEx, "but", "however" and their like end a denial;
and a list goes on with each mention in it, as in "denies fever, chills, night sweats and weight loss".

Family and what is hypothetical: Harkema et al. 2009, "ConText: An algorithm for determining negation, experiencer, and
temporal status from clinical reports", Journal of Biomedical Informatics 42(5): 839–851. What is said of a relative
holds to the end of the sentence, or until the patient is spoken of again.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product


@dataclass(frozen=True)
class Cues:
    """Phrases that say something of the mentions after them (``before``) or before them (``after``).

    ``pseudo`` are phrases in which a cue says nothing. Between a cue and a mention there are ``reach`` words at most,
    and none of ``ends``. What a cue before a list says, it says of each in the list.
    """

    before: tuple[str, ...]
    after: tuple[str, ...] = ()
    pseudo: tuple[str, ...] = ()
    ends: frozenset[str] = frozenset()
    reach: int = 5

    def said_of(
        self, written: list[str], sentences: Sequence[int], mentions: Sequence[tuple[int, int]]
    ) -> Iterator[int]:
        """The places of the mentions of which the cues say it, in order.

        Args:
            written: the words of a text in lower case, and its colons where they are kept.
            sentences: for each of them, the number of its sentence.
            mentions: their spans in words, half-open, from left to right, none overlapping another.
        """
        if not mentions or self._telling.isdisjoint(written):
            return
        inside = {i for start, end in mentions for i in range(start, end)}
        ahead, behind = self._cues(written, inside)
        in_list = -1
        for i, (start, end) in enumerate(mentions):
            is_ahead = any(
                self._reaches(written, sentences, cue, start) for cue in _within(ahead, start - self.reach, start)
            )
            goes_on = in_list == i - 1 >= 0 and self._goes_on(written, sentences, mentions[i - 1][1], start)
            if is_ahead or goes_on:
                in_list = i
                yield i
            elif any(self._reaches(written, sentences, end, cue) for cue in _within(behind, end, end + self.reach)):
                yield i

    @cached_property
    def _phrases(self) -> dict[str, dict[str, list[tuple[str, list[str]]]]]:
        """First word → second word, empty where there is none → what the phrase is, and its words."""
        phrases: dict[str, dict[str, list[tuple[str, list[str]]]]] = {}
        for kind, listed in (("before", self.before), ("after", self.after), ("pseudo", self.pseudo)):
            for phrase in listed:
                words = phrase.split()
                following = phrases.setdefault(words[0], {})
                following.setdefault(words[1] if len(words) > 1 else "", []).append((kind, words))
        return phrases

    @cached_property
    def _telling(self) -> frozenset[str]:
        """A word of each phrase: where a text has none of them, it has no phrase."""
        return frozenset(max(phrase.split(), key=len) for phrase in (*self.before, *self.after))

    def _cues(self, written: list[str], inside: set[int]) -> tuple[list[int], list[int]]:
        """Where cues end that are about what follows, and where cues begin that are about what is before them."""
        phrases = self._phrases
        found: list[tuple[str, int, int]] = []
        for i in [i for i, word in enumerate(written) if word in phrases]:
            following = phrases[written[i]]
            second = written[i + 1] if i + 1 < len(written) else ""
            for kind, words in (*following.get("", ()), *(following.get(second, ()) if second else ())):
                if written[i : i + len(words)] == words:
                    found.append((kind, i, i + len(words)))
        pseudo = {i for kind, start, end in found if kind == "pseudo" for i in range(start, end)}
        cues = [cue for cue in found if cue[1] not in pseudo and cue[1] not in inside]
        before = sorted({end for kind, _, end in cues if kind == "before"})
        return before, sorted({start for kind, start, _ in cues if kind == "after"})

    def _goes_on(self, written: Sequence[str], sentences: Sequence[int], start: int, end: int) -> bool:
        return end - start <= 2 and self._reaches(written, sentences, start, end)

    def _reaches(self, written: Sequence[str], sentences: Sequence[int], start: int, end: int) -> bool:
        """Whether nothing between ``start`` and ``end`` ends what is said."""
        if sentences[max(0, start - 1)] != sentences[min(end, len(sentences) - 1)]:
            return False
        return self.ends.isdisjoint(written[start:end])


def _within(ordered: list[int], least: int, most: int) -> list[int]:
    return ordered[bisect_left(ordered, least) : bisect_right(ordered, most)]


_ENDS = frozenset({"but", "however", "although", "though", "nevertheless", "except", "yet", "still", "which", "aside"})
_PATIENT = frozenset({"he", "she", "patient", "patient's", "i", "presents", "presented"})

NEGATION = Cues(
    before=(
        "absence of", "cannot", "checked for", "declined", "declines", "denied", "denies", "denying", "evaluate for",
        "fails to reveal", "free of", "lack of", "lacked", "lacks", "negative for", "neither", "never developed",
        "never had", "no", "no abnormal", "no cause of", "no complaints of", "no evidence", "no evidence of",
        "no findings of", "no history of", "no longer has", "no new evidence", "no other evidence", "no significant",
        "no sign of", "no signs of", "no suspicious", "nor", "not", "not appear", "not appreciate",
        "not associated with", "not complain of", "not demonstrate", "not exhibit", "not feel", "not had", "not have",
        "not know of", "not reveal", "not see", "not to be", "patient was not", "rather than", "resolved",
        "ruled out for", "rules out", "test for", "to exclude", "unremarkable for", "with no", "without",
        "without any evidence of", "without evidence", "without indication of", "without sign of",
    ),
    after=(
        "unlikely", "free", "was ruled out", "is ruled out", "were ruled out", "are ruled out", "was negative",
        "were negative", "was absent", "were absent", "is absent", "are absent", "was not present",
        "were not present", "is not present", "are not present", "was excluded", "were excluded",
    ),
    pseudo=(
        "gram negative", "no further", "not able to be", "not certain if", "not certain whether", "not necessarily",
        "not rule out", "not ruled out", "without any further", "without difficulty", "without further",
        "no increase", "no change", "not only", "no suspicious change", "not been ruled out", "not drain",
        "no significant change", "no cure", "no difference", "no differences", "no doubt", "no effective treatment",
        "no significant difference", "no significant differences", "no treatment", "not mean",
        "not properly", "not recommended",
    ),
    ends=_ENDS | {"has", "presents", "presented", "until"},
)  # fmt: skip

_RELATIVES = (
    "mother", "father", "parent", "parents", "brother", "brothers", "sister", "sisters", "sibling", "siblings",
    "grandmother", "grandfather", "grandparents", "aunt", "aunts", "uncle", "uncles", "cousin", "cousins",
    "relative", "relatives",
)  # fmt: skip
_HAVE = (
    "had", "has", "have", "with", "who had", "who has", "also had", "also has", "both had", "both have", "died of",
    "died from", "developed", "was diagnosed with", "is diagnosed with", "suffered from", "suffers from",
    "was affected by", "is affected by",
)  # fmt: skip

FAMILY = Cues(
    before=(
        *map(" ".join, product(_RELATIVES, _HAVE)), "family history :", "family history includes", "family history is",
        "family history notable for", "family history of", "family history positive for", "family history significant",
        "family history was", "familial history of", "maternal history of", "paternal history of", "runs in the family",
    ),
    after=(
        *map(" ".join, product(("in his", "in her", "in a", "in one"), _RELATIVES)), "in his family", "in her family",
        "runs in the family", "run in the family", "in first degree relatives", "in a first degree relative",
    ),
    pseudo=("no other relatives", *map(" ".join, product(_RELATIVES, ("has noticed", "had noticed")))),
    ends=_ENDS | _PATIENT,
    reach=15,
)  # fmt: skip
"""Said of a relative, not of the patient."""

HYPOTHETICAL = Cues(
    before=(
        "if", "in case of", "risk for", "risk of", "risk factor for", "risk factors for", "should you develop",
        "monitor for", "watch for", "prevent", "prevents", "prevention of", "prophylaxis of", "protect against",
        "screening for",
    ),
    pseudo=("determine if", "find out if", "known if", "see if"),
    ends=_ENDS | _PATIENT | {"then", "because"},
)  # fmt: skip
"""Said of what may come, not of what is."""
