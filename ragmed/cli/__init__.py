"""The command line: ``ragmed <command>``, one file per command.

This file imports click and nothing else of weight; a command's file is imported when it is invoked, and
what it needs when it runs. Exit codes: 0 done (also when no answer was found), 1 an error, told in one
line on standard error, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

import ragmed
from ragmed.cli._lazy import LazyGroup
from ragmed.errors import RagmedError

EPILOG = """\b
Examples:
  ragmed ask "What is arachnodactyly?"
  ragmed search "aortic root aneurysm" -k 5
  ragmed index build pubmedqa
  ragmed show OMIM:154700

\b
Environment:
  RAGMED_HOME        the folder that holds corpora/ and indexes/
  RAGMED_MIRROR      a folder of source files, looked in before the network
  RAGMED_COMPONENTS  folders with components of your own

Not medical advice: an answer is only as good as the sources it quotes. Open them.
"""


@click.group(
    cls=LazyGroup,
    package=__name__,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EPILOG,
)
@click.version_option(ragmed.__version__, prog_name="ragmed", message="%(prog)s %(version)s")
def ragmed_group() -> None:
    """Answer medical questions with verbatim, cited sentences that you can open and check."""


def main() -> NoReturn:
    """The process: run the command it was started with, and end.

    Everything is flushed and closed by then, so the interpreter is not asked to take its modules apart,
    which would last a tenth of a second.
    """
    status = run(None)
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)


def run(arguments: Sequence[str] | None) -> int:
    """Run one command and return its exit code; None: the arguments of the process."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character gets a question mark, never a traceback.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        status = ragmed_group.main(arguments, prog_name="ragmed", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except RagmedError as error:
        print(f"ragmed: {_one_line(error)}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader has gone, as in `ragmed … | head`: keep the interpreter from flushing once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        print(f"ragmed: {_one_line(error)}", file=sys.stderr)
        return 1
    return status if isinstance(status, int) else 0


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
