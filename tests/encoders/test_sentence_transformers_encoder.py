"""Encoders of sentence-transformers, tested on tiny models with random weights made here."""

from __future__ import annotations

import importlib
import json
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ragmed.encoders import sentence_transformers as wrapped
from ragmed.encoders._vectors import TruncatedQuery
from ragmed.encoders.sentence_transformers import SentenceTransformers
from ragmed.errors import EncoderError, MissingExtra
from ragmed.protocols import Encoder

torch = pytest.importorskip("torch")
library = pytest.importorskip("sentence_transformers")
transformers = pytest.importorskip("transformers")

WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "[EOS]",
    *["fever", "cough", "insulin", "glucose", "query", "passage", ":"],
]


def plain_model(folder: Path, seed: int = 0) -> str:
    """A folder as transformers writes it: BERT with one layer, words of a small vocabulary, no pooling."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    torch.manual_seed(seed)
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    config = transformers.BertConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=600,
    )
    transformers.BertModel(config).eval().save_pretrained(folder)
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        eos_token="[EOS]",
        model_max_length=600,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    ).save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> str:
    return plain_model(tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> str:
    return plain_model(tmp_path_factory.mktemp("other"), seed=1)


def token_vectors(folder: str, *tokens: int, segments: tuple[int, ...] | None = None) -> Any:
    model = transformers.AutoModel.from_pretrained(folder).eval()
    types = torch.tensor([segments or (0,) * len(tokens)])
    with torch.no_grad():
        return model(torch.tensor([tokens]), token_type_ids=types).last_hidden_state[0].numpy()


def unit(vector: Any) -> Any:
    return vector / np.linalg.norm(vector)


FEVER, COUGH, QUERY, PASSAGE, COLON = (WORDS.index(w) for w in ("fever", "cough", "query", "passage", ":"))
CLS, SEP, EOS = 2, 3, 5


def test_is_an_encoder(plain: str) -> None:
    encoder = SentenceTransformers(plain)
    assert isinstance(encoder, Encoder)
    assert (encoder.dim, encoder.max_tokens) == (16, 600)


@pytest.mark.parametrize(("pooling", "pick"), [("cls", slice(0, 1)), ("mean", slice(None)), ("last", slice(-1, None))])
def test_a_folder_of_transformers_is_pooled_as_named(plain: str, pooling: Any, pick: slice) -> None:
    encoder = SentenceTransformers(plain, pooling=pooling)
    expected = unit(token_vectors(plain, CLS, FEVER, COUGH, SEP)[pick].mean(axis=0))
    [vector, _] = encoder.encode_passages(["fever cough", "fever fever cough cough"])
    np.testing.assert_allclose(vector, expected, atol=1e-5)
    assert vector.dtype == np.float32


def test_prefixes_of_the_preset_are_read_with_each_side(plain: str) -> None:
    encoder = SentenceTransformers(plain, preset="intfloat/e5-base-v2")
    query = unit(token_vectors(plain, CLS, QUERY, COLON, FEVER, SEP).mean(axis=0))
    passage = unit(token_vectors(plain, CLS, PASSAGE, COLON, FEVER, SEP).mean(axis=0))
    np.testing.assert_allclose(encoder.encode_queries(["fever"])[0], query, atol=1e-5)
    np.testing.assert_allclose(encoder.encode_passages(["fever"])[0], passage, atol=1e-5)
    assert encoder.count_tokens(["fever"]) == [5]
    assert encoder.max_tokens == 512


def test_what_is_named_wins_over_the_preset(plain: str) -> None:
    encoder = SentenceTransformers(plain, preset="intfloat/e5-base-v2", query_prefix="", max_passage_tokens=7)
    expected = unit(token_vectors(plain, CLS, FEVER, SEP).mean(axis=0))
    np.testing.assert_allclose(encoder.encode_queries(["fever"])[0], expected, atol=1e-5)
    assert encoder.max_tokens == 7
    assert encoder.count_truncated(["fever", "fever " * 5]) == 1


def test_prompts_kept_in_the_models_files_are_honoured(plain: str, tmp_path: Path) -> None:
    model = library.SentenceTransformer(plain, device="cpu", prompts={"query": "query: ", "passage": "passage: "})
    model.save(str(tmp_path / "model"))
    encoder = SentenceTransformers(str(tmp_path / "model"))
    query = unit(token_vectors(plain, CLS, QUERY, COLON, FEVER, SEP).mean(axis=0))
    np.testing.assert_allclose(encoder.encode_queries(["fever"])[0], query, atol=1e-5)
    assert encoder.count_tokens(["fever"]) == [5]


def test_queries_have_a_model_and_a_limit_of_their_own_and_titles_a_segment(plain: str, other: str) -> None:
    encoder = SentenceTransformers(plain, query_model=other, preset="ncbi/MedCPT-Article-Encoder")
    np.testing.assert_allclose(
        encoder.encode_queries(["fever"])[0], unit(token_vectors(other, CLS, FEVER, SEP)[0]), atol=1e-5
    )
    pair = token_vectors(plain, CLS, FEVER, SEP, COUGH, COUGH, SEP, segments=(0, 0, 0, 1, 1, 1))[0]
    single = token_vectors(plain, CLS, COUGH, SEP)[0]
    vectors = encoder.encode_passages(["fever\ncough cough", "cough"])
    np.testing.assert_allclose(vectors, [unit(pair), unit(single)], atol=1e-5)
    assert encoder.count_tokens(["fever\ncough cough", "cough"]) == [6, 3]
    with pytest.warns(TruncatedQuery, match="reads 64 tokens of a query, this one has 72"):
        encoder.encode_queries(["fever " * 70])


def test_a_query_that_is_cut_is_warned_of_once(plain: str) -> None:
    encoder = SentenceTransformers(plain, max_query_tokens=5)
    with pytest.warns(TruncatedQuery):
        encoder.encode_queries(["fever " * 9])
    with warnings.catch_warnings():
        warnings.simplefilter("error", TruncatedQuery)
        cut, short = encoder.encode_queries(["fever " * 9, "fever " * 3])
    np.testing.assert_allclose(cut, short, atol=1e-5)


def test_texts_end_in_the_token_that_the_preset_wants_even_where_they_are_cut(plain: str) -> None:
    encoder = SentenceTransformers(
        plain, preset="BMRetriever/BMRetriever-410M", passage_prefix="", max_passage_tokens=5
    )
    expected = unit(token_vectors(plain, CLS, FEVER, FEVER, SEP, EOS)[-1])
    np.testing.assert_allclose(encoder.encode_passages(["fever " * 40])[0], expected, atol=1e-5)


def test_dot_products_rank_as_they_are_with_a_bound_of_lengths(plain: str) -> None:
    encoder = SentenceTransformers(plain, norm_bound=10.0)
    texts = ["fever", "cough cough insulin", "glucose"]
    raw = np.asarray(library.SentenceTransformer(plain, device="cpu").encode([*texts, "fever cough"]))
    vectors, query = encoder.encode_passages(texts), encoder.encode_queries(["fever cough"])[0]
    assert vectors.shape == (3, encoder.dim) == (3, 17)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(vectors @ query, raw[:3] @ unit(raw[3]) / 10, atol=1e-5)
    with pytest.raises(EncoderError, match="norm_bound must be greater"):
        SentenceTransformers(plain, norm_bound=0.1).encode_passages(["fever"])


def test_a_query_does_not_depend_on_its_batch(plain: str) -> None:
    encoder = SentenceTransformers(plain)
    texts = ["fever", "cough " * 30, "", "insulin glucose"]
    together = encoder.encode_queries(texts)
    for row, text in enumerate(texts):
        np.testing.assert_array_equal(encoder.encode_queries([text])[0], together[row])


def test_progress_rises_to_all(plain: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wrapped, "_BLOCK", 30)
    told: list[tuple[int, int]] = []
    SentenceTransformers(plain, batch_tokens=4).encode_passages(
        ["fever"] * 70, lambda done, total: told.append((done, total))
    )
    assert told[-1] == (70, 70)
    assert told == sorted(told)
    assert len({done for done, _ in told}) > 5


def test_the_fingerprint_is_of_weights_and_settings(plain: str, other: str) -> None:
    encoder = SentenceTransformers(plain)
    different = [
        SentenceTransformers(other),
        SentenceTransformers(plain, query_model=other),
        SentenceTransformers(plain, pooling="cls"),
        SentenceTransformers(plain, query_prefix="query: "),
        SentenceTransformers(plain, max_passage_tokens=9),
        SentenceTransformers(plain, norm_bound=3.0),
    ]
    different += [SentenceTransformers(plain, dtype=name) for name in ("auto", "bfloat16", "float16")]
    assert len({encoder.fingerprint(), *(one.fingerprint() for one in different)}) == 10
    assert SentenceTransformers(plain, batch_tokens=8, compile=True).fingerprint() == encoder.fingerprint()


def test_a_commit_of_the_hub_is_a_fingerprint_without_a_download() -> None:
    commit = "c5f93f70b4b9a3b0b1d7a4b8cbcd3c4f1e2d3a4b"
    encoder = SentenceTransformers("sentence-transformers/all-MiniLM-L6-v2", revision=commit)
    assert encoder.fingerprint().startswith(
        f"sentence-transformers/sentence-transformers/all-MiniLM-L6-v2@{commit[:12]}/"
    )


def test_a_cached_model_of_the_hub_is_loaded_without_the_network(
    plain: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.SentenceTransformer(plain, device="cpu").save(str(tmp_path / "saved"))
    repository, commit = tmp_path / "models--who--what", "0123456789abcdef0123456789abcdef01234567"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(commit)
    (repository / "snapshots").mkdir()
    (tmp_path / "saved").rename(repository / "snapshots" / commit)
    monkeypatch.setenv("SENTENCE_TRANSFORMERS_HOME", str(tmp_path))

    def no_network(*_: Any, **__: Any) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr("socket.getaddrinfo", no_network)
    encoder = SentenceTransformers("who/what")
    assert encoder.encode_queries(["fever"]).shape == (1, 16)
    assert "who/what@0123456789ab" in encoder.fingerprint()


def test_what_cannot_be_loaded_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EncoderError, match="no such folder, and no id of a hub"):
        SentenceTransformers("nowhere").load()
    (tmp_path / "config.json").write_text(json.dumps({}))
    with pytest.raises(EncoderError, match="cannot be loaded"):
        SentenceTransformers(str(tmp_path)).load()
    hub = importlib.import_module("ragmed.hub")

    def unreachable(_: bool) -> None:
        raise OSError("no connection")

    with pytest.raises(EncoderError, match="Offline: run 'hf download who/what'"):
        hub.load_model("who/what", "", unreachable)


def test_limits_beyond_the_models_positions_are_refused(plain: str) -> None:
    with pytest.raises(EncoderError, match="at most 600 tokens"):
        SentenceTransformers(plain, max_passage_tokens=601).encode_passages(["fever"])


def test_code_of_a_repository_runs_only_where_it_is_allowed() -> None:
    with pytest.raises(EncoderError, match="trust_remote_code = true"):
        SentenceTransformers("reasonir/ReasonIR-8B").load()


def test_without_sentence_transformers_the_extra_is_named(plain: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingExtra, match=r"ragmed\[hf\]"):
        SentenceTransformers(plain, device="meta").load()
