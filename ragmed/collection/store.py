"""A built corpus: its documents by row or by id, out of memory-mapped columns."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from ragmed.collection.layout import Part, document_of
from ragmed.columns import hash64, map_array
from ragmed.errors import DamagedFile, NoCorpus
from ragmed.report import Report
from ragmed.types import Document

FORMAT = 1
"""Raised whenever the files of a built corpus change their meaning; those of another format are read anew."""

_OPEN_PARTS = 64
"""Parts whose files are mapped at once; PubMed has over 1,300."""
MANIFEST, PREVIOUS = "manifest.json", "previous.json"


class BuiltCorpus(Sequence[Document]):
    """The documents of a corpus as it stands after all its parts: the last version of each, none that was deleted.

    Args:
        folder: ``corpora/<name>/built``.
        previous: open the state before the last change instead.

    Raises:
        NoCorpus: nothing is built there. DamagedFile: what is there does not match its seal.
    """

    def __init__(self, folder: Path, *, previous: bool = False) -> None:
        self.folder = folder
        self.manifest: Mapping[str, Any] = read_manifest(folder, PREVIOUS if previous else MANIFEST)
        self.name = str(self.manifest["name"])
        try:
            live = folder / "live" / self.manifest["live"]
            self._part, self._row = map_array(live / "part.npy"), map_array(live / "row.npy")
        except (OSError, ValueError) as error:
            raise DamagedFile(f"{folder}: cannot be opened ({error}); {_rebuild(folder)}") from error
        self._open_part = lru_cache(_OPEN_PARTS)(
            lambda i: Part(self.folder / "parts" / self.manifest["parts"][i]["key"])
        )

    @property
    def report(self) -> Report:
        """What became of the items of the source."""
        return Report.from_table(self.manifest["report"])

    @property
    def damaged(self) -> Mapping[str, str]:
        """Part → what is wrong with it, for those that could not be read to their end."""
        return {part["name"]: part["damaged"] for part in self.manifest["parts"] if part["damaged"]}

    def __len__(self) -> int:
        return len(self._row)

    @overload
    def __getitem__(self, row: int) -> Document: ...
    @overload
    def __getitem__(self, row: slice) -> list[Document]: ...
    def __getitem__(self, row: int | slice) -> Document | list[Document]:
        if isinstance(row, slice):
            return [self[i] for i in range(*row.indices(len(self)))]
        if row < 0:
            row += len(self)
        if not 0 <= row < len(self):
            raise IndexError(row)
        try:
            return document_of(self._open_part(int(self._part[row])).table.row(int(self._row[row])))
        except (OSError, ValueError, TypeError, IndexError) as error:
            raise DamagedFile(f"{self.folder}: document {row} is damaged ({error}); {_rebuild(self.folder)}") from error

    def __iter__(self) -> Iterator[Document]:
        return (self[row] for row in range(len(self)))

    def doc_id(self, row: int) -> str:
        """The id of the document in that row."""
        return self._open_part(int(self._part[row])).name_of(int(self._row[row]))

    def find(self, doc_id: str) -> Document | None:
        """The document of that id, or None."""
        wanted = np.uint64(hash64(doc_id))
        hashes, order = self._by_hash
        at = int(np.searchsorted(hashes, wanted))
        while at < len(hashes) and hashes[at] == wanted:
            if self.doc_id(int(order[at])) == doc_id:
                return self[int(order[at])]
            at += 1
        return None

    def keys(self) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
        """For each row, the 64-bit hash of its document's id and the CRC-32 of all its fields."""
        return self._gather(lambda part: part.id_hashes, np.uint64), self._gather(
            lambda part: part.checksums, np.uint32
        )

    @cached_property
    def _by_hash(self) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        hashes = self._gather(lambda part: part.id_hashes, np.uint64)
        order = np.argsort(hashes, kind="stable")
        return hashes[order], order

    def _gather(self, column: Callable[[Part], NDArray[Any]], dtype: Any) -> NDArray[Any]:
        """One column of all rows; they lie in the order of the parts."""
        values = np.empty(len(self), dtype=dtype)
        bounds = np.searchsorted(self._part, np.arange(len(self.manifest["parts"]) + 1))
        for i, (start, end) in enumerate(pairwise(bounds)):
            if start < end:
                values[start:end] = column(self._open_part(i))[self._row[start:end]]
        return values


def read_manifest(folder: Path, file_name: str = MANIFEST) -> dict[str, Any]:
    """Read and check a built corpus's manifest. Raises `NoCorpus`, `DamagedFile`."""
    try:
        content = json.loads((folder / file_name).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        if file_name == PREVIOUS:
            raise NoCorpus(f"{folder}: was built once only, so there is no earlier state") from error
        raise NoCorpus(f"{folder}: no corpus is built here; {_rebuild(folder)}") from error
    except (OSError, ValueError) as error:
        raise DamagedFile(f"{folder / file_name}: cannot be read ({error}); {_rebuild(folder)}") from error
    if not isinstance(content, dict) or content.get("seal") != seal_of(content):
        raise DamagedFile(f"{folder / file_name}: does not match its seal; {_rebuild(folder)}")
    if content["format"] != FORMAT:
        raise NoCorpus(f"{folder}: format {content['format']}, this ragmed reads {FORMAT}; {_rebuild(folder)}")
    return content


def seal_of(content: Mapping[str, Any]) -> str:
    """The sha256 of a manifest's canonical JSON without its own ``seal``."""
    bare = {key: value for key, value in content.items() if key != "seal"}
    return hashlib.sha256(json.dumps(bare, sort_keys=True).encode()).hexdigest()


def _rebuild(folder: Path) -> str:
    return f"run: ragmed corpus build {folder.parent.name}"
