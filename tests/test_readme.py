"""The README shows what ragmed prints."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
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


_FILES = {
    "questions.jsonl": '{"id": "1", "question": "What is arachnodactyly?"}\n',
    "cases.jsonl": '{"id": "1", "observed": ["HP:0001166", "HP:0001083"], "excluded": ["HP:0001249"]}\n',
    "answer.txt": "Cystic fibrosis is inherited in an autosomal recessive manner.\n",
}
"""Files that the commands read, which a reader has."""
_ELSEWHERE = ("--generator", "/srv/", "guidelines", "ragmed eval", "ragmed compare")
"""Commands that need a server, a folder or results of the reader's own."""
LINES = [
    line
    for block in re.findall(r"```sh\n(.*?)```", (CHECKOUT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    for line in block.splitlines()
    if line.startswith("ragmed ") and not any(part in line for part in _ELSEWHERE)
]


@pytest.mark.parametrize("line", LINES)
def test_commands_run_word_for_word(line: str, default_index: Path, tmp_path: Path) -> None:
    for name, text in _FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(
        ["sh", "-c", line],
        cwd=tmp_path,
        input="What is arachnodactyly?\n",
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": path, "RAGMED_HOME": str(CHECKOUT)},
    )
    assert (ran.returncode, ran.stderr if ran.returncode else "") == (0, "")
    written = {file.name for file in tmp_path.iterdir()} - _FILES.keys()
    assert ran.stdout or written


def test_there_are_commands_to_run() -> None:
    assert len(LINES) >= 6
