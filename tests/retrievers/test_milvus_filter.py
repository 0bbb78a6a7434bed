"""A mask of passages is told to Milvus by what they have in common, or else by their rows."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmed.retrievers import _milvus_filter
from ragmed.retrievers._milvus_filter import Columns, ColumnsWriter, Selection

SOURCE = ["hpo", "hpo", "pubmed", "pubmed", "pubmed", 'a "quoted" one']
LICENCE = ["CC0", "CC BY", "CC0", "CC BY", "CC0", "CC0"]


@pytest.fixture
def columns(tmp_path: Path) -> Columns:
    writer = ColumnsWriter()
    for name, values in {"source": SOURCE, "licence": LICENCE, "kind": ["x"] * 6, "published": ["2019"] * 6}.items():
        writer.append(name, values)
    writer.write(tmp_path)
    return Columns(tmp_path)


def mask(*rows: int, n: int = 6) -> np.ndarray:
    return np.isin(np.arange(n), rows)


def test_all_passages_need_no_expression(columns: Columns) -> None:
    assert columns.selection(None, partitioned=True) == Selection(("",), ())
    assert columns.selection(mask(0, 1, 2, 3, 4, 5), partitioned=True) == Selection(("",), ())


def test_a_source_is_named_and_its_partition_alone_is_searched(columns: Columns) -> None:
    assert columns.selection(mask(2, 3, 4), partitioned=True) == Selection(('source in ["pubmed"]',), ("source_1",))
    assert columns.selection(mask(2, 3, 4), partitioned=False) == Selection(('source in ["pubmed"]',), ())


def test_a_choice_of_two_columns_is_named(columns: Columns) -> None:
    selection = columns.selection(mask(2, 4), partitioned=True)
    assert selection == Selection(('source in ["pubmed"] and licence in ["CC0"]',), ("source_1",))


def test_names_are_quoted(columns: Columns) -> None:
    [expression] = columns.selection(mask(5), partitioned=False).expressions
    assert 'source in ["a \\"quoted\\" one"]' in expression


def test_what_no_column_tells_is_told_by_rows(columns: Columns) -> None:
    assert columns.selection(mask(2, 3), partitioned=True) == Selection(("(row >= 2 and row <= 3)",), ("source_1",))


def test_sources_beyond_the_partitions_are_searched_in_all(tmp_path: Path) -> None:
    writer = ColumnsWriter()
    writer.append("source", [f"s{i}" for i in range(70)])
    for name in ("licence", "kind", "published"):
        writer.append(name, [""] * 70)
    writer.write(tmp_path)
    columns = Columns(tmp_path)
    assert columns.selection(mask(0, 69, n=70), partitioned=True).partitions == ()
    assert columns.selection(mask(0, 1, n=70), partitioned=True).partitions == ("source_0", "source_1")


@given(rows=st.sets(st.integers(0, 200), min_size=1), max_runs=st.integers(0, 20), at_once=st.integers(1, 30))
def test_expressions_select_each_row_once_and_no_other(rows: set[int], max_runs: int, at_once: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_milvus_filter, "_MAX_RUNS", max_runs)
        patch.setattr(_milvus_filter, "_ROWS", at_once)
        expressions = _milvus_filter._by_rows(np.array(sorted(rows)))
    selected: list[int] = []
    for expression in expressions:
        ranges = re.findall(r"row >= (\d+) and row <= (\d+)", expression)
        selected += [row for first, last in ranges for row in range(int(first), int(last) + 1)]
        selected += [int(row) for listed in re.findall(r"\[(.*)\]", expression) for row in listed.split(",")]
    assert sorted(selected) == sorted(rows)
