"""Train an encoder on queries, their passages and hard negatives.

Source: Henderson et al. 2017, "Efficient Natural Language Response Suggestion for Smart Reply" (arXiv:1705.00652,
section 4.4): the multiple negatives ranking loss, the softmax of a query's cosine with its passage among those with
all passages and negatives of the batch; Reimers & Gurevych 2019 (arXiv:1908.10084) for sentence-transformers'
``MultipleNegativesRankingLoss``. No batch has a text twice, so that no passage is a negative of its own query.

The model is saved with its prompts, pooling and limit, so that the encoder ``sentence_transformers`` needs its folder
alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragmed.analysis.encodable import encodable
from ragmed.encoders._presets import Preset, preset_of
from ragmed.errors import EncoderError
from ragmed.hub import load_model
from ragmed.protocols import Progress, no_progress
from ragmed.retrievers.dense import encoder_text
from ragmed.training.pairs import Pair
from ragmed.training.settings import Settings
from ragmed.training.trainer import fit, options, saving, seed_everything, without_model_card

_MODES = {"cls": "cls", "mean": "mean", "last": "lasttoken"}
_SCALE = 20.0
"""Cosines are multiplied by it: sentence-transformers' default."""


@dataclass(frozen=True, slots=True)
class Examples:
    """Columns of equal length: ``anchor``, ``positive``, ``negative_1`` …. ``n_left_out`` pairs had no negative."""

    columns: dict[str, list[str]]
    n_left_out: int

    def __len__(self) -> int:
        return len(self.columns["anchor"])


def recipe_table(settings: Settings) -> dict[str, Any]:
    """The encoder as it is before training, as a recipe names it."""
    table: dict[str, Any] = {"name": "sentence_transformers", "model": settings.base, "device": settings.device}
    if settings.preset:
        table["preset"] = settings.preset
    for side in ("query_prefix", "passage_prefix"):
        given = getattr(settings, side)
        if given is not None:
            table[side] = given
    return table


def examples(pairs: Sequence[Pair]) -> Examples:
    """The training pairs as columns. A pair with fewer negatives than others repeats its own.

    Where some have negatives, those without are left out; where none has, queries learn from each other's passages.
    """
    train = [pair for pair in pairs if pair.split == "train"]
    n = max((len(pair.negatives) for pair in train), default=0)
    used = [pair for pair in train if pair.negatives or not n]
    columns = {
        "anchor": [encodable(pair.query) for pair in used],
        "positive": [encodable(encoder_text(pair.positive)) for pair in used],
    }
    for i in range(n):
        columns[f"negative_{i + 1}"] = [
            encodable(encoder_text(pair.negatives[i % len(pair.negatives)].passage)) for pair in used
        ]
    return Examples(columns, len(train) - len(used))


def train_encoder(
    settings: Settings, pairs: Sequence[Pair], model_path: Path, checkpoints: Path, progress: Progress = no_progress
) -> dict[str, int]:
    """Train and save the model as the folder ``model_path``; return counts for the card.

    Raises:
        EncoderError: the base model cannot be loaded, or cannot be trained here.
    """
    from datasets import Dataset
    from sentence_transformers import (
        SentenceTransformer,
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.base.sampler import BatchSamplers
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    preset = trainable_preset(settings)
    seed_everything(settings.seed)
    device = None if settings.device == "auto" else settings.device
    model: Any = load_model(
        settings.base,
        "",
        lambda local: SentenceTransformer(settings.base, device=device, local_files_only=local),
    )
    _set_pooling(model, preset, settings.base)
    prompts = _prompts(model, settings, preset)
    own_limit = preset.max_passage_tokens or model.max_seq_length
    model.max_seq_length = min(settings.max_tokens or own_limit, own_limit) if own_limit else settings.max_tokens
    table = examples(pairs)
    arguments = SentenceTransformerTrainingArguments(
        **options(settings, checkpoints, len(table)),
        batch_sampler=BatchSamplers.NO_DUPLICATES,
        prompts={
            column: prompt
            for column in table.columns
            if (prompt := prompts["query" if column == "anchor" else "document"])
        },
    )
    trainer = without_model_card(SentenceTransformerTrainer)(
        model=model,
        args=arguments,
        train_dataset=Dataset.from_dict(table.columns),
        loss=MultipleNegativesRankingLoss(model, scale=_SCALE),
    )
    n_steps = fit(trainer, checkpoints, progress)
    model.max_seq_length = own_limit
    model.prompts = prompts
    with saving(model_path) as folder:
        model.save_pretrained(str(folder), create_model_card=False)
    return {"n_examples": len(table), "n_left_out": table.n_left_out, "n_steps": n_steps}


def trainable_preset(settings: Settings) -> Preset:
    """The preset of the base model.

    Raises:
        EncoderError: a model of two encoders, or of texts in two segments, or with code of its own.
        UnknownName: a preset was named and there is none of that name.
    """
    preset = preset_of(settings.base, settings.preset)
    if preset.query_model or preset.pairs or preset.append_eos or preset.remote_code:
        raise EncoderError(
            f"{settings.preset or settings.base}: has two encoders, reads texts in its own format, or runs code of its "
            "own, and cannot be trained here; take another base model, as BAAI/bge-small-en-v1.5"
        )
    return preset


def _prompts(model: Any, settings: Settings, preset: Preset) -> dict[str, str]:
    own = getattr(model, "prompts", None) or {}
    own_query = own.get("query") or ""
    own_passage = next((own[name] for name in ("document", "passage", "corpus") if own.get(name)), "")
    chosen = {}
    for side, given, of_preset, of_model in (
        ("query", settings.query_prefix, preset.query_prefix, own_query),
        ("document", settings.passage_prefix, preset.passage_prefix, own_passage),
    ):
        chosen[side] = given if given is not None else of_preset if of_preset is not None else of_model
    return chosen


def _set_pooling(model: Any, preset: Preset, name: str) -> None:
    from sentence_transformers.sentence_transformer.modules import Pooling

    if not preset.pooling:
        return
    for i, module in enumerate(model):
        if isinstance(module, Pooling):
            dim = getattr(model[0], "get_embedding_dimension", None) or model[0].get_word_embedding_dimension
            model[i] = Pooling(dim(), pooling_mode=_MODES[preset.pooling])
            return
    raise EncoderError(f"{name}: pools by itself, and not as its preset says; name no preset")
