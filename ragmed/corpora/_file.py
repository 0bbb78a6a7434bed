"""What the readers of one's own files share: what they give, and a text with its sections put together of blocks."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from ragmed.types import Section

_BLOCK_CHARS = 1 << 20
_ODD = re.compile("[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_LIGATURES = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
_LIGATURE = re.compile("[ﬀ-ﬆ]")
_BULLET = re.compile(r"(?:[-*•·▪◦‣●○■□–]|[\uf000-\uf0ff])\s+(?=\S)")
_NUMBERED = re.compile(r"\(?(?:\d{1,2}|[a-z])[.)]\s+\S")
_ENDS_SENTENCE = re.compile(r"[.!?:;][\"'”’»)\]]*\Z")
_BROKEN_WORD = re.compile(r"([^\W\d_]*[a-zß-öø-ÿ])[-‐\u00ad]\Z")
_FIRST_WORD = re.compile(r"[a-zß-öø-ÿ][^\W\d_]*")
_HYPHENS = ("-", "‐", "\u00ad")
_SUSPENDED = frozenset({"and", "or", "to", "und", "oder", "et", "ou"})
"""What follows a hyphen that stands for a word to come: "pre- and postoperative"."""
_DATE = re.compile(r"\s*((?:19|20)\d\d(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?)(?!\d)")
_LANGUAGE = re.compile(r"\s*([A-Za-z]{2})(?![A-Za-z])")


class Unreadable(Exception):
    """A file that is left out: ``reason`` in few words, ``detail`` about this file."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in a file. ``title``, ``published`` and ``language`` are empty where it does not say."""

    text: str
    title: str = ""
    sections: tuple[Section, ...] = ()
    published: str = ""
    language: str = ""


class Blocks:
    """A text made of headings, paragraphs, list items and tables, with the sections they lie in.

    >>> blocks = Blocks()
    >>> blocks.heading(1, "Dose"); blocks.paragraph("Give:"); blocks.item("5 mg"); blocks.item("10 mg")
    >>> blocks.text()
    'Dose\\n\\nGive:\\n- 5 mg\\n- 10 mg'
    >>> blocks.sections()
    (Section(start=0, title='Dose', page=''),)
    """

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0
        self._sections: list[Section] = []
        self._path: list[tuple[int, str]] = []
        self._page = ""
        self._last = ""

    def heading(self, level: int, title: str, text: str = "") -> None:
        """A heading; what follows lies under it, as far as the next of its level. ``text``: how the text has it."""
        title = one_space(title)
        if title:
            self.enter(level, title)
            self._add(one_space(text) or title, "heading")

    def enter(self, level: int, title: str) -> None:
        """As `heading`, of a heading that is not in the text itself."""
        self._path = [*((above, name) for above, name in self._path if above < level), (level, one_space(title))]

    def page(self, label: str) -> None:
        """What follows lies on this page."""
        self._page = label

    def paragraph(self, text: str) -> None:
        self._add(one_space(text), "paragraph")

    def continuation(self, text: str) -> None:
        """More of the last paragraph, perhaps on another page."""
        self._add(one_space(text), "continuation")

    def ending(self, text: str) -> None:
        """The end of the last word, where a page broke it."""
        self._pieces.append(text)
        self._length += len(text)

    def item(self, text: str) -> None:
        text = one_space(text)
        if text:
            self._add(f"- {text}", "item")

    def lines(self, lines: Iterable[str]) -> None:
        """Lines that stay lines: a table's rows, a program."""
        self._add("\n".join(line for line in map(one_space, lines) if line), "paragraph")

    @property
    def is_open(self) -> bool:
        """Whether the last paragraph stops within a sentence."""
        return self._last in ("paragraph", "continuation", "item") and not _ENDS_SENTENCE.search(self._pieces[-1])

    def broken_word(self) -> str:
        """The beginning of a word that the last paragraph breaks off with a hyphen; empty where there is none."""
        match = _BROKEN_WORD.search(self._pieces[-1]) if self._pieces else None
        return match[1] if match else ""

    def drop_hyphen(self) -> None:
        """Take away the last character."""
        self._pieces[-1] = self._pieces[-1][:-1]
        self._length -= 1

    def text(self) -> str:
        return "".join(self._pieces)

    def sections(self) -> tuple[Section, ...]:
        return tuple(self._sections)

    def _add(self, text: str, kind: str) -> None:
        if not text:
            return
        if self._pieces:
            joined = {"continuation": " ", "item": "\n" if self._last != "heading" else "\n\n"}.get(kind, "\n\n")
            self._pieces.append(joined)
            self._length += len(joined)
        title = " > ".join(name for _, name in self._path)
        last = self._sections[-1] if self._sections else Section(0)
        if (title, self._page) != (last.title, last.page):
            self._sections.append(Section(self._length, title, self._page))
        self._pieces.append(text)
        self._length += len(text)
        self._last = kind


def add_lines(
    blocks: Blocks, lines: Sequence[str], width: int, words: Collection[str] | None = None, continues: bool = False
) -> None:
    """Add lines as the paragraphs and list items that they make up.

    Args:
        width: characters of a full line; a shorter one may end a paragraph.
        words: the words and hyphenated words of the document. Where given, a word that was broken at the end of a
            line is joined again.
        continues: whether the first line may go on with the paragraph before.
    """
    pieces: list[str] = []
    last = ""
    is_item = False

    def flush() -> None:
        nonlocal continues
        paragraph = "".join(pieces)
        pieces.clear()
        if not paragraph:
            return
        if is_item:
            blocks.item(paragraph)
        elif continues and blocks.is_open and paragraph[0].islower():
            _go_on(blocks, paragraph, words)
        else:
            blocks.paragraph(paragraph)
        continues = False

    for line in lines:
        bullet = _BULLET.match(line)
        if not line or bullet or not pieces or _begins_anew(last, line, width):
            flush()
            is_item = bool(bullet)
            pieces.append(line[bullet.end() :] if bullet else line)
        else:
            n_dropped, between = _seam(pieces[-1], line, words)
            pieces[-1] = pieces[-1][: len(pieces[-1]) - n_dropped]
            pieces += [between, line]
        last = line
        if not line:
            pieces.clear()
    flush()


def join(before: str, after: str, words: Collection[str] | None) -> str:
    """Two lines of one paragraph. A hyphen goes if it only broke the word: not if the document has it elsewhere.

    >>> join("signs of inflam-", "mation", set()), join("a well-", "known sign", {"well-known"}), join("HLA-", "B", ())
    ('signs of inflammation', 'a well-known sign', 'HLA-B')
    >>> join("pre-", "and postoperative", set())
    'pre- and postoperative'
    """
    n_dropped, between = _seam(before, after, words)
    return before[: len(before) - n_dropped] + between + after


def _seam(before: str, after: str, words: Collection[str] | None) -> tuple[int, str]:
    """How many characters of the first line's end go, and what comes between it and the next."""
    if words is None or before[-1:] not in _HYPHENS:
        return 0, " " if before else ""
    if before[-1] == "\u00ad":
        return 1, ""
    stem, tail = _BROKEN_WORD.search(before), _FIRST_WORD.match(after)
    if tail and tail[0] in _SUSPENDED:
        return 0, " "
    if stem and tail and _was_broken(stem[1], tail[0], words):
        return 1, ""
    return 0, "" if before[-2:-1].strip() else " "


def one_space(text: str) -> str:
    """The text with one space between words, in memory of the order of the text however long it is.

    >>> one_space("  A\\n\\tb ")
    'A b'
    """
    if len(text) <= _BLOCK_CHARS:
        return " ".join(text.split())
    pieces: list[str] = []
    apart = False
    for start in range(0, len(text), _BLOCK_CHARS):
        block = text[start : start + _BLOCK_CHARS]
        piece = " ".join(block.split())
        if piece:
            pieces += [" ", piece] if pieces and (apart or block[0].isspace()) else [piece]
        apart = block[-1].isspace() or (apart and not piece)
    return "".join(pieces)


def clean(text: str) -> str:
    """The text without control characters and lone surrogates, which no file can store, and without ligatures.

    >>> clean("e\\x00\\ufb03cacy \\ud800")
    'efficacy \\ufffd'
    """
    if _LIGATURE.search(text):
        text = _LIGATURE.sub(lambda match: _LIGATURES[match[0]], text)
    if _ODD.search(text):
        text = _ODD.sub(lambda match: "�" if match[0] >= "\ud800" else "", text)
    return text


def date_of(text: str) -> str:
    """An ISO date at the beginning of a text; empty where there is none.

    >>> date_of("2024-03-01T10:00:00Z"), date_of("March 2024")
    ('2024-03-01', '')
    """
    match = _DATE.match(text)
    return match[1] if match else ""


def language_of(text: str) -> str:
    """ISO 639-1 code of a language tag; empty where there is none.

    >>> language_of("en-GB"), language_of("deu")
    ('en', '')
    """
    match = _LANGUAGE.match(text)
    return match[1].lower() if match else ""


def table_lines(rows: Sequence[Sequence[str]]) -> list[str]:
    """One line a row, its cells between bars; rows without text are left out.

    >>> table_lines([["Drug", "Dose"], ["", ""], ["A", "5 mg"]])
    ['Drug | Dose', 'A | 5 mg']
    """
    return [" | ".join(row) for row in rows if any(row)]


def words_of(text: str) -> set[str]:
    """The lower-case words of a text, hyphenated ones whole."""
    return set(re.findall(r"[a-zß-öø-ÿ]+(?:-[a-zß-öø-ÿ]+)*", text))


def _go_on(blocks: Blocks, paragraph: str, words: Collection[str] | None) -> None:
    """Go on with the last paragraph; the rest of a word that is broken at its end stays in its section."""
    stem, tail = blocks.broken_word(), _FIRST_WORD.match(paragraph)
    if words is None or not stem or not tail or tail[0] in _SUSPENDED:
        blocks.continuation(paragraph)
        return
    if _was_broken(stem, tail[0], words):
        blocks.drop_hyphen()
    word, _, rest = paragraph.partition(" ")
    blocks.ending(word)
    blocks.continuation(rest)


def _was_broken(stem: str, tail: str, words: Collection[str]) -> bool:
    return stem + tail in words or f"{stem}-{tail}" not in words


def _begins_anew(last: str, line: str, width: int) -> bool:
    if _NUMBERED.match(line) and (_ENDS_SENTENCE.search(last) or _NUMBERED.match(last) or len(last) < 0.6 * width):
        return True
    if _ENDS_SENTENCE.search(last) and len(last) < 0.85 * width:
        return True
    return len(last) < 0.6 * width and not line[0].islower() and last[-1] not in _HYPHENS
