"""Options that several commands share."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from ragmed.types import Restriction

if TYPE_CHECKING:
    from ragmed.index.open import Index

_VALUES_SHOWN = 12
"""Values of a field that a hint lists, of those most frequent."""

index_option = click.option(
    "-i", "--index", default="default", show_default=True, help="Name of an index, or the folder of a built one."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")


def _date(_: click.Context, __: click.Parameter, value: str) -> str:
    if value:
        from ragmed.index.restriction import DATE_FORM, days

        if days(value) is None:
            raise click.BadParameter(f"{value!r} is no date; {DATE_FORM}")
    return value


_OPTION_OF = {"sources": "--source", "licences": "--licence", "kinds": "--kind", "publication_types": "--type"}
"""The fields of a `Restriction` that list values, and the option of each."""

_RESTRICTION = (
    click.option("--source", "sources", multiple=True, metavar="NAME", help="Only from this source; may be repeated."),
    click.option("--licence", "licences", multiple=True, metavar="NAME", help="Only under this licence; likewise."),
    click.option("--kind", "kinds", multiple=True, metavar="NAME", help="Only of this kind; likewise."),
    click.option(
        "--type", "publication_types", multiple=True, metavar="NAME", help="Only of this publication type; likewise."
    ),
    click.option(
        "--since",
        "published_from",
        default="",
        metavar="DATE",
        callback=_date,
        help="Only if published then or later: 2019, 2019-06 or 2019-06-30.",
    ),
    click.option(
        "--until", "published_to", default="", metavar="DATE", callback=_date, help="Only if published then or earlier."
    ),
    click.option("--exclude-retracted", is_flag=True, help="Leave out what was retracted."),
)


def restriction_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that restrict a search, as its argument ``restriction`` (None: no restriction)."""

    @functools.wraps(command)
    def restricted(*arguments: Any, exclude_retracted: bool, **options: Any) -> Any:
        fields = {name: options.pop(name) for name in (*_OPTION_OF, "published_from", "published_to")}
        restriction = Restriction(**fields, retracted=False if exclude_retracted else None)
        return command(*arguments, restriction=None if restriction == Restriction() else restriction, **options)

    for option in reversed(_RESTRICTION):
        option(restricted)
    return restricted


def print_hints(index: Index, restriction: Restriction | None) -> None:
    """Say on standard error which values of a restriction no passage has, and which there are."""
    if restriction is None:
        return
    from ragmed.index.restriction import unknown, values

    absent = unknown(index.passages, restriction)
    have = values(index.passages) if absent else {}
    for field, names in absent.items():
        for name in names:
            click.echo(f"ragmed: {_hint(f'{_OPTION_OF[field]} {name}', name, have[field])}", err=True)


def _hint(option: str, name: str, have: dict[str, int]) -> str:
    shown = ", ".join(f"{value!r} ({n:,})" for value, n in list(have.items())[:_VALUES_SHOWN])
    more = f" and {len(have) - _VALUES_SHOWN:,} more" if len(have) > _VALUES_SHOWN else ""
    by_case = {value.casefold(): value for value in have}
    close = difflib.get_close_matches(name.casefold(), by_case, n=1)
    meant = f" (did you mean {by_case[close[0]]!r}?)" if close else ""
    return f"{option}: no passage has it; there are: {shown or 'none'}{more}{meant}"
