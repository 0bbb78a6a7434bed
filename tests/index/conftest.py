"""The tiny index of the command-line tests, copied for tests that damage it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import environment, tiny_home  # noqa: F401

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def folder(tiny_home: Path, tmp_path: Path) -> Path:  # noqa: F811
    """A copy of the tiny home that a test may damage."""
    return Path(shutil.copytree(tiny_home, tmp_path / "home", symlinks=True))


@pytest.fixture
def ragmed(folder: Path) -> Command:
    """Run ``ragmed`` in that folder as a process of its own."""

    def call(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "ragmed", *arguments],
            env={**os.environ, **environment(folder), **variables},
            capture_output=True,
            text=True,
        )

    return call
