"""milvus-lite in a folder of this process: Milvus's protocol and a subset of its engine, in Python.

A folder can be open in one process at a time. Searching changes none of its files. Rows are loaded in bulk, as Milvus's
own import does: whole segments are written, from Arrow columns, and then entered in its manifest. Sent through the
protocol, rows would be taken apart in Python several times over, number by number. That, and starting its server here
rather than by pymilvus, which would not say why one does not start, uses parts of milvus-lite 3.2 that are not public.
A partition is one segment, since BM25 in milvus-lite weighs a term by how rare it is in the segment.

Source: https://github.com/milvus-io/milvus-lite (Apache-2.0).
"""

from __future__ import annotations

import importlib
import logging
import os
import threading
import weakref
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ragmed.errors import IndexFault, MissingExtra

VERSION = (3, 2)
"""The release whose engine rows are loaded into."""


class LiteDatabase:
    """An open folder. It stays open as long as somebody holds it."""

    def __init__(self, folder: Path) -> None:
        try:
            server_module = importlib.import_module("milvus_lite.adapter.grpc.server")
            self._arrow_builder = importlib.import_module("milvus_lite.schema.arrow_builder")
            self._data_file = importlib.import_module("milvus_lite.storage.data_file")
            hashing = importlib.import_module("milvus_lite.analyzer.hash")
            exceptions = importlib.import_module("milvus_lite.exceptions")
        except ModuleNotFoundError as error:
            raise MissingExtra((error.name or "milvus_lite").split(".")[0], "milvus") from error
        self._term_id = hashing.term_to_id
        self._term_ids: dict[str, int] = {}
        self._rows: dict[str, list[Any]] = {}
        # Its server logs, with a trace, what pymilvus asks for and it does not have.
        logging.getLogger("grpc._server").setLevel(logging.CRITICAL)
        try:
            server, self._database, port = server_module.start_server_in_thread(str(folder))
        except exceptions.DataDirLockedError as error:
            raise IndexFault(
                f"{folder}: another process has it open, and milvus-lite serves one at a time; end that process, or "
                "serve the index from an address (uri in the recipe)"
            ) from error
        self.uri = f"http://127.0.0.1:{port}"
        self.close = weakref.finalize(self, _close, server, self._database)

    def insert(self, collection_name: str, columns: Mapping[str, Any], partition: str) -> None:
        """Take rows, given by column, into memory until `write`. What BM25 makes of ``terms`` is added here."""
        arrow = importlib.import_module("pyarrow")
        collection = self._database.get_collection(collection_name)
        arrays = {name: _array(arrow, values) for name, values in columns.items()}
        if any(field.name == "weights" for field in collection.schema.fields):
            arrays["weights"] = self._weights(arrow, columns["terms"])
        n = len(columns["row"])
        first, collection._next_seq = collection._next_seq, collection._next_seq + n
        arrays["_seq"] = arrow.array(np.arange(first, first + n, dtype=np.uint64))
        schema = self._arrow_builder.build_data_schema(collection.schema)
        self._rows.setdefault(partition, []).append(
            arrow.Table.from_arrays([arrays[name] for name in schema.names], schema=schema)
        )

    def write(self, collection_name: str) -> None:
        """Write what `insert` took, a segment for each partition."""
        arrow = importlib.import_module("pyarrow")
        collection = self._database.get_collection(collection_name)
        stored = collection._manifest
        for partition, tables in self._rows.items():
            table = arrow.concat_tables(tables).combine_chunks()
            first, last = table["_seq"][0].as_py(), table["_seq"][-1].as_py()
            folder = Path(collection.data_dir) / "partitions" / partition
            stored.add_data_file(partition, self._data_file.write_data_file(table, str(folder), first, last))
        stored.current_seq = collection._next_seq - 1
        stored.save()
        self._rows = {}
        collection._refresh_segment_cache()

    def _weights(self, arrow: Any, texts: Sequence[str]) -> Any:
        """What the BM25 function makes of texts: for each, pairs of a term's hash and its count, by hash."""
        ids = self._term_ids
        hashes, times, n_of = array("L"), array("L"), array("L")
        for text in texts:
            counts = Counter(text.lower().split())
            for term in counts:
                if term not in ids:
                    ids[term] = self._term_id(term)
            hashes.extend([ids[term] for term in counts])
            times.extend(counts.values())
            n_of.append(len(counts))
        rows = np.repeat(np.arange(len(texts), dtype=np.uint64), np.array(n_of, dtype=np.int64))
        # Two terms of a text may have one hash: their counts are summed.
        keys, places = np.unique((rows << np.uint64(32)) | np.array(hashes, dtype=np.uint64), return_inverse=True)
        pairs = np.zeros(len(keys), dtype=[("id", "<u4"), ("count", "<f4")])
        pairs["id"] = keys & np.uint64(0xFFFFFFFF)
        pairs["count"] = np.bincount(places, weights=np.array(times, dtype=np.float64), minlength=len(keys))
        n_pairs = np.bincount((keys >> np.uint64(32)).astype(np.int64), minlength=len(texts))
        offsets = np.concatenate([[0], np.cumsum(n_pairs * pairs.itemsize)]).astype(np.int32)
        buffers = [None, arrow.py_buffer(offsets.tobytes()), arrow.py_buffer(pairs.tobytes())]
        return arrow.Array.from_buffers(arrow.binary(), len(texts), buffers)


def version_error(server: str) -> str:
    """What is wrong with the installed milvus-lite; empty where it is the one that is wanted."""
    numbers = server.removeprefix("milvus_lite-").split(".")
    wanted = ".".join(map(str, VERSION))
    if numbers[: len(VERSION)] == list(map(str, VERSION)):
        return ""
    return f"milvus-lite {'.'.join(numbers)} is installed, {wanted} is needed; pip install 'milvus-lite=={wanted}.*'"


_lock = threading.Lock()
_opened: weakref.WeakValueDictionary[tuple[int, int], LiteDatabase] = weakref.WeakValueDictionary()


def open_lite(folder: Path) -> LiteDatabase:
    """The folder, opened once per process and made where it is not there yet.

    Raises:
        MissingExtra: milvus-lite is not installed. IndexFault: another process has the folder open.
    """
    folder.mkdir(exist_ok=True)
    status = os.stat(folder)
    key = (status.st_dev, status.st_ino)
    with _lock:
        database = _opened.get(key)
        if database is None or not database.close.alive:
            database = _opened[key] = LiteDatabase(folder)
        return database


def _array(arrow: Any, values: Sequence[Any] | np.ndarray[Any, Any]) -> Any:
    if isinstance(values, np.ndarray) and values.ndim == 2:
        flat = arrow.array(np.ascontiguousarray(values, dtype=np.float32).reshape(-1))
        return arrow.FixedSizeListArray.from_arrays(flat, values.shape[1])
    if isinstance(values, np.ndarray):
        return arrow.array(values)
    return arrow.array(values, type=arrow.string())


def _close(server: Any, database: Any) -> None:
    server.stop(grace=1).wait()
    database.close()
