"""Nodes are found by their names however these are written, and by nothing less than the name."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragmed.graph.names import find_name, names_like
from ragmed.graph.store import Graph
from ragmed.types import Name, Node
from tests.graph_for_tests import graph_of


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    return graph_of(
        tmp_path,
        [
            Node("A:0", "Scan", "procedure", "s", (Name("Café-au-lait spot", "synonym"),)),
            Node("A:1", "Crohn's disease", "disease", "s", (Name("Regional enteritis", "synonym"),)),
            Node("A:2", "Enteritis, regional", "disease", "s"),
            Node("A:3", "Regional enteritis", "disease", "s"),
            Node("A:4", "Biopsy", "procedure", "s"),
            Node("A:5", "α-thalassaemia", "disease", "s"),
            Node("A:6", "Crohn disease of the colon", "disease", "s"),
        ],
    )


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("crohn disease", (1,)),
        ("CROHN’S DISEASES", (1,)),
        ("cafe au lait spots", (0,)),
        ("biopsies", (4,)),
        ("α thalassaemia", (5,)),
        ("regional  enteritis", (3, 1)),
        ("enteritis", ()),
        ("crohn", ()),
        ("", ()),
        ("…", ()),
    ],
)
def test_a_name_is_found_whatever_its_case_number_and_accents(graph: Graph, text: str, rows: tuple[int, ...]) -> None:
    assert find_name(graph, text) == rows


def test_names_that_share_words_are_offered_the_likest_first(graph: Graph) -> None:
    assert names_like(graph, "Crohn disease") == (1, 6)
    assert names_like(graph, "xylophone") == ()
    assert names_like(graph, "Crohn disease", n=1) == (1,)


def test_a_graph_without_names_has_none(tmp_path: Path) -> None:
    assert find_name(graph_of(tmp_path, []), "fever") == ()
