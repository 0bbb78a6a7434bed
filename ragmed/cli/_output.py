"""Printing: rich on a terminal, plain unwrapped text elsewhere, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

import click

_CONTROL = dict.fromkeys([*range(9), *range(11, 32), *range(127, 160)])


def print_json(value: Any) -> None:
    """One JSON object on one line, in UTF-8 whatever the locale."""
    click.echo(json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace"))


def print_text(text: str = "", style: str = "") -> None:
    """One paragraph; ``style`` is shown on a terminal only. Control characters in sources are dropped."""
    text = text.translate(_CONTROL)
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.text import Text

        Console().print(Text(text, style))
    else:
        click.echo(text)


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns on a terminal; elsewhere tab-separated lines under a line of headings."""
    plain = [[cell.translate(_CONTROL).replace("\t", " ").replace("\n", " ") for cell in row] for row in rows]
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(*headings, box=None, pad_edge=False)
        for row in plain:
            table.add_row(*map(Text, row))
        Console().print(table)
    else:
        for row in [list(headings), *plain]:
            click.echo("\t".join(row))


def count(n: int, singular: str, plural: str = "") -> str:
    """A number and its noun.

    >>> count(1, "file"), count(1200, "passage"), count(2, "index", "indexes")
    ('1 file', '1,200 passages', '2 indexes')
    """
    return f"{n:,} {singular if n == 1 else plural or singular + 's'}"


def megabytes(n_bytes: int) -> str:
    """A size in megabytes.

    >>> megabytes(31_400_000)
    '31.4 MB'
    """
    return f"{n_bytes / 1e6:,.1f} MB"
