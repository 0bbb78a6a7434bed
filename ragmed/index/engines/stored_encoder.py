"""An encoder that has vectors made elsewhere at hand, for a retriever that need not know of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ragmed.index.engines.shards import Shards
from ragmed.index.engines.steps import digest, encode, key_of_texts, load_vectors
from ragmed.protocols import Encoder, Progress, Vectors, no_progress


@dataclass
class StoredEncoder:
    """Gives the vectors of texts that were encoded ahead and are stored; encodes all others itself.

    With ``keeps`` it stores those of passages, for the next build. ``questions`` are the keys of the shards of
    questions, in the order in which these will be asked for. ``n_encoded`` counts the texts that it had to encode.
    """

    encoder: Encoder
    shards: Shards
    questions: Iterator[str] = field(default_factory=lambda: iter(()))
    keeps: bool = False
    n_encoded: int = 0
    _block: Mapping[bytes, Vectors] = field(default_factory=dict)
    _newest: Mapping[bytes, Vectors] = field(default_factory=dict)
    _truncated: tuple[str, int] = ("", 0)
    _lock: threading.Lock = field(default_factory=threading.Lock)

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
        found = [self._question(text) for text in texts]
        return np.stack(found) if found else np.zeros((0, self.dim), dtype=np.float32)

    def encode_passages(self, texts: Sequence[str], progress: Progress = no_progress) -> Vectors:
        key = key_of_texts(self.encoder, "passages", texts)
        data = self.shards.read(key)
        if data is None:
            self.n_encoded += len(texts)
            if not self.keeps:
                return self.encoder.encode_passages(texts, progress)
            data = encode(self.encoder, "passages", texts, progress)
            self.shards.write(key, data)
        vectors, _, n_truncated = load_vectors(data)
        self._truncated = (key, n_truncated)
        progress(len(texts), len(texts))
        return vectors

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self.encoder.count_tokens(texts)

    def count_truncated(self, texts: Sequence[str]) -> int:
        key, n_truncated = self._truncated
        if key and key == key_of_texts(self.encoder, "passages", texts):
            return n_truncated
        return self.encoder.count_truncated(texts)

    def _question(self, text: str) -> Vectors:
        wanted = digest(text)
        with self._lock:
            while wanted not in self._block:
                key = next(self.questions, None)
                if key is None:
                    break
                data = self.shards.read(key)
                if data is not None:
                    # The block before stays at hand: threads ask for questions of both sides of a boundary.
                    vectors, digests, _ = load_vectors(data)
                    new = {row.tobytes(): vector for row, vector in zip(digests, vectors, strict=True)}
                    self._block = {**self._newest, **new}
                    self._newest = new
            vector = self._block.get(wanted)
        if vector is None:
            self.n_encoded += 1
            return np.asarray(self.encoder.encode_queries([text])[0])
        return vector
