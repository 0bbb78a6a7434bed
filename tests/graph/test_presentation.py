"""What is told of a patient is read as findings, and what could not be read is said."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from ragmed.graph.findings import profiles_of
from ragmed.graph.presentation import FindingsReader, Presentation
from ragmed.graph.store import Graph
from tests.graph_for_tests import graph_of, small_hpo


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return graph_of(tmp_path_factory.mktemp("presentation"), small_hpo())


@pytest.fixture(scope="module")
def reader(graph: Graph) -> FindingsReader:
    return FindingsReader(graph, profiles_of(graph, np.flatnonzero(graph.predicate == graph.code("has_finding"))))


def _ids(graph: Graph, read: Presentation) -> tuple[list[str], list[str]]:
    return [graph.node_id(one.node) for one in read.observed], [graph.node_id(one.node) for one in read.excluded]


@pytest.mark.parametrize(
    ("observed", "excluded", "has", "has_not"),
    [
        (["HP:0001083"], [], ["HP:0001083"], []),
        (["HP:0001083, HP:0000545"], ["HP:0002616"], ["HP:0001083", "HP:0000545"], ["HP:0002616"]),
        (["dislocated lens and near-sightedness"], [], ["HP:0001083", "HP:0000545"], []),
        (["ectopia lentis, no myopia"], [], ["HP:0001083"], ["HP:0000545"]),
        (["hp:0001083"], ["mitral valve prolapse"], ["HP:0001083"], ["HP:0001634"]),
        (["HP:0001083", "HP:0001083", "ectopia lentis"], [], ["HP:0001083"], []),
    ],
)
def test_identifiers_and_names_are_findings(
    graph: Graph,
    reader: FindingsReader,
    observed: Sequence[str],
    excluded: Sequence[str],
    has: list[str],
    has_not: list[str],
) -> None:
    assert _ids(graph, reader.read(observed, excluded)) == (has, has_not)


def test_an_id_that_is_no_longer_used_stands_for_what_replaces_it_and_that_is_said(
    graph: Graph, reader: FindingsReader
) -> None:
    read = reader.read(["HP:0099999"])
    assert _ids(graph, read) == (["HP:0001083"], [])
    assert read.notices == ("HP:0099999 is no longer used: taken as Ectopia lentis (HP:0001083)",)


@pytest.mark.parametrize(
    ("told", "notice"),
    [
        ("HP:0088888", "is no longer used and nothing takes its place"),
        ("HP:7777777", "is not in the graph"),
        ("OMIM:1", "is no finding"),
        ("mother had myopia", "is said of relatives"),
        ("purple hair", "not understood: “purple hair”"),
    ],
)
def test_what_cannot_be_taken_is_said(graph: Graph, reader: FindingsReader, told: str, notice: str) -> None:
    read = reader.read([told, "HP:0001634"])
    assert _ids(graph, read) == (["HP:0001634"], [])
    assert notice in " ".join(read.notices)


def test_a_finding_told_as_present_and_as_absent_is_neither(graph: Graph, reader: FindingsReader) -> None:
    read = reader.read(["HP:0001083", "HP:0000545"], ["HP:0001083"])
    assert _ids(graph, read) == (["HP:0000545"], [])
    assert "both as present and as absent" in read.notices[0]


def test_absent_is_not_what_is_implied_by_what_is_present(graph: Graph, reader: FindingsReader) -> None:
    read = reader.read(["HP:0001083"], ["HP:0000478"])
    assert _ids(graph, read) == (["HP:0001083"], [])
    assert "is a kind of it" in read.notices[0]


def test_other_words_for_a_finding_are_taken_as_the_nearest_and_that_is_said(
    graph: Graph, reader: FindingsReader
) -> None:
    read = reader.read(["aneurysm of the aortic root"])
    assert _ids(graph, read) == (["HP:0002616"], [])
    assert read.observed[0].is_near
    assert "is taken as Aortic root aneurysm" in read.notices[0]


@pytest.mark.parametrize("told", ["", " ,;. ", "???", "発熱", "no no no", "a" * 10_000])
def test_nothing_is_made_of_nothing(reader: FindingsReader, told: str) -> None:
    assert reader.read([told]).observed == ()
