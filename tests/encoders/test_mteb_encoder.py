"""mteb's encoders as ragmed's: what is asked of them, tested on one made here."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ragmed.encoders import mteb as wrapped
from ragmed.encoders.mteb import MTEB
from ragmed.errors import EncoderError, MissingExtra
from ragmed.protocols import Encoder


class PromptType(StrEnum):
    """mteb's two sides of a search."""

    QUERY = "query"
    DOCUMENT = "document"


class Lengths:
    """Encodes a text as its length beside 1, a query with the sign turned; remembers what it was asked."""

    mteb_model_meta = SimpleNamespace(max_tokens=3, revision="abc")

    def __init__(self) -> None:
        self.asked: list[tuple[list[str], str, str]] = []
        self.model = SimpleNamespace(tokenizer=lambda text, **_: {"input_ids": [0, *text.split(), 0]})

    def encode(self, inputs: Any, *, task_metadata: str, prompt_type: PromptType, **_: Any) -> Any:
        texts = [text for batch in inputs for text in batch["text"]]
        self.asked.append((texts, task_metadata, prompt_type.value))
        sign = -1 if prompt_type is PromptType.QUERY else 1
        return np.array([[sign * len(text), 1] for text in texts], dtype=np.float64)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lengths]:
    """mteb, torch and datasets as far as they are used, holding one model."""
    made = Lengths()

    def module(name: str, **contents: Any) -> None:
        stub = ModuleType(name)
        stub.__dict__.update(contents)
        monkeypatch.setitem(sys.modules, name, stub)

    def get_model(name: str, revision: str | None = None) -> Lengths:
        if name != "a/b":
            raise KeyError(name)
        return made

    class Dataset:
        @staticmethod
        def from_dict(columns: dict[str, list[str]]) -> list[str]:
            return columns["text"]

    def data_loader(texts: Sequence[str], batch_size: int) -> list[dict[str, list[str]]]:
        return [{"text": list(texts[i : i + batch_size])} for i in range(0, len(texts), batch_size)]

    module(
        "mteb",
        get_model=get_model,
        get_model_meta=lambda name: Lengths.mteb_model_meta,
        get_task=lambda name: SimpleNamespace(metadata=name),
    )
    module("mteb.types", PromptType=PromptType)
    module("torch")
    module("torch.utils")
    module("torch.utils.data", DataLoader=data_loader)
    module("datasets", Dataset=Dataset)
    wrapped._loaded.cache_clear()
    yield made
    wrapped._loaded.cache_clear()


def test_texts_are_given_as_queries_or_documents_of_the_task(model: Lengths) -> None:
    encoder = MTEB("a/b", task="SciFact", batch_size=2)
    assert isinstance(encoder, Encoder)
    model.asked.clear()
    np.testing.assert_allclose(
        encoder.encode_passages(["aaa", "a", ""]), [[0.9487, 0.3162], [0.7071, 0.7071], [0, 1]], atol=1e-4
    )
    assert model.asked == [(["aaa", "a", ""], "SciFact", "document")]
    np.testing.assert_allclose(encoder.encode_queries(["a"]), [[-0.7071, 0.7071]], atol=1e-4)
    assert encoder.encode_queries(["a"]).dtype == np.float32


def test_queries_are_encoded_one_by_one(model: Lengths) -> None:
    MTEB("a/b").encode_queries(["a", "b"])
    assert [texts for texts, _, _ in model.asked] == [["a"], ["b"]]


def test_nothing_in_gives_nothing_out(model: Lengths) -> None:
    assert MTEB("a/b").encode_queries([]).shape == MTEB("a/b").encode_passages([]).shape == (0, 2)


def test_a_lone_surrogate_is_replaced(model: Lengths) -> None:
    MTEB("a/b").encode_passages(["a\ud800"])
    assert model.asked[0][0] == ["a?"]


def test_progress_is_told_block_by_block(model: Lengths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wrapped, "_BLOCK", 2)
    told: list[tuple[int, int]] = []
    MTEB("a/b").encode_passages(["a", "b", "c"], lambda done, total: told.append((done, total)))
    assert told == [(2, 3), (3, 3)]


def test_tokens_are_counted_by_the_models_own_tokenizer(model: Lengths) -> None:
    encoder = MTEB("a/b")
    assert encoder.count_tokens(["one", "one two", ""]) == [3, 4, 2]
    assert (encoder.max_tokens, encoder.count_truncated(["one", "one two"])) == (3, 1)
    model.model = SimpleNamespace()
    with pytest.raises(EncoderError, match="shows no tokenizer"):
        encoder.count_tokens(["one"])


def test_the_fingerprint_names_model_revision_and_task(model: Lengths) -> None:
    assert MTEB("a/b").fingerprint() == "mteb/a/b@abc/NFCorpus"
    assert MTEB("a/b", revision="def", task="SciFact").fingerprint() == "mteb/a/b@def/SciFact"


def test_a_folder_is_known_by_its_contents_wherever_it_lies(tmp_path: Path, model: Lengths) -> None:
    for name, content in (("one", b"weights"), ("two", b"weights"), ("three", b"others")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.safetensors").write_bytes(content)
    one, two, three = (MTEB(str(tmp_path / name)).fingerprint() for name in ("one", "two", "three"))
    assert one == two != three


def test_what_mteb_does_not_know_is_an_error(model: Lengths) -> None:
    with pytest.raises(EncoderError, match="mteb cannot load it"):
        MTEB("c/d").encode_queries(["a"])


@pytest.mark.parametrize("bad", [np.nan, 0.0])
def test_a_vector_of_nothing_is_an_error(model: Lengths, monkeypatch: pytest.MonkeyPatch, bad: float) -> None:
    monkeypatch.setattr(model, "encode", lambda inputs, **_: np.full((1, 2), bad))
    with pytest.raises(EncoderError, match="no number"):
        MTEB("a/b").encode_queries(["a"])


def test_without_mteb_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mteb", None)
    wrapped._loaded.cache_clear()
    with pytest.raises(MissingExtra, match=r"ragmed\[mteb\]"):
        MTEB("a/b").encode_queries(["a"])
