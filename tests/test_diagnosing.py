"""Diagnosis from findings over the graph that is built by default."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import ragmed
from ragmed.diagnosing import Diagnoser, diagnose_file
from ragmed.errors import QuestionError, UnknownName
from ragmed.graph.evidence import passage
from ragmed.graph.findings import PREDICATE


@pytest.fixture(scope="module")
def diagnoser() -> Diagnoser:
    return Diagnoser()


@pytest.mark.parametrize(
    ("told", "disease"),
    [
        ("tall stature, arachnodactyly, ectopia lentis, aortic root aneurysm", "OMIM:154700"),
        ("multiple cafe-au-lait spots, axillary freckling, Lisch nodules, neurofibromas", "OMIM:162200"),
        ("recurrent respiratory infections, steatorrhea, failure to thrive, meconium ileus", "OMIM:219700"),
        ("angiokeratoma, acroparesthesia, hypohidrosis, proteinuria", "OMIM:301500"),
        ("Kayser-Fleischer rings, tremor, liver cirrhosis, dysarthria", "OMIM:277900"),
        ("macroglossia, omphalocele, hemihypertrophy, neonatal hypoglycemia", "OMIM:130650"),
        ("ptosis, external ophthalmoplegia, pigmentary retinopathy, heart block", "OMIM:530000"),
        ("HP:0002072 HP:0000726 HP:0000716 HP:0000496", "OMIM:143100"),
    ],
)
def test_textbook_presentations(diagnoser: Diagnoser, told: str, disease: str) -> None:
    assert diagnoser.diagnose(told, k=1).diseases[0].disease_id == disease


def test_every_sign_is_what_its_statement_says(diagnoser: Diagnoser) -> None:
    diagnosis = diagnoser.diagnose("ectopia lentis, aortic root aneurysm, purple hair", "intellectual disability", k=3)
    graph = diagnoser.graph
    assert [one.finding_id for one in diagnosis.observed] == ["HP:0001083", "HP:0002616"]
    assert [one.finding_id for one in diagnosis.excluded] == ["HP:0001249"]
    assert "not understood: “purple hair”" in diagnosis.notices
    cited = {citation.marker: citation for citation in diagnosis.citations}
    for citation in diagnosis.citations:
        stated = passage(graph, citation.passage_id)
        assert stated is not None
        assert stated.text == citation.quote
    for disease in diagnosis.diseases:
        assert {sign.finding_id for sign in disease.signs} >= {"HP:0001083", "HP:0002616"}
        for sign in disease.signs:
            assert all(cited[marker].doc_id == disease.disease_id for marker in sign.markers)
            if sign.how == "stated":
                assert sign.markers
                assert sign.through_id == sign.finding_id
            if sign.share is not None and sign.how == "stated":
                rows = [
                    graph.edge(number)
                    for number in graph.edges_of(graph.row(disease.disease_id), PREDICATE).tolist()
                    if graph.node_id(int(graph.object[number])) == sign.finding_id
                ]
                assert any(row.frequency is not None for row in rows)


def test_what_to_ask_next_is_not_known_already(diagnoser: Diagnoser) -> None:
    diagnosis = diagnoser.diagnose("ectopia lentis, arachnodactyly", k=2, n_ask=6)
    asked = [one.finding_id for one in diagnosis.ask_next]
    assert len(set(asked)) == len(asked) > 0
    assert not {"HP:0001083", "HP:0001166"} & set(asked)
    assert all(one.bits > 0 and 0 < one.chance < 1 for one in diagnosis.ask_next)
    assert diagnoser.diagnose("ectopia lentis, arachnodactyly", n_ask=0).ask_next == ()


def test_what_names_no_finding_is_an_error_that_says_what_to_do(diagnoser: Diagnoser) -> None:
    with pytest.raises(QuestionError, match=r"no finding was recognised .*purple hair"):
        diagnoser.diagnose("purple hair")
    with pytest.raises(QuestionError, match="longer than"):
        diagnoser.diagnose("fever " * 100_000)
    with pytest.raises(UnknownName, match=r"have: .*OMIM, ORPHA"):
        Diagnoser(diseases="DOID")


def test_ten_thousand_findings_are_ranked_all_the_same(diagnoser: Diagnoser) -> None:
    graph = diagnoser.graph
    findings = [graph.node_id(int(row)) for row in range(graph.n_nodes) if graph.kind(row) == "finding"][:10_000]
    assert len(diagnoser.rank(findings, k=3)["diseases"]) == 3


def test_a_file_of_cases_gives_a_line_a_case_whatever_stands_on_it(diagnoser: Diagnoser, tmp_path: Path) -> None:
    cases = tmp_path / "cases.jsonl"
    lines = [
        json.dumps({"id": "1", "observed": ["HP:0001083", "HP:0002616"], "excluded": ["HP:0001249"]}),
        json.dumps({"id": "2", "observed": []}),
        "not JSON",
        json.dumps({"id": "4", "observed": ["HP:9999999", "Arachnodactyly"]}),
        json.dumps({"id": "5", "observed": 7}),
    ]
    cases.write_text("\n".join(lines), encoding="utf-8")
    found = list(diagnose_file(cases, diagnoser, k=20))
    assert [line["id"] for line in found] == ["1", "2", "line 3", "4", "5"]
    first = found[0]["diseases"]
    assert len(first) == 20
    assert [score for _, score in first] == sorted((score for _, score in first), reverse=True)
    assert "OMIM:154700" in [disease for disease, _ in first]
    assert found[1] == {"id": "2", "diseases": []}
    assert "not a JSON object" in found[2]["error"]
    assert "HP:9999999 is not in the graph: left out" in found[3]["notices"]
    assert "lists of ids" in found[4]["error"]


def test_the_public_name(diagnoser: Diagnoser) -> None:
    diagnosis = ragmed.diagnose(["HP:0001083", "HP:0002616"], k=1)
    assert isinstance(diagnosis, ragmed.Diagnosis)
    assert diagnosis.graph_card["sources"][0]["release"] == "2025-01-16"
