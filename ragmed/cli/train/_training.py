"""Options, running and printing that the commands of ``ragmed train`` share."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ragmed.cli._options import json_option
from ragmed.cli._output import count, print_json, print_text
from ragmed.cli._progress import progress_bars

if TYPE_CHECKING:
    from ragmed.training.settings import Settings

_RANKS = re.compile(r"(\d+)-(\d+)")


def _generator(_: click.Context, __: click.Parameter, value: str) -> dict[str, Any]:
    """A component's name, or its table as in a recipe."""
    if not value.lstrip().startswith("{"):
        return {"name": value} if value else {}
    try:
        table = tomllib.loads(f"generator = {value}")["generator"]
    except tomllib.TOMLDecodeError as error:
        raise click.BadParameter(f"not a table of TOML ({error})") from error
    return dict(table)


def _ranks(_: click.Context, __: click.Parameter, value: str) -> tuple[int, int]:
    match = _RANKS.fullmatch(value)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise click.BadParameter(f"{value!r}: write two ranks, the first being 1, as 5-50")
    return int(match[1]), int(match[2])


_OPTIONS = (
    click.option("-i", "--index", default="", help="Learn from this index, by name or folder; search negatives in it."),
    click.option(
        "--pairs",
        default="",
        metavar="FILE",
        help='Learn from JSON lines: "query" with "positive", "passage_id" or "doc_id".',
    ),
    click.option(
        "--queries",
        type=click.Choice(["questions", "titles", "cloze", "generated"]),
        default="questions",
        show_default=True,
        help="Without --pairs: what serves as queries for the index's passages.",
    ),
    click.option(
        "--generator", default="", callback=_generator, metavar="TABLE", help="The language model of generated queries."
    ),
    click.option("--base", required=True, metavar="MODEL", help="The model to start from: a folder or a hub id."),
    click.option(
        "--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="A new folder for the result."
    ),
    click.option("--epochs", type=click.IntRange(1), default=1, show_default=True, help="Passes over the pairs."),
    click.option("--batch-size", type=click.IntRange(1), default=16, show_default=True, help="Examples a step."),
    click.option(
        "--lr", type=click.FloatRange(0, min_open=True), default=2e-5, show_default=True, help="Learning rate."
    ),
    click.option(
        "--max-pairs", type=click.IntRange(2), default=10_000, show_default=True, help="Take so many at most."
    ),
    click.option(
        "--max-tokens", type=click.IntRange(1), help="Cut training texts there.  [default: the model's limit]"
    ),
    click.option(
        "--negatives", type=click.IntRange(0, 100), default=3, show_default=True, help="Hard negatives a pair."
    ),
    click.option(
        "--ranks", default="5-50", show_default=True, callback=_ranks, help="Of which ranks hard negatives are drawn."
    ),
    click.option("--retriever", default="", metavar="NAME", help="Search negatives with this one alone, as bm25."),
    click.option(
        "--margin",
        type=click.FloatRange(0, 1),
        default=0.0,
        help="Leave out negatives that score above this share of the positive's score, as 0.95.",
    ),
    click.option(
        "--held-out",
        type=click.FloatRange(0, 1, min_open=True, max_open=True),
        default=0.1,
        show_default=True,
        help="Share of the pairs to measure on.",
    ),
    click.option("--device", default="cpu", show_default=True, help="cpu, auto, or a name of torch's."),
    click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of everything random."),
    click.option("--dry-run", is_flag=True, help="Write the pairs with their negatives, to look at, and stop."),
    json_option,
)


def training_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of any training."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def train_and_print(
    model: str, out: Path, ranks: tuple[int, int], max_tokens: int | None, dry_run: bool, as_json: bool, **options: Any
) -> None:
    """Run a training and print its card. Raises what `ragmed.training.run.train` raises."""
    from ragmed.training.run import recipe_lines, train
    from ragmed.training.settings import Settings

    if not options["index"] and not options["pairs"]:
        raise click.UsageError("give --index NAME, --pairs FILE, or both")
    settings = Settings(
        model="encoder" if model == "encoder" else "reranker",
        first_rank=ranks[0],
        last_rank=ranks[1],
        max_tokens=max_tokens or 0,
        **options,
    )
    with progress_bars() as progress:
        card = train(settings, out, dry_run=dry_run, progress=progress)
    lines = recipe_lines(card, out) if card["finished"] else []
    if as_json:
        print_json({"out": str(out), "recipe": lines, **card})
        return
    _print(settings, out, card, lines)


def _print(settings: Settings, out: Path, card: dict[str, Any], lines: list[str]) -> None:
    pairs = card["pairs"]
    print_text(
        f"{count(pairs['n_train'], 'pair')} of {count(pairs['n_documents_train'], 'document')} to learn from, "
        f"{count(pairs['n_held_out'], 'pair')} of {count(pairs['n_documents_held_out'], 'document')} held out; "
        f"{count(pairs['n_negatives_found'], 'hard negative')} found in {pairs['searched']}, "
        f"{pairs['n_negatives_given_or_random']:,} given or drawn at random: {out / 'pairs.jsonl'}"
    )
    for reason, tally in {**card["report"]["skipped"], **card["report"]["notes"]}.items():
        print_text(f"{reason}: {tally['n']:,}")
    if not card["finished"]:
        print_text("Look at the pairs, then run the command again without --dry-run to train.")
        return
    figures = card["figures"]
    print_text(
        f"{figures['measure']} of {count(figures['n_queries'], 'held-out query', 'held-out queries')}: "
        f"{figures['before']:.4f} before, {figures['after']:.4f} after; difference {figures['difference']:+.4f} "
        f"(95 % interval {figures['low']:+.4f} to {figures['high']:+.4f}, p = {figures['p_value']:.4f})",
        "bold",
    )
    if not figures["is_better"]:
        print_text(f"not better than before: keep the old {settings.model}", "red")
    print_text("In an index recipe:" if figures["is_better"] else "To try it all the same, in an index recipe:")
    for line in lines:
        print_text(f"  {line}")


__all__ = ["train_and_print", "training_options"]
