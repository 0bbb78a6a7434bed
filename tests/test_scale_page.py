"""docs/scale.md: its tables are what docs/scale.toml gives, and that says what is measured where."""

from __future__ import annotations

import re
import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).parents[1]
PAGE = (CHECKOUT / "docs" / "scale.md").read_text(encoding="utf-8")
BENCHMARKS = (CHECKOUT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
WRITER: dict[str, Any] = runpy.run_path(str(CHECKOUT / "docs" / "write_scale.py"))
FIGURES = WRITER["read"]()


def column(name: str, figures: Any = FIGURES) -> dict[str, str]:
    [step] = [step for step in figures.steps if step.name == name]
    found: dict[str, str] = WRITER["plan"](step, figures)
    return found


def number(cell: str) -> float:
    """Of a cell; gigabytes where it is a size."""
    [digits] = re.findall(r"[\d,.]+", cell)
    return float(digits.replace(",", "")) * (1000 if cell.endswith(" TB") else 1)


def test_the_tables_are_what_is_computed() -> None:
    assert WRITER["written"](PAGE, FIGURES) == PAGE, "run: python docs/write_scale.py"


def test_every_figure_is_used_and_every_used_one_is_there() -> None:
    source = (CHECKOUT / "docs" / "write_scale.py").read_text(encoding="utf-8")
    used = set(re.findall(r'of\["(\w+)"\]', source))
    for name, pattern in re.findall(r'of\[f"(\{name\})(_\w+)"\]', source):
        assert name == "{name}"
        used |= {figure for figure in (*FIGURES.measured, *FIGURES.assumed) if figure.endswith(pattern)}
    assert {*FIGURES.measured, *FIGURES.assumed} - used == set()
    assert used - {*FIGURES.measured, *FIGURES.assumed} == set()
    assert not set(FIGURES.measured) & set(FIGURES.assumed)


@pytest.mark.parametrize("name", FIGURES.measured)
def test_what_measured_a_figure_is_there(name: str) -> None:
    where = FIGURES.measured[name].where
    named = re.findall(r"`((?:bench|docs|indexes)/[\w./]+)", where)
    assert named or "`make bench" in where, "say what measured it"
    for path in named:
        if path.startswith("indexes/"):
            path = "/".join(path.split("/")[:2]) + ".toml"
        assert (CHECKOUT / path).exists(), path


@pytest.mark.parametrize(
    ("name", "row", "factor"),
    [("read_us", "PubMed file, per article", 1.0), ("write_us", "write a passage", 1000.0)],
)
def test_figures_of_the_benchmarks_are_about_theirs(name: str, row: str, factor: float) -> None:
    [median] = re.findall(rf"^\| *{re.escape(row)} \| ([\d.]+) ", BENCHMARKS, re.MULTILINE)
    assert FIGURES[name] == pytest.approx(float(median) * factor, rel=0.5)


def test_disk_is_bytes_a_passage_times_passages() -> None:
    sizes = [FIGURES[f"{part}_bytes"] for part in ("store", "bm25", "vectors", "codes")]
    assert number(column("PubMed")["together"]) == pytest.approx(24e6 * sum(sizes) / 1e9, rel=0.05)


def test_more_machines_make_the_build_shorter_but_not_what_one_machine_does_alone() -> None:
    hours = []
    for machines in (1, 4, 10**6):
        steps = [replace(step, machines=machines) for step in FIGURES.steps]
        hours.append(number(column("PMC full text", replace(FIGURES, steps=steps))["hours in all"]))
    assert hours[0] > hours[1] > hours[2]
    alone = number(column("PMC full text")["what one of them does alone, hours"])
    assert hours[2] == pytest.approx(alone, rel=0.05)


def test_a_dearer_machine_costs_more() -> None:
    assumed = dict(FIGURES.assumed)
    assumed["machine_price"] = replace(assumed["machine_price"], value=2 * FIGURES["machine_price"])
    dearer = column("PubMed", replace(FIGURES, assumed=assumed))
    for name in ("cost", "cost a month", "cost of them a month"):
        assert number(dearer[name]) == pytest.approx(2 * number(column("PubMed")[name]), rel=0.06)


@pytest.mark.parametrize("step", [step.name for step in FIGURES.steps])
def test_one_machine_is_enough_only_where_a_search_is_fast_and_the_build_has_room(step: str) -> None:
    found = column(step)
    room = FIGURES["machine_memory"] * FIGURES["machine_share"]
    fast = number(found["one query on one core"]) <= FIGURES["search_goal"]
    assert (found["is that enough?"] == "yes") == (fast and number(found["memory that building BM25 needs"]) <= room)
    assert (found["cost a month"] == "—") == (found["is that enough?"] == "no")


@pytest.mark.parametrize("step", [step.name for step in FIGURES.steps])
def test_no_query_node_holds_more_than_a_machine_has_room_for(step: str) -> None:
    found = column(step)
    room = FIGURES["machine_memory"] * FIGURES["machine_share"]
    assert number(found["memory of vectors and graph"]) / number(found["query nodes"]) <= 1.05 * room


def test_ivf_scans_all_lists_up_to_its_limit_and_a_share_beyond() -> None:
    probed = WRITER["probed"]
    assert probed(1_000_000, FIGURES) == probed(10_000_000, FIGURES) == 1
    assert probed(24_000_000, FIGURES) == 0.75
    from ragmed.retrievers import _vector_index

    assert FIGURES["scanned_rows"] == _vector_index._SCANNED_ROWS
    assert FIGURES["probed_share"] == _vector_index._PROBED


@pytest.mark.parametrize(
    ("value", "told"), [(0.0312, "0.031"), (3.456, "3.5"), (34.56, "35"), (1234.5, "1,200"), (0, "0")]
)
def test_numbers_have_two_digits_that_matter(value: float, told: str) -> None:
    assert WRITER["_rounded"](value) == told
