"""A PubMed record's bytes → its XML tree, and the text, date and languages in it.

Before it is parsed a record loses the lists that no document needs (authors, references, chemicals, history): two
thirds of its bytes. It is parsed alone, so no entity is ever defined; a record that fails is mended once
(`mended`) and tried again. libxml2 itself refuses what is nested more than 256 deep.

Source: ``pubmed_250101.dtd``; https://www.nlm.nih.gov/bsd/licensee/elements_descriptions.html. The names of characters
are those of MathML's entity sets, which HTML 5 shares.
"""

from __future__ import annotations

import datetime
import html
import html.entities
import re
from collections.abc import Iterable
from typing import Any

from lxml import etree

from ragmed.report import Report

MAX_TAGS = 100_000
MAX_BYTES = 10_000_000
"""A record with more, its unused lists apart, would take too much memory as a tree."""

_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_pis=True)

_APART = re.compile(
    rb"<(MeshHeadingList|AuthorList|DataBankList|GrantList|ChemicalList|InvestigatorList|PersonalNameSubjectList"
    rb"|OtherAbstract|GeneSymbolList|History|ReferenceList|ObjectList)[ >]"
)
_MAJOR = re.compile("MajorTopicYN=[\"']Y")
_NAME = re.compile("<(Descriptor|Qualifier)Name([^<>]*)>([^<]*)</")
_HIDDEN = re.compile(rb"<!--|<!\[CDATA\[")
_WANTED = (
    *("PMID", "Article", "PubDate", "ISOAbbreviation", "Title", "ArticleTitle", "VernacularTitle", "ELocationID"),
    *("Abstract", "CopyrightInformation", "Language", "PublicationType", "ArticleDate", "CommentsCorrections"),
    *("Keyword", "ArticleIdList"),
)
_ROOT = b'<PubmedArticleSet xmlns:mml="http://www.w3.org/1998/Math/MathML" xmlns:xlink="http://www.w3.org/1999/xlink">'
_ROOT_END = b"</PubmedArticleSet>"

_REFERENCE = re.compile(r"&(?:#(\d+|[xX][0-9a-fA-F]+)|([A-Za-z][A-Za-z0-9]*));")
_XML_ENTITIES = {"amp", "lt", "gt", "quot", "apos"}
_EXPONENT = re.compile(r"\s*[-+−–]?\d+\s*\Z")
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_MONTHS = {name: n for n, name in enumerate(re.findall("...", "janfebmaraprmayjunjulaugsepoctnovdec"), 1)}
_MONTHS |= {spelt: n for n in range(1, 13) for spelt in (str(n), f"{n:02d}")}
_MEDLINE_DATE = re.compile(r"\b(1[5-9]\d\d|20\d\d)\b(?:[ -]+([A-Za-z]{3})[a-z]*\b(?:\s+(\d{1,2})\b)?)?")


Fields = dict[str, list[Any]]
"""Elements by tag."""


class Unreadable(Exception):
    """A record that cannot be read; its text says why, in a few words."""


def tree(record: bytes, report: Report, where: str) -> tuple[Any, str]:
    """A record's tree without the lists that are not used; and its MeSH headings, which are not in the tree.

    What had to be mended is noted. Raises `Unreadable`.
    """
    try:
        return _parsed(record)
    except (etree.XMLSyntaxError, UnicodeDecodeError):
        whole, done = mended(record)
    try:
        parsed = _parsed(whole)
    except etree.XMLSyntaxError as error:
        raise Unreadable("broken XML") from error
    for remark in done:
        report.note(remark, where)
    return parsed


def _parsed(record: bytes) -> tuple[Any, str]:
    if b"!" in record:
        record = _revealed(record)
    pieces, headings, at = [_ROOT], "", 0
    while found := _APART.search(record, at):
        start, opened = found.span()
        closing = b"</" + found[1] + b">"
        # Reference lists stand last and may hold reference lists.
        end = record.rfind(closing) if found[1] == b"ReferenceList" else record.find(closing, opened)
        if end < opened:
            break
        pieces.append(record[at:start])
        at = end + len(closing)
        if found[1] == b"MeshHeadingList":
            headings = _headings(record[start:at])
    return _xml(b"".join((*pieces, record[at:], _ROOT_END)))[0], headings


def _xml(content: bytes) -> Any:
    if len(content) > MAX_BYTES or (len(content) > 4 * MAX_TAGS and content.count(b"<") > MAX_TAGS):
        raise Unreadable("too large")
    return etree.fromstring(content, _PARSER)


def _revealed(record: bytes) -> bytes:
    """Without comments, and with CDATA sections as ordinary text.

    >>> _revealed(b"a<!-- b -->c<![CDATA[<d>]]>!")
    b'ac&lt;d&gt;!'
    """
    pieces, at = [], 0
    while hidden := _HIDDEN.search(record, at):
        is_comment = hidden[0] == b"<!--"
        end = record.find(b"-->" if is_comment else b"]]>", hidden.end())
        if end < 0:
            raise Unreadable("broken XML")
        pieces.append(record[at : hidden.start()])
        if not is_comment:
            pieces.append(html.escape(record[hidden.end() : end].decode()).encode())
        at = end + 3
    return b"".join((*pieces, record[at:]))


def _headings(mesh: bytes) -> str:
    """MeSH headings in MEDLINE's display format; as a tree they would be a third of a record's elements.

    >>> _headings(b"<M><MeshHeading><DescriptorName MajorTopicYN='Y'>Asthma</DescriptorName></MeshHeading></M>")
    '*Asthma'
    """
    text = mesh.decode()
    names = _NAME.findall(text)
    if text.count("<") != 2 + 2 * len(names) + 2 * text.count("<MeshHeading>"):
        _xml(mesh)  # raises where it is broken
    terms = [
        ("; " if kind == "Descriptor" else "/") + ("*" if _MAJOR.search(attributes) else "") + name
        for kind, attributes, name in names
    ]
    headings = "".join(terms)[2:]
    return html.unescape(headings) if "&" in headings else headings


def mended(record: bytes) -> tuple[bytes, list[str]]:
    """A record with characters where it has what XML cannot read, and what was done, in few words.

    >>> mended(b"<b>5&nbsp;&micro;g\\x01 \\xff&#0;</b>")[0].decode()
    '<b>5\\xa0µg� ��</b>'
    """
    text = record.decode("utf-8", "replace")
    done = [] if text.encode() == record else ["bytes that are not UTF-8 replaced"]
    named = _REFERENCE.sub(_character, text)
    whole = _NO_XML.sub("�", named)
    if named != text:
        done.append("entities outside XML resolved")
    if whole != named:
        done.append("characters outside XML replaced")
    return whole.encode(), done


def _character(reference: re.Match[str]) -> str:
    number, name = reference.groups()
    if name:
        known = name in _XML_ENTITIES or name + ";" not in html.entities.html5
        return reference[0] if known else html.escape(html.entities.html5[name + ";"])
    digits = number.lstrip("xX")
    code = int(digits, 16 if digits != number else 10) if len(digits) < 9 else -1
    is_character = 0 <= code <= 0x10FFFF and not _NO_XML.match(chr(code))
    return reference[0] if is_character else "�"


def fields(root: Any) -> Fields:
    """The elements that documents are made of, by tag, in their order."""
    found: Fields = {}
    for element in root.iter(*_WANTED):
        tag = element.tag
        if tag in found:
            found[tag].append(element)
        else:
            found[tag] = [element]
    return found


def first(found: Fields, tag: str, parent: str = "") -> Any:
    """The first element of that tag; None where there is none or its parent is another than the one named."""
    if tag not in found:
        return None
    element = found[tag][0]
    return element if not parent or element.getparent().tag == parent else None


def flat(element: Any) -> str:
    """An element's text on one line, markup taken away; empty for None.

    Subscripts and superscripts join what they stand behind; a number raised behind a digit is marked as an exponent,
    lest 10 to the power of 9 become 109.

    >>> flat(etree.fromstring("<t>CO<sub>2</sub>, 10<sup>9</sup>/L,  <b>Ca<sup>2+</sup></b> &lt; 5</t>"))
    'CO2, 10^9/L, Ca2+ < 5'
    """
    if element is None:
        return ""
    if not len(element):
        return _tidy(element.text or "")
    pieces: list[str] = []
    _flatten(element, pieces)
    return _tidy("".join(pieces))


def flat_all(elements: Iterable[Any]) -> str:
    """The texts of several elements, joined by "; ", each once."""
    return "; ".join(dict.fromkeys([text for element in elements if (text := flat(element))]))


def _tidy(text: str) -> str:
    """One space between words, quickly where they have it already."""
    if text.isascii() and not ("\n" in text or "  " in text or "\t" in text):
        return text.strip()
    return " ".join(text.split())


def _flatten(element: Any, pieces: list[str]) -> None:
    if element.text:
        pieces.append(element.text)
    for child in element:
        kind = child.tag.rpartition("}")[2]
        if kind == "math":
            pieces.append(_formula(child))
        elif kind == "DispFormula":
            pieces.append(" ")
            _flatten(child, pieces)
            pieces.append(" ")
        else:
            if kind in ("sub", "sup") and pieces:
                before = pieces[-1].rstrip()
                if "\n" in pieces[-1][len(before) :]:  # a line break that only indents the file
                    pieces[-1] = before
                if kind == "sup" and pieces[-1][-1:].isdigit() and _EXPONENT.match("".join(child.itertext())):
                    pieces.append("^")
            _flatten(child, pieces)
        if child.tail:
            pieces.append(child.tail)


def _formula(element: Any) -> str:
    """MathML on one line: ``10^9``, ``(a+b)/2``.

    >>> _formula(etree.fromstring("<math><msup><mi>x</mi><mn>2</mn></msup> <mo>=</mo> <mn>4</mn></math>"))
    'x^2=4'
    """
    kind = element.tag.rpartition("}")[2]
    if kind.startswith("annotation"):
        return ""
    parts = [_formula(child) + (child.tail or "").strip() for child in element]
    if kind in ("msup", "msubsup") and len(parts) >= 2 and any(map(str.isalnum, parts[-1])):
        return "".join(parts[:-1]) + "^" + _grouped(parts[-1])
    if kind == "mfrac" and len(parts) == 2:
        return _grouped(parts[0]) + "/" + _grouped(parts[1])
    return " ".join((element.text or "").split()) + "".join(parts)


def _grouped(part: str) -> str:
    return part if part.isalnum() else f"({part})"


def date(element: Any) -> str:
    """A date as precise as it is given; of a range the beginning; empty where there is none.

    >>> date(etree.fromstring("<PubDate><MedlineDate>1998 Dec-1999 Jan</MedlineDate></PubDate>"))
    '1998-12'
    >>> date(etree.fromstring("<PubDate><Year>2000</Year><Season>Spring</Season></PubDate>"))
    '2000'
    """
    if element is None:
        return ""
    given = {child.tag: (child.text or "").strip() for child in element}
    if "Year" in given:
        return _iso(given["Year"], given.get("Month", ""), given.get("Day", ""))
    words = _MEDLINE_DATE.search(given.get("MedlineDate", ""))
    return _iso(*(word or "" for word in words.groups())) if words else ""


def _iso(year: str, month: str, day: str) -> str:
    if not (len(year) == 4 and year.isascii() and year.isdigit()):
        return ""
    n_month = _MONTHS.get(month[:3].lower(), 0)
    if not n_month:
        return year
    try:
        return datetime.date(int(year), n_month, int(day[:9])).isoformat()
    except ValueError:
        return f"{year}-{n_month:02d}"


def language(code: str) -> str:
    """ISO 639-1 for the three letters PubMed uses, which stay where there is none.

    >>> language("eng"), language("ger"), language("und")
    ('en', 'de', 'und')
    """
    return _LANGUAGES.get(code, code)


_LANGUAGES: dict[str, str] = dict(
    re.findall(
        r"(\w+):(\w+)",
        "afr:af alb:sq amh:am ara:ar arm:hy aze:az ben:bn bos:bs bul:bg cat:ca chi:zh cze:cs dan:da dut:nl eng:en "
        "epo:eo est:et fin:fi fre:fr geo:ka ger:de gla:gd gre:el heb:he hin:hi hrv:hr hun:hu ice:is ind:id ita:it "
        "jpn:ja kin:rw kor:ko lat:la lav:lv lit:lt mac:mk mal:ml mao:mi may:ms nor:no per:fa pol:pl por:pt pus:ps "
        "rum:ro rus:ru san:sa slo:sk slv:sl spa:es srp:sr swe:sv tha:th tur:tr ukr:uk urd:ur vie:vi wel:cy",
    )
)
