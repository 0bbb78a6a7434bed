"""Entailment by a transformers model: a tiny one, made here, since none can be had offline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ragmed import catalog
from ragmed.entailers.nli import NLI
from ragmed.errors import EncoderError, MissingExtra
from ragmed.protocols import Entailer

LABELS = {0: "contradiction", 1: "neutral", 2: "ENTAILMENT"}


@pytest.fixture(scope="module")
def torch() -> Any:
    pytest.importorskip("transformers", reason="needs transformers: pip install 'ragmed[hf]'")
    return pytest.importorskip("torch", reason="needs torch: pip install 'ragmed[hf]'")


def model(folder: Path, torch: Any, labels: dict[int, str] = LABELS) -> Path:
    """A BERT of one layer whose classifier was set at random, from a fixed seed."""
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "aspirin", "helps", "harms", ".", "a", "b", "c"]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    BertTokenizerFast(vocab_file=str(folder / "vocab.txt"), model_max_length=64).save_pretrained(folder)
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=64,
        num_labels=3,
        id2label=labels,
        label2id={label: row for row, label in labels.items()},
        initializer_range=1.0,
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder


PAIRS = [("Aspirin helps.", "Aspirin harms."), ("Aspirin helps a b c.", "c"), ("", "Aspirin")]


def test_it_is_an_entailer_and_a_model() -> None:
    made = catalog.make("entailers", {"name": "nli", "model": "a/b", "batch_size": 2}, "test")
    assert isinstance(made, Entailer)
    assert made.is_model
    assert made.judge([]) == []


def test_probabilities_are_the_models_own_by_its_labels(tmp_path: Path, torch: Any) -> None:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = model(tmp_path, torch)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    raw = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    for (text, statement), (entails, contradicts) in zip(PAIRS, NLI(str(folder)).judge(PAIRS), strict=True):
        with torch.no_grad():
            shares = raw(**tokenizer(text, statement, return_tensors="pt")).logits.softmax(-1)[0].tolist()
        assert entails == pytest.approx(shares[2], abs=1e-5)
        assert contradicts == pytest.approx(shares[0], abs=1e-5)


def test_a_pair_does_not_depend_on_its_batch(tmp_path: Path, torch: Any) -> None:
    folder = str(model(tmp_path, torch))
    one_by_one = [share for pair in PAIRS for share in NLI(folder, batch_size=1).judge([pair])[0]]
    together = [share for judgement in NLI(folder, batch_size=8).judge(PAIRS) for share in judgement]
    assert together == pytest.approx(one_by_one, abs=1e-5)


def test_a_long_text_is_judged_in_pieces_and_noted(tmp_path: Path, torch: Any) -> None:
    entailer = NLI(str(model(tmp_path, torch)), max_tokens=32)
    sentence = "Aspirin helps a b c. "
    [whole] = entailer.judge([(sentence * 30, "Aspirin helps.")])
    assert entailer.report.notes["text judged in pieces: longer than the entailment model reads"].n == 1
    pieces = [entailer.judge([((sentence * n).strip(), "Aspirin helps.")])[0] for n in (1, 2, 3, 4)]
    assert min(entails for entails, _ in pieces) - 1e-5 <= whole[0] <= max(entails for entails, _ in pieces) + 1e-5


def test_a_long_statement_and_a_long_sentence_are_shortened(tmp_path: Path, torch: Any) -> None:
    entailer = NLI(str(model(tmp_path, torch)), max_tokens=32)
    [(entails, contradicts)] = entailer.judge([("aspirin " * 500, "helps " * 500)])
    assert 0 <= entails + contradicts <= 1
    assert "statement shortened to what the entailment model reads" in entailer.report.notes


def test_labels_that_say_nothing_must_be_named(tmp_path: Path, torch: Any) -> None:
    folder = str(model(tmp_path, torch, {0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"}))
    with pytest.raises(EncoderError, match="set entailment_label to one of them"):
        NLI(folder).judge(PAIRS)
    named = NLI(folder, entailment_label="LABEL_2", contradiction_label="LABEL_0")
    assert len(named.judge(PAIRS)) == 3


def test_a_model_that_is_not_there_is_an_error_in_a_line(tmp_path: Path, torch: Any) -> None:
    with pytest.raises(EncoderError, match="cannot be loaded"):
        NLI(str(tmp_path / "none")).judge(PAIRS)


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(MissingExtra, match=r"ragmed\[hf\]"):
        NLI("a/b").judge(PAIRS)
