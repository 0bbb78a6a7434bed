"""The Python interface: open an index, search it, ask it, check an answer."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from ragmed import catalog
from ragmed.answers.citations import problems
from ragmed.answers.json import answer_from_json
from ragmed.errors import AnswerError, NoIndex, QuestionError, UnknownName
from ragmed.home import index_path, recipe_files
from ragmed.index.layout import existing
from ragmed.index.open import Index
from ragmed.index.restriction import in_words
from ragmed.protocols import Generator, Method, Retrieve
from ragmed.types import Answer, Query, Restriction

MAX_QUESTION_CHARS = 32_768
"""Longer questions are refused: a case report fits, a file pasted by mistake does not."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")


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


def check_question(question: str) -> str:
    """The question, trimmed, in Unicode normal form C. Raises `QuestionError`, saying what is wrong."""
    if not isinstance(question, str):
        raise QuestionError(f"a question must be text, not {type(question).__name__}")
    if len(question) > MAX_QUESTION_CHARS:
        raise QuestionError(f"the question has {len(question):,} characters; the limit is {MAX_QUESTION_CHARS:,}")
    if _CONTROL.search(question):
        raise QuestionError("the question contains control characters or binary data; ask in plain text (UTF-8)")
    question = unicodedata.normalize("NFC", question).strip()
    if not any(c.isalnum() for c in question):
        raise QuestionError('the question is empty; ask something, as in: ragmed ask "What is arachnodactyly?"')
    return question


def check_options(options: Mapping[str, str] | None) -> dict[str, str] | None:
    """The choices, checked. Raises `QuestionError`: fewer than two, or an empty one."""
    if options is None:
        return None
    checked = {str(letter).strip(): check_question(text) for letter, text in options.items()}
    if len(checked) < 2 or "" in checked:
        raise QuestionError("a multiple-choice question needs at least two options, each with a letter and a text")
    return checked


def ask(
    question: str,
    *,
    index: Index | str | Path = "default",
    options: Mapping[str, str] | None = None,
    k: int | None = None,
    restriction: Restriction | None = None,
) -> Answer:
    """Answer one question from an index, citing a passage for every sentence, or say that it cannot.

    Args:
        question: free text, up to 32,768 characters.
        index: an open index (best for many questions), a name, or a path.
        options: for a multiple-choice question, letter → text.
        k: passages the answer may be drawn from; None: what the recipe says (30).
        restriction: draw only on passages that pass it; the answer's trace begins with it.

    Returns:
        An `Answer` whose ``outcome`` is ``"answered"`` or, when the evidence does not carry an answer,
        ``"abstained"``; ``citations`` hold verbatim quotes with their offsets.

    Raises:
        QuestionError: the question is empty, binary or too long, or the restriction cannot be understood.
        UnknownName, IndexFault: the index cannot be used.
    """
    query = Query("q", check_question(question), check_options(options))
    opened = index if isinstance(index, Index) else open_index(index, preload=True)
    recipe = opened.recipe
    given: dict[str, Any] = {} if k is None else {"k": k}
    method_table = {key: value for key, value in recipe.method.items() if key not in given}
    method: Method = catalog.make("methods", method_table, f"{recipe.path}: [method]", **given)
    generator: Generator = catalog.make(
        "generators", recipe.generator, f"{recipe.path}: [generator]", term_statistics=opened.term_statistics
    )
    retrieve: Retrieve = partial(opened.search, restriction=restriction)
    [answer] = method.answer([query], retrieve, generator)
    if answer.outcome == "abstained":
        answer = replace(answer, text=f"No answer found. {answer.text} {_searched(opened, restriction)}")
    if restriction is not None:
        answer = replace(answer, trace=({"step": "restrict", "to": in_words(restriction)}, *answer.trace))
    return replace(answer, index_card=opened.card())


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
        row = index.passages.row_of(citation.passage_id)
        if row is not None:
            texts[citation.passage_id] = index.passages[row].text
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


def _searched(index: Index, restriction: Restriction | None) -> str:
    table = index.manifest.table
    corpora = "; ".join(
        corpus["title"] + (f", release {corpus['release']}" if corpus["release"] else "") for corpus in table["corpora"]
    )
    only = "" if restriction is None else f", restricted to: {in_words(restriction)}"
    return (
        f"Searched the {table['n_passages']:,} passages of index {index.name!r} ({corpora}) "
        f"with {' and '.join(index.retriever_names)}{only}."
    )
