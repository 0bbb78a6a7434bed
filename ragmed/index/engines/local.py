"""The engine that is always there: this process, one shard after another, nothing kept for another try."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ragmed.index.engines.steps import Encoding, Split, SplitTask, split
from ragmed.protocols import Progress, Retriever
from ragmed.recipe import CorpusRecipe
from ragmed.sources import StageProgress


@dataclass(frozen=True)
class Local:
    """Works in this process."""

    @contextlib.contextmanager
    def start(self, destination: Path) -> Iterator[_RunningHere]:
        yield _RunningHere()


class _RunningHere:
    documents_per_shard = 256

    def read_parts(self, recipe: CorpusRecipe, mirror: Path | None, fetch: bool, progress: StageProgress) -> None:
        """Building the corpus reads them."""

    def split(self, tasks: Iterable[SplitTask]) -> Iterator[Split]:
        return map(split, tasks)

    def with_vectors(self, retriever: Retriever, encoding: Encoding | None, progress: Progress) -> Retriever:
        return retriever

    def finish(self) -> None:
        """Nothing was kept."""
