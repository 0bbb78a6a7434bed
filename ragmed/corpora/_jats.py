"""Articles and book chapters in JATS and BITS → text with headings, and what is said about them.

Sources: ANSI/NISO Z39.96, JATS: Journal Article Tag Suite (https://jats.nlm.nih.gov/archiving/), its forerunner, the
NLM Archiving and Interchange DTD 2.3, and BITS (https://jats.nlm.nih.gov/extensions/bits/).

Kept: abstracts, the body, appendices, glossaries; of figures the caption, of tables the caption, the cells and the
notes; citation markers as ``[12]``. Left out: references, acknowledgements, notes on authors and funding,
supplementary files, graphical abstracts, abstracts in translation, TeX (MathML is kept, written on a line).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ragmed.corpora._outline import Cell, Outline, line, raised, table
from ragmed.corpora._xml import character

XLINK = "{http://www.w3.org/1999/xlink}"
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_ALI = "{http://www.niso.org/schemas/ali/1.0/}"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LEFT_OUT = _words("""
    ack alt-text alt-title attrib author-notes bio contrib-group custom-meta-group floats-group fn fn-group
    graphic graphical-abstract inline-graphic inline-supplementary-material kwd-group label long-desc media notes
    object-id open-access permissions private-char processing-meta ref-list related-article related-object
    sec-meta self-uri subj-group supplementary-material table-wrap-foot tex-math title
""")
"""``label``, ``title``, ``fn`` and ``table-wrap-foot`` are read where they belong."""
_BLOCKS = _words("""
    app array boxed-text chem-struct-wrap code def-list disp-formula disp-formula-group disp-quote fig fig-group
    glossary list p preformat sec speech statement supplementary-material table-wrap table-wrap-group verse-group
""")
_APART = frozenset(("list", "def-list", "fig", "fig-group", "table-wrap", "table-wrap-group", "boxed-text"))
"""Blocks that are written after a list item rather than in it."""
_SCRIPTED = {"msub": 2, "msup": 2, "msubsup": 3}
"""Bases with an index, a power, or both, and how many parts they have."""
_FORMULAS = frozenset(("disp-formula", "inline-formula"))
_NOTICES = frozenset(
    (
        "acknowledgements",
        "acknowledgments",
        "additional files",
        "author contributions",
        "authors' contributions",
        "competing interests",
        "conflict of interest",
        "conflicts of interest",
        "pre-publication history",
        "supplementary material",
        "supporting information",
    )
)
"""Sections that say nothing of the matter, by their headings in lower case."""
_ABSTRACTS_LEFT_OUT = frozenset(("graphical", "toc", "teaser", "video"))
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec"
_COMMONS = re.compile(
    r"creativecommons\.org/(?:licenses/(?P<terms>[a-z][a-z-]*)|publicdomain/(?P<domain>zero|mark))"
    r"(?:/(?P<version>\d\.\d))?(?:/(?P<port>igo|[a-z]{2})(?![a-z]))?",
    re.IGNORECASE,
)
_COMMONS_WORDS = re.compile(
    r"Creative Commons(?: \S{1,8})? Attribution"
    r"(?P<terms>(?:[ ,/–-]+(?:and )?(?:Non-?Commercial|Share-?Alike|No-?Deriv(?:ative|ation)?s?|Unported|International"
    r"|Generic))*)"
    r"(?: (?:Works?|License|Licence))*[ (,]*(?:CC[ -]BY[A-Z -]*)?[ (,]*(?:v|version )?(?P<version>\d\.\d)?",
    re.IGNORECASE,
)
_MAX_LICENCE = 300


def jats_outline(root: Any, note: Callable[[str], None], bold_headings: bool = False) -> Outline:
    """The abstracts, body, floats and appendices of an article or a book part.

    ``note`` is called with a remark on what could not be read. With ``bold_headings``, a paragraph that is all bold
    is the heading of those after it, as in StatPearls.
    """
    writer = _Writer(Outline(), note, bold_headings)
    meta = article_meta(root)
    for abstract in meta.findall("abstract") if meta is not None else ():
        if abstract.get("abstract-type", "") in _ABSTRACTS_LEFT_OUT:
            continue
        writer.part(abstract, writer.inline(abstract.find("title")).rstrip(" :") or "Abstract")
    for body in root.findall("body"):
        writer.blocks(body)
    for floats in root.findall("floats-group") + root.findall("floats-wrap"):
        writer.blocks(floats)
    for back in root.findall("back"):
        for element in back:
            if element.tag == "app-group":
                for appendix in element.findall("app"):
                    writer.part(appendix, writer.inline(appendix.find("title")) or "Appendix")
            elif element.tag in ("app", "glossary"):
                writer.part(element, writer.inline(element.find("title")) or element.tag.capitalize())
    return writer.outline


def article_meta(root: Any) -> Any:
    """The element that describes an article or a book part; None where there is none."""
    for path in ("front/article-meta", "book-part-meta", "front-stub"):
        if (meta := root.find(path)) is not None:
            return meta
    return None


def plain(element: Any, note: Callable[[str], None] = lambda reason: None) -> str:
    """An element's text on one line: a title, a name."""
    return _Writer(Outline(), note).inline(element)


def title(meta: Any, name: str = "article-title") -> str:
    """The title, with its subtitle after a colon."""
    group = meta.find("title-group")
    if group is None:
        return ""
    parts = [plain(group.find(name)), *(plain(subtitle) for subtitle in group.findall("subtitle"))]
    return ": ".join(part for part in parts if part)


def published(dates: list[Any]) -> str:
    """The date of publication, electronic before printed, as precise as it is given."""
    ranked = sorted(dates, key=_rank)
    return next((date for date in map(iso_date, ranked) if date), "")


def iso_date(date: Any) -> str:
    """A date's year, month and day as ISO 8601, as far as they are sound."""
    year = plain(date.find("year"))
    if not re.fullmatch(r"[12]\d{3}", year):
        return ""
    month = plain(date.find("month"))
    n_month = int(month) if re.fullmatch(r"\d{1,2}", month) else _month(month)
    if not 1 <= n_month <= 12:
        return year
    day = plain(date.find("day"))
    if re.fullmatch(r"\d{1,2}", day) and 1 <= int(day) <= 31:
        return f"{year}-{n_month:02}-{int(day):02}"
    return f"{year}-{n_month:02}"


def _month(name: str) -> int:
    place = f" {_MONTHS}".find(f" {name[:3].lower()}") if len(name) >= 3 else -1
    return place // 4 + 1 if place >= 0 else 0


def licence(permissions: Any) -> str:
    """The licence in the words of Creative Commons where it is one of theirs, else as it is written.

    Empty where none is stated; a copyright statement alone is given as ``"no licence stated: …"``.
    """
    if permissions is None:
        return ""
    elements = permissions.findall("license")
    for element in elements:
        links = [reference.text or "" for reference in element.iter(f"{_ALI}license_ref")]
        links.append(element.get(f"{XLINK}href", ""))
        links += [link.get(f"{XLINK}href") or link.text or "" for link in element.iter("ext-link", "uri")]
        if name := next((name for name in map(commons_name, links) if name), ""):
            return name
    links = [reference.text or "" for reference in permissions.findall(f"{_ALI}license_ref")]
    if name := next((name for name in map(commons_name, links) if name), ""):
        return name
    stated = line(" ".join(plain(element) for element in elements))
    if match := _COMMONS_WORDS.search(stated):
        return _name(_abbreviated(match["terms"]), match["version"], "")
    if not stated and (statement := plain(permissions.find("copyright-statement"))):
        stated = f"no licence stated: {statement}"
    return stated if len(stated) <= _MAX_LICENCE else stated[: _MAX_LICENCE - 1] + "…"


def commons_name(url: str) -> str:
    """A Creative Commons licence by its address; empty for any other address.

    >>> commons_name("https://creativecommons.org/licenses/by-nc-nd/4.0/"), commons_name("https://example.org/by")
    ('CC BY-NC-ND 4.0', '')
    >>> commons_name("http://creativecommons.org/licenses/by/3.0/igo/legalcode")
    'CC BY 3.0 IGO'
    >>> commons_name("https://creativecommons.org/publicdomain/zero/1.0/")
    'CC0 1.0'
    """
    match = _COMMONS.search(url)
    if not match:
        return ""
    if match["domain"]:
        return "CC0 1.0" if match["domain"].lower() == "zero" else "public domain"
    return _name(match["terms"].upper(), match["version"], match["port"])


def _name(terms: str, version: str | None, port: str | None) -> str:
    return " ".join(part for part in ("CC", terms, version or "", (port or "").upper()) if part)


def _abbreviated(words: str) -> str:
    found = [("Non-?Commercial", "NC"), ("Share-?Alike", "SA"), ("No-?Deriv", "ND")]
    return "-".join(["BY", *(short for word, short in found if re.search(word, words, re.IGNORECASE))])


def _rank(date: Any) -> int:
    kinds = f"{date.get('pub-type', '')} {date.get('date-type', '')} {date.get('publication-format', '')}"
    for rank, kind in enumerate(("epub", "electronic", "ppub", "print", "collection", "")):
        if kind in kinds and "pmc-release" not in kinds:
            return rank
    return 9


@dataclass
class _Writer:
    """Writes elements into an outline. Blocks are walked by `blocks`, what stands on a line by `inline`."""

    outline: Outline
    note: Callable[[str], None]
    bold_headings: bool = False
    _apart: set[Any] = field(default_factory=set)

    def part(self, element: Any, heading: str) -> None:
        self.outline.enter(heading)
        self.blocks(element)
        self.outline.leave()

    def blocks(self, element: Any) -> None:
        """Write what an element holds, in order; text between its blocks becomes paragraphs."""
        run: list[str] = [element.text or ""]
        below_bold = False
        for child in element:
            tag = child.tag
            if tag in _BLOCKS:
                self._flush(run)
                if self.bold_headings and tag in ("p", "sec"):
                    heading = _bold_heading(child, self.inline)
                    if below_bold and (heading or tag == "sec"):
                        self.outline.leave()
                        below_bold = False
                    if heading:
                        self.outline.enter(heading)
                        below_bold = True
                        continue
                self._block(child)
            elif tag == "fn" and element.tag in ("table-wrap-foot", "table-wrap"):
                self.outline.add(self._footnote(child))
            elif isinstance(tag, str) and tag not in _LEFT_OUT and _holds_blocks(child):
                self._flush(run)
                self.blocks(child)
            else:
                self._inline_child(child, run)
            run.append(child.tail or "")
        self._flush(run)
        if below_bold:
            self.outline.leave()

    def inline(self, element: Any) -> str:
        """What an element says, on one line; empty for None."""
        if element is None:
            return ""
        run: list[str] = []
        self._inline(element, run)
        return _tidy("".join(run))

    def _flush(self, run: list[str]) -> None:
        self.outline.add(_tidy("".join(run)))
        run.clear()

    def _block(self, element: Any) -> None:
        tag = element.tag
        if tag in ("sec", "app", "glossary"):
            heading = self.inline(element.find("title")) or self.inline(element.find("label"))
            heading = heading.rstrip(" :")
            if heading.lower().replace("’", "'") not in _NOTICES:
                self.part(element, heading)
        elif tag == "list":
            self._list(element)
        elif tag == "def-list":
            self._definitions(element)
        elif tag in ("fig", "table-wrap", "boxed-text", "statement", "chem-struct-wrap"):
            self._labelled(element)
        elif tag == "supplementary-material":
            pass
        elif tag == "disp-formula":
            self.outline.add(self.inline(element) or "[formula]")
        elif tag in ("preformat", "code"):
            self.outline.add(self.inline(element))
        elif tag == "verse-group":
            self.outline.add("\n".join(text for verse in element.iter("verse-line") if (text := self.inline(verse))))
        else:
            self.outline.add(self.inline(element.find("title")))
            self.blocks(element)

    def _labelled(self, element: Any) -> None:
        """A figure, table or box: its label and caption, then what it holds."""
        caption = element.find("caption")
        heading = self.inline(element.find("label"))
        named = self.inline(caption.find("title") if caption is not None else element.find("title"))
        said = [self.inline(p) for p in caption.findall("p")] if caption is not None else []
        if caption is not None and not named and not any(said):
            said = [self.inline(caption)]
        lines = [" ".join(_stopped(part) for part in (heading, named, *said) if part)]
        if element.tag in ("fig", "chem-struct-wrap"):
            self.outline.add(lines[0])
            return
        if element.tag == "table-wrap":
            for rows in element.iter("table"):
                if not any(ancestor.tag == "table" for ancestor in rows.iterancestors()):
                    lines.append(table(list(self._rows(rows))))
            for foot in element.findall("table-wrap-foot"):
                lines += [self._footnote(note) for note in foot if isinstance(note.tag, str)]
            self.outline.add("\n".join(part for part in lines if part))
            return
        self.outline.add(lines[0])
        for child in element:
            if child.tag in _BLOCKS:
                self._block(child)

    def _rows(self, element: Any) -> Iterator[list[Cell]]:
        for row in element.iter("tr"):
            if next(row.iterancestors("table")) is not element:
                continue
            yield [
                (self.inline(cell), _span(cell.get("colspan")), _span(cell.get("rowspan")))
                for cell in row
                if cell.tag in ("td", "th")
            ]

    def _footnote(self, element: Any) -> str:
        return _tidy(f"{self.inline(element.find('label'))} {self.inline(element)}")

    def _list(self, element: Any) -> None:
        self.outline.add(self.inline(element.find("title")))
        for item in element.findall("list-item"):
            run = [self.inline(item.find("label")), " "]
            apart = [child for child in (*item, *item.iterfind("p/*")) if child.tag in _APART]
            self._apart.update(apart)
            self._inline(item, run)
            self._apart.difference_update(apart)
            self.outline.add_item(_tidy("".join(run)))
            for block in apart:
                self._block(block)

    def _definitions(self, element: Any) -> None:
        self.outline.add(self.inline(element.find("title")))
        for item in element.findall("def-item"):
            terms = ", ".join(filter(None, (self.inline(term) for term in item.findall("term"))))
            meaning = " ".join(filter(None, (self.inline(meaning) for meaning in item.findall("def"))))
            self.outline.add_item(": ".join(part for part in (terms, meaning) if part))
        for inner in element.findall("def-list"):
            self._definitions(inner)

    def _inline(self, element: Any, run: list[str]) -> None:
        run.append(element.text or "")
        for child in element:
            self._inline_child(child, run)
            run.append(child.tail or "")

    def _inline_child(self, child: Any, run: list[str]) -> None:
        tag = child.tag
        if not isinstance(tag, str):
            self._entity(child, run)
        elif tag.startswith("{http://www.w3.org/1998/Math/MathML}"):
            run.append(formula(child))
        elif child in self._apart:
            run.append(" ")
        elif tag in _LEFT_OUT:
            if tag == "fn":
                run += [" (", self.inline(child), ") "]
        elif tag == "break":
            run.append(" ")
        elif tag == "sup":
            run.append(_superscript(child, "".join(run[-3:]), self.inline(child)))
        elif tag == "xref" and child.get("ref-type") == "bibr" and _is_raised(child):
            run.append(_marker(self.inline(child)))
        elif tag == "alternatives":
            self._alternative(child, run)
        elif tag in _FORMULAS:
            around = " " if tag == "disp-formula" else ""
            run += [around, self.inline(child) or "[formula]", around]
        elif tag in _BLOCKS or tag in ("td", "th", "title", "list-item", "def-item", "term", "def", "tr", "caption"):
            run.append(" ")
            self._inline(child, run)
            run.append(" ")
        else:
            self._inline(child, run)

    def _alternative(self, element: Any, run: list[str]) -> None:
        """The first of several forms that can be written."""
        for child in element:
            shown: list[str] = []
            self._inline_child(child, shown)
            if "".join(shown).strip():
                run += shown
                return

    def _entity(self, node: Any, run: list[str]) -> None:
        name = getattr(node, "name", None)
        if name is None:
            return
        found = character(node)
        if found is None:
            self.note("an unknown entity left out")
        run.append(found or "")


def _bold_heading(paragraph: Any, inline: Callable[[Any], str]) -> str:
    children = list(paragraph)
    if paragraph.tag != "p" or len(children) != 1 or children[0].tag != "bold":
        return ""
    around = (paragraph.text or "") + (children[0].tail or "")
    return "" if around.strip() else inline(children[0]).rstrip(": ")


def _holds_blocks(element: Any) -> bool:
    return any(child.tag in _BLOCKS for child in element.iter() if child is not element)


def _is_raised(xref: Any) -> bool:
    """Whether a citation's marker is a superscript of its own."""
    return len(xref) > 0 and all(child.tag == "sup" for child in xref) and not (xref.text or "").strip()


def _superscript(sup: Any, before: str, text: str) -> str:
    cites = any(child.get("ref-type") == "bibr" for child in sup.iter("xref"))
    if cites or (sup.getparent().tag == "xref" and sup.getparent().get("ref-type") == "bibr"):
        return _marker(text) if cites else text
    return raised(before, text)


def _marker(text: str) -> str:
    return text if text[:1] in ("[", "(") or not text else f"[{text}]"


def formula(element: Any) -> str:
    """MathML on one line: fractions with ``/``, powers with ``^``, indices of letters with ``_``.

    >>> from lxml import etree
    >>> formula(etree.fromstring("<msup><msub><mi>CO</mi><mn>3</mn></msub><mtext>2−</mtext></msup>"))
    'CO3^2−'
    """
    tag = element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
    if tag in ("annotation", "annotation-xml"):
        return ""
    own = line(element.text or "") if tag != "mtext" else (element.text or "").replace("\xa0", " ")
    children = [formula(child) for child in element]
    if tag in _SCRIPTED and len(children) == _SCRIPTED[tag]:
        base, *scripts = (child.strip() for child in children)
        lower = scripts[0] if tag != "msup" else ""
        upper = scripts[-1] if tag != "msub" else ""
        index = lower if lower.isdigit() or not lower else f"_{_grouped(lower)}"
        return base + index + (f"^{_grouped(upper)}" if upper else "")
    if tag == "mfrac" and len(children) == 2:
        return "/".join(_grouped(child.strip()) for child in children)
    if tag == "msqrt":
        return f"√({''.join(children)})"
    return own + "".join(children) + (" " if tag in ("mtr", "mspace") else "")


def _grouped(part: str) -> str:
    """A part of a formula, in parentheses where it has more than one member."""
    return part if re.fullmatch(r"\w*[-+−–]?|[-+−–]\w*|\([^()]*\)", part) else f"({part})"


def _span(value: str | None) -> int:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 5 else 1


def _stopped(text: str) -> str:
    return text if text[-1] in ".:?!;" else f"{text}."


_BEFORE_MARK = re.compile(r" +(?=[,;:.)\]](?:\s|$))")


def _tidy(text: str) -> str:
    return _BEFORE_MARK.sub("", line(text))
