"""The words of a long answer, and what an entailment model makes of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ragmed.protocols import Entailer
from ragmed.types import Claim, Question, Result

_MARKER = re.compile(r"\s*\[\d+\]")


def text_of(result: Result | None) -> str | None:
    """The answer without its citation markers; empty where it abstains, None where there is none."""
    if result is None:
        return None
    if result.answer is None:
        return result.reply
    if result.answer.outcome == "abstained":
        return ""
    if result.answer.outcome != "answered":
        return None
    return _MARKER.sub("", result.answer.text)


def judged(
    entailer: Entailer,
    questions: Sequence[Question],
    results: Mapping[str, Result],
    claims: Mapping[str, Sequence[Claim]],
) -> Mapping[str, list[tuple[float, float]]]:
    """For each question that was answered in words, what the entailer says of its claims; one call for all."""
    texts = {question.query.query_id: text_of(results.get(question.query.query_id)) for question in questions}
    pairs = [
        (query_id, text, claim.text)
        for query_id, text in texts.items()
        if text is not None and text.strip()
        for claim in claims[query_id]
    ]
    found: dict[str, list[tuple[float, float]]] = {}
    for (query_id, _, _), judgement in zip(
        pairs, entailer.judge([(text, claim) for _, text, claim in pairs]), strict=True
    ):
        found.setdefault(query_id, []).append(judgement)
    return found
