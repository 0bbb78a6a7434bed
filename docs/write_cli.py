"""Writes docs/cli.md: the ``--help`` of every command. Run by ``make docs``; a test fails where it is out of date."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from ragmed.cli import ragmed_group

PAGE = Path(__file__).with_name("cli.md")
INTRODUCTION = """# The command line

Written by `make docs` from every command's `--help`.

Exit codes: 0 done (also when no answer was found), 1 an error, told in one line on standard error that begins
with `ragmed:`, 2 wrong usage, 130 interrupted. With `--json`, standard output holds one JSON object and nothing
else. Colours, wrapping and progress bars are for terminals only.
"""


def page() -> str:
    """The whole of docs/cli.md."""
    return "\n".join([INTRODUCTION, *_sections(ragmed_group, None, "ragmed")])


def _sections(command: click.Command, parent: click.Context | None, name: str) -> Iterator[str]:
    width = {"terminal_width": 100, "max_content_width": 100}
    context = command.make_context(name, [], parent, resilient_parsing=True, **width)
    yield f"## {context.command_path}\n\n```text\n{command.get_help(context).rstrip()}\n```\n"
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            assert found is not None
            yield from _sections(found, context, child)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
