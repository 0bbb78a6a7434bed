"""``ragmed verify``: check a saved answer's quotations against an index."""

from __future__ import annotations

from pathlib import Path

import click

from ragmed.cli._options import json_option
from ragmed.cli._output import count, print_json, print_text


@click.command(
    short_help="Check a saved answer's quotations.",
    epilog="""\b
Examples:
  ragmed ask "What is arachnodactyly?" --json > answer.json
  ragmed verify answer.json
""",
)
@click.argument("answer", type=click.Path(path_type=Path, allow_dash=True), metavar="ANSWER.json")
@click.option("-i", "--index", help="Check against this index.  [default: the one the answer names]")
@json_option
def verify(answer: Path, index: str | None, as_json: bool) -> int:
    """Check that every quotation of an answer saved with "ragmed ask --json" stands in its source.

    Exit code 1 and a line per problem where something does not hold.
    """
    from ragmed.answers.json import to_json
    from ragmed.api import open_index, read_answer, verify_answer

    saved = read_answer(Path("/dev/stdin") if str(answer) == "-" else answer)
    checked = verify_answer(saved, None if index is None else open_index(index))
    if as_json:
        print_json(to_json(checked))
        return 0 if checked.ok else 1
    for problem in checked.problems:
        print_text(problem, "red")
    verdict = "every quotation holds" if checked.ok else count(len(checked.problems), "problem")
    print_text(f"{count(checked.n_citations, 'citation')} checked against index {checked.index}: {verdict}")
    return 0 if checked.ok else 1


COMMAND = verify
