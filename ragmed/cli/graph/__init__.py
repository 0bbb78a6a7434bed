"""``ragmed graph``: build knowledge graphs and look into them, one file per command."""

from __future__ import annotations

import click

from ragmed.cli._lazy import LazyGroup


@click.group("graph", cls=LazyGroup, package=__name__)
def COMMAND() -> None:
    """Build, list, count, show and walk knowledge graphs."""
