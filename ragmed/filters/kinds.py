"""By kind of document: only abstracts, everything but question-answer pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ragmed.protocols import Filter
from ragmed.types import Document


@dataclass(frozen=True)
class Kinds:
    """Keeps the kinds (`ragmed.types.Document.kind`) in ``keep``, or all where it is empty, and not in ``drop``."""

    keep: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()

    def refuse(self, documents: Sequence[Document]) -> list[str]:
        return ["" if self._wants(document.kind) else "of another kind" for document in documents]

    def _wants(self, kind: str) -> bool:
        return kind not in self.drop and (not self.keep or kind in self.keep)


COMPONENT: type[Filter] = Kinds
