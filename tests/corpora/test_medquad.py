"""MedQuAD's answered questions, read from an archive that is not trusted."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from ragmed import sources
from ragmed.corpora import medquad
from ragmed.corpora.medquad import MedQuAD, tidy
from ragmed.errors import DamagedFile
from ragmed.recipe import read_corpus_recipe
from ragmed.report import Report

PAGE = """\
<?xml version="1.0" encoding="UTF-8"?>
<Document id="0000001" source="GARD" url="https://rarediseases.info.nih.gov/gard/335/abcd-syndrome">
<Focus>ABCD syndrome</Focus>
<FocusAnnotations><UMLS><CUIs><CUI>C1838099</CUI></CUIs>
<SemanticTypes><SemanticType>T047</SemanticType></SemanticTypes></UMLS></FocusAnnotations>
<QAPairs>
<QAPair pid="1"><Question qid="0000001-1" qtype="symptoms">What are the symptoms of ABCD syndrome ?</Question>
<Answer>Hearing   loss &amp; albinism.

See a doctor.</Answer></QAPair>
<QAPair pid="2"><Question qid="0000001-2" qtype="treatment">How is it treated ?</Question><Answer> </Answer></QAPair>
</QAPairs>
</Document>
"""
NAME = "MedQuAD-master/2_GARD_QA/0000001.xml"


def corpus(folder: Path, **members: str | bytes) -> MedQuAD:
    path = folder / "MedQuAD-master.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return MedQuAD(files={"medquad": path}, licence="CC BY 4.0")


def test_an_answered_question_is_a_document(tmp_path: Path) -> None:
    (document,) = corpus(tmp_path, **{NAME: PAGE, "MedQuAD-master/readme.txt": "x"}).documents()
    assert document.doc_id == "medquad:2_GARD_QA/0000001#0000001-1"
    assert document.question == "What are the symptoms of ABCD syndrome ?"
    assert document.title == "ABCD syndrome"
    assert document.text == "Hearing\n\nloss & albinism.\n\nSee a doctor."
    assert document.url == "https://rarediseases.info.nih.gov/gard/335/abcd-syndrome"
    assert (document.source, document.kind, document.licence) == ("medquad", "qa", "CC BY 4.0")
    assert document.meta == {
        "focus": "ABCD syndrome",
        "cuis": "C1838099",
        "semantic_types": "T047",
        "question_type": "symptoms",
        "site": "GARD",
    }


def test_questions_whose_answer_was_removed_are_skipped(tmp_path: Path) -> None:
    found = corpus(tmp_path, **{NAME: PAGE}).documents()
    assert [document.meta["question_type"] for document in found] == ["symptoms"]


def test_paragraphs_lists_and_tables_get_their_lines_back() -> None:
    assert tidy("  One  two.\n   \n\n  Three.  ") == "One two.\n\nThree."
    assert tidy("Signs:    - Fever   - Cough") == "Signs:\n- Fever\n- Cough"
    assert tidy("Fever - Cough - The Human Phenotype Ontology (HPO) has collected it.") == (
        "Fever - Cough -\n\nThe Human Phenotype Ontology (HPO) has collected it."
    )


@pytest.mark.parametrize(
    "declaration", ["<!DOCTYPE a SYSTEM 'file:///etc/passwd'>", "<!ENTITY a 'b'>", "<! doctype a>"]
)
def test_a_document_type_is_refused(tmp_path: Path, declaration: str) -> None:
    with pytest.raises(DamagedFile, match="declares a document type"):
        list(corpus(tmp_path, **{NAME: PAGE.replace("<Document", declaration + "<Document", 1)}).documents())


def test_a_document_type_in_another_encoding_is_refused(tmp_path: Path) -> None:
    page = PAGE.replace("UTF-8", "UTF-16").replace("<Document", "<!DOCTYPE a><Document", 1)
    with pytest.raises(DamagedFile, match="declares a document type"):
        list(corpus(tmp_path, **{NAME: page.encode("utf-16")}).documents())


def test_a_member_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(medquad, "MAX_MEMBER_BYTES", 1000)
    with pytest.raises(DamagedFile, match=r"0000001\.xml: .* bytes, more than the 1,000"):
        list(corpus(tmp_path, **{NAME: PAGE + " " * 1000}).documents())


def test_nothing_is_written_whatever_the_members_are_called(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    found = list(corpus(tmp_path / "in", **{"../../evil/0000001.xml": PAGE, "/etc/0000002.xml": PAGE}).documents())
    assert len(found) == 2
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["MedQuAD-master.zip"]


def test_broken_xml_names_the_member(tmp_path: Path) -> None:
    with pytest.raises(DamagedFile, match=r"2_GARD_QA/0000001\.xml: not valid XML"):
        list(corpus(tmp_path, **{NAME: PAGE[:-20]}).documents())


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"<html>"])
def test_what_is_no_archive_is_damage(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    with pytest.raises(DamagedFile, match="not a whole zip archive"):
        list(MedQuAD(files={"medquad": path}).documents())


def test_a_flipped_bit_is_damage(tmp_path: Path) -> None:
    whole = corpus(tmp_path, **{NAME: PAGE}).files["medquad"]
    content = bytearray(whole.read_bytes())
    content[200] ^= 0xFF
    whole.write_bytes(content)
    with pytest.raises(DamagedFile):
        list(MedQuAD(files={"medquad": whole}).documents())


def test_an_archive_without_pages_is_damage(tmp_path: Path) -> None:
    with pytest.raises(DamagedFile, match=r"holds no \.xml"):
        list(corpus(tmp_path, **{"readme.txt": "x"}).documents())


@pytest.mark.mirror
def test_the_published_archive_holds_16407_answers(mirror: Path) -> None:
    recipe = read_corpus_recipe("medquad")
    documents = list(sources.open_source(recipe, sources.locate(recipe, mirror), Report()).documents())
    assert len(documents) == 16_407
    assert all(document.question and document.text and document.url.startswith("http") for document in documents)
