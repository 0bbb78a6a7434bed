"""``ragmed corpus``: the sources that indexes are built from, one file per command."""

from __future__ import annotations

import click

from ragmed.cli._lazy import LazyGroup


@click.group("corpus", cls=LazyGroup, package=__name__)
def COMMAND() -> None:
    """Fetch, read, describe, compare and audit the sources that indexes are built from."""
