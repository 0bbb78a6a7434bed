"""By date of publication.

Dates are as precise as their source gives them, so they are compared as far as both go: of a document of "2020" it is
not known whether it is older than "2020-06", and it is kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ragmed.errors import RecipeError
from ragmed.protocols import Filter
from ragmed.types import Document

_DATE = re.compile(r"\d{4}(?:-\d\d(?:-\d\d)?)?")


@dataclass(frozen=True)
class Published:
    """Keeps what may have been published between ``since`` and ``until``, both included: "2015", "2015-06-30".

    Without a date in that form a document is kept unless ``keep_unknown`` is false.
    """

    since: str = ""
    until: str = ""
    keep_unknown: bool = True

    def __post_init__(self) -> None:
        for name, date in (("since", self.since), ("until", self.until)):
            if date and not _DATE.fullmatch(date):
                raise RecipeError(f'published: {name} = {date!r} is no date; write it as in "2015" or "2015-06-30"')

    def refuse(self, documents: Sequence[Document]) -> list[str]:
        return [self._reason(document.published) for document in documents]

    def _reason(self, published: str) -> str:
        date = _DATE.match(published)
        if date is None:
            return "" if self.keep_unknown else "date of publication not known"
        if _compare(date[0], self.since) < 0:
            return "published too early"
        return "published too late" if _compare(date[0], self.until) > 0 else ""


def _compare(date: str, other: str) -> int:
    """-1, 0 or 1 as the date is before, within or after the other, as far as both are known."""
    known = min(len(date), len(other))
    return (date[:known] > other[:known]) - (date[:known] < other[:known])


COMPONENT: type[Filter] = Published
