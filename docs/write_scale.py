"""Compute the tables of docs/scale.md from the figures of docs/scale.toml and write them into the page.

    python docs/write_scale.py

A figure is measured (and says where) or assumed (and says why). Everything else is computed here, in `plan`, by rules
of three: what is true of a passage times the number of passages, unless a rule says otherwise.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ragmed.evaluation.pages import between

PAGE, FIGURES = Path(__file__).with_name("scale.md"), Path(__file__).with_name("scale.toml")
HOUR, GB = 3600.0, 1e9
FLOAT_BYTES, LINK_BYTES = 4, 4


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its unit; ``where`` it was measured, or why it is assumed."""

    value: float
    unit: str
    where: str


@dataclass(frozen=True, slots=True)
class Step:
    """A size of a collection, and with how many machines it is built."""

    name: str
    passages: int
    machines: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What docs/scale.toml says."""

    steps: Sequence[Step]
    measured: Mapping[str, Figure]
    assumed: Mapping[str, Figure]

    def __getitem__(self, name: str) -> float:
        """The value of a figure. Raises `KeyError`: there is none of that name."""
        return (self.measured.get(name) or self.assumed[name]).value


def read(path: Path = FIGURES) -> Figures:
    """The figures of a file."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return Figures(
        steps=[Step(**step) for step in table["steps"]],
        measured={name: Figure(**figure) for name, figure in table["measured"].items()},
        assumed={name: Figure(**figure) for name, figure in table["assumed"].items()},
    )


def plan(step: Step, of: Figures) -> dict[str, str]:
    """The rows of a step's column. Hours are of the clock where they do not say "core-hours"."""
    n = step.passages
    core = {name: n * of[f"{name}_us"] / 1e6 / HOUR for name in ("read", "write", "bm25_build", "codes_build")}
    core["encode"] = n * of["tokens"] / of["encode_tokens_s"] / HOUR
    gpu = n * of["tokens"] * of["minilm_operations"] * 1e6 / (of["gpu_peak"] * 1e12 * of["gpu_share"]) / HOUR
    disk = {name: n * of[f"{name}_bytes"] / GB for name in ("store", "bm25", "vectors", "codes")}
    search = n * (of["bm25_search_ns"] + probed(n, of) * of["dense_search_ns"]) / 1e6
    building = n * of["bm25_peak_bytes"] / GB
    searched = disk["bm25"] + disk["vectors"] + disk["codes"]
    room = of["machine_memory"] * of["machine_share"]
    enough = building <= room and search <= of["search_goal"]
    milvus = n * (of["dim"] * FLOAT_BYTES + 2 * of["hnsw_links"] * LINK_BYTES) / GB
    nodes = math.ceil(milvus / room)
    load = n * (1 / of["milvus_terms_s"] + 1 / of["milvus_load_s"]) / HOUR
    alone = core["write"] + (core["bm25_build"] + core["codes_build"] if enough else load)
    hours = (core["read"] + core["encode"]) / (step.machines * of["machine_cores"] * of["ray_efficiency"]) + alone
    price = of["machine_price"]
    month = price * of["month_hours"]
    return {
        "**building**": "",
        "reading and splitting, core-hours": _rounded(core["read"]),
        "encoding by `minilm`, core-hours": _rounded(core["encode"]),
        "the same on one GPU, hours": _rounded(gpu),
        "machines": f"{step.machines:,}",
        "what one of them does alone, hours": _rounded(alone),
        "hours in all": _rounded(hours),
        "cost": _rounded(hours * step.machines * price),
        "**disk**": "",
        "passages": _gigabytes(disk["store"]),
        "BM25": _gigabytes(disk["bm25"]),
        "vectors in int8": _gigabytes(disk["vectors"]),
        "codes of IVF": _gigabytes(disk["codes"]),
        "together": _gigabytes(sum(disk.values())),
        "**served from files by one machine**": "",
        "memory that a search needs": _gigabytes(disk["codes"] + of["base_memory"] / 1e3),
        "memory where all that is searched stays in it": _gigabytes(searched),
        "memory that building BM25 needs": _gigabytes(building),
        "one query on one core": f"{_rounded(search)} ms",
        "is that enough?": "yes" if enough else "no",
        "cost a month": _rounded(month) if enough else "—",
        "**served by Milvus**": "",
        "making terms and loading, hours": _rounded(load),
        "memory of vectors and graph": _gigabytes(milvus),
        "query nodes": f"{nodes:,}",
        "cost of them a month": _rounded(nodes * month),
    }


def probed(n: int, of: Figures) -> float:
    """The share of its lists that IVF scans (`ragmed.retrievers._vector_index`)."""
    return max(of["probed_share"], min(1.0, of["scanned_rows"] / n))


def _rounded(value: float) -> str:
    """Two digits that matter."""
    digits = 1 - math.floor(math.log10(value)) if value else 0
    return f"{round(value, digits):,.{max(0, digits)}f}"


def _gigabytes(value: float) -> str:
    return f"{_rounded(value)} GB" if value < 1000 else f"{_rounded(value / 1000)} TB"


def plan_table(of: Figures) -> str:
    """A column a step."""
    columns = [plan(step, of) for step in of.steps]
    heads = [f"{step.name}: {step.passages / 1e6:,.0f} M" for step in of.steps]
    lines = [_line(["passages", *heads]), _line(["---", *["--:"] * len(heads)], "")]
    return "\n".join([*lines, *(_line([name, *(column[name] for column in columns)]) for name in columns[0])])


def figures_table(figures: Mapping[str, Figure], last: str) -> str:
    """A row a figure."""
    lines = [_line(["figure", "value", last]), _line(["---", "--:", "---"], "")]
    rows = [[f"`{name}`", f"{f.value:,.12g} {f.unit}".strip(), f.where] for name, f in figures.items()]
    return "\n".join([*lines, *map(_line, rows)])


TABLES: Mapping[str, Callable[[Figures], str]] = {
    "plan": plan_table,
    "measured": lambda of: figures_table(of.measured, "measured by, and what"),
    "assumed": lambda of: figures_table(of.assumed, "what it is"),
}
"""What stands between the markers of the page, by their name."""


def written(page: str, of: Figures) -> str:
    """The page with its tables computed anew. Raises `ValueError`: a table has no markers."""
    for name, table in TABLES.items():
        page = between(page, f"{name} table", table(of))
    return page


def _line(cells: Sequence[str], space: str = " ") -> str:
    return f"|{'|'.join(f'{space}{cell}{space}' for cell in cells)}|"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), read()), encoding="utf-8")
