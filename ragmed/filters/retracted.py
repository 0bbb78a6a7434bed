"""Leaves out what was retracted. Without this filter such documents stay, marked (`meta["retracted"]`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ragmed.protocols import Filter
from ragmed.types import Document


@dataclass(frozen=True)
class Retracted:
    """Refuses documents whose ``meta`` says that they were retracted."""

    def refuse(self, documents: Sequence[Document]) -> list[str]:
        return ["retracted" if document.meta.get("retracted") else "" for document in documents]


COMPONENT: type[Filter] = Retracted
