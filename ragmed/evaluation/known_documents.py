"""Which judged documents an index does not hold: they cannot be found, and still count in the ideal ranking."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ragmed.types import Question


def unknown_documents(questions: Sequence[Question], doc_ids: Iterable[str]) -> dict[str, list[str]]:
    """Document id → ids of the questions to which it is relevant, for those that are not among ``doc_ids``.

    ``doc_ids`` is read once, and no further than needed.

    >>> from ragmed.types import Query
    >>> unknown_documents([Question(Query("1", "Why?"), relevant={"a": 1, "b": 2, "c": 0})], ["a"])
    {'b': ['1']}
    """
    unknown: dict[str, list[str]] = {}
    for question in questions:
        for doc_id, grade in question.relevant.items():
            if grade > 0:
                unknown.setdefault(doc_id, []).append(question.query.query_id)
    for doc_id in doc_ids:
        if unknown.pop(doc_id, None) is not None and not unknown:
            break
    return dict(sorted(unknown.items()))
