"""What is done to a shard: pure functions of what is on disk, so that any machine may do it, and do it again.

A *split* cuts some documents of a corpus into passages; an *encoding* makes the vectors of some rows of the passages
store. Their results are stored under a hash of all that they depend on, so that one that is there need not be made.
"""

from __future__ import annotations

import functools
import hashlib
import io
import json
import os
import sys
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

import ragmed
from ragmed import catalog
from ragmed.analysis.vocabulary_abbreviations import mine
from ragmed.collection.store import BuiltCorpus
from ragmed.errors import NoCorpus
from ragmed.index.passages_store import PassageStore
from ragmed.protocols import Encoder, Progress, Retriever, Splitter, Vectors, no_progress
from ragmed.retrievers.dense import Dense, encoder_text
from ragmed.retrievers.questions import Questions
from ragmed.threads import in_threads
from ragmed.types import Passage, Section

ENCODED = 8192
"""Passages encoded at once, as many as `ragmed.retrievers.dense` does: a vector may depend on those beside it."""

Side = Literal["passages", "questions"]


@dataclass(frozen=True, slots=True)
class SplitTask:
    """Documents of the built corpus in ``folder`` whose seal is ``seal``, by ``runs`` of rows ``[start, end)``."""

    folder: str
    seal: str
    runs: tuple[tuple[int, int], ...]
    splitter: Mapping[str, Any]

    @property
    def key(self) -> str:
        """Equal keys, equal results."""
        return hash_of("split", self.seal, self.runs, dict(self.splitter))

    def table(self) -> dict[str, Any]:
        """The task as JSON values."""
        return {"folder": self.folder, "seal": self.seal, "runs": self.runs, "splitter": dict(self.splitter)}

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> SplitTask:
        return cls(table["folder"], table["seal"], tuple((a, b) for a, b in table["runs"]), table["splitter"])


@dataclass(frozen=True)
class Split:
    """What became of the documents of a task: passages, abbreviations that they define, documents without text."""

    n_documents: int
    passages: Sequence[Passage]
    abbreviations: Mapping[tuple[str, str], int]
    empty: Sequence[str]


def runs_of(rows: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Ascending rows as runs.

    >>> runs_of([3, 4, 5, 9])
    ((3, 6), (9, 10))
    """
    found: list[tuple[int, int]] = []
    for row in rows:
        if found and found[-1][1] == row:
            found[-1] = (found[-1][0], row + 1)
        else:
            found.append((row, row + 1))
    return tuple(found)


def split(task: SplitTask) -> Split:
    """Cut the documents of a task into passages.

    Raises:
        NoCorpus: the corpus is not there, or is another by now. DamagedFile: it cannot be read.
    """
    corpus, splitter = _corpus(task.folder, task.seal), _splitter(json.dumps(dict(task.splitter)))
    passages: list[Passage] = []
    abbreviations: Counter[tuple[str, str]] = Counter()
    empty: list[str] = []
    n_documents = 0
    for start, end in task.runs:
        for row in range(start, end):
            document, before = corpus[row], len(passages)
            passages += splitter.split(document)
            n_documents += 1
            if len(passages) == before:
                empty.append(document.doc_id)
    for passage in passages:
        abbreviations.update(mine([passage.text]))
    return Split(n_documents, passages, abbreviations, empty)


def dump_split(made: Split) -> bytes:
    """As bytes to be stored; `load_split` gives it back."""
    table = {
        "n_documents": made.n_documents,
        "passages": [[_value(passage, name) for name in _FIELDS] for passage in made.passages],
        "abbreviations": [[short, long, n] for (short, long), n in made.abbreviations.items()],
        "empty": list(made.empty),
    }
    return zlib.compress(json.dumps(table).encode(), 1)


def load_split(data: bytes) -> Split:
    table = json.loads(zlib.decompress(data))
    passages = [_passage(dict(zip(_FIELDS, row, strict=True))) for row in table["passages"]]
    abbreviations = {(short, long): n for short, long, n in table["abbreviations"]}
    return Split(table["n_documents"], passages, abbreviations, table["empty"])


@dataclass(frozen=True, slots=True)
class Encoding:
    """What a retriever encodes: ``side`` of the first ``n_passages`` of the store in ``folder``.

    ``retriever`` is its table in the recipe, which a worker makes the encoder from.
    """

    folder: str
    n_passages: int
    retriever: Mapping[str, Any]
    side: Side

    def tasks(self) -> list[EncodeTask]:
        """One for each block of `ENCODED` passages."""
        starts = range(0, self.n_passages, ENCODED)
        return [EncodeTask(self, start, min(start + ENCODED, self.n_passages)) for start in starts]


@dataclass(frozen=True, slots=True)
class EncodeTask:
    """The passages of rows ``[start, end)``."""

    encoding: Encoding
    start: int
    end: int

    def table(self) -> dict[str, Any]:
        """The task as JSON values."""
        return asdict(self)

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> EncodeTask:
        return cls(Encoding(**table["encoding"]), table["start"], table["end"])


def encoding_of(retriever: Retriever, table: Mapping[str, Any], passages: Path, n_passages: int) -> Encoding | None:
    """What a retriever will ask its encoder for; None where it has none or that cannot be told beforehand."""
    if isinstance(retriever, Dense):
        return Encoding(str(passages), n_passages, table, "passages")
    if isinstance(retriever, Questions):
        return Encoding(str(passages), n_passages, table, "questions")
    return None


def texts_of(task: EncodeTask) -> list[str]:
    """What of the passages is encoded, in their order; those without a question are left out of questions."""
    passages = _passages(task.encoding.folder)[task.start : task.end]
    if task.encoding.side == "questions":
        return [passage.question for passage in passages if passage.question.strip()]
    return [encoder_text(passage) for passage in passages]


def encoder_of(encoding: Encoding) -> Encoder:
    """The encoder of the retriever, made from its table."""
    return _encoder(json.dumps(dict(encoding.retriever)))


def key_of_texts(encoder: Encoder, side: Side, texts: Sequence[str]) -> str:
    """Under which the vectors of these texts are stored."""
    return hash_of(side, encoder.fingerprint(), texts)


def encode(encoder: Encoder, side: Side, texts: Sequence[str], progress: Progress = no_progress) -> bytes:
    """The vectors of the texts, as bytes to be stored: arrays ``vectors``, ``digests`` and ``n_truncated``."""
    if side == "questions":
        # Both sides of a comparison of questions are encoded as queries, each alone.
        found = list(in_threads(lambda text: encoder.encode_queries([text])[0], texts))
        vectors = np.stack(found) if found else np.zeros((0, encoder.dim), dtype=np.float32)
    else:
        vectors = encoder.encode_passages(texts, progress)
    digests = np.array([list(digest(text)) for text in texts], dtype=np.uint8).reshape(len(texts), 16)
    file = io.BytesIO()
    np.savez(file, vectors=vectors, digests=digests, n_truncated=np.array(encoder.count_truncated(texts)))
    return file.getvalue()


def load_vectors(data: bytes) -> tuple[Vectors, NDArray[np.uint8], int]:
    """Vectors, digests of their texts, and how many of these were cut."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return arrays["vectors"], arrays["digests"], int(arrays["n_truncated"])


def digest(text: str) -> bytes:
    """Sixteen bytes that stand for a text."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def hash_of(*content: Any) -> str:
    """A hash of JSON values."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:40]


@functools.cache
def code_fingerprint() -> str:
    """Identifies the code that a shard's result depends on: ragmed's, that of own components, and its libraries'."""
    package = Path(ragmed.__file__).parent
    total = hashlib.sha256()
    extra = [Path(part) for part in os.environ.get("RAGMED_COMPONENTS", "").split(os.pathsep) if part]
    for folder in (package, *extra):
        for path in sorted(folder.rglob("*.py")):
            total.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    versions = [f"{name} {metadata.version(name)}" for name in ("numpy", "onnxruntime", "tokenizers")]
    total.update(", ".join([f"python {sys.version_info[0]}.{sys.version_info[1]}", *versions]).encode())
    return f"{ragmed.__version__}/{total.hexdigest()[:12]}"


_FIELDS = tuple(field.name for field in fields(Passage))


def _value(passage: Passage, name: str) -> Any:
    value = getattr(passage, name)
    if name == "sections":
        return [[section.start, section.title, section.page] for section in value]
    return dict(value) if name == "meta" else value


def _passage(values: dict[str, Any]) -> Passage:
    return Passage(**{**values, "sections": tuple(Section(*one) for one in values["sections"])})


@functools.lru_cache(4)
def _corpus(folder: str, seal: str) -> BuiltCorpus:
    corpus = BuiltCorpus(Path(folder))
    if corpus.manifest["seal"] != seal:
        raise NoCorpus(f"{folder}: was built anew meanwhile; run the same command again")
    return corpus


@functools.lru_cache(8)
def _splitter(table: str) -> Splitter:
    made: Splitter = catalog.make("passages", json.loads(table), "splitter")
    return made


@functools.lru_cache(2)
def _encoder(table: str) -> Encoder:
    encoder: Encoder = catalog.make("retrievers", json.loads(table), "[[retrievers]]").encoder
    return encoder


def _passages(folder: str) -> PassageStore:
    return PassageStore(Path(folder))
