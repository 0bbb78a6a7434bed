"""TREC files: runs (query, Q0, document, rank, score, tag) and judgements (query, 0, document, grade).

Columns are parted by white space; a name that ends in ``.gz`` is compressed. Scores are written so that they read back
as the very same number. A line that cannot be used is skipped and counted, with file and line.

trec_eval ranks by score and ignores the rank that is written: so does reading. It compares scores in 32 bits and puts
the higher id first among equals; ``ties="trec_eval"`` does so too, so that what is scored is what trec_eval scores.
Otherwise scores are compared as they are and equals ordered by id, ascending, as everywhere in ragmed.

Source: https://github.com/usnistgov/trec_eval (get_trec_results.c, get_qrels.c, form_res_rels.c).
"""

from __future__ import annotations

import gzip
import math
import re
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from ragmed.errors import DamagedFile
from ragmed.report import Report
from ragmed.types import Hit, Result, Run

MAX_LINE_BYTES = 1_000_000
"""Longer lines are no lines of a TREC file."""

_WHITE_SPACE = re.compile(r"[ \t\n\r\x0b\x0c]")

Ties: TypeAlias = Literal["by_id", "trec_eval"]
Qrels: TypeAlias = dict[str, dict[str, int]]


def read_run(
    path: Path, report: Report, *, query_ids: Collection[str] | None = None, ties: Ties = "by_id"
) -> dict[str, tuple[Hit, ...]]:
    """The hits of each query, best first.

    Args:
        path: the file.
        report: where lines are counted: kept, or skipped and noted with their reason.
        query_ids: the queries that are asked; lines of others are skipped, and those without a line noted.
        ties: how equal scores are ordered.

    Raises:
        DamagedFile: the file cannot be read, or no line of it is one of a run.
    """
    asked = None if query_ids is None else frozenset(query_ids)
    found: dict[str, dict[str, tuple[float, int | None, int]]] = {}
    for number, cells in _lines(path, report, n_columns=6, kind="run"):
        query_id, _, doc_id, rank_text, score_text, _ = cells
        where = f"{path}:{number}"
        score = _number(score_text)
        if score is None:
            report.skip("score that is not a finite number", where)
        elif asked is not None and query_id not in asked:
            report.skip("line of a query that is not asked", where)
        elif doc_id in found.setdefault(query_id, {}):
            report.skip("document that the query has already", where)
        else:
            rank = int(rank_text) if rank_text.isascii() and rank_text.isdigit() and len(rank_text) < 10 else None
            if rank is None:
                report.note("rank that is not a number", where)
            found[query_id][doc_id] = (score, rank, number)
            report.keep()
    for query_id in sorted((asked or frozenset()) - found.keys()):
        report.note("query without a line in the run", query_id)
    return {query_id: _ranked(hits, ties, path, report) for query_id, hits in sorted(found.items())}


def write_run(path: Path, run: Run | Mapping[str, Sequence[Hit]], tag: str, report: Report | None = None) -> None:
    """Write a run in the order of its hits, queries sorted. White space in an id is written as ``%20`` and noted."""
    report = report or Report()
    name = _one_word(tag or "ragmed", report)
    _write(path, (line for query_id in sorted(run) for line in _run_lines(query_id, run[query_id], name, report)))


def read_qrels(path: Path, report: Report, *, query_ids: Collection[str] | None = None) -> Qrels:
    """The grades of each query's judged documents. Arguments and errors as `read_run`."""
    asked = None if query_ids is None else frozenset(query_ids)
    qrels: Qrels = {}
    for number, (query_id, _, doc_id, grade) in _lines(path, report, n_columns=4, kind="qrels"):
        where = f"{path}:{number}"
        if not grade.removeprefix("-").isdigit() or not grade.isascii() or len(grade) > 9:
            report.skip("grade that is not a whole number", where)
        elif asked is not None and query_id not in asked:
            report.skip("line of a query that is not asked", where)
        elif (given := qrels.setdefault(query_id, {}).get(doc_id)) is not None:
            again = "document judged twice" if given == int(grade) else "document judged twice, with two grades"
            report.skip(again, where)
        else:
            qrels[query_id][doc_id] = int(grade)
            report.keep()
    for query_id in sorted((asked or frozenset()) - qrels.keys()):
        report.note("query without judgements", query_id)
    return dict(sorted((query_id, grades) for query_id, grades in qrels.items() if grades))


def write_qrels(path: Path, qrels: Mapping[str, Mapping[str, int]], report: Report | None = None) -> None:
    """Write judgements, queries sorted, documents in the order given. White space in an id as in `write_run`."""
    report = report or Report()
    _write(path, (line for query_id in sorted(qrels) for line in _qrels_lines(query_id, qrels[query_id], report)))


def results_of(run: Run) -> dict[str, Result]:
    """A run from elsewhere as results that measures take."""
    return {query_id: Result(query_id, documents=tuple(hits)) for query_id, hits in run.items()}


def _ranked(
    hits: Mapping[str, tuple[float, int | None, int]], ties: Ties, path: Path, report: Report
) -> tuple[Hit, ...]:
    """Hits in the order of their scores; a rank that says otherwise is noted."""
    doc_ids = sorted(hits, reverse=ties == "trec_eval")
    if ties == "trec_eval":
        with np.errstate(over="ignore"):
            doc_ids.sort(key=lambda doc_id: -np.float32(hits[doc_id][0]))
    else:
        doc_ids.sort(key=lambda doc_id: -hits[doc_id][0])
    highest, highest_above, score_above = 0, 0, math.inf
    for doc_id in doc_ids:
        score, rank, number = hits[doc_id]
        if score != score_above:
            highest_above, score_above = highest, score
        if rank is not None:
            if rank <= highest_above and highest_above:
                report.note("rank that contradicts the score", f"{path}:{number}")
            highest = max(highest, rank)
    return tuple(Hit(doc_id, hits[doc_id][0]) for doc_id in doc_ids)


def _lines(path: Path, report: Report, *, n_columns: int, kind: str) -> Iterator[tuple[int, list[str]]]:
    """(line number, columns) of the lines that have as many columns as they should."""
    n_lines = n_good = 0
    for number, line in _raw_lines(path):
        if not line.strip():
            report.note("blank line", f"{path}:{number}")
            continue
        n_lines += 1
        try:
            # Not str.split(): ids may hold a no-break space, which parts nothing in a TREC file.
            cells = [cell.decode() for cell in line.split()]
        except UnicodeDecodeError:
            report.skip("line that is not UTF-8", f"{path}:{number}")
            continue
        if len(cells) != n_columns:
            report.skip(f"line that has not {n_columns} columns", f"{path}:{number}")
            continue
        n_good += 1
        yield number, cells
    if n_lines and not n_good:
        raise DamagedFile(f"{path}: no line has the {n_columns} columns of a TREC {kind} file; is it another file?")


def _raw_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    number = 0
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            while line := file.readline(MAX_LINE_BYTES + 1):
                number += 1
                if len(line) > MAX_LINE_BYTES:
                    raise DamagedFile(f"{path}:{number}: a line of more than {MAX_LINE_BYTES:,} bytes; not a TREC file")
                yield number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
    except (OSError, EOFError, zlib.error) as error:
        raise DamagedFile(f"{path}:{number}: cannot be read further ({error}); fetch it again") from error


def _number(text: str) -> float | None:
    try:
        score = float(text)
    except ValueError:
        return None
    return score if math.isfinite(score) else None


def _run_lines(query_id: str, hits: Sequence[Hit], tag: str, report: Report) -> Iterator[str]:
    query_name = _one_word(query_id, report)
    for rank, hit in enumerate(hits, start=1):
        yield f"{query_name} Q0 {_one_word(hit.passage_id, report)} {rank} {float(hit.score)!r} {tag}\n"


def _qrels_lines(query_id: str, grades: Mapping[str, int], report: Report) -> Iterator[str]:
    query_name = _one_word(query_id, report)
    for doc_id, grade in grades.items():
        yield f"{query_name} 0 {_one_word(doc_id, report)} {int(grade)}\n"


def _one_word(name: str, report: Report) -> str:
    """An id as one column. ASCII's white space parts columns; other white space does not."""
    if name and not _WHITE_SPACE.search(name):
        return name
    report.note("id that is empty or has white space, written as %20", repr(name))
    return _WHITE_SPACE.sub(lambda match: f"%{ord(match.group()):02X}", name) or "%20"


def _write(path: Path, lines: Iterator[str]) -> None:
    """Write a file whole or not at all; the same lines give the same bytes."""
    fresh = path.with_name(f".{path.name}.part")
    try:
        with fresh.open("wb") as file:
            if path.suffix == ".gz":
                with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
                    packed.writelines(line.encode(errors="backslashreplace") for line in lines)
            else:
                file.writelines(line.encode(errors="backslashreplace") for line in lines)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
