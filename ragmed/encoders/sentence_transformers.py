"""Any model of sentence-transformers, by hub id or local folder, used as its authors meant.

Source: Reimers & Gurevych 2019, "Sentence-BERT" (arXiv:1908.10084), https://www.sbert.net. Needs the extra ``hf``.

Prefixes, pooling and limits come, in this order, from the options, from the preset of the model id
(`ragmed.encoders._presets`) and from the model's own files (prompts named ``query`` and ``document``, ``passage`` or
``corpus`` among them). A model that is in the hub's cache is not looked up on the network.

Vectors are of length 1, so that ragmed compares by cosine. Models trained for dot products (MedCPT, Contriever,
BMRetriever) rank passages otherwise than their authors report, unless ``norm_bound`` is set: see `passage_vectors`.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ragmed.analysis.encodable import encodable
from ragmed.encoders._tokens import append_eos
from ragmed.encoders._torch_model import Dtype, TorchModel, chosen_device, chosen_dtype, lock
from ragmed.encoders._two_sided import TwoSided
from ragmed.encoders._vectors import passage_vectors, query_vectors, warn_of_truncation
from ragmed.errors import EncoderError, MissingExtra
from ragmed.hub import identity_once_loaded, load_model
from ragmed.protocols import Encoder, Progress, Vectors, no_progress

_BLOCK = 8192
"""Passages that are sorted by length together."""
_MODES = {"cls": "cls", "mean": "mean", "last": "lasttoken"}


@dataclass(frozen=True)
class SentenceTransformers(TwoSided):
    """An encoder by its hub id (``owner/name``) or folder.

    ``preset`` is for a folder or a fine-tuned model. ``query_model`` encodes queries instead of ``model``; ``revision``
    and ``query_revision`` pin their commits. The other options: `TwoSided`.

    ``device``: ``cpu``, ``auto`` (CUDA, else Apple's Metal, else the CPU) or a name of torch's. ``dtype``: of weights
    and activations; ``auto`` is bfloat16 on a device that computes with it and float32 elsewhere, so that an index
    encoded on a GPU may be searched on any machine: of all-MiniLM-L6-v2's vectors the least cosine to float32's was
    0.9999. ``batch_tokens``: run at once, padding included; 0 takes what suits the device. ``compile``: by
    torch.compile, which needs a C++ compiler and most of a minute.
    """

    batch_tokens: int = 0
    device: str = "cpu"
    dtype: Dtype = "float32"
    compile: bool = False
    revision: str = ""
    query_revision: str = ""
    trust_remote_code: bool = False

    def fingerprint(self) -> str:
        preset = self._preset()
        parts = [identity_once_loaded(self.model, self.revision, self.load)]
        if self._query_model():
            parts.append(identity_once_loaded(self._query_model(), self.query_revision, self.load))
        settings = {
            "prefixes": (self._given("query"), self._given("passage")),
            "max_tokens": self._limits(),
            "pooling": self.pooling or preset.pooling,
            "dtype": "" if self.dtype == "float32" else self.dtype,
            "norm_bound": self.norm_bound,
            "eos": preset.append_eos,
            "pairs": preset.pairs,
        }
        told = ",".join(f"{name}={value}" for name, value in settings.items() if value not in ("", 0, False))
        return f"sentence-transformers/{'+'.join(parts)}/{told}"

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        side, prefix, limit = self._queries(), self._prefix("query"), self._limit("query")
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in enumerate(map(encodable, texts)):
            n_tokens = side.count([prefix + text])[0]
            if n_tokens > limit:
                warn_of_truncation(self.fingerprint(), self._query_model() or self.model, n_tokens, limit)
            # One at a time, so that a query's vector does not depend on the others.
            raw = side.encode([text], prefix, limit, "query")
            vectors[row] = query_vectors(raw, self.norm_bound, self.model)[0]
        return vectors

    def encode_passages(self, texts: Sequence[str], progress: Progress = no_progress) -> Vectors:
        side, limit = self._passages(), self._limit("passage")
        pairs = self._preset().pairs
        prefix = "" if pairs else self._prefix("passage")
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for start in range(0, len(texts), _BLOCK):
            block = texts[start : start + _BLOCK]
            inputs = self._inputs(block) if pairs else [encodable(text) for text in block]
            raw = side.encode(
                inputs,
                prefix,
                limit,
                "document",
                self.batch_tokens,
                lambda done, start=start: progress(start + done, len(texts)),  # type: ignore[misc]
            )
            vectors[start : start + len(block)] = passage_vectors(raw, self.norm_bound, self.model)
        return vectors

    def _query_model(self) -> str:
        return self.query_model or self._preset().query_model

    def _passages(self) -> TorchModel:
        return self._model(self.model, self.revision)

    def _queries(self) -> TorchModel:
        other = self._query_model()
        return self._model(other, self.query_revision) if other else self._passages()

    def _model(self, model: str, revision: str) -> TorchModel:
        preset = self._preset()
        if preset.remote_code and not self.trust_remote_code:
            raise EncoderError(
                f"{model}: runs code from its repository; read that, pin it with revision, and allow it with "
                "trust_remote_code = true"
            )
        return _loaded(
            model,
            revision,
            self.device,
            self.dtype,
            self.compile,
            self.pooling or preset.pooling,
            preset.append_eos,
            self.trust_remote_code,
        )


@functools.cache
def _loaded(
    model: str,
    revision: str,
    device: str,
    dtype: Dtype,
    compiled: bool,
    pooling: str,
    append_eos: bool,
    trust_remote_code: bool,
) -> TorchModel:
    """The model, loaded once per process."""
    with lock:
        try:
            library = importlib.import_module("sentence_transformers")
        except ModuleNotFoundError as error:
            raise MissingExtra(error.name or "sentence_transformers", "hf") from error

        device = chosen_device(device)
        weights = chosen_dtype(dtype, device)

        def load(local: bool) -> Any:
            return library.SentenceTransformer(
                model,
                device=device,
                revision=revision or None,
                local_files_only=local,
                trust_remote_code=trust_remote_code,
                model_kwargs={"torch_dtype": weights},
            ).eval()

        loaded = load_model(model, revision, load)
        if pooling:
            _set_pooling(loaded, pooling, model)
        if append_eos:
            _append_eos(loaded.tokenizer, model)
        if compiled:
            loaded.compile(dynamic=True)
        limit = loaded.max_seq_length
        config = getattr(getattr(loaded[0], "auto_model", None), "config", None)
        positions = getattr(config, "max_position_embeddings", None)
        dim = getattr(loaded, "get_embedding_dimension", None) or loaded.get_sentence_embedding_dimension
        return TorchModel(
            name=model,
            model=loaded,
            own_limit=int(limit) if isinstance(limit, int) else None,
            n_positions=int(positions) if positions else 1 << 31,
            dim=int(dim()),
            device=device,
            compiled=compiled,
        )


def _set_pooling(loaded: Any, pooling: str, model: str) -> None:
    for i, module in enumerate(loaded):
        if type(module).__name__ == "Pooling":
            get_dim = getattr(loaded[0], "get_embedding_dimension", None) or loaded[0].get_word_embedding_dimension
            loaded[i] = type(module)(get_dim(), pooling_mode=_MODES[pooling])
            return
    raise EncoderError(f"{model}: pools by itself; leave pooling out")


def _append_eos(tokenizer: Any, model: str) -> None:
    if not tokenizer.eos_token or not getattr(tokenizer, "is_fast", False):
        raise EncoderError(f"{model}: its tokenizer has no end-of-sequence token to end texts with")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    append_eos(tokenizer.backend_tokenizer, tokenizer.eos_token)


COMPONENT: type[Encoder] = SentenceTransformers
