"""The questions of benchmark files, told by their fields whatever the benchmark calls them.

Layouts read: JSON lines; a JSON list; a JSON object id → item (PubMedQA's ``ori_pqal.json``), set → id → item
(MIRAGE's ``benchmark.json``) or with a list named ``questions`` (BioASQ). Field names are compared without regard to
case. The answer is, in this order: prose (``long_answer``, ``free_form_answer``, ``ideal_answer``,
``answer_rationale``); the text of the correct option, which ``answer_idx`` or ``answer`` names among ``options``;
``answer`` or ``exact_answer`` itself. Nothing is guessed: an answer that is none of these stays empty.

Source: Xiong et al. 2024 (MIRAGE); Jin et al. 2019 (PubMedQA); Jin et al. 2021 (MedQA); Tang et al. 2025
(MedAgentsBench); Jeong et al. 2024 (MedLFQA); Li et al. 2025 (R2MED); Krithara et al. 2023 (BioASQ-QA).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragmed.errors import DamagedFile, MissingFile
from ragmed.report import Report

QUESTION_FIELDS = ("question", "query", "body", "text")
PROSE_FIELDS = ("long_answer", "free_form_answer", "ideal_answer", "answer_rationale")
ID_FIELDS = ("id", "_id", "question_id", "qid", "realidx", "pmid")
MAX_BYTES = 1_000_000_000
"""Larger files are refused; the largest benchmark known to the author of this line has 0.2 GB."""


@dataclass(frozen=True, slots=True)
class BenchmarkQuestion:
    """A question of a benchmark. ``answer`` is the correct one's text, empty where the file does not say;
    ``options`` the choices in the order given."""

    benchmark: str
    question_id: str
    question: str
    answer: str = ""
    options: tuple[str, ...] = ()


def read_benchmarks(paths: Sequence[Path], report: Report) -> list[BenchmarkQuestion]:
    """The questions of all files; items without a question are noted in ``report`` as skipped.

    Raises:
        MissingFile: a file cannot be read. DamagedFile: it is not JSON, or holds no question.
    """
    names = _names(paths)
    return [question for path in paths for question in _read(path, names[path], report)]


def _read(path: Path, name: str, report: Report) -> list[BenchmarkQuestion]:
    questions: list[BenchmarkQuestion] = []
    seen_fields: dict[str, None] = {}
    for benchmark, item_id, item in _items(path, name, report):
        if not isinstance(item, Mapping):
            report.skip("not an object", f"{path}: {item_id}")
            continue
        fields = {str(key).casefold(): value for key, value in item.items()}
        seen_fields.update(dict.fromkeys(fields))
        text = _first(fields, QUESTION_FIELDS)
        if not text:
            report.skip("no question", f"{path}: {item_id}")
            continue
        options = _options(fields)
        questions.append(
            BenchmarkQuestion(
                benchmark=benchmark,
                question_id=_scalar(fields, ID_FIELDS) or item_id,
                question=text,
                answer=_answer(fields, options),
                options=tuple(options.values()),
            )
        )
        report.keep()
    if not questions:
        has = f"; its items have: {', '.join(list(seen_fields)[:20])}" if seen_fields else ""
        raise DamagedFile(
            f"{path}: no question found in any of the fields {', '.join(QUESTION_FIELDS)} (in any case){has}; "
            "name a benchmark's JSON or JSON lines file"
        )
    return questions


def _items(path: Path, name: str, report: Report) -> Iterator[tuple[str, str, Any]]:
    """(benchmark, id or line number, item) for every item of a file."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DamagedFile(f"{path}: larger than the {MAX_BYTES:,} bytes that are read of a benchmark file")
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise MissingFile(f"{path}: cannot be read: {error.strerror}; name a benchmark's file") from error
    try:
        whole = json.loads(text)
    except RecursionError as error:
        raise DamagedFile(f"{path}: not a benchmark: nested too deeply") from error
    except ValueError:
        yield from _lines(path, name, text, report)
        return
    if isinstance(whole, dict) and _is_item(whole):
        whole = [whole]  # one line of JSON lines
    if isinstance(whole, dict) and isinstance(whole.get("questions"), list):
        whole = whole["questions"]
    if isinstance(whole, list):
        yield from ((name, str(n), item) for n, item in enumerate(whole, start=1))
    elif isinstance(whole, dict):
        for key, value in whole.items():
            if isinstance(value, Mapping) and not _is_item(value) and any(map(_is_item, value.values())):
                yield from ((f"{name}:{key}", str(item_id), item) for item_id, item in value.items())
            else:
                yield name, str(key), value


def _lines(path: Path, name: str, text: str, report: Report) -> Iterator[tuple[str, str, Any]]:
    n_read = 0
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            item = json.loads(line)
        except (ValueError, RecursionError):
            report.skip("not JSON", f"{path}: line {number}")
            continue
        n_read += 1
        yield name, str(number), item
    if not n_read:
        raise DamagedFile(f"{path}: neither JSON nor JSON lines; name a benchmark's file")


def _is_item(value: Any) -> bool:
    return isinstance(value, Mapping) and any(
        isinstance(key, str) and key.casefold() in QUESTION_FIELDS and isinstance(of_key, str)
        for key, of_key in value.items()
    )


def _answer(fields: Mapping[str, Any], options: Mapping[str, str]) -> str:
    if prose := _first(fields, PROSE_FIELDS):
        return prose
    for name in ("answer_idx", "answer"):
        if (letter := _scalar(fields, (name,))) in options:
            return options[letter]
    return _first(fields, ("answer", "exact_answer"))


def _options(fields: Mapping[str, Any]) -> dict[str, str]:
    """Letter → text; a list's choices are A, B, C, …"""
    found = fields.get("options", fields.get("choices"))
    if isinstance(found, Mapping):
        return {str(letter): text for letter, text in found.items() if isinstance(text, str)}
    if isinstance(found, list):
        return {chr(ord("A") + i): text for i, text in enumerate(found[:26]) if isinstance(text, str)}
    return {}


def _first(fields: Mapping[str, Any], names: Sequence[str]) -> str:
    """The first of the fields that holds text; of a list, as BioASQ's ideal answers are, its first text."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, str) and value.strip():
            return value.strip()
    return ""


def _scalar(fields: Mapping[str, Any], names: Sequence[str]) -> str:
    for name in names:
        value = fields.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value):
            return str(value)
    return ""


def _names(paths: Sequence[Path]) -> dict[Path, str]:
    """A short name for each file: its own, with its folder's where two files are called alike."""
    stems = [path.stem for path in paths]
    return {
        path: path.stem if stems.count(path.stem) == 1 else f"{path.absolute().parent.name}/{path.stem}"
        for path in paths
    }
