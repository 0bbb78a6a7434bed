"""Models of sentence-transformers on a device: batches, dtypes, devices. The models are tiny, with random weights."""

from __future__ import annotations

import contextlib
import functools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ragmed.encoders import _torch_model
from ragmed.encoders._torch_model import chosen_device, chosen_dtype
from ragmed.encoders.sentence_transformers import SentenceTransformers, _set_pooling
from ragmed.errors import EncoderError
from tests.tiny_models_for_tests import hub_folder

torch = pytest.importorskip("torch")
library = pytest.importorskip("sentence_transformers")

TEXTS = ["fever", "a cough of three weeks", "insulin lowers glucose " * 9, "chills", "x" * 300, "stiff neck"]
LEAST_COSINE = {"float32": 0.999999, "bfloat16": 0.999}
"""To the vectors that sentence-transformers gives in float32, of random weights in two layers."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return hub_folder(tmp_path_factory.mktemp("tiny"), chat_template=None)


def encoder(folder: str, **options: Any) -> SentenceTransformers:
    return SentenceTransformers(folder, pooling="mean", max_passage_tokens=128, **options)


def reference(folder: str) -> Any:
    """Each text alone, by the library itself."""
    model = library.SentenceTransformer(folder, device="cpu", model_kwargs={"torch_dtype": "float32"})
    _set_pooling(model, "mean", folder)
    model.max_seq_length = 128
    model.tokenizer.pad_token = model.tokenizer.eos_token
    return np.stack([model.encode([text], normalize_embeddings=True)[0] for text in TEXTS])


@pytest.fixture
def padded(folder: str) -> Any:
    """The tiny model's tokenizer has no token to pad with until it is given one."""
    for options in ({}, {"dtype": "bfloat16"}):
        loaded = encoder(folder, **options)._passages().model
        loaded.tokenizer.pad_token = loaded.tokenizer.eos_token
    return reference(folder)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("batch_tokens", [1, 150, 100_000])
def test_vectors_are_the_librarys_within_tolerance_and_in_the_order_of_the_texts(
    folder: str, padded: Any, dtype: Any, batch_tokens: int
) -> None:
    vectors = encoder(folder, dtype=dtype, batch_tokens=batch_tokens).encode_passages(TEXTS)
    assert vectors.dtype == np.float32
    assert (np.sum(vectors * padded, axis=1) >= LEAST_COSINE[dtype]).all()
    others = np.sum(vectors * np.roll(padded, 1, axis=0), axis=1)
    assert (others < LEAST_COSINE["bfloat16"]).all(), "texts are too alike for their order to show"


@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_on_either_side_is_left_out(folder: str, padded: Any, side: str) -> None:
    tokenizer = encoder(folder)._passages().model.tokenizer
    before, tokenizer.padding_side = tokenizer.padding_side, side
    try:
        vectors = encoder(folder, batch_tokens=300).encode_passages(TEXTS)
    finally:
        tokenizer.padding_side = before
    np.testing.assert_allclose(vectors, padded, atol=1e-5)


def test_batches_are_filled_by_length_and_padded_little(
    folder: str, padded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[tuple[int, int]] = []
    run = _torch_model.TorchModel._run

    def noted(self: Any, features: Any, rows: Any, width: int, task: str) -> Any:
        ran.append((len(rows), width))
        return run(self, features, rows, width, task)

    monkeypatch.setattr(_torch_model.TorchModel, "_run", noted)
    encoder(folder, batch_tokens=64).encode_passages(["x" * n for n in (1, 60, 2, 30, 1, 31, 2)])
    assert ran == [(1, 60), (2, 31), (4, 2)]


def test_models_that_take_no_padded_rows_are_encoded_by_the_library(
    folder: str, padded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_torch_model.TorchModel, "_features", lambda *_: None)
    np.testing.assert_allclose(encoder(folder).encode_passages(TEXTS), padded, atol=1e-5)


def test_weights_are_of_the_dtype_named(folder: str) -> None:
    assert {p.dtype for p in encoder(folder, dtype="bfloat16")._passages().model.parameters()} == {torch.bfloat16}
    assert {p.dtype for p in encoder(folder)._passages().model.parameters()} == {torch.float32}


@pytest.mark.parametrize(
    ("cuda", "metal", "expected"), [(True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_auto_is_the_best_device_there_is(
    monkeypatch: pytest.MonkeyPatch, cuda: bool, metal: bool, expected: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: metal)
    assert chosen_device("auto") == expected
    assert chosen_device("cpu") == "cpu"


@pytest.mark.parametrize("native", [True, False])
def test_auto_is_bfloat16_only_where_the_device_computes_with_it(monkeypatch: pytest.MonkeyPatch, native: bool) -> None:
    expected = "bfloat16" if native else "float32"
    monkeypatch.setattr(torch.cuda, "device", contextlib.nullcontext)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: native or including_emulation)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: native)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    assert chosen_dtype("auto", "cpu") == chosen_dtype("auto", "cuda:1") == expected
    assert chosen_dtype("auto", "mps") == "float32"
    assert chosen_dtype("float16", "cpu") == "float16"


def test_a_gpu_that_is_not_there_is_one_line(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(
        EncoderError, match=r"device 'cuda:7': torch .* finds no GPU here; set device = 'auto' or 'cpu'"
    ):
        encoder(folder, device="cuda:7").load()


def test_a_device_without_room_says_what_to_set(folder: str, padded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise torch.OutOfMemoryError("Tried to allocate 20 GiB")

    monkeypatch.setattr(_torch_model.TorchModel, "_run", full)
    with pytest.raises(EncoderError, match="no room for a batch; set a smaller batch_tokens, or dtype"):
        encoder(folder).encode_passages(TEXTS)


def test_what_does_not_run_compiled_says_to_leave_it_out(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given = encoder(folder, compile=True)
    given.load()

    def broken(*_: Any) -> None:
        raise RuntimeError("InvalidCxxCompiler: No working C++ compiler found\nmore")

    monkeypatch.setattr(_torch_model.TorchModel, "_run", broken)
    given._passages().model.tokenizer.pad_token = "<|end|>"
    with pytest.raises(EncoderError, match=r"does not run compiled \(InvalidCxxCompiler.*found\); leave compile out"):
        given.encode_passages(TEXTS)


def test_compiled_vectors_are_the_same_within_tolerance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # "eager" traces the model as torch.compile does and leaves out a minute's work of the C++ compiler.
    compiled = functools.partialmethod(torch.nn.Module.compile, backend="eager")
    monkeypatch.setattr(library.SentenceTransformer, "compile", compiled)
    folder = hub_folder(tmp_path / "compiled", chat_template=None)
    given = encoder(folder, compile=True, batch_tokens=300)
    given._passages().model.tokenizer.pad_token = "<|end|>"
    np.testing.assert_allclose(given.encode_passages(TEXTS), reference(folder), atol=1e-5)
