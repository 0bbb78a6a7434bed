"""The manifest seals an index: what it was built from, with what, and the hash of every file.

``manifest.json`` holds ``seal``, the sha256 of its own canonical JSON without that key; its first twelve
digits are the ``index_id`` that every answer carries.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragmed.errors import DamagedIndex, NoIndex, StaleIndex

FORMAT = 4
"""Raised whenever the files of an index change their meaning; indexes of another format are stale."""

FILE_NAME = "manifest.json"
FULL_CHECK_BYTES = 256 * 2**20
"""Indexes up to this size have every file's hash checked when opened (some 0.1 s); larger ones their
sizes, and ``ragmed index verify`` checks the hashes."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What ``manifest.json`` says. ``table`` is the whole of it."""

    name: str
    index_id: str
    table: Mapping[str, Any]

    @property
    def n_bytes(self) -> int:
        """Size of all files of the index."""
        return sum(int(entry["bytes"]) for entry in self.table["files"].values())


def rebuild_command(folder: Path) -> str:
    """What builds the index or graph of that folder anew."""
    return f"ragmed {'graph' if folder.parent.name == 'graphs' else 'index'} build {folder.name}"


def seal(folder: Path, table: Mapping[str, Any]) -> Manifest:
    """Hash every file below ``folder`` and write the manifest, which must be the last file written."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = {
        path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": sha256_of(path)} for path in paths
    }
    content = {"format": FORMAT, **table, "files": files}
    content["seal"] = _seal_of(content)
    (folder / FILE_NAME).write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return _manifest(content)


def read(folder: Path) -> Manifest:
    """Read and check the manifest itself.

    Raises:
        NoIndex: there is none. DamagedIndex: it does not match its seal. StaleIndex: another format.
    """
    rebuild = f"rebuild it with: {rebuild_command(folder)}"
    try:
        content = json.loads((folder / FILE_NAME).read_bytes().decode("utf-8"))
    except FileNotFoundError as error:
        raise NoIndex(f"{folder}: nothing built here; build it with: {rebuild_command(folder)}") from error
    except (OSError, ValueError) as error:
        raise DamagedIndex(f"{folder / FILE_NAME}: cannot be read ({error}); {rebuild}") from error
    if not isinstance(content, dict) or content.get("seal") != _seal_of(content):
        raise DamagedIndex(f"{folder / FILE_NAME}: does not match its seal; {rebuild}")
    if content["format"] != FORMAT:
        raise StaleIndex(f"{folder}: index format {content['format']}, this ragmed reads {FORMAT}; {rebuild}")
    return _manifest(content)


def check(folder: Path, full: bool = True) -> Manifest:
    """Compare the files with the manifest: sizes, and where ``full`` every sha256.

    Raises:
        DamagedIndex: a file is missing, of another size or of other content; the message names it.
    """
    manifest = read(folder)
    rebuild = f"rebuild it with: {rebuild_command(folder)}"
    for name, entry in manifest.table["files"].items():
        try:
            size = (folder / name).stat().st_size
        except OSError as error:
            raise DamagedIndex(f"{folder / name}: missing ({error.strerror}); {rebuild}") from error
        if size != entry["bytes"]:
            raise DamagedIndex(f"{folder / name}: {size} bytes instead of {entry['bytes']}; {rebuild}")
    if full:
        with ThreadPoolExecutor() as pool:
            names = sorted(manifest.table["files"], key=lambda n: -manifest.table["files"][n]["bytes"])
            for name, actual in zip(names, pool.map(lambda n: sha256_of(folder / n), names), strict=True):
                if actual != manifest.table["files"][name]["sha256"]:
                    raise DamagedIndex(f"{folder / name}: content differs from the manifest's sha256; {rebuild}")
    return manifest


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _seal_of(content: Mapping[str, Any]) -> str:
    bare = {key: value for key, value in content.items() if key != "seal"}
    return hashlib.sha256(json.dumps(bare, sort_keys=True, ensure_ascii=False).encode("utf-8", "replace")).hexdigest()


def _manifest(content: Mapping[str, Any]) -> Manifest:
    return Manifest(name=str(content["name"]), index_id=str(content["seal"])[:12], table=content)
