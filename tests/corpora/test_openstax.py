"""OpenStax's books: CNXML modules in the order of their collection, read from an archive."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest

from ragmed.corpora.openstax import OpenStax
from ragmed.errors import DamagedFile
from ragmed.recipe import read_corpus_recipe
from ragmed.types import Document, Section
from tests.conftest import CHECKOUT

COLLECTION = """<col:collection xmlns:md="http://cnx.rice.edu/mdml" xmlns:col="http://cnx.rice.edu/collxml">
<metadata xmlns="http://cnx.rice.edu/collxml"><md:title>A Book</md:title>
<md:license url="http://creativecommons.org/licenses/by-nc-sa/4.0/">words</md:license><md:slug>a-book</md:slug></metadata>
<col:content><col:module document="m0"/><col:subcollection><md:title>Unit</md:title><col:content>
<col:subcollection><md:title>Bones</md:title><col:content><col:module document="m1"/><col:module document="m2"/>
</col:content></col:subcollection></col:content></col:subcollection></col:content></col:collection>"""


def module(content: str = "<para>Text.</para>", title: str = "Hard: Bones ", extra: str = "") -> str:
    return f"""<document xmlns="http://cnx.rice.edu/cnxml"><title>{title}</title>
<metadata xmlns:md="http://cnx.rice.edu/mdml"><md:title>{title}</md:title><md:abstract>no</md:abstract></metadata>
<content>{content}</content>{extra}</document>"""


def corpus(folder: Path, two: str = "", exercises: bool = False, **members: str) -> OpenStax:
    path = folder / "book.zip"
    held = {
        "top/collections/a.collection.xml": COLLECTION,
        "top/modules/m0/index.cnxml": module("<para>Words.</para>", "Preface"),
        "top/modules/m1/index.cnxml": module('<figure id="f"><caption>C.</caption></figure>', "Introduction"),
        "top/modules/m2/index.cnxml": two or module(),
        **members,
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in held.items():
            if content != "-":
                archive.writestr(name, content)
    return OpenStax(files={"book": path}, licence="the book's", exercises=exercises)


def read(folder: Path, content: str, extra: str = "", exercises: bool = False) -> Document:
    return list(corpus(folder, module(content, extra=extra), exercises=exercises).documents())[-1]


def test_modules_come_in_the_order_of_the_collection_with_their_web_pages(tmp_path: Path) -> None:
    preface, introduction, page = corpus(tmp_path).documents()
    assert preface.url == "https://openstax.org/books/a-book/pages/preface"
    assert introduction.url == "https://openstax.org/books/a-book/pages/1-introduction"
    assert page.url == "https://openstax.org/books/a-book/pages/1-1-hard-bones"
    assert (page.doc_id, page.title, page.text, page.kind) == (
        "openstax:a-book/m2",
        "Hard: Bones",
        "Text.",
        "textbook",
    )
    assert page.licence == "CC BY-NC-SA 4.0"
    assert page.meta == {"language": "en", "book": "A Book", "unit": "Unit", "chapter": "1 Bones", "module": "m2"}


def test_sections_and_notes_are_headings_and_the_glossary_a_section(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        '<para>A.</para><section><title>S</title><para>B.</para><note class="anatomy interactive"><para>C.</para>'
        "</note><para>D.</para></section>",
        "<glossary><definition><term>bone</term><meaning>hard</meaning></definition></glossary>",
    )
    assert found.text == "A.\n\nB.\n\nC.\n\nD.\n\n- bone: hard"
    assert found.sections == (
        Section(4, "S"),
        Section(8, "S > Interactive Link"),
        Section(12, "S"),
        Section(16, "Glossary"),
    )


def test_lists_tables_and_captions_are_kept_and_alternative_texts_are_not(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        """<list><item>one <list><item>inner</item></list></item></list>
        <table id="t"><tgroup cols="2"><colspec colname="c1"/><colspec colname="c2"/><thead><row>
        <entry namest="c1" nameend="c2">Head</entry></row></thead><tbody><row><entry>a</entry><entry>b</entry></row>
        </tbody></tgroup></table><figure id="g"><title>G</title><media alt="no"><image/></media><caption>Big.</caption>
        </figure>""",
    )
    assert found.text == "- one\n- inner\n\nTable 1.1.\nHead |\na | b\n\nFigure 1.2. G. Big."


def test_references_show_the_numbers_of_figures_in_the_chapter(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        '<para>See (<link document="m1" target-id="f"/>, <link target-id="h" document=""/>) and '
        '<link url="http://openstax.org/l/x">video</link> (<link target-id="gone"/>).</para><figure id="h"/>',
    )
    assert found.text.startswith("See (Figure 1.1, Figure 1.2) and video")
    assert "()" not in found.text


def test_powers_and_formulas_stay_readable(tmp_path: Path) -> None:
    math = '<m:math xmlns:m="http://www.w3.org/1998/Math/MathML">'
    found = read(
        tmp_path,
        f"""<para>10<sup>5</sup> and CO<sub>2</sub></para><equation>{math}<m:msub><m:mtext>CO</m:mtext><m:mn>2</m:mn>
        </m:msub><m:mo>=</m:mo><m:mfrac><m:mrow><m:mi>a</m:mi><m:mo>+</m:mo><m:mi>b</m:mi></m:mrow><m:mn>3</m:mn>
        </m:mfrac></m:math></equation>""",
    )
    assert found.text == "10^5 and CO2\n\nCO2=(a+b)/3"


def test_exercises_are_kept_only_if_asked_for(tmp_path: Path) -> None:
    content = """<para>A.</para><section class="multiple-choice"><exercise><problem><para>Q?</para></problem>
    <solution><para>R.</para></solution></exercise></section><section class="references"><para>no</para></section>"""
    assert read(tmp_path, content).text == "A."
    asked = read(tmp_path, content, exercises=True)
    assert asked.text == "A.\n\nQ?\n\nR."
    assert asked.sections == (Section(4, "Review Questions"),)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (module()[:-30], "not well-formed XML"),
        ('<!DOCTYPE d [<!ENTITY a "b">]>' + module(), "declares XML entities"),
        (module(""), "no text"),
        ("-", "a module that the archive does not hold"),
        (module("<para>" + "x" * 20_000 + "</para>"), "larger than max_member_bytes"),
    ],
)
def test_a_broken_module_is_skipped_and_the_rest_is_read(tmp_path: Path, content: str, reason: str) -> None:
    files = corpus(tmp_path, **{"top/modules/m1/index.cnxml": content}).files
    limited = OpenStax(files=files, max_member_bytes=10_000)
    assert [document.doc_id[-2:] for document in limited.documents()] == ["m0", "m2"]
    assert limited.report.skipped[reason].n == 1


def test_a_module_without_title_is_noted(tmp_path: Path) -> None:
    made = corpus(tmp_path, module(title=""))
    assert list(made.documents())[-1].title == ""
    assert made.report.notes["no title"].n == 1


def test_nothing_is_written_whatever_the_members_are_called(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    made = corpus(tmp_path / "in", **{"../../evil": "x", "/etc/evil": "x"})
    assert len(list(made.documents())) == 3
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["book.zip"]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"<html>"])
def test_what_is_no_archive_is_damage(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    with pytest.raises(DamagedFile, match="not a whole zip archive"):
        list(OpenStax(files={"book": path}).documents())


def test_an_archive_of_something_else_is_damage(tmp_path: Path) -> None:
    with pytest.raises(DamagedFile, match="not the archive of an OpenStax book"):
        list(corpus(tmp_path, **{"top/collections/a.collection.xml": "-"}).documents())


@pytest.mark.mirror
def test_the_published_book_is_read_whole(mirror: Path) -> None:
    recipe = read_corpus_recipe(CHECKOUT / "corpora" / "openstax_anatomy.toml")
    book = OpenStax(files={file.name: mirror / file.path for file in recipe.files}, licence=recipe.licence)
    documents = list(book.documents())
    assert len(documents) == recipe.counts["documents"] == len({document.doc_id for document in documents})
    assert (book.report.skipped, book.report.notes) == ({}, {})
    assert {document.source for document in documents} == {"openstax"}
    assert {document.licence for document in documents} == {"CC BY-NC-SA 4.0"}
    by_module = {document.meta["module"]: document for document in documents}
    assert by_module["m46844"].url.endswith("/anatomy-and-physiology-2e/pages/preface")
    assert by_module["m45985"].url.endswith("/pages/1-2-structural-organization-of-the-human-body")
    assert by_module["m46676"].url.endswith("/pages/19-1-heart-anatomy")
    assert by_module["m46311"].meta["chapter"] == "28 Development and Inheritance"
    assert "\nCondyle | Rounded surface | Occipital condyles\n" in by_module["m46281"].text


@pytest.mark.mirror
def test_the_numbers_of_tables_agree_with_those_in_their_ids(mirror: Path) -> None:
    with zipfile.ZipFile(mirror / "openstax" / "osbooks-anatomy-physiology-main.zip") as archive:
        sources = {
            name.split("/")[-2]: archive.read(name).decode()
            for name in archive.namelist()
            if name.endswith("index.cnxml")
        }
    book = OpenStax(files={"book": mirror / "openstax" / "osbooks-anatomy-physiology-main.zip"})
    pairs = [
        (int(written), int(counted))
        for document in book.documents()
        for written, counted in zip(
            re.findall(r'<table[^>]* id="tbl-ch\d\d_(\d\d)"', sources[document.meta["module"]]),
            re.findall(r"^Table \d+\.(\d+)\.", document.text, re.MULTILINE),
            strict=False,
        )
    ]
    assert len(pairs) == 101
    assert [pair for pair in pairs if pair[0] != pair[1]] == [(8, 7)]  # chapter 25's ids leave 7 out
