"""Relevance judgements as benchmarks release them: which documents answer a query, and how well.

Source: BEIR's TSV (https://github.com/beir-cellar/beir: header ``query-id corpus-id score``), TREC's four columns
(https://trec.nist.gov/data/qrels_eng/: query, iteration, document, grade) and JSON lines with BEIR's keys or R2MED's
(``q_id``, ``p_id``, ``score``). Which of them a file is in, its lines tell.

A grade is a whole number; one below 0 counts as 0, as in trec_eval's nDCG. A line that is none of these stops the
reading: figures from judgements half read would be wrong without a sign of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from ragmed.errors import DamagedFile
from ragmed.json_lines import MAX_LINE_BYTES, lines, text_of
from ragmed.report import Report

_QUERY = ("query-id", "query_id", "q_id", "qid")
_DOCUMENT = ("corpus-id", "corpus_id", "p_id", "doc_id", "docid", "pid")
_GRADE = ("score", "relevance", "label")


def read_qrels(path: Path, report: Report) -> dict[str, dict[str, int]]:
    """Query id → document id → grade, in the file's order.

    A document judged twice is noted, and the later grade counts. Raises `DamagedFile` naming file and line.
    """
    qrels: dict[str, dict[str, int]] = {}
    for where, query_id, doc_id, grade in _judgements(path):
        if grade < 0:
            report.note("judgement below 0, counted as 0", where)
            grade = 0
        of_query = qrels.setdefault(query_id, {})
        if doc_id in of_query:
            same = of_query[doc_id] == grade
            report.note("judged twice alike" if same else "judged twice; the later grade counts", where)
        of_query[doc_id] = grade
    if not qrels:
        raise DamagedFile(f"{path}: holds no judgement")
    return qrels


def _judgements(path: Path) -> Iterator[tuple[str, str, str, int]]:
    first = True
    for n, line in lines(path):
        where = f"{path}, line {n:,}"
        if len(line) > MAX_LINE_BYTES:
            raise DamagedFile(f"{where}: too long for a judgement")
        try:
            text = line.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise DamagedFile(f"{where}: not UTF-8") from error
        if text.lstrip().startswith("{"):
            query_id, doc_id, grade = _of_object(text, where)
        else:
            cells = [cell.strip() for cell in text.split("\t")] if "\t" in text else text.split()
            if first and cells[0] in _QUERY:
                first = False
                continue
            if len(cells) not in (3, 4):
                raise DamagedFile(f"{where}: {len(cells)} columns; a judgement has query, document and grade")
            query_id, doc_id, grade = cells[0], cells[-2], cells[-1]
        first = False
        if not query_id or not doc_id:
            raise DamagedFile(f"{where}: a judgement without the id of its query or document")
        yield where, query_id, doc_id, _whole(grade, where)


def _of_object(text: str, where: str) -> tuple[str, str, object]:
    try:
        row = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DamagedFile(f"{where}: not JSON") from error
    query_id, doc_id, grade = (_first(row, keys) for keys in (_QUERY, _DOCUMENT, _GRADE))
    return text_of(query_id), text_of(doc_id), grade


def _first(row: Mapping[str, object], keys: tuple[str, ...]) -> object:
    return next((row[key] for key in keys if key in row), None)


def _whole(grade: object, where: str) -> int:
    """A grade as a whole number; ``1.0`` is one, ``0.5``, NaN and true are not."""
    try:
        number = float(grade) if isinstance(grade, str | int | float) and not isinstance(grade, bool) else None
        if number is not None and number == int(number):
            return int(number)
    except (ValueError, OverflowError):
        pass
    raise DamagedFile(f"{where}: {grade!r} is not a grade; grades are whole numbers")
