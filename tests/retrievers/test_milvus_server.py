"""Milvus at an address: an alias for each index, earlier collections kept or dropped, one clear line for each fault."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pymilvus")
pytest.importorskip("milvus_lite")

import grpc
from milvus_lite.adapter.grpc.server import start_server_in_thread
from pymilvus.grpc_gen import common_pb2, milvus_pb2, milvus_pb2_grpc

from ragmed import catalog
from ragmed.errors import IndexFault, MissingExtra, RecipeError
from ragmed.retrievers._milvus import Connection, Place
from ragmed.retrievers.milvus_bm25 import MilvusBM25
from ragmed.types import Query
from tests.passages_for_tests import THREE, passage

IDS = [one.passage_id for one in THREE]
CLOSED = "http://127.0.0.1:9"


@pytest.fixture
def uri(tmp_path: Path) -> Iterator[str]:
    server, database, port = start_server_in_thread(str(tmp_path / "server"))
    yield f"http://127.0.0.1:{port}"
    server.stop(grace=0).wait()
    database.close()


class RefusingServicerForTests(milvus_pb2_grpc.MilvusServiceServicer):
    """Refuses every token."""

    def Connect(self, request: Any, context: Any) -> Any:
        context.abort(grpc.StatusCode.UNAUTHENTICATED, "auth check failure, please check api key is correct")


class OldServicerForTests(milvus_pb2_grpc.MilvusServiceServicer):
    """A server of before full text search."""

    def Connect(self, request: Any, context: Any) -> Any:
        return milvus_pb2.ConnectResponse(status=common_pb2.Status(), identifier=1)

    def GetVersion(self, request: Any, context: Any) -> Any:
        return milvus_pb2.GetVersionResponse(status=common_pb2.Status(), version="v2.3.1")


def serve(servicer: Any) -> tuple[grpc.Server, str]:
    server = grpc.server(futures.ThreadPoolExecutor(2))
    milvus_pb2_grpc.add_MilvusServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, f"http://127.0.0.1:{port}"


def fault(place: Place, tmp_path: Path) -> str:
    with pytest.raises((IndexFault, RecipeError)) as caught:
        Connection(place, tmp_path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_each_build_loads_another_collection_and_the_alias_names_the_newest(uri: str, tmp_path: Path) -> None:
    retriever = MilvusBM25(uri=uri, collection="mine")
    opened = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        assert retriever.build(THREE, tmp_path / name)["alias"] == "mine_bm25"
        opened.append(retriever.open(tmp_path / name, IDS))
    client = Connection(Place(uri=uri), tmp_path)
    assert client.call("describe_alias", "mine_bm25")["collection_name"] == "mine_bm25_2"
    for one in opened:  # both indexes answer: those who have opened the first are not disturbed
        assert one.search([Query("q", "fever")], 1)[0].rows.tolist() == [2]


def test_earlier_collections_are_dropped_where_that_is_asked_for(uri: str, tmp_path: Path) -> None:
    for i in range(4):
        (tmp_path / str(i)).mkdir()
        MilvusBM25(uri=uri, collection="mine", keep=1).build(THREE, tmp_path / str(i))
    assert sorted(Connection(Place(uri=uri), tmp_path).call("list_collections")) == ["mine_bm25_3", "mine_bm25_4"]


def test_another_index_on_the_server_is_left_alone(uri: str, tmp_path: Path) -> None:
    for i, name in enumerate(("mine", "mine_bm25", "mine")):
        (tmp_path / str(i)).mkdir()
        MilvusBM25(uri=uri, collection=name, keep=0).build(THREE, tmp_path / str(i))
    left = sorted(Connection(Place(uri=uri), tmp_path).call("list_collections"))
    assert left == ["mine_bm25_2", "mine_bm25_bm25_1"]


def test_no_search_fails_while_the_alias_is_switched(uri: str, tmp_path: Path) -> None:
    retriever = MilvusBM25(uri=uri, collection="mine", keep=1)
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    retriever.build(THREE, tmp_path / "first")
    opened = retriever.open(tmp_path / "first", IDS)
    client = Connection(Place(uri=uri), tmp_path)
    found: list[object] = []
    done, switched = threading.Event(), threading.Event()

    def search() -> None:
        while not done.is_set():
            try:
                found.append(opened.search([Query("q", "fever")], 1)[0].rows.tolist())
                [hits] = client.call("search", "mine_bm25", ["fever"], anns_field="weights", output_fields=["row"])
                found.append([hit["row"] for hit in hits])
            except IndexFault as error:
                found.append(error)
            if found[-1] != [2]:
                switched.set()

    searchers = [threading.Thread(target=search) for _ in range(2)]
    for searcher in searchers:
        searcher.start()
    more = [*THREE[:2], passage("new", "An aneurysm."), THREE[2]]
    retriever.build(more, tmp_path / "second")
    switched.wait(60)
    done.set()
    for searcher in searchers:
        searcher.join()
    assert all(one in ([2], [3]) for one in found)
    assert [3] in found


def test_a_failed_build_leaves_the_alias_and_no_collection(uri: str, tmp_path: Path) -> None:
    retriever = MilvusBM25(uri=uri, collection="mine")
    retriever.build(THREE, tmp_path)
    long = passage("long", " ".join(f"word{i}" for i in range(10_000)))
    with pytest.raises(IndexFault):
        retriever.build([*THREE, long], tmp_path)
    client = Connection(Place(uri=uri), tmp_path)
    assert client.call("list_collections") == ["mine_bm25_1"]
    assert client.call("describe_alias", "mine_bm25")["collection_name"] == "mine_bm25_1"


def test_wrong_address(tmp_path: Path) -> None:
    assert fault(Place(uri=CLOSED), tmp_path).startswith(f"{CLOSED}: no Milvus answers there (")


def test_refused_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN_FOR_TESTS", "secret:wrong")
    server, uri = serve(RefusingServicerForTests())
    said = fault(Place(uri=uri, token_variable="TOKEN_FOR_TESTS"), tmp_path)
    server.stop(0)
    assert said.startswith(f"{uri}: Milvus refuses the token (UNAUTHENTICATED: auth check failure")
    assert "secret" not in said


def test_token_variable_that_is_not_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOKEN_FOR_TESTS", raising=False)
    assert "TOKEN_FOR_TESTS is not set" in fault(Place(uri=CLOSED, token_variable="TOKEN_FOR_TESTS"), tmp_path)


def test_server_that_is_too_old(tmp_path: Path) -> None:
    server, uri = serve(OldServicerForTests())
    said = fault(Place(uri=uri), tmp_path)
    server.stop(0)
    assert said.startswith(f"{uri}: is Milvus v2.3.1, pymilvus here is ")
    assert "Milvus 2.5 or newer is needed" in said


def test_server_that_does_not_know_the_protocol(tmp_path: Path) -> None:
    server, uri = serve(milvus_pb2_grpc.MilvusServiceServicer())
    said = fault(Place(uri=uri), tmp_path)
    server.stop(0)
    assert "does not know what pymilvus" in said


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (Place(uri="somewhere/milvus.db"), "is no address, as in http://localhost:19530"),
        (Place(uri="$ADDRESS_FOR_TESTS"), "names an environment variable that is not set"),
    ],
)
def test_an_address_that_is_none(place: Place, said: str, tmp_path: Path) -> None:
    assert said in fault(place, tmp_path)


def test_an_address_from_the_environment(uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADDRESS_FOR_TESTS", uri)
    assert Connection(Place(uri="$ADDRESS_FOR_TESTS"), tmp_path).where == uri


def test_at_an_address_the_collection_needs_a_name(uri: str, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="with a uri, name the index on the server"):
        MilvusBM25(uri=uri).build(THREE, tmp_path)


@pytest.mark.parametrize("package", ["pymilvus", "milvus_lite"])
def test_a_package_that_is_not_installed(package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    retriever = catalog.make("retrievers", "milvus_bm25", "test")
    with pytest.raises(MissingExtra, match=rf"'{package}' is not installed; .*ragmed\[milvus\]"):
        retriever.build(THREE, tmp_path)
