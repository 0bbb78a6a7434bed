"""Where in a text something stands: under which headings, on which pages."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from ragmed.types import Section


def section_at(sections: Sequence[Section], offset: int) -> str:
    """The headings above that place; empty where there are none.

    >>> section_at([Section(5, "Dose"), Section(20, "Dose > Adults")], 19)
    'Dose'
    """
    i = bisect_right(sections, offset, key=lambda section: section.start)
    return sections[i - 1].title if i else ""


def pages_of(sections: Sequence[Section], start: int, end: int) -> str:
    """The page or pages of that span; empty where none is known.

    >>> pages = [Section(0, page="3"), Section(100, page="4")]
    >>> pages_of(pages, 10, 90), pages_of(pages, 10, 110)
    ('3', '3–4')
    """
    first = max(0, bisect_right(sections, start, key=lambda section: section.start) - 1)
    last = bisect_left(sections, end, key=lambda section: section.start)
    pages = [section.page for section in sections[first:last] if section.page]
    if not pages or pages[0] == pages[-1]:
        return pages[0] if pages else ""
    return f"{pages[0]}–{pages[-1]}"


def within(sections: Sequence[Section], start: int, end: int) -> tuple[Section, ...]:
    """The sections of a span, their places counted from its start; none where one section has all of it.

    >>> within([Section(0, page="3"), Section(100, page="4")], 90, 120)
    (Section(start=0, title='', page='3'), Section(start=10, title='', page='4'))
    """
    first = max(0, bisect_right(sections, start, key=lambda section: section.start) - 1)
    last = bisect_left(sections, end, key=lambda section: section.start)
    if last - first < 2 and not (last - first == 1 and sections[first].start > start):
        return ()
    return tuple(Section(max(0, s.start - start), s.title, s.page) for s in sections[first:last])
