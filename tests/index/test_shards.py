"""A build cut into shards: what is stored, what is done again, and that the index does not depend on any of it."""

from __future__ import annotations

import contextlib
import errno
import json
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmed.errors import EngineError, MissingExtra, NoCorpus, StorageError
from ragmed.home import index_path, mirror
from ragmed.index.build import build, remove
from ragmed.index.engines import local as engines_local
from ragmed.index.engines import ray as engines_ray
from ragmed.index.engines import ray_cluster, ray_worker, steps
from ragmed.index.engines.engine import Engine
from ragmed.index.engines.local import Local
from ragmed.index.engines.ray import Ray, RunningOnRay
from ragmed.index.engines.ray_cluster import check_address, one_line
from ragmed.index.engines.shards import FolderShards, open_shards
from ragmed.index.engines.steps import Split, dump_split, load_split, runs_of
from ragmed.index.engines.stored_encoder import StoredEncoder
from ragmed.protocols import Progress, Vectors, no_progress
from ragmed.recipe import read_index_recipe
from ragmed.retrievers import dense
from ragmed.types import Passage, Section
from tests.cli.conftest import INDEX_TOML, environment

FILTERED = INDEX_TOML + '\n[[filters]]\nname = "near_duplicates"\n'
WITH_QUESTIONS = FILTERED + '\n[[retrievers]]\nname = "questions"\n'


@pytest.fixture
def home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny home, with a document that repeats another; blocks of two passages."""
    for name, value in environment(folder).items():
        monkeypatch.setenv(name, value)
    lines = folder / "tiny" / "lines.tsv"
    lines.write_text(lines.read_text() + lines.read_text().splitlines()[1].replace("d2", "d5") + "\n")
    corpus = folder / "corpora" / "tiny.toml"
    corpus.write_text(corpus.read_text().replace("documents = 4", "documents = 5"))
    (folder / "indexes" / "tiny.toml").write_text(WITH_QUESTIONS)
    builder = folder / "components" / "corpora" / "lines.py"
    asking = 'kind="qa", question="What is " + title + "?" if doc_id != "d3" else "")'
    builder.write_text(builder.read_text().replace('"CC0")', f'"CC0", {asking}'))
    monkeypatch.setattr(steps, "ENCODED", 2)
    monkeypatch.setattr(dense, "_ENCODED", 2)
    steps.code_fingerprint.cache_clear()
    return folder


class WithoutRay(RunningOnRay):
    """The engine of Ray whose workers are this process; it dies before task number ``dies_before``."""

    documents_per_shard = 2

    def __init__(self, place: str, dies_before: int = 1000) -> None:
        super().__init__(None, Ray(), open_shards(place, steps.code_fingerprint()), place)
        self.done: list[str] = []
        self._dies_before = dies_before

    def _run(
        self, step: str, tasks: Sequence[Mapping[str, Any]], keys: Sequence[str] = (), gpus: float = 0
    ) -> Iterator[tuple[int, str]]:
        # The last first: a cluster gives no order.
        for at in reversed(range(len(tasks))):
            if keys and self._shards.has(keys[at]):
                yield at, keys[at]
                continue
            if len(self.done) == self._dies_before:
                raise KeyboardInterrupt
            key = ray_worker.do(step, json.loads(json.dumps(tasks[at])), self._shards)
            self.done.append(step)
            yield at, key


class EngineWithoutRay:
    """Gives a build the engine that it was given."""

    def __init__(self, running: RunningOnRay) -> None:
        self._running = running

    @contextlib.contextmanager
    def start(self, destination: Path) -> Iterator[RunningOnRay]:
        yield self._running


def build_tiny(engine: Engine) -> Mapping[str, Any]:
    """The manifest of the tiny index, built anew."""
    return build(read_index_recipe("tiny"), index_path("tiny"), mirror=mirror(), fetch=False, engine=engine).table


def test_the_index_is_the_same_however_it_is_cut(home: Path) -> None:
    local = build_tiny(Local())
    running = WithoutRay(str(home / "shards"))
    assert build_tiny(EngineWithoutRay(running))["seal"] == local["seal"]
    assert local["corpora"][0]["n_documents"] == 4
    assert local["corpora"][0]["filtered"]["skipped"]["near_duplicates: exact duplicate"]["examples"] == ["d5"]
    # Four documents in two shards; four passages in two blocks, for two retrievers.
    assert running.done == ["split"] * 2 + ["encode"] * 4
    assert not (home / "shards").exists()


@pytest.mark.parametrize("dies_before", range(6))
def test_a_build_goes_on_where_it_died(home: Path, dies_before: int) -> None:
    expected = build_tiny(Local())
    place = str(home / "shards")
    with pytest.raises(KeyboardInterrupt):
        build_tiny(EngineWithoutRay(WithoutRay(place, dies_before)))
    assert json.loads((home / "indexes" / "tiny" / "manifest.json").read_text())["seal"] == expected["seal"]
    assert sum(path.is_file() for path in Path(place).rglob("*")) == dies_before
    again = WithoutRay(place)
    assert build_tiny(EngineWithoutRay(again))["seal"] == expected["seal"]
    assert again.done.count("split") == 2 - min(dies_before, 2)


@pytest.mark.parametrize("dies_before", [0, 1])
def test_a_build_of_this_machine_goes_on_with_the_vectors_it_had(
    home: Path, monkeypatch: pytest.MonkeyPatch, dies_before: int
) -> None:
    expected = build_tiny(Local())
    kept, made = home / "indexes" / ".tiny.shards", []
    assert not kept.exists()

    def dying(self: FolderShards, key: str, data: bytes) -> None:
        if sum(path.is_file() for path in kept.rglob("*")) == dies_before:
            raise KeyboardInterrupt
        write(self, key, data)

    def remembered(*arguments: Any, **named: Any) -> StoredEncoder:
        made.append(StoredEncoder(*arguments, **named))
        return made[-1]

    write = FolderShards.write
    with monkeypatch.context() as patched:
        patched.setattr(FolderShards, "write", dying)
        with pytest.raises(KeyboardInterrupt):
            build_tiny(Local())
    assert json.loads((home / "indexes" / "tiny" / "manifest.json").read_text())["seal"] == expected["seal"]
    monkeypatch.setattr(engines_local, "StoredEncoder", remembered)
    assert build_tiny(Local())["seal"] == expected["seal"]
    # Four passages in two blocks; the retriever of questions keeps nothing.
    assert [encoder.n_encoded for encoder in made] == [4 - 2 * dies_before]
    assert not kept.exists()


def test_one_block_alone_is_not_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "ENCODED", 4)
    monkeypatch.setattr(dense, "_ENCODED", 4)
    monkeypatch.setattr(FolderShards, "write", None)
    build_tiny(Local())


def test_removing_an_index_removes_what_was_kept_for_the_next(home: Path) -> None:
    build_tiny(Local())
    kept = home / "indexes" / ".tiny.shards"
    FolderShards(kept, "0.1/aa").write("key", b"one")
    remove(index_path("tiny"))
    assert not kept.exists()


def test_nothing_is_encoded_by_the_driver(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[StoredEncoder] = []

    def remembered(*arguments: Any) -> StoredEncoder:
        made.append(StoredEncoder(*arguments))
        return made[-1]

    monkeypatch.setattr(engines_ray, "StoredEncoder", remembered)
    build_tiny(EngineWithoutRay(WithoutRay(str(home / "shards"))))
    assert [encoder.n_encoded for encoder in made] == [0, 0]


def test_a_damaged_shard_is_made_again(home: Path) -> None:
    expected = build_tiny(Local())
    place = str(home / "shards")
    with pytest.raises(KeyboardInterrupt):
        build_tiny(EngineWithoutRay(WithoutRay(place, 5)))
    shards = [path for path in Path(place).rglob("*") if path.is_file()]
    for path in shards:
        path.write_bytes(path.read_bytes()[:-1])
    assert build_tiny(EngineWithoutRay(WithoutRay(place)))["seal"] == expected["seal"]


def test_shards_of_other_code_are_not_used(tmp_path: Path) -> None:
    FolderShards(tmp_path, "0.1/aa").write("key", b"one")
    assert FolderShards(tmp_path, "0.1/bb").read("key") is None
    assert FolderShards(tmp_path, "0.1/aa").read("key") == b"one"


@pytest.mark.parametrize("place", ["folder", "memory://shards"])
def test_shards_are_whole_or_absent(tmp_path: Path, place: str) -> None:
    if "://" in place:
        pytest.importorskip("fsspec")
    shards = open_shards(place if "://" in place else str(tmp_path / place), "code")
    assert shards.read("a") is None
    shards.write("a", b"\x00content")
    shards.write("a", b"\x00content")
    assert shards.has("a")
    assert shards.read("a") == b"\x00content"
    shards.clear()
    assert not shards.has("a")
    shards.clear()


def test_a_shard_that_was_cut_is_absent(tmp_path: Path) -> None:
    shards = FolderShards(tmp_path, "code")
    shards.write("a", b"content")
    (tmp_path / "code" / "a").write_bytes((tmp_path / "code" / "a").read_bytes()[:-1])
    assert shards.read("a") is None


@given(st.sets(st.integers(0, 40)))
def test_runs_hold_the_rows_and_no_others(rows: set[int]) -> None:
    runs = runs_of(sorted(rows))
    assert [row for start, end in runs for row in range(start, end)] == sorted(rows)
    assert all(end < after for (_, end), (after, _) in pairwise(runs))


def test_a_split_comes_back_as_it_was_stored() -> None:
    passage = Passage(
        "p", "d", 0, 3, "a\ud800é", "t", "s", "u", "l", sections=(Section(0, "Methods", "3"),), meta={"doi": "1"}
    )
    made = Split(2, [passage], {("BP", "blood pressure"): 2}, ["e"])
    assert load_split(dump_split(made)) == made


def test_a_corpus_built_anew_meanwhile_is_refused(home: Path) -> None:
    build_tiny(Local())
    task = steps.SplitTask(str(home / "corpora" / "tiny" / "built"), "another seal", ((0, 1),), {"name": "whole"})
    with pytest.raises(NoCorpus, match="run the same command again"):
        steps.split(task)


class EncoderForTests:
    """Two dimensions: how long a text is, and one."""

    dim, max_tokens = 2, 3

    def fingerprint(self) -> str:
        return "for tests"

    def load(self) -> None:
        """Nothing to load."""

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return -self.encode_passages(texts)

    def encode_passages(self, texts: Sequence[str], progress: Progress = no_progress) -> Vectors:
        return np.array([[len(text), 1] for text in texts], dtype=np.float32).reshape(len(texts), 2)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text) for text in texts]

    def count_truncated(self, texts: Sequence[str]) -> int:
        return sum(len(text) > 3 for text in texts)


def test_an_encoder_gives_what_is_stored_and_makes_the_rest(tmp_path: Path) -> None:
    shards, encoder = FolderShards(tmp_path, "code"), EncoderForTests()
    shards.write(
        steps.key_of_texts(encoder, "passages", ["a", "long"]), steps.encode(encoder, "passages", ["a", "long"])
    )
    for key, texts in (("1", ["who?", "why?!"]), ("2", ["how?!?"])):
        shards.write(key, steps.encode(encoder, "questions", texts))
    stored = StoredEncoder(encoder, shards, iter(["1", "2"]))
    assert stored.encode_passages(["a", "long"]).tolist() == [[1, 1], [4, 1]]
    assert stored.count_truncated(["a", "long"]) == 1
    for question in ("why?!", "how?!?", "who?"):
        assert stored.encode_queries([question]).tolist() == [[-len(question), -1]]
    assert stored.n_encoded == 0
    assert stored.encode_passages(["a"]).tolist() == [[1, 1]]
    assert stored.encode_queries(["new"]).tolist() == [[-3, -1]]
    assert stored.n_encoded == 2


def worker_row(code: str, place: Path, task: Mapping[str, Any]) -> dict[str, Any]:
    """What a worker that believes in ``code`` answers to a task."""
    common = json.dumps({"place": str(place), "code": code, "variables": {}})
    batch = {"at": [7], "step": ["split"], "task": [json.dumps(task)], "common": [common]}
    return {name: values[0] for name, values in ray_worker.Worker()(batch).items()}


def test_a_worker_with_other_code_says_so(tmp_path: Path) -> None:
    row = worker_row("0.0/other", tmp_path, {})
    with pytest.raises(EngineError, match=r"has ragmed .*, here it is 0\.0/other; install the same version"):
        ray_worker.raise_again(row)


def test_a_full_disk_of_a_worker_is_one_line(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build_tiny(Local())
    corpus = home / "corpora" / "tiny" / "built"
    seal = json.loads((corpus / "manifest.json").read_text())["seal"]
    task = steps.SplitTask(str(corpus), seal, ((0, 1),), {"name": "whole"}).table()

    def full(self: FolderShards, key: str, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/shared/shards/x")

    monkeypatch.setattr(FolderShards, "write", full)
    row = worker_row(steps.code_fingerprint(), home / "shards", task)
    with pytest.raises(StorageError, match=r"node .*: /shared/shards/x: no space left; what is done is kept"):
        ray_worker.raise_again(row)


def test_an_error_of_a_worker_keeps_its_class(home: Path) -> None:
    task = steps.SplitTask(str(home / "nowhere"), "seal", ((0, 1),), {"name": "whole"}).table()
    row = worker_row(steps.code_fingerprint(), home / "shards", task)
    with pytest.raises(NoCorpus, match="no corpus is built here"):
        ray_worker.raise_again(row)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1:1", "nothing answers at 127.0.0.1:1"),
        ("head", "'head' is no address; write host:port"),
        ("ray://127.0.0.1:10001", "give the head's address as host:port"),
        ("127.0.0.1:99999999", "nothing answers at 127.0.0.1:99999999"),
    ],
)
def test_a_wrong_address_is_one_line(address: str, expected: str) -> None:
    with pytest.raises(EngineError, match=expected) as raised:
        check_address(address)
    assert "\n" not in str(raised.value)


def test_what_answers_but_is_no_ray_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_cluster, "_HEALTH_S", 1)
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        pytest.raises(EngineError, match="is not the head of a Ray cluster"),
    ):
        check_address(f"127.0.0.1:{server.getsockname()[1]}")


def test_without_ray_the_command_that_installs_it_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtra, match=r"pip install 'ragmed\[ray\]'"):
        build_tiny(Ray())
    assert not list((home / "indexes").glob(".tiny.building"))


def test_many_lines_become_one() -> None:
    assert one_line("Version mismatch:\n  Ray: 2.40\n") == "Version mismatch: Ray: 2.40"
    assert len(one_line("x" * 1000)) == 400


def test_a_task_is_known_by_what_it_reads_not_by_where_that_lies() -> None:
    task = steps.SplitTask("/a", "seal", ((0, 2),), {"name": "whole"})
    assert steps.SplitTask("/b", "seal", ((0, 2),), {"name": "whole"}).key == task.key
    assert steps.SplitTask("/a", "other", ((0, 2),), {"name": "whole"}).key != task.key
    assert steps.SplitTask.from_table(json.loads(json.dumps(task.table()))) == task
