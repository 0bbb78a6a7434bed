"""``ragmed train``: adapt an encoder or a reranker to one's own texts, one file per command."""

from __future__ import annotations

import click

from ragmed.cli._lazy import LazyGroup


@click.group("train", cls=LazyGroup, package=__name__)
def COMMAND() -> None:
    """Adapt an encoder or a reranker to your own texts, and measure whether that helped."""
