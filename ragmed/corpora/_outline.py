"""Text with headings, put together block by block, as `ragmed.types.Document` wants it.

Blocks are paragraphs, items of lists and tables; a blank line stands between them, list items follow each other
line by line. What a superscript or a table says in its layout is kept in plain characters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ragmed.types import Section

MAX_SPAN = 100
"""Columns or rows that one cell of a table may cover; larger numbers are errors or attacks."""

_POWER = re.compile(r"[-−–]\d")

Cell = tuple[str, int, int]
"""A cell's text, the columns and the rows it covers."""


class Outline:
    """A document's text and sections as they grow.

    >>> outline = Outline()
    >>> outline.add("First.")
    >>> outline.enter("Methods"); outline.add("Second."); outline.add_item("one"); outline.add_item("two")
    >>> outline.text
    'First.\\n\\nSecond.\\n- one\\n- two'
    >>> outline.sections
    (Section(start=8, title='Methods', page=''),)
    """

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._length = 0
        self._path: list[str] = []
        self._sections: list[Section] = []

    @property
    def text(self) -> str:
        return "".join(self._blocks)

    @property
    def sections(self) -> tuple[Section, ...]:
        return tuple(self._sections)

    def enter(self, heading: str) -> None:
        """What is added from now on stands below ``heading``; an empty one adds nothing to the path."""
        self._path.append(heading)

    def leave(self) -> None:
        """End the innermost heading's part."""
        self._path.pop()

    def add(self, block: str) -> None:
        """Add a paragraph or a table; nothing is added for an empty one."""
        self._add(block, "\n\n")

    def add_item(self, item: str) -> None:
        """Add a list item; it follows what is there of its section without a blank line."""
        if item:
            self._add(f"- {item}", "\n")

    def _add(self, block: str, separator: str) -> None:
        if not block:
            return
        title = " > ".join(heading for heading in self._path if heading)
        begins = title != (self._sections[-1].title if self._sections else "")
        if self._blocks:
            separator = "\n\n" if begins else separator
            self._blocks.append(separator)
            self._length += len(separator)
        if begins:
            self._sections.append(Section(self._length, title))
        self._blocks.append(block)
        self._length += len(block)


def line(text: str) -> str:
    """The text on one line, one space between words."""
    return " ".join(text.split())


def raised(before: str, text: str) -> str:
    """A superscript: set off where it would otherwise change the number it stands at.

    >>> "10" + raised("10", "5"), "kg m" + raised("kg m", "-2"), "m" + raised("m", "2"), "Ca" + raised("Ca", "2+")
    ('10^5', 'kg m^-2', 'm2', 'Ca2+')
    """
    at_number = before[-1:].isdigit() and text[:1] in tuple("0123456789+-−–")
    return f"^{text}" if at_number or _POWER.match(text) else text


def table(rows: Sequence[Sequence[Cell]]) -> str:
    """A table as lines, cells separated by `` | ``; a cell's text is repeated in each row that it covers.

    >>> print(table([[("Drug", 1, 1), ("Dose, mg", 2, 1)], [("A", 1, 2), ("1", 1, 1), ("2", 1, 1)], [("3", 2, 1)]]))
    Drug | Dose, mg |
    A | 1 | 2
    A | 3 |
    """
    lines: list[str] = []
    hanging: dict[int, tuple[str, int]] = {}
    for row in rows:
        cells: dict[int, str] = {}
        below: dict[int, tuple[str, int]] = {}
        for column, (text, n_rows) in hanging.items():
            cells[column] = text
            if n_rows > 1:
                below[column] = (text, n_rows - 1)
        column = 0
        for text, n_columns, n_rows in row:
            while column in cells:
                column += 1
            for offset in range(min(max(n_columns, 1), MAX_SPAN)):
                shown = text if offset == 0 else ""
                cells[column + offset] = shown
                if n_rows > 1:
                    below[column + offset] = (shown, min(n_rows, MAX_SPAN) - 1)
            column += min(max(n_columns, 1), MAX_SPAN)
        hanging = below
        if any(cells.values()):
            lines.append(" | ".join(cells.get(i, "") for i in range(max(cells) + 1)).strip())
    return "\n".join(lines)
