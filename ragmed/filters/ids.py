"""By the id of a document: one vocabulary of several, as ``OMIM:`` of the diseases of HPO."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ragmed.protocols import Filter
from ragmed.types import Document


@dataclass(frozen=True)
class Ids:
    """Keeps the documents whose id begins with one of ``prefixes``, or all where there are none."""

    prefixes: tuple[str, ...] = ()

    def refuse(self, documents: Sequence[Document]) -> list[str]:
        return ["" if self._wants(document.doc_id) else "of another id" for document in documents]

    def _wants(self, doc_id: str) -> bool:
        return not self.prefixes or doc_id.startswith(self.prefixes)


COMPONENT: type[Filter] = Ids
