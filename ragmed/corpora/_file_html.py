"""HTML pages, read as browsers do, as far as libxml2 does; nothing that a page refers to is loaded.

Source: HTML Living Standard (https://html.spec.whatwg.org/), with its way to find a page's encoding: byte order mark,
then what the page states, then a guess.
"""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from ragmed.corpora._file import Blocks, Contents, Unreadable, clean, date_of, language_of, one_space, table_lines
from ragmed.corpora._file_text import decode
from ragmed.report import Report

_CHARSET = re.compile(
    rb"""<meta\b[^<>]{0,300}?charset\s*=\s*["']?\s*([\w.:-]{1,40})|\A\s*<\?xml\b[^<>]{0,100}?encoding=["']([\w.:-]{1,40})""",
    re.IGNORECASE,
)
_HEAD_BYTES = 4096
_DECLARATION = re.compile(r"\A\s*<\?xml\b[^>]{0,200}>")
_HIDDEN = frozenset(
    """
    script style nav noscript template head svg math iframe object embed applet canvas audio video
    select option button textarea datalist
    """.split()  # noqa: SIM905
)
_BLOCK = frozenset(
    """
    address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure
    footer form header hgroup hr html legend li main menu ol p pre search section summary ul
    table thead tbody tfoot tr
    """.split()  # noqa: SIM905
)
_DATES = (
    "dcterms.date", "dc.date", "date", "dcterms.modified", "dcterms.issued", "dcterms.created", "last-modified",
    "article:modified_time", "article:published_time", "citation_publication_date", "pubdate",
)  # fmt: skip


def read(content: bytes, where: str, report: Report) -> Contents:
    """Raises `Unreadable`."""
    match = _CHARSET.search(content, 0, _HEAD_BYTES)
    stated = (match[1] or match[2]).decode("ascii", "replace") if match else ""
    root, is_whole = _parsed(decode(content, where, report, stated))
    if root is None:
        raise Unreadable("no text in it" if is_whole else "damaged")
    if not is_whole:
        report.note("page not read to its end", where)
    blocks = Blocks()
    first = _add(blocks, root)
    title = root.find(".//head/title")
    return Contents(
        blocks.text(),
        title=(one_space("".join(title.itertext())) if title is not None else "") or first,
        sections=blocks.sections(),
        published=_date(root),
        language=language_of(root.get("lang") or root.get("{http://www.w3.org/XML/1998/namespace}lang") or ""),
    )


def add_html(blocks: Blocks, html: str) -> None:
    """Add the text of a piece of HTML."""
    root, _ = _parsed(html)
    if root is not None:
        _add(blocks, root)


def _parsed(html: str) -> tuple[Any, bool]:
    """The page's root, or None where there is nothing in it, and whether the parser came to its end."""
    # huge_tree: a page may hold a paragraph of any length; the size of the file was looked at before.
    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True, recover=True
    )
    html = clean(_DECLARATION.sub("", html))
    if not html.strip():
        return None, True
    try:
        root = etree.fromstring(html.encode(), parser)
    except etree.LxmlError:
        root = None
    is_whole = not any(entry.level_name == "FATAL" for entry in parser.error_log)
    return (root if root is not None and any(text.strip() for text in root.itertext()) else None), is_whole


def _date(root: Any) -> str:
    stated = {
        (meta.get("name") or meta.get("property") or meta.get("http-equiv") or "").lower(): meta.get("content") or ""
        for meta in root.iterfind(".//meta")
    }
    return next((date for name in _DATES if (date := date_of(stated.get(name, "")))), "")


def _add(blocks: Blocks, root: Any) -> str:
    """Add an element's text; return the first heading of the first level."""
    reader = _Reader(blocks)
    skipped = None
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if skipped is not None:
            if event == "end" and element is skipped:
                skipped = None
                reader.say(element.tail)
        elif event == "end":
            reader.leave(element)
            if element is not root:
                reader.say(element.tail)
        elif not isinstance(element.tag, str) or _is_hidden(element):
            skipped = element
        else:
            reader.enter(element)
            reader.say(element.text)
    reader.flush()
    return reader.first


def _is_hidden(element: Any) -> bool:
    return (
        element.tag in _HIDDEN
        or element.get("role") == "navigation"
        or element.get("hidden") is not None
        or "display:none" in (element.get("style") or "").replace(" ", "").lower()
    )


class _Reader:
    """Gathers text between the beginnings and ends of blocks."""

    def __init__(self, blocks: Blocks) -> None:
        self.blocks = blocks
        self.first = ""
        self._said: list[str] = []
        self._is_item = False
        self._breaks = 0
        self._rows: list[list[str]] | None = None
        self._table: Any = None
        self._cell: Any = None

    def say(self, text: str | None) -> None:
        if text:
            self._said.append(text)
            if not text.isspace():
                self._breaks = 0

    def enter(self, element: Any) -> None:
        tag = element.tag
        if tag == "table" and self._table is None and _is_data(element):
            self.flush()
            self._table, self._rows = element, []
        elif self._rows is not None:
            if tag == "tr":
                self._rows.append([])
            elif tag in ("td", "th") and self._rows:
                self._said, self._cell = [], element
            elif tag in _BLOCK or tag == "br":
                self._said.append(" ")
        elif tag == "br":
            self._said.append(" ")
            self._breaks += 1
            if self._breaks > 1:
                self.flush()
        elif tag == "img" and element.get("alt"):
            self._said.append(f" {element.get('alt')} ")
        elif tag in _BLOCK or tag in ("td", "th") or _level(tag):
            self.flush()
            if tag == "li":
                self._is_item = True

    def leave(self, element: Any) -> None:
        tag = element.tag
        if self._rows is not None:
            if element is self._cell:
                if self._rows:
                    self._rows[-1].append(one_space("".join(self._said)))
                self._said, self._cell = [], None
            elif element is self._table:
                rest = one_space("".join(self._said))
                rows = self._rows
                self._said, self._rows, self._table = [], None, None
                self.blocks.lines(table_lines(rows))
                self.blocks.paragraph(rest)
            elif tag == "caption":
                self.blocks.paragraph("".join(self._said))
                self._said = []
            elif tag in _BLOCK:
                self._said.append(" ")
        elif _level(tag):
            title = one_space("".join(self._said))
            self._said, self._is_item = [], False
            if _level(tag) == 1 and not self.first:
                self.first = title
            self.blocks.heading(_level(tag), title)
        elif tag == "pre":
            self.blocks.lines("".join(self._said).splitlines())
            self._said = []
        elif tag in _BLOCK or tag in ("td", "th"):
            self.flush()
            if tag == "li":
                self._is_item = False

    def flush(self) -> None:
        text = one_space("".join(self._said))
        self._said = []
        if text and self._is_item:
            self.blocks.item(text)
            self._is_item = False
        elif text:
            self.blocks.paragraph(text)


def _level(tag: str) -> int:
    return int(tag[1]) if len(tag) == 2 and tag[0] == "h" and tag[1] in "123456" else 0


def _is_data(table: Any) -> bool:
    """Whether a table holds data: one that holds headings or tables lays out the page."""
    return next(table.iterdescendants("table", "h1", "h2", "h3", "h4", "h5", "h6"), None) is None
