"""Vectors on disk, by row: written in blocks, memory-mapped, scored exactly.

File: ``vectors.npy``, (n, dim). float32 as the encoder gave them; or int8 (`compact`), a quarter of the size, where a
row is read as the direction of its whole numbers: what a row is divided by when written, its largest absolute value,
need not be kept. Both read as unit vectors, except that a row of zeros stays one and scores 0.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from ragmed.columns import ArrayWriter, map_array
from ragmed.protocols import Rows, Vectors

_FILE = "vectors.npy"


class VectorsWriter:
    """Writes a file of vectors block by block, as a context."""

    def __init__(self, folder: Path, dim: int, *, compact: bool) -> None:
        self._is_compact = compact
        self._array = ArrayWriter(folder / _FILE, np.int8 if compact else np.float32, (dim,))

    def append(self, vectors: Vectors) -> None:
        self._array.append(_compact(vectors) if self._is_compact else vectors)

    def __enter__(self) -> VectorsWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._array.close()


class StoredVectors:
    """The vectors of a folder. Opening maps the file and reads nothing. Safe for threads."""

    def __init__(self, folder: Path) -> None:
        # A plain array over the map: parts of a memmap cost more.
        self._stored = np.asarray(map_array(folder / _FILE))
        if self._stored.ndim != 2 or self._stored.dtype not in (np.float32, np.int8):
            raise ValueError(f"{_FILE} holds no vectors")

    def __len__(self) -> int:
        return len(self._stored)

    @property
    def dim(self) -> int:
        return int(self._stored.shape[1])

    @property
    def compact(self) -> bool:
        return self._stored.dtype == np.int8

    def rows(self, rows: Rows | slice) -> Vectors:
        """Unit vectors of the rows; a slice of float32 ones is not copied."""
        stored = self._stored[rows]
        if not self.compact:
            return np.asarray(stored)
        vectors = stored.astype(np.float32)
        norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, None]
        vectors /= np.where(norms > 0, norms, 1)
        return np.asarray(vectors)

    def exact(self, vector: Vectors, rows: Rows) -> NDArray[np.float64]:
        """The product of a vector with each row, in float64 and row by row, so that it does not depend on the other
        rows, the number of threads or the library that multiplies matrices."""
        stored = np.asarray(self._stored[rows], dtype=np.float64)
        products: NDArray[np.float64] = (stored * vector.astype(np.float64)).sum(axis=1)
        if self.compact:
            norms = np.sqrt((stored * stored).sum(axis=1))
            products /= np.where(norms > 0, norms, 1)
        return products


def _compact(vectors: Vectors) -> NDArray[np.int8]:
    peaks = np.abs(vectors).max(axis=1, keepdims=True, initial=0)
    compact: NDArray[np.int8] = np.rint(vectors / np.where(peaks > 0, peaks, 1) * 127).astype(np.int8)
    return compact
