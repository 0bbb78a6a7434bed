"""Documents written for the questions beforehand, from a file: no language model is asked.

File: JSON lines, plain or gzip, in one of two forms:

- R2MED's ``query_with_hydoc.jsonl`` (Li et al. 2025, https://arxiv.org/abs/2505.14558): ``id``, ``text``, ``hy_doc``;
- ``query_id`` or ``query`` or both, and ``documents``.

``hy_doc`` and ``documents`` are a text or a list of texts; of what a reasoning model wrote, only what follows its
reasoning is kept. A line with the words of a question (``text``, ``query``) is for questions of the same words, but
for white space; a line with an id alone is for the question of that id. Of two lines for one question the later
counts. How the documents are searched with: `ragmed.analysis.generated`, by ``convention``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ragmed.analysis.generated import Convention, with_documents, without_reasoning
from ragmed.errors import DamagedFile, MissingFile
from ragmed.json_lines import objects, text_of
from ragmed.protocols import Retrieve, Rewriter
from ragmed.queries._prompting import asked
from ragmed.types import Query


@dataclass(frozen=True)
class Generated:
    """Documents from the file ``path`` (``~`` is expanded; relative to the working directory).

    A question that the file has none for is searched as it is.

    Raises (at the first question):
        MissingFile: there is no such file.
        DamagedFile: a line that cannot be read; the message names it.
    """

    path: str
    convention: Convention = "hyde"

    def rewrite(self, queries: Sequence[Query], retrieve: Retrieve) -> list[tuple[Query, ...]]:
        return [(with_documents(query, self._documents(query), self.convention),) for query in queries]

    def _documents(self, query: Query) -> tuple[str, ...]:
        words = _words(asked(query))
        for key in (query.query_id, words), ("", words), (query.query_id, ""):
            if key in self._written:
                return self._written[key]
        return ()

    @cached_property
    def _written(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """(query id, words) → documents; a line is found by id and words, by its words, or, having none, by its id."""
        path = Path(self.path).expanduser()
        if not path.is_file():
            raise MissingFile(f"{path}: no such file of generated documents; mend the path in the recipe")
        written: dict[tuple[str, str], tuple[str, ...]] = {}
        for where, row in objects(path):
            place = f"{path.parent / where}"
            query_id = text_of(row.get("query_id", row.get("id")))
            words = _words(text_of(row.get("query", row.get("text"))))
            if not query_id and not words:
                raise DamagedFile(f"{place}: names no question; it needs a query_id or a query")
            documents = _texts(row, place)
            written[query_id, words] = documents
            if words:
                written["", words] = documents
        return written


def _words(text: str) -> str:
    return " ".join(text.split())


def _texts(row: Mapping[str, Any], place: str) -> tuple[str, ...]:
    if "documents" not in row and "hy_doc" not in row:
        raise DamagedFile(f"{place}: has no documents; it needs documents or hy_doc, a text or a list of texts")
    told = row.get("documents", row.get("hy_doc"))
    texts = told if isinstance(told, list) else [] if told is None else [told]
    if not all(isinstance(text, str) for text in texts):
        raise DamagedFile(f"{place}: its documents are not texts; give a text or a list of texts")
    return tuple(text for text in (without_reasoning(text_of(text)) for text in texts) if text)


COMPONENT: type[Rewriter] = Generated
