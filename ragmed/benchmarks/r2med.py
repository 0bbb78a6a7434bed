"""R2MED: reasoning-driven medical retrieval; one of its eight sets, with documents that language models wrote for it.

Source: Li et al. 2025, "R2MED: A Benchmark for Reasoning-Driven Medical Retrieval" (https://arxiv.org/abs/2505.14558;
https://github.com/R2MED/R2MED; datasets https://huggingface.co/R2MED): a folder a set with ``query.jsonl`` (``id``,
``text``), ``corpus.jsonl`` (``id``, ``text``), ``qrels.jsonl`` or ``qrels.txt`` (``q_id``, ``p_id``, ``score``) and
``<method>/<model>/query_with_hydoc.jsonl`` (``id``, ``text``, ``hy_doc``), method being hyde, query2doc or lamer.

Its figure is nDCG@10 by trec_eval on the best 100 documents, the mean of a set, then that of the eight sets. How the
written documents are searched with: `ragmed.analysis.generated`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from ragmed.analysis.generated import without_reasoning
from ragmed.benchmarks._folder import find, judged_questions, need, read_queries
from ragmed.benchmarks._qrels import read_qrels
from ragmed.errors import UnknownName
from ragmed.json_lines import objects, text_of
from ragmed.protocols import Benchmark
from ragmed.report import Report
from ragmed.types import Question

INSTRUCTIONS: Mapping[str, str] = {
    "Biology": "Given a Biology post, retrieve relevant passages that help answer the post",
    "Bioinformatics": "Given a Bioinformatics post, retrieve relevant passages that help answer the post",
    "Medical-Sciences": "Given a Medical Science post, retrieve relevant passages that help answer the post",
    "MedXpertQA-Exam": "Given a Medical Exam, retrieve relevant passages that help answer the exam",
    "MedQA-Diag": "Given a Medical Exam, retrieve relevant passages that help answer the exam",
    "PMC-Treatment": "Given a Clinical Case, retrieve relevant passages that help answer the case",
    "PMC-Clinical": "Given a Clinical Case, retrieve similar cases that help diagnose the case",
    "IIYi-Clinical": "Given a Clinical Case, retrieve similar cases that help diagnose the case",
}
"""Each set and what R2MED tells an encoder that follows instructions."""
BGE_INSTRUCTION = "Represent this sentence for searching relevant passages: "

_GENERATED = "query_with_hydoc.jsonl"


@dataclass(frozen=True)
class R2MED:
    """The judged queries of one set.

    ``set`` names it as on the hub; it chooses the instruction and is the questions' group. ``instruction`` says which
    one is put before a query: none (lexical retrievers, most encoders), the set's (encoders that follow instructions)
    or BGE's. ``generated`` is the language model whose documents are read, ``method`` what made it write them.
    """

    files: Mapping[str, Path]
    set: str = ""
    instruction: Literal["none", "set", "bge"] = "none"
    generated: str = ""
    method: Literal["hyde", "query2doc", "lamer"] = "hyde"
    report: Report = field(default_factory=Report, compare=False, repr=False)

    @property
    def corpus(self) -> Mapping[str, Any] | None:
        return {"name": "beir", "source": "r2med", "homepage": "https://huggingface.co/R2MED"}

    def questions(self) -> Iterator[Question]:
        self._prefix()
        queries = read_queries(need(self.files, ("query.jsonl", "query")), self.report)
        path = need(self.files, ("qrels.jsonl", "qrels.txt", "qrels.tsv", "qrels"))
        questions = judged_questions(queries, read_qrels(path, self.report), self.report, self.set)
        written = self._written() if self.generated else {}
        for question in questions:
            query_id = question.query.query_id
            if self.generated and query_id not in written:
                self.report.note("no generated document; the query alone is searched", query_id)
            yield replace(question, generated=written.get(query_id, ()))

    def search_query(self, question: Question) -> str:
        return self._prefix() + question.query.text

    def _prefix(self) -> str:
        if self.set and self.set not in INSTRUCTIONS:
            raise UnknownName("sets of R2MED", self.set, INSTRUCTIONS)
        if self.instruction == "set":
            if not self.set:
                raise UnknownName("sets of R2MED", self.set, INSTRUCTIONS, hint="its instruction is asked for")
            return f"Instruct: {INSTRUCTIONS[self.set]}\nQuery: "
        return BGE_INSTRUCTION if self.instruction == "bge" else ""

    def _written(self) -> dict[str, tuple[str, ...]]:
        """Query id → the documents that the model wrote for it."""
        path = find(self.files, [f"{self.method}/{self.generated}/{_GENERATED}"])
        if path is None:
            raise UnknownName(f"models with documents by {self.method}", self.generated, self._models())
        written: dict[str, tuple[str, ...]] = {}
        for where, row in objects(path):
            query_id, told = text_of(row.get("id")), row.get("hy_doc")
            documents = [text_of(text) for text in (told if isinstance(told, list) else [told])]
            said = tuple(text for text in map(without_reasoning, documents) if text)
            if not query_id or not said:
                self.report.note("no generated document on the line", where)
                continue
            if query_id in written:
                self.report.note("documents generated twice; the later count", where)
            written[query_id] = said
        return written

    def _models(self) -> list[str]:
        paths = [name.split("/") for name in self.files]
        return [
            path[-2] for path in paths if len(path) > 2 and path[-1].startswith(_GENERATED) and path[-3] == self.method
        ]


COMPONENT: type[Benchmark] = R2MED
