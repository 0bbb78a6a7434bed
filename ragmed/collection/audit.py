"""Which questions and answers of benchmarks stand in a corpus, by overlap of word n-grams.

Words are those of `ragmed.analysis.terms.words`: lower case, without punctuation and accents. A question has
one n-gram for each run of ``n`` of its words; one of fewer words than ``n`` is a single n-gram. The share of its
n-grams that one document holds, in title, question or text, is its containment there; at ``threshold`` or above
it counts as found. Answers of ``n`` words and more are looked for in the same way; for shorter ones, what is told
is whether they stand in a document in which the question was found. Questions of fewer than `MIN_WORDS` words
are not looked for. N-grams that occur in more than `MAX_QUESTIONS` different questions of one benchmark ("which of
the following is the most likely diagnosis") count for nothing.

``n`` is 8 unless told: the least with which Brown et al. found few chance overlaps; 13, with which they
cleaned their training data, is longer than half of the questions of many medical benchmarks.

Source: Brown et al. 2020, "Language Models are Few-Shot Learners" (arXiv:2005.14165), appendix C.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ragmed.analysis.terms import words
from ragmed.collection.benchmark_files import BenchmarkQuestion
from ragmed.types import Document

MIN_WORDS = 5
MAX_QUESTIONS = 3
N_DOCUMENTS = 5
"""Documents named for each question, those with the highest containment."""

Part = Literal["question", "answer"]
_FIELDS = ("title", "question", "text")
_UNTELLING = frozenset(
    ["yes", "no", "maybe", "true", "false", "a", "b", "c", "d", "e", "n a", "none", "all", "both", "other", "others"]
) | {"all of the above", "all the above", "none of the above", "all of these", "none of these"}
"""Answers that stand in every other document by chance."""

_BATCH_WORDS = 1 << 20
_PIECE = 1 << 20
_FILTER_BITS = 22
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Hit:
    """A document that holds (much of) a benchmark's question or answer.

    ``question_share`` and ``answer_share`` are the containments, 0–1. ``has_answer`` tells whether the answer
    stands there word for word; None where that would tell nothing (yes, no, none of the above) or the
    answer is not known. ``overlap`` is the longest run of words in common, in ``field`` of the document.
    """

    benchmark: str
    question_id: str
    question: str
    doc_id: str
    url: str
    field: str
    question_share: float
    answer_share: float
    has_answer: bool | None
    overlap: str


@dataclass(slots=True)
class Found:
    """What was found of one benchmark; counts are of its questions.

    ``n_searched`` of ``n_questions`` could be looked for: the others are too short, or made of common phrases.
    ``n_question``: the question stands in a document; ``n_with_answer``: in one that also holds its answer;
    ``n_answer``: a long answer stands in a document; ``n_any``: question or answer does.
    """

    n_questions: int = 0
    n_searched: int = 0
    n_question: int = 0
    n_with_answer: int = 0
    n_answer: int = 0
    n_any: int = 0

    @property
    def share(self) -> float:
        """``n_any`` of all questions."""
        return self.n_any / self.n_questions if self.n_questions else 0.0


@dataclass(frozen=True)
class Audit:
    """``found`` by benchmark, in the order of the files, and the documents, question by question."""

    n: int
    threshold: float
    n_documents: int
    found: dict[str, Found]
    hits: tuple[Hit, ...]


@dataclass(slots=True)
class _Entry:
    """One different question, however many benchmarks have it, and what has been found of it."""

    questions: list[BenchmarkQuestion]
    answer_ids: NDArray[np.uint32] | None
    n_grams: dict[Part, int] = field(default_factory=dict)
    parts_found: set[str] = field(default_factory=set)
    best: list[tuple[float, int, Hit]] = field(default_factory=list)


def audit(
    documents: Iterable[Document], questions: Sequence[BenchmarkQuestion], *, n: int = 8, threshold: float = 0.5
) -> Audit:
    """Look for ``questions`` and their answers in ``documents``, which are read once."""
    search = _Search(questions, n, threshold)
    batch = _Batch(search.id_of, 0)
    for document in documents:
        batch.add(document)
        if batch.n_words >= _BATCH_WORDS:
            search.look(batch)
            batch = _Batch(search.id_of, batch.first + len(batch.documents))
    search.look(batch)
    return Audit(n, threshold, batch.first + len(batch.documents), search.found(questions), tuple(search.hits()))


class _Search:
    """The n-grams of all questions, and what has been found of them so far."""

    def __init__(self, questions: Sequence[BenchmarkQuestion], n: int, threshold: float) -> None:
        self._threshold = threshold
        self.id_of: dict[str, int] = {}
        self._entries: list[_Entry] = []
        probes: list[tuple[int, Part, NDArray[np.uint32], int]] = []
        same: dict[tuple[object, ...], _Entry] = {}
        for question in questions:
            asked, answer = words(question.question), words(question.answer)
            key = (tuple(asked), tuple(answer), frozenset(map(str.casefold, question.options)))
            if key in same:
                same[key].questions.append(question)
                continue
            asked_ids, answer_ids = self._ids(asked), self._ids(answer)
            telling = bool(answer) and " ".join(answer) not in _UNTELLING
            entry = same[key] = _Entry([question], answer_ids if telling else None)
            if len(asked) >= MIN_WORDS:
                probes.append((len(self._entries), "question", asked_ids, min(n, len(asked))))
            if len(answer) >= n:
                probes.append((len(self._entries), "answer", answer_ids, n))
            self._entries.append(entry)
        self._word_of = ["", *self.id_of]
        self._mix = np.random.default_rng(0).integers(0, 2**63, len(self._word_of), dtype=np.uint64)
        self._grams: list[tuple[int, ...]] = []
        self._holders: list[list[tuple[int, Part]]] = []
        self._index(probes)

    def _ids(self, word_list: Sequence[str]) -> NDArray[np.uint32]:
        return np.array([self.id_of.setdefault(w, len(self.id_of) + 1) for w in word_list], dtype=np.uint32)

    def _index(self, probes: Sequence[tuple[int, Part, NDArray[np.uint32], int]]) -> None:
        holders: dict[tuple[int, ...], dict[tuple[int, Part], None]] = defaultdict(dict)
        for entry, part, ids, size in probes:
            listed = ids.tolist()
            for start in range(len(listed) - size + 1):
                holders[tuple(listed[start : start + size])][entry, part] = None
        for gram, held_by in holders.items():
            if self._is_common({entry for entry, _ in held_by}):
                continue
            self._grams.append(gram)
            self._holders.append(list(held_by))
            for entry, part in held_by:
                counts = self._entries[entry].n_grams
                counts[part] = counts.get(part, 0) + 1
        by_size: dict[int, list[int]] = defaultdict(list)
        for number, gram in enumerate(self._grams):
            by_size[len(gram)].append(number)
        self._tables = {size: self._table(size, by_size[size]) for size in sorted(by_size)}

    def _is_common(self, entries: Set[int]) -> bool:
        """Whether more than `MAX_QUESTIONS` questions of one benchmark share an n-gram.

        That several benchmarks have the same question, in other words perhaps, makes nothing common.
        """
        sets = (dict.fromkeys(question.benchmark for question in self._entries[entry].questions) for entry in entries)
        return max(Counter(name for names in sets for name in names).values()) > MAX_QUESTIONS

    def _table(self, size: int, numbers: Sequence[int]) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[Any]]:
        """Hashes of the n-grams of one size, sorted; their numbers; a filter that knows most other hashes."""
        ids = np.array([self._grams[number] for number in numbers], dtype=np.uint32)
        hashes = self._mix[ids[:, 0]]
        for column in range(1, size):
            hashes = hashes * _MULTIPLIER + self._mix[ids[:, column]]
        order = np.argsort(hashes, kind="stable")
        known = np.zeros(1 << _FILTER_BITS, dtype=bool)
        known[hashes >> np.uint64(64 - _FILTER_BITS)] = True
        return hashes[order], np.array(numbers, dtype=np.int64)[order], known

    def _rolling(self, ids: NDArray[np.uint32], max_size: int) -> Iterator[tuple[int, NDArray[np.uint64]]]:
        """(size, hash of the window of that size at each place) for sizes 1, 2, …"""
        mixed = self._mix[ids]
        hashes = mixed
        yield 1, hashes
        for size in range(2, max_size + 1):
            if len(ids) < size:
                return
            hashes = hashes[:-1] * _MULTIPLIER + mixed[size - 1 :]
            yield size, hashes

    def look(self, batch: _Batch) -> None:
        """Find what a batch of documents holds."""
        if not self._tables or not batch.n_words:
            return
        ids = batch.ids()
        grams: dict[tuple[int, int], dict[Part, set[int]]] = defaultdict(lambda: defaultdict(set))
        spans: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
        for place, number in self._matches(ids):
            at = batch.document_at(place)
            for holder, part in self._holders[number]:
                grams[at, holder][part].add(number)
                spans[at, holder].append((place, place + len(self._grams[number])))
        for (at, number), by_part in sorted(grams.items(), key=lambda item: item[0]):
            entry = self._entries[number]
            shares = {part: len(found) / entry.n_grams[part] for part, found in by_part.items()}
            reached = {part for part, share in shares.items() if share >= self._threshold}
            if reached:
                entry.parts_found |= reached
                run = _longest_run(spans[at, number])
                hit = self._hit(entry, shares, batch, ids, at, run)
                if hit.has_answer and "question" in reached:
                    entry.parts_found.add("with_answer")
                entry.best.append((-max(shares.values()), batch.first + at, hit))
                entry.best = sorted(entry.best, key=lambda kept: kept[:2])[:N_DOCUMENTS]

    def _hit(
        self,
        entry: _Entry,
        shares: Mapping[Part, float],
        batch: _Batch,
        ids: NDArray[np.uint32],
        at: int,
        run: tuple[int, int],
    ) -> Hit:
        document, first = batch.documents[at], entry.questions[0]
        has_answer = None
        if entry.answer_ids is not None:
            long_answer_found = shares.get("answer", 0.0) >= self._threshold
            has_answer = long_answer_found or _holds(batch.ids_of(ids, at), entry.answer_ids)
        return Hit(
            benchmark=first.benchmark,
            question_id=first.question_id,
            question=first.question,
            doc_id=document.doc_id,
            url=document.url,
            field=batch.field_at(run[0]),
            question_share=round(shares.get("question", 0.0), 4),
            answer_share=round(shares.get("answer", 0.0), 4),
            has_answer=has_answer,
            overlap=" ".join(self._word_of[word] for word in ids[slice(*run)]),
        )

    def _matches(self, ids: NDArray[np.uint32]) -> Iterator[tuple[int, int]]:
        """(place, number of the n-gram that stands there), in order of size, then of place."""
        longest = max(self._tables)
        for start in range(0, len(ids), _BATCH_WORDS):
            block = ids[start : start + _BATCH_WORDS + longest - 1]
            for size, hashes in self._rolling(block, longest):
                if size not in self._tables:
                    continue
                known_hashes, numbers, known = self._tables[size]
                places = np.flatnonzero(known[hashes[:_BATCH_WORDS] >> np.uint64(64 - _FILTER_BITS)])
                slots = np.searchsorted(known_hashes, hashes[places])
                slots[slots == len(known_hashes)] = 0
                same = known_hashes[slots] == hashes[places]
                for place, number in zip(places[same].tolist(), numbers[slots[same]].tolist(), strict=True):
                    if tuple(block[place : place + size].tolist()) == self._grams[number]:
                        yield start + place, number

    def found(self, questions: Sequence[BenchmarkQuestion]) -> dict[str, Found]:
        """Counts by benchmark."""
        found = {question.benchmark: Found() for question in questions}
        for entry in self._entries:
            for question in entry.questions:
                counts = found[question.benchmark]
                counts.n_questions += 1
                counts.n_searched += bool(entry.n_grams)
                counts.n_question += "question" in entry.parts_found
                counts.n_with_answer += "with_answer" in entry.parts_found
                counts.n_answer += "answer" in entry.parts_found
                counts.n_any += bool(entry.parts_found)
        return found

    def hits(self) -> Iterator[Hit]:
        """Every question's documents, best first; a question of several benchmarks for each of them."""
        for entry in self._entries:
            for question in entry.questions:
                for _, _, hit in entry.best:
                    yield replace(hit, benchmark=question.benchmark, question_id=question.question_id)


class _Batch:
    """Documents as one array of word ids; 0 stands for a word of no question and between two fields."""

    def __init__(self, id_of: dict[str, int], first: int) -> None:
        self._id_of = id_of
        self.first = first
        """How many documents came before."""
        self._pieces: list[NDArray[np.uint32]] = []
        self._document_starts: list[int] = []
        self._field_starts: list[int] = []
        self._field_names: list[str] = []
        self.documents: list[Document] = []
        self.n_words = 0

    def add(self, document: Document) -> None:
        self.documents.append(document)
        self._document_starts.append(self.n_words)
        for name in _FIELDS:
            text = getattr(document, name)
            if text:
                self._field_starts.append(self.n_words)
                self._field_names.append(name)
                for piece in _pieces(text):
                    self._append([self._id_of.get(w, 0) for w in words(piece)])
                self._append([0])

    def _append(self, ids: list[int]) -> None:
        self._pieces.append(np.array(ids, dtype=np.uint32))
        self.n_words += len(ids)

    def ids(self) -> NDArray[np.uint32]:
        return np.concatenate(self._pieces)

    def ids_of(self, ids: NDArray[np.uint32], at: int) -> NDArray[np.uint32]:
        """The part of the array that is one document."""
        starts = [*self._document_starts[at : at + 2], len(ids)]
        return ids[starts[0] : starts[1]]

    def document_at(self, place: int) -> int:
        return int(np.searchsorted(self._document_starts, place, side="right")) - 1

    def field_at(self, place: int) -> str:
        return self._field_names[int(np.searchsorted(self._field_starts, place, side="right")) - 1]


def _pieces(text: str) -> Iterator[str]:
    """A text cut at blanks into pieces short enough to be lists of words."""
    start = 0
    while len(text) - start > _PIECE:
        blank = max(text.rfind(" ", start, start + _PIECE), text.rfind("\n", start, start + _PIECE))
        end = blank + 1 if blank > start else start + _PIECE
        yield text[start:end]
        start = end
    yield text[start:]


def _longest_run(spans: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The longest stretch that overlapping or adjoining spans cover; of two, the first.

    >>> _longest_run([(10, 18), (3, 5), (11, 19), (30, 38)])
    (10, 19)
    """
    best = current = (0, 0)
    for start, end in sorted(spans):
        current = (current[0], max(current[1], end)) if start <= current[1] and current[1] else (start, end)
        if current[1] - current[0] > best[1] - best[0]:
            best = current
    return best


def _holds(ids: NDArray[np.uint32], wanted: NDArray[np.uint32]) -> bool:
    """Whether a run of words stands in a document.

    >>> _holds(np.array([1, 2, 2, 3]), np.array([2, 3])), _holds(np.array([2]), np.array([2, 3]))
    (True, False)
    """
    places = np.flatnonzero(ids[: len(ids) - len(wanted) + 1] == wanted[0]) if len(ids) >= len(wanted) else ids[:0]
    for offset, word in enumerate(wanted[1:], start=1):
        places = places[ids[places + offset] == word]
    return bool(len(places))
