"""MedReason: from what the question names to what its answers name, along the graph, each step cited by itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ragmed import catalog
from ragmed.errors import RecipeError
from ragmed.graph.store import Graph
from ragmed.methods.med_reason import MedReason
from ragmed.types import Answer, Edge, Node, Prompt, Query
from tests.graph_for_tests import disease, finding, graph_of, small_hpo
from tests.model_for_tests import ScriptedModelForTests, SearchForTests, quoting

CHOICE = Query(
    "q", "A patient has an aortic root aneurysm. Which drug helps?", {"A": "Examplolol", "B": "Mitral valve prolapse"}
)
OPEN = Query("q", "What may treat a patient with an aortic root aneurysm?")
ENTITIES = {"question": ["Aortic root aneurysm"], "answers": {"A": ["Examplolol"], "B": ["Mitral valve prolapse"]}}


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    return graph_of(tmp_path, small_hpo())


def reasoning(entities: object, pruned: object = None, source: int = 1) -> ScriptedModelForTests:
    """Names these entities, selects those paths, and answers A from a source."""

    def script(prompt: Prompt) -> str:
        system = prompt.messages[0].content
        if "Extract the medical entities" in system:
            return json.dumps(entities)
        if "Numbered paths" in system:
            return json.dumps({"paths": pruned})
        return quoting(prompt, source, "A" if prompt.query.options else None)

    return ScriptedModelForTests(script)


def paths_of(answer: Answer) -> list[dict[str, object]]:
    [step] = [step for step in answer.trace if step["step"] == "paths"]
    paths: list[dict[str, object]] = step["paths"]
    return paths


def test_entities_paths_passages_answer(graph: Graph) -> None:
    model, search = reasoning(ENTITIES, source=2), SearchForTests()
    [answer] = MedReason(graph, max_hops=2).answer([CHOICE], search, model)
    assert [step["step"] for step in answer.trace] == ["entities", "retrieve", "answer", "paths", "check"]
    path, _ = paths_of(answer)  # of each option's entity one
    assert [str(passage).rpartition("/")[0] for passage in path["passages"]] == [  # type: ignore[attr-defined]
        "graph:OMIM:1/has_finding/HP:0002616",
        "graph:DrugBank:DB1/treats/OMIM:1",
    ]
    assert answer.choice == "A"
    assert search.searched == [CHOICE.text]


def test_a_path_is_shown_as_a_chain_that_names_a_source_for_each_step(graph: Graph) -> None:
    model = reasoning(ENTITIES, source=2)
    [answer] = MedReason(graph, max_hops=2).answer([CHOICE], SearchForTests(), model)
    last = model.asked[-1]
    [chain] = [line for line in last.splitlines() if line.startswith("1. ")]
    assert chain == (
        "1. Aortic root aneurysm ←has the finding— Lens and aorta syndrome [source 1] ←treats— Examplolol [source 2]"
    )
    assert last.index(chain) < last.index("Question: A patient has")
    assert [item.passage.text for item in answer.evidence][:2] == [
        "Lens and aorta syndrome has the finding Aortic root aneurysm in 80 % of patients (PMID:1).",
        'Examplolol treats Lens and aorta syndrome (PMID:4; confidence 0.7). Its source reads: "It helped."',
    ]
    assert answer.citations[0].passage_id == answer.evidence[1].passage.passage_id
    assert answer.citations[0].quote == "Examplolol treats Lens and aorta syndrome (PMID:4; confidence 0.7)."


def ways(n: int) -> list[Node | Edge]:
    """A finding that n diseases lead to one drug."""
    facts = [*finding("F:1", "Pallor"), Node("D:1", "Ferrin", "drug", "drugs")]
    for number in range(n):
        facts += disease(f"X:{number}", f"Disorder {'abcdefgh'[number]}", {"F:1": 0.5})
        facts.append(Edge("D:1", "treats", f"X:{number}", "drugs"))
    return facts  # type: ignore[return-value]


PALLOR = Query("q", "What helps against pallor?", {"A": "Ferrin", "B": "Rest"})
NAMED = {"question": ["Pallor"], "answers": {"A": ["Ferrin"]}}


def test_of_many_paths_between_two_entities_those_stay_that_the_model_selects(tmp_path: Path) -> None:
    graph, model = graph_of(tmp_path, ways(5)), reasoning(NAMED, [4, 2, 99, "x"])
    [answer] = MedReason(graph).answer([PALLOR], SearchForTests(), model)
    asked = next(text for text in model.asked if "Paths:" in text)
    assert [line[:2] for line in asked.partition("Paths:\n")[2].splitlines()] == ["1.", "2.", "3.", "4.", "5."]
    assert [str(path["path"]).find("Disorder d") >= 0 for path in paths_of(answer)] == [True, False]
    assert len(paths_of(answer)) == 2


def test_few_paths_are_not_asked_about_and_without_a_selection_the_first_stay(tmp_path: Path) -> None:
    (tmp_path / "few").mkdir()
    few = reasoning(NAMED)
    [answer] = MedReason(graph_of(tmp_path / "few", ways(3))).answer([PALLOR], SearchForTests(), few)
    assert len(few.calls) == 2
    assert len(paths_of(answer)) == 3
    [answer] = MedReason(graph_of(tmp_path, ways(5))).answer([PALLOR], SearchForTests(), reasoning(NAMED, "all"))
    assert len(paths_of(answer)) == 3


def test_no_more_paths_are_shown_than_wanted_of_each_pair_in_turn(graph: Graph) -> None:
    entities = {"question": ["Myopia", "Ectopia lentis"], "answers": {"A": ["Examplolol"], "B": ["Valve syndrome"]}}
    model = reasoning(entities, [1])
    [answer] = MedReason(graph, n_chains=2).answer([CHOICE], SearchForTests(), model)
    assert [str(path["path"]).startswith("Myopia") for path in paths_of(answer)] == [True, True]
    assert "Valve syndrome" in str(paths_of(answer)[1]["path"])


def test_without_options_paths_lead_to_what_an_answer_may_name(graph: Graph) -> None:
    model = reasoning({"question": ["Aortic root aneurysm"], "answers": ["Examplolol", "Imaginol"]})
    [answer] = MedReason(graph).answer([OPEN], SearchForTests(), model)
    [step] = [step for step in answer.trace if step["step"] == "paths"]
    assert (step["from"], step["to"]) == (["HP:0002616"], ["DrugBank:DB1"])
    assert "the answers that come into question" in model.calls[0][0].messages[0].content


def test_where_nothing_is_connected_the_passages_are_read(graph: Graph) -> None:
    search = SearchForTests()
    [answer] = MedReason(graph).answer([OPEN], search, reasoning({"question": ["Fever"], "answers": ["Rest"]}))
    assert paths_of(answer) == []
    assert answer.evidence == search.evidence
    assert answer.citations[0].passage_id == "a"


def test_without_a_language_model_the_entities_mentioned_are_connected(graph: Graph) -> None:
    reader = catalog.make("generators", "extractive", "test")
    asked = Query("q", "What does Examplolol treat in Aortic root aneurysm?")
    [answer] = MedReason(graph).answer([asked], SearchForTests(), reader)
    assert len(paths_of(answer)) == 1
    assert [item.passage.doc_id for item in answer.evidence][:2] == ["DrugBank:DB1", "OMIM:1"]


def test_without_a_graph_it_says_what_to_do() -> None:
    with pytest.raises(RecipeError, match="needs a knowledge graph; ask through an index"):
        MedReason().answer([OPEN], SearchForTests(), reasoning({}))
