"""Drawings of a graph: everything in them is said, nothing in them is markup, and they are the same every time."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from ragmed.graph.drawing import MAX_SIDE, node_figure, node_page, paths_figure, paths_page
from ragmed.graph.paths import shortest_paths
from ragmed.graph.store import Graph
from ragmed.types import Edge, Node
from tests.graph_for_tests import Fact, graph_of, small_hpo

_SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    return graph_of(tmp_path, small_hpo())


def _svg(figure: str) -> ET.Element:
    found = ET.fromstring(figure).find(f"{_SVG}svg")
    assert found is not None
    return found


def _boxes(svg: ET.Element) -> list[tuple[float, float, float, float]]:
    """Left, top, width and height of every box of a node."""
    of_boxes = [child for child in svg if child.get("class") == "box"]
    rects = [rect for box in of_boxes for rect in box.iter(f"{_SVG}rect")]
    return [tuple(float(rect.get(side, "0")) for side in ("x", "y", "width", "height")) for rect in rects]  # type: ignore[misc]


def _overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return (
        one[0] < other[0] + other[2]
        and other[0] < one[0] + one[2]
        and one[1] < other[1] + other[3]
        and other[1] < one[1] + one[3]
    )


def test_ways_of_any_length_are_drawn_without_overlaps(graph: Graph) -> None:
    paths = shortest_paths(graph, [graph.row("OMIM:1")], [graph.row("OMIM:2")], max_hops=4, max_paths=6)
    assert len({len(path.rows) for path in paths}) > 1
    svg = _svg(paths_figure(graph, paths))
    boxes = _boxes(svg)
    assert len(boxes) == 2 + sum(len(path.rows) - 2 for path in paths)
    assert not any(_overlap(one, other) for i, one in enumerate(boxes) for other in boxes[:i])
    assert len(list(svg.iter(f"{_SVG}polygon"))) == sum(len(path.edges) for path in paths)


def test_each_way_begins_at_the_box_of_its_own_node(graph: Graph) -> None:
    starts = [graph.row("OMIM:1"), graph.row("OMIM:2")]
    paths = shortest_paths(graph, starts, [graph.row("HP:0001083")], max_hops=2, max_paths=6)
    n_groups = [len(list(itertools.groupby(path.rows[end] for path in paths))) for end in (0, -1)]
    assert n_groups[0] > 1
    boxes = _boxes(_svg(paths_figure(graph, paths)))
    assert len(boxes) == sum(n_groups) + sum(len(path.rows) - 2 for path in paths)
    assert not any(_overlap(one, other) for i, one in enumerate(boxes) for other in boxes[:i])


def test_an_arrow_points_at_the_object(graph: Graph) -> None:
    [path] = shortest_paths(graph, [graph.row("HP:0001083")], [graph.row("OMIM:1")], max_hops=1)
    [line] = _svg(paths_figure(graph, [path])).iter(f"{_SVG}line")
    [point] = _svg(paths_figure(graph, [path])).iter(f"{_SVG}polygon")
    tip = float((point.get("points") or "").split(",")[0])
    assert tip < float(line.get("x2", "0")) / 2 + 100  # to the left, where the finding is
    assert tip < float(line.get("x1", "0"))


def test_what_is_denied_is_dashed_and_said(graph: Graph) -> None:
    figure = node_figure(graph, graph.row("OMIM:2"))
    assert figure.count('class="way denied"') == 1
    assert "not: has finding" in figure


def test_statements_have_their_share_and_citation(graph: Graph) -> None:
    page = node_page(graph, graph.row("OMIM:1"))
    assert "80 %" in page
    assert '<a href="https://pubmed.ncbi.nlm.nih.gov/1/">PMID:1</a>' in page
    assert "It helped." in page


def test_a_node_with_many_statements_says_how_many_more(tmp_path: Path) -> None:
    facts: list[Fact] = [Node(f"A:{i}", f"name {i}", "gene", "s") for i in range(MAX_SIDE + 8)]
    facts += [Edge("A:0", "causes", f"A:{i}", "s") for i in range(1, MAX_SIDE + 8)]
    graph = graph_of(tmp_path, facts)
    figure = node_figure(graph, 0)
    assert "and 7 more statements, listed below" in figure
    assert len(_boxes(_svg(figure))) == MAX_SIDE + 1
    assert node_page(graph, 0).count("<li>") == MAX_SIDE + 7


def test_a_node_without_statements_is_drawn_alone(graph: Graph) -> None:
    assert len(_boxes(_svg(node_figure(graph, graph.row("HP:0012823"))))) == 1


def test_names_and_addresses_are_no_markup(tmp_path: Path) -> None:
    facts: list[Fact] = [
        Node("A:1", "<script>alert(1)</script>", "drug", "s", url="javascript:alert(1)"),
        Node(
            "A:2",
            'a "quoted" & very, very, very long name that does not fit into any box',
            "gene",
            "s",
            url="https://a/?b&c",
        ),
        Edge("A:1", "causes", "A:2", "s", evidence=("https://x/?a&b", "javascript:alert(2)"), quote="<b>so</b>"),
    ]
    graph = graph_of(tmp_path, facts)
    for page in (paths_page(graph, shortest_paths(graph, [0], [1])), node_page(graph, 0)):
        ET.fromstring(re.sub(r"<!DOCTYPE html>|<meta[^>]*>", "", page))
        assert "<script" not in page
        assert 'href="javascript' not in page
        assert 'href="https://x/?a&amp;b"' in page
        assert "&lt;b&gt;so&lt;/b&gt;" in page


def test_the_same_graph_gives_the_same_bytes(graph: Graph) -> None:
    row = graph.row("HP:0000545")
    assert node_page(graph, row) == node_page(graph, row)
    assert "2025-01-16" in node_page(graph, row)
