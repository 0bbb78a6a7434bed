"""ICD-10-CM's tabular list: what it says at a code, in sentences."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragmed import sources
from ragmed.corpora.icd10cm import ICD10CM
from ragmed.errors import DamagedFile
from ragmed.recipe import read_corpus_recipe
from ragmed.report import Report
from ragmed.types import Document, Section

LIST = """\
<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.tabular><version>2026</version>
<chapter><name>9</name><desc>Heart diseases (I00-I99)</desc>
<sectionIndex><sectionRef first="I20" last="I25" id="I20-I25">Ischemic</sectionRef></sectionIndex>
<section id="I20-I25"><desc>Ischemic heart diseases (I20-I25)</desc>
<codeAlso><note>the presence of hypertension (I10-I1A)</note></codeAlso>
<diag><name>I21</name><desc>Acute infarction</desc>
  <includes><note>coronary
     thrombosis</note><note>cardiac infarction</note></includes>
  <excludes1><note>angina (I20.-)</note></excludes1>
  <excludes2><note>old infarction (I25.2)</note></excludes2>
  <codeFirst><note>, if applicable, anemia (D50)</note></codeFirst>
  <useAdditionalCode><note>code, if applicable, to identify:</note><note>tobacco use (Z72.0)</note>
  <note>tPA (Z92.82)</note>
  </useAdditionalCode>
  <notes><note>See the table.</note></notes>
  <sevenChrNote><note>One of these is to be assigned to codes of I21:</note></sevenChrNote>
  <sevenChrDef><extension char="A">initial encounter</extension><extension char="S">sequela</extension>
  <note>late effect</note></sevenChrDef>
  <diag><name>I21.4</name><desc>Non-ST elevation (NSTEMI) infarction</desc>
    <inclusionTerm><note>Non-Q wave infarction NOS</note><note>Type 1 infarction</note></inclusionTerm></diag>
  <diag><name>I21.9</name><desc>Infarction, unspecified</desc></diag>
</diag></section></chapter></ICD10CM.tabular>
"""
PATH = "Chapter 9: Heart diseases (I00-I99) > Ischemic heart diseases (I20-I25)"


def corpus(folder: Path, content: str | bytes = LIST) -> ICD10CM:
    path = folder / "tabular.xml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return ICD10CM(files={"tabular": path}, licence="Public domain", report=Report())


def texts(folder: Path, content: str = LIST) -> dict[str, list[str]]:
    return {document.doc_id: document.text.split("\n\n") for document in corpus(folder, content).documents()}


def test_a_code_is_a_document(tmp_path: Path) -> None:
    found = {document.doc_id: document for document in corpus(tmp_path).documents()}
    assert list(found) == [
        "ICD10CM:chapter 9",
        "ICD10CM:block I20-I25",
        "ICD10CM:I21",
        "ICD10CM:I21.4",
        "ICD10CM:I21.9",
    ]
    assert found["ICD10CM:I21.4"] == Document(
        doc_id="ICD10CM:I21.4",
        title="I21.4 Non-ST elevation (NSTEMI) infarction",
        text=(
            "I21.4 Non-ST elevation (NSTEMI) infarction.\n\n"
            "Inclusion terms: Non-Q wave infarction NOS; Type 1 infarction.\n\n"
            "7th characters (as given at I21): A, initial encounter; S, sequela (late effect)."
        ),
        source="icd10cm",
        url="https://icd10cmtool.cdc.gov/?fy=FY2026&query=I21.4",
        licence="Public domain",
        published="2026",
        kind="classification",
        sections=(Section(0, f"{PATH} > I21 Acute infarction"),),
        meta={
            "code": "I21.4",
            "level": "code",
            "chapter": "Chapter 9: Heart diseases (I00-I99)",
            "block": "Ischemic heart diseases (I20-I25)",
            "category": "I21 Acute infarction",
            "language": "en",
        },
    )


def test_the_notes_of_a_category_are_sentences(tmp_path: Path) -> None:
    assert texts(tmp_path)["ICD10CM:I21"] == [
        "I21 Acute infarction.",
        "Includes: coronary thrombosis; cardiac infarction.",
        "Excludes1 (not coded here): angina (I20.-).",
        "Excludes2 (not included here): old infarction (I25.2).",
        "Code first, if applicable, anemia (D50).",
        "Use additional code, if applicable, to identify: tobacco use (Z72.0); tPA (Z92.82).",
        "Note: See the table.",
        "One of these is to be assigned to codes of I21: A, initial encounter; S, sequela (late effect).",
        "Divided into: I21.4 Non-ST elevation (NSTEMI) infarction; I21.9 Infarction, unspecified.",
    ]


def test_chapters_and_blocks_are_documents_of_their_own(tmp_path: Path) -> None:
    found = texts(tmp_path)
    assert found["ICD10CM:chapter 9"][-1] == "Divided into: Ischemic heart diseases (I20-I25)."
    assert found["ICD10CM:block I20-I25"] == [
        "Ischemic heart diseases (I20-I25).",
        "Code also the presence of hypertension (I10-I1A).",
        "Divided into: I21 Acute infarction.",
    ]


def test_seventh_characters_hold_for_codes_that_are_not_divided_further(tmp_path: Path) -> None:
    deeper = LIST.replace(
        "<desc>Infarction, unspecified</desc>",
        "<desc>Infarction</desc><diag><name>I21.91</name><desc>Left</desc></diag>",
    )
    found = texts(tmp_path, deeper)
    assert found["ICD10CM:I21.9"] == ["I21.9 Infarction.", "Divided into: I21.91 Left."]
    assert found["ICD10CM:I21.91"][1].startswith("7th characters (as given at I21): A, ")


def test_the_release_is_the_lists_version(tmp_path: Path) -> None:
    assert corpus(tmp_path).release() == "2026"


def test_what_is_new_in_the_list_is_noted_and_an_entry_without_a_code_left_out(tmp_path: Path) -> None:
    read = corpus(
        tmp_path,
        LIST.replace("<name>I21.9</name>", "").replace("<desc>Acute infarction", "<brandNew/><desc>Acute infarction"),
    )
    assert len(list(read.documents())) == 4
    assert read.report.skipped["entry without a code"].n == 1
    assert read.report.notes["element not read: brandNew"].examples == ["I21"]


def test_entities_are_not_read(tmp_path: Path) -> None:
    bomb = LIST.replace("<ICD10CM.tabular>", '<!DOCTYPE x [<!ENTITY a "ha">]><ICD10CM.tabular>')
    with pytest.raises(DamagedFile, match="declares a document type"):
        list(corpus(tmp_path, bomb).documents())


@pytest.mark.parametrize("content", [b"", b"<html/>", LIST.encode()[:-30], b"\x00\x01"])
def test_what_is_not_the_list_is_damage(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DamagedFile, match=r"tabular\.xml"):
        list(corpus(tmp_path, content).documents())


def test_the_published_list_has_47200_entries() -> None:
    recipe = read_corpus_recipe("icd10cm")
    read = ICD10CM(files=sources.locate(recipe), report=Report())
    found = {document.doc_id: document for document in read.documents()}
    assert len(found) == recipe.counts["documents"] == 47_200
    assert sum(document.meta["level"] == "code" for document in found.values()) == 46_881
    assert read.report == Report()
    assert "Non-Q wave myocardial infarction NOS" in found["ICD10CM:I21.4"].text
    assert "6/18" in found["ICD10CM:H54.8"].text
