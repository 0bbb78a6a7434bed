"""Train a cross-encoder on queries, their passages and hard negatives.

Source: Nogueira & Cho 2019, "Passage Re-ranking with BERT" (arXiv:1901.04085), binary cross-entropy of each passage
("bce"); Wang et al. 2018, "The LambdaLoss Framework for Ranking Metric Optimization" (CIKM), a loss of the whole list
("lambda"); both as in sentence-transformers.

A base model without a reranker's head gets a new one, drawn from the seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ragmed.analysis.encodable import encodable
from ragmed.errors import EncoderError
from ragmed.hub import load_model
from ragmed.protocols import Progress, no_progress
from ragmed.rerankers._order import whole_text
from ragmed.training.pairs import Pair
from ragmed.training.settings import Settings
from ragmed.training.trainer import fit, options, saving, seed_everything, without_model_card

_LIMIT = 512
"""Tokens of query and passage where the model does not say how many it takes."""
_NO_LIMIT = 1_000_000


def recipe_table(settings: Settings) -> dict[str, Any]:
    """The reranker as it is before training, as a recipe names it."""
    return {"name": "cross_encoder", "model": settings.base, "device": settings.device}


def pointwise(pairs: Sequence[Pair]) -> dict[str, list[Any]]:
    """A row for each passage of a training pair: ``query``, ``passage``, ``label`` 1 or 0."""
    rows = [
        (pair.query, text, label)
        for pair in pairs
        if pair.split == "train" and pair.negatives
        for text, label in _texts(pair)
    ]
    return {
        "query": [encodable(query) for query, _, _ in rows],
        "passage": [text for _, text, _ in rows],
        "label": [float(label) for _, _, label in rows],
    }


def listwise(pairs: Sequence[Pair]) -> dict[str, list[Any]]:
    """A row for each training pair: ``query``, its ``passages`` and their ``labels``, the positive first."""
    used = [pair for pair in pairs if pair.split == "train" and pair.negatives]
    return {
        "query": [encodable(pair.query) for pair in used],
        "passages": [[text for text, _ in _texts(pair)] for pair in used],
        "labels": [[label for _, label in _texts(pair)] for pair in used],
    }


def train_reranker(
    settings: Settings, pairs: Sequence[Pair], model_path: Path, checkpoints: Path, progress: Progress = no_progress
) -> dict[str, int]:
    """Train and save the model as the folder ``model_path``; return counts for the card.

    Raises:
        EncoderError: the base model cannot be loaded, is a classifier, or there is no pair with a negative.
    """
    from datasets import Dataset
    from sentence_transformers import CrossEncoder
    from sentence_transformers.cross_encoder import CrossEncoderTrainer, CrossEncoderTrainingArguments
    from sentence_transformers.cross_encoder.losses import BinaryCrossEntropyLoss, LambdaLoss

    columns = pointwise(pairs) if settings.loss == "bce" else listwise(pairs)
    n_examples = len(columns["query"])
    if not n_examples:
        raise EncoderError("no pair has a negative to learn from; search a larger index, or more ranks")
    seed_everything(settings.seed)
    device = None if settings.device == "auto" else settings.device
    model: Any = load_model(
        settings.base, "", lambda local: CrossEncoder(settings.base, device=device, local_files_only=local)
    )
    if model.num_labels != 1:
        raise EncoderError(f"{settings.base}: gives {model.num_labels} numbers a pair: a classifier; name another")
    # Named anew in sentence-transformers 6.
    limit_name = "max_seq_length" if hasattr(type(model), "max_seq_length") else "max_length"
    own_limit = getattr(model, limit_name) or 0
    own_limit = own_limit if 0 < own_limit < _NO_LIMIT else _LIMIT
    setattr(model, limit_name, min(settings.max_tokens or own_limit, own_limit))
    trainer = without_model_card(CrossEncoderTrainer)(
        model=model,
        args=CrossEncoderTrainingArguments(**options(settings, checkpoints, n_examples)),
        train_dataset=Dataset.from_dict(columns),
        loss=BinaryCrossEntropyLoss(model) if settings.loss == "bce" else LambdaLoss(model),
    )
    n_steps = fit(trainer, checkpoints, progress)
    setattr(model, limit_name, own_limit)
    with saving(model_path) as folder:
        model.save_pretrained(str(folder), create_model_card=False)
    return {"n_examples": n_examples, "n_steps": n_steps}


def _texts(pair: Pair) -> list[tuple[str, int]]:
    passages = [(pair.positive, 1), *((negative.passage, 0) for negative in pair.negatives)]
    return [(encodable(whole_text(passage)), label) for passage, label in passages]
