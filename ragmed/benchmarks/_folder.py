"""The files of a benchmark's folder, found by what they are called, and its queries.

A file's name is that of its ``[[files]]`` entry (``queries``), or, of an entry with a pattern, the entry's and the
path below its folder (``folder/qrels/test.tsv``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from ragmed.errors import MissingFile
from ragmed.json_lines import objects, text_of
from ragmed.report import Report
from ragmed.types import Query, Question

_PACKED = ".gz"


def find(files: Mapping[str, Path], endings: Iterable[str]) -> Path | None:
    """The file whose path ends so, the first ending that there is; of several, the least deep."""
    for ending in endings:
        found = [name for name in files if f"/{name.removesuffix(_PACKED)}".endswith(f"/{ending}")]
        if found:
            return files[min(found, key=lambda name: (name.count("/"), name))]
    return None


def need(files: Mapping[str, Path], endings: Iterable[str]) -> Path:
    """As `find`. Raises `MissingFile`, which lists what there is."""
    endings = tuple(endings)
    path = find(files, endings)
    if path is None:
        have = sorted(files)
        shown = ", ".join(have[:10]) + (", …" if len(have) > 10 else "")
        raise MissingFile(f"the benchmark needs a file {' or '.join(endings)}; have: {shown or 'none'}")
    return path


def read_queries(path: Path, report: Report) -> dict[str, str]:
    """Query id → text, in the file's order. Raises `DamagedFile` naming file and line."""
    queries: dict[str, str] = {}
    for where, row in objects(path):
        query_id = text_of(row.get("_id", row.get("id")))
        text = text_of(row.get("text")).strip()
        if not query_id.strip() or not text:
            report.skip("query without id or text", where)
            continue
        if query_id in queries:
            report.note("query given twice; the later text counts", f"{where}: {query_id}")
        queries[query_id] = text
    return queries


def judged_questions(
    queries: Mapping[str, str], qrels: Mapping[str, Mapping[str, int]], report: Report, group: str = ""
) -> list[Question]:
    """A question for every query that is judged, in the order of the queries; what does not match is noted."""
    for query_id in qrels:
        if query_id not in queries:
            report.skip("judged, but its query is missing", query_id)
    questions = []
    for query_id, text in queries.items():
        if query_id not in qrels:
            report.note("query without judgements, left out", query_id)
            continue
        if not any(qrels[query_id].values()):
            report.note("query without a relevant document", query_id)
        questions.append(Question(Query(query_id, text), group=group, relevant=dict(qrels[query_id])))
    return questions
