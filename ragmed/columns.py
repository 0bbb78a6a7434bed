"""Memory-mapped columns on disk: numbers and strings with random access by row, and tables of them.

A `StringColumn` is two files, ``<name>.bin`` (all strings in UTF-8, one after another) and
``<name>.npy`` (uint64 offsets, one more than there are rows). A `Table` is a folder of columns whose rows
carry a CRC-32. Opening maps the files and reads nothing; writing streams, in memory that does not grow.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from ragmed.mapped import watch


def write_array(path: Path, array: NDArray[Any]) -> None:
    """Write ``array`` as ``.npy`` with plain writes, so that a full disk is an `OSError` with its number."""
    data = np.ascontiguousarray(array)
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(data))
        file.write(data.data.cast("B") if data.size else b"")


def map_array(path: Path) -> NDArray[Any]:
    """Map an ``.npy`` file read-only."""
    array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    watch(array)
    return array


class ArrayWriter:
    """Writes an ``.npy`` part by part. ``of_row`` is the shape of what stands in a row: none for numbers."""

    def __init__(self, path: Path, dtype: Any, of_row: tuple[int, ...] = ()) -> None:
        self._dtype, self._n, self._of_row = np.dtype(dtype), 0, of_row
        self._file = path.open("wb")
        self._write_header()

    def append(self, part: NDArray[Any]) -> None:
        if len(part):
            self._file.write(np.ascontiguousarray(part, dtype=self._dtype).data)
            self._n += len(part)

    def close(self) -> None:
        self._file.seek(0)
        self._write_header()
        self._file.close()

    def _write_header(self) -> None:
        # numpy leaves room for the number of rows to grow, so the header's size stays as it is.
        header = {
            "descr": np.lib.format.dtype_to_descr(self._dtype),
            "fortran_order": False,
            "shape": (self._n, *self._of_row),
        }
        np.lib.format.write_array_header_1_0(self._file, header)


class NumbersWriter:
    """Writes a one-dimensional ``.npy`` number by number."""

    _BLOCK = 1 << 16

    def __init__(self, path: Path, dtype: Any, typecode: str) -> None:
        self._block = array(typecode)
        assert self._block.itemsize == np.dtype(dtype).itemsize
        self._array = ArrayWriter(path, dtype)

    def append(self, value: int) -> None:
        self._block.append(value)
        if len(self._block) == self._BLOCK:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._array.close()

    def _flush(self) -> None:
        self._array.append(np.array(self._block))
        del self._block[:]


class StringColumnWriter:
    """Writes a `StringColumn` row by row."""

    def __init__(self, folder: Path, name: str) -> None:
        self._file = (folder / f"{name}.bin").open("wb")
        self._offsets = NumbersWriter(folder / f"{name}.npy", np.uint64, "Q")
        self._end = 0
        self._offsets.append(0)

    def append(self, value: str) -> None:
        self.append_bytes(value.encode("utf-8", "replace"))

    def append_bytes(self, data: bytes) -> None:
        """Append a string that is already UTF-8."""
        self._file.write(data)
        self._end += len(data)
        self._offsets.append(self._end)

    def close(self) -> None:
        self._file.close()
        self._offsets.close()


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
        self._bytes: NDArray[np.uint8] = np.zeros(0, dtype=np.uint8)
        if path.stat().st_size:
            self._bytes = np.memmap(path, dtype=np.uint8, mode="r")
            watch(self._bytes)
        # Views of the same maps: a single item of theirs is had ten times as fast.
        self._starts, self._view = np.asarray(self._offsets).data, np.asarray(self._bytes).data

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def bytes_at(self, row: int) -> bytes:
        """The UTF-8 bytes of one row."""
        return self._view[self._starts[row] : self._starts[row + 1]].tobytes()

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

    def rows_with(self, part: bytes) -> NDArray[np.int64]:
        """The rows whose bytes, ASCII letters in lower case, hold ``part``; a few more that end or begin with it."""
        every, found, at = self._bytes.tobytes().lower(), [], -1
        while part and (at := every.find(part, at + 1)) >= 0:
            found.append(at)
        rows: NDArray[np.int64] = np.unique(np.searchsorted(self._offsets, np.array(found, np.uint64), "right")) - 1
        return rows

    def rows_beyond_ascii(self) -> NDArray[np.int64]:
        """The rows that are not ASCII."""
        places = np.flatnonzero(self._bytes >= 0x80).astype(np.uint64)
        rows: NDArray[np.int64] = np.unique(np.searchsorted(self._offsets, places, "right")) - 1
        return rows


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


class HashedStrings:
    """Finds strings in a column of distinct ones by their 64-bit hashes. Files: ``<name>.npy`` (uint64, sorted
    hashes) and ``<name>_row.npy`` (uint32 or uint64, the row of each)."""

    def __init__(self, folder: Path, name: str, column: StringColumn) -> None:
        self._hashes, self._rows = map_array(folder / f"{name}.npy"), map_array(folder / f"{name}_row.npy")
        self._column = column

    def find(self, value: str) -> int | None:
        """The row of ``value``, or None."""
        wanted = hash64(value)
        at = int(np.searchsorted(self._hashes, np.uint64(wanted)))
        while at < len(self._hashes) and int(self._hashes[at]) == wanted:
            row = int(self._rows[at])
            if self._column[row] == value:
                return row
            at += 1
        return None


def write_hashed(folder: Path, name: str, column: StringColumn) -> str | None:
    """Write the files of `HashedStrings`; return a string that occurs twice, if there is one."""
    hashes = np.fromiter((hash64(value) for value in column), dtype=np.uint64, count=len(column))
    order = np.argsort(hashes, kind="stable")
    hashes = hashes[order]
    write_array(folder / f"{name}.npy", hashes)
    write_array(folder / f"{name}_row.npy", order.astype(np.uint32 if len(column) < 2**32 else np.uint64))
    for at in np.flatnonzero(hashes[1:] == hashes[:-1]):
        if column[int(order[at])] == column[int(order[at + 1])]:
            return column[int(order[at])]
    return None


def hash64(value: str) -> int:
    """A 64-bit hash of a string (BLAKE2b): among 40 million, the odds of any two alike are 1 to 20,000."""
    return int.from_bytes(hashlib.blake2b(value.encode("utf-8", "replace"), digest_size=8).digest(), "little")


class TableWriter:
    """Writes a `Table` row by row.

    Args:
        strings: names of the columns of strings.
        codes: names of the columns of few distinct strings: stored once each, with a code per row.
        numbers: names of the columns of unsigned integers.
    """

    def __init__(
        self, folder: Path, strings: Sequence[str], codes: Sequence[str] = (), numbers: Sequence[str] = ()
    ) -> None:
        self._folder = folder
        self._strings = {name: StringColumnWriter(folder, name) for name in strings}
        self._codes = {name: NumbersWriter(folder / f"{name}.codes.npy", np.uint32, "I") for name in codes}
        self._values: dict[str, dict[str, int]] = {name: {} for name in codes}
        self._numbers = {name: NumbersWriter(folder / f"{name}.npy", np.uint64, "Q") for name in numbers}
        self._checksum = NumbersWriter(folder / "checksum.npy", np.uint32, "I")
        self.n_rows = 0

    def append(self, row: Mapping[str, str | int]) -> None:
        """Append one row; lone surrogates, which cannot be written as UTF-8, become question marks."""
        crc = 0
        for name, strings in self._strings.items():
            data = str(row[name]).encode("utf-8", "replace")
            strings.append_bytes(data)
            crc = zlib.crc32(b"\x1f", zlib.crc32(data, crc))
        for name, codes in self._codes.items():
            value = str(row[name]).encode("utf-8", "replace").decode("utf-8")
            values = self._values[name]
            codes.append(values.setdefault(value, len(values)))
            crc = zlib.crc32(b"\x1f", zlib.crc32(value.encode("utf-8"), crc))
        for name, numbers in self._numbers.items():
            numbers.append(int(row[name]))
            crc = zlib.crc32(b"%d\x1f" % int(row[name]), crc)
        self._checksum.append(crc)
        self.n_rows += 1

    def close(self) -> None:
        for strings in self._strings.values():
            strings.close()
        for numbers in (*self._codes.values(), *self._numbers.values(), self._checksum):
            numbers.close()
        for name, values in self._values.items():
            (self._folder / f"{name}.json").write_text(json.dumps(list(values), ensure_ascii=False), encoding="utf-8")


class Table:
    """Rows of named strings and numbers in memory-mapped columns. Safe for threads."""

    def __init__(
        self, folder: Path, strings: Sequence[str], codes: Sequence[str] = (), numbers: Sequence[str] = ()
    ) -> None:
        self.strings = {name: StringColumn(folder, name) for name in strings}
        # By views: see `StringColumn`.
        self._codes = {name: np.asarray(map_array(folder / f"{name}.codes.npy")).data for name in codes}
        self._values = {name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in codes}
        self._numbers = {name: np.asarray(map_array(folder / f"{name}.npy")).data for name in numbers}
        self.checksums = map_array(folder / "checksum.npy")
        self._checks = np.asarray(self.checksums).data

    def __len__(self) -> int:
        return len(self.checksums)

    def row(self, row: int) -> dict[str, Any]:
        """One row, checked. Raises `ValueError` or `IndexError` where the files are damaged."""
        crc = 0
        fields: dict[str, Any] = {}
        for name, strings in self.strings.items():
            data = strings.bytes_at(row)
            fields[name] = data.decode("utf-8")
            crc = zlib.crc32(b"\x1f", zlib.crc32(data, crc))
        for name, codes in self._codes.items():
            fields[name] = value = self._values[name][codes[row]]
            crc = zlib.crc32(b"\x1f", zlib.crc32(value.encode("utf-8"), crc))
        for name, numbers in self._numbers.items():
            fields[name] = numbers[row]
            crc = zlib.crc32(b"%d\x1f" % fields[name], crc)
        if crc != self._checks[row]:
            raise ValueError("checksum differs")
        return fields
