"""Which pairs are trained on and which are held out: never two of one document on both sides.

Pairs stay together that share a document, a query or the text of their passage, and so do those that are joined by
others. Otherwise a model would be measured on what it has learnt by heart (Lewis et al. 2021, "Question and Answer
Test-Train Overlap in Open-Domain Question Answering Datasets", arXiv:2008.02637).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from ragmed.errors import RecipeError
from ragmed.training.pairs import Pair, normal


def split_by_document(pairs: Sequence[Pair], share: float, seed: int) -> list[Pair]:
    """The pairs in their order, each with its ``split``; about ``share`` of them is held out.

    Groups are held out in the order of a hash of seed and document, so that a pair's side depends little on which
    others there are; a group larger than what is still wanted stays in training.

    Raises:
        RecipeError: all pairs hang together, so that nothing can be held out.
    """
    groups = _groups(pairs)
    if len(groups) < 2:
        raise RecipeError(
            f"{len(pairs):,} pairs, of which none can be held out: all share a document, a query or a text; "
            "training needs pairs of two documents at least"
        )
    wanted = max(1, round(share * len(pairs)))
    held_out: set[int] = set()
    groups.sort(key=lambda rows: _drawn(seed, min(pairs[row].positive.doc_id for row in rows)))
    for group in groups:
        if len(held_out) + len(group) <= wanted:
            held_out.update(group)
    if not held_out:
        held_out.update(sorted(groups, key=len)[0])
    return [replace(pair, split="held_out" if row in held_out else "train") for row, pair in enumerate(pairs)]


def _drawn(seed: int, doc_id: str) -> str:
    return hashlib.sha256(f"{seed}\0{doc_id}".encode("utf-8", "surrogatepass")).hexdigest()


def _groups(pairs: Sequence[Pair]) -> list[list[int]]:
    """Rows that hang together, each group in order, groups in the order of their first row."""
    parent = list(range(len(pairs)))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    first: dict[tuple[str, str], int] = {}
    for row, pair in enumerate(pairs):
        keys = (
            ("document", pair.positive.doc_id),
            ("query", normal(pair.query)),
            ("text", normal(pair.positive.text)),
        )
        for key in keys:
            a, b = root(first.setdefault(key, row)), root(row)
            parent[max(a, b)] = min(a, b)
    groups: dict[int, list[int]] = {}
    for row in range(len(pairs)):
        groups.setdefault(root(row), []).append(row)
    return list(groups.values())
