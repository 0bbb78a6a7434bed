"""Measure every development set with and without the graph and write the table into docs/graph.md (``make graph``).

    python docs/write_graph.py                  every set, the page
    python docs/write_graph.py --set pubmedqa   this set alone; the others as they were measured last
    python docs/write_graph.py --again          what was measured before is measured again

A set whose index makes no use of the graph has no row. An evaluation that was interrupted goes on where it was
(`ragmed.evaluation.run`). Only what stands between the page's markers is written; the prose around stays.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ragmed.cli._progress import progress_bars
from ragmed.errors import MissingFile
from ragmed.evaluation.pages import measure, measured, write_between
from ragmed.evaluation.results import Results
from ragmed.evaluation.statistics import holm
from ragmed.evaluation.wording import SUBSETS, p_value

PAGE = Path(__file__).with_name("graph.md")
SYSTEM, PART = "hybrid", "graph"
SETS: Mapping[str, tuple[str, str]] = {
    "pubmedqa": ("PubMedQA: question → abstract", "nDCG@10"),
    "bioasq_dev": ("BioASQ 7–9: question → abstracts", "nDCG@10"),
    "medquad_questions": ("MedQuAD: question → the same asked elsewhere", "nDCG@10"),
    "medlfqa_kqa": ("K-QA: patient's question, answered", "Comprehensiveness"),
    "phenopackets_omim": ("case findings → OMIM's diseases", "nDCG@10"),
    "phenopackets_balanced": ("the same, at most five cases of a disease", "nDCG@10"),
    "phenopackets_dev": ("case findings → diseases of OMIM, Orphanet and DECIPHER", "nDCG@10"),
}
"""Recipe → what the page calls it, and the measure, in the order of the rows."""
NOTHING = "Not measured yet: no index is searched with the graph."


@dataclass(frozen=True, slots=True)
class Row:
    """The effect of the graph on a measure, over all questions of a set or a ``subset``; ``p`` is not corrected."""

    recipe: str
    subset: str
    measure: str
    n: int
    with_graph: float
    without: float
    difference: tuple[float, float, float]
    p: float


def rows(results: Results) -> list[Row]:
    """The rows of a set. Raises `MissingFile`: it was measured in part, or nothing in it uses the graph."""
    told = [table for table in results.ablations if (table["part"], table["system"]) == (PART, SYSTEM)]
    if results.summary.get("limit") is not None or not told:
        raise MissingFile(f"{results.folder}: not every question was measured, or not without the graph")
    wanted = SETS[results.name][1]
    return [
        Row(
            recipe=results.name,
            subset=row["subset"],
            measure=row["measure"],
            n=row["n"],
            with_graph=row["with"],
            without=row["without"],
            difference=(row["difference"], row["low"], row["high"]),
            p=row["p"],
        )
        for row in told[0]["rows"]
        if row["measure"].removesuffix(" (proxy)") == wanted
    ]


def table(measured: Sequence[Row]) -> Iterator[str]:
    """The rows as lines of Markdown; differences that are significant after correction stand out."""
    yield "| set | measure | questions | with | without | difference | p | p (Holm) |"
    yield "|---|---|---|---|---|---|---|---|"
    corrected = holm([row.p for row in measured])
    for row, p in zip(measured, corrected, strict=True):
        difference, low, high = (f"{value:+.4f}" for value in row.difference)
        name = f"— its {SUBSETS[row.subset]}" if row.subset else f"{SETS[row.recipe][0]} (`{row.recipe}`)"
        shown = f"{f'**{difference}**' if p < 0.05 else difference} [{low}, {high}]"
        means = [f"{value:.4f}" for value in (row.with_graph, row.without)]
        cells = [name, row.measure, f"{row.n:,}", *means, shown, p_value(row.p), p_value(p)]
        yield f"| {' | '.join(cells)} |"


def written(read: Sequence[Results]) -> str:
    """The table and what it was made with."""
    if not read:
        return NOTHING
    versions = sorted({str(results.versions["ragmed"]) for results in read})
    indexes = {results.index_card["name"]: results.index_card["index_id"] for results in read}
    graphs = {card["name"]: card["graph_id"] for results in read if (card := results.summary.get("graph_card"))}
    made = [
        f"{what}: " + ", ".join(f"`{name}` {identity[:12]}" for name, identity in sorted(found.items()))
        for what, found in (("indexes", indexes), ("graphs", graphs))
        if found
    ]
    measured = [row for results in read for row in rows(results)]
    return "\n".join([*table(measured), "", f"ragmed {', '.join(versions)}; {'; '.join(made)}."])


def main() -> None:
    """Measure, and write the page anew."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", action="append", choices=SETS, help="only this set; may be repeated")
    parser.add_argument("--again", action="store_true", help="forget what was measured before of the sets run")
    options = parser.parse_args()
    for name in options.set or SETS:
        with progress_bars() as progress:
            measure(name, progress, again=options.again)
    write_between(PAGE, "ablation table", written(list(measured(SETS, rows))))


if __name__ == "__main__":
    main()
