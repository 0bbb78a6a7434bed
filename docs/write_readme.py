"""Run the commands of README.md again and put their output in place (``make docs``).

A block that begins with ```` ```console ```` holds lines ``$ ragmed …``, each followed by what it printed. A
test runs the same blocks and compares.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
_BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)


def blocks(text: str) -> Iterator[tuple[str, str]]:
    """(command, output) of every console block."""
    for block in _BLOCK.findall(text):
        command, _, output = block.removeprefix("$ ").partition("\n")
        yield command, output


def index_of(command: str) -> str:
    """The index a command asks."""
    words = shlex.split(command)
    return next((words[i + 1] for i, word in enumerate(words) if word in ("-i", "--index")), "default")


def output_of(command: str) -> str:
    """What ``ragmed …`` prints today, wrapped as the README wraps it: not at all."""
    words = shlex.split(command)
    assert words[0] == "ragmed", command
    environment = {key: value for key, value in os.environ.items() if key != "RAGMED_HOME"}
    ran = subprocess.run(
        [sys.executable, "-m", "ragmed", *words[1:]], capture_output=True, text=True, env=environment, check=True
    )
    return ran.stdout


def main() -> None:
    """Write every block's output anew."""
    text = README.read_text(encoding="utf-8")
    for command, output in blocks(text):
        text = text.replace(f"$ {command}\n{output}```", f"$ {command}\n{output_of(command)}```")
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
