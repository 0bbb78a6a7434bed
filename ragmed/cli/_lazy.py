"""A click group whose commands are the files beside it, each imported when it is asked for.

``ragmed/cli/ask.py`` is the command ``ragmed ask`` and defines ``COMMAND``; a folder is a group of
commands. Names that begin with ``_`` are not commands.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import click


class LazyGroup(click.Group):
    """The commands of the package named ``package``."""

    def __init__(self, *arguments: Any, package: str, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.package = package

    def list_commands(self, ctx: click.Context) -> list[str]:
        folder = importlib.import_module(self.package).__path__
        return sorted(module.name for module in pkgutil.iter_modules(folder) if not module.name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command = importlib.import_module(f"{self.package}.{cmd_name}").COMMAND
        assert isinstance(command, click.Command)
        return command
