"""What an engine does for a build."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from ragmed.index.engines.steps import Encoding, Split, SplitTask
from ragmed.protocols import Progress, Retriever
from ragmed.recipe import CorpusRecipe
from ragmed.sources import StageProgress


class Running(Protocol):
    """An engine at work on one build."""

    @property
    def documents_per_shard(self) -> int:
        """How many documents it is best given at once; what is made of them does not depend on it."""
        ...

    def read_parts(self, recipe: CorpusRecipe, mirror: Path | None, fetch: bool, progress: StageProgress) -> None:
        """Read parts of a corpus that are not read yet, so that building it finds them; or leave that to it."""
        ...

    def split(self, tasks: Iterable[SplitTask]) -> Iterator[Split]:
        """The passages of each task, in the order of the tasks."""
        ...

    def with_vectors(self, retriever: Retriever, encoding: Encoding | None, progress: Progress) -> Retriever:
        """The retriever, given the vectors that it will ask its encoder for; ``encoding`` None: it wants none."""
        ...

    def finish(self) -> None:
        """The build is complete: nothing kept for another try is needed any more."""
        ...


class Engine(Protocol):
    """Starts for a build, ends with it."""

    def start(self, destination: Path) -> AbstractContextManager[Running]:
        """Begin to work for the index at ``destination``. Raises `MissingExtra`, `EngineError`."""
        ...
