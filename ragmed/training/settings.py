"""What a training is asked to do: all that its result depends on, besides the data and the base model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from ragmed.errors import RecipeError
from ragmed.training.negatives import Mining
from ragmed.training.sources import KINDS, Kind


@dataclass(frozen=True, slots=True)
class Settings:
    """One training of an encoder or a reranker.

    ``base`` is a folder or a hub id. Pairs come from the JSON lines ``pairs`` or, where that is empty, from the index
    by ``queries``. ``lr`` is the highest learning rate: it rises over the first tenth of the steps and then falls to 0.
    ``max_tokens`` cuts training texts (0: what the model reads); the trained model reads as many as before.
    ``held_out`` is a share of the pairs. ``pool`` is how many passages an encoder is measured on, ``depth`` how many a
    reranker orders. ``loss`` is a reranker's. Prefixes of None are those of the preset or the model's files.
    """

    model: Literal["encoder", "reranker"]
    base: str
    index: str = ""
    pairs: str = ""
    queries: Kind = "questions"
    generator: Mapping[str, Any] = field(default_factory=dict)
    max_pairs: int = 10_000
    held_out: float = 0.1
    negatives: int = 3
    first_rank: int = 5
    last_rank: int = 50
    margin: float = 0.0
    retriever: str = ""
    epochs: int = 1
    batch_size: int = 16
    lr: float = 2e-5
    max_tokens: int = 0
    loss: Literal["bce", "lambda"] = "bce"
    preset: str = ""
    query_prefix: str | None = None
    passage_prefix: str | None = None
    pool: int = 2000
    depth: int = 30
    seed: int = 1
    device: str = "cpu"

    def __post_init__(self) -> None:
        if not self.index and not self.pairs:
            raise RecipeError("name an index, or a file of pairs, to learn from")
        if self.queries not in KINDS:
            raise RecipeError(f"no queries of kind {self.queries!r}; have: {', '.join(KINDS)}")
        if min(self.epochs, self.batch_size, self.max_pairs, self.pool, self.depth) < 1 or self.max_tokens < 0:
            raise RecipeError("epochs, batch size, pairs, pool and depth must be at least 1, max_tokens at least 0")
        if not 0 < self.held_out < 1 or not self.lr > 0:
            raise RecipeError("held_out must lie between 0 and 1, the learning rate above 0")
        if self.model == "reranker" and not self.negatives:
            raise RecipeError("a reranker learns from negatives: at least one a pair")
        self.mining()

    def mining(self) -> Mining:
        """How negatives are drawn."""
        return Mining(self.negatives, self.first_rank, self.last_rank, self.margin, self.seed)

    def table(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self) | {"generator": dict(self.generator)}
