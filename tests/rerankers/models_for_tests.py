"""Models small enough to be written down: ONNX files whose every number is given, and a scripted language model."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from ragmed.encoders._onnx_format import FLOAT, INT64, GraphWriter
from ragmed.types import Completion, Prompt

SPECIAL = ("[UNK]", "[CLS]", "[SEP]", "[MASK]", "[Q]", "[D]")


def tokenizer(words: Sequence[str]) -> Tokenizer:
    """One token a word or punctuation mark; a pair is ``[CLS] one [SEP] other [SEP]``."""
    vocabulary = {word: number for number, word in enumerate(dict.fromkeys((*SPECIAL, *words)))}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])],
    )
    return made


def onnx_cross_encoder(folder: Path, weights: Mapping[str, float], max_tokens: int = 64) -> str:
    """A pair's score is the highest weight of a word in it; other words weigh 0."""
    made = tokenizer(list(weights))
    table = np.array([[weights.get(word, 0.0)] for word in _in_order(made)], dtype=np.float32)
    graph = GraphWriter()
    looked_up = graph.node("Gather", [graph.tensor("weights", table), "input_ids"], "of_each")
    graph.node("ReduceMax", [looked_up, graph.tensor("tokens", np.array([1]))], "score", keepdims=0)
    return _save(folder, made, graph, {"score": (FLOAT, ("batch", 1))}, max_tokens)


def onnx_token_vectors(folder: Path, words: Sequence[str], max_tokens: int = 64) -> str:
    """Each word has a direction of its own, so that a MaxSim score counts the question's tokens in the passage."""
    made = tokenizer(words)
    directions = np.eye(len(_in_order(made)), dtype=np.float32)
    graph = GraphWriter()
    graph.node("Gather", [graph.tensor("directions", directions), "input_ids"], "vectors")
    return _save(folder, made, graph, {"vectors": (FLOAT, ("batch", "tokens", len(directions)))}, max_tokens)


def save_bert_tokenizer(folder: Path, vocabulary: Sequence[str], max_tokens: int = 64) -> None:
    """BERT's tokenizer with that vocabulary, as the transformers library saves it."""
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.WordPiece({word: n for n, word in enumerate(vocabulary)}, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", vocabulary.index("[CLS]")), ("[SEP]", vocabulary.index("[SEP]"))],
    )
    PreTrainedTokenizerFast(
        tokenizer_object=made,
        model_max_length=max_tokens,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    ).save_pretrained(folder)


def _in_order(made: Tokenizer) -> list[str]:
    vocabulary = made.get_vocab()
    return sorted(vocabulary, key=lambda word: vocabulary[word])


def _save(
    folder: Path,
    made: Tokenizer,
    graph: GraphWriter,
    outputs: Mapping[str, tuple[int, Sequence[str | int]]],
    max_tokens: int,
) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    made.save(str(folder / "tokenizer.json"))
    model = graph.model({"input_ids": (INT64, ("batch", "tokens"))}, outputs, {"": 18})
    (folder / "model.onnx").write_bytes(model)
    (folder / "config.json").write_text(json.dumps({"max_position_embeddings": max_tokens}), encoding="utf-8")
    return str(folder)


@dataclass
class FakeGenerator:
    """Replies as the script says; remembers what it was asked, batch by batch."""

    script: Callable[[Prompt], str | Completion]
    batches: list[list[Prompt]] = field(default_factory=list)

    def complete(self, prompts: Sequence[Prompt]) -> list[Completion]:
        self.batches.append(list(prompts))
        replies = [self.script(prompt) for prompt in prompts]
        return [reply if isinstance(reply, Completion) else Completion(reply) for reply in replies]
