"""Boosted regression trees as arrays: what is fitted elsewhere and only evaluated here.

No tree is walked: every split of every tree is asked of every row, and each that a row fails takes the leaves to its
left out; of those left, the first is the row's. Source: Lucchese et al. 2015, "QuickScorer: A Fast Algorithm to Rank
Documents with Additive Ensembles of Regression Trees", SIGIR.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_MOST_LEAVES = 16


@dataclass(frozen=True, slots=True)
class Split:
    """A row goes left where ``x[feature] <= threshold``. A branch that is a number is a leaf: what the tree adds."""

    feature: int
    threshold: float
    left: Split | float
    right: Split | float


@dataclass(frozen=True, slots=True, eq=False)
class Trees:
    """The splits and leaves of all trees, each tree's from left to right; trees with fewer are filled up.

    ``feature``, ``threshold``: (n_splits, n_trees). ``lost``: (n_splits, n_trees), a bit for each leaf that a row
    which goes right there cannot reach. ``value``: (n_trees, 16), what each leaf adds.
    """

    feature: NDArray[np.intp]
    threshold: NDArray[np.float64]
    lost: NDArray[np.uint16]
    value: NDArray[np.float64]

    @classmethod
    def grown(cls, roots: Sequence[Split | float]) -> Trees:
        """The trees with these roots. Raises `ValueError` where one has more than 16 leaves."""
        columns = [_column(root) for root in roots]
        n_splits = max((len(splits) for splits, _ in columns), default=0)
        made = cls(
            np.zeros((n_splits, len(roots)), np.intp),
            np.full((n_splits, len(roots)), np.inf),
            np.zeros((n_splits, len(roots)), np.uint16),
            np.zeros((len(roots), _MOST_LEAVES)),
        )
        for tree, (splits, leaves) in enumerate(columns):
            if len(leaves) > _MOST_LEAVES:
                raise ValueError(f"a tree has {len(leaves)} leaves, more than {_MOST_LEAVES}")
            made.value[tree, : len(leaves)] = leaves
            for at, (feature, threshold, lost) in enumerate(splits):
                made.feature[at, tree], made.threshold[at, tree], made.lost[at, tree] = feature, threshold, lost
        return made

    def predict(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """The sum over all trees for each row of ``x`` (n, n_features), which has no NaN."""
        of_feature = np.ascontiguousarray(x.T)
        n_trees = len(self.value)
        lost, lost_here = (np.zeros((n_trees, len(x)), np.uint16) for _ in range(2))
        for feature, threshold, mask in zip(self.feature, self.threshold, self.lost, strict=True):
            goes_right = of_feature.take(feature, axis=0) > threshold[:, None]
            np.multiply(goes_right.view(np.uint8), mask[:, None], out=lost_here)
            lost |= lost_here
        leaf = np.arange(n_trees)[:, None] * _MOST_LEAVES + _FIRST_LEFT.take(lost)
        # A row's sum is formed in one order, however many rows there are.
        total: NDArray[np.float64] = np.ascontiguousarray(self.value.take(leaf).T).sum(axis=1)
        return total

    def write(self, path: Path) -> None:
        np.savez_compressed(path, allow_pickle=False, **{name: getattr(self, name) for name in _ARRAYS})


_ARRAYS = ("feature", "threshold", "lost", "value")


def _column(root: Split | float) -> tuple[list[tuple[int, float, int]], list[float]]:
    """A tree's splits, each with the bits of the leaves on its left, and its leaves."""
    splits: list[tuple[int, float, int]] = []
    leaves: list[float] = []

    def add(branch: Split | float) -> None:
        if not isinstance(branch, Split):
            leaves.append(branch)
            return
        first = len(leaves)
        add(branch.left)
        splits.append((branch.feature, branch.threshold, (1 << len(leaves)) - (1 << first)))
        add(branch.right)

    add(root)
    return splits, leaves


def _first_left() -> NDArray[np.intp]:
    """For each set of leaves that are lost, the first of the others (16 bits, the lowest that is 0)."""
    first = np.zeros(1 << _MOST_LEAVES, dtype=np.intp)
    for leaf in range(_MOST_LEAVES):
        first[(1 << leaf) - 1 :: 1 << (leaf + 1)] = leaf
    return first


_FIRST_LEFT = _first_left()


def read_trees(path: Path) -> Trees:
    """What `Trees.write` wrote."""
    with np.load(path, allow_pickle=False) as file:
        return Trees(**{name: file[name] for name in _ARRAYS})
