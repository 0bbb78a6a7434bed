"""What is shipped: the wheel, the locks, the Makefile."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
LOCKS = sorted(path for path in (CHECKOUT / "requirements").glob("*.txt") if path.name != "torch.txt")
LEFT_TO_TORCH = re.compile(r"(torch|triton|nvidia-.*|cuda-.*)\Z")


def _pins(lock: Path) -> dict[str, set[str]]:
    """Package → versions (several where they depend on the platform)."""
    pins: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9-]+)==(\S+)", lock.read_text(encoding="utf-8"), re.MULTILINE):
        pins.setdefault(name, set()).add(version)
    return pins


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True)
    [path] = folder.glob("ragmed-*.whl")
    return path


def test_the_wheel_holds_types_recipes_and_licence_and_no_data(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "ragmed/py.typed" in names
    for kind in ("corpora", "indexes", "indexes/graphs"):
        recipes = {f"ragmed/recipes/{kind}/{path.name}" for path in (CHECKOUT / kind).glob("*.toml")}
        assert recipes
        assert recipes == {name for name in names if name.rpartition("/")[0] == f"ragmed/recipes/{kind}"}
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert [name for name in names if not name.startswith(("ragmed/", "ragmed-"))] == []
    assert wheel.stat().st_size < 2_000_000


def test_the_wheel_works_away_from_the_checkout(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("RAGMED_")}
    environment |= {"PYTHONPATH": str(tmp_path / "installed"), "XDG_DATA_HOME": str(tmp_path / "data")}
    ran = subprocess.run(
        [sys.executable, "-m", "ragmed", "index", "list"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert ran.stderr == ""
    assert "\ndefault\tnot built\t" in ran.stdout


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_a_lock_holds_pins_and_hashes_and_nothing_else(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert "://" not in text
    for requirement in text.replace("\\\n", "").splitlines():
        assert re.match(r"[a-z0-9-]+==[^\s;]+( ; [^#]+?)?\s+--hash=sha256:[0-9a-f]{64}", requirement), requirement


@pytest.mark.parametrize("lock", [lock for lock in LOCKS if lock.stem != "peers"], ids=lambda path: path.stem)
def test_locks_agree_with_the_core_lock(lock: Path) -> None:
    """All that are installed into one environment; the benchmark's peers have their own."""
    core, pins = _pins(CHECKOUT / "requirements" / "core.txt"), _pins(lock)
    assert {name: pins[name] for name in core if name in pins and pins[name] != core[name]} == {}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_no_lock_brings_torch_or_cuda(lock: Path) -> None:
    assert [name for name in _pins(lock) if LEFT_TO_TORCH.match(name)] == []


def test_the_core_lock_covers_other_platforms() -> None:
    text = (CHECKOUT / "requirements" / "core.txt").read_text(encoding="utf-8")
    for name in ("numpy", "onnxruntime", "tokenizers"):
        blocks = re.findall(rf"^{name}==.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
        assert all(block.count("--hash") > 8 for block in blocks), name


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {"core": project["dependencies"], **project["optional-dependencies"]}
    for extra, requirements in wanted.items():
        names = {re.split(r"[<>=!~\[ ]", requirement)[0].lower() for requirement in requirements} - {"torch"}
        assert names <= set(_pins(CHECKOUT / "requirements" / f"{extra}.txt")), extra


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
class TestMakefile:
    """The recipes that make would run (``make --dry-run``), and those that need no installation."""

    def make(self, *arguments: str) -> str:
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
        ran = subprocess.run(
            ["make", "-C", str(CHECKOUT), "--no-print-directory", *arguments],
            env=environment,
            capture_output=True,
            text=True,
        )
        return ran.stdout + ran.stderr

    def test_every_target_is_listed_with_a_line_of_help(self) -> None:
        listed = re.findall(r"^  make (\w+) +\S", self.make(), re.MULTILINE)
        assert {"install", "index", "ask", "test", "lint", "bench", "docs", "hf", "lucene", "clean"} <= set(listed)

    def test_a_question_reaches_the_shell_as_typed(self, tmp_path: Path) -> None:
        question = """Don't "quote" $HOME, $(date), `date`, $$5; 50 % \\ # é"""
        extra = tmp_path / "print.mk"
        extra.write_text(f"include {CHECKOUT / 'Makefile'}\nprint-question:\n\t@printf '%s' \"$$Q\"\n")
        assert self.make("-f", str(extra), "print-question", f"Q={question}") == question

    def test_an_old_python_is_refused_in_one_line(self, tmp_path: Path) -> None:
        old = tmp_path / "python-old"
        old.write_text('#!/bin/sh\n[ "$1" = -V ] && echo "Python 3.9.1"\n[ "$1" != -c ]\n')
        old.chmod(0o755)
        shutil.copytree(CHECKOUT / "requirements", tmp_path / "requirements")
        for name in ("Makefile", "pyproject.toml"):
            shutil.copy(CHECKOUT / name, tmp_path)
        said = self.make("-C", str(tmp_path), "install", f"PYTHON={old}")
        assert "ragmed needs Python 3.11 or newer" in said
        assert "Python 3.9.1" in said
        assert not (tmp_path / ".venv").exists()
