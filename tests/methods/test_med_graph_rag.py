"""MedGraphRAG: three tiers joined by what they mention, down to one piece by tags, up again with wider tags."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmed import catalog
from ragmed.errors import RecipeError
from ragmed.graph.store import Graph
from ragmed.methods.med_graph_rag import MedGraphRAG, layers
from ragmed.passages.sections import Sections
from ragmed.types import Document, Evidence, Name, Node, Prompt, Query
from tests.graph_for_tests import graph_of, small_hpo
from tests.model_for_tests import ScriptedModelForTests, SearchForTests, quoting
from tests.passages_for_tests import passage

SPLITTER = Sections(max_chars=2000)


def evidence(*texts: str) -> tuple[Evidence, ...]:
    return tuple(Evidence(passage(f"p{n}", text), 1 / n, n, {}) for n, text in enumerate(texts, start=1))


def note(name: str, text: str) -> Document:
    return Document(name, name, text, "notes", "", "", kind="note")


EYES = note("Eyes", "Slit lamp: ectopia lentis. Myopia of 8 dioptres.")
SIGHT = note("Sight", "Myopia is corrected by glasses.")
HEART = note("Heart", "Echocardiography: mitral valve prolapse.")
QUERY = Query("q", "What can be done about the dislocated lens?", notes=(HEART, SIGHT, EYES))


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    names = (Name("Dislocated lens", "lay"),)
    lens = Node("HP:0001083", "Ectopia lentis", "finding", "hpo", names, "The lens is not in its place.")
    return graph_of(tmp_path, [lens, *(fact for fact in small_hpo() if getattr(fact, "node_id", "") != lens.node_id)])


@dataclass(frozen=True)
class LiteratureForTests:
    """Finds the same passages for anything; remembers what was searched for."""

    found: tuple[Evidence, ...] = evidence("A lens out of place: ectopia lentis is operated on.", "Gout hurts.")
    searched: list[str] = field(default_factory=list)

    def __call__(self, queries: Sequence[Query], k: int) -> list[tuple[Evidence, ...]]:
        self.searched.extend(query.text for query in queries)
        return [self.found[:k] for _ in queries]


def summarising(**tags: list[str]) -> ScriptedModelForTests:
    def script(prompt: Prompt) -> str:
        if "Summarise under tags" in prompt.messages[0].content:
            return json.dumps(tags)
        return quoting(prompt, choice="A" if prompt.query.options else None)

    return ScriptedModelForTests(script)


def sources(prompt: Prompt) -> list[str]:
    return [item.passage.text for item in prompt.evidence]


def test_down_to_the_piece_with_the_question_s_tags_and_up_with_those_around_it(graph: Graph) -> None:
    model = summarising(problem=["Ectopia lentis"])
    [answer] = MedGraphRAG(SPLITTER, graph).answer([QUERY], LiteratureForTests(), model)
    assert [step["step"] for step in answer.trace if step["step"] not in ("retrieve", "check")] == [
        "tags",
        "top-down answer",
        "bottom-up refinement",
    ]
    _, [down], [up] = model.calls
    assert sources(down)[0] == EYES.text  # not the heart, nor the glasses
    assert SIGHT.text not in sources(down)
    assert sources(up)[:2] == [SIGHT.text, EYES.text]  # joined by myopia
    assert HEART.text not in sources(up)  # shares no tag with them
    words = up.messages[-1].content
    assert "Answer so far: Slit lamp: ectopia lentis. [1]" in words
    assert "finding: Myopia, Ectopia lentis" in words


def test_three_tiers_document_literature_dictionary(graph: Graph) -> None:
    search = LiteratureForTests()
    model = summarising(problem=["Ectopia lentis"])
    MedGraphRAG(SPLITTER, graph, n_statements=2).answer([QUERY], search, model)
    [down] = model.calls[1]
    assert (
        sources(down)
        == [
            EYES.text,
            "A lens out of place: ectopia lentis is operated on.",  # mentions it; gout does not
            "Ectopia lentis: The lens is not in its place.",
            *sources(down)[3:],
        ]
    )
    assert all("Ectopia lentis" in text or "Myopia" in text for text in sources(down)[3:])
    assert len(sources(down)) == 5
    assert search.searched == [QUERY.text, f"Ectopia lentis {QUERY.text}", f"Myopia {QUERY.text}"]


def test_without_notes_the_passages_found_are_the_first_tier(graph: Graph) -> None:
    found = evidence("Myopia is corrected by glasses.", "Ectopia lentis is operated on.", "Gout hurts.")
    model = summarising()
    [answer] = MedGraphRAG(SPLITTER, graph, k_each=0).answer(
        [Query("q", "What is done about ectopia lentis?")], SearchForTests(found), model
    )
    [down] = model.calls[1]
    assert sources(down)[0] == "Ectopia lentis is operated on."
    assert "Myopia is corrected by glasses." not in sources(down)
    assert answer.citations[0].passage_id == "p2"


def test_tags_that_no_piece_has_narrow_nothing_down(graph: Graph) -> None:
    model = summarising(problem=["Fever"])
    [answer] = MedGraphRAG(SPLITTER, graph).answer([Query("q", "What is fever?")], SearchForTests(), model)
    [down] = model.calls[1]
    assert [item.passage.passage_id for item in down.evidence] == ["a", "b", "c"]
    assert answer.usage.n_calls == 2  # there is nowhere to go up to


def test_a_refinement_that_cannot_be_read_leaves_the_answer_as_it_was(graph: Graph) -> None:
    def script(prompt: Prompt) -> str | None:
        return None if "The note holds the answer so far" in prompt.messages[-1].content else quoting(prompt)

    [answer] = MedGraphRAG(SPLITTER, graph).answer([QUERY], LiteratureForTests(), ScriptedModelForTests(script))
    assert (answer.outcome, answer.citations[0].quote) == ("answered", "Slit lamp: ectopia lentis.")


def test_refinements_are_limited(graph: Graph) -> None:
    model = summarising(problem=["Ectopia lentis"])
    [answer] = MedGraphRAG(SPLITTER, graph, n_refinements=0).answer([QUERY], LiteratureForTests(), model)
    assert answer.usage.n_calls == 2


def test_the_offline_reader_reads_the_sources_in_the_order_of_the_way(graph: Graph) -> None:
    reader = catalog.make("generators", "extractive", "test")
    [answer] = MedGraphRAG(SPLITTER, graph).answer([QUERY], LiteratureForTests(), reader)
    assert [item.passage.text for item in answer.evidence][:3] == [EYES.text, SIGHT.text, HEART.text]
    assert answer.usage.n_calls == 1


def test_options_reach_neither_the_tags_nor_the_search(graph: Graph) -> None:
    query = Query("q", QUERY.text, {"A": "Surgery", "B": "Colchicine"}, notes=QUERY.notes)
    model, search = summarising(), LiteratureForTests()
    [answer] = MedGraphRAG(SPLITTER, graph).answer([query], search, model)
    assert "Colchicine" not in model.asked[0] + " ".join(search.searched)
    assert "B. Colchicine" in model.asked[1]
    assert answer.choice == "A"


def test_a_graph_is_needed() -> None:
    with pytest.raises(RecipeError, match="needs a knowledge graph"):
        MedGraphRAG(SPLITTER).answer([QUERY], LiteratureForTests(), ScriptedModelForTests())


def test_the_most_similar_are_joined_first() -> None:
    pieces = [{1: 1.0}, {1: 0.8, 2: 0.6}, {2: 1.0}, {3: 1.0}]
    assert layers(pieces) == [
        [(0,), (1,), (2,), (3,)],
        [(0, 1), (2,), (3,)],
        [(0, 1, 2), (3,)],
    ]


TAGS = st.dictionaries(st.integers(0, 5), st.floats(0.1, 1), max_size=3)


@given(st.lists(TAGS, max_size=8))
def test_every_layer_holds_every_piece_once_and_joins_groups_of_the_one_before(tags: list[dict[int, float]]) -> None:
    built = layers(tags)
    for layer in built:
        assert sorted(at for group in layer for at in group) == list(range(len(tags)))
    for before, after in pairwise(built):
        assert len(after) < len(before)
        assert all(any(set(group) <= set(wider) for wider in after) for group in before)
