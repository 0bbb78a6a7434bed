"""A client of Milvus, or of milvus-lite in a folder: connecting, asking, and errors in one line.

Source: Wang et al. 2021, "Milvus: A Purpose-Built Vector Data Management System", SIGMOD; https://milvus.io/docs.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import re
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ragmed.errors import IndexFault, MissingExtra, RecipeError
from ragmed.protocols import Rows
from ragmed.retrievers._milvus_filter import Selection, lists_of
from ragmed.retrievers._milvus_lite import LiteDatabase, open_lite, version_error

OLDEST_SERVER = (2, 5)
"""Milvus has had full text search since."""
MAX_HITS = 16_384
"""What Milvus gives at most for a query."""
_BLOCK = 1_000
"""Rows whose values are asked for at once: bounds the size of a message."""
LOAD_S = 86_400.0
"""How long a server may take to index or to load a collection, in seconds: a day, for the largest."""
_REFUSED = ("unauthenticated", "auth check failure", "permission_denied", "permission deny", "api key")
_UNKNOWN = ("unimplemented", "unknown service", "unknown method")
_SILENT = ("fail connecting", "unavailable", "deadline")
"""Words in what pymilvus and gRPC say of a refused token, of versions that do not fit, of no server."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a collection is. An empty ``uri`` means milvus-lite, in a folder of the index; else it is the address of a
    server, as in ``"https://milvus.example.org:19530"``, in which ``$NAME`` stands for an environment variable.

    ``collection``: how the collections of this index begin on the server. ``token_variable`` names the environment
    variable that holds the token. ``database``: Milvus's. ``keep``: how many collections of earlier builds stay for
    those who still search them; None: all. ``timeout_s``: how long an answer may take.
    """

    uri: str = ""
    collection: str = ""
    token_variable: str = ""
    database: str = ""
    keep: int | None = None
    timeout_s: float = 30.0


class Connection:
    """A client of one server or of milvus-lite. Safe for threads.

    Raises:
        MissingExtra: pymilvus or milvus-lite is not installed. RecipeError: an option or a variable is missing.
        IndexFault: nobody answers, the token is refused, versions do not fit, another process has the folder open.
    """

    def __init__(self, place: Place, path: Path) -> None:
        try:
            self.pymilvus = importlib.import_module("pymilvus")
        except ModuleNotFoundError as error:
            raise MissingExtra((error.name or "pymilvus").split(".")[0], "milvus") from error
        # It logs each error with its trace; what it raises is told in one line instead.
        logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
        self.lite: LiteDatabase | None = None if place.uri else open_lite(path / "milvus.db")
        self.where = str(path / "milvus.db") if self.lite else _expanded(place.uri)
        self._timeout_s = place.timeout_s
        # Pings on a connection without calls, as during a long encoding, make gRPC's Python server hang up.
        options: dict[str, Any] = {"grpc_options": {"grpc.keepalive_permit_without_calls": False}}
        options |= {"token": _token(place), "db_name": place.database} if place.uri else {"dedicated": True}
        uri = self.lite.uri if self.lite else self.where
        with self._errors():
            client = self.client = self.pymilvus.MilvusClient(uri=uri, timeout=place.timeout_s, **options)
            weakref.finalize(self, _close, client)
            self.server = str(client.get_server_version(timeout=place.timeout_s))
        self._check_versions()

    @property
    def is_lite(self) -> bool:
        """Whether milvus-lite answers, be it from an address."""
        return self.server.startswith("milvus_lite")

    def call(self, name: str, *arguments: Any, timeout_s: float | None = None, **options: Any) -> Any:
        """What the client's method of that name gives. Raises `IndexFault`, in one line."""
        with self._errors():
            return getattr(self.client, name)(*arguments, timeout=timeout_s or self._timeout_s, **options)

    def count(self, collection: str) -> int:
        found = self.call("query", collection, filter="", output_fields=["count(*)"], consistency_level="Strong")
        return int(found[0]["count(*)"])

    def values(self, collection: str, rows: Sequence[int], field: str) -> dict[int, Any]:
        """Row → value of a field, of the rows that the collection has."""
        found: dict[int, Any] = {}
        for start in range(0, len(rows), _BLOCK):
            for expression in lists_of(rows[start : start + _BLOCK]):
                answer = self.call("query", collection, filter=expression, output_fields=["row", field])
                found.update((int(entity["row"]), entity[field]) for entity in answer)
        return found

    def candidates(
        self,
        collection: str,
        field: str,
        queries: Sequence[Any],
        limit: int,
        selection: Selection,
        parameters: Mapping[str, Any],
    ) -> list[Rows]:
        """For each query the rows that Milvus finds best, of those selected: up to ``limit`` for each expression."""
        found: list[list[int]] = [[] for _ in queries]
        for expression in selection.expressions:
            answer = self.call(
                "search",
                collection,
                list(queries),
                filter=expression,
                anns_field=field,
                limit=max(1, min(limit, MAX_HITS)),
                output_fields=["row"],
                search_params={"params": dict(parameters)},
                partition_names=list(selection.partitions) or None,
            )
            for rows, hits in zip(found, answer, strict=True):
                rows.extend(int(hit["row"]) for hit in hits)
        return [np.array(rows, dtype=np.int64) for rows in found]

    def close(self) -> None:
        """Close what is open for this connection alone: milvus-lite, and with it the folder."""
        if self.lite is not None:
            _close(self.client)
            self.lite.close()

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        grpc = importlib.import_module("grpc")
        try:
            yield
        except (self.pymilvus.MilvusException, grpc.RpcError) as error:
            raise IndexFault(self._line(error)) from error

    def _line(self, error: BaseException) -> str:
        everything = _said(error)
        lower, said = everything.lower(), everything.partition("; ")[0]
        if any(word in lower for word in _REFUSED):
            return (
                f"{self.where}: Milvus refuses the token ({said}); set the environment variable that token_variable "
                "names to one that it knows"
            )
        if any(word in lower for word in _UNKNOWN):
            return (
                f"{self.where}: this Milvus does not know what pymilvus {self.pymilvus.__version__} asks for ({said}); "
                "install a pymilvus and a server of one release"
            )
        if any(word in lower for word in _SILENT):
            return f"{self.where}: no Milvus answers there ({said}); check uri, and that the server runs"
        return f"{self.where}: Milvus says: {said}"

    def _check_versions(self) -> None:
        if self.lite is not None:
            wrong = version_error(self.server)
            if wrong:
                raise IndexFault(wrong)
        numbers = re.match(r"v?(\d+)\.(\d+)", self.server)
        if numbers is not None and tuple(map(int, numbers.groups())) < OLDEST_SERVER:
            oldest = ".".join(map(str, OLDEST_SERVER))
            raise IndexFault(
                f"{self.where}: is Milvus {self.server}, pymilvus here is {self.pymilvus.__version__}; Milvus {oldest} "
                "or newer is needed, for its full text search"
            )


def _said(error: BaseException) -> str:
    """What an error and those it came from say, in one line."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:  # pymilvus raises errors from themselves
        chain.append(cause)
        cause = cause.__cause__
    parts = []
    for one in reversed(chain):
        code, details = getattr(one, "code", None), getattr(one, "details", None)
        if callable(code) and callable(details):  # gRPC's
            parts.append(f"{code().name}: {details()}")
        else:
            parts.append(str(getattr(one, "message", "") or one))
    return " ".join("; ".join(parts).split())[:300]


def _expanded(uri: str) -> str:
    expanded = os.path.expandvars(uri)
    if "$" in expanded:
        raise RecipeError(f"uri = {uri!r}: names an environment variable that is not set; set it to Milvus's address")
    if not re.match(r"(https?|tcp|unix)://?\S", expanded):
        raise RecipeError(
            f"uri = {uri!r}: is no address, as in http://localhost:19530; leave it empty for milvus-lite, in the index"
        )
    return expanded


def _token(place: Place) -> str:
    if not place.token_variable:
        return ""
    token = os.environ.get(place.token_variable, "")
    if not token:
        raise RecipeError(
            f"the environment variable {place.token_variable} is not set; set it to the token for {place.uri}, as in "
            f"export {place.token_variable}=user:password"
        )
    return token


def _close(client: Any) -> None:
    with contextlib.suppress(Exception):
        client.close()
