"""OBO ontologies become facts: MONDO's form and that of others."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmed.knowledge._identifiers import compact
from ragmed.knowledge.obo import OBO
from ragmed.report import Report
from ragmed.types import Edge, Name, Node, Retired
from tests.knowledge.ontologies_for_tests import MONDO


def reader(folder: Path, text: str, **options: object) -> OBO:
    (folder / "x.obo").write_text(text, encoding="utf-8")
    return OBO(files={"ontology": folder / "x.obo"}, report=Report(), **options)  # type: ignore[arg-type]


def term(number: int, *lines: str) -> str:
    return "\n".join([f"[Term]\nid: X:{number}\nname: term {number}", *lines]) + "\n\n"


def facts(folder: Path, *terms: str) -> list[Node | Retired | Edge]:
    return list(reader(folder, "".join(terms), source="x").facts())


def test_a_disease_of_mondo(tmp_path: Path) -> None:
    read = reader(tmp_path, MONDO, source="mondo", prefixes=("MONDO",))
    first, alpha, *rest = read.facts()
    assert isinstance(first, Node)
    assert alpha == Node(
        node_id="MONDO:0000002",
        name="alpha syndrome",
        kind="disease",
        source="mondo",
        names=(Name("AS", "abbreviation"), Name("alpha disease", "related")),
        definition='A syndrome of "alpha".',
        url="http://purl.obolibrary.org/obo/MONDO_0000002",
        same_as=("OMIM:1", "UMLS:C0000001", "ORPHA:2"),
    )
    about = "MONDO:0000002"
    assert rest == [
        Edge(about, "is_a", "MONDO:0000001", "mondo"),
        Edge(about, "located_in", "UBERON:0000001", "mondo"),
        Edge(about, "disease_has_feature", "MONDO:0000001", "mondo"),
        Edge(about, "related_to", "ICD10CM:E10", "mondo", basis="MONDO:mondoIsNarrowerThanSource"),
        Edge(about, "related_to", "DOID:3", "mondo", basis="MONDO:relatedTo"),
        Retired("MONDO:0000003", "beta", "MONDO:0000002", ("MONDO:0000001",)),
        Retired("MONDO:0000009", replaced_by="MONDO:0000002"),
    ]
    assert read.release() == "2025-02-04"
    assert read.report.skipped["term of another ontology"].examples == ["HP:0000118"]
    assert read.report.skipped["relation that has no name"].examples == ["MONDO:0000002 RO:9999999"]
    assert read.report.notes["cross reference that is not said to be equivalent"].examples == [
        "MONDO:0000002 MESH:D000001"
    ]


def test_the_kind_of_terms_is_an_option(tmp_path: Path) -> None:
    node = next(iter(reader(tmp_path, term(1), kind="anatomy").facts()))
    assert isinstance(node, Node)
    assert node.kind == "anatomy"


def test_without_codes_a_cross_reference_is_the_same_concept(tmp_path: Path) -> None:
    [node] = facts(tmp_path, term(1, "xref: MESH:D1", "xref: UMLS_CUI:C1", "xref: ICD10CM:E10", "xref: PMID:1"))
    assert isinstance(node, Node)
    assert node.same_as == ("MESH:D1", "UMLS:C1", "ICD10CM:E10")


def test_a_cross_reference_of_two_terms_is_the_same_as_neither(tmp_path: Path) -> None:
    one, *edges, _two, last = facts(tmp_path, term(1, "xref: MESH:D1", "xref: MSH:D1"), term(2, "xref: MSH:D1"))
    assert isinstance(one, Node)
    assert one.same_as == ()
    assert edges == [Edge("X:1", "related_to", "MESH:D1", "x")]
    assert last == Edge("X:2", "related_to", "MESH:D1", "x")


def test_part_of_is_a_statement(tmp_path: Path) -> None:
    assert facts(tmp_path, term(1, "relationship: part_of X:2 ! two"))[1] == Edge("X:1", "part_of", "X:2", "x")


@pytest.mark.parametrize(
    ("lines", "retired"),
    [
        (("replaced_by: X:1",), Retired("X:9", "term 9", "X:1")),
        (("replaced_by: X:1", "replaced_by: X:2"), Retired("X:9", "term 9", "", ("X:1", "X:2"))),
        (("consider: X:1",), Retired("X:9", "term 9", "", ("X:1",))),
        ((), Retired("X:9", "term 9")),
    ],
)
def test_an_obsolete_term_is_retired(tmp_path: Path, lines: tuple[str, ...], retired: Retired) -> None:
    assert facts(tmp_path, term(9, "is_a: X:1", "is_obsolete: true", *lines)) == [retired]


def test_an_obsolete_term_that_is_a_former_id_is_replaced_by_the_term_that_has_it(tmp_path: Path) -> None:
    *_, retired = facts(tmp_path, term(1, "alt_id: X:9"), term(9, "is_obsolete: true"))
    assert retired == Retired("X:9", "term 9", "X:1")


def test_a_former_id_of_two_terms_may_mean_either(tmp_path: Path) -> None:
    assert facts(tmp_path, term(1, "alt_id: X:9"), term(2, "alt_id: X:9"))[-1] == Retired(
        "X:9", consider=("X:1", "X:2")
    )


def test_a_former_id_that_is_in_use_is_not_retired(tmp_path: Path) -> None:
    assert not any(isinstance(fact, Retired) for fact in facts(tmp_path, term(1, "alt_id: X:2"), term(2)))


def test_circles_and_terms_that_are_not_there_are_left_to_the_graph(tmp_path: Path) -> None:
    read = facts(tmp_path, term(1, "is_a: X:2"), term(2, "is_a: X:1", "is_a: Y:404"))
    assert [fact.object for fact in read if isinstance(fact, Edge)] == ["X:2", "X:1", "Y:404"]


@given(st.text("abCD:_-1 /", max_size=20) | st.from_regex(r"[A-Za-z_]{1,9}:[\w.]{1,9}", fullmatch=True))
def test_an_id_written_once_more_stays_as_it_is(identifier: str) -> None:
    once = compact(identifier)
    assert compact(once) == once
