"""Diseases ranked by findings: what must hold whatever the weights were fitted on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragmed.graph.diagnosis import FEATURES, Ranker
from ragmed.graph.findings import profiles_of
from ragmed.graph.store import Graph
from tests.graph_for_tests import graph_of, small_hpo


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return graph_of(tmp_path_factory.mktemp("ranker"), small_hpo())


@pytest.fixture(scope="module")
def ranker(graph: Graph) -> Ranker:
    return Ranker(graph, profiles_of(graph, np.flatnonzero(graph.predicate == graph.code("has_finding"))))


def _rows(graph: Graph, *ids: str) -> list[int]:
    return [graph.row(one) for one in ids]


def _names(graph: Graph, ranker: Ranker, observed: list[int], excluded: list[int] = []) -> list[str]:  # noqa: B006
    return [graph.node_id(one.disease) for one in ranker.rank(observed, excluded)]


def test_the_disease_with_all_findings_comes_first(graph: Graph, ranker: Ranker) -> None:
    assert _names(graph, ranker, _rows(graph, "HP:0001083", "HP:0002616"))[0] == "OMIM:1"
    assert _names(graph, ranker, _rows(graph, "HP:0001634"))[0] == "OMIM:3"


def test_an_imprecise_finding_still_points_to_those_with_a_kind_of_it(graph: Graph, ranker: Ranker) -> None:
    heart = graph.row("HP:0001626")
    specific = dict(zip(ranker.profiles.disease.tolist(), ranker.features([heart])[:, 0], strict=True))
    with_aorta, with_valve, with_neither = _rows(graph, "OMIM:1", "OMIM:3", "OMIM:2")
    assert min(specific[with_aorta], specific[with_valve]) > specific[with_neither]
    how = {one.disease: one.signs[0].how for one in ranker.rank([heart])}
    assert how == {with_aorta: "narrower", with_valve: "narrower", with_neither: "unknown"}


def test_a_finding_that_is_excluded_never_helps_the_disease_in_which_it_is_usual(graph: Graph, ranker: Ranker) -> None:
    lens, aorta = _rows(graph, "HP:0001083", "HP:0002616")
    place = ranker.profiles.place(graph.row("OMIM:1"))
    assert ranker.scores([lens], [aorta])[place] <= ranker.scores([lens])[place]


def test_what_is_denied_of_a_disease_and_excluded_in_the_patient_speaks_for_it(graph: Graph, ranker: Ranker) -> None:
    lens, aorta = _rows(graph, "HP:0001083", "HP:0002616")
    place = ranker.profiles.place(graph.row("OMIM:2"))
    assert ranker.scores([lens], [aorta])[place] >= ranker.scores([lens])[place]


def test_signs_tell_how_each_finding_stands_to_the_disease(graph: Graph, ranker: Ranker) -> None:
    observed = _rows(graph, "HP:0001083", "HP:0001634", "HP:0002616")
    by_id = {graph.node_id(one.disease): one for one in ranker.rank(observed)}
    how = {graph.node_id(sign.node): (sign.how, sign.share) for sign in by_id["OMIM:2"].signs}
    assert how["HP:0001083"] == ("stated", pytest.approx(0.9))
    assert how["HP:0001634"] == ("unknown", None)
    assert how["HP:0002616"][0] == "denied"
    [sign] = [sign for sign in by_id["OMIM:1"].signs if sign.node == observed[0]]
    assert [graph.edge(number).object for number in sign.edges] == ["HP:0001083"]


def test_probabilities_of_all_diseases_add_up_to_one(graph: Graph, ranker: Ranker) -> None:
    ranked = ranker.rank(_rows(graph, "HP:0001083"), k=100)
    assert len(ranked) == 3
    assert sum(one.probability for one in ranked) == pytest.approx(1)
    assert [one.score for one in ranked] == sorted((one.score for one in ranked), reverse=True)


def test_nothing_observed_is_explained_by_no_disease(ranker: Ranker) -> None:
    assert ranker.rank([]) == []
    assert ranker.rank([0], k=0) == []


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=5, unique=True), st.randoms())
def test_the_order_of_findings_does_not_matter(graph: Graph, ranker: Ranker, findings: list[int], dice: object) -> None:
    turned = list(reversed(findings))
    np.testing.assert_allclose(ranker.scores(findings), ranker.scores(turned), atol=1e-5)
    assert ranker.features(findings).shape == (3, len(FEATURES))
