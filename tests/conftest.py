"""Fixtures for every test: the mirror of source files, a home of its own, the built default index."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def mirror() -> Path:
    """The folder of source files that RAGMED_MIRROR names; the test is skipped where there is none."""
    chosen = os.environ.get("RAGMED_MIRROR", "")
    if not chosen or not Path(chosen).is_dir():
        pytest.skip("needs source files: set RAGMED_MIRROR to a folder that holds them")
    return Path(chosen).absolute()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty RAGMED_HOME of the test's own."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("RAGMED_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def default_index() -> Path:
    """The checkout's default index, built (some three minutes) where it is missing or out of date."""
    return _built("default", None)


@pytest.fixture(scope="session")
def pubmedqa_index(mirror: Path) -> Path:
    """The checkout's pubmedqa index, built from the mirror where it is missing or out of date."""
    return _built("pubmedqa", mirror)


def _built(name: str, mirror: Path | None) -> Path:
    from ragmed.errors import IndexFault
    from ragmed.index.build import build
    from ragmed.index.open import Index
    from ragmed.recipe import read_index_recipe

    path = CHECKOUT / "indexes" / name
    try:
        Index(path)
    except IndexFault:
        build(read_index_recipe(CHECKOUT / "indexes" / f"{name}.toml"), path, mirror=mirror, fetch=False)
    return path
