"""A collection of Milvus: loaded when an index is built, found again when it is opened.

    build:  collection <alias>_<n> ◄── rows in batches, by partition   ──► counted ──► alias ──► older ones dropped
    open:   collection.json ──► there? whole? these passages?          ──► search that collection

Row numbers are those of one built index. So an open index searches the very collection that was loaded for it, and a
new build beside it, which loads another, changes nothing for those who search. The alias always names a whole
collection, the newest, for other programs.

Source: Wang et al. 2021, "Milvus: A Purpose-Built Vector Data Management System", SIGMOD; https://milvus.io/docs,
aliases: https://milvus.io/docs/manage-aliases.md.

File: ``collection.json``, what was loaded where; ``milvus.db``, the data, where no address is given.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ragmed.errors import DamagedIndex, IndexFault, RecipeError, StaleIndex
from ragmed.retrievers._milvus import LOAD_S, Connection, Place
from ragmed.retrievers._milvus_filter import COLUMNS, ColumnsWriter, partition_name
from ragmed.types import Passage

BATCH = 2_000
"""Rows sent at once."""
_SENDERS = 4
"""Batches on their way to a server at a time."""
_SAMPLE, _COMPARED = 10_000, 64
"""Ids that the checksum covers; rows whose ids are compared with the server's when an index is opened."""
_MAX_STRING = 4_096


@dataclass(frozen=True, slots=True)
class Loaded:
    """What ``collection.json`` says: a collection, the alias it was given, and what identifies its passages."""

    collection: str
    alias: str
    n_passages: int
    checksum: str
    partitioned: bool

    @classmethod
    def read(cls, path: Path) -> Loaded:
        return cls(**json.loads((path / "collection.json").read_text(encoding="utf-8")))

    def facts(self, server: str) -> dict[str, str | int]:
        """What the manifest says of it."""
        return {
            "collection": self.collection,
            "alias": self.alias,
            "n_rows": self.n_passages,
            "checksum": self.checksum,
            "server": server,
        }

    def write(self, path: Path) -> None:
        (path / "collection.json").write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")


class Loader:
    """Loads one collection, as a context: makes it, appends passages in order, finishes; after an error, drops it."""

    def __init__(self, place: Place, kind: str, path: Path, n_passages: int) -> None:
        if place.uri and not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,63}", place.collection):
            raise RecipeError(
                f"collection = {place.collection!r}: with a uri, name the index on the server, in letters, digits and _"
            )
        self._place, self._path = place, path
        self.connection = Connection(place, path)
        # milvus-lite weighs a term by how rare it is in its partition, Milvus by how rare it is in all.
        self._partitioned = not (kind == "bm25" and self.connection.is_lite)
        self.alias = f"{place.collection or 'passages'}_{kind}"
        earlier = self._numbers()
        self._number = max(earlier, default=0) + 1
        self.collection = f"{self.alias}_{self._number}"
        self._partitions = {"_default"}
        self._columns = ColumnsWriter()
        self._sampled = dict.fromkeys(_spread(n_passages, _SAMPLE), "")
        self._n = 0
        self._pool = ThreadPoolExecutor(1 if self.connection.is_lite else _SENDERS)
        self._pending: list[Any] = []

    def create(self, add_fields: Callable[[Any], None]) -> None:
        """Make the collection; ``add_fields`` gives its schema what this retriever searches."""
        types = self.connection.pymilvus.DataType
        schema = self.connection.client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("row", types.INT64, is_primary=True)
        for name in ("passage_id", *COLUMNS):
            schema.add_field(name, types.VARCHAR, max_length=_MAX_STRING)
        add_fields(schema)
        self.connection.call("create_collection", self.collection, schema=schema)

    def append(self, passages: Sequence[Passage], field: str, values: Any) -> None:
        """Append passages with the value of the searched field of each."""
        columns: dict[str, Any] = {field: values, "row": np.arange(self._n, self._n + len(passages))}
        for name in ("passage_id", *COLUMNS):
            columns[name] = [_encodable(getattr(passage, name)) for passage in passages]
            longest = max(columns[name], key=len, default="")
            if len(longest.encode()) > _MAX_STRING:
                raise IndexFault(f"{longest[:60]!r}…: a {name} of over {_MAX_STRING} bytes does not fit into Milvus")
        codes = {name: self._columns.append(name, columns[name]) for name in COLUMNS}
        by_partition: dict[str, list[int]] = {}
        for i, code in enumerate(codes["source"]):
            by_partition.setdefault(partition_name(code) if self._partitioned else "_default", []).append(i)
            if self._n + i in self._sampled:
                self._sampled[self._n + i] = columns["passage_id"][i]
        for partition, places in by_partition.items():
            self._make_partition(partition)
            self._append(partition, columns if len(places) == len(passages) else _at(columns, places))
        self._n += len(passages)

    def finish(self, field: str, index_type: str, metric: str, options: Mapping[str, float]) -> Loaded:
        """Index and load the collection, count it, point the alias to it, drop what is not kept."""
        for sent in self._pending:
            sent.result()
        self._columns.write(self._path)
        connection, name = self.connection, self.collection
        if connection.lite is not None:
            connection.lite.write(name)
        else:
            connection.call("flush", name, timeout_s=LOAD_S)
        parameters = connection.client.prepare_index_params()
        parameters.add_index(field_name=field, index_type=index_type, metric_type=metric, params=self._nested(options))
        connection.call("create_index", name, parameters, timeout_s=LOAD_S)
        connection.call("load_collection", name, timeout_s=LOAD_S)
        n = connection.count(name)
        if n != self._n:
            raise IndexFault(f"{connection.where}: holds {n} of the {self._n} passages loaded into {name}; build again")
        loaded = Loaded(name, self.alias, n, _checksum(n, self._sampled.values()), self._partitioned)
        self._point_alias()
        self._drop_older()
        loaded.write(self._path)
        return loaded

    def __enter__(self) -> Loader:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        if kind is not None:
            with contextlib.suppress(IndexFault):
                self.connection.call("drop_collection", self.collection)
        self.connection.close()

    def _append(self, partition: str, columns: Mapping[str, Any]) -> None:
        if self.connection.lite is not None:
            self.connection.lite.insert(self.collection, columns, partition)
            return
        for start in range(0, len(columns["row"]), BATCH):
            part = {name: column[start : start + BATCH] for name, column in columns.items()}
            part["row"] = part["row"].tolist()
            rows = [dict(zip(part, row, strict=True)) for row in zip(*part.values(), strict=True)]
            self._pending.append(self._pool.submit(self._send, rows, partition))
        while len(self._pending) > 2 * _SENDERS:
            self._pending.pop(0).result()

    def _send(self, rows: list[dict[str, Any]], partition: str) -> None:
        self.connection.call("insert", self.collection, rows, partition_name=partition)

    def _nested(self, options: Mapping[str, float]) -> dict[str, Any]:
        """An index's options as the server reads them: milvus-lite passes over those that pymilvus writes flat."""
        return {"params": dict(options)} if self.connection.is_lite else dict(options)

    def _make_partition(self, partition: str) -> None:
        if partition not in self._partitions:
            self.connection.call("create_partition", self.collection, partition)
            self._partitions.add(partition)

    def _numbers(self) -> list[int]:
        """Of the collections that builds of this index have made, or begun to."""
        pattern = re.compile(rf"{re.escape(self.alias)}_(\d+)")
        matches = map(pattern.fullmatch, self.connection.call("list_collections"))
        return sorted(int(match.group(1)) for match in matches if match is not None)

    def _point_alias(self) -> None:
        try:
            self.connection.call("alter_alias", self.collection, self.alias)
        except IndexFault:  # there is none yet
            self.connection.call("create_alias", self.collection, self.alias)

    def _drop_older(self) -> None:
        if self._place.keep is not None:
            older = [number for number in self._numbers() if number < self._number]
            for number in older[: max(0, len(older) - self._place.keep)]:
                self.connection.call("drop_collection", f"{self.alias}_{number}")


def open_collection(place: Place, path: Path, passage_ids: Sequence[str]) -> tuple[Connection, Loaded]:
    """Find the collection that was loaded for this index, and see that it is that, and whole.

    Raises:
        DamagedIndex: rows are missing. StaleIndex: it holds other passages.
        MissingExtra, RecipeError, IndexFault: see `Connection`.
    """
    loaded = Loaded.read(path)
    if loaded.n_passages != len(passage_ids) or loaded.checksum != checksum(passage_ids):
        raise StaleIndex(
            f"{path}: its collection was loaded from other passages than the index holds; rebuild the index"
        )
    connection = Connection(place, path)
    name, where = loaded.collection, connection.where
    if not connection.call("has_collection", name):
        raise IndexFault(
            f"{where}: has no collection {name}; it was dropped, or uri or database are another server's: check them, "
            "or rebuild the index"
        )
    connection.call("load_collection", name, timeout_s=LOAD_S)
    n = connection.count(name)
    if n != loaded.n_passages:
        raise DamagedIndex(f"{where}: {name} holds {n} of {loaded.n_passages} passages; rebuild the index")
    compared = _spread(len(passage_ids), _COMPARED)
    found = connection.values(name, compared, "passage_id")
    if any(found.get(row) != passage_ids[row] for row in compared):
        raise StaleIndex(f"{where}: {name} holds other passages than the index; rebuild the index")
    return connection, loaded


class Values:
    """A field of a collection by row, fetched when asked for; the last ones are remembered. Safe for threads."""

    def __init__(self, connection: Connection, collection: str, field: str, n_remembered: int) -> None:
        self._connection, self._collection, self._field = connection, collection, field
        self._n_remembered = n_remembered
        self._known: dict[int, Any] = {}
        self._lock = threading.Lock()

    def of(self, rows: Sequence[int], read: Callable[[Any], Any]) -> list[Any]:
        """The value of each row, as ``read`` makes it of Milvus's. Raises `DamagedIndex` where a row is gone."""
        with self._lock:
            known = {row: self._known[row] for row in rows if row in self._known}
        missing = sorted(set(rows) - known.keys())
        if missing:
            fetched = self._connection.values(self._collection, missing, self._field)
            if len(fetched) != len(missing):
                raise DamagedIndex(
                    f"{self._connection.where}: {self._collection} has lost passages since it was opened; "
                    "rebuild the index"
                )
            new = {row: read(value) for row, value in fetched.items()}
            with self._lock:
                if len(self._known) + len(new) > self._n_remembered:
                    self._known.clear()
                self._known.update(new)
            known |= new
        return [known[row] for row in rows]


def checksum(passage_ids: Sequence[str]) -> str:
    """Identifies passages by their number and ids: of 10,000 of them, evenly spread, where there are more."""
    return _checksum(len(passage_ids), (passage_ids[row] for row in _spread(len(passage_ids), _SAMPLE)))


def _checksum(n_passages: int, ids: Iterable[str]) -> str:
    digest = hashlib.sha256(f"{n_passages}\n".encode())
    for passage_id in ids:
        digest.update(f"{passage_id}\n".encode("utf-8", "replace"))
    return digest.hexdigest()


def _spread(n: int, n_wanted: int) -> list[int]:
    """Up to so many of n rows, evenly spread, the first and the last among them."""
    return sorted({round(i * (n - 1) / max(1, min(n, n_wanted) - 1)) for i in range(min(n, n_wanted))})


def _at(columns: Mapping[str, Any], places: list[int]) -> dict[str, Any]:
    """Some rows of columns, which are arrays or lists."""
    return {
        name: column[places] if isinstance(column, np.ndarray) else [column[i] for i in places]
        for name, column in columns.items()
    }


def _encodable(value: str) -> str:
    return value if value.isascii() else value.encode("utf-8", "replace").decode()
