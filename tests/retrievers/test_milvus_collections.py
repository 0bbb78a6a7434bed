"""A collection is loaded whole or not at all, recognised when it is opened, and never mistaken for another."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pymilvus")
pytest.importorskip("milvus_lite")

from ragmed.errors import DamagedIndex, IndexFault, StaleIndex
from ragmed.retrievers._milvus import Connection, Place
from ragmed.retrievers._milvus_collection import Loaded
from ragmed.retrievers._milvus_lite import version_error
from ragmed.retrievers.milvus_bm25 import MilvusBM25
from ragmed.types import Query
from tests.passages_for_tests import THREE, passage

IDS = [one.passage_id for one in THREE]
FEVER = [Query("q", "fever")]


def built(tmp_path: Path) -> Path:
    tmp_path.mkdir(exist_ok=True)
    MilvusBM25().build(THREE, tmp_path)
    return tmp_path


def test_the_manifest_is_told_what_was_loaded(tmp_path: Path) -> None:
    facts = MilvusBM25().build(THREE, tmp_path)
    assert (facts["collection"], facts["alias"], facts["n_rows"]) == ("passages_bm25_1", "passages_bm25", 3)
    assert Loaded.read(tmp_path).checksum == facts["checksum"]


def test_opening_and_searching_change_no_file(tmp_path: Path) -> None:
    def hashes() -> dict[str, str]:
        files = (path for path in tmp_path.rglob("*") if path.is_file())
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    before = hashes() if built(tmp_path) else {}
    opened = MilvusBM25().open(tmp_path, IDS)
    assert len(opened.search(FEVER, 3)[0]) == 1
    assert hashes() == before
    del opened
    assert hashes() == before


def test_a_folder_can_be_moved(tmp_path: Path) -> None:
    moved = built(tmp_path / "building").rename(tmp_path / "built")
    assert len(MilvusBM25().open(moved, IDS).search(FEVER, 3)[0]) == 1


def test_one_folder_opened_twice_in_a_process_is_shared(tmp_path: Path) -> None:
    one, other = (MilvusBM25().open(built(tmp_path) if i == 0 else tmp_path, IDS) for i in range(2))
    assert one.search(FEVER, 3)[0].rows.tolist() == other.search(FEVER, 3)[0].rows.tolist()


def test_a_folder_that_another_process_has_open_is_told(tmp_path: Path) -> None:
    built(tmp_path)
    hold = "import sys; from milvus_lite import MilvusLite; MilvusLite(sys.argv[1]); print('open', flush=True); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", hold, str(tmp_path / "milvus.db")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(IndexFault, match="another process has it open"):
            MilvusBM25().open(tmp_path, IDS)
    finally:
        holder.communicate(b"\n")


def test_a_half_loaded_collection_is_told(tmp_path: Path) -> None:
    connection = Connection(Place(), built(tmp_path))
    connection.call("load_collection", "passages_bm25_1")
    connection.call("delete", "passages_bm25_1", ids=[1])
    connection.close()
    with pytest.raises(DamagedIndex, match="holds 2 of 3 passages; rebuild the index"):
        MilvusBM25().open(tmp_path, IDS)


def test_a_collection_of_another_build_is_told(tmp_path: Path) -> None:
    other = [passage(f"{one.passage_id}-old", one.text) for one in THREE]
    (tmp_path / "other").mkdir()
    MilvusBM25().build(other, tmp_path / "other")
    (built(tmp_path / "one") / "milvus.db").rename(tmp_path / "aside")
    (tmp_path / "other" / "milvus.db").rename(tmp_path / "one" / "milvus.db")
    with pytest.raises(StaleIndex, match="holds other passages than the index; rebuild the index"):
        MilvusBM25().open(tmp_path / "one", IDS)


def test_an_index_of_other_passages_is_told(tmp_path: Path) -> None:
    with pytest.raises(StaleIndex, match="loaded from other passages"):
        MilvusBM25().open(built(tmp_path), ["x", "y", "z"])


def test_a_dropped_collection_is_told(tmp_path: Path) -> None:
    connection = Connection(Place(), built(tmp_path))
    connection.call("drop_alias", "passages_bm25")
    connection.call("drop_collection", "passages_bm25_1")
    connection.close()
    with pytest.raises(IndexFault, match="has no collection passages_bm25_1; it was dropped"):
        MilvusBM25().open(tmp_path, IDS)


def test_a_passage_that_does_not_fit_is_told_and_nothing_is_left_half_loaded(tmp_path: Path) -> None:
    long = passage("long", " ".join(f"word{i}" for i in range(10_000)))
    with pytest.raises(IndexFault, match="long: its terms take more than 65535 bytes"):
        MilvusBM25().build([*THREE, long], tmp_path)
    assert not (tmp_path / "collection.json").exists()
    assert Connection(Place(), tmp_path).call("list_collections") == []


def test_another_release_of_milvus_lite_is_told() -> None:
    assert version_error("milvus_lite-3.2.2") == ""
    assert version_error("milvus_lite-3.1.0").startswith("milvus-lite 3.1.0 is installed, 3.2 is needed")
