"""Hetionet: nodes and edges of its tables, and with what they rest on of its JSON."""

from __future__ import annotations

import bz2
import gzip
from pathlib import Path

import pytest

from ragmed.errors import DamagedFile
from ragmed.knowledge import hetionet
from ragmed.knowledge.hetionet import Hetionet
from ragmed.types import Edge, Name, Node
from tests.knowledge.graphs_for_tests import HETIONET_EDGES, HETIONET_NODES, hetionet_json, written

GENE = {
    "kind": "Gene",
    "identifier": 5345,
    "name": "SERPINF2",
    "data": {"description": "serpin peptidase inhibitor", "url": "http://identifiers.org/ncbigene/5345"},
}
DISEASE = {"kind": "Disease", "identifier": "DOID:2377", "name": "multiple sclerosis", "data": {}}
ASSOCIATED = {
    "source_id": ["Disease", "DOID:2377"],
    "target_id": ["Gene", 5345],
    "kind": "associates",
    "direction": "both",
    "data": {"sources": ["GWAS Catalog", "DISEASES"], "pubmed_ids": [21833088, "17660530"], "unbiased": True},
}


def facts(folder: Path, edges: str = HETIONET_EDGES, nodes: str = HETIONET_NODES) -> list[Node | Edge]:
    return list(Hetionet(written(folder, {"nodes": nodes, "edges": edges})).facts())


def edge(folder: Path, source: str, metaedge: str, target: str) -> Edge:
    found = facts(folder, f"source\tmetaedge\ttarget\n{source}\t{metaedge}\t{target}\n")[-1]
    assert isinstance(found, Edge)
    return found


def test_ids_are_those_of_the_sources_that_hetionet_took_them_from(tmp_path: Path) -> None:
    assert {fact.node_id: fact.kind for fact in facts(tmp_path) if isinstance(fact, Node)} == {
        "UBERON:0000955": "anatomy",
        "DrugBank:DB00014": "drug",
        "DOID:10283": "disease",
        "NCBIGene:9021": "gene",
        "NDFRT:N0000175503": "other",
        "UMLS:C0018681": "finding",
        "MESH:D006261": "finding",
    }


@pytest.mark.parametrize(
    ("source", "metaedge", "target", "stated"),
    [
        ("Compound::DB1", "CtD", "Disease::DOID:1", ("DrugBank:DB1", "treats", "DOID:1")),
        ("Compound::DB1", "CpD", "Disease::DOID:1", ("DrugBank:DB1", "relieves", "DOID:1")),
        ("Compound::DB1", "CcSE", "Side Effect::C1", ("DrugBank:DB1", "causes", "UMLS:C1")),
        ("Disease::DOID:1", "DpS", "Symptom::D1", ("DOID:1", "has_finding", "MESH:D1")),
        ("Disease::DOID:1", "DlA", "Anatomy::UBERON:1", ("DOID:1", "located_in", "UBERON:1")),
        ("Gene::1", "Gr>G", "Gene::2", ("NCBIGene:1", "regulates", "NCBIGene:2")),
        ("Anatomy::UBERON:1", "AeG", "Gene::2", ("NCBIGene:2", "expressed_in", "UBERON:1")),
        ("Disease::DOID:1", "DuG", "Gene::2", ("NCBIGene:2", "overexpressed_in", "DOID:1")),
        ("Pharmacologic Class::N1", "PCiC", "Compound::DB1", ("DrugBank:DB1", "member_of", "NDFRT:N1")),
    ],
)
def test_an_edge_says_what_its_kind_means(
    tmp_path: Path, source: str, metaedge: str, target: str, stated: tuple[str, str, str]
) -> None:
    found = edge(tmp_path, source, metaedge, target)
    assert (found.subject, found.predicate, found.object) == stated


def test_an_unknown_kind_of_edge_or_node_is_left_out_and_counted(tmp_path: Path) -> None:
    files = written(
        tmp_path,
        {
            "nodes": "id\tname\tkind\nPlanet::1\tMars\tPlanet\nGene::1\tA\tGene\n",
            "edges": "source\tmetaedge\ttarget\nGene::1\tGxG\tGene::2\nPlanet::1\tGiG\tGene::1\n",
        },
    )
    reader = Hetionet(files)
    assert [fact.node_id for fact in reader.facts() if isinstance(fact, Node)] == ["NCBIGene:1"]
    assert {reason: tally.n for reason, tally in reader.report.skipped.items()} == {
        "node without a known kind, an id and a name": 1,
        "edge of an unknown kind": 1,
        "edge between unknown kinds": 1,
    }


def test_json_tells_what_a_statement_rests_on(tmp_path: Path) -> None:
    node, _, found = Hetionet(hetionet_json(tmp_path, [GENE, DISEASE], [ASSOCIATED])).facts()
    assert node == Node(
        "NCBIGene:5345",
        "SERPINF2",
        "gene",
        "hetionet",
        names=(Name("serpin peptidase inhibitor", "synonym"),),
        url="http://identifiers.org/ncbigene/5345",
    )
    assert found == Edge(
        "DOID:2377",
        "associated_with",
        "NCBIGene:5345",
        "hetionet",
        evidence=("PMID:21833088", "PMID:17660530"),
        basis="GWAS Catalog; DISEASES; unbiased",
    )


def test_json_and_tables_give_the_same_statements(tmp_path: Path) -> None:
    nodes = [
        {"kind": kind, "identifier": identifier.partition("::")[2], "name": name, "data": {}}
        for identifier, name, kind in (line.split("\t") for line in HETIONET_NODES.splitlines()[1:])
    ]
    kinds = {"CtD": "treats", "CcSE": "causes", "DpS": "presents", "AeG": "expresses"}
    edges = [
        {"source_id": source.split("::"), "target_id": target.split("::"), "kind": kinds[kind], "direction": "both"}
        for source, kind, target in (line.split("\t") for line in HETIONET_EDGES.splitlines()[1:])
    ]
    of_json = list(Hetionet(hetionet_json(tmp_path / "json", nodes, edges)).facts())
    assert of_json == facts(tmp_path / "tables")


def test_a_directed_kind_is_told_by_its_direction(tmp_path: Path) -> None:
    regulates = {**ASSOCIATED, "source_id": ["Gene", 1], "kind": "regulates", "direction": "forward"}
    found = list(Hetionet(hetionet_json(tmp_path, [GENE], [regulates])).facts())[-1]
    assert isinstance(found, Edge)
    assert found.predicate == "regulates"


@pytest.mark.parametrize("block", [1, 2, 7, 64, 1 << 20])
def test_json_is_read_in_blocks_of_any_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(hetionet, "BLOCK", block)
    files = hetionet_json(tmp_path, [{**GENE, "name": 'α \\ " ] } ,'}, DISEASE], [ASSOCIATED] * 2)
    found = list(Hetionet(files).facts())
    assert [fact.name for fact in found if isinstance(fact, Node)] == ['α \\ " ] } ,', "multiple sclerosis"]
    assert len(found) == 4


@pytest.mark.parametrize(("pack", "suffix"), [(gzip.compress, ".gz"), (bz2.compress, ".bz2")])
def test_packed_files_are_unpacked_as_they_are_read(tmp_path: Path, pack: type, suffix: str) -> None:
    plain = facts(tmp_path)
    files = written(tmp_path, {"nodes": HETIONET_NODES})
    files["edges"] = tmp_path / f"edges.sif{suffix}"
    files["edges"].write_bytes(pack(HETIONET_EDGES.encode()))
    assert list(Hetionet(files).facts()) == plain
    files["edges"].write_bytes(pack(HETIONET_EDGES.encode())[:-9])
    with pytest.raises(DamagedFile, match="not a whole packed file"):
        list(Hetionet(files).facts())


@pytest.mark.parametrize(
    "text",
    ["[]", "{}", '{"nodes": [], "edges": []}', '{"nodes": [{"kind": "Gene"', '{"nodes": [1] "edges": [2]}', "{nodes"],
)
def test_json_of_another_kind_or_cut_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(DamagedFile, match=r"json\.txt"):
        list(Hetionet(written(tmp_path, {"json": text})).facts())


def test_a_pointer_in_the_place_of_the_data_is_told(tmp_path: Path) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:a342\nsize 16112094\n"
    with pytest.raises(DamagedFile, match="git lfs pull"):
        list(Hetionet(written(tmp_path, {"json": pointer})).facts())


def test_the_release_is_in_the_name_of_the_file() -> None:
    assert Hetionet({"json": Path("hetionet-v1.0.json.bz2")}).release() == "1.0"
    assert Hetionet({"nodes": Path("nodes.tsv")}).release() == ""
