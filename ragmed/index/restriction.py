"""Which passages of an index a `Restriction` lets a search find.

Only the columns of codes are read (`ragmed.index.passages_store`): what passes is decided for each distinct value,
then looked up for each passage.
"""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ragmed.errors import QuestionError
from ragmed.index.passages_store import Coded, PassageStore
from ragmed.protocols import Allowed
from ragmed.types import Restriction

_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:T.*)?)?)?")
_LISTED: Mapping[str, Coded] = {
    "sources": "source",
    "licences": "licence",
    "kinds": "kind",
    "publication_types": "publication_types",
}
"""The fields of a `Restriction` that list values, and the column of each."""

DATE_FORM = 'write it as in "2019", "2019-06" or "2019-06-30"'
"""What is said of a date in another form."""


def allowed(passages: PassageStore, restriction: Restriction) -> Allowed:
    """One flag a passage: whether it passes. A value that no passage has lets none pass.

    Raises:
        QuestionError: a date in another form, a range that ends before it begins, a string where several are expected.
    """
    restriction = normal(restriction)
    first, last = _range(restriction)
    flags = np.ones(len(passages), dtype=np.bool_)
    for field, column in _LISTED.items():
        wanted = set(getattr(restriction, field))
        if wanted:
            flags &= passages.coded(column).where(lambda value, c=column, w=wanted: not w.isdisjoint(_parts(c, value)))  # type: ignore[misc]
    if restriction.published_from or restriction.published_to:
        flags &= passages.coded("published").where(lambda value: _within(value, first, last))
    if restriction.retracted is not None:
        flags &= passages.coded("retracted").where(lambda value: bool(value) == restriction.retracted)
    return flags


def normal(restriction: Restriction) -> Restriction:
    """The restriction with its values sorted and in lower case: restrictions that say the same become equal.

    Raises:
        QuestionError: one string where several are expected.
    """
    listed: dict[str, Any] = {}
    for field in _LISTED:
        wanted: Sequence[str] = getattr(restriction, field)
        if isinstance(wanted, str):
            raise QuestionError(f"{field} = {wanted!r} must be a sequence of values: write {field}=({wanted!r},)")
        listed[field] = tuple(sorted({value.casefold() for value in wanted}))
    return replace(restriction, **listed)


def values(passages: PassageStore) -> dict[str, dict[str, int]]:
    """For each field of a `Restriction` that lists values, how many passages have each, the most frequent first."""
    result = {}
    for field, column in _LISTED.items():
        counts: Counter[str] = Counter()
        for value, n in passages.coded(column).counts().items():
            for part in dict.fromkeys(_split(column, value)):
                counts[part] += n
        result[field] = dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
    return result


def unknown(passages: PassageStore, restriction: Restriction) -> dict[str, tuple[str, ...]]:
    """The values that a restriction names and no passage has, by field; fields without any are left out."""
    result = {}
    for field, column in _LISTED.items():
        if getattr(restriction, field):
            have = {part for value in passages.coded(column).values for part in _parts(column, value)}
            absent = tuple(value for value in getattr(restriction, field) if value.casefold() not in have)
            if absent:
                result[field] = absent
    return result


def in_words(restriction: Restriction) -> str:
    """A restriction as a reader says it.

    >>> in_words(Restriction(sources=("hpo", "pubmed"), published_from="2019", retracted=False))
    'source hpo or pubmed; published from 2019; not retracted'
    """
    parts = [
        f"{column.replace('_types', ' type')} {' or '.join(getattr(restriction, field))}"
        for field, column in _LISTED.items()
        if getattr(restriction, field)
    ]
    if restriction.published_from:
        parts.append(f"published from {restriction.published_from}")
    if restriction.published_to:
        parts.append(f"published until {restriction.published_to}")
    if restriction.retracted is not None:
        parts.append("retracted" if restriction.retracted else "not retracted")
    return "; ".join(parts)


def days(date: str) -> tuple[int, int] | None:
    """The first and the last day that a date may mean, as numbers yyyymmdd; None where it is no date.

    A time of day is passed over.

    >>> days("2019"), days("2020-02"), days("2019-06-30T12:00:00Z")
    ((20190101, 20191231), (20200201, 20200231), (20190630, 20190630))
    >>> days("2019-13"), days("2019-02-29"), days("Spring 2019"), days("")
    (None, None, None, None)
    """
    parts = _DATE.fullmatch(date)
    if parts is None:
        return None
    year, month, day = parts.groups()
    # Every month ends on its 31st or before, and no other day's number lies between.
    first, last = f"{year}{month or '01'}{day or '01'}", f"{year}{month or '12'}{day or '31'}"
    try:
        datetime.date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return None
    return int(first), int(last)


def _range(restriction: Restriction) -> tuple[int, int]:
    """The first and the last day between which a passage may be published."""
    first, _ = _bounds("published_from", restriction.published_from)
    _, last = _bounds("published_to", restriction.published_to)
    if first > last:
        raise QuestionError(
            f"published from {restriction.published_from} to {restriction.published_to}: "
            "this ends before it begins; exchange the two dates"
        )
    return first, last


def _bounds(field: str, date: str) -> tuple[int, int]:
    bounds = days(date) if date else (0, 99999999)
    if bounds is None:
        raise QuestionError(f"{field} = {date!r} is no date; {DATE_FORM}")
    return bounds


def _within(published: str, first: int, last: int) -> bool:
    bounds = days(published)
    return bounds is not None and bounds[0] <= last and bounds[1] >= first


def _parts(column: Coded, value: str) -> Iterator[str]:
    return (part.casefold() for part in _split(column, value))


def _split(column: Coded, value: str) -> list[str]:
    """The values that one string of a column stands for."""
    if column != "publication_types":
        return [value]
    return [part for part in map(str.strip, value.split(";")) if part]
