"""Which passages of an index a `Restriction` lets a search find."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ragmed.index.passages_store import PassageStore
from ragmed.protocols import Allowed
from ragmed.types import Passage, Restriction


def allowed(passages: PassageStore, restriction: Restriction) -> Allowed:
    """One flag a passage: whether it passes."""
    return np.fromiter((_passes(p, restriction) for p in passages), dtype=np.bool_, count=len(passages))


def _passes(passage: Passage, restriction: Restriction) -> bool:
    types = [part.strip() for part in passage.meta.get("publication_types", "").split(";")]
    if not (
        _among([passage.source], restriction.sources)
        and _among([passage.licence], restriction.licences)
        and _among([passage.kind], restriction.kinds)
        and _among(types, restriction.publication_types)
    ):
        return False
    if restriction.retracted is not None and bool(passage.meta.get("retracted")) != restriction.retracted:
        return False
    first, last = restriction.published_from, restriction.published_to
    if not (first or last):
        return True
    if not passage.published:
        return False
    # ISO dates compare as text; one less precise than the other is compared as far as both go.
    published = passage.published
    return (not first or published[: len(first)] >= first[: len(published)]) and (
        not last or published[: len(last)] <= last[: len(published)]
    )


def _among(values: Sequence[str], wanted: Sequence[str]) -> bool:
    return not wanted or bool({v.casefold() for v in values} & {w.casefold() for w in wanted})
