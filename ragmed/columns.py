"""Memory-mapped columns on disk: numbers and strings with random access by row.

A `StringColumn` is two files, ``<name>.bin`` (all strings in UTF-8, one after another) and
``<name>.npy`` (uint64 offsets, one more than there are rows). Opening maps the files and reads nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray


def write_array(path: Path, array: NDArray[Any]) -> None:
    """Write ``array`` as ``.npy`` with plain writes, so that a full disk is an `OSError` with its number."""
    data = np.ascontiguousarray(array)
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(data))
        file.write(data.data.cast("B") if data.size else b"")


def map_array(path: Path) -> NDArray[Any]:
    """Map an ``.npy`` file read-only."""
    array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return array


class StringColumnWriter:
    """Writes a `StringColumn` row by row in bounded memory."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._file = (folder / f"{name}.bin").open("wb")
        self._offsets = [0]

    def append(self, value: str) -> None:
        data = value.encode("utf-8", "replace")
        self._file.write(data)
        self._offsets.append(self._offsets[-1] + len(data))

    def close(self) -> None:
        self._file.close()
        write_array(self._folder / f"{self._name}.npy", np.array(self._offsets, dtype=np.uint64))


def write_strings(folder: Path, name: str, values: Iterable[str]) -> None:
    """Write all ``values`` as one column."""
    writer = StringColumnWriter(folder, name)
    for value in values:
        writer.append(value)
    writer.close()


class StringColumn(Sequence[str]):
    """Strings by row, decoded when asked for."""

    def __init__(self, folder: Path, name: str) -> None:
        self._offsets = map_array(folder / f"{name}.npy")
        path = folder / f"{name}.bin"
        # An empty file cannot be mapped.
        self._bytes: NDArray[np.uint8] = (
            np.memmap(path, dtype=np.uint8, mode="r") if path.stat().st_size else np.zeros(0, dtype=np.uint8)
        )

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def bytes_at(self, row: int) -> bytes:
        """The UTF-8 bytes of one row."""
        start, end = int(self._offsets[row]), int(self._offsets[row + 1])
        return self._bytes[start:end].tobytes()

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> list[str]: ...
    def __getitem__(self, row: int | slice) -> str | list[str]:
        if isinstance(row, slice):
            return [self[i] for i in range(*row.indices(len(self)))]
        if row < 0:
            row += len(self)
        if not 0 <= row < len(self):
            raise IndexError(row)
        return self.bytes_at(row).decode("utf-8")

    def __iter__(self) -> Iterator[str]:
        return (self.bytes_at(row).decode("utf-8") for row in range(len(self)))


class SortedStrings:
    """Finds strings in a column whose rows, taken in ``order``, are sorted by their UTF-8 bytes."""

    def __init__(self, column: StringColumn, order: NDArray[Any] | None = None) -> None:
        self._column, self._order = column, order

    def find(self, value: str) -> int | None:
        """The row of ``value``, or None. Binary search: about log2(rows) decodes."""
        wanted = value.encode("utf-8", "replace")
        low, high = 0, len(self._column)
        while low < high:
            middle = (low + high) // 2
            if self._column.bytes_at(self._row(middle)) < wanted:
                low = middle + 1
            else:
                high = middle
        if low < len(self._column) and self._column.bytes_at(self._row(low)) == wanted:
            return self._row(low)
        return None

    def _row(self, position: int) -> int:
        return position if self._order is None else int(self._order[position])
