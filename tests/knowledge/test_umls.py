"""UMLS: concepts of its files by column, and relationships in the direction in which the manual defines them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from ragmed.errors import DamagedFile
from ragmed.knowledge.umls import UMLS
from ragmed.types import Edge, Name, Node, Retired
from tests.knowledge.graphs_for_tests import UMLS as TEXTS
from tests.knowledge.graphs_for_tests import written


def reader(folder: Path, changed: dict[str, str] | None = None, **options: tuple[str, ...]) -> UMLS:
    return UMLS(written(folder, {**TEXTS, **(changed or {})}, suffix=""), **options)


def nodes(made: UMLS) -> dict[str, Node]:
    return {fact.node_id: fact for fact in made.facts() if isinstance(fact, Node)}


def edges(folder: Path, *rows: str, **options: tuple[str, ...]) -> list[tuple[str, str, str, bool]]:
    """Of rows as ``CUI1 REL CUI2 RELA``, a RELA of ``-`` being none."""
    fields = (row.split() for row in rows)
    lines = [f"{a}|A1|AUI|{rel}|{b}|A2|AUI|{rela.strip('-')}|R1||X|X|||N||\n" for a, rel, b, rela in fields]
    made = reader(folder, {"MRREL.RRF": "".join(lines)}, **options)
    return [
        (fact.subject.removeprefix("UMLS:"), fact.predicate, fact.object.removeprefix("UMLS:"), fact.negated)
        for fact in made.facts()
        if isinstance(fact, Edge)
    ]


def test_a_concept_has_its_preferred_name_its_others_and_its_definition(tmp_path: Path) -> None:
    assert nodes(reader(tmp_path))["UMLS:C0000001"] == Node(
        "UMLS:C0000001",
        "Headache",
        "finding",
        "umls",
        names=(Name("head pain", "lay"),),
        definition="Pain in the head.",
        same_as=("MESH:D006261", "HP:0002315"),
    )


def test_short_forms_are_told_from_names(tmp_path: Path) -> None:
    assert nodes(reader(tmp_path))["UMLS:C0000002"].names == (Name("ASA", "abbreviation"),)


def test_the_semantic_types_decide_the_kind(tmp_path: Path) -> None:
    assert nodes(reader(tmp_path))["UMLS:C0000002"].kind == "drug"
    types = "C0000001|T184|A|Sign or Symptom|AT1||\nC0000001|T047|B|Disease or Syndrome|AT2||\n"
    found = nodes(reader(tmp_path, {"MRSTY.RRF": types}))
    assert [node.kind for node in found.values()] == ["disease", "other", "other"]


def test_a_vocabulary_that_is_not_wanted_gives_no_names_definitions_or_edges(tmp_path: Path) -> None:
    made = reader(tmp_path, vocabularies=("HPO",))
    assert list(made.facts()) == [
        Node("UMLS:C0000001", "HEADACHE", "finding", "umls", same_as=("HP:0002315",)),
        Retired("UMLS:C0000009", replaced_by="UMLS:C0000001"),
    ]


def test_names_are_in_the_languages_asked_for(tmp_path: Path) -> None:
    found = nodes(reader(tmp_path, languages=("FRE", "ENG")))["UMLS:C0000001"]
    assert (found.name, found.names[0]) == ("Céphalée", Name("Headache", "synonym"))
    assert list(nodes(reader(tmp_path, languages=("FRE",)))) == ["UMLS:C0000001"]


def test_the_second_concept_is_the_subject(tmp_path: Path) -> None:
    found = [fact for fact in reader(tmp_path).facts() if isinstance(fact, Edge)]
    assert [(edge.subject, edge.predicate, edge.object, edge.basis) for edge in found] == [
        ("UMLS:C0000002", "treats", "UMLS:C0000001", "MED-RT may_treat"),
        ("UMLS:C0000001", "is_a", "UMLS:C0000003", "SNOMEDCT_US isa"),
    ]


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (["C0000003 CHD C0000001 -"], [("C0000001", "narrower_than", "C0000003", False)]),
        (["C0000001 PAR C0000003 -"], []),
        (["C0000001 PAR C0000003 inverse_isa"], []),
        (["C0000001 RO C0000003 disease_excludes_finding"], [("C0000003", "has_finding", "C0000001", True)]),
        (
            ["C0000001 RO C0000002 contraindicated_with_disease"],
            [("C0000002", "contraindicated_in", "C0000001", False)],
        ),
        (
            ["C0000002 RO C0000001 contraindicated_with_disease"],
            [("C0000002", "contraindicated_in", "C0000001", False)],
        ),
        (["C0000001 SY C0000001 isa"], []),
        (["C0000001 RO C0000008 may_treat"], []),
    ],
)
def test_what_a_row_says(tmp_path: Path, rows: list[str], found: list[tuple[str, str, str, bool]]) -> None:
    assert edges(tmp_path, *rows) == found


def test_rows_that_say_the_same_are_one_statement_with_each_basis(tmp_path: Path) -> None:
    rows = "".join(
        f"C0000001|A{n}|AUI|RO|C0000002|A6|AUI|{rela}|R{n}||{sab}|{sab}||N|N||\n"
        for n, (rela, sab) in enumerate([("may_treat", "MED-RT"), ("treats", "X"), ("may_treat", "MED-RT")])
    )
    found = [fact for fact in reader(tmp_path, {"MRREL.RRF": rows}).facts() if isinstance(fact, Edge)]
    assert [edge.basis for edge in found] == ["MED-RT may_treat; X treats"]


def test_a_relation_that_goes_both_ways_is_one_statement(tmp_path: Path) -> None:
    rows = ["C0000001 RO C0000002 associated_with", "C0000002 RO C0000001 associated_with"]
    assert edges(tmp_path, *rows) == [("C0000001", "associated_with", "C0000002", False)]


def test_other_relations_are_counted_and_read_if_named(tmp_path: Path) -> None:
    row = "C0000001 RO C0000002 measures"
    assert edges(tmp_path, row) == []
    assert edges(tmp_path, row, relations=("measures",)) == [("C0000002", "measures", "C0000001", False)]
    made = reader(tmp_path)
    list(made.facts())
    reason = "relationship of another kind, or the other direction of one that is read"
    assert made.report.skipped[reason].examples == ["RO may_be_treated_by"]


def test_retired_concepts_name_what_took_their_place(tmp_path: Path) -> None:
    rows = (
        "C0000007|2019AA|RB|||C0000001|Y|\n"
        "C0000008|2019AA|DEL|||||\n"
        "C0000009|2019AA|RO|||C0000002|Y|\n"
        "C0000009|2020AA|SY|||C0000001|Y|\n"
    )
    found = [fact for fact in reader(tmp_path, {"MRCUI.RRF": rows}).facts() if isinstance(fact, Retired)]
    assert found == [
        Retired("UMLS:C0000007", consider=("UMLS:C0000001",)),
        Retired("UMLS:C0000009", replaced_by="UMLS:C0000001", consider=("UMLS:C0000002",)),
    ]


def test_a_backslash_is_a_backslash(tmp_path: Path) -> None:
    text = TEXTS["MRCONSO.RRF"].replace("Aspirin", "A\\B \\")
    assert nodes(reader(tmp_path, {"MRCONSO.RRF": text}))["UMLS:C0000002"].name == "A\\B \\"


@pytest.mark.parametrize("name", ["MRCONSO.RRF", "MRSTY.RRF"])
def test_a_file_that_is_not_sorted_is_refused_with_what_to_do(tmp_path: Path, name: str) -> None:
    lines = TEXTS[name].splitlines(keepends=True)
    with pytest.raises(DamagedFile, match="LC_ALL=C sort"):
        list(reader(tmp_path, {name: "".join([*lines[1:], lines[0]])}).facts())


def test_files_may_be_packed_and_some_may_be_absent(tmp_path: Path) -> None:
    whole = reader(tmp_path)
    files = {name: path for name, path in whole.files.items() if name not in ("MRDEF.RRF", "MRCUI.RRF")}
    packed = tmp_path / "MRREL.RRF.gz"
    packed.write_bytes(gzip.compress(TEXTS["MRREL.RRF"].encode()))
    found = list(UMLS({**files, "MRREL.RRF": packed}).facts())
    assert len(found) == len(list(whole.facts())) - 1
    assert not any(fact.definition for fact in found if isinstance(fact, Node))


def test_the_release_is_named_beside_the_files(tmp_path: Path) -> None:
    release = "# Release Metadata\numls.release.date=20240506\numls.release.name=2024AA\n"
    assert reader(tmp_path, {"release.dat": release}).release() == "2024AA"
    assert reader(tmp_path).release() == ""
