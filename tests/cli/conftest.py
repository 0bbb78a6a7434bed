"""A tiny index named ``tiny`` in a home of its own, and a way to run the command line on it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ragmed.cli import run

CORPUS_TOML = """
title = "Four sentences"
homepage = "https://example.org/"
licence = "CC0"
builder = "lines"

[[files]]
name = "lines"
path = "tiny/lines.tsv"
url = "https://example.org/lines.tsv"

[counts]
documents = 4
"""

INDEX_TOML = """
description = "Four sentences for tests."

[[corpora]]
name = "tiny"
splitter = "sentences"

[[retrievers]]
name = "bm25"

[[retrievers]]
name = "dense"
encoder = "minilm"
"""

LINES = """\
d1\tArachnodactyly\tArachnodactyly is a condition in which fingers and toes are abnormally long and slender.
d2\tInsulin\tInsulin is a hormone made by the pancreas that lowers blood glucose.
d3\tFever\tFever is a raised body temperature. It is often caused by an infection.
d4\tCafé au lait\tA café-au-lait spot is a light brown patch of skin.
"""

BUILDER = '''
"""One document per line: id, title and text, separated by tabs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ragmed.protocols import Corpus
from ragmed.types import Document


@dataclass(frozen=True)
class Lines:
    files: Mapping[str, Path]

    def documents(self) -> Iterator[Document]:
        for line in self.files["lines"].read_text(encoding="utf-8").splitlines():
            doc_id, title, text = line.split("\\t")
            yield Document(doc_id, title, text, "tiny", f"https://example.org/{doc_id}", "CC0")

    def release(self) -> str:
        return "2025-01-01"


COMPONENT: type[Corpus] = Lines
'''


@dataclass(frozen=True)
class Ran:
    """What a command printed and its exit code."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture(scope="session")
def tiny_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that is RAGMED_HOME, RAGMED_MIRROR and RAGMED_COMPONENTS at once; its index is built."""
    folder = tmp_path_factory.mktemp("tiny")
    files = {
        "corpora/tiny.toml": CORPUS_TOML,
        "indexes/tiny.toml": INDEX_TOML,
        "tiny/lines.tsv": LINES,
        "components/corpora/lines.py": BUILDER,
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    built = subprocess.run(
        [sys.executable, "-m", "ragmed", "index", "build", "tiny"],
        env={**os.environ, **environment(folder)},
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    assert built.stderr == ""
    return folder


def environment(folder: Path) -> dict[str, str]:
    """The variables under which ``ragmed`` lives in that folder."""
    return {
        "RAGMED_HOME": str(folder),
        "RAGMED_MIRROR": str(folder),
        "RAGMED_COMPONENTS": str(folder / "components"),
    }


@pytest.fixture
def ragmed(tiny_home: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Run a command in this process: ``ragmed("search", "fever", "--json")``."""
    for name, value in environment(tiny_home).items():
        monkeypatch.setenv(name, value)

    def call(*arguments: str) -> Ran:
        capfdbinary.readouterr()
        code = run(arguments)
        captured = capfdbinary.readouterr()
        return Ran(code, captured.out.decode("utf-8"), captured.err.decode("utf-8"))

    return call


@pytest.fixture
def ragmed_process(tiny_home: Path) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Run a command in a process of its own, for what concerns its streams, arguments or start."""

    def call(*arguments: str | bytes, stdin: bytes = b"", **variables: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", "ragmed", *arguments],
            env={**os.environ, **environment(tiny_home), **variables},
            input=stdin,
            capture_output=True,
        )

    return call
