"""Words as English lists them."""

from __future__ import annotations

from collections.abc import Sequence


def listed(words: Sequence[str]) -> str:
    """
    >>> listed(["bm25"]), listed(["bm25", "dense"]), listed(["bm25", "dense", "graph"])
    ('bm25', 'bm25 and dense', 'bm25, dense and graph')
    """
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
