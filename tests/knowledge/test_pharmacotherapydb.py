"""PharmacotherapyDB: what each of its categories says."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragmed.knowledge.pharmacotherapydb import PharmacotherapyDB
from ragmed.types import Edge, Node
from tests.knowledge.graphs_for_tests import INDICATIONS, written


def of_category(folder: Path, category: str) -> tuple[PharmacotherapyDB, list[Edge]]:
    texts = {**INDICATIONS, "indications": INDICATIONS["indications"].replace("\tDM\t2", f"\t{category}\t2")}
    reader = PharmacotherapyDB(written(folder, texts))
    return reader, [fact for fact in reader.facts() if isinstance(fact, Edge)]


@pytest.mark.parametrize(
    ("category", "stated"),
    [
        ("DM", [("treats", False)]),
        ("SYM", [("relieves", False)]),
        ("NOT", [("treats", True), ("relieves", True)]),
    ],
)
def test_a_category_is_a_statement_of_a_drug_and_a_disease(
    tmp_path: Path, category: str, stated: list[tuple[str, bool]]
) -> None:
    _, edges = of_category(tmp_path, category)
    assert [(edge.predicate, edge.negated) for edge in edges] == stated
    assert {(edge.subject, edge.object) for edge in edges} == {("DrugBank:DB00843", "DOID:10652")}
    assert {(edge.basis, edge.confidence) for edge in edges} == {("2 of 3 curators, 1 of 4 resources", 1.0)}


def test_an_unknown_category_is_left_out_and_counted(tmp_path: Path) -> None:
    reader, edges = of_category(tmp_path, "MAYBE")
    assert edges == []
    assert reader.report.skipped["indication without a known category and two ids"].examples == ["row 1"]


def test_drugs_and_diseases_have_their_names(tmp_path: Path) -> None:
    found = PharmacotherapyDB(written(tmp_path, INDICATIONS)).facts()
    assert [(fact.node_id, fact.name, fact.kind) for fact in found if isinstance(fact, Node)] == [
        ("DrugBank:DB00843", "Donepezil", "drug"),
        ("DOID:10652", "Alzheimer's disease", "disease"),
    ]


def test_the_release_is_whole(mirror: Path) -> None:
    folder = mirror / "pharmacotherapydb"
    files = {name: folder / f"{name}.tsv" for name in ("drugs", "diseases", "indications")}
    if not all(path.is_file() for path in files.values()):
        pytest.skip("the mirror has no PharmacotherapyDB")
    facts = list(PharmacotherapyDB(files).facts())
    edges = [fact for fact in facts if isinstance(fact, Edge)]
    assert len(facts) - len(edges) == 601 + 97
    counted = [(edge.predicate, edge.negated) for edge in edges]
    assert [counted.count(pair) for pair in (("treats", False), ("relieves", False), ("treats", True))] == [
        755,
        390,
        243,
    ]
