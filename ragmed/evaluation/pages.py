"""Pages of the documentation that show what was measured: what stands between two markers is written anew.

    <!-- ablation table -->
    …
    <!-- end of ablation table -->

The prose around it stays.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ragmed.errors import MissingFile
from ragmed.evaluation.compare import results_folder
from ragmed.evaluation.report import write_report
from ragmed.evaluation.results import Results, read_results
from ragmed.evaluation.run import evaluate
from ragmed.evaluation.store import DURATIONS, RESULTS
from ragmed.home import mirror
from ragmed.sources import StageProgress


def between(page: str, name: str, content: str) -> str:
    """The page with what stands between the markers ``name`` and ``end of name`` replaced.

    Raises:
        ValueError: it has no such markers.

    >>> between("Before. <!-- a -->old<!-- end of a --> After.", "a", "new")
    'Before. <!-- a -->\\nnew\\n<!-- end of a --> After.'
    """
    start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, opened, rest = page.partition(start)
    _, closed, after = rest.partition(end)
    if not opened or not closed:
        raise ValueError(f"the page has no markers {start} and {end}; put them where the content belongs")
    return f"{before}{start}\n{content}\n{end}{after}"


def write_between(path: Path, name: str, content: str) -> None:
    """Write the page anew: `between`, on a file."""
    path.write_text(between(path.read_text(encoding="utf-8"), name, content), encoding="utf-8")


def measure(name: str, progress: StageProgress, *, again: bool = False) -> None:
    """Run the evaluation of that name and write its report; it goes on where it was, or, ``again``, starts anew.

    Raises: as `ragmed.evaluation.run.evaluate`.
    """
    folder = results_folder() / name
    for path in [*folder.glob(f"*/{RESULTS}"), *folder.glob(f"*/{DURATIONS}")] if again else []:
        path.unlink()
    evaluate(name, mirror=mirror(), progress=progress)
    write_report(folder)


def measured(names: Iterable[str], check: Callable[[Results], object]) -> Iterator[Results]:
    """The results of those evaluations that were measured and of which ``check`` raises no `MissingFile`.

    What is left out is told on standard error.
    """
    for name in names:
        try:
            results = read_results(results_folder() / name)
            check(results)
        except MissingFile as error:
            print(f"left out: {error}", file=sys.stderr)
        else:
            yield results
