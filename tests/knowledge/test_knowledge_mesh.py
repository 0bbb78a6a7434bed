"""MeSH descriptors and the trees they stand in."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmed.errors import DamagedFile
from ragmed.knowledge.mesh import MeSH
from ragmed.report import Report
from ragmed.types import Edge, Name, Node
from tests.knowledge.ontologies_for_tests import MESH, descriptor, mesh, mesh_files


def reader(folder: Path, text: str, name: str = "desc2025.xml") -> MeSH:
    (folder / name).write_text(text, encoding="utf-8")
    return MeSH(files={"descriptors": folder / name}, report=Report())


def edges(read: MeSH) -> list[Edge]:
    return [fact for fact in read.facts() if isinstance(fact, Edge)]


def test_a_descriptor_is_a_node_with_the_terms_of_its_concepts(tmp_path: Path) -> None:
    alpha, beta, *_ = MeSH(files=mesh_files(tmp_path)).facts()
    assert alpha == Node(
        node_id="MESH:D1",
        name="Alpha Diseases",
        kind="disease",
        source="mesh",
        definition="Diseases of alpha.",
        url="https://meshb.nlm.nih.gov/record/ui?ui=D1",
    )
    assert isinstance(beta, Node)
    assert beta.names == (Name("B", "synonym"),)


def test_a_descriptor_is_a_kind_of_the_one_above_it_and_in_anatomy_narrower_than_it(tmp_path: Path) -> None:
    assert edges(MeSH(files=mesh_files(tmp_path))) == [
        Edge("MESH:D2", "is_a", "MESH:D1", "mesh"),
        Edge("MESH:D4", "narrower_than", "MESH:D3", "mesh"),
    ]


def test_two_places_below_one_descriptor_are_one_statement(tmp_path: Path) -> None:
    text = mesh(descriptor("D1", "Alpha", "C01", "C02"), descriptor("D2", "Beta", "C01.1", "C02.1"))
    assert edges(reader(tmp_path, text)) == [Edge("MESH:D2", "is_a", "MESH:D1", "mesh")]


def test_a_place_without_one_above_it_is_noted(tmp_path: Path) -> None:
    read = reader(tmp_path, mesh(descriptor("D2", "Beta", "C01.1.2")))
    assert edges(read) == []
    assert read.report.skipped["tree number without one above it"].examples == ["C01.1.2 MESH:D2"]


def test_the_other_form_of_the_file_gives_the_same_facts(tmp_path: Path) -> None:
    text = (
        "*NEWRECORD\nRECTYPE = D\nMH = Alpha Diseases\nMN = C14\nMS = Diseases of alpha.\nUI = D1\n\n"
        "*NEWRECORD\nRECTYPE = D\nMH = Beta Disease\nENTRY = B\nMN = C14.907\nMN = C23.550.1\nUI = D2\n\n"
        "*NEWRECORD\nMH = Hand\nMN = A01.378\nUI = D3\n\n*NEWRECORD\nMH = Fingers\nMN = A01.378.100\nUI = D4\n"
    )
    assert list(reader(tmp_path, text, "d2025.bin").facts()) == list(reader(tmp_path, MESH).facts())


def test_the_release_is_the_year_of_the_document_type(tmp_path: Path) -> None:
    assert reader(tmp_path, MESH).release() == "2025"
    assert reader(tmp_path, "<DescriptorRecordSet/>").release() == ""


@pytest.mark.parametrize("entity", ['<!ENTITY a "ha">', '<!ENTITY a SYSTEM "file:///etc/hostname">'])
def test_entities_are_neither_expanded_nor_fetched(tmp_path: Path, entity: str) -> None:
    text = mesh(descriptor("D1", "&a;", "C01")).replace('20250101.dtd">', f'20250101.dtd" [{entity}]>')
    with pytest.raises(DamagedFile, match=r"desc2025\.xml"):
        list(reader(tmp_path, text).facts())


def test_entities_that_multiply_do_not_fill_the_memory(tmp_path: Path) -> None:
    bomb = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    text = mesh(descriptor("D1", "&a11;", "C01")).replace('20250101.dtd">', f'20250101.dtd" [{bomb}]>')
    with pytest.raises(DamagedFile):
        list(reader(tmp_path, text.replace('LanguageCode="eng"', 'LanguageCode="&a11;"')).facts())


def test_a_descriptor_without_id_is_damage(tmp_path: Path) -> None:
    with pytest.raises(DamagedFile, match="line 4"):
        list(reader(tmp_path, mesh(descriptor("", "Alpha"))).facts())


@given(st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=4), min_size=1, max_size=12))
def test_every_edge_goes_one_step_up_a_tree(tmp_path_factory: pytest.TempPathFactory, paths: list[list[int]]) -> None:
    trees = dict.fromkeys("C01" + "".join(f".{part}" for part in path) for path in paths)
    named = {f"MESH:D{number}": tree for number, tree in enumerate(trees)}
    text = mesh(*(descriptor(f"D{number}", f"Heading {number}", tree) for number, tree in enumerate(trees)))
    read = reader(tmp_path_factory.mktemp("mesh"), text)
    found = edges(read)
    assert all(named[edge.subject].rpartition(".")[0] == named[edge.object] for edge in found)
    assert len(found) == sum(tree.rpartition(".")[0] in trees for tree in trees)
