"""ONNX encoders: a tiny model worked out by hand, and MiniLM's weights against `minilm`."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from ragmed.encoders import minilm
from ragmed.encoders import onnx as onnx_encoder
from ragmed.encoders._onnx_format import FLOAT, INT64, GraphWriter
from ragmed.encoders._vectors import TruncatedQuery
from ragmed.encoders.onnx import ONNX
from ragmed.errors import EncoderError, MissingExtra

WORDS = ["[PAD]", "[CLS]", "[SEP]", "[EOS]", "[UNK]", "fever", "cough", "query", "passage", ":"]


def write_model(folder: Path, file: str = "model.onnx", **configurations: Any) -> str:
    """A model whose token vectors are a table's rows: token i of ten is the i-th unit vector."""
    graph = GraphWriter()
    graph.node("Gather", [graph.tensor("table", np.eye(10, dtype=np.float32)), "input_ids"], "last_hidden_state")
    size = ("batch", "tokens")
    model = graph.model(
        {"input_ids": (INT64, size), "attention_mask": (INT64, size), "token_type_ids": (INT64, size)},
        {"last_hidden_state": (FLOAT, (*size, 10))},
        {"": 18},
    )
    (folder / file).parent.mkdir(exist_ok=True, parents=True)
    (folder / file).write_bytes(model)
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    for name, content in configurations.items():
        (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    return str(folder)


@pytest.fixture
def folder(tmp_path: Path) -> str:
    return write_model(tmp_path)


def units(*tokens: int) -> np.ndarray[Any, Any]:
    summed = np.eye(10)[list(tokens)].sum(axis=0)
    return np.asarray(summed / np.linalg.norm(summed))


@pytest.mark.parametrize(("pooling", "tokens"), [("cls", (1,)), ("mean", (1, 5, 6, 2)), ("last", (2,))])
def test_token_vectors_are_pooled_as_named(folder: str, pooling: Any, tokens: tuple[int, ...]) -> None:
    encoder = ONNX(folder, pooling=pooling, max_passage_tokens=8, max_query_tokens=8)
    [vector, _] = encoder.encode_passages(["fever cough", "fever fever cough cough"])
    np.testing.assert_allclose(vector, units(*tokens), atol=1e-6)
    assert (encoder.dim, encoder.max_tokens) == (10, 8)


def test_pooling_limit_and_prompts_come_from_the_folder(tmp_path: Path) -> None:
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_mean_tokens": True}))
    folder = write_model(
        tmp_path,
        "onnx/model.onnx",
        sentence_bert_config={"max_seq_length": 6},
        config_sentence_transformers={"prompts": {"query": "query: ", "document": "passage: "}},
    )
    encoder = ONNX(folder)
    np.testing.assert_allclose(encoder.encode_queries(["fever"])[0], units(1, 7, 9, 5, 2), atol=1e-6)
    np.testing.assert_allclose(encoder.encode_passages(["cough"])[0], units(1, 8, 9, 6, 2), atol=1e-6)
    assert encoder.max_tokens == 6
    assert encoder.count_tokens(["fever", "fever cough fever"]) == [5, 7]
    assert encoder.count_truncated(["fever", "fever cough fever"]) == 1


def test_what_is_named_wins_over_the_folder_and_the_preset(tmp_path: Path) -> None:
    folder = write_model(tmp_path, config_sentence_transformers={"prompts": {"query": "cough"}})
    encoder = ONNX(folder, preset="intfloat/e5-base-v2", query_prefix="", pooling="mean")
    np.testing.assert_allclose(encoder.encode_queries(["fever"])[0], units(1, 5, 2), atol=1e-6)
    np.testing.assert_allclose(encoder.encode_passages(["fever"])[0], units(1, 8, 9, 5, 2), atol=1e-6)


def test_title_and_text_are_two_segments_where_the_preset_says_so(folder: str) -> None:
    encoder = ONNX(folder, preset="ncbi/MedCPT-Article-Encoder", query_model=folder, pooling="mean")
    assert encoder.count_tokens(["fever\ncough", "fever cough"]) == [5, 4]
    np.testing.assert_allclose(encoder.encode_passages(["fever\ncough"])[0], units(1, 5, 2, 6, 2), atol=1e-6)


def test_a_preset_with_another_model_for_queries_asks_for_its_folder(folder: str) -> None:
    with pytest.raises(EncoderError, match="query_model"):
        ONNX(folder, preset="ncbi/MedCPT-Article-Encoder").load()


def test_texts_end_in_the_token_that_the_preset_wants_even_where_they_are_cut(tmp_path: Path) -> None:
    folder = write_model(tmp_path, tokenizer_config={"eos_token": {"content": "[EOS]"}})
    encoder = ONNX(folder, preset="BMRetriever/BMRetriever-410M", max_passage_tokens=6, passage_prefix="")
    for text in ("fever", "cough " * 20):
        np.testing.assert_allclose(encoder.encode_passages([text])[0], units(3), atol=1e-6)
    assert encoder.count_tokens(["fever"]) == [4]
    mean = ONNX(folder, preset="BMRetriever/BMRetriever-410M", passage_prefix="", pooling="mean")
    np.testing.assert_allclose(mean.encode_passages(["fever"])[0], units(1, 5, 2, 3), atol=1e-6)


def test_dot_products_rank_as_they_are_with_a_bound_of_lengths(folder: str) -> None:
    plain = ONNX(folder, pooling="mean", max_passage_tokens=9, max_query_tokens=9)
    bounded = ONNX(folder, pooling="mean", max_passage_tokens=9, max_query_tokens=9, norm_bound=2.0)
    texts = ["fever", "fever fever fever fever", "cough"]
    vectors = bounded.encode_passages(texts)
    assert vectors.shape == (3, plain.dim + 1)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    query = bounded.encode_queries(["fever"])[0]
    raw = np.array([np.eye(10)[[1, *ids, 2]].mean(axis=0) for ids in ([5], [5] * 4, [6])])
    np.testing.assert_allclose(vectors @ query, raw @ units(1, 5, 2) / 2, atol=1e-6)
    with pytest.raises(EncoderError, match="norm_bound must be greater"):
        ONNX(folder, pooling="mean", max_passage_tokens=9, norm_bound=0.1).encode_passages(["fever"])


def test_a_query_that_is_cut_is_warned_of_once(folder: str) -> None:
    encoder = ONNX(folder, pooling="cls", max_passage_tokens=8, max_query_tokens=4)
    with pytest.warns(TruncatedQuery, match="reads 4 tokens of a query, this one has 12"):
        encoder.encode_queries(["fever " * 10])
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        encoder.encode_queries(["fever " * 10])


def test_what_the_folder_does_not_say_is_asked_for(folder: str) -> None:
    with pytest.raises(EncoderError, match="pooling = 'mean'"):
        ONNX(folder).load()
    with pytest.raises(EncoderError, match="max_query_tokens"):
        ONNX(folder, pooling="cls").encode_queries(["fever"])


def test_missing_files_are_named(tmp_path: Path, folder: str) -> None:
    with pytest.raises(EncoderError, match="no such folder"):
        ONNX(str(tmp_path / "nowhere")).load()
    with pytest.raises(EncoderError, match=r"no model_int8.onnx; have: model.onnx"):
        ONNX(folder, file="model_int8.onnx", pooling="cls").load()
    (tmp_path / "model.onnx").write_bytes(b"not a model")
    with pytest.raises(EncoderError, match="cannot open it"):
        ONNX(str(tmp_path), pooling="max").load()  # type: ignore[arg-type]


def test_layers_after_pooling_that_the_file_leaves_out_are_an_error(tmp_path: Path) -> None:
    modules = [{"type": "sentence_transformers.models.Transformer"}, {"type": "sentence_transformers.models.Dense"}]
    with pytest.raises(EncoderError, match="ends before Dense"):
        ONNX(write_model(tmp_path, modules=modules), pooling="mean").load()


def test_the_fingerprint_is_of_files_and_settings(tmp_path: Path) -> None:
    one, other = write_model(tmp_path / "one"), write_model(tmp_path / "other")
    assert ONNX(one).fingerprint() == ONNX(other).fingerprint()
    assert ONNX(one).fingerprint() != ONNX(one, query_prefix="query: ").fingerprint()
    onnx_encoder._hash_of_files.cache_clear()
    (tmp_path / "other" / "tokenizer_config.json").write_text("{}")
    assert ONNX(one).fingerprint() != ONNX(other).fingerprint()


def test_minilms_weights_give_minilms_vectors(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(minilm._verified(minilm._WEIGHTS))
    (tmp_path / "tokenizer.json").write_bytes(minilm._verified(minilm._TOKENIZER))
    encoder = ONNX(str(tmp_path), preset="sentence-transformers/all-MiniLM-L6-v2")
    texts = ["Fever is a raised body temperature.", "What lowers blood glucose?", "Insulin lowers it. " * 60]
    reference = minilm.MiniLM()
    assert encoder.count_tokens(texts) == reference.count_tokens(texts)
    assert (np.sum(encoder.encode_passages(texts) * reference.encode_passages(texts), axis=1) >= 0.98).all()
    assert (np.sum(encoder.encode_queries(texts[:2]) * reference.encode_queries(texts[:2]), axis=1) >= 0.98).all()


def test_without_openvino_the_extra_is_named(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(MissingExtra, match=r"ragmed\[openvino\]"):
        ONNX(folder, pooling="cls", runtime="openvino").load()


def test_openvino_gives_the_same_vectors(folder: str, tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    shutil.copytree(folder, tmp_path / "copy", ignore=shutil.ignore_patterns("copy"))
    texts = ["fever", "cough cough fever", ""]
    options: dict[str, Any] = {"pooling": "mean", "max_passage_tokens": 8, "max_query_tokens": 8}
    one = ONNX(folder, **options).encode_passages(texts)
    other = ONNX(str(tmp_path / "copy"), runtime="openvino", **options)
    np.testing.assert_allclose(other.encode_passages(texts), one, atol=1e-5)
    np.testing.assert_allclose(other.encode_queries(texts[:1])[0], one[0], atol=1e-5)


def test_auto_computes_on_a_gpu_only_where_the_runtime_can(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    there = ["CPUExecutionProvider"]
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: there)
    assert onnx_encoder._chosen_device("onnxruntime", "auto") == "cpu"
    assert ONNX(folder, pooling="mean", max_passage_tokens=8, device="auto").encode_passages(["fever"]).shape == (1, 10)
    there.insert(0, "CUDAExecutionProvider")
    assert onnx_encoder._chosen_device("onnxruntime", "auto") == "cuda"
    assert onnx_encoder._chosen_device("onnxruntime", "cpu") == "cpu"
    assert onnx_encoder._chosen_device("openvino", "auto") == "cpu"


def test_a_gpu_that_the_runtime_cannot_use_is_one_line(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(EncoderError, match="install onnxruntime-gpu in place of onnxruntime"):
        ONNX(folder, pooling="cls", device="cuda").load()
    with pytest.raises(EncoderError, match="set runtime = 'onnxruntime'"):
        ONNX(folder, pooling="cls", device="cuda", runtime="openvino").load()
