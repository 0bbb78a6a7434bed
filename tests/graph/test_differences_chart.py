"""The matrix of differences: what its cells say, escaped, the same every time."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

from ragmed.graph.differences import Difference
from ragmed.graph.differences_chart import (
    MAX_CANDIDATES,
    differences_figure,
    named_without_share,
)
from tests.graph_for_tests import graph_of, small_hpo

NAMES = {1: "Ectopia lentis", 2: "Aortic <root> & aneurysm", 3: "Myopia"}
CANDIDATES = [("Lens and aorta syndrome", 0.7), ('Lens "only" <syndrome>', 0.299), ("Third", 0.001)]


def difference(finding: int, stated: tuple[float | None, ...], known: str = "") -> Difference:
    return Difference(finding, (0.5,) * len(stated), stated, 0.25, 3.0, (0,), (1,), known)  # type: ignore[arg-type]


DIFFERENCES = [
    difference(1, (0.6, 0.9, None), "observed"),
    difference(2, (0.8, 0.0, None), "excluded"),
    difference(3, (0.5, 0.004, None)),
]


def figure(**options: object) -> ElementTree.Element:
    html = differences_figure("Two & three", DIFFERENCES, CANDIDATES, NAMES.__getitem__, **options)  # type: ignore[arg-type]
    return ElementTree.fromstring(html)


def texts(drawn: ElementTree.Element) -> list[str]:
    return ["".join(t for t in element.itertext()) for element in drawn.iter() if element.tag.endswith("}text")]


def test_each_cell_says_the_share_a_denial_or_that_nothing_is_said() -> None:
    assert texts(figure(no_share=[{3}, set(), set()])) == [
        *(name * 2 for name, _ in CANDIDATES),  # the name, and whole when pointed at
        *("probability", "70 %", "30 %", "<1 %"),
        "bits",
        *("Ectopia lentis" * 2, "✓ has", "60", "90", "·", "0.25"),
        *("Aortic <root> & aneurysm" * 2, "✗ has not", "80", "no", "·", "0.25"),
        *("Myopia" * 2, "? ask", "yes", "<1", "·", "0.25"),
    ]


def test_the_shade_is_the_share_and_what_is_not_said_has_none() -> None:
    opacities = [float(e.attrib["fill-opacity"]) for e in figure().iter() if e.tag.endswith("}rect")]
    assert opacities[1] > opacities[0] > opacities[2] == 0.0
    assert max(opacities) <= 0.72


def test_those_who_hear_it_are_told_the_same() -> None:
    drawn = figure()
    [description] = [e.text for e in drawn.iter() if e.tag.endswith("}desc")]
    assert description is not None
    assert description.startswith('Ectopia lentis (has): Lens and aorta syndrome 60 %, Lens "only" <syndrome> 90 %')
    assert "Third not mentioned" in description


def test_candidates_that_are_not_drawn_are_counted() -> None:
    many = [(f"Disease {n}", 0.01) for n in range(MAX_CANDIDATES + 2)]
    html = differences_figure("Many", [difference(1, (0.5,) * len(many))], many, NAMES.__getitem__)
    assert "2 further candidates are not drawn." in html
    assert f"Disease {MAX_CANDIDATES}" not in html


def test_a_figure_stands_by_itself() -> None:
    html = differences_figure("A <case>", DIFFERENCES, CANDIDATES, NAMES.__getitem__)
    assert html == differences_figure("A <case>", DIFFERENCES, CANDIDATES, NAMES.__getitem__)
    assert not re.search(r"<script|<case>|<syndrome>|<root>|(?<!xmlns=\")https?://", html)


def test_what_is_named_without_a_share(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, small_hpo())
    named = named_without_share(graph, graph.row("OMIM:2"))
    assert [graph.name(row) for row in named] == ["Myopia"]
