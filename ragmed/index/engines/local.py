"""The engine that is always there: this process, one shard after another.

What takes long is kept for another try: vectors of passages, a block at a time, where there is more than one block.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ragmed.index.engines import steps
from ragmed.index.engines.shards import FolderShards
from ragmed.index.engines.steps import Encoding, Split, SplitTask, code_fingerprint, split
from ragmed.index.engines.stored_encoder import StoredEncoder
from ragmed.index.places import kept_shards
from ragmed.protocols import Progress, Retriever
from ragmed.recipe import CorpusRecipe
from ragmed.sources import StageProgress


@dataclass(frozen=True)
class Local:
    """Works in this process."""

    @contextlib.contextmanager
    def start(self, destination: Path) -> Iterator[_RunningHere]:
        yield _RunningHere(kept_shards(destination))


class _RunningHere:
    documents_per_shard = 256

    def __init__(self, place: Path) -> None:
        self._place = place

    def read_parts(self, recipe: CorpusRecipe, mirror: Path | None, fetch: bool, progress: StageProgress) -> None:
        """Building the corpus reads them."""

    def split(self, tasks: Iterable[SplitTask]) -> Iterator[Split]:
        return map(split, tasks)

    def with_vectors(self, retriever: Retriever, encoding: Encoding | None, progress: Progress) -> Retriever:
        if encoding is None or encoding.side != "passages" or encoding.n_passages <= steps.ENCODED:
            return retriever
        shards = FolderShards(self._place, code_fingerprint())
        keeping = StoredEncoder(retriever.encoder, shards, keeps=True)  # type: ignore[attr-defined]
        return replace(retriever, encoder=keeping)  # type: ignore[type-var]

    def finish(self) -> None:
        shutil.rmtree(self._place, ignore_errors=True)
