"""A folder of one's own documents, of every kind that is read and some that are not."""

from __future__ import annotations

import datetime
import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docx
import pypdf
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from fpdf import FPDF
from hypothesis import given
from hypothesis import strategies as st

from ragmed.corpora import _file_docx, _file_markdown
from ragmed.corpora._file import one_space
from ragmed.corpora.files import Files
from ragmed.protocols import Parted
from ragmed.report import Report
from ragmed.types import Document, Section


def corpus(folder: Path, **options: Any) -> Files:
    paths = sorted(path for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    files = {f"folder/{path.relative_to(folder).as_posix()}": path for path in paths}
    return Files(files=files, licence="in-house", report=Report(), **options)


def read(folder: Path, name: str, content: str | bytes, **options: Any) -> tuple[Document, Report]:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    read = corpus(folder, **options)
    (document,) = read.documents()
    return document, read.report


def skipped(folder: Path, name: str, content: bytes, **options: Any) -> str:
    """The reason for which the only file of a folder is left out."""
    (folder / name).write_bytes(content)
    read = corpus(folder, **options)
    assert list(read.documents()) == []
    ((reason, tally),) = read.report.skipped.items()
    assert tally.n == 1
    assert tally.examples[0].startswith(name)
    return reason


def pdf(*pages: str, write: Callable[[FPDF], None] = lambda pdf: None) -> bytes:
    """A PDF with a page for each text."""
    made = FPDF()
    made.set_font("helvetica", size=11)
    write(made)
    for page in pages:
        made.add_page()
        made.multi_cell(0, text=page)
    return bytes(made.output())


def word(write: Callable[[Any], None]) -> bytes:
    document = docx.Document()
    write(document)
    content = io.BytesIO()
    document.save(content)
    return content.getvalue()


def of_section(document: Document, i: int) -> str:
    ends = [*(section.start for section in document.sections[1:]), len(document.text)]
    return document.text[document.sections[i].start : ends[i]].strip()


# The folder


def test_a_file_is_a_document_known_by_its_path(tmp_path: Path) -> None:
    document, report = read(tmp_path, "wards/Sepsis bundle.txt", "Give antibiotics within one hour.")
    assert document == Document(
        doc_id="file:wards/Sepsis bundle.txt",
        title="Sepsis bundle.txt",
        text="Give antibiotics within one hour.",
        source="files",
        url="wards/Sepsis bundle.txt",
        licence="in-house",
        kind="file",
        meta={"file": "wards/Sepsis bundle.txt"},
    )
    assert report == Report()


def test_an_address_is_made_of_the_base_and_the_quoted_path(tmp_path: Path) -> None:
    document, _ = read(tmp_path, "a b/ü#1.txt", "x", base_url="https://intranet.example/docs/", source="sops")
    assert document.url == "https://intranet.example/docs/a%20b/%C3%BC%231.txt"
    assert document.source == "sops"


def test_files_are_read_in_the_order_of_their_paths_and_apart(tmp_path: Path) -> None:
    for name in ("b.txt", "a.md", "c.html"):
        (tmp_path / name).write_text(f"text of {name}")
    files = corpus(tmp_path)
    assert isinstance(files, Parted)
    assert [document.doc_id for document in files.documents()] == ["file:a.md", "file:b.txt", "file:c.html"]
    assert [document.doc_id for document in files.documents_of("folder/b.txt")] == ["file:b.txt"]


def test_files_of_two_folders_do_not_clash(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    files = Files(files={"folder/a.txt": tmp_path / "a.txt", "old/a.txt": tmp_path / "a.txt"})
    assert [document.doc_id for document in files.documents()] == ["file:a.txt", "file:old/a.txt"]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("table.XLSX", b"x", "kind of file not read: .xlsx"),
        ("LICENSE", b"x", "kind of file not read: no extension"),
        (".hidden.txt", b"x", "hidden file"),
        ("~$report.docx", b"x", "lock file of a document that is open"),
        ("a.txt", b"", "empty file"),
        ("a.txt", b" \n", "no text in it"),
        ("a.txt", b"\x7fELF\x00\x00", "not text, though its name says so"),
        ("a.pdf", b"%PDF-1.7 and no more", "damaged"),
        ("a.pdf", b"\x00" * 100, "damaged"),
        ("a.docx", b"PK\x03\x04 cut", "damaged"),
        ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "encrypted, or of Word before 2007"),
        ("a.html", b"<!-- nothing -->", "no text in it"),
    ],
)
def test_what_is_not_read_is_said(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    assert skipped(tmp_path, name, content) == reason


def test_a_file_in_a_hidden_folder_is_left_out(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "a.txt").write_text("x")
    files = corpus(tmp_path)
    assert list(files.documents()) == []
    assert files.report.skipped["hidden file"].examples == [".git/a.txt"]


def test_a_folder_that_lies_in_a_hidden_one_is_read(tmp_path: Path) -> None:
    (tmp_path / ".home").mkdir()
    document, _ = read(tmp_path / ".home", "a.txt", "x")
    assert document.text == "x"


def test_a_large_file_is_left_out(tmp_path: Path) -> None:
    assert skipped(tmp_path, "a.txt", b"12345", max_file_bytes=4) == "larger than max_file_bytes"


def test_links_out_of_the_folder_and_to_nothing_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "out.txt").symlink_to("../secret.txt")
    (folder / "nothing.txt").symlink_to("gone.txt")
    (folder / "real.txt").write_text("x")
    (folder / "same.txt").symlink_to("real.txt")
    files = corpus(folder)
    assert [document.doc_id for document in files.documents()] == ["file:real.txt", "file:same.txt"]
    assert {reason: tally.examples[0].split()[0] for reason, tally in files.report.skipped.items()} == {
        "link that leads out of the folder": "out.txt",
        "link to nothing": "nothing.txt",
    }


def test_one_bad_file_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7")
    (tmp_path / "b.txt").write_text("x")
    assert [document.doc_id for document in corpus(tmp_path).documents()] == ["file:b.txt"]


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
def test_a_name_that_is_not_utf8_can_be_stored(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.txt")
    try:
        path.write_text("x")
    except OSError:
        pytest.skip("the file system takes UTF-8 names only")
    (document,) = corpus(tmp_path).documents()
    assert document.doc_id.encode() == "file:caf�.txt".encode()


# Plain text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_is_told_by_its_mark(tmp_path: Path, encoding: str) -> None:
    document, report = read(tmp_path, "a.txt", "Fièvre > 38 °C → α".encode(encoding))
    assert document.text == "Fièvre > 38 °C → α"
    assert not report.notes


def test_what_is_not_utf8_is_read_as_windows_1252_and_noted(tmp_path: Path) -> None:
    document, report = read(tmp_path, "a.txt", "Fièvre – 38 °C".encode("cp1252"))
    assert document.text == "Fièvre – 38 °C"
    assert report.notes["not UTF-8, read as Windows-1252"].examples == ["a.txt"]


def test_lines_broken_by_the_writer_are_joined(tmp_path: Path) -> None:
    text = (
        "DOSING\n\nThe initial dose is 5 mg twice a day, and it is raised\n"
        "after two weeks where it is well tolerated.\n"
        "Stop where:\n- the rash spreads\n  to the face\n* or fever comes\n\n\nEnd.\n"
    )
    document, _ = read(tmp_path, "a.txt", text)
    assert document.text == (
        "DOSING\n\nThe initial dose is 5 mg twice a day, and it is raised "
        "after two weeks where it is well tolerated.\n\n"
        "Stop where:\n- the rash spreads to the face\n- or fever comes\n\nEnd."
    )


def test_long_lines_are_paragraphs(tmp_path: Path) -> None:
    first, second = "word " * 40, "other " * 40
    document, _ = read(tmp_path, "a.txt", f"{first}\n{second}\n")
    assert document.text == f"{first.strip()}\n\n{second.strip()}"


def test_a_hyphen_of_a_plain_text_stays(tmp_path: Path) -> None:
    document, _ = read(tmp_path, "a.txt", "A patient who takes a beta-\nblocker comes to the clinic today.\n")
    assert "beta- blocker" in document.text


def test_control_characters_are_taken_out(tmp_path: Path) -> None:
    document, _ = read(tmp_path, "a.txt", "a\x07b\x1b[0m")
    assert document.text == "ab[0m"


@given(st.text(alphabet="ab \n\t", max_size=60), st.integers(1, 7))
def test_spaces_are_the_same_in_long_texts(text: str, size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ragmed.corpora._file._BLOCK_CHARS", size)
        assert one_space(text) == " ".join(text.split())


# Markdown


MARKDOWN = """\
---
title: "Sepsis pathway"
date: 2024-03-01
lang: en-GB
---
# Sepsis

Within *one* hour [give](https://example.org) `ceftriaxone`
2 g &amp; fluids.

## Adults

- lactate
- cultures

| Drug | Dose |
|------|------|
| A    | 5 mg |

<p>See <b>also</b></p>

### Pregnancy
## Children
Call.
"""


def test_markdown_has_headings_lists_and_tables(tmp_path: Path) -> None:
    document, report = read(tmp_path, "a.md", MARKDOWN)
    assert (document.title, document.published, document.meta["language"]) == ("Sepsis pathway", "2024-03-01", "en")
    assert document.text == (
        "Sepsis\n\nWithin one hour give ceftriaxone 2 g & fluids.\n\nAdults\n\n- lactate\n- cultures\n\n"
        "Drug | Dose\nA | 5 mg\n\nSee also\n\nPregnancy\n\nChildren\n\nCall."
    )
    assert [(section.title, of_section(document, i)[:8]) for i, section in enumerate(document.sections)] == [
        ("Sepsis", "Sepsis\n\n"),
        ("Sepsis > Adults", "Adults\n\n"),
        ("Sepsis > Adults > Pregnancy", "Pregnanc"),
        ("Sepsis > Children", "Children"),
    ]
    assert not report.notes


def test_the_title_is_not_repeated_in_each_section(tmp_path: Path) -> None:
    document, _ = read(tmp_path, "a.md", "# Sepsis\n\nText.\n\n## Adults\n\nMore.\n")
    assert document.title == "Sepsis"
    assert [section.title for section in document.sections] == ["", "Adults"]


def test_a_rule_at_the_beginning_is_not_taken_for_properties(tmp_path: Path) -> None:
    document, _ = read(tmp_path, "a.md", "---\nKeep this\n\n---\n")
    assert "Keep this" in document.text


def test_brackets_without_end_do_not_hold_up_the_reader(tmp_path: Path) -> None:
    document, report = read(tmp_path, "a.md", "[" * 1_000_000)
    assert len(document.text) == 1_000_000
    assert report.notes["Markdown too long to parse, read as plain text"].n == 1


def test_too_long_a_markdown_file_is_read_as_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_file_markdown, "MAX_CHARS", 10)
    document, report = read(tmp_path, "a.md", "# Heading\n\nText.\n")
    assert document.text == "# Heading\n\nText."
    assert report.notes["Markdown too long to parse, read as plain text"].n == 1


# HTML


HTML = """\
<!DOCTYPE html>
<html lang="de-CH"><head><title>Hygiene &amp; Isolation</title><meta name="dcterms.date" content="2023-11">
<style>p {color: red}</style></head>
<body><nav><a href="/">Home</a></nav><script>alert("x")</script>
<h1>Isolation</h1><p>Erste<br>Zeile, <b>fett</b>er Text &ndash; Ende.</p>text without paragraph
<h2>Ma&szlig;nahmen</h2><ul><li>Maske<li><p>Handschuhe</p><p>zwei Paar</p></ul>
<table><caption>Dosen</caption><tr><th>Stoff<th>Dosis</tr><tr><td><p>A</p><p>oral</p><td>5&nbsp;mg</table>
<p hidden>unsichtbar</p><div style="display: none">auch</div>
<pre>eins
  zwei</pre></body></html>
"""


def test_html_has_headings_lists_and_tables(tmp_path: Path) -> None:
    document, _ = read(tmp_path, "a.html", HTML)
    assert (document.title, document.published, document.meta["language"]) == ("Hygiene & Isolation", "2023-11", "de")
    assert document.text == (
        "Isolation\n\nErste Zeile, fetter Text – Ende.\n\ntext without paragraph\n\nMaßnahmen\n\n- Maske\n"
        "- Handschuhe\n\nzwei Paar\n\nDosen\n\nStoff | Dosis\nA oral | 5 mg\n\neins\nzwei"
    )
    assert [section.title for section in document.sections] == ["Isolation", "Isolation > Maßnahmen"]


@pytest.mark.parametrize(
    "head", ['<meta charset="iso-8859-1">', '<meta http-equiv="Content-Type" content="text/html; charset=latin1">']
)
def test_html_is_read_in_the_encoding_it_states(tmp_path: Path, head: str) -> None:
    document, report = read(tmp_path, "a.htm", f"<head>{head}</head><p>Fièvre</p>".encode("latin-1"))
    assert document.text == "Fièvre"
    assert not report.notes


def test_an_encoding_that_nobody_knows_is_noted(tmp_path: Path) -> None:
    document, report = read(tmp_path, "a.html", '<meta charset="klingon"><p>é</p>')
    assert document.text == "é"
    assert report.notes["unknown encoding stated"].n == 1


@pytest.mark.parametrize("stated", ["rot13", "hex", "undefined", "utf-16"])
def test_an_encoding_that_is_none_of_text_does_no_harm(tmp_path: Path, stated: str) -> None:
    document, _ = read(tmp_path, "a.html", f'<meta charset="{stated}"><p>fever</p>')
    assert document.text == "fever"


def test_entities_of_a_document_type_are_not_resolved(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    page = f'<!DOCTYPE html [<!ENTITY x SYSTEM "file://{tmp_path}/secret">]><p>a &x; b</p>'
    document, _ = read(tmp_path / "in", "a.html", page)
    assert "secret" not in document.text


def test_a_table_that_lays_out_the_page_is_not_one_of_data(tmp_path: Path) -> None:
    page = "<table><tr><td><h2>Left</h2><p>One</p></td><td><p>Two</p></td></tr></table>"
    document, _ = read(tmp_path, "a.html", page)
    assert document.text == "Left\n\nOne\n\nTwo"


def test_unclosed_tags_do_no_harm(tmp_path: Path) -> None:
    document, _ = read(tmp_path, "a.html", "<div>" * 1000 + "deep")
    assert document.text == "deep"


def test_a_page_nested_too_deep_is_damaged(tmp_path: Path) -> None:
    assert skipped(tmp_path, "a.html", b"<div>" * 100_000 + b"deep") == "damaged"


def test_character_references_that_cannot_be_stored_do_no_harm(tmp_path: Path) -> None:
    document, _ = read(tmp_path, "a.html", "<p>a&#xD800;&#0;&#x1F600;b</p>")
    assert document.text.encode()


# Word


def test_word_has_headings_lists_and_tables(tmp_path: Path) -> None:
    def write(document: Any) -> None:
        document.core_properties.title = "Heparin"
        document.core_properties.language = "en-US"
        document.add_paragraph("Before  any heading.")
        document.add_heading("Dosing", 1)
        document.add_paragraph("Loading", style="List Bullet")
        document.add_paragraph("Maintenance", style="List Number")
        document.add_heading("Renal failure", 2)
        table = document.add_table(2, 2)
        for cell, text in zip(
            [c for row in table.rows for c in row.cells], ["Drug", "Dose", "A", "5\tmg"], strict=True
        ):
            cell.text = text

    document, report = read(tmp_path, "a.docx", word(write))
    assert document.text == (
        "Before any heading.\n\nDosing\n\n- Loading\n- Maintenance\n\nRenal failure\n\nDrug | Dose\nA | 5 mg"
    )
    assert [section.title for section in document.sections] == ["Dosing", "Dosing > Renal failure"]
    assert of_section(document, 1).startswith("Renal failure")
    assert (document.title, document.meta["language"]) == ("Heparin", "en")
    assert not report.notes


def test_a_word_document_says_when_it_was_changed(tmp_path: Path) -> None:
    def write(document: Any) -> None:
        document.core_properties.modified = datetime.datetime(2024, 2, 29, 12)
        document.add_paragraph("x")

    assert read(tmp_path, "a.docx", word(write))[0].published == "2024-02-29"


def test_the_title_of_a_word_document_may_stand_in_its_text(tmp_path: Path) -> None:
    def write(document: Any) -> None:
        document.add_heading("Heparin protocol", 0)
        document.add_heading("Dosing", 1)

    document, _ = read(tmp_path, "a.docx", word(write))
    assert document.title == "Heparin protocol"
    assert document.text == "Heparin protocol\n\nDosing"


def test_tracked_changes_are_read_as_accepted(tmp_path: Path) -> None:
    def write(document: Any) -> None:
        paragraph = document.add_paragraph("Give ")
        for xml in (
            "<w:ins {0}><w:r><w:t>10 mg</w:t></w:r></w:ins>",
            "<w:del {0}><w:r><w:delText>5 mg</w:delText></w:r></w:del>",
            "<w:hyperlink {0}><w:r><w:t> daily</w:t></w:r></w:hyperlink>",
        ):
            paragraph._p.append(parse_xml(xml.format(nsdecls("w"))))

    assert read(tmp_path, "a.docx", word(write))[0].text == "Give 10 mg daily"


def test_footnotes_follow_their_paragraph(tmp_path: Path) -> None:
    def write(document: Any) -> None:
        from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
        from docx.opc.packuri import PackURI
        from docx.opc.part import Part

        notes = (
            f'<w:footnotes {nsdecls("w")}><w:footnote w:type="separator" w:id="-1"><w:p/></w:footnote>'
            '<w:footnote w:id="2"><w:p><w:r><w:t>Off label.</w:t></w:r></w:p></w:footnote></w:footnotes>'
        )
        part = Part(PackURI("/word/footnotes.xml"), CONTENT_TYPE.WML_FOOTNOTES, notes.encode(), document.part.package)
        document.part.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)
        paragraph = document.add_paragraph("Give it.")
        paragraph._p.append(parse_xml(f'<w:r {nsdecls("w")}><w:footnoteReference w:id="2"/></w:r>'))
        document.add_paragraph("Next.")

    assert read(tmp_path, "a.docx", word(write))[0].text == "Give it.\n\nOff label.\n\nNext."


def test_text_in_content_controls_is_read(tmp_path: Path) -> None:
    def write(document: Any) -> None:
        document.element.body.insert(
            0,
            parse_xml(
                f"<w:sdt {nsdecls('w')}><w:sdtContent><w:p><w:r><w:t>In a control</w:t></w:r></w:p></w:sdtContent>"
                "</w:sdt>"
            ),
        )

    assert read(tmp_path, "a.docx", word(write))[0].text == "In a control"


def test_a_word_document_that_unpacks_to_too_much_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_file_docx, "MAX_XML_BYTES", 1_000_000)
    monkeypatch.setattr(docx, "Document", lambda *_: pytest.fail("was opened"))
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b" " * 2_000_000)
    assert skipped(tmp_path, "a.docx", content.getvalue()) == "unpacks to too much"


def test_an_external_entity_in_a_word_document_is_not_resolved(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "in").mkdir()
    whole = word(lambda document: document.add_paragraph("visible PLACE"))
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(content, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "word/document.xml":
                entity = f'<!DOCTYPE x [<!ENTITY x SYSTEM "file://{tmp_path}/secret">]><w:document'.encode()
                data = data.replace(b"<w:document", entity, 1).replace(b"PLACE", b"&x;")
            new.writestr(name, data)
    (tmp_path / "in" / "a.docx").write_bytes(content.getvalue())
    assert all("secret" not in document.text for document in corpus(tmp_path / "in").documents())


# PDF


def test_each_page_of_a_pdf_is_a_section(tmp_path: Path) -> None:
    document, report = read(tmp_path, "a.pdf", pdf("First page.", "Second page."))
    assert document.text == "First page.\n\nSecond page."
    assert document.sections == (Section(0, "", "1"), Section(13, "", "2"))
    assert not report.notes


def test_pages_have_the_numbers_that_readers_see(tmp_path: Path) -> None:
    writer = pypdf.PdfWriter(io.BytesIO(pdf("Foreword.", "Preface.", "Chapter.")))
    writer.set_page_label(0, 1, style="/r")
    writer.set_page_label(2, 2, style="/D", start=101)
    content = io.BytesIO()
    writer.write(content)
    document, _ = read(tmp_path, "a.pdf", content.getvalue())
    assert [section.page for section in document.sections] == ["i", "ii", "101"]


def test_bookmarks_are_headings(tmp_path: Path) -> None:
    made = FPDF()
    made.set_font("helvetica", size=11)
    for lines in (["1 Dosing", "Take one.", "1.1 Adults", "Take two."], ["More for adults.", "2 Risks", "Bleeding."]):
        made.add_page()
        for line in lines:
            if line[0].isdigit():
                made.start_section(line.split(" ", 1)[1], level=line.count("."))
            made.cell(0, text=line, new_x="LMARGIN", new_y="NEXT")
    document, _ = read(tmp_path, "a.pdf", bytes(made.output()))
    found = [(section.title, section.page, of_section(document, i)) for i, section in enumerate(document.sections)]
    assert found == [
        ("Dosing", "1", "1 Dosing\n\nTake one."),
        ("Dosing > Adults", "1", "1.1 Adults\n\nTake two."),
        ("Dosing > Adults", "2", "More for adults."),
        ("Risks", "2", "2 Risks\n\nBleeding."),
    ]


def test_a_bookmark_whose_heading_is_not_found_heads_its_page(tmp_path: Path) -> None:
    writer = pypdf.PdfWriter(io.BytesIO(pdf("One.", "Two.")))
    writer.add_outline_item(title="Annex", page_number=1)
    content = io.BytesIO()
    writer.write(content)
    document, _ = read(tmp_path, "a.pdf", content.getvalue())
    assert document.sections == (Section(0, "", "1"), Section(6, "Annex", "2"))


def test_the_lines_of_a_paragraph_are_joined_and_broken_words_made_whole(tmp_path: Path) -> None:
    text = (
        "Fever and other signs of inflam-\nmation call for a well-known test of\nthe blood.\n"
        "A long-\nterm therapy is a long-term plan, and\nHLA-B27 is no matter here at all.\n"
    )
    document, _ = read(tmp_path, "a.pdf", pdf(text))
    assert document.text == (
        "Fever and other signs of inflammation call for a well-known test of the blood.\n\n"
        "A long-term therapy is a long-term plan, and HLA-B27 is no matter here at all."
    )


def test_a_sentence_goes_on_over_a_page(tmp_path: Path) -> None:
    document, _ = read(tmp_path, "a.pdf", pdf("The therapy of such an inflam-", "mation lasts for weeks."))
    assert document.text == "The therapy of such an inflammation lasts for weeks."
    assert document.text[document.sections[1].start :] == "lasts for weeks."


def test_headers_and_footers_that_repeat_are_left_out_and_noted(tmp_path: Path) -> None:
    pages = [
        f"Ward handbook\n{text}\nPage {i} of 4" for i, text in enumerate(("Alpha.", "Beta.", "Gamma.", "Delta."), 1)
    ]
    document, report = read(tmp_path, "a.pdf", pdf(*pages))
    assert document.text == "Alpha.\n\nBeta.\n\nGamma.\n\nDelta."
    assert report.notes["repeated headers and footers left out"].examples == ["a.pdf"]


def test_headings_that_differ_by_a_number_only_are_no_headers(tmp_path: Path) -> None:
    pages = [f"Day {day}\n{text}" for day, text in ((1, "Alpha."), (3, "Beta."), (9, "Gamma."), (30, "Delta."))]
    document, _ = read(tmp_path, "a.pdf", pdf(*pages))
    assert document.text.count("Day") == 4


def test_lines_that_two_pages_share_stay(tmp_path: Path) -> None:
    document, _ = read(tmp_path, "a.pdf", pdf("Ward handbook\nAlpha.", "Ward handbook\nBeta."))
    assert document.text.count("Ward handbook") == 2


def test_a_page_without_text_is_noted(tmp_path: Path) -> None:
    document, report = read(tmp_path, "a.pdf", pdf("One.", "", "Three."))
    assert [section.page for section in document.sections] == ["1", "3"]
    assert report.notes["page without text, perhaps scanned"].examples == ["a.pdf p. 2"]


def test_a_pdf_without_text_is_left_out(tmp_path: Path) -> None:
    assert skipped(tmp_path, "a.pdf", pdf("", "")) == "no text in it, perhaps scanned; run OCR first"


@pytest.mark.parametrize(("password", "reason"), [("", ""), ("secret", "encrypted")])
def test_a_pdf_is_read_if_it_opens_without_a_password(tmp_path: Path, password: str, reason: str) -> None:
    content = pdf("Protected.", write=lambda pdf: pdf.set_encryption("owner", password))
    if reason:
        assert skipped(tmp_path, "a.pdf", content) == reason
    else:
        assert read(tmp_path, "a.pdf", content)[0].text == "Protected."


def test_a_pdf_says_its_title_date_and_language(tmp_path: Path) -> None:
    def dated(made: FPDF) -> None:
        made.set_title("Sepsis pathway")
        made.set_lang("en-GB")
        made.set_creation_date(datetime.datetime(2024, 3, 1, tzinfo=datetime.UTC))

    document, _ = read(tmp_path, "a.pdf", pdf("x", write=dated))
    assert (document.title, document.published, document.meta["language"]) == ("Sepsis pathway", "2024-03-01", "en")


@pytest.mark.parametrize(
    ("stated", "title"),
    [("Microsoft Word - Sepsis", "Sepsis"), ("Microsoft Word - v3 final.docx", "a.pdf"), ("Untitled-1", "a.pdf")],
)
def test_a_title_that_is_a_file_name_is_none(tmp_path: Path, stated: str, title: str) -> None:
    document, _ = read(tmp_path, "a.pdf", pdf("x", write=lambda made: made.set_title(stated)))
    assert document.title == title


def test_ligatures_and_lone_surrogates_can_be_searched_and_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pypdf.PageObject, "extract_text", lambda self: "e\ufb03cacy \ud800")
    assert read(tmp_path, "a.pdf", pdf("x"))[0].text == "efficacy �"


def test_a_page_that_cannot_be_read_does_not_stop_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = iter(["One.", None, "Three."])

    def extract(self: object) -> str:
        text = next(texts)
        if text is None:
            raise RecursionError
        return text

    monkeypatch.setattr(pypdf.PageObject, "extract_text", extract)
    document, report = read(tmp_path, "a.pdf", pdf("1", "2", "3"))
    assert document.text == "One.\n\nThree."
    assert report.notes["page could not be read"].examples == ["a.pdf p. 2 (RecursionError)"]


@pytest.mark.parametrize("cut", range(50, 950, 100))
def test_a_cut_pdf_never_raises(tmp_path: Path, cut: int, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.pdf").write_bytes(pdf("One.", "Two.")[:cut])
    files = corpus(tmp_path)
    documents = list(files.documents())
    assert len(documents) + files.report.n_skipped == 1
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("kind", ["pdf", "docx"])
@given(st.data())
def test_a_damaged_file_never_raises(tmp_path_factory: pytest.TempPathFactory, kind: str, data: st.DataObject) -> None:
    whole = bytearray(WHOLE[kind])
    for _ in range(data.draw(st.integers(1, 20))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    folder = tmp_path_factory.mktemp("damaged")
    (folder / f"a.{kind}").write_bytes(whole)
    files = corpus(folder)
    documents = list(files.documents())
    assert len(documents) + files.report.n_skipped == 1
    for document in documents:
        starts = [section.start for section in document.sections]
        assert starts == sorted(starts)
        assert all(0 <= start < len(document.text) for start in starts)


WHOLE = {"pdf": pdf("One.", "Two."), "docx": word(lambda document: document.add_paragraph("One."))}
