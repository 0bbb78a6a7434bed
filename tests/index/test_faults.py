"""What can go wrong with an index: each fault is one clear line with a next step, and nothing is lost."""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ragmed.errors import DamagedIndex, StaleIndex
from ragmed.index import manifest
from ragmed.index.open import Index
from tests.cli.conftest import CORPUS_TOML, INDEX_TOML, LINES, environment
from tests.index.conftest import Command

QUESTION = "What is arachnodactyly?"


def one_line(ran: subprocess.CompletedProcess[str]) -> str:
    """The one line that a fault prints."""
    assert ran.returncode == 1, ran
    assert ran.stdout == ""
    [line] = ran.stderr.splitlines()
    assert line.startswith("ragmed: ")
    return line


def seal(folder: Path) -> str:
    """The seal of the tiny index: the sha256 of everything in it."""
    return str(json.loads((folder / "indexes" / "tiny" / "manifest.json").read_text())["seal"])


def works(ragmed: Command) -> bool:
    """Whether the index answers and verifies."""
    asked, verified = ragmed("ask", QUESTION, "-i", "tiny"), ragmed("index", "verify", "tiny")
    return asked.returncode == 0 and "slender" in asked.stdout and verified.returncode == 0


def test_a_byte_flipped_in_any_file_is_found(ragmed: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(folder).items():
        monkeypatch.setenv(name, value)
    index = folder / "indexes" / "tiny"
    files = sorted(path for path in index.rglob("*") if path.is_file() and path.stat().st_size)
    assert len(files) > 20
    rng = random.Random(1)
    for path in files:
        original = path.read_bytes()
        position = rng.randrange(len(original))
        damaged = bytearray(original)
        damaged[position] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged)
        with pytest.raises((DamagedIndex, StaleIndex), match="ragmed index build tiny"):
            Index(index)
        path.write_bytes(original)
    path.write_bytes(original[:-1])
    assert "ragmed index build tiny" in one_line(ragmed("ask", QUESTION, "-i", "tiny"))
    assert "ragmed index build tiny" in one_line(ragmed("index", "verify", "tiny"))


def test_a_damaged_passage_of_a_large_index_is_never_shown(
    folder: Path, monkeypatch: pytest.MonkeyPatch, ragmed: Command
) -> None:
    """Beyond 256 MiB hashes are not compared on opening; each passage still checks itself."""
    for name, value in environment(folder).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(manifest, "FULL_CHECK_BYTES", 0)
    text = folder / "indexes" / "tiny" / "passages" / "text.bin"
    text.write_bytes(text.read_bytes().replace(b"lowers", b"raises"))
    index = Index(folder / "indexes" / "tiny")
    with pytest.raises(DamagedIndex, match="checksum differs"):
        index.search(["insulin and blood glucose"], k=2)


def test_building_twice_gives_the_same_index_to_the_byte(ragmed: Command, folder: Path) -> None:
    before = seal(folder)
    assert ragmed("index", "build", "tiny").returncode == 0
    assert seal(folder) == before


def test_a_missing_file_is_named(ragmed: Command, folder: Path) -> None:
    (folder / "indexes" / "tiny" / "retrievers" / "dense" / "vectors.npy").unlink()
    assert "vectors.npy" in one_line(ragmed("ask", QUESTION, "-i", "tiny"))


def test_an_index_of_another_encoder_is_stale(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(folder).items():
        monkeypatch.setenv(name, value)
    path = folder / "indexes" / "tiny"
    table = json.loads((path / "manifest.json").read_text())
    (path / "manifest.json").unlink()
    table["retrievers"][1]["encoder"] = "another encoder"
    manifest.seal(path, {k: v for k, v in table.items() if k not in ("seal", "files", "format")})
    with pytest.raises(StaleIndex, match="another encoder"):
        Index(path)


def test_an_index_of_another_recipe_is_stale(ragmed: Command, folder: Path) -> None:
    recipe = folder / "indexes" / "tiny.toml"
    recipe.write_text(recipe.read_text().replace('name = "bm25"', 'name = "bm25"\nk1 = 2.0'))
    assert "rebuild it with: ragmed index build tiny" in one_line(ragmed("ask", QUESTION, "-i", "tiny"))


def test_a_recipe_beside_the_index_may_change_how_it_is_fused(ragmed: Command, folder: Path) -> None:
    recipe = folder / "indexes" / "tiny.toml"
    recipe.write_text('fusion = { name = "rrf", rank_constant = 5 }\n' + recipe.read_text())
    assert works(ragmed)


def test_an_index_that_is_not_built_says_how(ragmed: Command, folder: Path) -> None:
    shutil.rmtree(folder / "indexes" / "tiny")
    assert "ragmed index build tiny" in one_line(ragmed("ask", QUESTION, "-i", "tiny"))


def test_an_unknown_index_lists_those_there_are(ragmed: Command) -> None:
    line = one_line(ragmed("ask", QUESTION, "-i", "tiyn"))
    assert "no indexes named 'tiyn'; have: " in line
    assert "default, " in line
    assert line.endswith("tiny (did you mean 'tiny'?)")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("[[retrievers]]", "[[retrivers]]"), "retrivers"),
        (
            ('name = "bm25"', 'name = "bm25"\nk_1 = 1.0'),
            "tiny.toml: [[retrievers]]: no options of bm25 named 'k_1'; have: b, k1,",
        ),
        (('name = "bm25"', 'name = "bm52"'), "no retrievers named 'bm52'; have: bm25, dense"),
        (('name = "bm25"', 'name = "bm25"\nk1 = "high"'), "k1 = 'high' is not of type float"),
        (('encoder = "minilm"', 'encoder = "minlim"'), "no encoders named 'minlim'"),
        (('name = "tiny"', 'name = "tini"'), "no corpora named 'tini'"),
        (('splitter = "sentences"', 'spliter = "sentences"'), "'spliter'"),
        (("description =", "description"), "not valid TOML"),
    ],
)
def test_a_wrong_recipe_is_refused_before_any_work(
    ragmed: Command, folder: Path, change: tuple[str, str], expected: str
) -> None:
    recipe = folder / "indexes" / "tiny.toml"
    recipe.write_text(INDEX_TOML.replace(*change))
    line = one_line(ragmed("index", "build", "tiny")).replace(f"{folder}/indexes/", "")
    assert expected in line
    recipe.write_text(INDEX_TOML)
    assert works(ragmed)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "is not here"),
        ("", "empty"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "a Git LFS pointer, not the data"),
        ("d1\tOne\tOnly one line.\n", "expected 4 documents, found 1"),
    ],
    ids=["missing", "empty", "pointer", "truncated"],
)
def test_a_bad_source_file_stops_the_build_and_keeps_the_old_index(
    ragmed: Command, folder: Path, content: str | None, expected: str
) -> None:
    source = folder / "tiny" / "lines.tsv"
    source.unlink()
    if content is not None:
        source.write_text(content, encoding="utf-8")
    offline = {"RAGMED_MIRROR": str(folder)}
    corpus = folder / "corpora" / "tiny.toml"
    corpus.write_text(CORPUS_TOML.replace("https://example.org/lines.tsv", "http://127.0.0.1:9/lines.tsv"))
    arguments = ("index", "build", "tiny", "--offline") if content is None else ("index", "build", "tiny")
    assert expected in one_line(ragmed(*arguments, **offline))
    assert works(ragmed)


def test_a_document_given_twice_counts_once_and_is_reported(ragmed: Command, folder: Path) -> None:
    (folder / "tiny" / "lines.tsv").write_text(LINES + LINES, encoding="utf-8")
    assert ragmed("index", "build", "tiny").returncode == 0
    (corpus,) = json.loads((folder / "indexes" / "tiny" / "manifest.json").read_text(encoding="utf-8"))["corpora"]
    assert corpus["n_documents"] == 4
    assert corpus["read"]["skipped"]["replaced by a later version"]["n"] == 4


def test_a_file_of_another_sha256_is_refused(ragmed: Command, folder: Path) -> None:
    corpus = folder / "corpora" / "tiny.toml"
    corpus.write_text(CORPUS_TOML.replace('path = "tiny/lines.tsv"', f'path = "tiny/lines.tsv"\nsha256 = "{"0" * 64}"'))
    assert "another release" in one_line(ragmed("index", "build", "tiny"))


def test_no_network_is_one_line(ragmed: Command, folder: Path) -> None:
    (folder / "tiny" / "lines.tsv").unlink()
    corpus = folder / "corpora" / "tiny.toml"
    corpus.write_text(CORPUS_TOML.replace("https://example.org/lines.tsv", "http://127.0.0.1:9/lines.tsv"))
    line = one_line(ragmed("index", "build", "tiny"))
    assert "could not be downloaded" in line
    assert "RAGMED_MIRROR" in line
    assert works(ragmed)


def test_asking_never_opens_a_connection(folder: Path) -> None:
    code = (
        "import socket, sys\n"
        "def refuse(*a, **k): raise SystemExit('opened a connection')\n"
        "socket.socket.connect = refuse; socket.create_connection = refuse; socket.getaddrinfo = refuse\n"
        f"from ragmed.cli import run; sys.exit(run(['ask', {QUESTION!r}, '-i', 'tiny']))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment(folder)}, capture_output=True, text=True
    )
    assert ran.returncode == 0
    assert "slender" in ran.stdout


def build_process(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "ragmed", "index", "build", "tiny"],
        env={**os.environ, **environment(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_killing_a_build_at_any_moment_keeps_the_old_index(ragmed: Command, folder: Path) -> None:
    started = time.monotonic()
    assert build_process(folder).wait() == 0
    whole = time.monotonic() - started
    rng = random.Random(3)
    for _ in range(8):
        process = build_process(folder)
        time.sleep(rng.uniform(0.2, 1.0) * whole)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert works(ragmed)
    assert build_process(folder).wait() == 0
    assert works(ragmed)
    left = {path.name for path in (folder / "indexes").iterdir()}
    assert left == {"tiny", "tiny.toml", ".tiny.lock"}


def test_interrupting_a_build_keeps_the_old_index_and_leaves_nothing(ragmed: Command, folder: Path) -> None:
    process = build_process(folder)
    for _ in range(600):
        if (folder / "indexes" / ".tiny.building").exists() or process.poll() is not None:
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.wait() in (0, 130)
    assert works(ragmed)
    assert {path.name for path in (folder / "indexes").iterdir()} == {"tiny", "tiny.toml", ".tiny.lock"}


def test_a_build_killed_between_the_two_renames_is_recovered(ragmed: Command, folder: Path) -> None:
    (folder / "indexes" / "tiny").rename(folder / "indexes" / ".tiny.previous")
    assert works(ragmed)
    assert ragmed("index", "build", "tiny").returncode == 0
    assert not (folder / "indexes" / ".tiny.previous").exists()
    assert works(ragmed)


def test_the_second_of_two_builds_at_once_stops(ragmed: Command, folder: Path) -> None:
    import fcntl

    with (folder / "indexes" / ".tiny.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "another process is building this index" in one_line(ragmed("index", "build", "tiny"))
    assert ragmed("index", "build", "tiny").returncode == 0


def test_a_full_disk_keeps_the_old_index(ragmed: Command, folder: Path) -> None:
    """A limit on file size stands in for a full disk: the same kind of error from the same call."""
    code = (
        "import resource, sys\n"
        "from ragmed.cli import run\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))\n"
        "sys.exit(run(['index', 'build', 'tiny']))"
    )
    assert resource.RLIMIT_FSIZE is not None
    ran = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment(folder)}, capture_output=True, text=True
    )
    assert "no space left" in one_line(ran)
    assert not (folder / "indexes" / ".tiny.building").exists()
    assert works(ragmed)


@pytest.mark.skipif(
    not Path("/sys/kernel").exists(), reason="needs a folder that nobody can write, such as Linux's /sys"
)
def test_a_folder_that_cannot_be_written(ragmed: Command, folder: Path) -> None:
    line = one_line(ragmed("index", "build", "default", RAGMED_HOME="/sys/kernel/ragmed"))
    assert "cannot be written" in line
    assert "RAGMED_HOME" in line


@pytest.mark.parametrize(
    "question", ["", "   ", "?!", "fever\x07", "x" * 100_000, "\x1b[31mred", "\udcff\udcfe"], ids=str.__len__
)
def test_a_question_that_cannot_be_asked(folder: Path, monkeypatch: pytest.MonkeyPatch, question: str) -> None:
    from ragmed import ask
    from ragmed.errors import QuestionError

    for name, value in environment(folder).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(QuestionError) as caught:
        ask(question, index="tiny")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200
