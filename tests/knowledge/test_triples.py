"""Triples as JSON lines: ragmed's own format."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ragmed.errors import DamagedFile
from ragmed.knowledge.triples import Triples
from ragmed.types import Edge, Node

LEAST = {"subject": "aspirin", "predicate": "relieves", "object": "HP:0002315"}


def reader(folder: Path, *rows: object) -> Triples:
    path = folder / "mine.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return Triples({"mine": path})


def test_a_line_is_a_statement_with_what_it_rests_on(tmp_path: Path) -> None:
    row = {
        **LEAST,
        "evidence": ["PMID:1", "pubmed:2#0"],
        "date": "2024-05",
        "confidence": 0.25,
        "frequency": 1,
        "quote": "It helped.",
        "method": "patterns",
        "negated": True,
    }
    assert [fact for fact in reader(tmp_path, row).facts() if isinstance(fact, Edge)] == [
        Edge(
            "name:aspirin",
            "relieves",
            "HP:0002315",
            "triples",
            negated=True,
            frequency=1.0,
            evidence=("PMID:1", "pubmed:2#0"),
            basis="patterns",
            date="2024-05",
            confidence=0.25,
            quote="It helped.",
        )
    ]


def test_a_name_is_a_node_and_an_id_is_one_where_it_is_named(tmp_path: Path) -> None:
    rows = [
        {**LEAST, "subject": "Crohn's  Disease", "subject_kind": "disease"},
        {**LEAST, "subject": "crohn's disease", "object_name": "Headache", "object_kind": "finding"},
    ]
    assert [fact for fact in reader(tmp_path, *rows).facts() if isinstance(fact, Node)] == [
        Node("name:crohn_s_disease", "Crohn's Disease", "disease", "triples"),
        Node("name:crohn_s_disease", "crohn's disease", "other", "triples"),
        Node("HP:0002315", "Headache", "finding", "triples"),
    ]


def test_a_predicate_is_written_in_one_way(tmp_path: Path) -> None:
    edges = [fact for fact in reader(tmp_path, {**LEAST, "predicate": " Is-A "}).facts() if isinstance(fact, Edge)]
    assert [edge.predicate for edge in edges] == ["is_a"]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"object": ""}, "no subject or no object"),
        ({"object": None}, "no subject or no object"),
        ({"subject": 7}, "a value that should be a text is none"),
        ({"predicate": "→"}, "predicate is not a verb in letters of a to z"),
        ({"confidence": 1.5}, "confidence or frequency is not a number from 0 to 1"),
        ({"confidence": True}, "confidence or frequency is not a number from 0 to 1"),
        ({"frequency": float("nan")}, "confidence or frequency is not a number from 0 to 1"),
        ({"negated": "no"}, "negated is neither true nor false"),
        ({"evidence": "PMID:1"}, "evidence is not a list of ids"),
        ({"evidence": [1]}, "evidence is not a list of ids"),
        ({"date": "May 2024"}, "date is not as 2024, 2024-05 or 2024-05-31"),
        (
            {"subject_kind": "planet"},
            "a kind that is none of finding, disease, modifier, drug, gene, anatomy, procedure, other",
        ),
    ],
)
def test_a_line_that_breaks_the_format_is_left_out_with_its_number(
    tmp_path: Path, changed: dict[str, object], reason: str
) -> None:
    made = reader(tmp_path, LEAST, {**LEAST, **changed})
    assert len([fact for fact in made.facts() if isinstance(fact, Edge)]) == 1
    assert made.report.skipped[reason].examples == ["mine.jsonl, line 2"]


@pytest.mark.parametrize("line", ["{broken", "[1]", "[" * 100_000, '"\\ud800"'])
def test_a_line_that_is_no_object_is_left_out(tmp_path: Path, line: str) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text(f"{line}\n\n{json.dumps(LEAST)}\n", encoding="utf-8")
    made = Triples({"mine": path})
    assert len([fact for fact in made.facts() if isinstance(fact, Edge)]) == 1
    assert made.report.skipped["not a JSON object"].examples == ["mine.jsonl, line 1"]


def test_a_key_of_another_name_is_noted(tmp_path: Path) -> None:
    made = reader(tmp_path, {**LEAST, "pmid": "1"})
    assert len([fact for fact in made.facts() if isinstance(fact, Edge)]) == 1
    assert made.report.notes["key that is not read"].examples == ["mine.jsonl, line 1: pmid"]


def test_a_file_without_a_triple_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DamagedFile, match="holds no triple"):
        list(reader(tmp_path, {"text": "Aspirin helps."}).facts())


def test_the_example_of_the_format_can_be_read(tmp_path: Path) -> None:
    from ragmed.knowledge import triples

    assert triples.__doc__ is not None
    example = triples.__doc__.partition("::\n")[2].partition("``subject``")[0]
    edges = [fact for fact in reader(tmp_path, json.loads(example)).facts() if isinstance(fact, Edge)]
    assert [(edge.subject, edge.predicate, edge.object) for edge in edges] == [
        ("DrugBank:DB00945", "relieves", "name:headache")
    ]
