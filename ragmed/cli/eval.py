"""``ragmed eval``: measure retrieval and answers on a benchmark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from ragmed.cli._options import json_option
from ragmed.cli._output import count, print_json, print_table, print_text
from ragmed.cli._progress import progress_bars


@click.command(
    "eval",
    short_help="Measure retrieval and answers on a benchmark.",
    epilog="""\b
Examples:
  ragmed eval pubmedqa
  ragmed eval eval/pubmedqa.toml --check
  ragmed eval bioasq_dev --ablate graph
  ragmed eval --benchmark beir --path ./nfcorpus --json
  ragmed eval --benchmark beir --path ./nfcorpus --pipeline bm25
  ragmed eval --benchmark mirage --predictions ./prediction --json
""",
)
@click.argument("recipe", required=False)
@click.option("--benchmark", metavar="NAME", help="Without a recipe: the layout of --path or --predictions.")
@click.option(
    "--path", type=click.Path(path_type=Path, exists=True, file_okay=False), help="A folder in that benchmark's layout."
)
@click.option(
    "--predictions",
    type=click.Path(path_type=Path, exists=True),
    help="Score replies stored in MIRAGE's layout, or as JSON lines of id and choice or reply.",
)
@click.option(
    "--pipeline",
    metavar="NAME",
    default="hybrid",
    show_default=True,
    help="How --path is searched: hybrid, bm25, dense, or the name of an index recipe.",
)
@click.option(
    "--ablate",
    metavar="PART",
    multiple=True,
    help="Run each system without PART too, and print the difference: graph (always told of where there is one), "
    "queries, rerankers, or a retriever. May be repeated.",
)
@click.option("--check", is_flag=True, help="Exit code 1 where a figure leaves the tolerance that the recipe states.")
@click.option("--limit", type=click.IntRange(1), help="Only the first so many questions, for a trial.")
@click.option("--results", type=click.Path(path_type=Path, file_okay=False), help="Folder for the results.")
@click.option("--workers", type=click.IntRange(1, 256), help="Questions answered at once.  [default: one a core]")
@click.option("--offline", is_flag=True, help="Download nothing; a file that is not here is an error.")
@json_option
def evaluate(
    recipe: str | None,
    benchmark: str | None,
    path: Path | None,
    predictions: Path | None,
    pipeline: str,
    ablate: tuple[str, ...],
    check: bool,
    limit: int | None,
    results: Path | None,
    workers: int | None,
    offline: bool,
    as_json: bool,
) -> int:
    """Run the evaluation RECIPE, a name or a TOML file, and write its results folder with a report.

    Run it again after an interruption: it goes on where it was. Indexes are built where they are missing.
    """
    if predictions is not None:
        return _score(benchmark or "mirage", predictions, offline, as_json)
    if (recipe is None) == (path is None):
        raise click.UsageError("give a RECIPE, or --benchmark NAME with --path DIR or --predictions DIR")
    from ragmed.evaluation.adhoc import folder_recipe
    from ragmed.evaluation.report import write_report
    from ragmed.evaluation.results import read_results
    from ragmed.evaluation.run import evaluate as run_evaluation
    from ragmed.evaluation.summary import failures
    from ragmed.home import mirror
    from ragmed.recipe import read_evaluation_recipe

    if recipe is not None:
        read = read_evaluation_recipe(Path(recipe) if recipe.endswith(".toml") else recipe)
    else:
        assert path is not None
        read = folder_recipe(benchmark or "beir", path, pipeline)
    with progress_bars() as progress:
        folder = run_evaluation(
            read,
            folder=results,
            mirror=mirror(),
            fetch=not offline,
            limit=limit,
            workers=workers,
            ablate=ablate,
            progress=progress,
        )
        report = write_report(folder)
    summary = read_results(folder).summary
    failed = failures(summary) if check else []
    if as_json:
        print_json({"results": str(folder), "html": str(report), "failed": failed, **summary})
        return 1 if failed else 0
    _print(summary)
    print_text(f"results in {folder}; look at {report}")
    for line in failed:
        print_text(line, "red")
    return 1 if failed else 0


def _score(benchmark: str, predictions: Path, offline: bool, as_json: bool) -> int:
    """Score replies made elsewhere."""
    from ragmed.evaluation.predictions import score_predictions
    from ragmed.evaluation.run import benchmark_questions
    from ragmed.home import mirror
    from ragmed.recipe import read_evaluation_recipe
    from ragmed.report import Report

    report = Report()
    questions = benchmark_questions(read_evaluation_recipe(benchmark), report, mirror=mirror(), fetch=not offline)
    table = score_predictions(questions, predictions, report).table()
    if as_json:
        print_json({"benchmark": benchmark, "predictions": str(predictions), **table})
        return 0
    _print_scores(table)
    return 0


def _print(summary: Mapping[str, Any]) -> None:
    print_text(f"{summary['name']}: {count(summary['n_questions'], 'question')}", "bold")
    systems = summary["systems"]
    labels = list(next(iter(systems.values()))["measures"])
    rows = []
    for name, system in systems.items():
        cells = []
        for label in labels:
            figure = system["measures"][label]
            cells.append(f"{figure['mean']:.4f} [{figure['low']:.4f}, {figure['high']:.4f}]" if figure["n"] else "")
        rows.append([name, *cells])
    print_table(["system", *labels], rows)
    for name, system in systems.items():
        if system["outcomes"]:
            ended = ", ".join(f"{outcome} {n:,}" for outcome, n in system["outcomes"].items())
            print_text(f"{name}: {ended}")
    if ablations := summary.get("ablations"):
        _print_ablations(ablations)
    for entry in summary["expected"]:
        measured = "not measured" if entry["measured"] is None else f"{entry['measured']:.4f}"
        verdict = "as expected" if entry["ok"] else "NOT as expected"
        print_text(
            f"{entry['system']}, {entry['measure']}: {measured}, {verdict} ({entry['value']} ± {entry['tolerance']})"
        )


def _print_ablations(tables: Sequence[Mapping[str, Any]]) -> None:
    from ragmed.evaluation.wording import EFFECT, SUBSETS, effect

    for table in tables:
        title = f"{table['system']} with and without {table['part']} (left out: {'; '.join(table['left_out'])})"
        print_text(title, "bold")
        rows = [[row["measure"], SUBSETS[row["subset"]], *effect(row)] for row in table["rows"]]
        print_table(["measure", "of", *EFFECT], rows)


def _print_scores(table: Mapping[str, Any]) -> None:
    for name, system in table.get("systems", {}).items():
        print_text(name, "bold")
        _print_scores(system)
    for key, value in table.items():
        if not isinstance(value, dict | list):
            print_text(f"{key}: {_number(value)}")
    for name, row in table.get("sets", {}).items():
        print_text(f"{name}: " + ", ".join(f"{key} {_number(value)}" for key, value in row.items()))


def _number(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)


COMMAND = evaluate
