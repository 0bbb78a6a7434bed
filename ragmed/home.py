"""Where corpora, indexes and recipes live.

The *home* is the folder that holds ``corpora/`` and ``indexes/``: ``RAGMED_HOME`` if set; else the
source checkout ragmed runs from; else the user's data folder (``XDG_DATA_HOME``/ragmed, by default
``~/.local/share/ragmed``). Recipes in the home win over those shipped inside the package.
"""

from __future__ import annotations

import os
from pathlib import Path

from ragmed.errors import UnknownName

_PACKAGE = Path(__file__).parent


def home() -> Path:
    """The folder that holds ``corpora/`` and ``indexes/``; it need not exist yet."""
    chosen = os.environ.get("RAGMED_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    checkout = _PACKAGE.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / "indexes").is_dir():
        return checkout
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser() / "ragmed"


def mirror() -> Path | None:
    """The folder of ``RAGMED_MIRROR``, looked in before the network; None where it is not set."""
    chosen = os.environ.get("RAGMED_MIRROR")
    return Path(chosen).expanduser().absolute() if chosen else None


def recipe_files(kind: str) -> dict[str, Path]:
    """Name → TOML file, for ``kind`` "corpora", "indexes", "indexes/graphs" or "eval", sorted by name."""
    found: dict[str, Path] = {}
    for folder in (home() / kind, _PACKAGE.parent / kind, _PACKAGE / "recipes" / kind):
        if folder.is_dir():
            for path in sorted(folder.glob("*.toml")):
                found.setdefault(path.stem, path)
    return dict(sorted(found.items()))


def recipe_file(kind: str, name: str) -> Path:
    """The TOML file of that name. Raises `UnknownName`, listing those there are."""
    have = recipe_files(kind)
    if name not in have:
        raise UnknownName(kind, name, have, f"add one as {home() / kind / (name + '.toml')}")
    return have[name]


def index_path(name: str) -> Path:
    """Where the index of that name lies once built."""
    return home() / "indexes" / name


def graph_path(name: str) -> Path:
    """Where the knowledge graph of that name lies once built."""
    return home() / "indexes" / "graphs" / name


def corpus_path(name: str) -> Path:
    """Where a corpus's downloaded files lie."""
    return home() / "corpora" / name
