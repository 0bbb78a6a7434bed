"""What every reranker does first and last: read the passages down to its depth, give them back in their new order."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ragmed.types import Evidence, Passage


def with_score(evidence: Evidence, score: float, **signals: float) -> Evidence:
    """The evidence with a new score; its signals are added to those of rerankers before."""
    return replace(evidence, score=score, signals={**evidence.signals, **signals})


def best_first(read: Iterable[Evidence]) -> list[Evidence]:
    """By score; equal scores by passage id."""
    return sorted(read, key=lambda e: (-e.score, e.passage.passage_id))


def ranked(read: Sequence[Evidence], rest: Sequence[Evidence], k: int) -> tuple[Evidence, ...]:
    """The first ``k`` of those read and then of the rest, each in the order given, ranks from 1.

    The rest keep the distances between their scores, and are lowered so far that all are below those read: the two
    kinds of scores cannot be compared.
    """
    both = (*read, *(below(rest, read[-1].score) if read else rest))
    return tuple(replace(e, rank=rank) for rank, e in enumerate(both[: max(k, 0)], start=1))


def below(evidence: Sequence[Evidence], floor: float) -> list[Evidence]:
    """The evidence in its order, lowered, if need be, so far that its best score is the next below ``floor``."""
    highest = math.nextafter(floor, -math.inf)
    lowered: list[Evidence] = []
    for e in evidence:
        score = min(highest, e.score - max(0.0, evidence[0].score - highest))
        lowered.append(replace(e, score=score))
        highest = score
    return lowered


def relevances(evidence: Sequence[Evidence]) -> list[float]:
    """Each score's place between the lowest (0) and the highest (1) of them; 1 where all are the same."""
    scores = [e.score for e in evidence]
    low, high = min(scores, default=0.0), max(scores, default=0.0)
    return [(score - low) / (high - low) if high > low else 1.0 for score in scores]


def heading(passage: Passage) -> str:
    """What stands above the text: title, section and, of a question-answer pair, the question, as sentences.

    >>> heading(Passage("p", "d", 0, 0, "", "Insulin", "s", "u", "l", question="What does insulin do?"))
    'Insulin. What does insulin do?'
    """
    parts = [part.strip() for part in (passage.title, passage.section, passage.question)]
    return " ".join(part if part[-1] in ".?!:" else f"{part}." for part in parts if part)


def whole_text(passage: Passage) -> str:
    """The passage as a model reads it: its heading, then its text."""
    return f"{heading(passage)} {passage.text}".strip()
