"""Pairs of a query and a passage that answers it, and the file in which they can be looked at.

``pairs.jsonl`` has one pair a line: ``query_id``, ``query``, ``split`` ("train" or "held_out"), ``positive`` and
``negatives``. A passage in it has its ids and the fields that a model reads (``title``, ``section``, ``question``,
``text``); a negative also the ``rank`` and ``score`` at which the search found it (rank 0: drawn at random, or given).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from ragmed.errors import DamagedFile
from ragmed.json_lines import objects, text_of
from ragmed.storage import storage_errors
from ragmed.types import Passage

Split: TypeAlias = Literal["train", "held_out"]

_WORD = re.compile(r"\w+")
_FIELDS = ("passage_id", "doc_id", "title", "section", "question", "text")


@dataclass(frozen=True, slots=True)
class Negative:
    """A passage that does not answer the query. ``rank`` 0: the search did not find it."""

    passage: Passage
    rank: int = 0
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Pair:
    """A query and a passage that answers it, as a model is to read it."""

    query_id: str
    query: str
    positive: Passage
    negatives: tuple[Negative, ...] = ()
    split: Split = "train"


def plain_passage(
    passage_id: str, doc_id: str, text: str, title: str = "", section: str = "", question: str = ""
) -> Passage:
    """A passage of what a model reads, without its source.

    >>> plain_passage("p", "d", "Fever is high.", title="Fever").end
    14
    """
    return Passage(
        passage_id, doc_id, 0, len(text), text, title, source="", url="", licence="", question=question, section=section
    )


def normal(text: str) -> str:
    """The words of a text in small letters, for telling whether two say the same.

    >>> normal(" What is\\n Fever ?")
    'what is fever'
    """
    return " ".join(_WORD.findall(text.casefold()))


def documents_by_query(pairs: Iterable[Pair]) -> dict[str, set[str]]:
    """For each query, as `normal` writes it, the documents that answer it."""
    answering: dict[str, set[str]] = {}
    for pair in pairs:
        answering.setdefault(normal(pair.query), set()).add(pair.positive.doc_id)
    return answering


def write_pairs(path: Path, pairs: Sequence[Pair]) -> None:
    """Write the file whole or not at all. Raises `StorageError`."""
    rows = (
        {
            "query_id": pair.query_id,
            "query": pair.query,
            "split": pair.split,
            "positive": _row(pair.positive),
            "negatives": [_row(n.passage) | {"rank": n.rank, "score": n.score} for n in pair.negatives],
        }
        for pair in pairs
    )
    write_whole(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def read_pairs(path: Path) -> list[Pair]:
    """What `write_pairs` wrote. Raises `DamagedFile`, naming the line."""
    return [_pair(row, where) for where, row in objects(path)]


def write_whole(path: Path, text: str) -> None:
    """Write a file beside its place and rename it into it. Raises `StorageError`."""
    partial = path.with_name(f".{path.name}.partial")
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8", errors="replace")
        os.replace(partial, path)


def _row(passage: Passage) -> dict[str, Any]:
    return {name: getattr(passage, name) for name in _FIELDS}


def _pair(row: Mapping[str, Any], where: str) -> Pair:
    try:
        split: Split = "held_out" if row["split"] == "held_out" else "train"
        negatives = tuple(Negative(_passage(n), int(n["rank"]), float(n["score"])) for n in row["negatives"])
        return Pair(text_of(row["query_id"]), text_of(row["query"]), _passage(row["positive"]), negatives, split)
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedFile(
            f"{where}: not a pair as it was written ({error}); remove the file to make it anew"
        ) from error


def _passage(row: Mapping[str, Any]) -> Passage:
    return plain_passage(**{name: text_of(row[name]) for name in _FIELDS})
