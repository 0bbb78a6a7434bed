"""Sentences of biomedical prose, as offsets: rules only, the same result each time, in linear time.

A stop followed by white space ends a sentence unless it belongs to an abbreviation ("e.g.", "Fig. 2",
"et al."), an initial ("E. coli", "J. Smith") or a number that opens an item ("1. Wash"). A blank line ends
one too, and so does a line break before a bullet, a numbered item or a label such as "METHODS:"; any other
line break is a space. What cannot be told by the word before the stop is told by the word after it, as in
Kiss and Strunk 2006, "Unsupervised Multilingual Sentence Boundary Detection" (Computational Linguistics
32(4)): "in the U.S. The …" ends a sentence, "the U.S. Congress" does not.
"""

from __future__ import annotations

import re

MAX_CHARS = 2000
"""A longer sentence is cut at white space, so that no input can make a monstrous one."""

_REFERENCE = r"\[\d{1,4}(?:[,–-] ?\d{1,4})*+\]"
_BOUNDARY = re.compile(
    # A stop with its closing marks and a reference such as [3], or a superscript one ("growth.3 We").
    rf"""(?<![.!?…])[.!?…]++["'”’»)\]]*+(?:[ ]?{_REFERENCE}|(?<=[a-z]{{3}}\.)\d{{1,3}}(?:[,–-]\d{{1,3}})*+)?+(?=\s)"""
    # A stop whose space was lost: "of life.Patients were".
    r"|(?<=[a-z]{3})\.(?=(?:[A-Z][a-z]++|A)[ ,]|[A-Z][A-Z ]{2,40}:)"
    # A blank line, then a line break before a bullet, a number or a label.
    r"|\n[^\S\n]*+(?=\n)"
    r"|\n(?=[^\S\n]*+(?:[-*•·–▪◦]\s|\#+\s|\(?\d{1,2}[.)]\s|[A-Z][A-Z &/,-]{2,60}:))"
)
_NEXT_WORD = re.compile(r"\s*+[\"'“‘«(\[]*+([^\s,;:]{0,20})")
_NUMBER_OF_ITEM = re.compile(r"\(?(?:\d{1,2}|[A-Za-z]|[ivxIVX]{1,4})")
_OWN_CAPITALS = re.compile(r"[a-z]{1,3}[A-Z0-9-]")
"""Words that begin a sentence with a small letter: mTOR, p53, pH, c-Myc."""
_ACRONYM = re.compile(r"[A-Za-z](?:\.[A-Za-z])+")

_OPENS_ANYTHING = frozenset({"e.g", "i.e", "vs", "cf", "viz", "approx", "ca", "dept", "univ"})
_OPENS_A_NAME = frozenset({"Dr", "Drs", "Mr", "Mrs", "Ms", "Prof", "St", "Mt"})
_OPENS_A_NUMBER = frozenset(
    """
    fig figs eq eqs ref refs no nos vol vols p pp sec ch suppl
    jan feb mar apr jun jul aug sep sept oct nov dec
    """.split()  # noqa: SIM905
)
_CLOSES_PERHAPS = frozenset({"al", "jr", "sr", "sp", "spp", "subsp", "var", "inc", "ltd", "co", "corp", "ph.d"})
"""Ends a sentence where the next word is one that begins sentences."""
_BEGINS_SENTENCES = frozenset(
    """
    the this these those that there here it its we our they their he his she her you your a an in on at to for from by
    with without of as if when while where after before during since because although though however therefore thus
    moreover furthermore also both each some many most all no not only one two is are was were do does did can may
    how what which who why and but or so patients results conclusions methods people
    """.split()  # noqa: SIM905
)
_HAS_A_LETTER = frozenset(
    """
    vitamin hepatitis type types group groups class grade stage phase arm case panel box strain category influenza
    factor protein coenzyme immunoglobulin appendix schedule
    """.split()  # noqa: SIM905
)
"""Words whose letter is no initial: "hepatitis B. Vaccination …"."""


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Offsets ``[start, end)`` of the sentences, in order, without the white space around them.

    The spans do not overlap and together hold every character that is not white space.

    >>> text = "E. coli grew (p < 0.05). See Fig. 2, e.g. the left. Why?"
    >>> [text[start:end] for start, end in sentence_spans(text)]
    ['E. coli grew (p < 0.05).', 'See Fig. 2, e.g. the left.', 'Why?']
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for match in _BOUNDARY.finditer(text):
        if text[match.start()] == "\n" or _ends_sentence(text, start, match):
            _add(text, start, match.end(), spans)
            start = match.end()
    _add(text, start, len(text), spans)
    return spans


def _ends_sentence(text: str, start: int, match: re.Match[str]) -> bool:
    """Whether the stop that was met ends the sentence that began at ``start``."""
    next_match = _NEXT_WORD.match(text, match.end())
    next_word = next_match.group(1) if next_match else ""
    begins_sentence = next_word.lower().rstrip(".!?)]\"'”’") in _BEGINS_SENTENCES and next_word[:1].isupper()
    # Not further back than this sentence, nor than any word worth knowing.
    before = text[max(start, match.start() - 40) : match.start()].split()
    word = before[-1].lstrip("([{\"'“‘-–/") if before else ""
    if match.group()[0] == "." and len(match.group()) == 1:
        if match.start() - start < 8 and _NUMBER_OF_ITEM.fullmatch(text[start : match.start()].strip()):
            return False
        small = word.lower()
        if small in _OPENS_ANYTHING or word in _OPENS_A_NAME:
            return False
        if small in _OPENS_A_NUMBER and (next_word[:1].isdigit() or re.match(r"[A-Z]\d", next_word)):
            return False
        if small == "etc":
            return next_word[:1].isupper()
        if small in _CLOSES_PERHAPS or _ACRONYM.fullmatch(word):
            return begins_sentence
        if len(word) == 1 and word.isupper():
            return begins_sentence or (len(before) > 1 and before[-2].lower() in _HAS_A_LETTER)
    if next_word[:1].islower() and not _OWN_CAPITALS.match(next_word):
        return "\n" in text[match.end() : next_match.start(1)] if next_match else False
    return True


def _add(text: str, start: int, end: int, spans: list[tuple[int, int]]) -> None:
    """Add the span without the white space around it, in pieces of `MAX_CHARS` at most."""
    while start < end:
        if text[start].isspace():
            start += 1
        elif text[end - 1].isspace():
            end -= 1
        elif end - start <= MAX_CHARS:
            spans.append((start, end))
            return
        else:
            cut = start + MAX_CHARS
            cut = next((i for i in range(cut, start, -1) if text[i].isspace()), cut)
            _add(text, start, cut, spans)
            start = cut
