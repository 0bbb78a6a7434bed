"""A model of sentence-transformers on a device of torch's: CPU, CUDA (ROCm among them) or Apple's Metal.

Texts are sorted by length and run in batches of so many tokens, padding included (`by_length`). What a batch gives is
fetched when the next texts are tokenized, so that an accelerator computes while the CPU tokenizes.

Measured with all-MiniLM-L6-v2 on one core with AVX-512 bf16 (`bench/encoding.py`, docs/scale.md; tokens a second): as
sentence-transformers batches 2,210, here 3,150 in float32, compiled or not, and 8,310 in bfloat16. float16 was slower
by far, since that core does not compute with it. No GPU was measured.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ragmed.encoders._batches import by_length
from ragmed.errors import EncoderError

Dtype = Literal["auto", "float32", "bfloat16", "float16"]

CPU_BATCH_TOKENS, BATCH_TOKENS = 2048, 32_768
"""Tokens per batch on the CPU, where what is at work should fit its caches, and on an accelerator."""
_CHARACTERS_PER_TOKEN = 4
_CHUNK_BATCHES = 8
"""Texts of about so many batches are tokenized at once."""

lock = threading.RLock()


def chosen_device(device: str) -> str:
    """``device``, or the best there is where that is ``auto``. Raises `EncoderError`: there is no such GPU."""
    import torch

    if device.partition(":")[0] == "cuda" and not torch.cuda.is_available():
        raise EncoderError(
            f"device {device!r}: torch {torch.__version__} finds no GPU here; set device = 'auto' or 'cpu'"
        )
    if device != "auto":
        return device
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def chosen_dtype(dtype: Dtype, device: str) -> str:
    """``dtype``; where that is ``auto``, bfloat16 on a device that computes with it and float32 on any other."""
    import torch

    if dtype != "auto":
        return dtype
    kind, native = torch.device(device).type, False
    if kind == "cuda":
        with torch.cuda.device(device):
            native = torch.cuda.is_bf16_supported(including_emulation=False)
    elif kind == "cpu":
        native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return "bfloat16" if native else "float32"


@dataclass(eq=False)
class TorchModel:
    """A loaded model. ``own_limit`` is how many tokens its files say it reads, None where they do not."""

    name: str
    model: Any
    own_limit: int | None
    n_positions: int
    dim: int
    device: str
    compiled: bool

    def max_tokens(self, option: str) -> int:
        if self.own_limit is None:
            raise EncoderError(f"{self.name}: does not say how many tokens it reads; name it: {option} = …")
        return self.own_limit

    def prompt(self, names: Sequence[str]) -> str:
        prompts = getattr(self.model, "prompts", None) or {}
        return next((prompts[name] for name in names if prompts.get(name)), "")

    def count(self, inputs: Sequence[Any]) -> list[int]:
        tokenizer = self.model.tokenizer
        counts = [0] * len(inputs)
        with lock:
            if not callable(tokenizer):
                return [len(tokenizer.encode(text, add_special_tokens=False).ids) for text in inputs]
            for kind in (str, tuple):
                rows = [row for row, text in enumerate(inputs) if isinstance(text, kind)]
                if rows:
                    texts = [inputs[row] for row in rows]
                    found = tokenizer(texts, truncation=False, verbose=False, return_attention_mask=False)["input_ids"]
                    for row, ids in zip(rows, found, strict=True):
                        counts[row] = len(ids)
        return counts

    def encode(
        self,
        inputs: Sequence[Any],
        prefix: str,
        max_tokens: int,
        task: str,
        batch_tokens: int = 0,
        progress: Callable[[int], None] = lambda _: None,
    ) -> NDArray[np.float32]:
        """A vector a text, in their order. ``batch_tokens``: 0 takes what suits the device.

        ``progress`` is told how many are done.

        Raises:
            EncoderError: the device has no room for a batch, or the compiled model does not run.
        """
        import torch

        budget = batch_tokens or (CPU_BATCH_TOKENS if torch.device(self.device).type == "cpu" else BATCH_TOKENS)
        found = np.zeros((len(inputs), self.dim), dtype=np.float32)
        done = 0
        with lock, torch.inference_mode(), self._faults():
            self.model.max_seq_length = max_tokens
            running: list[tuple[NDArray[np.intp], Any]] = []
            for chunk in by_length(_estimated(inputs, max_tokens), _CHUNK_BATCHES * budget):
                texts = [inputs[row] for row in chunk]
                features = self._features(texts, prefix, task)
                done += _fetch(running, found)
                progress(done)
                if features is None:
                    size = max(1, budget // max_tokens)
                    given = {"prompt": prefix, "task": task, "batch_size": size, "show_progress_bar": False}
                    running.append((chunk, torch.as_tensor(self.model.encode(texts, **given))))
                    continue
                used = features["attention_mask"].sum(dim=1).numpy()
                for rows in by_length(used, budget):
                    running.append((chunk[rows], self._run(features, rows, int(used[rows[0]]), task)))
            progress(done + _fetch(running, found))
        return found

    def _features(self, texts: list[Any], prefix: str, task: str) -> dict[str, Any] | None:
        """What the model reads, a row a text; None: it takes its texts in another form than padded rows."""
        preprocess = getattr(self.model, "preprocess", None)
        if preprocess is None:
            return None
        features: dict[str, Any] = preprocess(texts, prompt=prefix or None, task=task)
        ids, mask = features.get("input_ids"), features.get("attention_mask")
        if ids is None or mask is None or ids.ndim != 2 or ids.shape != mask.shape or len(ids) != len(texts):
            return None
        return features

    def _run(self, features: dict[str, Any], rows: NDArray[np.intp], width: int, task: str) -> Any:
        """The vectors of these rows, on the device; only as many tokens are read as the longest has."""
        import torch

        shape = features["input_ids"].shape
        used = slice(shape[1] - width, None) if self.model.tokenizer.padding_side == "left" else slice(width)
        chosen = torch.from_numpy(rows)
        batch = {
            name: value[chosen, used].to(self.device, non_blocking=True) if _is_of(value, shape) else value
            for name, value in features.items()
        }
        vectors = self.model(batch, task=task)["sentence_embedding"]
        return vectors[:, : self.dim].float()

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """Faults of the device in one line."""
        import torch

        try:
            yield
        except torch.OutOfMemoryError as error:
            raise EncoderError(
                f"{self.name}: the device has no room for a batch; set a smaller batch_tokens, or dtype"
            ) from error
        except RuntimeError as error:
            if not self.compiled:
                raise
            first = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise EncoderError(f"{self.name}: does not run compiled ({first}); leave compile out") from error


def _estimated(inputs: Sequence[Any], max_tokens: int) -> NDArray[np.int64]:
    """About how many tokens each text has, by its characters."""
    lengths = [sum(map(len, text)) if isinstance(text, tuple) else len(text) for text in inputs]
    return np.minimum(np.array(lengths, dtype=np.int64) // _CHARACTERS_PER_TOKEN + 2, max_tokens)


def _is_of(value: Any, shape: Any) -> bool:
    return bool(getattr(value, "shape", None) == shape)


def _fetch(running: list[tuple[NDArray[np.intp], Any]], found: NDArray[np.float32]) -> int:
    """Wait for the batches that run and keep what they give. Returns how many texts they are."""
    for rows, vectors in running:
        found[rows] = vectors.cpu().numpy()
    n = sum(len(rows) for rows, _ in running)
    running.clear()
    return n
