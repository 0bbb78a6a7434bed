"""ICD-10-CM's hierarchy and what its notes exclude."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragmed import sources
from ragmed.errors import DamagedFile
from ragmed.knowledge.icd10cm import ICD10CM
from ragmed.recipe import read_corpus_recipe
from ragmed.report import Report
from ragmed.types import Edge, Name, Node
from tests.knowledge.ontologies_for_tests import ICD10CM as LIST
from tests.knowledge.ontologies_for_tests import icd10cm_files


@pytest.fixture
def reader(tmp_path: Path) -> ICD10CM:
    return ICD10CM(files=icd10cm_files(tmp_path), report=Report())


def test_every_entry_is_a_kind_of_the_one_above_it(reader: ICD10CM) -> None:
    above = {
        fact.subject: fact.object for fact in reader.facts() if isinstance(fact, Edge) and fact.predicate == "is_a"
    }
    assert above["ICD10CM:E10.1"] == "ICD10CM:E10"
    assert above["ICD10CM:E10"] == "ICD10CM:block E08-E13"
    assert above["ICD10CM:block E08-E13"] == "ICD10CM:chapter 4"
    assert "ICD10CM:chapter 4" not in above


def test_entries_are_named_as_they_are_spoken(reader: ICD10CM) -> None:
    nodes = {fact.node_id: fact for fact in reader.facts() if isinstance(fact, Node)}
    assert nodes["ICD10CM:E10"] == Node(
        node_id="ICD10CM:E10",
        name="Type 1 alpha",
        kind="disease",
        source="icd10cm",
        names=(Name("juvenile onset alpha", "related"),),
        url="https://icd10cmtool.cdc.gov/?fy=FY2026&query=E10",
    )
    assert nodes["ICD10CM:E10.1"].names == (Name("Type 1 alpha with cough", "synonym"),)
    assert nodes["ICD10CM:chapter 4"].name == "Alpha diseases"
    assert nodes["ICD10CM:block B20"].name == "Beta"
    assert nodes["ICD10CM:B20"].name == "Beta disease"


def test_the_chapter_says_the_kind(reader: ICD10CM) -> None:
    kinds = {fact.node_id: fact.kind for fact in reader.facts() if isinstance(fact, Node)}
    assert {kinds[f"ICD10CM:{code}"] for code in ("chapter 18", "block R05-R05", "R05")} == {"finding"}
    assert {kinds[f"ICD10CM:{code}"] for code in ("chapter 20", "block W50-W64", "W55")} == {"other"}
    assert kinds["ICD10CM:E11"] == "disease"


def test_exclusions_are_edges_where_the_note_names_codes_of_the_list(reader: ICD10CM) -> None:
    excluded = [fact for fact in reader.facts() if isinstance(fact, Edge) and fact.predicate != "is_a"]
    assert [(edge.subject, edge.predicate, edge.object, edge.quote) for edge in excluded] == [
        ("ICD10CM:chapter 4", "does_not_include", "ICD10CM:B20", "neoplasms (B20)"),
        ("ICD10CM:E10", "not_coded_with", "ICD10CM:E11", "alpha of the newborn (E11.-)"),
        ("ICD10CM:E10", "not_coded_with", "ICD10CM:block E08-E13", "alpha, any (E08-E13, E10.1)"),
        ("ICD10CM:E10", "not_coded_with", "ICD10CM:E10.1", "alpha, any (E08-E13, E10.1)"),
    ]
    assert reader.report.notes["exclusion that names no code of the list, left out"].n == 3


def test_an_entry_without_a_code_is_left_out_and_noted(reader: ICD10CM) -> None:
    list(reader.facts())
    assert reader.report.skipped["entry without a code or a title"].n == 1


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    path = tmp_path / "tabular.xml"
    path.write_text(LIST.replace("<ICD10CM.tabular>", '<!DOCTYPE x [<!ENTITY a "ha">]><ICD10CM.tabular>'), "utf-8")
    with pytest.raises(DamagedFile, match="declares a document type"):
        list(ICD10CM(files={"tabular": path}).facts())


def test_the_published_list_is_read_whole() -> None:
    report = Report()
    read = ICD10CM(files=sources.locate(read_corpus_recipe("icd10cm")), report=report)
    facts = list(read.facts())
    nodes = {fact.node_id for fact in facts if isinstance(fact, Node)}
    edges = [fact for fact in facts if isinstance(fact, Edge)]
    assert read.release() == "2026"
    assert len(nodes) == sum(isinstance(fact, Node) for fact in facts) == 47_200
    assert sum(edge.predicate == "is_a" for edge in edges) == 47_200 - 22
    assert all(edge.subject in nodes and edge.object in nodes for edge in edges)
    assert report.skipped == {}
