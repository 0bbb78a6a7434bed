"""XML of unknown origin → elements: no document type is fetched, no entity expanded, nothing reached over a network.

Names such as ``&alpha;`` are declared in document types that stay unread; those of HTML 5 are known nevertheless
(https://html.spec.whatwg.org/multipage/named-characters.html). A file that declares entities of its own is refused:
libxml2 expands them in attributes whatever it is told (CWE-776).
"""

from __future__ import annotations

import codecs
import html.entities
import re
from typing import Any

from lxml import etree

MAX_DEPTH = 100
"""Elements within one another; the deepest article has some thirty."""

_ENCODING = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_ENTITY = re.compile(rb"<!ENTITY", re.IGNORECASE)
_ROOT = re.compile(rb"<[A-Za-z_]")
_BYTE_ORDER_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16", codecs.BOM_UTF8: "utf-8-sig"}
_READABLE = re.compile(
    r"utf[-_]?(8|16)(-?[lb]e)?(-sig)?|us-ascii|ascii|(iso-?)?(8859-?|latin-?)\d+|windows-125\d|cp125\d"
)


class UnreadableXML(Exception):
    """Why a file was not read: one of few reasons, in words; ``detail`` says more."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


def read_xml(content: bytes) -> Any:
    """The root element. Raises `UnreadableXML`."""
    content = _as_utf8(content)
    root = _ROOT.search(content)
    if root and _ENTITY.search(content, 0, root.start()):
        raise UnreadableXML("declares XML entities")
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=True,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        element = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UnreadableXML("not well-formed XML", str(error)) from error
    if _is_too_deep(element):
        raise UnreadableXML("elements nested too deeply")
    return element


def character(entity: Any) -> str | None:
    """The character that an unexpanded entity of lxml names; None for one that is not HTML's."""
    name: str = entity.name
    return html.entities.html5.get(f"{name};")


def _as_utf8(content: bytes) -> bytes:
    mark = next((name for mark, name in _BYTE_ORDER_MARKS.items() if content.startswith(mark)), "")
    declared = _ENCODING.search(content, 0, 300)
    encoding = mark or (declared.group(1).decode("ascii") if declared else "utf-8")
    if b"\0" in content[:4] and not mark:
        encoding = "utf-16-be" if content.startswith(b"\0") else "utf-16-le"
    if not _READABLE.fullmatch(encoding.lower()):
        raise UnreadableXML("an encoding that is not read", encoding)
    if encoding.lower() in ("utf-8", "utf8", "us-ascii", "ascii"):
        return content
    try:
        return content.decode(encoding).encode("utf-8")
    except (UnicodeError, LookupError) as error:
        raise UnreadableXML("not in the encoding that it states", encoding) from error


def _is_too_deep(root: Any) -> bool:
    """Whether any element stands deeper than `MAX_DEPTH`, found without recursion."""
    level = [root]
    for _ in range(MAX_DEPTH):
        level = [child for element in level for child in element]
        if not level:
            return False
    return True
