"""MIRAGE: chains of look-ups in the graph, side by side, compared with each other before the answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ragmed import catalog
from ragmed.errors import RecipeError
from ragmed.graph.store import Graph
from ragmed.methods.mirage_chains import MirageChains
from ragmed.types import Answer, Prompt, Query
from tests.graph_for_tests import disease, finding, graph_of, small_hpo
from tests.model_for_tests import ScriptedModelForTests, SearchForTests, quoting

QUERY = Query("q", "Lens and aorta syndrome and myopia?", {"A": "Yes, often", "B": "No, never"})
LENS, VALVE = "Which findings has Lens syndrome?", "How are Valve syndrome and Ectopia lentis related?"


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    return graph_of(tmp_path, small_hpo())


def pursuing(
    chains: dict[str, list[str | None]], contradicted: Any = (), invent: str = "", listing: Any = None
) -> ScriptedModelForTests:
    """Breaks the question down into these chains and looks up what each wants; answers from its first source."""
    left = {question: list(wanted) for question, wanted in chains.items()}

    def script(prompt: Prompt) -> str:
        system = prompt.messages[0].content
        if "Break the question down" in system:
            return json.dumps({"questions": list(chains)} if listing is None else listing)
        if "one look-up at a time" in system:
            wanted = left[prompt.query.text]
            return json.dumps({"search": wanted.pop(0) if wanted else None})
        if "were answered apart" in system:
            return json.dumps({"contradicted": contradicted, "why": "The sources say otherwise."})
        if prompt.query.text == invent:
            return json.dumps({"statements": [{"text": "It cures all.", "quote": "It cures all.", "source": 1}]})
        return quoting(prompt, choice="A" if prompt.query.options else None)

    return ScriptedModelForTests(script)


def steps(answer: Answer, name: str) -> list[Any]:
    return [step for step in answer.trace if step["step"] == name]


def prompts_of(model: ScriptedModelForTests, words: str) -> list[Prompt]:
    return [prompt for prompts in model.calls for prompt in prompts if words in prompt.messages[0].content]


def test_chains_go_side_by_side_then_are_answered_compared_and_put_together(graph: Graph) -> None:
    model = pursuing({LENS: ["Lens syndrome", None], VALVE: ["Valve syndrome || Ectopia lentis", None]})
    search = SearchForTests()
    [answer] = MirageChains(graph).answer([QUERY], search, model)
    # sub-questions; two look-ups of two chains each; their answers; verification; the answer
    assert [len(prompts) for prompts in model.calls] == [1, 2, 2, 2, 1, 1]
    assert search.searched == [LENS, VALVE]
    assert [step["question"] for step in steps(answer, "chain")] == [LENS, VALVE]
    assert [search["mode"] for step in steps(answer, "chain") for search in step["searches"]] == ["anchor", "bridge"]
    assert (answer.choice, answer.outcome) == ("A", "answered")
    assert answer.citations[0].passage_id.startswith("graph:OMIM:2/")


def test_an_anchor_finds_what_the_graph_says_of_a_concept_the_most_like_the_question_of_each_kind(graph: Graph) -> None:
    model = pursuing({"Is myopia of Valve syndrome?": ["Myopia"]})
    [answer] = MirageChains(graph, n_neighbours=1, k=0).answer([QUERY], SearchForTests(), model)
    assert [item.passage.text for item in answer.evidence] == [
        "Myopia is a kind of Abnormality of the eye.",
        "Valve syndrome has the finding Myopia in 10 % of patients (PMID:3).",
    ]


def test_a_bridge_finds_how_two_concepts_are_connected(graph: Graph) -> None:
    model = pursuing({VALVE: ["Valve syndrome || Lens syndrome"]})
    [answer] = MirageChains(graph, k=0).answer([QUERY], SearchForTests(), model)
    [chain] = steps(answer, "chain")
    assert chain["searches"] == [{"mode": "bridge", "nodes": ["OMIM:3", "OMIM:2"], "n_statements": 2}]
    assert {item.passage.text for item in answer.evidence} == {
        "Valve syndrome has the finding Myopia in 10 % of patients (PMID:3).",
        "Lens syndrome has the finding Myopia (PMID:2).",
    }


def test_what_was_found_is_shown_to_the_next_look_up(graph: Graph) -> None:
    model = pursuing({LENS: ["Imaginary disease", "Lens syndrome", None]})
    MirageChains(graph).answer([QUERY], SearchForTests(), model)
    first, second, third = (prompt.messages[-1].content for prompt in prompts_of(model, "one look-up at a time"))
    assert "Looked up so far" not in first
    assert "- Imaginary disease: no statements" in second
    assert "- Lens syndrome: 3 statements" in third
    assert "Lens syndrome does not have the finding Aortic root aneurysm (PMID:2)." in third


def test_a_chain_ends_when_it_has_enough_asks_again_cannot_be_read_or_has_made_all_its_searches(graph: Graph) -> None:
    endless = ["Myopia", "Ectopia lentis", "Lens syndrome", "Valve syndrome"]
    for wanted, n_prompts in (([None], 1), (["Myopia", "myopia", "Lens syndrome"], 2), (endless, 3)):
        model = pursuing({LENS: wanted})
        MirageChains(graph, n_searches=3).answer([QUERY], SearchForTests(), model)
        assert len(prompts_of(model, "one look-up at a time")) == n_prompts


def test_answers_that_others_rightly_contradict_are_not_passed_on(graph: Graph) -> None:
    chains: dict[str, list[str | None]] = {LENS: ["Lens syndrome"], VALVE: ["Valve syndrome"]}
    model = pursuing(chains, contradicted=[2])
    [answer] = MirageChains(graph).answer([QUERY], SearchForTests(), model)
    [compared] = prompts_of(model, "were answered apart")
    assert f'<note title="Answer 2, to: {VALVE}">' in compared.messages[-1].content
    assert f'<note title="{LENS}">' in model.asked[-1]
    assert f'<note title="{VALVE}">' not in model.asked[-1]
    assert steps(answer, "contradicted") == [{"step": "contradicted", "question": VALVE}]


@pytest.mark.parametrize("contradicted", [[1, 2], [7], "2", None, {}])
def test_a_comparison_that_leaves_nothing_or_cannot_be_read_drops_nothing(graph: Graph, contradicted: Any) -> None:
    model = pursuing({LENS: ["Lens syndrome"], VALVE: ["Valve syndrome"]}, contradicted=contradicted)
    MirageChains(graph).answer([QUERY], SearchForTests(), model)
    assert f'<note title="{LENS}">' in model.asked[-1]
    assert f'<note title="{VALVE}">' in model.asked[-1]


def test_what_a_chain_cannot_support_is_not_passed_on(graph: Graph) -> None:
    model = pursuing({LENS: ["Lens syndrome"], VALVE: ["Valve syndrome"]}, invent=VALVE)
    MirageChains(graph).answer([QUERY], SearchForTests(), model)
    assert "cures all" not in model.asked[-1]
    assert not prompts_of(model, "were answered apart")  # there is nothing to compare with


def test_a_question_of_one_topic_is_one_chain_whose_findings_are_answered_from_at_once(graph: Graph) -> None:
    model = pursuing({QUERY.text: ["Lens and aorta syndrome"]}, listing="I cannot break it down.")
    [answer] = MirageChains(graph).answer([QUERY], SearchForTests(), model)
    assert [len(prompts) for prompts in model.calls] == [1, 1, 1, 1]
    assert [step["question"] for step in steps(answer, "chain")] == [QUERY.text]
    assert "<note" not in model.asked[-1]


def test_what_chains_cite_is_shown_at_the_end_and_of_the_rest_only_so_much(graph: Graph) -> None:
    model = pursuing({LENS: ["Lens syndrome"], VALVE: ["Valve syndrome"]})
    [answer] = MirageChains(graph, n_sources=3).answer([QUERY], SearchForTests(), model)
    cited = {p.evidence[0].passage.passage_id for p in model.calls[3]}
    assert len(answer.evidence) == 3
    assert {item.passage.passage_id for item in answer.evidence[:2]} == cited


def test_no_more_sub_questions_are_pursued_than_were_asked_for(tmp_path: Path) -> None:
    facts = [*finding("F:1", "Pallor"), *disease("X:1", "Disorder", {"F:1": 0.5})]
    model = pursuing({f"Question {n}?": [] for n in range(1, 7)})
    [answer] = MirageChains(graph_of(tmp_path, facts)).answer([QUERY], SearchForTests(), model)
    assert len(steps(answer, "chain")) == 4


def test_options_are_shown_for_the_answer_alone(graph: Graph) -> None:
    model = pursuing({LENS: ["Lens syndrome"], VALVE: ["Valve syndrome"]})
    MirageChains(graph).answer([QUERY], SearchForTests(), model)
    *before, last = (prompt for prompts in model.calls for prompt in prompts)
    assert all("Yes, often" not in m.content for prompt in before for m in prompt.messages)
    assert "A. Yes, often" in last.messages[-1].content


def test_it_says_what_it_needs(graph: Graph) -> None:
    with pytest.raises(RecipeError, match="needs a knowledge graph; ask through an index"):
        MirageChains().answer([QUERY], SearchForTests(), pursuing({}))
    reader = catalog.make("generators", "extractive", "test")
    with pytest.raises(RecipeError, match="needs a language model"):
        MirageChains(graph).answer([QUERY], SearchForTests(), reader)
