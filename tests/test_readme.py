"""The README shows what ragmed prints, word for word."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).parents[1]
WRITER: dict[str, Any] = runpy.run_path(str(CHECKOUT / "docs" / "write_readme.py"))
BLOCKS = list(WRITER["blocks"]((CHECKOUT / "README.md").read_text(encoding="utf-8")))


def test_the_readme_shows_output() -> None:
    assert len(BLOCKS) >= 4


@pytest.mark.parametrize(("command", "output"), BLOCKS, ids=[command for command, _ in BLOCKS])
def test_output_is_as_shown(command: str, output: str, request: pytest.FixtureRequest) -> None:
    index = WRITER["index_of"](command)
    if index == "medquad":
        if not (CHECKOUT / "indexes" / "medquad" / "manifest.json").exists():
            pytest.skip("needs the index medquad, which takes a quarter of an hour to build")
    else:
        request.getfixturevalue(f"{index}_index")
    assert WRITER["output_of"](command) == output, "run: make docs"


def test_the_python_example_runs(default_index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [example] = re.findall(r"```python\n(.*?)```", (CHECKOUT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(example, "README.md", "exec"), {})
    assert "answered Cystic fibrosis is inherited in an autosomal recessive manner. [1]" in capsys.readouterr().out
