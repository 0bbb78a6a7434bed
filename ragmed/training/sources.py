"""Where pairs come from: questions kept with passages, a file, titles, cloze sentences, or a language model.

| kind        | query                                           | passage                     | read without        |
|-------------|-------------------------------------------------|-----------------------------|---------------------|
| `questions` | the question of a question-answer pair          | its document's first        | all questions       |
| `titles`    | title and innermost heading                     | the first below them        | all titles, headings|
| `cloze`     | a passage's most telling sentence               | that passage                | the sentence        |
| `generated` | a question that a language model writes for it  | that passage                | –                   |

The last column is what a model must not see, since otherwise it would learn to find a text in itself.

Source: Lee, Chang and Toutanova 2019, "Latent Retrieval for Weakly Supervised Open Domain Question Answering"
(arXiv:1906.00300, section 5), the inverse cloze task, in which one sentence of ten stays; there it is drawn at random,
here it is the one whose terms are rarest on average. Bonifacio et al. 2022, InPars (arXiv:2202.05144), and Wang et al.
2022, GPL (arXiv:2112.07577), queries written for passages.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from ragmed.analysis.generated import without_reasoning
from ragmed.analysis.sentences import sentence_spans
from ragmed.analysis.terms import terms
from ragmed.answers.reply import parse_reply
from ragmed.errors import DamagedFile, MissingFile, RecipeError, UnknownName
from ragmed.index.open import Index
from ragmed.json_lines import objects, text_of
from ragmed.protocols import Generator, TermStatistics
from ragmed.report import Report
from ragmed.training.pairs import Negative, Pair, normal, plain_passage
from ragmed.training.pool import as_it_is, own_question
from ragmed.types import Evidence, Message, Passage, Prompt, Query

Kind: TypeAlias = Literal["questions", "titles", "cloze", "generated"]
KINDS: tuple[Kind, ...] = ("questions", "titles", "cloze", "generated")

_KEPT = 0.1
"""Share of cloze passages that keep their sentence, so that a model also learns to match words."""
_MIN_TERMS = 5
"""Distinct terms that a sentence must have to serve as a query."""
_MIN_SENTENCES = 3
_ASKED = 16
"""Passages for which a generator is asked at once."""
_ASK = (
    "Write one question that a patient or a clinician might ask and that the passage below answers. "
    "Do not refer to the passage. Reply with the question alone.\n\nPassage:\n{passage}\n\nQuestion:"
)


def reading(kind: Kind | None) -> Callable[[Passage], Passage]:
    """How any passage is read by a model that learns from pairs of that kind; None: from a file."""
    if kind == "questions":
        return lambda passage: replace(passage, question="")
    if kind == "titles":
        return lambda passage: replace(passage, title="", section="")
    return as_it_is


def asking(kind: Kind | None) -> Callable[[Passage], str]:
    """The query of that kind that any passage is known to answer."""
    return _title_query if kind == "titles" else own_question


def pairs_of_index(
    index: Index, kind: Kind, *, max_pairs: int, seed: int, report: Report, generator: Generator | None = None
) -> list[Pair]:
    """Pairs from the passages of an index, drawn at random from all there are, in the order of their rows.

    Raises:
        RecipeError: the index has no such pairs, or what the kind needs is missing.
    """
    if kind == "generated":
        found = _generated(index, max_pairs, seed, report, generator)
    elif kind == "cloze":
        found = _taken(_cloze(index, seed), max_pairs)
    else:
        found = _taken(_questions(index, seed) if kind == "questions" else _titles(index, seed), max_pairs)
    if not found:
        needs = {
            "questions": "no passage has a question; choose --queries titles, cloze or generated",
            "titles": "no passage has a title; choose --queries cloze or generated",
            "cloze": "no passage has three sentences, one of them long enough; choose --queries titles or generated",
            "generated": "the generator wrote no question; look at its replies",
        }
        raise RecipeError(f"index {index.name!r}: {needs[kind]}")
    return [pair for _, pair in sorted(found, key=lambda item: item[0])]


def pairs_of_file(path: Path, index: Index | None, *, max_pairs: int, seed: int, report: Report) -> list[Pair]:
    """Pairs from JSON lines: ``query``, then ``positive`` (a text), ``passage_id`` or ``doc_id``.

    ``negatives`` may list texts or passage ids, ``query_id`` names the query. Of a document, the passage is taken that
    the index's first retriever able to tell scores highest for the query. Of more than ``max_pairs`` a random sample
    is taken.

    Raises:
        MissingFile: there is no such file.
        DamagedFile: a line is no pair, or names a passage by an id without an index.
        UnknownName: no such passage or document in the index.
    """
    if not path.is_file():
        raise MissingFile(f"{path}: no such file of pairs")
    rows = list(objects(path))
    if not rows:
        raise DamagedFile(f"{path}: holds no pairs")
    if len(rows) > max_pairs:
        report.note("pairs of the file beyond --max-pairs", path.name)
        rows = [rows[i] for i in sorted(random.Random(seed).sample(range(len(rows)), max_pairs))]
    by_document = _rows_by_document(index, rows)
    return [_pair(row, where, f"q{n}", index, by_document) for n, (where, row) in enumerate(rows, start=1)]


def _pair(
    row: Mapping[str, Any], where: str, query_id: str, index: Index | None, by_document: Mapping[str, Sequence[int]]
) -> Pair:
    query, text = text_of(row.get("query")).strip(), text_of(row.get("positive")).strip()
    passage_id, doc_id = text_of(row.get("passage_id")), text_of(row.get("doc_id"))
    given = row.get("negatives", [])
    if not normal(query) or not (text or passage_id or doc_id) or not isinstance(given, list):
        raise DamagedFile(
            f'{where}: a pair needs "query" and one of "positive", "passage_id" and "doc_id"; "negatives" is a list'
        )
    if text:
        positive = _of_text(text, doc_id)
    elif index is None:
        raise DamagedFile(f"{where}: names its passage by an id; name the index that holds it with --index")
    elif passage_id:
        positive = index.passage(passage_id)
    elif doc_id in by_document:
        positive = index.passages[_best(index, query, by_document[doc_id])]
    else:
        raise UnknownName(f"documents in index {index.name!r}", doc_id, [], hint=f"it stands in {where}")
    negatives = tuple(Negative(_named(text_of(value), index)) for value in given if text_of(value).strip())
    return Pair(text_of(row.get("query_id")) or query_id, query, positive, negatives)


def _of_text(text: str, doc_id: str = "") -> Passage:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return plain_passage(f"text:{digest}", doc_id or f"text:{digest}", text)


def _named(value: str, index: Index | None) -> Passage:
    row = None if index is None else index.passages.row_of(value)
    return _of_text(value) if row is None or index is None else index.passages[row]


def _rows_by_document(index: Index | None, rows: Sequence[tuple[str, Mapping[str, Any]]]) -> dict[str, list[int]]:
    """The index's rows of every document that a line names without a text or a passage."""
    named = {
        text_of(row.get("doc_id")) for _, row in rows if not text_of(row.get("positive")) and not row.get("passage_id")
    }
    found: dict[str, list[int]] = {}
    if index is not None and named - {""}:
        for n, doc_id in enumerate(index.passages.doc_ids):
            if doc_id in named:
                found.setdefault(doc_id, []).append(n)
    return found


def _best(index: Index, query: str, rows: Sequence[int]) -> int:
    for name in index.retriever_names:
        scores = index.searcher.scores(name, Query("0", query), np.array(rows, dtype=np.int64))
        if scores is not None:
            return rows[int(np.argmax(scores))]
    return rows[0]


def _taken(found: Iterator[tuple[int, Pair]], n: int) -> list[tuple[int, Pair]]:
    return [pair for _, pair in zip(range(n), found, strict=False)]


def _shuffled(rows: Sequence[int], seed: int) -> list[int]:
    return [rows[i] for i in np.random.default_rng(seed).permutation(len(rows)).tolist()]


def _firsts(index: Index) -> list[int]:
    """The row of each document's first passage."""
    seen: set[str] = set()
    rows = []
    for row, doc_id in enumerate(index.passages.doc_ids):
        if doc_id not in seen:
            seen.add(doc_id)
            rows.append(row)
    return rows


def _questions(index: Index, seed: int) -> Iterator[tuple[int, Pair]]:
    read = reading("questions")
    for row in _shuffled(_firsts(index), seed):
        passage = index.passages[row]
        if passage.question.strip():
            yield row, Pair(passage.passage_id, " ".join(passage.question.split()), read(passage))


def _titles(index: Index, seed: int) -> Iterator[tuple[int, Pair]]:
    read, seen = reading("titles"), set()
    for row in _shuffled(range(len(index.passages)), seed):
        passage = index.passages[row]
        if not passage.title.strip() or (passage.doc_id, passage.section) in seen:
            continue
        seen.add((passage.doc_id, passage.section))
        first = row
        while first and _is_below_same(index, first - 1, passage):
            first -= 1
        passage = index.passages[first]
        yield first, Pair(passage.passage_id, _title_query(passage), read(passage))


def _title_query(passage: Passage) -> str:
    """Title and innermost heading, once where they are the same; empty without a title."""
    heading = passage.section.rsplit(" > ", 1)[-1]
    return " ".join(f"{passage.title} {heading if heading != passage.title else ''}".split()) if passage.title else ""


def _is_below_same(index: Index, row: int, passage: Passage) -> bool:
    return index.passages.doc_ids[row] == passage.doc_id and index.passages[row].section == passage.section


def _cloze(index: Index, seed: int) -> Iterator[tuple[int, Pair]]:
    statistics = index.term_statistics
    if statistics is None:
        raise RecipeError(
            f"index {index.name!r}: which sentence tells most is judged by how common its terms are, which none of its "
            "retrievers counts; use an index with bm25"
        )
    for row in _shuffled(range(len(index.passages)), seed):
        passage = index.passages[row]
        span = _telling_sentence(passage.text, statistics)
        if span is None:
            continue
        sentence = passage.text[span[0] : span[1]]
        kept = random.Random(f"{seed} {passage.passage_id}").random() < _KEPT
        rest = passage.text if kept else f"{passage.text[: span[0]]} {passage.text[span[1] :]}"
        text = rest if kept else " ".join(rest.split())
        yield row, Pair(passage.passage_id, " ".join(sentence.split()), replace(passage, text=text))


def _telling_sentence(text: str, statistics: TermStatistics) -> tuple[int, int] | None:
    """The sentence whose distinct terms have the highest mean inverse document frequency; of equals the first."""
    spans = sentence_spans(text)
    if len(spans) < _MIN_SENTENCES:
        return None
    best: tuple[float, tuple[int, int]] | None = None
    for start, end in spans:
        distinct = sorted(set(terms(text[start:end])))
        if len(distinct) < _MIN_TERMS:
            continue
        frequencies = statistics.document_frequencies(distinct)
        score = sum(math.log((1 + statistics.n_passages) / (1 + n)) for n in frequencies) / len(distinct)
        if best is None or score > best[0]:
            best = score, (start, end)
    return None if best is None else best[1]


def _generated(
    index: Index, max_pairs: int, seed: int, report: Report, generator: Generator | None
) -> list[tuple[int, Pair]]:
    if generator is None:
        raise RecipeError(
            "queries are generated by a language model; name it, as in: "
            """--generator '{name = "replay", path = "replies.jsonl"}'"""
        )
    rows = sorted(_shuffled(range(len(index.passages)), seed)[:max_pairs])
    found = []
    for start in range(0, len(rows), _ASKED):
        block = [(row, index.passages[row]) for row in rows[start : start + _ASKED]]
        replies = generator.complete([_prompt(passage) for _, passage in block])
        for (row, passage), reply in zip(block, replies, strict=True):
            if not reply.error and parse_reply(reply.text) is not None:
                raise RecipeError("the generator answers from evidence and writes no questions; name a language model")
            said = "" if reply.error else without_reasoning(reply.text)
            query = next((line.strip().strip("*\"“”' ") for line in said.splitlines() if line.strip()), "")
            if not query or query.startswith("<think>"):
                report.skip("no question written for a passage", passage.passage_id)
            else:
                found.append((row, Pair(passage.passage_id, query, passage)))
    return found


def _prompt(passage: Passage) -> Prompt:
    """What a generator is asked for a passage; its ``query_id`` is the passage's id, which replies may name."""
    shown = "\n".join(part for part in (passage.title, passage.section, passage.text) if part)
    return Prompt(
        Query(passage.passage_id, "Which question does the passage answer?"),
        (Evidence(passage, 1.0, 1, {}),),
        (Message("user", _ASK.format(passage=shown)),),
    )
