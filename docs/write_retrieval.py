"""Measure retrieval on every development set and write the figures into docs/retrieval.md (``make retrieval``).

    python docs/write_retrieval.py                  every set, the examples, the page
    python docs/write_retrieval.py --set pubmedqa   this set alone; the others as they were measured last
    python docs/write_retrieval.py --again          what was measured before is measured again

An evaluation that was interrupted goes on where it was (`ragmed.evaluation.run`). Only what stands between the page's
markers is written; the prose around stays.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ragmed import home
from ragmed.api import open_index
from ragmed.cli._progress import progress_bars
from ragmed.errors import MissingFile, NoIndex, StaleIndex
from ragmed.evaluation.pages import measure, measured, write_between
from ragmed.evaluation.results import Results, SystemResults
from ragmed.evaluation.statistics import paired_bootstrap, paired_randomisation
from ragmed.index.build import build
from ragmed.recipe import read_index_recipe

PAGE = Path(__file__).with_name("retrieval.md")
MEASURE = "nDCG@10"
SETS: Mapping[str, str] = {
    "pubmedqa": "PubMedQA: question → abstract",
    "bioasq_dev": "BioASQ 7–9: question → abstracts",
    "medquad_questions": "MedQuAD: question → the same asked elsewhere",
    "kqa_answers": "K-QA: patient's question → physicians' answer",
    "phenopackets_omim": "case findings → OMIM's diseases",
    "phenopackets_balanced": "the same, at most five cases of a disease",
    "phenopackets_dev": "case findings → diseases of OMIM, Orphanet and DECIPHER",
}
"""Recipe → what the page calls it, in the order of the rows."""
PARTS, RRF, HYBRID = ("bm25", "dense"), "rrf", "hybrid"
EXAMPLES: Sequence[tuple[str, str, str]] = (
    ("A question to abstracts", "pubmedqa", "Does laparoscopic surgery shorten the stay in hospital?"),
    ("A case to diseases", "hpo_diseases", "Arachnodactyly, Ectopia lentis, Aortic root aneurysm, Scoliosis"),
    ("A consumer's question", "default", "why do my ankles swell at the end of the day"),
)
"""Heading, index and query of what `ragmed search --explain` is shown for."""


@dataclass(frozen=True, slots=True)
class Row:
    """A set's figures. ``difference``, its interval and ``p`` are of the hybrid less the ``better`` part."""

    recipe: str
    n: int
    means: Mapping[str, tuple[float, float, float]]
    better: str
    difference: tuple[float, float, float]
    p: float


def row(results: Results) -> Row:
    """The row of a set. Raises `MissingFile`: it was measured in part, or without one of the systems."""
    systems = {name: _system(results, name) for name in (*PARTS, RRF, HYBRID)}
    measured = {name: system.measures[MEASURE] for name, system in systems.items()}
    better = max(PARTS, key=lambda name: (measured[name].mean, name))
    hybrid, part = systems[HYBRID].figures(MEASURE), systems[better].figures(MEASURE)
    pairs = [(hybrid[query_id], part[query_id]) for query_id in hybrid]
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    return Row(
        recipe=results.name,
        n=measured[HYBRID].n,
        means={name: (found.mean, found.low, found.high) for name, found in measured.items()},
        better=better,
        difference=paired_bootstrap(first, second),
        p=paired_randomisation(first, second),
    )


def _system(results: Results, name: str) -> SystemResults:
    if results.summary.get("limit") is not None or name not in results.systems:
        raise MissingFile(f"{results.folder}: not every question or system was measured; run make retrieval")
    return results.systems[name]


def table(rows: Sequence[Row]) -> Iterator[str]:
    """The rows as lines of Markdown; the best mean of each stands out."""
    yield f"| set ({MEASURE}) | questions | BM25 | dense | RRF | hybrid | hybrid − better part | p |"
    yield "|---|---|---|---|---|---|---|---|"
    for one in rows:
        best = max(round(mean, 4) for mean, _, _ in one.means.values())
        cells = [f"{SETS[one.recipe]} (`{one.recipe}`)", f"{one.n:,}"]
        for name in (*PARTS, RRF, HYBRID):
            mean, low, high = one.means[name]
            figure = f"{mean:.4f}"
            cells.append(f"{f'**{figure}**' if round(mean, 4) == best else figure} [{low:.3f}, {high:.3f}]")
        difference, low, high = one.difference
        cells += [f"{difference:+.4f} [{low:+.4f}, {high:+.4f}]", "< 0.0001" if one.p < 1e-4 else f"{one.p:.4f}"]
        yield f"| {' | '.join(cells)} |"


def written(read: Sequence[Results]) -> str:
    """The table and what it was made with."""
    versions = sorted({str(results.versions["ragmed"]) for results in read})
    indexes = {results.index_card["name"]: results.index_card["index_id"] for results in read}
    made = ", ".join(f"`{name}` {index_id[:12]}" for name, index_id in sorted(indexes.items()))
    lines = [*table([row(results) for results in read]), "", f"ragmed {', '.join(versions)}; indexes: {made}."]
    return "\n".join(lines)


def examples() -> str:
    """What ``ragmed search --explain`` prints for each of `EXAMPLES` today."""
    parts = []
    for heading, index, query in EXAMPLES:
        _build_where_stale(index)
        printed = _ragmed("search", query, "--index", index, "-k", "2", "--explain")
        parts.append(
            f'### {heading}\n\n```console\n$ ragmed search "{query}" --index {index} -k 2 --explain\n{printed}```'
        )
    return "\n\n".join(parts)


def _build_where_stale(index: str) -> None:
    destination = home.index_path(index)
    try:
        open_index(destination)
    except (NoIndex, StaleIndex):
        with progress_bars() as progress:
            build(read_index_recipe(index), destination, mirror=home.mirror(), progress=progress)


def _ragmed(*words: str) -> str:
    environment = os.environ | {"PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "ragmed", *words]
    return subprocess.run(command, stdout=subprocess.PIPE, encoding="utf-8", env=environment, check=True).stdout


def main() -> None:
    """Measure, and write the page anew."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", action="append", choices=SETS, help="only this set; may be repeated")
    parser.add_argument("--again", action="store_true", help="forget what was measured before of the sets run")
    parser.add_argument("--no-examples", action="store_true", help="leave the examples of --explain as they are")
    options = parser.parse_args()
    for name in options.set or SETS:
        with progress_bars() as progress:
            measure(name, progress, again=options.again)
    write_between(PAGE, "retrieval table", written(list(measured(SETS, row))))
    if not options.no_examples:
        write_between(PAGE, "explain examples", examples())


if __name__ == "__main__":
    main()
