"""Where an index or a graph is while its successor takes its place."""

from __future__ import annotations

from pathlib import Path


def previous(destination: Path) -> Path:
    """Where an index is moved aside while its successor takes its place."""
    return destination.parent / f".{destination.name}.previous"


def kept_shards(destination: Path) -> Path:
    """Where what a build has encoded is kept until it is complete, so that the next one goes on there."""
    return destination.absolute().parent / f".{destination.name}.shards"


def existing(path: Path) -> Path:
    """``path``, or the index that a build killed while renaming had moved aside."""
    return previous(path) if not path.exists() and previous(path).exists() else path
