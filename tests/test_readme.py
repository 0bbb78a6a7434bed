"""The README shows what ragmed prints."""

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
    assert essence(WRITER["output_of"](command)) == essence(output), "run: make docs"


def essence(output: str) -> list[str]:
    """What does not hang on the processor: its int8 arithmetic moves similarities in the third digit, and with
    them the confidence and which sentence comes last. The choice, the first sentence, its source and the outcome stay.
    """
    first_sentence = output.partition("[1]")[0].rstrip()
    sources = [line for line in output.splitlines() if line.startswith("[1] ")]
    outcomes = [line.partition(",")[0] for line in output.splitlines() if ", confidence " in line]
    return [first_sentence if sources else output.partition("Searched")[0], *sources, *outcomes]


def test_the_python_example_runs(default_index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [example] = re.findall(r"```python\n(.*?)```", (CHECKOUT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(example, "README.md", "exec"), {})
    assert "answered Cystic fibrosis is inherited in an autosomal recessive" in capsys.readouterr().out
