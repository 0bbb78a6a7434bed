"""A benchmark in BEIR's layout: documents, queries and judgements of one retrieval task.

Source: Thakur et al. 2021, "BEIR: A Heterogeneous Benchmark for Zero-shot Evaluation of Information Retrieval Models"
(https://arxiv.org/abs/2104.08663; https://github.com/beir-cellar/beir): ``corpus.jsonl``, ``queries.jsonl`` and
``qrels/<split>.tsv``. NFCorpus, TREC-COVID, SciFact, CURE, CMIRB and PMC-Patients are released so. Read as well:
``qrels.tsv`` beside them, judgements in TREC's columns or as JSON lines, and each file packed with gzip.

BEIR's own figure is nDCG@10 by trec_eval, the mean of the split's judged queries.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ragmed.benchmarks._folder import find, judged_questions, need, read_queries
from ragmed.benchmarks._qrels import read_qrels
from ragmed.errors import UnknownName
from ragmed.protocols import Benchmark
from ragmed.report import Report
from ragmed.types import Question

_ENDINGS = ("tsv", "txt", "jsonl", "qrels", "trec")


@dataclass(frozen=True)
class BEIR:
    """The judged queries of one ``split``. ``instruction`` is put before each, where the encoder was made for one.

    ``source`` and ``homepage`` are shown with the documents (see `ragmed.corpora.beir`).
    """

    files: Mapping[str, Path]
    split: str = "test"
    instruction: str = ""
    source: str = "beir"
    homepage: str = "https://github.com/beir-cellar/beir"
    report: Report = field(default_factory=Report, compare=False, repr=False)

    @property
    def corpus(self) -> Mapping[str, Any] | None:
        return {"name": "beir", "source": self.source, "homepage": self.homepage}

    def questions(self) -> Iterator[Question]:
        queries = read_queries(need(self.files, ("queries.jsonl", "queries")), self.report)
        qrels = read_qrels(self._qrels(), self.report)
        yield from judged_questions(queries, qrels, self.report)

    def search_query(self, question: Question) -> str:
        return self.instruction + question.query.text

    def _qrels(self) -> Path:
        """The judgements of the split, or those that are of none."""
        path = find(self.files, [f"qrels/{self.split}.{ending}" for ending in _ENDINGS])
        if path is not None:
            return path
        if splits := self._splits():
            raise UnknownName("splits", self.split, splits)
        return need(self.files, [*(f"qrels.{ending}" for ending in _ENDINGS), "qrels"])

    def _splits(self) -> list[str]:
        paths = [name.removesuffix(".gz").split("/") for name in self.files]
        return [path[-1].rsplit(".", 1)[0] for path in paths if len(path) > 1 and path[-2] == "qrels"]


COMPONENT: type[Benchmark] = BEIR
