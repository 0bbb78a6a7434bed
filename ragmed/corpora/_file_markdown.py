"""Markdown as CommonMark with tables, through markdown-it; a YAML block before it is read for title, date, language.

Source: CommonMark 0.31 (https://spec.commonmark.org/0.31.2/); tables as in GitHub Flavored Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ragmed.corpora import _file_text
from ragmed.corpora._file import Blocks, Contents, clean, date_of, language_of, one_space, table_lines
from ragmed.corpora._file_html import add_html
from ragmed.corpora._file_text import decode
from ragmed.report import Report

MAX_CHARS = 2_000_000
MAX_BRACKETS = 20_000
"""A file with more is read as plain text: the time to look for links grows with the square of their number."""

_FRONT_MATTER = re.compile(r"---[^\S\n]*\n((?:#|\w[\w-]*[^\S\n]*:).*?)\n(?:---|\.\.\.)[^\S\n]*(?:\n|\Z)", re.DOTALL)
_FRONT_MATTER_CHARS = 20_000
_KEY = re.compile(r"^(title|date|lang|language)[^\S\n]*:[^\S\n]*(.*)$", re.MULTILINE)


def read(content: bytes, where: str, report: Report) -> Contents:
    """Raises `Unreadable`."""
    text = clean(decode(content, where, report)).replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > MAX_CHARS or text.count("[") > MAX_BRACKETS:
        report.note("Markdown too long to parse, read as plain text", where)
        return _file_text.read(content, where, Report())
    keys, text = _front_matter(text)
    parser = MarkdownIt("commonmark", {"maxNesting": 50}).enable("table")
    blocks, first = _blocks(parser.parse(text))
    return Contents(
        blocks.text(),
        title=keys.get("title", "") or first,
        sections=blocks.sections(),
        published=date_of(keys.get("date", "")),
        language=language_of(keys.get("lang", "") or keys.get("language", "")),
    )


def _front_matter(text: str) -> tuple[Mapping[str, str], str]:
    match = _FRONT_MATTER.match(text, 0, _FRONT_MATTER_CHARS)
    if match is None:
        return {}, text
    return {key: one_space(value).strip("\"'") for key, value in _KEY.findall(match[1])}, text[match.end() :]


def _blocks(tokens: Sequence[Token]) -> tuple[Blocks, str]:
    """The text, and its first heading of the first level."""
    blocks, first = Blocks(), ""
    level, begins_item, in_cell = 0, False, False
    rows: list[list[str]] = []
    for token in tokens:
        if token.type == "heading_open":
            level = int(token.tag[1])
        elif token.type == "list_item_open":
            begins_item = True
        elif token.type == "table_open":
            rows = []
        elif token.type == "tr_open":
            rows.append([])
        elif token.type in ("th_open", "td_open"):
            in_cell = True
        elif token.type == "table_close":
            blocks.lines(table_lines(rows))
        elif token.type in ("fence", "code_block"):
            blocks.lines(token.content.splitlines())
        elif token.type == "html_block":
            add_html(blocks, token.content)
        elif token.type == "inline":
            inline = _inline(token)
            if level:
                first = first or (one_space(inline) if level == 1 else "")
                blocks.heading(level, inline)
                level = 0
            elif in_cell:
                rows[-1].append(one_space(inline))
                in_cell = False
            elif begins_item:
                blocks.item(inline)
            else:
                blocks.paragraph(inline)
            begins_item = False
    return blocks, first


def _inline(token: Token) -> str:
    pieces = []
    for child in token.children or ():
        if child.type in ("text", "code_inline", "image", "text_special"):
            pieces.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            pieces.append(" ")
    return "".join(pieces)
