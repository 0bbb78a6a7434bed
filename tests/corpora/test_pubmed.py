"""PubMed's records, read from files that may be cut, broken, huge or made to do harm."""

from __future__ import annotations

import gzip
import importlib
import tracemalloc
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from ragmed.corpora.pubmed import PubMed
from ragmed.errors import DamagedFile
from ragmed.protocols import Parted
from ragmed.types import Deletion, Document, Section
from tests.conftest import CHECKOUT

HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, '
    '1st January 2025//EN" "https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">\n<PubmedArticleSet>\n'
)
TAIL = "</PubmedArticleSet>\n"
ABSTRACT = "<Abstract><AbstractText>It helps.</AbstractText></Abstract>"


def record(
    pmid: int | str = 1,
    title: str = "A title.",
    abstract: str = ABSTRACT,
    date: str = "<Year>2020</Year>",
    article: str = "",
    citation: str = "",
    data: str = "",
    version: int = 1,
) -> str:
    return f"""<PubmedArticle>
    <MedlineCitation Status="MEDLINE" Owner="NLM">
      <PMID Version="{version}">{pmid}</PMID>
      <Article PubModel="Print">
        <Journal>
          <JournalIssue CitedMedium="Internet"><PubDate>{date}</PubDate></JournalIssue>
          <Title>The journal of tests</Title><ISOAbbreviation>J Tests</ISOAbbreviation>
        </Journal>
        <ArticleTitle>{title}</ArticleTitle>{abstract}{article}
      </Article>{citation}
    </MedlineCitation>
    <PubmedData><ArticleIdList><ArticleId IdType="pubmed">{pmid}</ArticleId></ArticleIdList>{data}</PubmedData>
  </PubmedArticle>
"""


def abstract(text: str) -> str:
    return f"<Abstract><AbstractText>{text}</AbstractText></Abstract>"


def deletion(*pmids: int) -> str:
    listed = "".join(f'<PMID Version="1">{pmid}</PMID>' for pmid in pmids)
    return f"<DeleteCitation>{listed}</DeleteCitation>\n"


def write(path: Path, *content: str | bytes, head: str = HEAD, tail: str = TAIL) -> Path:
    parts = [part if isinstance(part, bytes) else part.encode() for part in (head, *content, tail)]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(b"".join(parts)))
    return path


def corpus(folder: Path, *content: str | bytes, part: str = "baseline/pubmed26n0001.xml.gz", **options: int) -> PubMed:
    return PubMed(files={part: write(folder / "file.xml.gz", *content)}, licence="NLM's terms", **options)  # type: ignore[arg-type]


def one(folder: Path, *content: str | bytes) -> Document:
    (document,) = corpus(folder, *content).documents()
    assert isinstance(document, Document)
    return document


def ids(items: Iterable[Document | Deletion]) -> list[str]:
    return [item.doc_id if isinstance(item, Document) else f"-{item.doc_id}" for item in items]


def reasons(pubmed: PubMed) -> dict[str, int]:
    return {reason: tally.n for reason, tally in pubmed.report.skipped.items()}


def remarks(pubmed: PubMed) -> dict[str, int]:
    return {remark: tally.n for remark, tally in pubmed.report.notes.items()}


# What a record becomes


def test_a_record_is_a_document(tmp_path: Path) -> None:
    document = one(tmp_path, record(29768149))
    assert document == Document(
        doc_id="PMID:29768149",
        title="A title.",
        text="It helps.",
        source="pubmed",
        url="https://pubmed.ncbi.nlm.nih.gov/29768149/",
        licence="NLM's terms",
        published="2020",
        kind="abstract",
        meta={"pmid": "29768149", "journal": "J Tests"},
    )


def test_labelled_parts_are_paragraphs_and_sections(tmp_path: Path) -> None:
    parts = (
        '<AbstractText Label="AIMS" NlmCategory="OBJECTIVE">To see.</AbstractText>'
        '<AbstractText Label="UNLABELLED">In passing.</AbstractText>'
        '<AbstractText Label="RESULTS:">Seen.</AbstractText>'
        '<AbstractText Label="FUNDING"/>'
    )
    document = one(tmp_path, record(abstract=f"<Abstract>{parts}</Abstract>"))
    assert document.text == "AIMS: To see.\n\nIn passing.\n\nRESULTS: Seen."
    assert document.sections == (Section(0, "AIMS"), Section(15, ""), Section(28, "RESULTS"))
    assert document.text[28:] == "RESULTS: Seen."


def test_an_abstract_without_labels_has_no_sections(tmp_path: Path) -> None:
    parts = "<AbstractText>One.</AbstractText><AbstractText>Two.</AbstractText>"
    document = one(tmp_path, record(abstract=f"<Abstract>{parts}</Abstract>"))
    assert (document.text, document.sections) == ("One.\n\nTwo.", ())


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("CO<sub>2</sub> and H<sub>2</sub>O", "CO2 and H2O"),
        ("10<sup>9</sup>/L, 10<sup>-3</sup>, m<sup>2</sup>, Ca<sup>2+</sup>", "10^9/L, 10^-3, m2, Ca2+"),
        ("<b>in <i>E.<u> coli</u></i></b>.", "in E. coli."),
        ("p &lt; 0.05 &amp; &#946;&#x3b2;", "p < 0.05 & ββ"),
        ("&lt;b&gt; is a tag", "<b> is a tag"),
        ("<![CDATA[a < b & c]]>, d", "a < b & c, d"),
        ("one<!-- two --> three", "one three"),
        ("5\u00a0\u00b5g\u2009per\n   day", "5 µg per day"),
        ("fast-acting β\n        <sub>2</sub>-agonist of\n        <i>X</i>", "fast-acting β2-agonist of X"),
        (
            '<mml:math xmlns:mml="http://www.w3.org/1998/Math/MathML"><mml:mrow> <mml:mi>x</mml:mi> <mml:mo>=</mml:mo>'
            "<mml:msup><mml:mn>10</mml:mn> <mml:mn>9</mml:mn></mml:msup> </mml:mrow></mml:math>.",
            "x=10^9.",
        ),
        ("so<DispFormula><mml:math><mml:mi>y</mml:mi></mml:math></DispFormula>holds", "so y holds"),
    ],
)
def test_markup_is_flattened_in_abstracts_and_titles(tmp_path: Path, markup: str, text: str) -> None:
    document = one(tmp_path, record(title=markup, abstract=abstract(markup)))
    assert (document.text, document.title) == (text, text)


@pytest.mark.parametrize("title", ["", "[Not Available]."])
def test_a_title_in_the_language_of_the_article_stands_in_for_a_missing_one(tmp_path: Path, title: str) -> None:
    vernacular = "<VernacularTitle>Über <i>E. coli</i>.</VernacularTitle>"
    assert one(tmp_path, record(title=title, article=vernacular)).title == "Über E. coli."


@pytest.mark.parametrize(
    ("date", "published"),
    [
        ("<Year>2018</Year><Month>05</Month><Day>17</Day>", "2018-05-17"),
        ("<Year>2018</Year><Month>Sep</Month>", "2018-09"),
        ("<Year>2018</Year><Month>February</Month><Day>30</Day>", "2018-02"),
        ("<Year>2018</Year><Month>13</Month><Day>1</Day>", "2018"),
        ("<Year>2018</Year><Day>1</Day>", "2018"),
        ("<Year>2000</Year><Season>Spring</Season>", "2000"),
        ("<MedlineDate>1998 Dec-1999 Jan</MedlineDate>", "1998-12"),
        ("<MedlineDate>2000 Spring</MedlineDate>", "2000"),
        ("<MedlineDate>2000 Mar-Apr</MedlineDate>", "2000-03"),
        ("<MedlineDate>2000 Jan 5-12</MedlineDate>", "2000-01-05"),
        ("<MedlineDate>Fall 1977</MedlineDate>", "1977"),
        ("<MedlineDate>1976-1977</MedlineDate>", "1976"),
        ("<MedlineDate>undated</MedlineDate>", "2021-03-04"),
        ("<Year>MMXX</Year>", "2021-03-04"),
        ("", "2021-03-04"),
    ],
)
def test_dates_are_as_precise_as_given(tmp_path: Path, date: str, published: str) -> None:
    electronic = "<ArticleDate><Year>2021</Year><Month>03</Month><Day>04</Day></ArticleDate>"
    assert one(tmp_path, record(date=date, article=electronic)).published == published


def test_ids_are_the_articles_own_not_those_of_its_references(tmp_path: Path) -> None:
    own = '<ArticleIdList><ArticleId IdType="doi">10.1/own</ArticleId><ArticleId IdType="pmc">PMC7</ArticleId>'
    cited = '<Reference><ArticleIdList><ArticleId IdType="doi">10.1/cited</ArticleId></ArticleIdList></Reference>'
    references = f"<ReferenceList><ReferenceList>{cited}</ReferenceList>{cited}</ReferenceList>"
    content = record().replace("</PubmedData>", f"{references}</PubmedData>")
    assert "doi" not in one(tmp_path, content).meta
    meta = one(tmp_path, content.replace("<ArticleIdList>", own, 1)).meta
    assert (meta["pmid"], meta["doi"], meta["pmcid"]) == ("1", "10.1/own", "PMC7")


def test_a_doi_may_stand_in_the_article(tmp_path: Path) -> None:
    places = '<ELocationID EIdType="doi" ValidYN="N">10.1/old</ELocationID><ELocationID EIdType="pii">S1</ELocationID>'
    assert "doi" not in one(tmp_path, record(article=places)).meta
    places += '<ELocationID EIdType="doi" ValidYN="Y">10.1/new</ELocationID>'
    assert one(tmp_path, record(article=places)).meta["doi"] == "10.1/new"


def test_what_indexers_and_authors_say_is_in_meta(tmp_path: Path) -> None:
    types = (
        "<PublicationTypeList><PublicationType>Journal Article</PublicationType>"
        "<PublicationType>Research Support, Non-U.S. Gov't</PublicationType></PublicationTypeList>"
    )
    mesh = """<MeshHeadingList>
      <MeshHeading><DescriptorName UI="D001249" MajorTopicYN="N">Asthma</DescriptorName>
        <QualifierName MajorTopicYN="Y" UI="Q000188">drug therapy</QualifierName>
        <QualifierName MajorTopicYN="N">administration &amp; dosage</QualifierName></MeshHeading>
      <MeshHeading><DescriptorName MajorTopicYN="Y">Humans</DescriptorName></MeshHeading></MeshHeadingList>"""
    keywords = (
        '<KeywordList Owner="NOTNLM"><Keyword>CO<sub>2</sub></Keyword><Keyword>spirometry</Keyword></KeywordList>'
        '<KeywordList Owner="NASA"><Keyword>spirometry</Keyword></KeywordList>'
    )
    languages = "<Language>eng</Language><Language>ger</Language>"
    copied = "<CopyrightInformation>© 2020 The Society.</CopyrightInformation></Abstract>"
    document = one(
        tmp_path,
        record(abstract=ABSTRACT.replace("</Abstract>", copied), article=languages + types, citation=mesh + keywords),
    )
    assert document.text == "It helps."
    assert document.meta == {
        "pmid": "1",
        "journal": "J Tests",
        "language": "en; de",
        "publication_types": "Journal Article; Research Support, Non-U.S. Gov't",
        "mesh": "Asthma/*drug therapy/administration & dosage; *Humans",
        "keywords": "CO2; spirometry",
        "copyright": "© 2020 The Society.",
    }


def test_a_language_without_two_letters_keeps_its_three(tmp_path: Path) -> None:
    assert one(tmp_path, record(article="<Language>und</Language>")).meta["language"] == "und"


def link(kind: str, pmid: str = "", source: str = "") -> str:
    pmid = pmid and f"<PMID>{pmid}</PMID>"
    return f'<CommentsCorrections RefType="{kind}"><RefSource>{source}</RefSource>{pmid}</CommentsCorrections>'


def linked(folder: Path, *links: str, article: str = "") -> dict[str, str]:
    listed = f"<CommentsCorrectionsList>{''.join(links)}</CommentsCorrectionsList>"
    meta = one(folder, record(citation=listed, article=article)).meta
    return {key: value for key, value in meta.items() if key not in ("pmid", "journal", "publication_types")}


RETRACTED = "<PublicationTypeList><PublicationType>Retracted Publication</PublicationType></PublicationTypeList>"


def test_a_retraction_names_its_notice(tmp_path: Path) -> None:
    assert linked(tmp_path, link("RetractionIn", "77"), article=RETRACTED) == {"retracted": "77"}
    assert linked(tmp_path, link("RetractionIn", "", "J Tests. 2021;1:2")) == {"retracted": "J Tests. 2021;1:2"}
    assert linked(tmp_path, article=RETRACTED) == {"retracted": "yes"}


def test_errata_and_concerns_are_linked_and_comments_are_not(tmp_path: Path) -> None:
    found = linked(
        tmp_path,
        link("ErratumIn", "5"),
        link("ErratumIn", "6"),
        link("ErratumFor", "7"),
        link("ExpressionOfConcernIn", "8"),
        link("RetractionOf", "9"),
        link("CommentIn", "10"),
        link("Cites", "11"),
    )
    assert found == {"erratum": "5; 6", "erratum_for": "7", "expression_of_concern": "8", "retraction_of": "9"}


def test_a_linked_pmid_is_not_the_records_own(tmp_path: Path) -> None:
    listed = f"<CommentsCorrectionsList>{link('ErratumIn', '5')}</CommentsCorrectionsList>"
    content = record(1, citation=listed).replace('<PMID Version="1">1</PMID>', "", 1)
    pubmed = corpus(tmp_path, content, record(2))
    assert ids(pubmed.documents()) == ["PMID:2"]
    assert reasons(pubmed) == {"no PMID": 1}


# Which records are documents


def test_a_record_without_an_abstract_is_skipped(tmp_path: Path) -> None:
    contents = record(1, abstract=""), record(2, abstract=abstract(" <i> </i> ")), record(3)
    pubmed = corpus(tmp_path, *contents)
    assert ids(pubmed.documents()) == ["PMID:3"]
    assert reasons(pubmed) == {"no abstract": 2}
    assert pubmed.report.skipped["no abstract"].examples[0] == "baseline/pubmed26n0001.xml.gz: PMID:1"


def test_titles_alone_can_be_taken(tmp_path: Path) -> None:
    pubmed = corpus(tmp_path, record(1, abstract=""), record(2, title="", abstract=""), title_only=True)
    (document,) = pubmed.documents()
    assert isinstance(document, Document)
    assert (document.text, document.title, document.kind) == ("A title.", "A title.", "title")
    assert reasons(pubmed) == {"no abstract": 1}


def test_a_revision_that_lost_its_abstract_withdraws_the_document(tmp_path: Path) -> None:
    pubmed = corpus(tmp_path, record(1, abstract=""), part="updates/pubmed26n1335.xml.gz")
    assert list(pubmed.documents()) == [Deletion("PMID:1")]
    assert reasons(pubmed) == {"no abstract": 1}


def test_abstracts_for_others_are_noted_and_left_out(tmp_path: Path) -> None:
    other = '<OtherAbstract Type="Publisher" Language="ger"><AbstractText>Es hilft.</AbstractText></OtherAbstract>'
    pubmed = corpus(tmp_path, record(1, citation=other), record(2, abstract="", citation=other))
    (document,) = pubmed.documents()
    assert isinstance(document, Document)
    assert document.text == "It helps."
    assert remarks(pubmed) == {"abstract for others or in another language left out": 2}


def test_an_abstract_that_was_cut_short_is_noted(tmp_path: Path) -> None:
    pubmed = corpus(tmp_path, record(abstract=abstract("It was. (ABSTRACT TRUNCATED AT 250 WORDS)")))
    assert ids(pubmed.documents()) == ["PMID:1"]
    assert remarks(pubmed) == {"abstract cut short by its source": 1}


def test_books_are_skipped(tmp_path: Path) -> None:
    book = "<PubmedBookArticle><BookDocument><PMID>9</PMID></BookDocument></PubmedBookArticle>"
    pubmed = corpus(tmp_path, book, record(1))
    assert ids(pubmed.documents()) == ["PMID:1"]
    assert reasons(pubmed) == {"book": 1}


def test_a_later_version_replaces_an_earlier_one_whatever_their_order(tmp_path: Path) -> None:
    pubmed = corpus(tmp_path, record(1, version=1), record(1, version=3), record(1, version=2), record(2))
    assert ids(pubmed.documents()) == ["PMID:1", "PMID:1", "PMID:2"]
    assert reasons(pubmed) == {"older version of a record in the same file": 1}


def test_a_record_given_twice_is_given_twice_in_order(tmp_path: Path) -> None:
    texts = [d.text for d in corpus(tmp_path, record(1), record(1, abstract=abstract("No."))).documents()]  # type: ignore[union-attr]
    assert texts == ["It helps.", "No."]


def test_withdrawn_records_are_deletions_known_or_not(tmp_path: Path) -> None:
    pubmed = corpus(tmp_path, record(1), deletion(1, 99), "<DeleteCitation/>")
    assert ids(pubmed.documents()) == ["PMID:1", "-PMID:1", "-PMID:99"]
    assert pubmed.report.n_skipped == 0


# Files


def test_the_baseline_comes_first_then_updates_by_number(tmp_path: Path) -> None:
    names = [
        "baseline/pubmed26n0002.xml.gz",
        "baseline/pubmed26n0010.xml.gz",
        "updates/pubmed26n0999.xml.gz",
        "updates/pubmed26n1335.xml.gz",
        "updates/pubmed26n10001.xml.gz",
    ]
    paths = {name: write(tmp_path / name, record(n)) for n, name in enumerate(names)}
    pubmed = PubMed(files={name: paths[name] for name in reversed(names)})
    assert isinstance(pubmed, Parted)
    assert pubmed.parts() == names
    assert pubmed.release() == "pubmed26n10001"
    assert ids(pubmed.documents()) == [f"PMID:{n}" for n in range(5)]
    assert ids(pubmed.documents_of(names[1])) == ["PMID:1"]


def test_no_files_are_no_documents() -> None:
    assert (list(PubMed(files={}).documents()), PubMed(files={}).release()) == ([], "")


def test_a_plain_file_and_one_in_several_gzip_members_read_the_same(tmp_path: Path) -> None:
    content = (HEAD + record(1) + record(2) + TAIL).encode()
    whole, plain, members = tmp_path / "a.xml.gz", tmp_path / "b.xml", tmp_path / "c.xml.gz"
    whole.write_bytes(gzip.compress(content))
    plain.write_bytes(content)
    members.write_bytes(
        b"".join(gzip.compress(content[at : at + 100]) for at in range(0, len(content), 100)) + b"\0" * 9
    )
    read = [list(PubMed(files={"baseline/x": path}).documents()) for path in (whole, plain, members)]
    assert ids(read[0]) == ["PMID:1", "PMID:2"]
    assert read[0] == read[1] == read[2]


@pytest.mark.parametrize("size", [1, 2, 7, 64, 1000])
def test_records_are_found_wherever_the_stream_is_divided(
    tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ragmed.corpora._pubmed_records.BLOCK_BYTES", size)
    comment = "<!-- <PubmedArticle> is no record -->"
    path = tmp_path / "a.xml"
    path.write_text(HEAD + comment + record(1) + record(2, "<![CDATA[</PubmedArticle>]]>") + deletion(3) + TAIL)
    assert ids(PubMed(files={"baseline/x": path}).documents()) == ["PMID:1", "PMID:2", "-PMID:3"]


@pytest.mark.parametrize("encoding", ["iso-8859-1", "windows-1252", "utf-16"])
def test_another_encoding_is_read_where_it_is_declared(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes((HEAD.replace("utf-8", encoding) + record(title="Über Öl") + TAIL).encode(encoding))
    (document,) = PubMed(files={"baseline/x": path}).documents()
    assert isinstance(document, Document)
    assert document.title == "Über Öl"


@pytest.mark.parametrize("encoding", ["utf-7", "zip", "no-such", "ebcdic-cp-us"])
def test_an_odd_encoding_is_refused(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path / "a.xml.gz", record(), head=HEAD.replace("utf-8", encoding))
    with pytest.raises(DamagedFile, match="PubMed's files are in UTF-8"):
        list(PubMed(files={"baseline/x": path}).documents())


# Wrong files


def read_until_damage(path: Path, match: str) -> list[str]:
    found: list[Document | Deletion] = []
    with pytest.raises(DamagedFile, match=match):
        found.extend(iter_into(found, PubMed(files={"baseline/x": path})))
    return ids(found)


def iter_into(found: list[Document | Deletion], pubmed: PubMed) -> Iterable[Document | Deletion]:
    for item in pubmed.documents():
        found.append(item)
    return ()


def test_a_truncated_file_gives_what_it_has_then_fails(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xml.gz", *[record(n, title=f"{n * 7919 % 1009}") for n in range(500)])
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    found = read_until_damage(path, r"a\.xml\.gz: ends in the middle of its gzip stream; fetch it again")
    assert 100 < len(found) < 500
    assert found == [f"PMID:{n}" for n in range(len(found))]


def test_a_file_whose_checksum_is_wrong_gives_its_records_then_fails(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xml.gz", record(1))
    content = bytearray(path.read_bytes())
    content[-6] ^= 0xFF
    path.write_bytes(content)
    assert read_until_damage(path, "not a whole gzip file") == ["PMID:1"]


@pytest.mark.parametrize(
    ("content", "match", "found"),
    [
        (HEAD + record(1) + record(2)[:300], "ends in the middle of a record", ["PMID:1"]),
        (HEAD + record(1), "ends before its closing tag", ["PMID:1"]),
        (HEAD + record(1) + "<!-- " + record(2) + TAIL, "comment between its records does not end", ["PMID:1"]),
        ("<html><body>404</body></html>", "holds no PubmedArticleSet", []),
        ("", "holds no PubmedArticleSet", []),
    ],
)
def test_a_file_that_is_not_whole_is_damage(tmp_path: Path, content: str, match: str, found: list[str]) -> None:
    path = tmp_path / "a.xml"
    path.write_text(content)
    assert read_until_damage(path, match) == found


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE PubmedArticleSet [<!ENTITY a "b">]>',
        "<!DOCTYPE PubmedArticleSet [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>",
        '<!DOCTYPE PubmedArticleSet SYSTEM "x.dtd" [<!ENTITY % p SYSTEM "http://127.0.0.1/"> %p;]>',
        '<!ENTITY a "b">',
        "<!DOCTYPE " + "a" * 1_000_000 + ">",
    ],
)
def test_a_file_that_defines_entities_is_refused(tmp_path: Path, doctype: str) -> None:
    path = tmp_path / "a.xml"
    path.write_text(doctype + "<PubmedArticleSet>" + record(abstract=abstract("&a;")) + TAIL)
    assert read_until_damage(path, "declares entities, which PubMed's files never do") == []


# Wrong records


@pytest.mark.parametrize(
    "broken",
    [
        record(2, title="<b>never closed"),
        record(2, abstract=abstract("p < 0.05")),
        record(2, abstract=abstract("R&D")),
        record(2, abstract=abstract("&unheard;")),
        record(2).replace("</Article>", "", 1),
        record(2).replace("</PubmedArticle>", ""),
        record(2)[:200],
        record(2)[:-30],
        record(2, abstract=abstract("<!-- no end")),
        record(2, abstract=abstract("<![CDATA[no end")),
        record(2, abstract=abstract("<!DOCTYPE a [<!ENTITY b 'c'>]>&b;")),
        record(2, abstract=abstract("<b>" * 5000 + "deep" + "</b>" * 5000)),
        record(2, citation="<MeshHeadingList><MeshHeading><DescriptorName>A</MeshHeading></MeshHeadingList>"),
        "<PubmedArticle></PubmedArticle",
        "<PubmedArticle/>",
    ],
)
def test_a_broken_record_is_skipped_and_all_others_are_kept(tmp_path: Path, broken: str) -> None:
    pubmed = corpus(tmp_path, record(1), broken, record(3), record(4))
    assert ids(pubmed.documents()) == ["PMID:1", "PMID:3", "PMID:4"]
    assert reasons(pubmed) == {"broken XML": 1}


def test_a_broken_last_record_does_not_take_the_deletions_with_it(tmp_path: Path) -> None:
    pubmed = corpus(tmp_path, record(1), record(2)[:-30], deletion(7))
    assert ids(pubmed.documents()) == ["PMID:1", "-PMID:7"]
    assert reasons(pubmed) == {"broken XML": 1}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("<PubmedArticle></PubmedArticle>", "no PMID"),
        (record("x1"), "no PMID"),
        (record("1</PMID><PMID>2"), "no PMID"),
        ("<PubmedArticle><MedlineCitation><PMID>1</PMID></MedlineCitation></PubmedArticle>", "no Article element"),
        (deletion(5).replace("5", "five"), "no PMID"),
        (deletion(5).replace("</PMID>", ""), "broken XML"),
    ],
)
def test_a_record_that_is_not_one_is_skipped(tmp_path: Path, content: str, reason: str) -> None:
    pubmed = corpus(tmp_path, record(7), content, record(8))
    assert {"PMID:7", "PMID:8"} <= set(ids(pubmed.documents()))
    if content != record("1</PMID><PMID>2"):
        assert reasons(pubmed) == {reason: 1}


@pytest.mark.parametrize(
    "hidden",
    [
        "<!-- </PubmedArticle> -->",
        "<!-- <PubmedArticle><MedlineCitation><PMID>666</PMID></MedlineCitation></PubmedArticle> -->",
        f"<![CDATA[{record(666)}]]>",
        "<!-- <![CDATA[ --> and <![CDATA[ <!-- ]]>",
    ],
)
def test_tags_in_comments_and_cdata_are_no_tags(tmp_path: Path, hidden: str) -> None:
    pubmed = corpus(tmp_path, record(1, abstract=abstract(f"Text {hidden} on.")), hidden, record(2))
    assert ids(pubmed.documents()) == ["PMID:1", "PMID:2"]
    assert reasons(pubmed) == {}


@pytest.mark.parametrize(
    ("wrong", "text", "remark"),
    [
        (b"caf\xe9 au lait", "caf\ufffd au lait", "bytes that are not UTF-8 replaced"),
        (b"lone \xed\xa0\x80 half", "lone \ufffd\ufffd\ufffd half", "bytes that are not UTF-8 replaced"),
        (b"a\x00b\x0bc", "a\ufffdb\ufffdc", "characters outside XML replaced"),
        (b"a\xef\xbf\xbfb", "a\ufffdb", "characters outside XML replaced"),
        (b"a&#0;b&#xD800;c&#99999999999;", "a\ufffdb\ufffdc\ufffd", "entities outside XML resolved"),
        (b"5&nbsp;&mu;g &lt; 6", "5 \u03bcg < 6", "entities outside XML resolved"),
    ],
)
def test_what_xml_cannot_hold_is_mended_and_noted(tmp_path: Path, wrong: bytes, text: str, remark: str) -> None:
    before, after = record(1, abstract=abstract("@")).encode().split(b"@")
    pubmed = corpus(tmp_path, before + wrong + after, record(2))
    first, second = pubmed.documents()
    assert isinstance(first, Document)
    assert (first.text, second.doc_id) == (text, "PMID:2")
    assert remarks(pubmed) == {remark: 1}


# Large files


def test_a_record_beyond_the_limit_is_skipped_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.xml.gz"
    before, after = record(2, abstract=abstract("@")).split("@")
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write((HEAD + record(1) + before).encode())
        for _ in range(30):
            file.write(b"word " * 200_000)
        file.write((after + record(3) + TAIL).encode())
    pubmed = PubMed(files={"baseline/x": path}, max_record_bytes=2_000_000)
    tracemalloc.start()
    assert ids(pubmed.documents()) == ["PMID:1", "PMID:3"]
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert pubmed.report.skipped["too large"].examples == ["baseline/x: PMID:2"]
    assert peak_bytes < 20_000_000


def test_a_record_of_too_many_tags_is_skipped(tmp_path: Path) -> None:
    pubmed = corpus(tmp_path, record(1, abstract=abstract("<b/>" * 200_000)), record(2))
    assert ids(pubmed.documents()) == ["PMID:2"]
    assert reasons(pubmed) == {"too large": 1}


def test_a_gzip_bomb_between_records_is_passed_over_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.xml.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write((HEAD + record(1)).encode())
        for _ in range(100):
            file.write(b"\0" * 1_000_000)
        file.write((record(2) + TAIL).encode())
    tracemalloc.start()
    assert ids(PubMed(files={"baseline/x": path}).documents()) == ["PMID:1", "PMID:2"]
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 20_000_000


def test_a_long_abstract_below_the_limit_is_read_whole(tmp_path: Path) -> None:
    document = one(tmp_path, record(abstract=abstract("word " * 300_000)))
    assert len(document.text) == 1_499_999


# The whole


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[list[tuple[int, str]]], dict[str, str]]:
    """Files of (PMID, new text, "" to withdraw it, or None where the abstract was lost) and what remains in the end."""
    files = draw(
        st.lists(
            st.lists(st.tuples(st.integers(1, 6), st.sampled_from(["", "-", "One.", "Two.", "Three."])), max_size=8),
            min_size=1,
            max_size=4,
        )
    )
    truth: dict[str, str] = {}
    for file in files:
        for pmid, text in file:
            truth.pop(f"PMID:{pmid}", None)
            if text not in ("", "-"):
                truth[f"PMID:{pmid}"] = text
    return files, truth


@settings(max_examples=60, deadline=None)
@given(histories())
def test_revisions_and_deletions_folded_in_order_give_the_present_state(
    tmp_path_factory: pytest.TempPathFactory, history: tuple[list[list[tuple[int, str]]], dict[str, str]]
) -> None:
    files, truth = history
    folder = tmp_path_factory.mktemp("history")
    paths = {}
    for n, file in enumerate(files, 1):
        part = f"updates/pubmed26n{n:04d}.xml.gz"
        contents = [
            deletion(pmid) if text == "-" else record(pmid, abstract=abstract(text) if text else "")
            for pmid, text in file
        ]
        paths[part] = write(folder / Path(part).name, *contents)
    state: dict[str, str] = {}
    for item in PubMed(files=paths).documents():
        state.pop(item.doc_id, None)
        if isinstance(item, Document):
            state[item.doc_id] = item.text
    assert state == truth


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 900))
def test_no_bytes_in_a_record_stop_the_others(tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int) -> None:
    content = record(2).encode()
    content = content[:at] + noise + content[at:]
    pubmed = corpus(tmp_path_factory.mktemp("noise"), record(1), content, record(3))
    try:
        found = ids(pubmed.documents())
    except DamagedFile:
        assert b"<!" in noise
        return
    assert found[0] == "PMID:1"
    assert found[-1] == "PMID:3"


def test_the_benchmarks_file_is_read_without_loss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(CHECKOUT / "bench"))
    pubmed_files = importlib.import_module("pubmed_files")
    path = tmp_path / "pubmed26n0001.xml.gz"
    pubmed_files.write_file(path, 100, seed=1)
    root = etree.fromstring(gzip.decompress(path.read_bytes()))
    with_abstract = [r.findtext("*/PMID") for r in root if r.find("*/*/Abstract") is not None]
    pubmed = PubMed(files={"baseline/x": path})
    assert ids(pubmed.documents()) == [f"PMID:{pmid}" for pmid in with_abstract]
    assert reasons(pubmed) == {"no abstract": 100 - len(with_abstract)}
    assert remarks(pubmed) == {}


@pytest.mark.mirror
def test_a_record_of_pubmeds_reads_as_its_page_does(mirror: Path) -> None:
    pubmed = PubMed(files={"baseline/sample": mirror / "pubmed-samples" / "pubmed-29768149.xml"}, licence="x")
    (document,) = pubmed.documents()
    assert isinstance(document, Document)
    assert document.doc_id == "PMID:29768149"
    assert document.title == "Inhaled Combined Budesonide-Formoterol as Needed in Mild Asthma."
    assert document.published == "2018-05-17"
    assert [section.title for section in document.sections] == ["BACKGROUND", "METHODS", "RESULTS", "CONCLUSIONS"]
    assert [document.text[s.start :].partition(":")[0] for s in document.sections] == [
        "BACKGROUND",
        "METHODS",
        "RESULTS",
        "CONCLUSIONS",
    ]
    assert "a fast-acting β2-agonist may be" in document.text
    assert "(340 μg)." in document.text
    assert "  " not in document.text
    meta = document.meta
    assert (meta["doi"], meta["journal"], meta["language"]) == ("10.1056/NEJMoa1715274", "N Engl J Med", "en")
    assert meta["publication_types"].startswith("Clinical Trial, Phase III; Comparative Study; Journal Article")
    assert "Asthma/*drug therapy; Bronchodilator Agents/*administration & dosage/adverse effects;" in meta["mesh"]
    assert "retracted" not in meta
    assert pubmed.report.n_skipped == 0
