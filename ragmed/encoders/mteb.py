"""Any text encoder of mteb: with the prompts, pooling and limits that its entry there prescribes.

Source: Muennighoff et al. 2023, "MTEB: Massive Text Embedding Benchmark" (EACL, https://arxiv.org/abs/2210.07316);
``EncoderProtocol`` of mteb 2, https://embeddings-benchmark.github.io/mteb/. Needs the extra ``mteb``.

A model comes from its hub at the revision that mteb or the recipe names, or from a folder in the layout of
sentence-transformers. Texts are given as queries or as documents of one of mteb's tasks, which chooses the prompt.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ragmed.analysis.encodable import encodable
from ragmed.errors import EncoderError, MissingExtra
from ragmed.protocols import Encoder, Progress, Vectors, no_progress

_BLOCK = 1024
"""Passages given to the model at once; it batches them itself."""


@dataclass(frozen=True)
class MTEB:
    """An encoder by its name in mteb, or by its folder.

    ``revision`` pins the weights; empty: the one that mteb names. ``task`` is the task of mteb whose prompts are used.
    Passages are encoded ``batch_size`` at a time; queries one by one, so that their vectors do not depend on others.
    """

    model: str = "sentence-transformers/all-MiniLM-L6-v2"
    revision: str = ""
    task: str = "NFCorpus"
    batch_size: int = 32

    @property
    def dim(self) -> int:
        return int(self._encode(["dimension"], "query").shape[1])

    @property
    def max_tokens(self) -> int:
        loaded = _loaded(self.model, self.revision)
        limit = getattr(getattr(loaded, "model", None), "max_seq_length", None) or loaded.mteb_model_meta.max_tokens
        if limit is None:
            raise EncoderError(f"{self.model}: mteb does not say how many tokens it reads")
        return int(limit)

    def fingerprint(self) -> str:
        folder = Path(self.model)
        which = f"folder@{_folder_hash(self.model)}" if folder.is_dir() else f"{self.model}@{self._revision()}"
        return f"mteb/{which}/{self.task}"

    def load(self) -> None:
        _loaded(self.model, self.revision)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        vectors = [self._encode([text], "query") for text in texts]
        return np.concatenate(vectors) if vectors else np.zeros((0, self.dim), dtype=np.float32)

    def encode_passages(self, texts: Sequence[str], progress: Progress = no_progress) -> Vectors:
        blocks = []
        for start in range(0, len(texts), _BLOCK):
            blocks.append(self._encode(texts[start : start + _BLOCK], "document"))
            progress(min(start + _BLOCK, len(texts)), len(texts))
        return np.concatenate(blocks) if blocks else np.zeros((0, self.dim), dtype=np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Raises `EncoderError` where the model shows no tokenizer."""
        tokenizer = getattr(getattr(_loaded(self.model, self.revision), "model", None), "tokenizer", None)
        if not callable(tokenizer):
            raise EncoderError(f"{self.model}: shows no tokenizer, so its tokens cannot be counted")
        return [len(tokenizer(encodable(text), truncation=False, verbose=False)["input_ids"]) for text in texts]

    def count_truncated(self, texts: Sequence[str]) -> int:
        return sum(n > self.max_tokens for n in self.count_tokens(texts))

    def _revision(self) -> str:
        revision = self.revision or _mteb().get_model_meta(self.model).revision
        if not revision:
            raise EncoderError(f"{self.model}: mteb names no revision; name one in the recipe: revision = …")
        return str(revision)

    def _encode(self, texts: Sequence[str], side: Literal["query", "document"]) -> Vectors:
        loaded = _loaded(self.model, self.revision)
        mteb = _mteb()
        data = importlib.import_module("torch.utils.data").DataLoader(
            importlib.import_module("datasets").Dataset.from_dict({"text": [encodable(text) for text in texts]}),
            batch_size=self.batch_size,
        )
        with _lock:
            encoded = loaded.encode(
                data,
                task_metadata=mteb.get_task(self.task).metadata,
                hf_split="test",
                hf_subset="default",
                prompt_type=importlib.import_module("mteb.types").PromptType(side),
                batch_size=self.batch_size,
                show_progress_bar=False,
            )
        vectors = np.asarray(encoded.cpu() if hasattr(encoded, "cpu") else encoded, dtype=np.float32)
        if vectors.ndim != 2 or len(vectors) != len(texts):
            raise EncoderError(f"{self.model}: gives {vectors.shape} for {len(texts)} texts, not a vector each")
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.all(norms > 0):
            raise EncoderError(f"{self.model}: gives a vector of nothing or of what is no number")
        unit: Vectors = vectors / norms
        return unit


_lock = threading.RLock()


@functools.cache
def _loaded(model: str, revision: str) -> Any:
    """The encoder, loaded once per process."""
    with _lock:
        mteb = _mteb()
        if Path(model).is_dir():
            wrapper = importlib.import_module("mteb.models.sentence_transformer_wrapper")
            sentence_transformers = importlib.import_module("sentence_transformers")
            return wrapper.SentenceTransformerEncoderWrapper(sentence_transformers.SentenceTransformer(model))
        try:
            loaded = mteb.get_model(model, revision=revision or None)
        except (OSError, KeyError, ValueError) as error:
            raise EncoderError(f"{model}: mteb cannot load it ({str(error).splitlines()[0]})") from error
        if not hasattr(loaded, "encode"):
            raise EncoderError(f"{model}: is no encoder of mteb's; it searches or reranks")
        return loaded


def _mteb() -> Any:
    try:
        return importlib.import_module("mteb")
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "mteb", "mteb") from error


@functools.cache
def _folder_hash(folder: str) -> str:
    """A hash of the names and contents of a folder's files."""
    digest = hashlib.sha256()
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
            digest.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return digest.hexdigest()[:16]


COMPONENT: type[Encoder] = MTEB
