"""Folders of a benchmark as an evaluation gives them to its reader: file names below ``folder/``."""

from __future__ import annotations

from pathlib import Path


def folder_files(root: Path) -> dict[str, Path]:
    """What a ``[[files]]`` entry with ``folder = root`` and ``path = "**/*"`` makes of it."""
    return {f"folder/{path.relative_to(root).as_posix()}": path for path in sorted(root.rglob("*")) if path.is_file()}


def write_folder(root: Path, **contents: str | bytes) -> dict[str, Path]:
    """Write files, ``__`` in a name standing for ``/`` and the last ``_`` for the dot, and name them."""
    for name, content in contents.items():
        *folders, last = name.split("__")
        path = root.joinpath(*folders, ".".join(last.rsplit("_", 1)))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    return folder_files(root)
