"""MedRAG's diagnostic differences: findings vote for candidates, what tells them apart is shown, quoted, asked for."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ragmed import catalog
from ragmed.errors import RecipeError
from ragmed.graph.store import Graph
from ragmed.methods.diagnostic_differences import DiagnosticDifferences
from ragmed.types import Document, Edge, Node, Prompt, Query
from tests.graph_for_tests import disease, finding, graph_of, small_hpo
from tests.model_for_tests import ScriptedModelForTests, SearchForTests, quoting

QUERY = Query("q", "Which syndrome has a patient with a dislocated lens who sees poorly?")
READER = catalog.make("generators", "extractive", "test")


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    return graph_of(tmp_path, small_hpo())


def listing(present: list[str], absent: list[str] = ()) -> ScriptedModelForTests:  # type: ignore[assignment]
    """Lists these findings, and answers from its first source."""

    def script(prompt: Prompt) -> str:
        if "List the patient's findings" in prompt.messages[0].content:
            return json.dumps({"present": present, "absent": absent})
        return quoting(prompt, choice="A" if prompt.query.options else None)

    return ScriptedModelForTests(script)


def test_decompose_search_differences_reason(graph: Graph) -> None:
    model, search = listing(["Dislocated lens", "Near-sightedness"]), SearchForTests()
    [answer] = DiagnosticDifferences(graph).answer([QUERY], search, model)
    assert [step["step"] for step in answer.trace] == ["decompose", "retrieve", "reason", "differences", "check"]
    step = answer.trace[3]
    assert [row["name"] for row in step["observed"]] == ["Ectopia lentis", "Myopia"]
    assert {row["id"] for row in step["candidates"]} == {"OMIM:1", "OMIM:2", "OMIM:3"}
    assert sum(row["probability"] for row in step["candidates"]) == pytest.approx(1, abs=1e-5)
    assert search.searched == [QUERY.text]
    texts = [item.passage.text for item in answer.evidence]
    assert "Lens syndrome has the finding Ectopia lentis in 90 % of patients (PMID:2)." in texts
    assert "Lens syndrome does not have the finding Aortic root aneurysm (PMID:2)." in texts
    assert texts[-3:] == [item.passage.text for item in search.evidence]


def test_the_model_is_shown_the_differences_as_a_note_and_what_to_ask(graph: Graph) -> None:
    model = listing(["Ectopia lentis"])
    [answer] = DiagnosticDifferences(graph).answer([QUERY], SearchForTests(), model)
    [reason] = model.calls[1]
    words = reason.messages[-1].content
    assert '<note title="Candidate diseases and what tells them apart">' in words
    assert "- Ectopia lentis (observed): " in words
    assert "Lens and aorta syndrome: 60 %" in words
    assert "Lens syndrome: denied" in words  # of the aneurysm
    follow_up = answer.trace[3]["follow_up"]
    assert follow_up[0]["name"] == "Aortic root aneurysm"
    assert f"- Aortic root aneurysm: {follow_up[0]['reading']}" in words
    assert follow_up[0]["reading"].startswith("present → raises Lens and aorta syndrome")


def test_what_the_model_lists_as_absent_is_not_asked_and_counts_against(graph: Graph) -> None:
    with_it, without = (
        DiagnosticDifferences(graph).answer([QUERY], SearchForTests(), model)[0].trace[3]
        for model in (
            listing(["Ectopia lentis", "Aortic root aneurysm"]),
            listing(["Ectopia lentis"], ["Aortic root aneurysm"]),
        )
    )
    assert with_it["candidates"][0]["id"] == "OMIM:1"
    assert without["candidates"][0]["id"] == "OMIM:2"
    assert [row["name"] for row in without["excluded"]] == ["Aortic root aneurysm"]
    for step in (with_it, without):
        assert "Aortic root aneurysm" not in [row["name"] for row in step["follow_up"]]


def test_a_statement_of_the_graph_is_cited_word_for_word(graph: Graph) -> None:
    [answer] = DiagnosticDifferences(graph).answer([QUERY], SearchForTests(), listing(["Ectopia lentis"]))
    [citation] = answer.citations
    assert citation.passage_id.startswith("graph:OMIM:")
    assert answer.text == f"{citation.quote} [1]"


def test_the_group_with_most_votes_holds_the_candidates(tmp_path: Path) -> None:
    """Two diseases of the heart have the finding, one of the eye: only those of the heart are compared."""
    facts = [
        *finding("F:1", "Fainting"),
        *finding("F:2", "Palpitations"),
        *(Node(f"G:{name}", name, "other", "one") for name in ("Heart", "Eye")),
        *disease("D:1", "Tachycardia sickness", {"F:1": 0.5, "F:2": 0.9}),
        *disease("D:2", "Valve sickness", {"F:1": 0.5}),
        *disease("D:3", "Eye sickness", {"F:1": 0.9}),
        *(Edge(f"D:{n}", "is_a", f"G:{group}", "one") for n, group in ((1, "Heart"), (2, "Heart"), (3, "Eye"))),
    ]
    graph = graph_of(tmp_path, facts)
    [answer] = DiagnosticDifferences(graph).answer([QUERY], SearchForTests(), listing(["Fainting"]))
    assert {row["id"] for row in answer.trace[3]["candidates"]} == {"D:1", "D:2"}


def test_a_share_that_the_source_does_not_give_is_not_told(graph: Graph) -> None:
    model = listing(["Ectopia lentis", "Myopia"])
    DiagnosticDifferences(graph).answer([QUERY], SearchForTests(), model)
    words = model.calls[1][0].messages[-1].content
    [line] = [line for line in words.splitlines() if line.startswith("- Myopia (observed)")]
    assert "Lens syndrome: named without a share" in line


def test_options_reach_neither_the_search_nor_the_list_of_findings(graph: Graph) -> None:
    query = replace(QUERY, options={"A": "Lens syndrome", "B": "Gout"})
    model = listing(["Ectopia lentis"])
    [answer] = DiagnosticDifferences(graph).answer([query], SearchForTests(), model)
    assert "Gout" not in model.asked[0]
    assert "B. Gout" in model.asked[1]
    assert answer.choice == "A"


def test_where_the_graph_knows_no_finding_the_passages_are_read(graph: Graph) -> None:
    model = listing(["Blue toes"])
    [answer] = DiagnosticDifferences(graph).answer([Query("q", "What is fever?")], SearchForTests(), model)
    assert [step["step"] for step in answer.trace] == ["decompose", "retrieve", "answer", "check"]
    assert [item.passage.passage_id for item in answer.evidence] == ["a", "b", "c"]


def test_a_list_that_cannot_be_read_leaves_the_question_s_own_words(graph: Graph) -> None:
    model = ScriptedModelForTests(
        lambda prompt: "I see." if "List the" in prompt.messages[0].content else quoting(prompt)
    )
    [answer] = DiagnosticDifferences(graph).answer([QUERY], SearchForTests(), model)
    assert [row["name"] for row in answer.trace[3]["observed"]] == ["Ectopia lentis"]


CASE = Query(
    "case",
    "What is the diagnosis?",
    notes=(
        Document(
            "letter",
            "Letter",
            "The patient has ectopia lentis, myopia and an aortic root aneurysm. There is no mitral valve prolapse. "
            "His mother had no illness.",
            "notes",
            "",
            "",
        ),
    ),
)


def test_without_a_model_the_graph_answers_word_for_word(graph: Graph) -> None:
    [answer] = DiagnosticDifferences(graph, least_share=0.5).answer([CASE], SearchForTests(), READER)
    assert answer.outcome == "answered"
    assert answer.usage.n_calls == 0
    assert {citation.doc_id for citation in answer.citations} == {"OMIM:1"}
    assert "Lens and aorta syndrome has the finding Aortic root aneurysm in 80 % of patients (PMID:1)." in answer.text
    assert all(sentence.status == "supported" for sentence in answer.sentences)
    step = next(step for step in answer.trace if step["step"] == "differences")
    assert [row["name"] for row in step["excluded"]] == ["Mitral valve prolapse"]
    assert answer.confidence == pytest.approx(step["candidates"][0]["probability"], abs=1e-5)


def test_without_a_model_too_few_findings_give_candidates_and_questions_but_no_answer(graph: Graph) -> None:
    [answer] = DiagnosticDifferences(graph).answer([QUERY], SearchForTests(), READER)
    assert (answer.outcome, answer.citations) == ("abstained", ())
    assert answer.text.startswith("Only 1 finding was recognised. The findings do not settle which disease it is.")
    assert "Were it one of them, this would tell them apart: Aortic root aneurysm: present → raises" in answer.text


def test_without_a_model_one_candidate_that_is_not_likely_enough_is_no_answer(graph: Graph) -> None:
    [answer] = DiagnosticDifferences(graph, least_share=1.0).answer([CASE], SearchForTests(), READER)
    assert answer.outcome == "abstained"
    assert answer.text.startswith("The findings do not settle which disease it is. Of those compared the likeliest are")


def test_without_a_model_another_question_is_read_from_the_passages(graph: Graph) -> None:
    query = Query("q", "Does insulin lower blood glucose in myopia?")
    [answer] = DiagnosticDifferences(graph).answer([query], SearchForTests(), READER)
    assert [step["step"] for step in answer.trace] == ["retrieve", "answer", "check"]


def test_a_graph_is_needed() -> None:
    with pytest.raises(RecipeError, match="needs a knowledge graph"):
        DiagnosticDifferences().answer([QUERY], SearchForTests(), ScriptedModelForTests())


def test_a_graph_without_findings_is_read_past(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, [Node("D:1", "Gout", "disease", "one")])
    [answer] = DiagnosticDifferences(graph).answer([QUERY], SearchForTests(), listing(["Gout"]))
    assert answer.outcome == "answered"
