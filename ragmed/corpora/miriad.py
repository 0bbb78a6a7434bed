"""MIRIAD: questions and answers that a language model wrote, each from a passage of a paper of S2ORC.

Source: Zheng et al. 2025, "MIRIAD: Augmenting LLMs with millions of medical query-response pairs" (arXiv:2506.06091);
https://huggingface.co/datasets/miriad/miriad-4.4M and miriad-5.8M: Parquet files (or JSON Lines of the same fields),
a pair a row: qa_id, paper_id, question, answer, paper_url, paper_title, passage_text, passage_position, year, venue,
specialty. Parquet needs the extra ``parquet``.

The answers are not the papers' own words; ``include`` says whether those, the passages, are wanted beside them or
instead. A passage has as many rows as it has questions, and is given once a file.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from ragmed.errors import DamagedFile, MissingExtra
from ragmed.protocols import Corpus
from ragmed.report import Report
from ragmed.types import Document

NOTICE = "Question and answer written by a language model from a passage of the paper"
BATCH_ROWS = 1024
MAX_LINE_BYTES = 20_000_000

_COLUMNS = (
    "qa_id", "paper_id", "question", "answer", "paper_url", "paper_title", "passage_text", "passage_position", "year",
    "venue", "specialty",
)  # fmt: skip
_ODD = re.compile("[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class MIRIAD:
    """The rows of the files in the order of their names: of each its passage, then its pair.

    Args:
        include: ``pairs`` of question and answer, the ``passages`` that they were made from, or ``both``.
    """

    files: Mapping[str, Path]
    licence: str = ""
    include: Literal["pairs", "passages", "both"] = "pairs"
    report: Report = field(default_factory=Report, compare=False, repr=False)

    def documents(self) -> Iterator[Document]:
        return chain.from_iterable(map(self.documents_of, self.parts()))

    def parts(self) -> Sequence[str]:
        return sorted(self.files)

    def documents_of(self, part: str) -> Iterator[Document]:
        path = self.files[part]
        checksums: dict[str, int] = {}
        rows = _parquet_rows(path) if _is_parquet(path) else self._json_rows(path)
        for row, where in rows:
            if self.include != "pairs":
                yield from self._passage(row, where, checksums)
            if self.include != "passages":
                yield from self._pair(row, where)

    def release(self) -> str:
        return ""

    def _pair(self, row: Mapping[str, Any], where: str) -> Iterator[Document]:
        qa_id, question, answer = _line(row.get("qa_id")), _line(row.get("question")), _tidy(row.get("answer"))
        if not qa_id:
            self.report.skip("pair without an id", where)
        elif not question or not answer:
            self.report.skip("pair without question or answer", qa_id)
        else:
            yield self._document(row, f"miriad:{qa_id}", answer, "qa", question, {"notice": NOTICE})

    def _passage(self, row: Mapping[str, Any], where: str, checksums: dict[str, int]) -> Iterator[Document]:
        paper_id, position = _line(row.get("paper_id")), _line(row.get("passage_position"))
        text = _tidy(row.get("passage_text"))
        passage_id = f"miriad:{paper_id}#{position}"
        checksum = zlib.crc32(text.encode())
        if not paper_id or not position:
            self.report.skip("passage without paper or position", where)
        elif not text:
            self.report.skip("passage without text", passage_id)
        elif passage_id not in checksums:
            checksums[passage_id] = checksum
            yield self._document(row, passage_id, text, "passage", "", {})
        elif checksums[passage_id] != checksum:
            self.report.skip("another text of a passage", passage_id)

    def _document(
        self, row: Mapping[str, Any], doc_id: str, text: str, kind: str, question: str, meta: Mapping[str, str]
    ) -> Document:
        title = _line(row.get("paper_title"))
        stated = {
            "paper_id": _line(row.get("paper_id")),
            "passage_position": _line(row.get("passage_position")),
            "journal": _line(row.get("venue")),
            "specialty": _line(row.get("specialty")),
            "language": "en",
            **meta,
        }
        if not title:
            self.report.note("paper without a title", doc_id)
        url = _line(row.get("paper_url"))
        if not url.startswith(("https://", "http://")):
            self.report.note("paper without an address", doc_id)
            url = "https://huggingface.co/datasets/miriad/miriad-5.8M"
        return Document(
            doc_id=doc_id,
            title=title or doc_id,
            text=text,
            source="miriad",
            url=url,
            licence=self.licence,
            published=_year(row.get("year")),
            kind=kind,
            question=question,
            meta={key: value for key, value in stated.items() if value},
        )

    def _json_rows(self, path: Path) -> Iterator[tuple[Mapping[str, Any], str]]:
        """The rows of a file of JSON Lines; a line that is none is skipped."""
        with path.open("rb") as file:
            number = 0
            while line := file.readline(MAX_LINE_BYTES):
                number += 1
                where = f"{path.name}:{number}"
                if len(line) == MAX_LINE_BYTES:
                    while line and not line.endswith(b"\n"):
                        line = file.readline(MAX_LINE_BYTES)
                    self.report.skip("line too long", where)
                    continue
                if not line.strip():
                    continue
                try:
                    row = json.loads(line)
                except (ValueError, RecursionError):
                    row = None
                if isinstance(row, dict):
                    yield row, where
                else:
                    self.report.skip("not a JSON object", where)


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PAR1" or path.suffix == ".parquet"


def _parquet_rows(path: Path) -> Iterator[tuple[Mapping[str, Any], str]]:
    """The rows of a Parquet file, a batch in memory at a time. Raises `DamagedFile`, `MissingExtra`."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ModuleNotFoundError as error:
        raise MissingExtra("pyarrow", "parquet") from error
    number = 0
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            columns = [name for name in _COLUMNS if name in file.schema_arrow.names]
            if not {"qa_id", "question", "answer"} <= set(columns):
                raise DamagedFile(f"{path}: has no columns qa_id, question and answer; it is not MIRIAD's")
            for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=columns):
                for row in batch.to_pylist():
                    number += 1
                    yield row, f"{path.name}: row {number}"
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DamagedFile(f"{path}: not a whole Parquet file ({error}); fetch it again") from error


def _year(value: Any) -> str:
    """The year as text, from the number that it is upstream, perhaps with a fraction; empty where it is none.

    >>> _year(2004.0), _year("1998"), _year(float("nan")), _year(None)
    ('2004', '1998', '', '')
    """
    try:
        year = int(float(value))
    except (TypeError, ValueError, OverflowError):
        return ""
    return str(year) if 1500 <= year <= 2100 else ""


def _line(value: Any) -> str:
    return " ".join(_clean(value).split())


def _tidy(value: Any) -> str:
    """Text with one space between words and a blank line between paragraphs."""
    blocks = ("\n".join(_line(line) for line in block.splitlines()) for block in re.split(r"\n\s*\n", _clean(value)))
    return "\n\n".join(text for block in blocks if (text := block.strip()))


def _clean(value: Any) -> str:
    if value is None or (isinstance(value, float) and value != value):
        return ""
    return _ODD.sub(lambda match: "�" if match[0] >= "\ud800" else "", str(value))


COMPONENT: type[Corpus] = MIRIAD
