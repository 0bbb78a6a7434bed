"""Documents as they are read, with a progress bar."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ragmed.cli._progress import progress_bars
from ragmed.types import Document

_STEP = 1000


def reading(documents: Iterable[Document], stage: str, total: int = 0) -> Iterator[Document]:
    """``documents`` one by one; ``total`` is how many there are, 0 where that is not known."""
    with progress_bars() as progress:
        done = 0
        for done, document in enumerate(documents, start=1):
            yield document
            if done % _STEP == 0:
                progress(stage, done, total)
        progress(stage, done, total)
