"""Which of a benchmark's questions and answers stand in the documents that are searched.

A question that is found makes a benchmark easier than it looks; the report prints how many are, and the
measures without them.

Source: `ragmed.collection.audit`, after Brown et al. 2020 (arXiv:2005.14165), appendix C.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from ragmed.collection.audit import audit
from ragmed.collection.benchmark_files import BenchmarkQuestion
from ragmed.types import Document, Question

N_HITS = 100
"""Hits kept in the summary."""


def leakage(
    questions: Sequence[Question], documents: Iterable[Document], *, n: int = 8, threshold: float = 0.5
) -> dict[str, Any]:
    """The audit as JSON values: counts by group, the first hits, and the ids of all questions found.

    ``documents`` are read once. Of an index they are ``join_passages(index.passages)``.
    """
    found = audit(documents, [_asked(question) for question in questions], n=n, threshold=threshold)
    query_ids = dict.fromkeys(hit.question_id for hit in found.hits)
    return {
        "n": found.n,
        "threshold": found.threshold,
        "n_documents": found.n_documents,
        "groups": {name: asdict(counts) | {"share": counts.share} for name, counts in found.found.items()},
        "n_hits": len(found.hits),
        "hits": [asdict(hit) for hit in found.hits[:N_HITS]],
        "query_ids": [question.query.query_id for question in questions if question.query.query_id in query_ids],
    }


def _asked(question: Question) -> BenchmarkQuestion:
    options = question.query.options or {}
    answer = options.get(question.choice, question.choice) or question.reference
    return BenchmarkQuestion(
        benchmark=question.group,
        question_id=question.query.query_id,
        question=question.query.text,
        answer=answer,
        options=tuple(options.values()),
    )
