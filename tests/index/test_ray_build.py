"""Building with a Ray of this machine: the same index, on the loss of a worker too."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ragmed.errors import EngineError
from ragmed.home import index_path, mirror
from ragmed.index.build import build
from ragmed.index.engines import steps
from ragmed.index.engines.engine import Engine
from ragmed.index.engines.local import Local
from ragmed.index.engines.ray import Ray
from ragmed.recipe import read_index_recipe
from tests.cli.conftest import CORPUS_TOML, INDEX_TOML, LINES, environment

ray = pytest.importorskip("ray")
pytest.importorskip("ray.data")

PARTED = '''
"""As lines.py, from several files that can be read apart."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ragmed.protocols import Corpus
from ragmed.types import Document


@dataclass(frozen=True)
class Parted:
    files: Mapping[str, Path]

    def parts(self) -> Sequence[str]:
        return list(self.files)

    def documents_of(self, part: str) -> Iterator[Document]:
        for line in self.files[part].read_text(encoding="utf-8").splitlines():
            doc_id, title, text = line.split("\\t")
            yield Document(doc_id, title, text, "tiny", f"https://example.org/{doc_id}", "CC0")

    def documents(self) -> Iterator[Document]:
        for part in self.parts():
            yield from self.documents_of(part)

    def release(self) -> str:
        return "2025-01-01"


COMPONENT: type[Corpus] = Parted
'''

DIES_ONCE = '''
"""Kills its own process with SIGKILL where the file ``dies`` lies beside it, and removes that first."""

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ragmed.protocols import Splitter
from ragmed.types import Document, Passage


@dataclass(frozen=True)
class DiesOnce:
    def split(self, document: Document) -> Iterator[Passage]:
        order = Path(__file__).with_name("dies")
        if order.exists():
            order.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        d = document
        yield Passage(f"{d.doc_id}#0", d.doc_id, 0, len(d.text), d.text, d.title, d.source, d.url, d.licence)


COMPONENT: type[Splitter] = DiesOnce
'''


@pytest.fixture(scope="module")
def _ray() -> Iterator[None]:
    ray.init(
        address="local",
        num_cpus=2,
        include_dashboard=False,
        object_store_memory=100 * 2**20,
        log_to_driver=False,
        logging_level=logging.ERROR,
    )
    yield
    ray.shutdown()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose corpus has two parts and whose splitter can be told to die."""
    files = {
        "corpora/tiny.toml": CORPUS_TOML.replace('"lines"\n\n', '"parted"\n\n').replace("lines.tsv", "*.tsv"),
        "indexes/tiny.toml": INDEX_TOML.replace('"sentences"', '"dies_once"'),
        "tiny/a.tsv": "".join(LINES.splitlines(keepends=True)[:2]),
        "tiny/b.tsv": "".join(LINES.splitlines(keepends=True)[2:]),
        "components/corpora/parted.py": PARTED,
        "components/passages/dies_once.py": DIES_ONCE,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    steps.code_fingerprint.cache_clear()
    return tmp_path


def build_tiny(engine: Engine) -> Mapping[str, Any]:
    """The manifest of the tiny index, built anew."""
    return build(read_index_recipe("tiny"), index_path("tiny"), mirror=mirror(), fetch=False, engine=engine).table


@pytest.mark.usefixtures("_ray")
def test_the_index_is_that_of_the_local_engine_though_a_worker_dies(home: Path) -> None:
    (home / "components" / "passages" / "dies").touch()
    by_ray = build_tiny(Ray())
    assert not (home / "components" / "passages" / "dies").exists()
    assert len(list((home / "corpora" / "tiny" / "built" / "parts").iterdir())) == 2
    assert sorted(path.name for path in (home / "indexes").iterdir()) == [".tiny.lock", "tiny", "tiny.toml"]
    assert build_tiny(Local())["seal"] == by_ray["seal"]
    assert by_ray["n_passages"] == 4


@pytest.mark.usefixtures("_ray")
def test_parts_are_read_by_the_workers(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="ragmed.index.engines.ray"):
        build_tiny(Ray())
    done = [json.loads(record.getMessage())["step"] for record in caplog.records if record.name.endswith("ray")]
    assert done == ["read", "read", "split", "encode"]


@pytest.mark.usefixtures("_ray")
def test_a_worker_that_wants_a_gpu_where_there_is_none_is_refused(home: Path) -> None:
    with pytest.raises(EngineError, match="wants 1 GPU, the cluster has 0"):
        build_tiny(Ray(gpus=1))


@pytest.mark.usefixtures("_ray")
def test_a_node_with_other_code_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ragmed.index.engines.ray.code_fingerprint", lambda: "0.0/other")
    with pytest.raises(EngineError, match=r"node .* has ragmed .*, here it is 0\.0/other"):
        build_tiny(Ray())


def test_a_cluster_of_another_version_is_one_line(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "Version mismatch: The cluster was started with:\n    Ray: 2.40.0\n    Python: 3.10.1\nThis process …\n"

    def init(**options: Any) -> None:
        raise RuntimeError(said)

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", init)
    with pytest.raises(EngineError, match=r"Version mismatch: The cluster was started with: Ray: 2\.40\.0 Python"):
        build_tiny(Ray(address="auto"))
