"""KG-Rank: terms of the question, their triples ranked, the best shown as sources that can be quoted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ragmed import catalog
from ragmed.errors import RecipeError
from ragmed.graph.store import Graph
from ragmed.methods.kg_rank import KGRank
from ragmed.types import Evidence, Node, Prompt, Query
from tests.graph_for_tests import graph_of, small_hpo
from tests.model_for_tests import ScriptedModelForTests, SearchForTests, quoting

QUERY = Query("q", "Does an aneurysm come with Lens and aorta syndrome?")
CHOICE = Query("q", "Which syndrome has an aneurysm?", {"A": "Lens and aorta syndrome", "B": "Valve syndrome"})
ANEURYSM = "Lens and aorta syndrome has the finding Aortic root aneurysm in 80 % of patients (PMID:1)."


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    known = Node("OMIM:4", "Aortic sickness", "disease", "hpo", definition="A disease of the aorta.")
    return graph_of(tmp_path, [*small_hpo(), known])


def naming(*terms: str, draft: str = "") -> ScriptedModelForTests:
    """Names these terms, drafts that answer, and answers from its first source."""

    def script(prompt: Prompt) -> str:
        system = prompt.messages[0].content
        if "Name the 3 to 5" in system:
            return json.dumps({"terms": list(terms)})
        if "briefly from what you know" in system:
            return draft
        return quoting(prompt, choice="A" if prompt.query.options else None)

    return ScriptedModelForTests(script)


def sources(evidence: Sequence[Evidence]) -> list[str]:
    return [item.passage.text for item in evidence]


def test_terms_triples_passages_answer(graph: Graph) -> None:
    model, search = naming("Lens and aorta syndrome"), SearchForTests()
    [answer] = KGRank(graph).answer([QUERY], search, model)
    assert [step["step"] for step in answer.trace] == ["terms", "retrieve", "answer", "triples", "check"]
    assert answer.trace[3] == {"step": "triples", "entities": ["OMIM:1"], "n_statements": 4}
    assert sources(answer.evidence)[0] == ANEURYSM  # it has most in common with the question
    assert sources(answer.evidence)[4:] == [item.passage.text for item in search.evidence]
    assert [item.rank for item in answer.evidence] == [1, 2, 3, 4, 5, 6, 7]


def test_a_triple_is_cited_word_for_word(graph: Graph) -> None:
    [answer] = KGRank(graph).answer([QUERY], SearchForTests(), naming("Lens and aorta syndrome"))
    [citation] = answer.citations
    assert (citation.quote, citation.doc_id, citation.source) == (ANEURYSM, "OMIM:1", "hpo")
    assert citation.passage_id.startswith("graph:OMIM:1/has_finding/HP:0002616/")
    assert answer.text == f"{ANEURYSM} [1]"


def test_both_ends_of_a_triple_find_it_and_only_the_best_of_each_term_are_shown(graph: Graph) -> None:
    model = naming("Examplolol", "Myopia")
    [answer] = KGRank(graph, n_triples=2, k=0).answer([QUERY], SearchForTests(), model)
    assert sources(answer.evidence) == [
        'Examplolol treats Lens and aorta syndrome (PMID:4; confidence 0.7). Its source reads: "It helped."',
        "Lens and aorta syndrome has the finding Myopia in 50 % of patients (PMID:1).",
        "Lens syndrome has the finding Myopia (PMID:2).",
    ]


def test_a_definition_stands_before_the_triples_of_its_term(graph: Graph) -> None:
    [answer] = KGRank(graph, k=0).answer([QUERY], SearchForTests(), naming("Aortic sickness"))
    assert sources(answer.evidence) == ["Aortic sickness: A disease of the aorta."]


def test_where_the_model_names_nothing_that_the_graph_knows_what_the_question_mentions_is_taken(graph: Graph) -> None:
    [answer] = KGRank(graph).answer([QUERY], SearchForTests(), naming("Aortocaval sling"))
    assert answer.trace[3]["entities"] == ["OMIM:1"]


def test_expansion_ranks_by_an_answer_drafted_without_sources(graph: Graph) -> None:
    model = naming("Lens and aorta syndrome", draft="It may come with myopia, a near-sightedness.")
    [answer] = KGRank(graph, ranking="expansion", k=0).answer([QUERY], SearchForTests(), model)
    plain = KGRank(graph, k=0).answer([QUERY], SearchForTests(), model)[0]
    place = {
        ranking: [("Myopia" in text) for text in sources(a.evidence)].index(True)
        for ranking, a in (("expansion", answer), ("similarity", plain))
    }
    assert place["expansion"] < place["similarity"]
    assert "draft answer" in [step["step"] for step in answer.trace]
    assert "<source" not in model.asked[1]


@dataclass(frozen=True)
class EncoderForTests:
    """Gives a text the vector of the first of its names that it has."""

    vectors: dict[str, tuple[float, float, float]]

    def _encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = [next((v for name, v in self.vectors.items() if name in text), (0, 0, 1)) for text in texts]
        return np.array(rows, dtype=np.float32)

    encode_queries = encode_passages = _encode


def test_mmr_takes_next_what_is_like_the_question_and_unlike_what_was_taken(graph: Graph) -> None:
    vectors = {
        "Does": (1.0, 0.0, 0.0),
        "Aortic root": (0.96, 0.28, 0.0),
        "Ectopia": (0.95, 0.3122, 0.0),  # nearly the aneurysm again
        "Myopia": (0.93, -0.3676, 0.0),  # less like the question, and another thing
        "Examplolol": (0.0, 1.0, 0.0),
    }
    encoder = EncoderForTests(vectors)
    model = naming("Lens and aorta syndrome")
    by: dict[str, list[str]] = {}
    for ranking in ("similarity", "mmr"):
        method = KGRank(graph, ranking=ranking, k=0, encoder=encoder)  # type: ignore[arg-type]
        [answer] = method.answer([QUERY], SearchForTests(), model)
        by[ranking] = [next(n for n in vectors if n in text) for text in sources(answer.evidence)]
    assert by["similarity"] == ["Aortic root", "Ectopia", "Myopia", "Examplolol"]
    # 0.93 − 0.1 · 0.79 > 0.95 − 0.1 · 1.00
    assert by["mmr"] == ["Aortic root", "Myopia", "Ectopia", "Examplolol"]


def test_of_a_term_with_many_statements_those_are_compared_that_share_words_with_the_question(graph: Graph) -> None:
    encoder = EncoderForTests({"Does": (1.0, 0.0, 0.0), "Myopia": (1.0, 0.0, 0.0)})
    method = KGRank(graph, k=0, n_compared=1, encoder=encoder)  # type: ignore[arg-type]
    [answer] = method.answer([QUERY], SearchForTests(), naming("Lens and aorta syndrome"))
    assert sources(answer.evidence) == [ANEURYSM]


@dataclass(frozen=True)
class BackwardsForTests:
    """A reranker that turns the order round."""

    depth: int = 200

    def rerank(self, query: Query, evidence: Sequence[Evidence], k: int) -> tuple[Evidence, ...]:
        return tuple(reversed(evidence))[:k]


def test_a_reranker_orders_the_best_anew(graph: Graph) -> None:
    model = naming("Lens and aorta syndrome")
    [before] = KGRank(graph, k=0).answer([QUERY], SearchForTests(), model)
    method = KGRank(graph, k=0, n_triples=2, reranker=BackwardsForTests())
    [after] = method.answer([QUERY], SearchForTests(), model)
    assert sources(after.evidence) == sources(before.evidence)[::-1][:2]


def test_options_are_shown_for_the_answer_alone(graph: Graph) -> None:
    model = naming("Aortic root aneurysm")
    [answer] = KGRank(graph).answer([CHOICE], SearchForTests(), model)
    *before, last = (prompt for prompts in model.calls for prompt in prompts)
    assert all("Valve syndrome" not in m.content for prompt in before for m in prompt.messages)
    assert "B. Valve syndrome" in last.messages[-1].content
    assert answer.choice == "A"


def test_without_a_language_model_the_graph_is_read_too(graph: Graph) -> None:
    reader = catalog.make("generators", "extractive", "test")
    asked = Query("q", "Which findings does Lens and aorta syndrome have?")
    [answer] = KGRank(graph).answer([asked], SearchForTests(()), reader)
    assert answer.outcome == "answered"
    assert {citation.doc_id for citation in answer.citations} == {"OMIM:1"}
    assert all(citation.quote in sources(answer.evidence) for citation in answer.citations)


def test_without_a_graph_it_says_what_to_do() -> None:
    with pytest.raises(RecipeError, match="needs a knowledge graph; ask through an index"):
        KGRank().answer([QUERY], SearchForTests(), naming())
