"""``ragmed index``: build indexes and look after them, one file per command."""

from __future__ import annotations

import click

from ragmed.cli._lazy import LazyGroup


@click.group("index", cls=LazyGroup, package=__name__)
def COMMAND() -> None:
    """Build, list, show, verify and remove indexes."""
