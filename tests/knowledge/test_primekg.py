"""PrimeKG: each edge stands in its file twice and is read once, in the direction that its relation means."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmed.errors import DamagedFile
from ragmed.knowledge.primekg import PrimeKG
from ragmed.report import Report
from ragmed.types import Edge, Node
from tests.knowledge.graphs_for_tests import PRIMEKG, primekg_file, primekg_rows

EdgeOfTwo = tuple[str, str, str, str]


def read(folder: Path, rows: Sequence[Sequence[str]], report: Report | None = None) -> list[Node | Edge]:
    return list(PrimeKG(primekg_file(folder, rows), report=report or Report()).facts())


def edges(folder: Path, *stated: EdgeOfTwo) -> list[Edge]:
    return [fact for fact in read(folder, primekg_rows(stated)) if isinstance(fact, Edge)]


def test_nodes_have_the_ids_of_their_sources(tmp_path: Path) -> None:
    stated = [
        ("indication", "indication", "drug", "disease"),
        ("disease_protein", "associated with", "gene", "disease"),
        ("disease_phenotype_positive", "phenotype present", "disease", "finding"),
        ("bioprocess_protein", "interacts with", "gene", "process"),
        ("anatomy_protein_present", "expression present", "gene", "anatomy"),
        ("pathway_protein", "interacts with", "gene", "pathway"),
        ("exposure_disease", "linked to", "exposure", "disease"),
    ]
    found = read(tmp_path, primekg_rows(stated))
    assert {fact.node_id: (fact.name, fact.kind) for fact in found if isinstance(fact, Node)} == {
        "DrugBank:DB00945": ("Aspirin", "drug"),
        "MONDO:0005068": ("myocardial infarction", "disease"),
        "NCBIGene:9796": ("PHYHIP", "gene"),
        "HP:0100749": ("Chest pain", "finding"),
        "GO:0008217": ("regulation of blood pressure", "other"),
        "UBERON:0000948": ("heart", "anatomy"),
        "Reactome:R-HSA-109606": ("Intrinsic Pathway for Apoptosis", "other"),
        "MESH:D000393": ("Air Pollutants", "other"),
    }


@pytest.mark.parametrize(
    ("stated", "subject", "predicate", "object_"),
    [
        (("indication", "indication", "drug", "disease"), "DrugBank:DB00945", "treats", "MONDO:0005068"),
        (
            ("contraindication", "contraindication", "drug", "disease"),
            "DrugBank:DB00945",
            "contraindicated_in",
            "MONDO:0005068",
        ),
        (("off-label use", "off-label use", "drug", "disease"), "DrugBank:DB00945", "off_label_for", "MONDO:0005068"),
        (("drug_effect", "side effect", "drug", "finding"), "DrugBank:DB00945", "causes", "HP:0100749"),
        (("drug_protein", "enzyme", "drug", "gene"), "DrugBank:DB00945", "has_enzyme", "NCBIGene:9796"),
        (
            ("disease_protein", "associated with", "gene", "disease"),
            "MONDO:0005068",
            "associated_with",
            "NCBIGene:9796",
        ),
        (("protein_protein", "ppi", "other gene", "gene"), "NCBIGene:9796", "interacts_with", "NCBIGene:7918"),
        (("disease_disease", "parent-child", "parent", "disease"), "MONDO:0005068", "is_a", "MONDO:0005267"),
        (("anatomy_anatomy", "parent-child", "anatomy", "larger anatomy"), "UBERON:0000948", "is_a", "UBERON:0000062"),
    ],
)
@pytest.mark.parametrize("typed_first", [True, False])
def test_an_edge_and_its_reverse_are_one_statement(
    tmp_path: Path, stated: EdgeOfTwo, subject: str, predicate: str, object_: str, typed_first: bool
) -> None:
    other = ("exposure_disease", "linked to", "exposure", "disease")
    found = edges(tmp_path, *([other, stated] if typed_first else [stated, other]))
    found = [edge for edge in found if edge.predicate != "associated_with" or "NCBIGene" in edge.object]
    assert [(edge.subject, edge.predicate, edge.object) for edge in found] == [(subject, predicate, object_)]
    assert found[0].basis == stated[1]


def test_an_absent_phenotype_is_denied(tmp_path: Path) -> None:
    (found,) = edges(tmp_path, ("disease_phenotype_negative", "phenotype absent", "disease", "finding"))
    assert (found.subject, found.predicate, found.negated) == ("MONDO:0005068", "has_finding", True)


def test_a_group_is_a_node_of_its_own_that_says_nothing_of_its_members(tmp_path: Path) -> None:
    found = read(tmp_path, primekg_rows([("disease_phenotype_positive", "phenotype present", "group", "finding")]))
    assert Node("MONDO_grouped:8019", 'syndrome, "grouped"', "disease", "primekg") in found
    assert [(fact.subject, fact.predicate) for fact in found if isinstance(fact, Edge)] == [
        ("MONDO:0008019", "grouped_in"),
        ("MONDO:0012592", "grouped_in"),
        ("MONDO_grouped:8019", "has_finding"),
    ]


def test_the_direction_of_parent_and_child_is_not_guessed(tmp_path: Path) -> None:
    other = [*primekg_rows([("indication", "indication", "drug", "disease")])]
    late = primekg_rows([("disease_disease", "parent-child", "parent", "disease")])
    report = Report()
    found = read(tmp_path, [*other, *late], report)
    assert not [fact for fact in found if isinstance(fact, Edge) and fact.predicate == "is_a"]
    assert report.skipped["parent-child edge whose direction is not known"].n == 1


def test_findings_that_are_hierarchy_do_not_pass_for_reversed_edges(tmp_path: Path) -> None:
    found = edges(
        tmp_path,
        ("disease_phenotype_positive", "phenotype present", "disease", "finding"),
        ("disease_phenotype_positive", "phenotype present", "finding", "group"),
        ("disease_disease", "parent-child", "parent", "disease"),
    )
    assert [edge.predicate for edge in found] == ["has_finding", "is_a", "grouped_in", "grouped_in", "has_finding"]


@pytest.mark.parametrize("n_rows", [1, 2, 3])
def test_a_file_that_was_cut_between_two_lines_is_refused(tmp_path: Path, n_rows: int) -> None:
    stated = [("protein_protein", "ppi", "gene", "other gene"), ("indication", "indication", "drug", "disease")]
    with pytest.raises(DamagedFile, match=r"kg\.csv: not every edge stands in both directions"):
        read(tmp_path, primekg_rows(stated)[:n_rows])


def test_what_is_not_known_is_left_out_and_counted(tmp_path: Path) -> None:
    report = Report()
    rows = [
        *primekg_rows([("drug_planet", "orbits", "drug", "disease"), ("drug_protein", "moon", "drug", "gene")]),
        *primekg_rows([("indication", "indication", "gene", "disease"), ("drug_drug", "ddi", "drug", "drug")]),
        ("indication", "indication", "90", "1", "drug", "X", "Mars", *PRIMEKG["disease"]),
        ("indication", "indication", *PRIMEKG["disease"], "90", "1", "drug", "X", "Mars"),
    ]
    assert [fact.node_id for fact in read(tmp_path, rows, report) if isinstance(fact, Node)] == ["MONDO:0005068"]
    assert {reason: tally.n for reason, tally in report.skipped.items()} == {
        "unknown relation": 4,
        "edge between other types than its relation's": 2,
        "edge from a node to itself": 2,
        "node without a known type, a known source and a name": 1,
        "edge of a node that was left out": 1,
    }


@given(
    st.lists(
        st.sampled_from(
            [
                ("protein_protein", "ppi", "gene", "other gene"),
                ("indication", "indication", "drug", "disease"),
                ("disease_disease", "parent-child", "parent", "disease"),
                ("drug_effect", "side effect", "drug", "finding"),
                ("anatomy_protein_absent", "expression absent", "gene", "anatomy"),
            ]
        ),
        unique=True,
        min_size=1,
    )
)
def test_as_many_edges_are_read_as_the_file_has_pairs_of_rows(
    tmp_path_factory: pytest.TempPathFactory, stated: list[EdgeOfTwo]
) -> None:
    assert len(edges(tmp_path_factory.mktemp("kg"), *stated)) == len(stated)
