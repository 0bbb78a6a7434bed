"""From what the user calls an index to the folder it lies in."""

from __future__ import annotations

from pathlib import Path

from ragmed.errors import NoIndex, UnknownName
from ragmed.home import index_path, recipe_files


def index_folder(index: str) -> Path:
    """The folder of a built index, by name or path, opened or not.

    Raises:
        UnknownName: neither a recipe nor an index of that name.
        NoIndex: there is a recipe, but the index has not been built.
    """
    from ragmed.index.places import existing

    if "/" in index or "\\" in index:
        return Path(index)
    folder = existing(index_path(index))
    if folder.is_dir():
        return folder
    have = recipe_files("indexes")
    if index not in have:
        raise UnknownName("indexes", index, have)
    raise NoIndex(f"index {index!r} is not built; build it with: ragmed index build {index}")
