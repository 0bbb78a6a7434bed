"""HPO's annotations become edges: one a row, with all that the row says."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmed import sources
from ragmed.knowledge.hpo import HPO
from ragmed.recipe import read_corpus_recipe
from ragmed.report import Report
from ragmed.types import Edge, Name, Node, Retired
from tests.knowledge.ontologies_for_tests import HP, HPOA_HEAD, row

MARFAN = "OMIM:154700"


def reader(folder: Path, *rows: str) -> HPO:
    (folder / "hp.obo").write_text(HP, encoding="utf-8")
    (folder / "phenotype.hpoa").write_text(HPOA_HEAD + "".join(rows), encoding="utf-8")
    return HPO(files={name: folder / name for name in ("hp.obo", "phenotype.hpoa")}, report=Report())


def edges(folder: Path, *rows: str) -> list[Edge]:
    facts = reader(folder, *rows).facts()
    return [fact for fact in facts if isinstance(fact, Edge) and fact.predicate != "is_a"]


def nodes(folder: Path, *rows: str) -> dict[str, Node]:
    return {fact.node_id: fact for fact in reader(folder, *rows).facts() if isinstance(fact, Node)}


def test_terms_below_phenotypic_abnormality_are_findings_and_others_modifiers(tmp_path: Path) -> None:
    found = nodes(tmp_path, row())
    assert found["HP:0001166"] == Node(
        node_id="HP:0001166",
        name="Arachnodactyly",
        kind="finding",
        source="hpo",
        names=(Name("Spider fingers", "lay"),),
        definition="Long fingers.",
        url="https://hpo.jax.org/browse/term/HP:0001166",
        same_as=("UMLS:C0003706",),
    )
    assert {node.kind for key, node in found.items() if key in ("HP:0000001", "HP:0000006", "HP:0003577")} == {
        "modifier"
    }


def test_a_row_is_an_edge_with_all_its_columns(tmp_path: Path) -> None:
    given_row = row(
        frequency="3/4",
        onset="HP:0003577",
        sex="FEMALE",
        reference="PMID:1;OMIM:154700",
        by="HPO:a[2020-01-02];ORCID:0000-0002-0736-9199[2024-05-06]",
    )
    assert edges(tmp_path, given_row) == [
        Edge(
            subject=MARFAN,
            predicate="has_finding",
            object="HP:0001166",
            source="hpo",
            frequency=0.75,
            n_present=3,
            n_examined=4,
            onset="HP:0003577",
            sex="female",
            evidence=("PMID:1", "OMIM:154700"),
            basis="PCS",
            date="2024-05-06",
        )
    ]


@pytest.mark.parametrize(
    ("aspect", "term", "predicate"),
    [
        ("P", "HP:0001166", "has_finding"),
        ("I", "HP:0000006", "inherited_as"),
        ("C", "HP:0003577", "has_onset"),
        ("C", "HP:0003676", "has_course"),
        ("M", "HP:0003676", "has_modifier"),
        ("H", "HP:0001166", "has_history"),
    ],
)
def test_the_aspect_says_what_the_edge_says(tmp_path: Path, aspect: str, term: str, predicate: str) -> None:
    assert [edge.predicate for edge in edges(tmp_path, row(term, aspect=aspect))] == [predicate]


@pytest.mark.parametrize(
    ("frequency", "share"),
    [
        ("", None),
        ("HP:0040280", 1.0),
        ("HP:0040281", 0.895),
        ("HP:0040282", 0.545),
        ("HP:0040283", 0.17),
        ("HP:0040284", 0.025),
        ("12.5%", 0.125),
        ("1/2", 0.5),
        ("0/3", 0.0),
    ],
)
def test_a_frequency_is_a_share(tmp_path: Path, frequency: str, share: float | None) -> None:
    [edge] = edges(tmp_path, row(frequency=frequency))
    assert edge.frequency == share
    assert not edge.negated


@given(st.integers(0, 50), st.integers(1, 50))
def test_counts_are_kept_beside_their_share(
    tmp_path_factory: pytest.TempPathFactory, present: int, others: int
) -> None:
    [edge] = edges(tmp_path_factory.mktemp("hpo"), row(frequency=f"{present}/{present + others}"))
    assert (edge.n_present, edge.n_examined) == (present, present + others)
    assert edge.frequency == present / (present + others)


def test_not_and_excluded_deny(tmp_path: Path) -> None:
    denied, excluded = edges(tmp_path, row(qualifier="NOT"), row(frequency="HP:0040285"))
    assert denied.negated
    assert denied.frequency is None
    assert excluded.negated
    assert excluded.frequency == 0.0


def test_rows_about_one_finding_are_not_joined(tmp_path: Path) -> None:
    assert [edge.n_examined for edge in edges(tmp_path, row(frequency="1/2"), row(frequency="1/8"))] == [2, 8]


@pytest.mark.parametrize("term", ["HP:0001505", "HP:0009999"])
def test_a_retired_term_is_mapped_and_noted(tmp_path: Path, term: str) -> None:
    read = reader(tmp_path, row(term, onset="HP:0003577"))
    [edge] = [fact for fact in read.facts() if isinstance(fact, Edge) and fact.subject == MARFAN]
    assert edge.object == "HP:0001166"
    assert read.report.notes["annotation with a retired id, mapped"].examples == [f"line 4: {term} → HP:0001166"]


@pytest.mark.parametrize("term", ["HP:7777777", "HP:0009998"])
def test_a_term_that_nothing_stands_for_is_noted_and_skipped(tmp_path: Path, term: str) -> None:
    read = reader(tmp_path, row(term), row())
    assert [fact.object for fact in read.facts() if isinstance(fact, Edge) and fact.subject == MARFAN] == ["HP:0001166"]
    assert read.report.skipped["annotation with a term that is not in the ontology"].examples == [f"line 4: {term}"]


def test_an_onset_that_is_not_there_and_a_modifier_are_left_out_and_noted(tmp_path: Path) -> None:
    read = reader(tmp_path, row(onset="HP:7777777", modifier="HP:0012828"))
    assert [fact.onset for fact in read.facts() if isinstance(fact, Edge) and fact.subject == MARFAN] == [""]
    assert read.report.notes["onset that is not in the ontology, left out"].n == 1
    assert read.report.notes["modifier of a finding, left out"].n == 1


def test_former_and_obsolete_ids_are_retired(tmp_path: Path) -> None:
    assert [fact for fact in reader(tmp_path, row()).facts() if isinstance(fact, Retired)] == [
        Retired("HP:0009999", "Long fingers", "HP:0001505"),
        Retired("HP:0009998", "Odd fingers", "", ("HP:0001166",)),
        Retired("HP:0001505", replaced_by="HP:0001166"),
    ]


def test_a_disease_has_the_name_used_most_that_is_not_in_capitals(tmp_path: Path) -> None:
    used = ("MARFAN SYNDROME", "MARFAN SYNDROME", "MFS1", "Marfan syndrome 1", "Marfan syndrome", "Marfan syndrome")
    assert nodes(tmp_path, *(row(name=name) for name in used))[MARFAN] == Node(
        node_id=MARFAN,
        name="Marfan syndrome",
        kind="disease",
        source="hpo",
        names=(Name("Marfan syndrome 1", "synonym"), Name("MARFAN SYNDROME", "synonym"), Name("MFS1", "abbreviation")),
        url="https://omim.org/entry/154700",
    )


def test_the_published_release_is_read_whole() -> None:
    paths = sources.locate(read_corpus_recipe("hpo"))
    report = Report()
    read = HPO(files=paths, report=report)
    counts: dict[str, int] = {}
    for fact in read.facts():
        key = fact.kind if isinstance(fact, Node) else fact.predicate if isinstance(fact, Edge) else "retired"
        counts[key] = counts.get(key, 0) + 1
    assert read.release() == "2025-01-16"
    assert (counts["finding"], counts["modifier"], counts["disease"]) == (18_387, 647, 12_687)
    n_rows = sum(counts[p] for p in ("has_finding", "inherited_as", "has_onset", "has_course", "has_modifier"))
    assert n_rows + counts["has_history"] == 271_702
    assert counts["is_a"] == 23_392
    assert report.skipped == {}
