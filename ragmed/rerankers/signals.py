"""What is known of a publication moves it: its type, its date, and whether it was retracted.

A passage's new score is the sum of what it shows as signals:

- ``relevance``: its score's place between the lowest (0) and the highest (1) of the passages read;
- ``publication_type``: the weight of the best of its types (`WEIGHTS`; 0 where none is known);
- ``recency``: `recency_weight`, halved for every `half_life_years` that it is older than the newest passage read, so
  that the order does not depend on the day it is computed (0 where its date is unknown);
- ``retracted``: so much less that it comes after every passage read that was not retracted.

Source of the order of types: Oxford Centre for Evidence-Based Medicine 2011, "The Oxford Levels of Evidence", treatment
benefits: systematic review of randomised trials, randomised trial, non-randomised controlled cohort or follow-up study,
case series and case-control study, mechanism-based reasoning. Guidelines stand with the reviews they rest on. Its
authors warn that levels replace no judgement, and that other kinds of questions have other levels: the weights are
small against relevance, and a recipe may set its own. The half-life is that of a systematic review's conclusions:
after 5.5 years half of 100 reviews had met evidence that called for an update (Shojania et al. 2007, Annals of Internal
Medicine 147:224–233). The weights themselves are a convention, fitted to nothing.

Types are PubMed's (https://www.nlm.nih.gov/mesh/pubtypes.html), as in ``meta["publication_types"]``. Designs for which
PubMed has no type, cohort and case-control studies, are taken from the headings in ``meta["mesh"]``.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ragmed.errors import RecipeError
from ragmed.protocols import Reranker
from ragmed.rerankers._order import best_first, ranked, relevances, with_score
from ragmed.types import Evidence, Passage, Query

WEIGHTS: Mapping[str, float] = {
    # Level 1.
    "Practice Guideline": 0.20,
    "Guideline": 0.20,
    "Systematic Review": 0.20,
    "Meta-Analysis": 0.20,
    "Network Meta-Analysis": 0.20,
    # Level 2.
    "Randomized Controlled Trial": 0.15,
    "Equivalence Trial": 0.15,
    "Pragmatic Clinical Trial": 0.15,
    # Level 3.
    "Controlled Clinical Trial": 0.10,
    "Clinical Trial": 0.10,
    "Observational Study": 0.10,
    "Cohort Studies": 0.10,
    "Prospective Studies": 0.10,
    "Retrospective Studies": 0.10,
    "Follow-Up Studies": 0.10,
    # Level 4.
    "Case-Control Studies": 0.05,
    "Case Reports": 0.05,
}
"""Publication type or MeSH heading → what it adds. Every other (a narrative review, a letter, an editorial) adds 0."""

_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?\Z", re.ASCII)


@dataclass(frozen=True)
class Signals:
    """``weights`` replaces the whole of `WEIGHTS`; the case of its names does not matter.

    ``retracted``: "last" moves retracted passages behind all others read, "exclude" leaves them out, "keep" treats them
    as the others.
    """

    weights: Mapping[str, float] = field(default_factory=lambda: dict(WEIGHTS))
    recency_weight: float = 0.1
    half_life_years: float = 5.5
    retracted: Literal["last", "exclude", "keep"] = "last"
    depth: int = 100

    def __post_init__(self) -> None:
        if self.half_life_years <= 0 or self.depth < 1:
            raise RecipeError("signals: half_life_years must be above 0, depth at least 1")

    def rerank(self, query: Query, evidence: Sequence[Evidence], k: int) -> tuple[Evidence, ...]:
        read = evidence[: self.depth]
        if self.retracted == "exclude":
            read = [e for e in read if not e.passage.meta.get("retracted")]
        weights = {name.casefold(): weight for name, weight in self.weights.items()}
        years = [_year(e.passage.published) for e in read]
        newest = max([year for year in years if year is not None], default=0.0)
        # More than all else can differ by.
        far = 2 + max([0.0, *weights.values()]) - min([0.0, *weights.values()]) + abs(self.recency_weight)
        scored = []
        for e, relevance, year in zip(read, relevances(read), years, strict=True):
            parts = {
                "relevance": relevance,
                "publication_type": max([weights[name] for name in _names(e.passage) if name in weights], default=0.0),
                "recency": 0.0
                if year is None
                else self.recency_weight * 0.5 ** ((newest - year) / self.half_life_years),
            }
            if self.retracted == "last" and e.passage.meta.get("retracted"):
                parts["retracted"] = -far
            scored.append(with_score(e, sum(parts.values()), **parts))
        return ranked(best_first(scored), evidence[self.depth :], k)


def _names(passage: Passage) -> set[str]:
    """The passage's publication types and MeSH headings, without qualifiers, in lower case.

    >>> from ragmed.types import Passage
    >>> meta = {"publication_types": "Journal Article; Review", "mesh": "*Asthma/drug therapy; Cohort Studies"}
    >>> sorted(_names(Passage("p", "d", 0, 0, "", "", "s", "u", "l", meta=meta)))
    ['asthma', 'cohort studies', 'journal article', 'review']
    """
    types = passage.meta.get("publication_types", "").split(";")
    headings = [heading.split("/")[0].replace("*", "") for heading in passage.meta.get("mesh", "").split(";")]
    return {name.strip().casefold() for name in (*types, *headings)} - {""}


def _year(published: str) -> float | None:
    """A date as a year with its fraction, the middle of what it names; None where it is no date.

    >>> _year("2024"), _year("2023-01-01"), _year("about 2024"), _year("2023-02-30")
    (2024.5, 2023.0013698630137, None, None)
    """
    found = _DATE.match(published)
    if found is None:
        return None
    year, month, day = (int(part or 0) for part in found.groups())
    if year == 0:
        return None
    n_days = 366 if calendar.isleap(year) else 365
    if not month:
        return year + 0.5
    if not 1 <= month <= 12 or (found[3] and not 1 <= day <= calendar.monthrange(year, month)[1]):
        return None
    before = sum(calendar.monthrange(year, m)[1] for m in range(1, month))
    middle = day - 0.5 if day else calendar.monthrange(year, month)[1] / 2
    return year + (before + middle) / n_days


COMPONENT: type[Reranker] = Signals
