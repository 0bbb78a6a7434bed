"""By licence: what may be used commercially, or the licences named. See `ragmed.analysis.licences` for what is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ragmed.analysis.licences import is_licence, permits_commercial_use
from ragmed.protocols import Filter
from ragmed.types import Document


@dataclass(frozen=True)
class Licence:
    """Keeps documents whose licence ``allow`` allows: ``"commercial"`` use, or any of the licences listed by name.

    A licence whose words do not tell is not allowed. ``["CC BY"]`` allows every version of that one licence, and
    neither CC BY-SA nor CC0.
    """

    allow: Literal["commercial"] | tuple[str, ...] = "commercial"

    def refuse(self, documents: Sequence[Document]) -> list[str]:
        reasons = {licence: self._reason(licence) for licence in {document.licence for document in documents}}
        return [reasons[document.licence] for document in documents]

    def _reason(self, licence: str) -> str:
        if not licence.strip():
            return "no licence stated"
        if self.allow != "commercial":
            return "" if any(is_licence(licence, name) for name in self.allow) else "licence not allowed"
        permits = permits_commercial_use(licence)
        if permits is None:
            return "licence not known to permit commercial use"
        return "" if permits else "licence forbids commercial use"


COMPONENT: type[Filter] = Licence
