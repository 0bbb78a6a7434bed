"""The Python interface: open an index, search it, ask it, check an answer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from ragmed.answerer import Answerer, make_answerer
from ragmed.answers.citations import problems
from ragmed.answers.json import answer_from_json
from ragmed.errors import AnswerError, NoIndex, UnknownName
from ragmed.home import index_path, recipe_files
from ragmed.index.open import Index
from ragmed.index.places import existing
from ragmed.protocols import Entailer, Generator, Method
from ragmed.question_checks import MAX_QUESTION_CHARS, check_options, check_query, check_question
from ragmed.types import Answer, Document, Message, Query, Restriction

__all__ = [
    "MAX_QUESTION_CHARS",
    "Answerer",
    "Verification",
    "answerer",
    "ask",
    "ask_many",
    "check_options",
    "check_question",
    "open_index",
    "read_answer",
    "verify_answer",
]


def open_index(index: str | Path = "default", *, preload: bool = False) -> Index:
    """Open a built index by name or by path.

    Args:
        index: a name, as in ``indexes/<name>.toml``, or the folder of a built index.
        preload: start loading the encoder in the background, for a question that comes next.

    Raises:
        UnknownName: neither a recipe nor a folder of that name (lists those there are).
        NoIndex: there is a recipe, but the index has not been built.
        DamagedIndex, StaleIndex: see `ragmed.errors`.
    """
    if isinstance(index, Path) or "/" in index or "\\" in index:
        return Index(Path(index), preload=preload)
    path = index_path(index)
    if existing(path).is_dir():
        return Index(path, preload=preload)
    have = recipe_files("indexes")
    if index not in have:
        raise UnknownName("indexes", index, have)
    raise NoIndex(f"index {index!r} is not built; build it with: ragmed index build {index}")


def answerer(
    index: Index | str | Path = "default",
    *,
    k: int | None = None,
    restriction: Restriction | None = None,
    method: str | Mapping[str, Any] | Method | None = None,
    generator: str | Mapping[str, Any] | Generator | None = None,
    entailer: str | Mapping[str, Any] | Entailer | None = None,
) -> Answerer:
    """What `ask` answers with, for those who ask often. Arguments and errors as there."""
    opened = index if isinstance(index, Index) else open_index(index, preload=True)
    return make_answerer(opened, k=k, restriction=restriction, method=method, generator=generator, entailer=entailer)


def ask(
    question: str,
    *,
    index: Index | str | Path = "default",
    options: Mapping[str, str] | None = None,
    k: int | None = None,
    restriction: Restriction | None = None,
    method: str | Mapping[str, Any] | Method | None = None,
    generator: str | Mapping[str, Any] | Generator | None = None,
    entailer: str | Mapping[str, Any] | Entailer | None = None,
    style: str = "",
    language: str = "",
    history: Sequence[Message] = (),
    notes: Sequence[Document] = (),
) -> Answer:
    """Answer one question from an index, citing a passage for every sentence, or say that it cannot.

    Args:
        question: free text, up to 32,768 characters.
        index: an open index (best for many questions), a name, or a path.
        options: for a multiple-choice question, letter → text.
        k: passages the answer may be drawn from; None: what the recipe says (30).
        restriction: draw only on passages that pass it; the answer's trace begins with it.
        method: how it is answered: a name (``ragmed methods`` lists them), a table
            ``{"name": "direct", "by": "answer"}``, or an object; None: what the index's recipe says.
        generator: what writes the answer, likewise.
        entailer: what judges whether quotations carry a sentence, likewise; None: the words that they share.
        style: ``"brief"``, ``"clinician"`` or ``"patient"``. Generators that write heed it; one that quotes cannot.
        language: in which the answer is written (ISO 639-1, as ``"fr"``); quotations stay as they are.
        history: what was said before, the oldest turn first.
        notes: documents that the question is about, as a patient's record.

    Returns:
        An `Answer` whose ``outcome`` is ``"answered"``; ``"abstained"`` when the evidence does not carry an answer;
        ``"unparsed"`` or ``"failed"`` when a language model's reply could not be read or did not come. ``citations``
        hold verbatim quotes with their offsets; ``notices`` must be shown.

    Raises:
        QuestionError: the question is empty, binary or too long, or one of the other arguments cannot be understood.
        RecipeError: method and generator do not go together, or have no such option.
        UnknownName, IndexFault, GeneratorError: index, method or generator cannot be used.
    """
    query = Query(
        query_id="q",
        text=question,
        options=options,
        history=tuple(history),
        notes=tuple(notes),
        style=style,  # type: ignore[arg-type]  # check_query refuses what is none
        language=language,
    )
    query = check_query(query)  # before anything is opened
    made = answerer(index, k=k, restriction=restriction, method=method, generator=generator, entailer=entailer)
    [answer] = made.answer([query])
    return answer


def ask_many(
    questions: Iterable[str | Query],
    *,
    index: Index | str | Path = "default",
    k: int | None = None,
    restriction: Restriction | None = None,
    method: str | Mapping[str, Any] | Method | None = None,
    generator: str | Mapping[str, Any] | Generator | None = None,
    entailer: str | Mapping[str, Any] | Entailer | None = None,
    batch_size: int = 32,
) -> Iterator[Answer]:
    """Answer questions in their order, ``batch_size`` side by side: that many are read before the first answer comes.

    Args:
        questions: texts, which get the ids ``"q1"``, ``"q2"``, …, or `Query` records with options, style and so on.
        index, k, restriction, method, generator, entailer: as for `ask`, and made once.
        batch_size: a generator behind a server works on as many at once as it is set to.

    Raises:
        QuestionError: a question of the batch cannot be asked; `ragmed.batch` goes on where one is.
    """
    made = answerer(index, k=k, restriction=restriction, method=method, generator=generator, entailer=entailer)
    numbered = enumerate(questions, start=1)
    while batch := [q if isinstance(q, Query) else Query(f"q{n}", q) for n, q in islice(numbered, max(1, batch_size))]:
        yield from made.answer(batch)


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether every citation of an answer holds; ``problems`` says what does not."""

    ok: bool
    problems: tuple[str, ...]
    n_citations: int
    index: str
    index_id: str


def verify_answer(answer: Answer | Mapping[str, Any], index: Index | None = None) -> Verification:
    """Check each quote of an answer against the passages of an index.

    Args:
        answer: an `Answer`, or the JSON object that ``ragmed ask --json`` printed.
        index: the index to check against; None: the one that the answer's index card names.

    Raises:
        AnswerError: not an answer.
        UnknownName, IndexFault: the index cannot be used.
    """
    record = answer if isinstance(answer, Answer) else answer_from_json(answer)
    name, index_id = str(record.index_card.get("name", "")), str(record.index_card.get("index_id", ""))
    if index is None:
        if not name:
            raise AnswerError("the answer carries no index card; name the index to check against with --index")
        index = open_index(name)
    texts: dict[str, str] = {}
    for citation in record.citations:
        with suppress(UnknownName):
            texts[citation.passage_id] = index.passage(citation.passage_id).text
    found = problems(record, texts)
    if index_id and index_id != index.manifest.index_id:
        found.append(f"the answer was made from index {index_id}, this is {index.manifest.index_id}")
    return Verification(not found, tuple(found), len(record.citations), index.name, index.manifest.index_id)


def read_answer(path: Path) -> Any:
    """The JSON object in a file. Raises `AnswerError`."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise AnswerError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise AnswerError(f"{path}: not JSON ({error}); save an answer with: ragmed ask … --json > {path}") from error
