"""Text to terms, the same way for passages, queries and sentences: lower-case words, stop words out, stemmed.

Source: the analysis chain of Lucene's EnglishAnalyzer (tokenise, lower-case, stop words, stem), with the
Snowball "english" stemmer (Porter 2, https://snowballstem.org/algorithms/english/stemmer.html).
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable

import Stemmer

STOP_WORDS = frozenset(
    """
    a an and are as at be but by for from has have he her his i if in into is it its no not of on or she such that
    the their then there these they this to was were which will with
    """.split()  # noqa: SIM905
)
"""Words too common to tell passages apart: Lucene's English list and a few pronouns."""

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_MARKS = str.maketrans(dict.fromkeys("™℠®©", " "))
_CODE = re.compile(r"(?<![^\W_])([a-z]{1,8})[-\u2010\u2011\u2013](\d{1,7}[a-z]{0,2})(?![^\W_])", re.IGNORECASE)
_SEPARATE = bytes(c if chr(c).isalnum() else 0x20 for c in range(128)) + bytes(range(128, 256))
_local = threading.local()


def words(text: str) -> list[str]:
    """Lower-case words in order; accents folded (é → e), possessive 's dropped, trade marks (™) left out.

    >>> words("Crohn's disease: TNF-α, 5.5 mg Humira®")
    ['crohn', 'disease', 'tnf', 'α', '5', '5', 'mg', 'humira']
    """
    text = text.lower()
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text.translate(_MARKS)).lower()
        text = "".join(c for c in decomposed if not unicodedata.combining(c))
    return [w[:-2] if w.endswith(("'s", "’s")) else w for w in _WORD.findall(text)]


def bag_of_words(text: str) -> list[str]:
    """The words of a text as `words` finds them, in another order, and faster.

    What is ASCII without apostrophe, most of any text, is cut by a table; the rest goes the way of `words`.

    >>> bag_of_words("Crohn's disease: 5.5 mg")
    ['disease', '5', '5', 'mg', 'crohn']
    """
    text = text.lower()
    if text.isascii() and "'" not in text:
        return text.encode().translate(_SEPARATE).decode().split()
    easy: list[str] = []
    hard: list[str] = []
    for piece in text.split():
        (easy if piece.isascii() and "'" not in piece else hard).append(piece)
    return " ".join(easy).encode().translate(_SEPARATE).decode().split() + words(" ".join(hard))


def codes(text: str) -> list[str]:
    """The codes that a hyphen parts, in one word each: another text may write them so.

    >>> codes("AZD-0530 and anti-PD-1 for COVID-19, not IL6 or beta-blockers")
    ['azd0530', 'pd1', 'covid19']
    """
    return [match[1].lower() + match[2].lower() for match in _CODE.finditer(text)]


def joined_codes(text: str) -> str:
    """The text with each of its `codes` in one word.

    >>> joined_codes("AZD-0530 and anti-PD-1")
    'AZD0530 and anti-PD1'
    """
    return _CODE.sub(r"\1\2", text)


def stem(word_list: Iterable[str]) -> list[str]:
    """The stem of each word; words that share a stem are one term.

    >>> stem(["aneurysms", "aneurysm"])
    ['aneurysm', 'aneurysm']
    """
    stemmer = getattr(_local, "stemmer", None)
    if stemmer is None:
        # One per thread: a Snowball stemmer object must not be shared between threads.
        stemmer = _local.stemmer = Stemmer.Stemmer("english", 0)
    stemmed: list[str] = stemmer.stemWords(list(word_list))
    return stemmed


def terms(text: str) -> list[str]:
    """The terms of a text in order, with repetitions.

    >>> terms("Which diseases are inherited with aortic root aneurysms?")
    ['diseas', 'inherit', 'aortic', 'root', 'aneurysm']
    """
    return stem(w for w in words(text) if w not in STOP_WORDS)
