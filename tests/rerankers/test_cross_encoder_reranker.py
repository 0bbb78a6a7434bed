"""Cross-encoders: an ONNX one whose every weight is known, and tiny ones of torch, made here with random weights."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

from ragmed import catalog
from ragmed.errors import EncoderError, MissingExtra, RecipeError
from ragmed.rerankers.cross_encoder import CrossEncoder
from ragmed.types import Evidence, Passage, Query
from tests.passages_for_tests import THREE, passage
from tests.rerankers.models_for_tests import onnx_cross_encoder, save_bert_tokenizer

QUERY = Query("q", "insulin dose")
WEIGHTS = {"insulin": 1.0, "dose": 1.0, "units": 3.0, "fever": 2.0}


def found(*passages: Passage) -> tuple[Evidence, ...]:
    return tuple(Evidence(p, 1 / rank, rank, {"bm25": rank}) for rank, p in enumerate(passages, start=1))


def onnx(folder: Path, **options: Any) -> CrossEncoder:
    return CrossEncoder(onnx_cross_encoder(folder, WEIGHTS), runtime="onnx", **options)


def test_the_score_is_the_models_and_a_signal(tmp_path: Path) -> None:
    reranked = onnx(tmp_path).rerank(QUERY, found(passage("a", "Fever."), passage("b", "Ten units.")), 2)
    assert [(e.passage.passage_id, e.score, e.signals) for e in reranked] == [
        ("b", 3.0, {"cross_encoder": 3.0}),
        ("a", 2.0, {"cross_encoder": 2.0}),
    ]


def test_title_and_question_are_read_with_the_text(tmp_path: Path) -> None:
    evidence = found(passage("a", "x", title="Units"), passage("b", "x", question="How many units?"), passage("c", "x"))
    assert [e.score for e in onnx(tmp_path).rerank(QUERY, evidence, 3)] == [3.0, 3.0, 1.0]


def test_sigmoid_keeps_the_order(tmp_path: Path) -> None:
    evidence = found(passage("a", "Fever."), passage("b", "Ten units."))
    scores = [e.score for e in onnx(tmp_path, activation="sigmoid").rerank(QUERY, evidence, 2)]
    assert scores == pytest.approx([0.952574, 0.880797], abs=1e-6)


def test_the_best_window_of_a_long_passage_counts(tmp_path: Path) -> None:
    reranker = onnx(tmp_path)
    [only] = reranker.rerank(QUERY, found(passage("long", "word " * 200 + "units.")), 1)
    assert only.score == 3.0
    assert reranker.report.notes["passage scored in windows: longer than the cross-encoder reads"].examples == ["long"]


def test_a_long_passage_may_be_cut_which_is_warned_of_once_and_counted(tmp_path: Path) -> None:
    reranker = onnx(tmp_path, long_passages="cut")
    evidence = found(passage("long", "word " * 200 + "units."), passage("other", "word " * 300))
    with pytest.warns(UserWarning, match="longer than the cross-encoder reads") as seen:
        assert reranker.rerank(QUERY, evidence, 2)[0].score == 1.0
    assert len(seen) == 1
    assert reranker.report.notes["passage cut: longer than the cross-encoder reads"].n == 2


def test_short_passages_are_read_without_a_warning(tmp_path: Path) -> None:
    reranker = onnx(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        reranker.rerank(QUERY, found(*THREE), 3)
    assert reranker.report.notes == {}


def test_a_long_question_leaves_room_for_the_passage(tmp_path: Path) -> None:
    reranker = onnx(tmp_path)
    with pytest.warns(UserWarning, match="question shortened"):
        reranked = reranker.rerank(Query("q", "dose " * 500), found(passage("a", "Ten units."), *THREE), 4)
    assert reranked[0].score == 3.0


@pytest.mark.parametrize("room", [16, 17, 23, 64])
def test_windows_fit_and_miss_nothing(tmp_path: Path, room: int) -> None:
    """Wherever the word stands, a window shows it whole."""
    reranker = onnx(tmp_path, max_tokens=room)
    for place in range(0, 90, 7):
        text = "word " * place + "units" + " word" * (90 - place)
        [only] = reranker.rerank(QUERY, found(passage("a", text, title="A title")), 1)
        assert only.score == 3.0


def test_passages_not_read_are_scored_below(tmp_path: Path) -> None:
    reranked = onnx(tmp_path, depth=1).rerank(QUERY, found(passage("a", "x"), passage("b", "y"), passage("c", "z")), 3)
    assert [e.passage.passage_id for e in reranked] == ["a", "b", "c"]
    assert reranked[0].score > reranked[1].score > reranked[2].score
    assert "cross_encoder" not in reranked[1].signals


def test_without_passages_no_model_is_needed() -> None:
    assert CrossEncoder("no/such-model").rerank(QUERY, (), 10) == ()


def test_a_folder_without_an_onnx_file_is_an_error_that_says_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"needs a folder with model\.onnx and tokenizer\.json"):
        CrossEncoder(str(tmp_path), runtime="onnx").rerank(QUERY, found(*THREE), 3)


def test_a_damaged_onnx_file_is_an_error(tmp_path: Path) -> None:
    onnx_cross_encoder(tmp_path, WEIGHTS)
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with pytest.raises(EncoderError, match="cannot be loaded"):
        CrossEncoder(str(tmp_path), runtime="onnx").rerank(QUERY, found(*THREE), 3)


def test_scores_that_are_no_numbers_are_an_error(tmp_path: Path) -> None:
    folder = onnx_cross_encoder(tmp_path, {"fever": float("inf")})
    with pytest.raises(EncoderError, match="not a number"):
        CrossEncoder(folder, runtime="onnx").rerank(QUERY, found(*THREE), 3)


def test_options_out_of_range_are_refused() -> None:
    with pytest.raises(RecipeError, match="depth"):
        catalog.make("rerankers", {"name": "cross_encoder", "depth": 0}, "test")
    with pytest.raises(RecipeError, match="runtime"):
        catalog.make("rerankers", {"name": "cross_encoder", "runtime": "tensorflow"}, "test")


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sentence_transformers", None)
    with pytest.raises(MissingExtra, match=r"ragmed\[hf\]"):
        CrossEncoder("any/model").rerank(QUERY, found(*THREE), 3)


@pytest.fixture(scope="module")
def torch() -> Any:
    pytest.importorskip("sentence_transformers", reason="needs sentence-transformers: pip install 'ragmed[hf]'")
    return pytest.importorskip("torch", reason="needs torch: pip install 'ragmed[hf]'")


def torch_model(folder: Path, torch: Any, n_labels: int = 1) -> str:
    """A BERT of one layer that reads 64 tokens, its weights set at random from a fixed seed."""
    from transformers import BertConfig, BertForSequenceClassification

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WEIGHTS, "heart", "rate", "blood", "glucose", "."]
    save_bert_tokenizer(folder, words)
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=64,
        num_labels=n_labels,
        initializer_range=1.0,
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    return str(folder)


def test_torch_scores_are_the_raw_output_for_question_and_title_with_text(tmp_path: Path, torch: Any) -> None:
    """As MedCPT's authors use theirs: ``[question, "title. abstract"]``."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = torch_model(tmp_path, torch)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    raw = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    for e in CrossEncoder(folder).rerank(QUERY, found(*THREE), 3):
        pair = tokenizer(QUERY.text, f"{e.passage.title}. {e.passage.text}", return_tensors="pt")
        with torch.no_grad():
            assert e.score == pytest.approx(raw(**pair).logits.item(), abs=1e-5)


def test_torch_windows_stay_within_what_the_model_takes(tmp_path: Path, torch: Any) -> None:
    reranker = CrossEncoder(torch_model(tmp_path, torch), max_tokens=4096)
    reranked = reranker.rerank(QUERY, found(passage("long", "heart rate . " * 400), *THREE), 4)
    assert len(reranked) == 4
    assert reranker.report.notes["passage scored in windows: longer than the cross-encoder reads"].n == 1


def test_a_classifier_is_no_reranker(tmp_path: Path, torch: Any) -> None:
    with pytest.raises(EncoderError, match="gives 3 numbers a pair"):
        CrossEncoder(torch_model(tmp_path, torch, n_labels=3)).rerank(QUERY, found(*THREE), 3)


def test_a_model_that_is_not_there_is_an_error_in_a_line(tmp_path: Path, torch: Any) -> None:
    with pytest.raises(EncoderError, match="cannot be loaded"):
        CrossEncoder(str(tmp_path / "none")).rerank(QUERY, found(*THREE), 3)
