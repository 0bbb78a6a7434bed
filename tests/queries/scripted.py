"""A generator that replies from a script and remembers what it was asked; a search that finds three passages."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ragmed.generators.replay import Replay
from ragmed.types import Completion, Evidence, Prompt, Query
from tests.passages_for_tests import THREE

Reply = str | Sequence[str] | None
"""A reply, several, one a time it is asked, or, for None, an error."""


@dataclass(frozen=True)
class Scripted:
    """``calls`` holds the prompts of each call: the last message of each."""

    replay: Replay
    calls: list[list[str]] = field(default_factory=list)

    def complete(self, prompts: Sequence[Prompt]) -> list[Completion]:
        assert all(prompt.query.options is None for prompt in prompts), "options must not be shown"
        self.calls.append([prompt.messages[-1].content for prompt in prompts])
        return self.replay.complete(prompts)


def replies_by_query(folder: Path, replies: Mapping[str, Reply]) -> Scripted:
    """Query id → what is replied to it."""
    rows = []
    for query_id, told in replies.items():
        for text in [told] if told is None or isinstance(told, str) else told:
            rows.append({"query_id": query_id, **({"error": "timed out"} if text is None else {"text": text})})
    return Scripted(Replay(_written(folder, rows)))


def replies_in_order(folder: Path, replies: Sequence[str | None]) -> Scripted:
    """What is replied to one prompt after another; None is an error."""
    return Scripted(Replay(_written(folder, [{"error": "timed out"} if r is None else {"text": r} for r in replies])))


def _written(folder: Path, rows: Sequence[Mapping[str, str]]) -> str:
    path = folder / "replies.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def finds_three(queries: Sequence[Query], k: int) -> list[tuple[Evidence, ...]]:
    """Always the same three passages."""
    assert all(query.options is None for query in queries), "retrieval must not see the options"
    evidence = tuple(Evidence(p, 1.0, rank, {"bm25": rank}) for rank, p in enumerate(THREE, start=1))
    return [evidence[:k] for _ in queries]


def finds_nothing(queries: Sequence[Query], k: int) -> list[tuple[Evidence, ...]]:
    return [() for _ in queries]
