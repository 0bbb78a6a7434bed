"""What a system made of each question, written a line at a time, so that an evaluation goes on where it stopped.

``results.jsonl`` begins with a line that identifies what was run; a file that begins otherwise is begun anew, and a
last line that was cut is dropped. Times are kept apart, in ``durations.jsonl``: they differ from run to run, and
nothing else here does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ragmed.answers.json import answer_from_json, to_json
from ragmed.types import Answer, Evidence, Hit, Passage, Result

RESULTS, DURATIONS = "results.jsonl", "durations.jsonl"


class ResultsFile:
    """The results of one system, in its folder. ``fingerprint`` identifies everything they depend on."""

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self._results, self._durations = folder / RESULTS, folder / DURATIONS
        self._head = json.dumps({"fingerprint": fingerprint}) + "\n"

    def done(self) -> set[str]:
        """Ids of the questions that are there; what cannot be continued is removed, and answers that failed are."""
        lines = self._whole_lines(self._results)
        if not lines or lines[0] != self._head:
            self._results.parent.mkdir(parents=True, exist_ok=True)
            self._results.write_text(self._head, encoding="utf-8")
            self._durations.write_text("", encoding="utf-8")
            return set()
        tables = [json.loads(line) for line in lines[1:]]
        failed = [(table.get("answer") or {}).get("outcome") == "failed" for table in tables]
        kept = [line for line, is_failed in zip(lines[1:], failed, strict=True) if not is_failed]
        fresh = self._results.with_name(f".{RESULTS}.part")
        fresh.write_text("".join([self._head, *kept]), encoding="utf-8")
        fresh.replace(self._results)
        self._durations.write_text("".join(self._whole_lines(self._durations)), encoding="utf-8")
        return {table["query_id"] for table, is_failed in zip(tables, failed, strict=True) if not is_failed}

    def append(self, results: Iterable[Result]) -> None:
        """Add results, and their times."""
        results = list(results)
        with self._durations.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps([result.query_id, result.duration_s]) + "\n" for result in results)
        with self._results.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(_table(result), ensure_ascii=False) + "\n" for result in results)

    def read(self, passage: Callable[[str], Passage]) -> Iterator[Result]:
        """Every result; ``passage`` looks one up by its id."""
        durations = dict(json.loads(line) for line in self._whole_lines(self._durations))
        for line in self._whole_lines(self._results)[1:]:
            table = json.loads(line)
            yield _result(table, passage, float(durations.get(table["query_id"], 0.0)))

    @staticmethod
    def _whole_lines(path: Path) -> list[str]:
        if not path.is_file():
            return []
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        return lines if not lines or lines[-1].endswith("\n") else lines[:-1]


def _table(result: Result) -> dict[str, Any]:
    table: dict[str, Any] = {
        "query_id": result.query_id,
        "documents": [[hit.passage_id, hit.score] for hit in result.documents],
        "passages": [[e.passage.passage_id, e.score, dict(e.ranks_by_retriever)] for e in result.passages],
    }
    if result.answer is not None:
        table["answer"] = to_json(_bare(result.answer))
    if result.reply is not None:
        table["reply"] = result.reply
    counts = {key: getattr(result, key) for key in ("n_prompt_tokens", "n_completion_tokens", "n_calls")}
    return table | {key: value for key, value in counts.items() if value}


def _bare(answer: Answer) -> Answer:
    """An answer without what the evaluation keeps once, evidence and index card, or elsewhere: times."""
    return replace(answer, evidence=(), index_card={}, usage=replace(answer.usage, retrieval_s=0.0, generation_s=0.0))


def _result(table: Mapping[str, Any], passage: Callable[[str], Passage], duration_s: float) -> Result:
    return Result(
        query_id=table["query_id"],
        documents=tuple(Hit(doc_id, score) for doc_id, score in table["documents"]),
        passages=tuple(
            Evidence(passage(passage_id), score, rank, ranks)
            for rank, (passage_id, score, ranks) in enumerate(table["passages"], start=1)
        ),
        answer=answer_from_json(table["answer"]) if "answer" in table else None,
        reply=table.get("reply"),
        duration_s=duration_s,
        n_prompt_tokens=table.get("n_prompt_tokens", 0),
        n_completion_tokens=table.get("n_completion_tokens", 0),
        n_calls=table.get("n_calls", 0),
    )


def write_json(path: Path, value: Any) -> None:
    write(path, json.dumps(value, indent=1, ensure_ascii=False, default=dict) + "\n")


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    fresh = path.with_name(f".{path.name}.part")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
