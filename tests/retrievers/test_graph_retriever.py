"""Retrieval over a graph: passages that name what is near in the graph; diseases that explain a list of findings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ragmed.errors import RecipeError
from ragmed.graph.findings import compile_profiles
from ragmed.graph.store import Graph
from ragmed.protocols import KnowsNames
from ragmed.retrievers.graph import GraphRetriever, OpenGraphRetriever
from ragmed.types import Query
from tests.graph_for_tests import disease, graph_of, small_hpo
from tests.passages_for_tests import passage

PASSAGES = (
    passage("OMIM:1", "Findings in Lens and aorta syndrome: see its page."),
    passage("OMIM:2", "Findings in Lens syndrome: see its page."),
    passage("p1", "Examplolol was given to forty children."),
    passage("p2", "Near-sightedness is common."),
    passage("p3", "Nothing of the kind."),
)
IDS = [one.passage_id for one in PASSAGES]


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    others = [disease(f"OMIM:{n}", f"Disorder {n}", {"HP:0000545": 0.5}) for n in range(10, 14)]
    graph = graph_of(tmp_path_factory.mktemp("g"), [*small_hpo(), *(fact for some in others for fact in some)])
    compile_profiles(graph, graph.folder / "findings")
    return graph


def _opened(graph: Graph, folder: Path, **options: bool) -> OpenGraphRetriever:
    retriever = GraphRetriever(graph, **options)  # type: ignore[arg-type]
    retriever.build(PASSAGES, folder)
    opened = retriever.open(folder, IDS)
    assert isinstance(opened, OpenGraphRetriever)
    return opened


def _found(opened: OpenGraphRetriever, text: str) -> list[str]:
    [ranking] = opened.search([Query("q", text)], 5)
    return [IDS[row] for row in ranking.rows]


def test_another_name_of_what_the_question_names_is_found(graph: Graph, tmp_path: Path) -> None:
    assert _found(_opened(graph, tmp_path), "What is myopia?")[0] == "p2"


def test_a_walk_reaches_what_treats_the_disease_that_the_question_names(graph: Graph, tmp_path: Path) -> None:
    found = _found(_opened(graph, tmp_path), "Is there a treatment of Lens and aorta syndrome?")
    assert found[0] == "OMIM:1"
    assert "p1" in found
    assert "p3" not in found


def test_a_list_of_findings_is_a_search_for_the_disease_that_explains_them(graph: Graph, tmp_path: Path) -> None:
    findings = "ectopia lentis, aortic root aneurysm, myopia"
    opened = _opened(graph, tmp_path, findings_only=True)
    assert _found(opened, findings) == ["OMIM:1", "OMIM:2"]
    explains = opened.explains(Query("q", findings), np.arange(len(PASSAGES)))
    assert explains is not None
    assert explains[0] == 0 > explains[1] > -np.inf
    assert (explains[2:] == -np.inf).all()
    assert opened.explains(Query("q", "What is myopia?"), np.arange(2)) is None


def test_findings_only_leaves_every_other_question_to_the_others(graph: Graph, tmp_path: Path) -> None:
    opened = _opened(graph, tmp_path, findings_only=True)
    assert _found(opened, "What is myopia?") == []
    assert _found(opened, "Does examplolol help in lens syndrome, and how, and why, with what?") == []
    assert not (tmp_path / "passage.npy").exists()


def test_what_the_question_denies_is_excluded(graph: Graph, tmp_path: Path) -> None:
    opened = _opened(graph, tmp_path)
    named = opened._read("ectopia lentis, myopia, mitral valve prolapse, but no aortic root aneurysm")
    assert [graph.node_id(row) for row in named.excluded] == ["HP:0002616"]
    assert len(named.observed) == 3


def test_without_a_graph_the_error_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="open_graph"):
        GraphRetriever().build(PASSAGES, tmp_path)


def test_files_of_another_graph_are_refused(graph: Graph, tmp_path: Path) -> None:
    GraphRetriever(graph).build(PASSAGES, tmp_path)
    with pytest.raises(ValueError, match="another graph, or for other passages"):
        GraphRetriever(graph).open(tmp_path, IDS[:3])


def test_a_question_is_reworded_with_the_names_that_passages_give(graph: Graph, tmp_path: Path) -> None:
    passages = [*PASSAGES, passage("p4", "Of samplemab (AZ-1234) little is known.")]
    retriever = GraphRetriever(graph, findings_only=True)
    facts = retriever.build(passages, tmp_path)
    assert facts["n_other_names"] == 2
    opened = retriever.open(tmp_path, [one.passage_id for one in passages])
    assert isinstance(opened, KnowsNames)
    assert opened.rewordings(Query("q", "Is AZ1234 safe?")) == ("Is samplemab safe?",)
    assert opened.rewordings(Query("q", "Is it safe?", lexical="samplemab")) == ("AZ-1234",)
    assert opened.rewordings(Query("q", "What is myopia?")) == ()
