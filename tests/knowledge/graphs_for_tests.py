"""Tiny files of sources that are published as graphs, as they are published."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

HETIONET_NODES = (
    "id\tname\tkind\n"
    "Anatomy::UBERON:0000955\tbrain\tAnatomy\n"
    "Compound::DB00014\tGoserelin\tCompound\n"
    "Disease::DOID:10283\tprostate cancer\tDisease\n"
    "Gene::9021\tSOCS3\tGene\n"
    "Pharmacologic Class::N0000175503\tSulfonamide Antimicrobial\tPharmacologic Class\n"
    "Side Effect::C0018681\tHeadache\tSide Effect\n"
    "Symptom::D006261\tHeadache\tSymptom\n"
)
HETIONET_EDGES = (
    "source\tmetaedge\ttarget\n"
    "Compound::DB00014\tCtD\tDisease::DOID:10283\n"
    "Compound::DB00014\tCcSE\tSide Effect::C0018681\n"
    "Disease::DOID:10283\tDpS\tSymptom::D006261\n"
    "Anatomy::UBERON:0000955\tAeG\tGene::9021\n"
)
PRIMEKG_COLUMNS = (
    "relation", "display_relation", "x_index", "x_id", "x_type", "x_name", "x_source",
    "y_index", "y_id", "y_type", "y_name", "y_source",
)  # fmt: skip
PrimeKGNode = tuple[str, str, str, str, str]
"""Index, id, type, name, source."""
PRIMEKG: Mapping[str, PrimeKGNode] = {
    "gene": ("0", "9796", "gene/protein", "PHYHIP", "NCBI"),
    "other gene": ("1", "7918", "gene/protein", "GPANK1", "NCBI"),
    "drug": ("2", "DB00945", "drug", "Aspirin", "DrugBank"),
    "disease": ("3", "5068", "disease", "myocardial infarction", "MONDO"),
    "parent": ("4", "5267", "disease", "heart disease", "MONDO"),
    "group": ("5", "8019_12592", "disease", 'syndrome, "grouped"', "MONDO_grouped"),
    "finding": ("6", "100749", "effect/phenotype", "Chest pain", "HPO"),
    "process": ("7", "8217", "biological_process", "regulation of blood pressure", "GO"),
    "anatomy": ("8", "948", "anatomy", "heart", "UBERON"),
    "larger anatomy": ("9", "62", "anatomy", "organ", "UBERON"),
    "pathway": ("10", "R-HSA-109606", "pathway", "Intrinsic Pathway for Apoptosis", "REACTOME"),
    "exposure": ("11", "D000393", "exposure", "Air Pollutants", "CTD"),
}
UMLS = {
    "MRCONSO.RRF": (
        "C0000001|ENG|P|L1|PF|S1|Y|A1||M1|D1|MSH|MH|D006261|Headache|0|N|256|\n"
        "C0000001|ENG|S|L2|PF|S2|Y|A2||||CHV|SY|0001|head pain|0|N||\n"
        "C0000001|ENG|S|L3|PF|S3|Y|A3||HP:0002315||HPO|PT|HP:0002315|HEADACHE|0|N||\n"
        "C0000001|FRE|P|L4|PF|S4|Y|A4||||MSHFRE|MH|D006261|Céphalée|0|N||\n"
        "C0000001|ENG|S|L5|PF|S5|Y|A5||||MSH|ET|D006261|Cephalgia old|0|O||\n"
        "C0000002|ENG|P|L6|PF|S6|Y|A6||||MSH|MH|D001241|Aspirin|0|N||\n"
        "C0000002|ENG|S|L7|PF|S7|Y|A7||||MSH|ET|D001241|ASA|0|N||\n"
        "C0000003|ENG|P|L8|PF|S8|Y|A8||||MSH|MH|D000069|Signs and Symptoms|0|N||\n"
    ),
    "MRSTY.RRF": (
        "C0000001|T184|A2.2.2|Sign or Symptom|AT1|256|\n"
        "C0000002|T109|A1|Organic Chemical|AT2||\n"
        "C0000002|T121|A1|Pharmacologic Substance|AT3||\n"
        "C0000003|T184|A2.2.2|Sign or Symptom|AT4||\n"
    ),
    "MRREL.RRF": (
        "C0000001|A1|AUI|RO|C0000002|A6|AUI|may_treat|R1||MED-RT|MED-RT||N|N||\n"
        "C0000002|A6|AUI|RO|C0000001|A1|AUI|may_be_treated_by|R2||MED-RT|MED-RT||Y|N||\n"
        "C0000003|A8|AUI|CHD|C0000001|A1|AUI|isa|R3||SNOMEDCT_US|SNOMEDCT_US|||N||\n"
    ),
    "MRDEF.RRF": "C0000001|A1|AT9||MSH|Pain in the head.|N||\n",
    "MRCUI.RRF": "C0000009|2019AA|SY|||C0000001|Y|\n",
}
INDICATIONS = {
    "drugs": "drugbank_id\tdrug\tDM\tSYM\tNOT\ttotal\nDB00843\tDonepezil\t1\t0\t1\t2\n",
    "diseases": "doid_id\tdisease\tDM\tSYM\tNOT\ttotal\nDOID:10652\tAlzheimer's disease\t1\t0\t0\t1\n",
    "indications": (
        "doid_id\tdrugbank_id\tdisease\tdrug\tcategory\tn_curators\tn_resources\n"
        "DOID:10652\tDB00843\tAlzheimer's disease\tDonepezil\tDM\t2\t1\n"
    ),
}
TRIPLES = (
    '{"subject": "DrugBank:DB00945", "subject_name": "aspirin", "predicate": "relieves", "object": "headache"}\n'
    '{"subject": "headache", "predicate": "is a", "object": "HP:0012531", "evidence": ["PMID:1"], "confidence": 0.5}\n'
)


def hetionet_files(folder: Path) -> dict[str, Path]:
    return written(folder, {"nodes": HETIONET_NODES, "edges": HETIONET_EDGES})


def hetionet_json(folder: Path, nodes: Sequence[object], edges: Sequence[object]) -> dict[str, Path]:
    """The release's other form, with what stands before the lists."""
    head = {"metanode_kinds": ["Gene"], "kind_to_abbrev": {"Gene": "G"}}
    return written(folder, {"json": json.dumps({**head, "nodes": nodes, "edges": edges}, ensure_ascii=False)})


def primekg_rows(edges: Sequence[tuple[str, str, str, str]]) -> list[Sequence[str]]:
    """Rows of edges (relation, label, names of two nodes) as PrimeKG has them: all edges, then all of them reversed."""
    forward = [(relation, label, *PRIMEKG[x], *PRIMEKG[y]) for relation, label, x, y in edges]
    return [*forward, *((relation, label, *PRIMEKG[y], *PRIMEKG[x]) for relation, label, x, y in edges)]


def primekg_file(folder: Path, rows: Sequence[Sequence[str]]) -> dict[str, Path]:
    folder.mkdir(exist_ok=True)
    path = folder / "kg.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([PRIMEKG_COLUMNS, *rows])
    return {"kg.csv": path}


def primekg_files(folder: Path) -> dict[str, Path]:
    return primekg_file(
        folder,
        primekg_rows(
            [
                ("protein_protein", "ppi", "gene", "other gene"),
                ("indication", "indication", "drug", "disease"),
                ("disease_disease", "parent-child", "parent", "disease"),
                ("disease_phenotype_positive", "phenotype present", "group", "finding"),
            ]
        ),
    )


def umls_files(folder: Path) -> dict[str, Path]:
    return written(folder, UMLS, suffix="")


def pharmacotherapydb_files(folder: Path) -> dict[str, Path]:
    return written(folder, INDICATIONS)


def ddxplus_files(folder: Path) -> dict[str, Path]:
    pytest.importorskip("openpyxl")
    rows = [
        ("subject", "relation", "object"),
        ("influenza", "has_symptomatology", "Do you have a fever?: TRUE"),
        ("influenza", "has_therapy", "Rest and fluids"),
        ("influenza", "is_a", "infectious_diseases"),
    ]
    return {"graph": workbook(folder, rows)}


def triples_files(folder: Path) -> dict[str, Path]:
    return written(folder, {"triples": TRIPLES})


def workbook(folder: Path, rows: Sequence[Sequence[str]]) -> Path:
    """A workbook with one sheet of texts: the least that the Office Open XML format (ECMA-376) asks for."""
    cells = "".join(
        "<row>" + "".join(f'<c t="inlineStr"><is><t>{escape(cell)}</t></is></c>' for cell in row) + "</row>"
        for row in rows
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/sheet1.xml" ContentType="{kind}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}">'
        '<sheets><sheet name="Sheet1" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}/worksheet" Target="sheet1.xml"/></Relationships>',
        "xl/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>',
    }
    folder.mkdir(exist_ok=True)
    path = folder / "graph.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def written(folder: Path, texts: Mapping[str, str], suffix: str = ".txt") -> dict[str, Path]:
    """Each text in a file of its name."""
    folder.mkdir(exist_ok=True)
    files = {name: folder / f"{name}{suffix}" for name in texts}
    for name, path in files.items():
        path.write_text(texts[name], encoding="utf-8")
    return files
