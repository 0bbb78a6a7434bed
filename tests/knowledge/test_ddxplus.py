"""MedRAG's graph for DDXPlus: a workbook of subject, relation and object."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from ragmed.errors import DamagedFile, MissingExtra
from ragmed.knowledge import ddxplus
from ragmed.knowledge.ddxplus import DDXPlus
from ragmed.types import Edge, Node
from tests.knowledge.graphs_for_tests import workbook

HEADING = ("subject", "relation", "object")


def reader(folder: Path, *rows: Sequence[str]) -> DDXPlus:
    pytest.importorskip("openpyxl")
    return DDXPlus({"graph": workbook(folder, [HEADING, *rows])})


def test_symptoms_are_findings_and_other_relations_keep_their_names(tmp_path: Path) -> None:
    found = list(
        reader(
            tmp_path,
            ("influenza", "has_symptomatology", "Fever and cough"),
            ("influenza", "has_therapy", "Rest"),
            ("influenza", "is_a", "infectious_diseases"),
        ).facts()
    )
    assert [(fact.node_id, fact.name, fact.kind) for fact in found if isinstance(fact, Node)] == [
        ("DDXPlus:influenza", "influenza", "disease"),
        ("DDXPlus:fever_and_cough", "Fever and cough", "finding"),
        ("DDXPlus:rest", "Rest", "procedure"),
        ("DDXPlus:infectious_diseases", "infectious diseases", "other"),
    ]
    assert [(fact.predicate, fact.object) for fact in found if isinstance(fact, Edge)] == [
        ("has_finding", "DDXPlus:fever_and_cough"),
        ("has_therapy", "DDXPlus:rest"),
        ("is_a", "DDXPlus:infectious_diseases"),
    ]


def test_one_text_is_one_node_and_texts_that_differ_in_signs_are_two(tmp_path: Path) -> None:
    answers = ("Pain?: back(L)", "Pain? back L", "Pain?: back(L)")
    found = list(reader(tmp_path, *(("gerd", "has_symptomatology", answer) for answer in answers)).facts())
    assert [fact.name for fact in found if isinstance(fact, Node)] == ["gerd", "Pain?: back(L)", "Pain? back L"]
    objects = [fact.object for fact in found if isinstance(fact, Edge)]
    assert objects[0] == objects[2] != objects[1]


def test_an_answer_of_no_is_given_as_it_is_written(tmp_path: Path) -> None:
    question = "Have you traveled out of the country in the last 4 weeks?: N"
    found = list(reader(tmp_path, ("urti", "has_exposure", question)).facts())
    assert [(fact.predicate, fact.negated) for fact in found if isinstance(fact, Edge)] == [("has_exposure", False)]
    assert question in [fact.name for fact in found if isinstance(fact, Node)]


def test_two_spellings_of_a_disease_are_one_and_noted(tmp_path: Path) -> None:
    made = reader(tmp_path, ("nstemi__stemi", "has_therapy", "A"), ("nstemi_stemi", "has_therapy", "B"))
    assert {fact.subject for fact in made.facts() if isinstance(fact, Edge)} == {"DDXPlus:nstemi_stemi"}
    assert made.report.notes["subject spelt in two ways, read as one"].examples == ["nstemi_stemi"]


def test_a_row_without_an_object_is_left_out_and_counted(tmp_path: Path) -> None:
    made = reader(tmp_path, ("a", "has_therapy", ""), ("a", "Not a verb!", "b"), ("a", "has_therapy", "c"))
    assert len([fact for fact in made.facts() if isinstance(fact, Edge)]) == 1
    assert made.report.skipped["row without subject, relation and object"].examples == ["row 2", "row 3"]


@pytest.mark.parametrize("limit", ["MAX_FILE_BYTES", "MAX_UNPACKED_BYTES", "MAX_ROWS"])
def test_a_workbook_of_absurd_size_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    made = reader(tmp_path, ("a", "has_therapy", "b"))
    monkeypatch.setattr(ddxplus, limit, 1)
    with pytest.raises(DamagedFile, match="it is not MedRAG's graph"):
        list(made.facts())


def test_another_heading_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    with pytest.raises(DamagedFile, match="instead of 'subject, relation, object'"):
        list(DDXPlus({"graph": workbook(tmp_path, [("a", "b", "c")])}).facts())


def test_without_its_package_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(MissingExtra, match=r"ragmed\[excel\]"):
        list(DDXPlus({"graph": workbook(tmp_path, [HEADING])}).facts())
