"""The documents of a benchmark folder: BEIR's layout and R2MED's, one JSON object a line.

Source: Thakur et al. 2021, "BEIR: A Heterogeneous Benchmark for Zero-shot Evaluation of Information Retrieval Models"
(https://arxiv.org/abs/2104.08663): ``corpus.jsonl`` with ``_id``, ``title``, ``text`` and often ``metadata``; Li et
al. 2025, "R2MED" (https://arxiv.org/abs/2505.14558): ``corpus.jsonl`` with ``id`` and ``text``. NFCorpus, TREC-COVID,
SciFact, CURE, CMIRB and PMC-Patients come in the first. Either may be packed with gzip.

Ids are kept as released, so that judgements match to the letter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from ragmed.json_lines import readable_objects, text_of
from ragmed.protocols import Corpus
from ragmed.report import Report
from ragmed.types import Document

_NAMES = ("corpus.jsonl", "corpus.jsonl.gz", "corpus")


@dataclass(frozen=True)
class BEIR:
    """One document a line of each file that is called ``corpus.jsonl`` or ``corpus.jsonl.gz``, or named ``corpus``.

    ``source`` is the corpus's name. ``homepage`` stands for a document's address where its ``metadata`` has none.
    """

    files: Mapping[str, Path]
    licence: str = ""
    source: str = "beir"
    homepage: str = "https://github.com/beir-cellar/beir"
    report: Report = field(default_factory=Report, compare=False, repr=False)

    def documents(self) -> Iterator[Document]:
        return chain.from_iterable(map(self.documents_of, self.parts()))

    def parts(self) -> Sequence[str]:
        return sorted(name for name in self.files if name.rsplit("/", 1)[-1] in _NAMES) or ["corpus.jsonl"]

    def documents_of(self, part: str) -> Iterator[Document]:
        for where, row in readable_objects(self.files[part], self.report):
            document = self._document(row, where)
            if document is not None:
                yield document

    def release(self) -> str:
        return ""

    def _document(self, row: Mapping[str, Any], where: str) -> Document | None:
        doc_id = text_of(row.get("_id", row.get("id")))
        title = " ".join(text_of(row.get("title")).split())
        text = text_of(row.get("text")).strip()
        if not doc_id.strip():
            self.report.skip("no id", where)
            return None
        if not text and not title:
            self.report.skip("no text", f"{where}: {doc_id}")
            return None
        if not text:
            self.report.note("title only", f"{where}: {doc_id}")
        told = row.get("metadata")
        metadata = told if isinstance(told, Mapping) else {}
        url = text_of(metadata.get("url")).strip()
        pmid = text_of(metadata.get("pubmed_id") or metadata.get("pmid")).strip()
        return Document(
            doc_id=doc_id,
            title=title,
            text=text or title,
            source=self.source,
            url=url if url.startswith(("https://", "http://")) else self.homepage,
            licence=self.licence,
            kind="document",
            meta={"pmid": pmid} if pmid else {},
        )


COMPONENT: type[Corpus] = BEIR
