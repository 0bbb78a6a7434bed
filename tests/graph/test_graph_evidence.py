"""Statements of a graph as sentences that are quoted, cited and found again by their ids."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ragmed.analysis.sentences import sentence_spans
from ragmed.answers.citations import answer_of, problems
from ragmed.answers.json import answer_from_json, to_json
from ragmed.answers.reply import Reply, Statement
from ragmed.graph.evidence import definition_of, evidence_of, passage, passage_of, statement, triples
from ragmed.graph.store import Graph
from ragmed.types import Edge, Node, Query
from tests.graph_for_tests import disease, finding, graph_of, small_hpo

MARFAN, LENS = "OMIM:154700", "HP:0001083"


def one(folder: Path, **fields: object) -> str:
    """The sentence of a statement that a disease has a finding."""
    facts = [
        *finding(LENS, "Ectopia lentis"),
        Node("HP:0003593", "Infantile onset", "modifier", "hpo"),
        Node(MARFAN, "Marfan syndrome", "disease", "hpo"),
        Edge(MARFAN, "has_finding", LENS, "hpo", **fields),  # type: ignore[arg-type]
    ]
    return statement(graph_of(folder, facts), 0)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "Marfan syndrome has the finding Ectopia lentis."),
        ({"frequency": 0.6}, "Marfan syndrome has the finding Ectopia lentis in 60 % of patients."),
        (
            {"n_present": 6, "n_examined": 10, "frequency": 0.6, "evidence": ("PMID:1",)},
            "Marfan syndrome has the finding Ectopia lentis in 6 of 10 patients (PMID:1).",
        ),
        # HPO's reader keeps the middle of a class: what the source says is the class.
        ({"frequency": 0.545}, "Marfan syndrome has the finding Ectopia lentis in 30–79 % of patients."),
        ({"negated": True}, "Marfan syndrome does not have the finding Ectopia lentis."),
        (
            {"n_present": 0, "n_examined": 3, "frequency": 0.0},
            "Ectopia lentis was found in none of 3 patients with Marfan syndrome.",
        ),
        (
            {"sex": "female", "onset": "HP:0003593", "frequency": 1.0},
            "Marfan syndrome has the finding Ectopia lentis in 100 % of female patients, with Infantile onset.",
        ),
        (
            {"evidence": ("PMID:1", "PMID:2", "PMID:3", "PMID:4"), "confidence": 0.7, "quote": "It slipped."},
            "Marfan syndrome has the finding Ectopia lentis (PMID:1; PMID:2; PMID:3; and 1 more; confidence 0.7). "
            'Its source reads: "It slipped."',
        ),
    ],
)
def test_a_statement_says_what_its_source_says_and_no_more(
    tmp_path: Path, fields: dict[str, object], said: str
) -> None:
    assert one(tmp_path, **fields) == said


def test_a_predicate_of_no_common_meaning_is_read_as_it_stands(tmp_path: Path) -> None:
    facts = [
        *finding("A:1", "One"),
        *finding("A:2", "Other"),
        Edge("A:1", "binds_to", "A:2", "x"),
        Edge("A:2", "binds_to", "A:1", "x", negated=True),
    ]
    graph = graph_of(tmp_path, facts)
    assert statement(graph, 0) == "One binds to Other."
    assert statement(graph, 1) == "It is not so that Other binds to One."


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    facts = small_hpo()
    facts.append(Node("HP:1", "Defined", "finding", "one", definition="What it is.", url="https://example.org/1"))
    return graph_of(tmp_path, facts)


def test_every_statement_is_found_again_by_its_id(graph: Graph) -> None:
    for number in range(graph.n_edges):
        made = passage_of(graph, number)
        assert passage(graph, made.passage_id) == made
        assert made.text[made.start : made.end] == made.text
        assert len(sentence_spans(made.text)) == 1 + ("Its source reads" in made.text)


def test_ids_stay_in_another_build_of_the_same_facts(graph: Graph, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    more = graph_of(tmp_path / "more", [*disease("OMIM:0", "Added", {}), *small_hpo()])
    for number in range(graph.n_edges):
        assert passage(more, passage_of(graph, number).passage_id) is not None


def test_a_source_that_says_something_else_does_not_stand_for_what_it_said(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    before = graph_of(tmp_path / "a", [*finding(LENS, "Lens"), *disease(MARFAN, "Marfan", {LENS: 0.6})])
    after = graph_of(tmp_path / "b", [*finding(LENS, "Lens"), *disease(MARFAN, "Marfan", {LENS: 0.5})])
    assert passage(after, passage_of(before, 0).passage_id) is None


@pytest.mark.parametrize(
    "passage_id",
    ["", "graph:", "graph:/", "graph:OMIM:1", "graph:OMIM:1/has_finding/HP:0001083/0", "graph:HP:1/definition/0", "a"],
)
def test_an_id_of_nothing_finds_nothing(graph: Graph, passage_id: str) -> None:
    assert passage(graph, passage_id) is None


def test_a_definition_is_evidence_too(graph: Graph) -> None:
    made = definition_of(graph, graph.row("HP:1"))
    assert made is not None
    assert (made.text, made.url, made.doc_id) == ("Defined: What it is.", "https://example.org/1", "HP:1")
    assert (made.licence, made.meta["release"], made.meta["graph"]) == ("none", "2025-01-16", "for-tests")
    assert passage(graph, made.passage_id) == made
    assert definition_of(graph, graph.row("OMIM:1")) is None


def test_a_quotation_is_checked_and_saved_like_any_other(graph: Graph) -> None:
    [number] = [int(n) for n in graph.edges_of(graph.row("OMIM:2"), "has_finding") if graph.negated[n]]
    evidence = evidence_of([passage_of(graph, number)])
    said = evidence[0].passage.text
    answer = answer_of(Query("q", "What is not found?"), evidence, Reply((Statement(said, said, 1),)))
    assert answer.citations[0].quote == "Lens syndrome does not have the finding Aortic root aneurysm (PMID:2)."
    assert answer.sentences[0].status == "supported"
    found = passage(graph, answer.citations[0].passage_id)
    assert found is not None
    assert problems(answer, {found.passage_id: found.text}) == []
    assert answer_from_json(json.loads(json.dumps(to_json(answer)))) == answer
    contrary = said.replace("does not have", "has")
    assert answer_of(Query("q", "?"), evidence, Reply((Statement(contrary, contrary, 1),))).outcome == "abstained"


def test_of_statements_of_one_thing_the_best_attested_stands_for_all_but_a_denial_stands_by_itself(
    tmp_path: Path,
) -> None:
    facts = [*finding(LENS, "Lens"), Node(MARFAN, "Marfan", "disease", "hpo")]
    for n_examined, negated in ((0, False), (20, False), (5, False), (0, True)):
        facts.append(Edge(MARFAN, "has_finding", LENS, "hpo", negated, n_present=n_examined, n_examined=n_examined))
    graph = graph_of(tmp_path, facts)
    kept = triples(graph, range(graph.n_edges))
    assert [(int(graph.n_examined[n]), bool(graph.negated[n])) for n in kept] == [(20, False), (0, True)]


def test_evidence_has_each_passage_once_in_order(graph: Graph) -> None:
    passages = [passage_of(graph, n) for n in (3, 1, 3)]
    evidence = evidence_of(passages)
    assert [(e.passage, e.rank, e.ranks_by_retriever) for e in evidence] == [
        (passages[0], 1, {"graph": 1}),
        (passages[1], 2, {"graph": 2}),
    ]
    assert evidence[0].score > evidence[1].score
    assert [e.score for e in evidence_of(passages, [0.5, 0.4, 0.3])] == [0.5, 0.4]
