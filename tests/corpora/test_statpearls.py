"""StatPearls: BITS chapters read from NCBI Bookshelf's archive."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from ragmed.corpora.statpearls import StatPearls
from ragmed.errors import DamagedFile
from ragmed.types import Document, Section


def chapter(
    body: str = "<sec><title>Etiology</title><p>Text.</p></sec>", title: str = "Aspirin", meta: str = ""
) -> str:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE book-part-wrapper PUBLIC "-//NLM//DTD BITS v2.0//EN" "http://jats.nlm.nih.gov/BITS-book2.dtd">
<book-part-wrapper id="article-5" content-type="chapter" xmlns:xlink="http://www.w3.org/1999/xlink"><book-meta>
<book-title-group><book-title>StatPearls</book-title></book-title-group>
<pub-date date-type="pubr"><month>01</month><year>2026</year></pub-date><permissions>
<license xlink:href="https://creativecommons.org/licenses/by-nc-nd/4.0/"><license-p>x</license-p></license></permissions>
</book-meta><book-part><book-part-meta><title-group><title>{title}</title></title-group>
<author-notes><fn><p>no</p></fn></author-notes>{meta}</book-part-meta><body>{body}</body>
<back><ref-list><title>References</title><ref><mixed-citation>no</mixed-citation></ref></ref-list></back></book-part>
</book-part-wrapper>"""


def corpus(folder: Path, **members: str) -> StatPearls:
    path = folder / "statpearls_NBK430685.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(f"statpearls_NBK430685/{name}")
            info.size = len(content.encode())
            archive.addfile(info, io.BytesIO(content.encode()))
    return StatPearls(files={"statpearls": path}, licence="CC BY-NC-ND 4.0")


def one(folder: Path, content: str) -> Document:
    (document,) = corpus(folder, **{"article-5.nxml": content, "picture.jpg": "x"}).documents()
    return document


def test_an_article_is_a_document(tmp_path: Path) -> None:
    dated = "<pub-history><date date-type='updated'><day>31</day><month>1</month><year>2024</year></date></pub-history>"
    found = one(tmp_path, chapter(meta=dated))
    assert found.doc_id == "statpearls:article-5"
    assert (found.title, found.text, found.sections) == ("Aspirin", "Text.", (Section(0, "Etiology"),))
    assert found.url == "https://www.ncbi.nlm.nih.gov/books/n/statpearls/article-5/"
    assert (found.licence, found.published) == ("CC BY-NC-ND 4.0", "2024-01-31")
    assert found.meta == {"language": "en", "book": "StatPearls"}


def test_without_a_date_of_its_own_an_article_has_the_books(tmp_path: Path) -> None:
    assert one(tmp_path, chapter()).published == "2026-01"


def test_an_nbk_number_makes_the_address(tmp_path: Path) -> None:
    found = one(tmp_path, chapter(meta='<book-part-id book-part-id-type="pmcid">NBK519032</book-part-id>'))
    assert found.url == "https://www.ncbi.nlm.nih.gov/books/NBK519032/"


def test_a_bold_paragraph_is_a_heading(tmp_path: Path) -> None:
    body = """<sec><title>Mechanism</title><p>A.</p><p>\n<bold>Absorption: </bold>\n</p><p>B.</p>
    <p><bold>Then</bold> C.</p><p><bold>Excretion</bold></p><list><list-item><p>D</p></list-item></list></sec>
    <sec><title>Uses</title><p>E.</p></sec>"""
    found = one(tmp_path, chapter(body))
    assert found.text == "A.\n\nB.\n\nThen C.\n\n- D\n\nE."
    assert [section.title for section in found.sections] == [
        "Mechanism",
        "Mechanism > Absorption",
        "Mechanism > Excretion",
        "Uses",
    ]


def test_links_to_the_publishers_questions_are_left_out(tmp_path: Path) -> None:
    link = (
        '<ext-link xlink:href="https://www.statpearls.com/account/trialuserreg/?x=1">Access free questions.</ext-link>'
    )
    body = f"""<sec><title>Aim</title><p>A. {link}</p></sec>
    <sec sec-type="Review Questions"><title>Review Questions</title><list><list-item><p>{link}</p></list-item></list>
    </sec>"""
    assert one(tmp_path, chapter(body)).text == "A."


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (chapter()[:-30], "not well-formed XML"),
        (chapter(""), "no text"),
        ("<book><book-meta/></book>", "no article"),
        (
            chapter().replace('"http://jats.nlm.nih.gov/BITS-book2.dtd"', '"x" [<!ENTITY a "b">]'),
            "declares XML entities",
        ),
        (chapter("<sec><p>" + "x" * 20_000 + "</p></sec>"), "larger than max_member_bytes"),
    ],
)
def test_a_broken_article_is_skipped_and_the_rest_is_read(tmp_path: Path, content: str, reason: str) -> None:
    files = corpus(tmp_path, **{"article-4.nxml": content, "article-5.nxml": chapter()}).files
    limited = StatPearls(files=files, max_member_bytes=10_000)
    assert [document.doc_id for document in limited.documents()] == ["statpearls:article-5"]
    assert limited.report.skipped[reason].n == 1


def test_a_missing_title_and_id_are_made_up_for(tmp_path: Path) -> None:
    made = corpus(tmp_path, **{"article-9.nxml": chapter(title="").replace('id="article-5" ', "")})
    (found,) = made.documents()
    assert (found.doc_id, found.title) == ("statpearls:article-9", "")
    assert made.report.notes["no title"].n == 1


def test_single_files_are_read_too(tmp_path: Path) -> None:
    path = tmp_path / "article-5.nxml"
    path.write_text(chapter())
    assert [d.doc_id for d in StatPearls(files={"a/article-5.nxml": path}).documents()] == ["statpearls:article-5"]


def test_a_cut_archive_gives_what_was_whole_then_says_so(tmp_path: Path) -> None:
    made = corpus(tmp_path, **{f"article-{n}.nxml": chapter().replace("article-5", f"article-{n}") for n in (1, 2)})
    path = made.files["statpearls"]
    unpacked = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(unpacked[: unpacked.rindex(b"article-2.nxml") + 700]))
    found = made.documents()
    assert next(found).doc_id == "statpearls:article-1"
    with pytest.raises(DamagedFile, match="ends within a member"):
        next(found)
