"""What the benchmarks of retrieval search: 100,000 real passages, their vectors, and questions of two development sets.

Passages come from the corpora that ragmed reads, the two that the questions are about first. Vectors are encoded once
and kept, under a hash of texts and encoder, in the folder ``RAGMED_BENCH_CACHE`` (``~/.cache/ragmed-bench``).
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ragmed import catalog
from ragmed.collection.build import build
from ragmed.encoders.minilm import MiniLM
from ragmed.evaluation.run import benchmark_questions
from ragmed.home import mirror
from ragmed.measures.ndcg import NDCG
from ragmed.protocols import Encoder, Progress, Vectors, no_progress
from ragmed.recipe import read_corpus_recipe, read_evaluation_recipe
from ragmed.report import Report
from ragmed.retrievers.dense import encoder_text
from ragmed.types import Hit, Passage, Question, Result

N_PASSAGES = 100_000
CORPORA = (
    ("pubmedqa", "whole"),
    ("bioasq", "whole"),
    ("primer", "sentences"),
    ("openstax_anatomy", "sentences"),
    ("medquad", "sentences"),
    ("hpo", "whole"),
    ("icd10cm", "whole"),
)
"""Corpus and splitter. The first two hold all that is relevant to the questions."""
N_JUDGED_CORPORA = 2
SETS = {"PubMedQA dev": ("pubmedqa", {"name": "pubmedqa", "split": "dev"}), "BioASQ 7–9": ("bioasq_dev", None)}
"""Development set → its evaluation's recipe and, where that is of another split, the benchmark."""


def passages(corpora: Sequence[tuple[str, str]] = CORPORA, n: int = N_PASSAGES) -> list[Passage]:
    """The first ``n`` passages, one for each id."""

    def split() -> Iterator[Passage]:
        for name, splitter_name in corpora:
            splitter = catalog.make("passages", splitter_name, "bench")
            for document in build(read_corpus_recipe(name), mirror=mirror()):
                yield from splitter.split(document)

    unique: dict[str, Passage] = {}
    for passage in split():
        unique.setdefault(passage.passage_id, passage)
        if len(unique) == n:
            break
    return list(unique.values())


def judged_passages() -> list[Passage]:
    """The passages of the two corpora that the questions are about."""
    return passages(CORPORA[:N_JUDGED_CORPORA])


def questions() -> dict[str, list[Question]]:
    """The questions of each development set that have a relevant document."""
    found = {}
    for name, (recipe_name, benchmark) in SETS.items():
        recipe = read_evaluation_recipe(recipe_name)
        if benchmark is not None:
            recipe = replace(recipe, benchmark=benchmark)
        asked = benchmark_questions(recipe, Report(), mirror=mirror())
        found[name] = [question for question in asked if question.relevant]
    return found


def ndcg(asked: Sequence[Question], doc_ids: Sequence[Sequence[str]]) -> float:
    """Mean nDCG@10 of rankings of documents, those of ``asked`` in order; a document counts at its first rank."""
    results = {
        question.query.query_id: Result(
            question.query.query_id,
            documents=tuple(Hit(doc_id, -float(rank)) for rank, doc_id in enumerate(dict.fromkeys(ranked))),
        )
        for question, ranked in zip(asked, doc_ids, strict=True)
    }
    return float(np.mean(list(NDCG(k=10).per_question(asked, results).values())))


def cache_folder() -> Path:
    """Where vectors are kept."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "ragmed-bench"
    folder = Path(os.environ.get("RAGMED_BENCH_CACHE") or default).expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def kept_vectors(what: str, texts: Sequence[str], encode: Callable[[Sequence[str]], Vectors]) -> Vectors:
    """``encode(texts)``, from the cache where it has been encoded before; ``what`` identifies the encoder."""
    digest = hashlib.sha256(what.encode())
    for text in texts:
        digest.update(b"\0" + text.encode("utf-8", "replace"))
    path = cache_folder() / f"{digest.hexdigest()[:24]}.npy"
    if not path.exists():
        print(f"encoding {len(texts):,} texts once with {what}", file=sys.stderr)
        unfinished = path.with_suffix(".unfinished.npy")
        np.save(unfinished, encode(texts))
        unfinished.rename(path)
    vectors: Vectors = np.load(path, mmap_mode="r")
    return vectors


def passage_vectors(of: Sequence[Passage]) -> Vectors:
    """What ragmed's default encoder makes of passages."""
    encoder = MiniLM()
    return kept_vectors(encoder.fingerprint(), [encoder_text(passage) for passage in of], encoder.encode_passages)


@dataclass(frozen=True)
class KnownVectors:
    """An encoder that looks up the vectors of known passages, and encodes everything else."""

    encoder: Encoder
    vector_of: dict[str, Any]

    @property
    def dim(self) -> int:
        return self.encoder.dim

    @property
    def max_tokens(self) -> int:
        return self.encoder.max_tokens

    def fingerprint(self) -> str:
        return self.encoder.fingerprint()

    def load(self) -> None:
        self.encoder.load()

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self.encoder.encode_queries(texts)

    def encode_passages(self, texts: Sequence[str], progress: Progress = no_progress) -> Vectors:
        return np.stack([self.vector_of[text] for text in texts]) if len(texts) else np.zeros((0, self.dim), np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [0] * len(texts)

    def count_truncated(self, texts: Sequence[str]) -> int:
        return 0


def known_vectors(of: Sequence[Passage], vectors: Vectors) -> KnownVectors:
    """The default encoder, with the vectors of these passages looked up."""
    return KnownVectors(MiniLM(), dict(zip(map(encoder_text, of), vectors, strict=True)))
