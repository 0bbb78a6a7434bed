"""PubMed Central's articles: JATS read from archives and files that are not trusted."""

from __future__ import annotations

import gzip
import io
import re
import tarfile
from pathlib import Path

import pytest

from ragmed.corpora.pmc import PMC
from ragmed.errors import DamagedFile
from ragmed.types import Document, Section

DOCTYPE = '<!DOCTYPE article PUBLIC "-//NLM//DTD JATS v1.3//EN" "JATS-archivearticle1.dtd">'


def article(
    body: str = "<p>Body.</p>", front: str = "", head: str = "", ids: str = "", title: str = "Title", back: str = ""
) -> str:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
{head}<article xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:mml="http://www.w3.org/1998/Math/MathML"
 xmlns:ali="http://www.niso.org/schemas/ali/1.0/" article-type="research-article" xml:lang="en"><front>
<journal-meta><journal-title-group><journal-title>J Test</journal-title></journal-title-group></journal-meta>
<article-meta>{ids or '<article-id pub-id-type="pmc">7</article-id>'}
<title-group><article-title>{title}</article-title></title-group>{front}</article-meta></front>
<body>{body}</body>{back}</article>"""


def packed(folder: Path, name: str = "oa_comm_xml.PMC000xxxxxx.baseline.2026-06-18.tar.gz", **members: str) -> PMC:
    path = folder / name
    with tarfile.open(path, "w:gz") as archive:
        for member, content in members.items():
            info = tarfile.TarInfo(member)
            data = content.encode()
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return PMC(files={f"packages/{name}": path}, licence="see article")


def read(folder: Path, content: str | bytes, name: str = "PMC7.xml") -> tuple[list[Document], PMC]:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    corpus = PMC(files={name: path}, licence="see article")
    return list(corpus.documents()), corpus


def one(folder: Path, content: str) -> Document:
    (document,), _ = read(folder, content)
    return document


def test_an_article_is_a_document_with_its_headings(tmp_path: Path) -> None:
    document = one(
        tmp_path,
        article(
            "<p>Before.</p><sec><title>Methods</title><p>How.</p><sec><title>Participants:</title><p>Who.</p></sec>"
            "<p>Last.</p></sec>",
            front="""<pub-date pub-type="ppub"><year>2021</year></pub-date>
            <pub-date pub-type="epub"><day>5</day><month>Nov</month><year>2020</year></pub-date>
            <permissions><license><ali:license_ref>https://creativecommons.org/licenses/by/4.0/</ali:license_ref>
            </license></permissions><abstract><sec><title>Aim</title><p>Why.</p></sec></abstract>
            <kwd-group><kwd>one</kwd><kwd>two</kwd></kwd-group>""",
            ids='<article-id pub-id-type="pmcid">PMC7</article-id><article-id pub-id-type="pmid">8</article-id>'
            '<article-id pub-id-type="doi">10.1/x</article-id>',
        ),
    )
    assert document.doc_id == "PMCID:PMC7"
    assert document.url == "https://pmc.ncbi.nlm.nih.gov/articles/PMC7/"
    assert (document.title, document.licence, document.published) == ("Title", "CC BY 4.0", "2020-11-05")
    assert document.text == "Why.\n\nBefore.\n\nHow.\n\nWho.\n\nLast."
    assert document.sections == (
        Section(0, "Abstract > Aim"),
        Section(6, ""),
        Section(15, "Methods"),
        Section(21, "Methods > Participants"),
        Section(27, "Methods"),
    )
    assert document.meta == {
        "pmcid": "PMC7",
        "pmid": "8",
        "doi": "10.1/x",
        "language": "en",
        "article_type": "research-article",
        "publication_types": "Journal Article",
        "journal": "J Test",
        "keywords": "one; two",
    }


def text_of(folder: Path, body: str) -> str:
    return one(folder, article(body)).text


def test_lists_keep_their_items_apart_also_nested_and_within_paragraphs(tmp_path: Path) -> None:
    body = """<p>Take:<list><list-item><label>1.</label><p>rest <list><list-item><p>long</p></list-item></list></p>
    </list-item><list-item><p>tea</p></list-item></list> and wait.</p>"""
    assert text_of(tmp_path, body) == "Take:\n- 1. rest\n- long\n- tea\n\nand wait."


def test_definitions_are_list_items(tmp_path: Path) -> None:
    body = "<def-list><def-item><term>BP</term><def><p>blood pressure</p></def></def-item></def-list>"
    assert text_of(tmp_path, body) == "- BP: blood pressure"


def test_a_table_keeps_caption_cells_and_notes(tmp_path: Path) -> None:
    body = """<table-wrap><label>Table 1</label><caption><title>Doses</title><p>By drug.</p></caption>
    <alternatives><graphic/><table><thead><tr><th rowspan="2">Drug</th><th colspan="2">Dose</th></tr>
    <tr><th>low</th><th>high<break/>(mg)</th></tr></thead><tbody><tr><td>A</td><td/><td>2</td></tr></tbody></table>
    </alternatives><table-wrap-foot><fn><label>a</label><p>Daily.</p></fn></table-wrap-foot></table-wrap>"""
    assert text_of(tmp_path, body) == (
        "Table 1. Doses. By drug.\nDrug | Dose |\nDrug | low | high (mg)\nA |  | 2\na Daily."
    )


def test_a_cell_that_claims_a_million_columns_does_no_harm(tmp_path: Path) -> None:
    body = '<table-wrap><table><tr><td colspan="9999" rowspan="9999">x</td></tr></table></table-wrap>'
    assert len(text_of(tmp_path, body)) < 1000


def test_of_a_figure_the_caption_is_kept(tmp_path: Path) -> None:
    body = "<fig><label>Figure 1</label><caption><p>A heart.</p></caption><graphic/><alt-text>no</alt-text></fig>"
    assert text_of(tmp_path, body) == "Figure 1. A heart."


def test_floats_at_the_end_are_kept(tmp_path: Path) -> None:
    found = one(
        tmp_path,
        article("<sec><title>R</title><p>x</p></sec>").replace(
            "</article>", "<floats-group><fig><caption><p>F.</p></caption></fig></floats-group></article>"
        ),
    )
    assert found.text == "x\n\nF."
    assert found.sections[-1] == Section(3, "")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("as known [<xref ref-type='bibr'>12</xref>].", "as known [12]."),
        ("as known<sup><xref ref-type='bibr'>1</xref>,<xref ref-type='bibr'>2</xref></sup>.", "as known[1,2]."),
        ("as known<xref ref-type='bibr'><sup>3</sup></xref>.", "as known[3]."),
        ("10<sup>5</sup> cells, 5 mm<sup>2</sup>, Ca<sup>2+</sup>", "10^5 cells, 5 mm2, Ca2+"),
        ("min<sup>−1</sup>, CO<sub>2</sub>", "min^−1, CO2"),
        ("see<fn><p>a note</p></fn> there", "see (a note) there"),
        ("is <inline-formula><alternatives><tex-math>$x^2$</tex-math><mml:math><mml:msup><mml:mi>x</mml:mi>"
         "<mml:mn>2</mml:mn></mml:msup></mml:math></alternatives></inline-formula> here", "is x^2 here"),
        ("is <inline-formula><tex-math>$x^2$</tex-math></inline-formula> here", "is [formula] here"),
    ],
)  # fmt: skip
def test_what_the_layout_says_is_kept_in_plain_characters(tmp_path: Path, written: str, shown: str) -> None:
    assert text_of(tmp_path, f"<p>{written}</p>") == shown


def test_references_notices_and_supplements_are_left_out(tmp_path: Path) -> None:
    found = one(
        tmp_path,
        article(
            "<sec><title>Results</title><p>x</p><supplementary-material><p>no</p></supplementary-material></sec>"
            "<sec><title>Authors’ contributions</title><p>no</p></sec>",
            front="<abstract abstract-type='graphical'><p>no</p></abstract><trans-abstract><p>no</p></trans-abstract>",
            back="<back><ack><p>no</p></ack><ref-list><ref><mixed-citation>no</mixed-citation></ref></ref-list>"
            "<fn-group><fn><p>no</p></fn></fn-group><app-group><app><title>Appendix A</title><p>y</p></app></app-group>"
            "</back>",
        ),
    )
    assert found.text == "x\n\ny"
    assert found.sections == (Section(0, "Results"), Section(3, "Appendix A"))


@pytest.mark.parametrize(
    ("permissions", "licence"),
    [
        ('<license xlink:href="http://creativecommons.org/licenses/by-nc-nd/4.0/"/>', "CC BY-NC-ND 4.0"),
        ('<license xlink:href="https://creativecommons.org/publicdomain/zero/1.0/"/>', "CC0 1.0"),
        ('<license><license-p>Public <ext-link xlink:href="https://creativecommons.org/licenses/by/3.0/igo/">x'
         "</ext-link></license-p></license>", "CC BY 3.0 IGO"),
        ("<license><license-p>under the Creative Commons Attribution-NonCommercial-NoDerivs 3.0 License</license-p>"
         "</license>", "CC BY-NC-ND 3.0"),
        ("<license><license-p>terms of the Creative Commons Attribution License, which permits</license-p></license>",
         "CC BY"),
        ("<license><p>Free to read.</p></license>", "Free to read."),
        ("<copyright-statement>© 2010 Someone</copyright-statement>", "no licence stated: © 2010 Someone"),
        ("", "see article"),
    ],
)  # fmt: skip
def test_each_article_has_its_own_licence(tmp_path: Path, permissions: str, licence: str) -> None:
    assert one(tmp_path, article(front=f"<permissions>{permissions}</permissions>")).licence == licence


@pytest.mark.parametrize(
    ("front", "title", "retracted"),
    [
        ('<related-article related-article-type="retraction-forward" xlink:href="10.1/r"/>', "T",
         "retraction notice 10.1/r"),
        ("", "RETRACTED: A Study", "marked as retracted by its publisher"),
        ("", "Retracted nerves of the hand", None),
        ('<related-article related-article-type="retracted-article" xlink:href="10.1/r"/>', "Retraction: T", None),
        ("", "Retraction of a study", None),
    ],
)  # fmt: skip
def test_retracted_articles_are_told_from_notices(
    tmp_path: Path, front: str, title: str, retracted: str | None
) -> None:
    assert one(tmp_path, article(front=front, title=title)).meta.get("retracted") == retracted


def test_a_notice_says_what_it_is_about(tmp_path: Path) -> None:
    related = '<related-article related-article-type="retracted-article" xlink:href="10.1/r"/>'
    notice = article(front=related, title="Retracted: A Study")
    meta = one(tmp_path, notice.replace("research-article", "retraction")).meta
    assert "retracted" not in meta
    assert meta["retracts"] == "10.1/r"
    assert (meta["article_type"], meta["publication_types"]) == ("retraction", "Retraction of Publication")


def test_an_archive_is_read_member_by_member_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    corpus = packed(
        tmp_path / "in", **{"../../PMC1.xml": article(ids=" "), "/etc/PMC2.xml": article(ids=" "), "a/readme.txt": "x"}
    )
    assert [document.doc_id for document in corpus.documents()] == ["PMCID:PMC1", "PMCID:PMC2"]
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1
    assert corpus.release() == "2026-06-18"


def test_long_names_are_read(tmp_path: Path) -> None:
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT):
        path = tmp_path / f"{form}.tar.gz"
        with tarfile.open(path, "w:gz", format=form) as archive:
            data = article(ids=" ").encode()
            info = tarfile.TarInfo(f"{'f' * 90}/{'é' * 20}/PMC12.xml")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        assert [d.doc_id for d in PMC(files={"a.tar.gz": path}).documents()] == ["PMCID:PMC12"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (article()[:-20], "not well-formed XML"),
        ("", "not well-formed XML"),
        ("\0\0\0\0", "not well-formed XML"),
        ("<html><body><p>x</p></body></html>", "no article"),
        (article(""), "no text"),
        (article("<p> </p>"), "no text"),
        (article(head='<!DOCTYPE article [<!ENTITY x SYSTEM "file:///etc/passwd">]>'), "declares XML entities"),
        (article(head='<!DOCTYPE article [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'), "declares XML entities"),
        (article("<sec>" * 300 + "<p>x</p>" + "</sec>" * 300), "elements nested too deeply"),
        (article().replace("UTF-8", "UTF-7"), "an encoding that is not read"),
    ],
)
def test_a_broken_member_is_skipped_and_the_rest_is_read(tmp_path: Path, content: str, reason: str) -> None:
    corpus = packed(tmp_path, **{"PMC1.xml": content, "PMC2.xml": article(ids=" ")})
    assert [document.doc_id for document in corpus.documents()] == ["PMCID:PMC2"]
    assert corpus.report.skipped[reason].n == 1
    assert "PMC1.xml" in corpus.report.skipped[reason].examples[0]


def test_entities_declared_in_another_encoding_are_refused_too(tmp_path: Path) -> None:
    content = article(head='<!DOCTYPE article [<!ENTITY a "b">]>').replace("UTF-8", "UTF-16").encode("utf-16")
    found, corpus = read(tmp_path, content)
    assert not found
    assert "declares XML entities" in corpus.report.skipped


@pytest.mark.parametrize("encoding", ["UTF-16", "ISO-8859-1"])
def test_other_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    (found,), _ = read(tmp_path, article("<p>Ménière</p>").replace("UTF-8", encoding).encode(encoding))
    assert found.text == "Ménière"


def test_html_names_of_characters_are_known_and_others_noted(tmp_path: Path) -> None:
    (found,), corpus = read(tmp_path, article("<p>TNF-&alpha;&nbsp;and &nosuch; it</p>", head=DOCTYPE))
    assert found.text == "TNF-α and it"
    assert corpus.report.notes["an unknown entity left out"].n == 1


def test_a_member_larger_than_the_limit_is_skipped_unread(tmp_path: Path) -> None:
    corpus = packed(tmp_path, **{"PMC1.xml": article("<p>" + "x" * 100_000 + "</p>"), "PMC2.xml": article(ids=" ")})
    small = PMC(files=corpus.files, max_member_bytes=10_000)
    assert [document.doc_id for document in small.documents()] == ["PMCID:PMC2"]
    assert small.report.skipped["larger than max_member_bytes"].n == 1


def test_a_paragraph_of_twenty_million_characters_is_read(tmp_path: Path) -> None:
    assert len(text_of(tmp_path, "<p>" + "word " * 4_000_000 + "</p>")) == 19_999_999


def test_a_cut_archive_gives_what_was_whole_then_says_so(tmp_path: Path) -> None:
    corpus = packed(tmp_path, **{f"PMC{n}.xml": article(f"<p>{n}</p>", ids=" ") for n in range(1, 9)})
    (path,) = corpus.files.values()
    unpacked = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(unpacked[: unpacked.index(b"PMC6.xml") + 600]))
    found = []
    with pytest.raises(DamagedFile, match="not a whole"):
        found.extend(document.doc_id for document in corpus.documents())
    assert found == ["PMCID:PMC1", "PMCID:PMC2", "PMCID:PMC3", "PMCID:PMC4", "PMCID:PMC5"]


@pytest.mark.parametrize("damage", ["cut", "flipped", "header", "not gzip", "empty"])
def test_damage_anywhere_is_told(tmp_path: Path, damage: str) -> None:
    corpus = packed(tmp_path, **{"PMC1.xml": article(ids=" "), "PMC2.xml": article(ids=" ")})
    (path,) = corpus.files.values()
    content = path.read_bytes()
    unpacked = gzip.decompress(content)
    second = unpacked.index(b"PMC2.xml")
    path.write_bytes(
        {
            "cut": content[:-4],
            "flipped": content[:-6] + bytes([content[-6] ^ 1]) + content[-5:],
            "header": gzip.compress(unpacked[:second] + b"X" + unpacked[second + 1 :]),
            "not gzip": b"<html>not found</html>",
            "empty": b"",
        }[damage]
    )
    with pytest.raises(DamagedFile, match="not a whole"):
        list(corpus.documents())


def test_a_name_of_a_gigabyte_is_not_read(tmp_path: Path) -> None:
    info = tarfile.TarInfo("x")
    info.type = tarfile.GNUTYPE_LONGNAME
    info.size = 1 << 30
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(info.tobuf(tarfile.GNU_FORMAT)))
    with pytest.raises(DamagedFile, match="name is too long"):
        list(PMC(files={"a.tar.gz": path}).documents())


def test_articles_without_a_pmcid_get_another_id(tmp_path: Path) -> None:
    (found,), corpus = read(tmp_path, article(ids='<article-id pub-id-type="doi">10.1/A b</article-id>'), "x.nxml")
    assert (found.doc_id, found.url) == ("doi:10.1/a b", "https://doi.org/10.1/A%20b")
    (found,), _ = read(tmp_path, article(ids=" "), "y.nxml")
    assert (found.doc_id, found.url) == ("pmc:y.nxml", "https://pmc.ncbi.nlm.nih.gov/")
    assert corpus.report.notes["no PMCID"].n == 1


def test_a_missing_title_is_noted(tmp_path: Path) -> None:
    (found,), corpus = read(tmp_path, article(title=""))
    assert found.title == ""
    assert corpus.report.notes["no title"].n == 1


def test_the_file_list_beside_a_package_names_the_retracted(tmp_path: Path) -> None:
    corpus = packed(tmp_path, "oa.tar.gz", **{"PMC1.xml": article(ids=" "), "PMC2.xml": article(ids=" ")})
    listed = tmp_path / "oa.filelist.csv"
    listed.write_text(
        "Article File,Article Citation,AccessionID,LastUpdated (YYYY-MM-DD HH:MM:SS),PMID,License,Retracted\n"
        "a/PMC1.xml,c,PMC1,2026-01-01 00:00:00,1,CC BY,no\na/PMC2.xml,c,PMC2,2026-01-01 00:00:00,2,CC BY,yes\n"
    )
    both = PMC(files={**corpus.files, "packages/oa.filelist.csv": listed})
    assert [document.meta.get("retracted") for document in both.documents()] == [None, "listed as retracted by PMC"]
    assert not both.report.skipped


def test_the_metadata_beside_a_single_article_give_licence_and_retraction(tmp_path: Path) -> None:
    for name, content in {
        "PMC9.1.xml": article(ids=" "),
        "PMC9.1.json": '{"pmcid": "PMC9", "license_code": "CC BY-NC", "is_retracted": true}',
        "PMC8.1.xml": article(ids=" "),
        "PMC8.1.json": "[",
    }.items():
        (tmp_path / name).write_text(content)
    corpus = PMC(files={f"articles/{path.name}": path for path in tmp_path.iterdir()}, licence="see article")
    eight, nine = corpus.documents()
    assert (nine.doc_id, nine.licence, nine.meta["retracted"]) == (
        "PMCID:PMC9",
        "CC BY-NC",
        "listed as retracted by PMC",
    )
    assert (eight.doc_id, eight.licence) == ("PMCID:PMC8", "see article")
    assert corpus.report.notes["metadata that cannot be read"].n == 1


def test_parts_come_in_the_order_in_which_they_apply() -> None:
    names = ["a.incr.2026-06-19.tar.gz", "PMC1.10.xml", "PMC1.9.xml", "b.baseline.tar.gz", "b.baseline.filelist.csv"]
    corpus = PMC(files={name: Path(name) for name in names})
    assert list(corpus.parts()) == ["PMC1.9.xml", "PMC1.10.xml", "b.baseline.tar.gz", "a.incr.2026-06-19.tar.gz"]


def test_other_files_are_skipped_by_name(tmp_path: Path) -> None:
    found, corpus = read(tmp_path, "x", "PMC1.pdf")
    assert not found
    assert corpus.report.skipped["neither a .tar.gz archive nor XML"].examples == ["PMC1.pdf"]


GOLDEN = {
    "PMC3166277": ("1471-2180-11-174", "CC BY 2.0", "2011-08-02", "BMC Microbiology", "Methods > Bacterial strains"),
    "PMC2329613": ("1472-6831-8-11", "CC BY 2.0", "2008-04-11", "BMC Oral Health", "Methods > Missing data"),
    "PMC2994229": (
        "6605965a",
        "no licence stated: Copyright © 2010 Cancer Research UK",
        "2010-11-02",
        "British Journal of Cancer",
        "Materials and Methods",
    ),
    "PMC2599765": ("ehp-116-1694", "public domain", "2008-08-01", "Environmental Health Perspectives", "Discussion"),
    "PMC3574550": ("mds526", "CC BY-NC 3.0", "2012-11-12", "Annals of Oncology", "discussion"),
    "PMC3585041": (
        "pntd.0002065",
        "CC BY",
        "2013-02-28",
        "PLoS Neglected Tropical Diseases",
        "Results > Cross-sectional surveys",
    ),
    "PMC3460867": ("pone.0046493", "CC BY", "2012-09-28", "PLoS ONE", "Materials and Methods > Chemicals"),
    "PMC1790863": ("pone.0000217", "", "2007-02-14", "PLoS ONE", "Model and Results > Viral Evolution"),
}


@pytest.mark.mirror
@pytest.mark.parametrize("pmcid", sorted(GOLDEN))
def test_published_articles_are_read_whole(mirror: Path, pmcid: str) -> None:
    stem, licence, published, journal, heading = GOLDEN[pmcid]
    corpus = PMC(files={f"{stem}.nxml": mirror / "pubmed-samples" / f"{stem}.nxml"}, licence="")
    (document,) = corpus.documents()
    assert document.doc_id == f"PMCID:{pmcid}"
    assert (document.licence, document.published, document.meta["journal"]) == (licence, published, journal)
    assert heading in [section.title for section in document.sections]
    assert not corpus.report.skipped
    assert [s.start for s in document.sections] == sorted({s.start for s in document.sections})
    source = (mirror / "pubmed-samples" / f"{stem}.nxml").read_text(encoding="utf-8")
    references = re.findall(r"<ref .*?<article-title>([^<&]{40,}?)\.?</article-title>", source, re.DOTALL)
    assert references
    assert not [reference for reference in references if reference in document.text]


@pytest.mark.mirror
def test_a_published_table_can_be_read_across(mirror: Path) -> None:
    path = mirror / "pubmed-samples" / "6605965a.nxml"
    (document,) = PMC(files={"6605965a.nxml": path}).documents()
    assert "\nMean (s.d.) body mass index (kg m^−2) | 25.5 (4.5) | 25.0 (4.5)\n" in document.text
    assert "\nb Among ever oral contraceptive users only.\n" in document.text
