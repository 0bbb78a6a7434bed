"""Tiny SparseEncoders made on the spot: one that matches words, one with a masked language model's head."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.passages_for_tests import THREE


def _tokenizer() -> Any:
    """Words in lower case, numbered in alphabetical order; those of the three passages and a few more are known."""
    transformers = pytest.importorskip("transformers")
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    text = " ".join(f"{passage.title} {passage.text}" for passage in THREE).lower()
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *sorted({*re.findall(r"\w+", text), "what", "does", "to"})]
    vocabulary = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_max_length=64,
    )


def save_word_matcher(folder: Path) -> Path:
    """Every known word of a text weighs 1, special tokens and unknown words 0: a model without a network."""
    torch = pytest.importorskip("torch")
    library = pytest.importorskip("sentence_transformers")
    modules = pytest.importorskip("sentence_transformers.sparse_encoder.modules")
    tokenizer = _tokenizer()
    weights = torch.ones(len(tokenizer))
    weights[:5] = 0
    embedding = modules.SparseStaticEmbedding(tokenizer=tokenizer, weight=weights, frozen=True)
    library.SparseEncoder(modules=[embedding]).save(str(folder))
    return folder


def save_splade(folder: Path) -> Path:
    """BERT with one layer and random weights, and SPLADE's pooling."""
    torch = pytest.importorskip("torch")
    library = pytest.importorskip("sentence_transformers")
    modules = pytest.importorskip("sentence_transformers.sparse_encoder.modules")
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    tokenizer = _tokenizer()
    config = transformers.BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=64,
    )
    plain = folder / "plain"
    transformers.BertForMaskedLM(config).save_pretrained(plain)
    tokenizer.save_pretrained(plain)
    library.SparseEncoder(modules=[modules.MLMTransformer(str(plain)), modules.SpladePooling("max")]).save(
        str(folder / "splade")
    )
    return folder / "splade"
