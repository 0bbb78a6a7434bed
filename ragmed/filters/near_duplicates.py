"""Of documents that say the same in the same words, only the first.

Source: Broder 1997, "On the resemblance and containment of documents" (SEQUENCES): documents as sets of shingles,
their Jaccard similarity estimated by MinHash; candidates by locality-sensitive hashing as in Leskovec, Rajaraman and
Ullman, "Mining of Massive Datasets", chapter 3. MinHash and the buckets are those of `rensa`.

Compared are title, question and text together. Much that is written of diseases follows a template, and the pages of
two diseases then differ in little but the name; to lose one of them would be to lose what is known of a disease. So
two documents are no near-duplicates where one has a content word in its title that the other's title has not, and
uses it in its text; nor are two answers to questions that differ in a content word.

What is refused is not remembered: of a chain of small changes every document is compared with those kept. A document
remembered takes 2.5 kB, of which signature and buckets 1.9 (measured on 50,000 documents of 150 words).
"""

from __future__ import annotations

import hashlib
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from rensa import RMinHash, RMinHashLSH

from ragmed.analysis.questions import content_terms
from ragmed.analysis.terms import terms
from ragmed.protocols import Filter
from ragmed.types import Document

MAX_PAIRS = 1000
"""Pairs kept as examples."""

_N_PERMUTATIONS, _N_BANDS, _SEED = 128, 16, 1
"""A pair of Jaccard s shares one of 16 buckets of 8 values with probability 1-(1-s⁸)¹⁶: 0.95 at 0.8, 0.06 at 0.5."""
_WORD = re.compile(r"\w+")
_SPACE = re.compile(r"\s+")
_BLOCK = 4096
"""Shingles hashed at once."""
_SUBJECT_CHARS = 100_000
"""So far a text is searched for the words of its title."""


@dataclass(frozen=True)
class Pair:
    """A document refused, the one kept that it repeats, and their estimated similarity (1: the same text)."""

    refused_id: str
    kept_id: str
    similarity: float


@dataclass(frozen=True)
class NearDuplicates:
    """Refuses a document whose word shingles share at least ``threshold`` (Jaccard, estimated) with an earlier one's.

    The estimate is off by 0.035 (standard error) at 0.8. Texts that differ in white space and case alone are "exact
    duplicates", whatever they name. ``pairs`` holds the first `MAX_PAIRS` found.
    """

    threshold: float = 0.8
    shingle_words: int = 5
    pairs: list[Pair] = field(default_factory=list, init=False, repr=False, compare=False)
    _seen: _Seen = field(default_factory=lambda: _Seen(), init=False, repr=False, compare=False)

    def refuse(self, documents: Sequence[Document]) -> list[str]:
        return [self._reason(document) for document in documents]

    def _reason(self, document: Document) -> str:
        text = "\n".join((document.title, document.question, document.text)).casefold()
        digest = hashlib.blake2b(
            _SPACE.sub(" ", text).strip().encode("utf-8", "surrogatepass"), digest_size=16
        ).digest()
        same = self._seen.row_of(digest)
        if same is not None:
            self._add_pair(document, same, 1.0)
            return "exact duplicate"
        sketch = _sketch(text, self.shingle_words)
        subject = _Subject.of(document)
        for row, similarity in self._seen.like(sketch):
            if similarity < self.threshold:
                break
            if subject.agrees(self._seen.subjects[row]):
                self._add_pair(document, row, similarity)
                return "near-duplicate"
        self._seen.add(document.doc_id, digest, sketch, subject)
        return ""

    def _add_pair(self, document: Document, row: int, similarity: float) -> None:
        if len(self.pairs) < MAX_PAIRS:
            self.pairs.append(Pair(document.doc_id, self._seen.doc_ids[row], similarity))


@dataclass(frozen=True, slots=True)
class _Subject:
    """The content terms of title and question, and those that the text is about: joined by spaces, to be small.

    It is about those that it uses, and the answer to a question about all of them.
    """

    named: str
    about: str

    @classmethod
    def of(cls, document: Document) -> _Subject:
        named = content_terms(f"{document.title}\n{document.question}")
        about = set(named)
        if not document.question:
            about &= set(terms(document.text[:_SUBJECT_CHARS]))
        return cls(" ".join(named), " ".join(sorted(about)))

    def agrees(self, other: _Subject) -> bool:
        """Whether neither is about something that the other does not name."""
        return set(self.about.split()) <= set(other.named.split()) and set(other.about.split()) <= set(
            self.named.split()
        )


class _Seen:
    """The documents kept so far, one row each."""

    def __init__(self) -> None:
        self.doc_ids: list[str] = []
        self.subjects: list[_Subject] = []
        self._rows: dict[bytes, int] = {}
        self._signatures: NDArray[np.uint32] = np.zeros((0, _N_PERMUTATIONS), dtype=np.uint32)
        self._buckets = RMinHashLSH(0.5, _N_PERMUTATIONS, _N_BANDS)

    def row_of(self, digest: bytes) -> int | None:
        return self._rows.get(digest)

    def like(self, sketch: RMinHash) -> list[tuple[int, float]]:
        """Rows that share a bucket and their similarity, the most similar first, of equals the earliest."""
        rows = np.array(sorted(self._buckets.query(sketch)), dtype=np.intp)
        if not len(rows):
            return []
        signature = np.array(sketch.digest(), dtype=np.uint32)
        similarities = (self._signatures[rows] == signature).mean(axis=1)
        order = np.argsort(-similarities, kind="stable")
        return [(int(rows[i]), float(similarities[i])) for i in order]

    def add(self, doc_id: str, digest: bytes, sketch: RMinHash, subject: _Subject) -> None:
        row = len(self.doc_ids)
        if row == len(self._signatures):
            more = np.zeros((max(1024, row // 2), _N_PERMUTATIONS), dtype=np.uint32)
            self._signatures = np.concatenate([self._signatures, more])
        self._signatures[row] = sketch.digest()
        self._buckets.insert(row, sketch)
        self._rows[digest] = row
        self.doc_ids.append(doc_id)
        self.subjects.append(subject)


def _sketch(text: str, shingle_words: int) -> RMinHash:
    sketch = RMinHash(_N_PERMUTATIONS, _SEED)
    block: list[str] = []
    for shingle in shingles(text, shingle_words):
        block.append(shingle)
        if len(block) == _BLOCK:
            sketch.update(block)
            block.clear()
    sketch.update(block)
    return sketch


def shingles(text: str, n_words: int) -> Iterator[str]:
    """Every run of ``n_words`` words; a shorter text is one shingle.

    >>> list(shingles("to be, or not", 3)), list(shingles("To be", 3))
    (['to be or', 'be or not'], ['To be'])
    """
    recent: deque[str] = deque(maxlen=n_words)
    n = 0
    for match in _WORD.finditer(text):
        recent.append(match.group())
        n += 1
        if n >= n_words:
            yield " ".join(recent)
    if n < n_words:
        yield " ".join(recent)


COMPONENT: type[Filter] = NearDuplicates
