"""``ragmed ask``: one question in, one cited answer out."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from ragmed.cli._options import index_option, json_option, print_hints, restriction_options
from ragmed.cli._output import print_json, print_text, reference, warning

if TYPE_CHECKING:
    from ragmed.types import Answer, Citation, Restriction

_MAX_STDIN_BYTES = 4 * 32_768 + 4
"""More than any question that may be asked, in UTF-8; the rest of a large file is not read."""


def _options(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> dict[str, str] | None:
    options: dict[str, str] = {}
    for value in values:
        letter, equals, text = value.partition("=")
        if not equals or not letter.strip():
            raise click.BadParameter(f"{value!r} is not of the form A=text")
        if letter.strip() in options:
            raise click.BadParameter(f"{letter.strip()!r} is given twice")
        options[letter.strip()] = text
    return options or None


@click.command(
    short_help="Answer a question with cited sentences.",
    epilog="""\b
Examples:
  ragmed ask "What is arachnodactyly?"
  ragmed ask "Which gland makes insulin?" --option A="The pancreas" --option B="The thyroid"
  ragmed ask "Does aspirin reduce fever?" --index pubmedqa --json
  ragmed ask "Does aspirin reduce fever?" --index pubmedqa --since 2005 --exclude-retracted
  ragmed ask - < question.txt
""",
)
@click.argument("question")
@index_option
@click.option(
    "-k", type=click.IntRange(1, 1000), help="Passages the answer may be drawn from.  [default: the recipe's]"
)
@click.option(
    "-o",
    "--option",
    "options",
    multiple=True,
    callback=_options,
    metavar="A=TEXT",
    help="One choice of a multiple-choice question; repeat it.",
)
@restriction_options
@json_option
def ask(
    question: str,
    index: str,
    k: int | None,
    options: dict[str, str] | None,
    restriction: Restriction | None,
    as_json: bool,
) -> int:
    """Answer QUESTION with sentences quoted from the index; "-" reads it from standard input.

    Every sentence carries a [number] that leads to its source. Where the sources do not carry an
    answer, ragmed says so instead of guessing.
    """
    from ragmed import api

    if question == "-":
        question = sys.stdin.buffer.read(_MAX_STDIN_BYTES).decode("utf-8-sig", "surrogateescape")
    question = api.check_question(question)
    opened = api.open_index(index, preload=True)
    answer = api.ask(question, index=opened, options=options, k=k, restriction=restriction)
    if as_json:
        from ragmed.answers.json import to_json

        print_json(to_json(answer))
    else:
        _print(answer, options)
    print_hints(opened, restriction)
    return 1 if answer.outcome == "failed" else 0


def _print(answer: Answer, options: dict[str, str] | None) -> None:
    if answer.choice is not None:
        text = (options or {}).get(answer.choice)
        print_text(f"{answer.choice}: {text}" if text else answer.choice, "bold")
        print_text()
    print_text(answer.text)
    if answer.citations:
        print_text()
        print_text("Sources", "bold")
    warnings = {evidence.passage.passage_id: warning(evidence.passage) for evidence in answer.evidence}
    for citation in _first_of_each_marker(answer.citations):
        print_text(f"[{citation.marker}] {reference(citation)}")
        if retracted := warnings.get(citation.passage_id):
            print_text(f"    {retracted}", "red")
    for citation in answer.citations:
        if " ".join(citation.quote.split()) not in " ".join(answer.text.split()):
            print_text(f"    [{citation.marker}] “{citation.quote}”")
    cited = {citation.passage_id for citation in answer.citations}
    notices = [e.passage.meta.get("notice", "") for e in answer.evidence if e.passage.passage_id in cited]
    for notice in dict.fromkeys(filter(None, notices)):
        print_text()
        print_text(f"Note: {notice}.", "yellow")
    print_text()
    print_text(_last_line(answer), "dim")


def _first_of_each_marker(citations: tuple[Citation, ...]) -> list[Citation]:
    return list({citation.marker: citation for citation in reversed(citations)}.values())[::-1]


def _last_line(answer: Answer) -> str:
    card = answer.index_card
    releases = ", ".join(f"{c['name']} {c['release']}".strip() for c in card.get("corpora", ()))
    known = f"index {card.get('name', '')} ({releases})" if releases else f"index {card.get('name', '')}"
    return f"{answer.outcome}, confidence {answer.confidence:.2f}, {known}"


COMMAND = ask
