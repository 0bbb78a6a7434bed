"""The best of a fused list looked at again: trees add to their scores, and the others stay behind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ragmed.fusion import _rescoring
from ragmed.fusion._features import OF_PASSAGE, OF_QUERY, Features
from ragmed.fusion._rescoring import INPUTS, TOP, inputs, rescored, trees
from ragmed.fusion._trees import Split, Trees, read_trees
from ragmed.protocols import Matches, Rows, Vectors

N = 80


class VectorsInMemory:
    """An index of which nothing is asked but vectors."""

    vectors_of = np.random.default_rng(1).normal(size=(N, 4)).astype(np.float32)

    def vectors(self, rows: Rows) -> Vectors | None:
        return self.vectors_of[rows]


class NoVectors:
    """An index that holds none."""

    def vectors(self, rows: Rows) -> Vectors | None:
        return None


PER_ROW = ("coverage", "share", "rarest", "three_rarest", "lengths")


def seen(seed: int = 0) -> Features:
    chance = np.random.default_rng(seed)
    matches = Matches(**{name: chance.random(N) for name in PER_ROW}, highest=1.0, idf=np.ones(3), n_terms=3)
    return Features(np.arange(N), chance.random((N, len(OF_PASSAGE))), chance.random(len(OF_QUERY)), matches)


def first(of: Features, n: int) -> Features:
    matches = replace(of.matches, **{name: getattr(of.matches, name)[:n] for name in PER_ROW})
    return Features(of.rows[:n], of.of_passage[:n], of.of_query, matches)


def split(chance: np.random.Generator, depth: int) -> Split | float:
    """A tree at random, of other depths on its left and its right."""
    if depth == 0:
        return float(chance.normal())
    left, right = split(chance, depth - 1), split(chance, int(chance.integers(0, depth)))
    return Split(int(chance.integers(2, 10)), float(chance.random()), left, right)


def grown(seed: int) -> tuple[list[Split | float], Trees]:
    chance = np.random.default_rng(seed)
    roots = [split(chance, depth) for depth in (1, 2, 3, 4, 4, 3, 0)]
    return roots, Trees.grown(roots)


def walked(branch: Split | float, row: NDArray[np.float64]) -> float:
    """What a tree adds, one step at a time."""
    while isinstance(branch, Split):
        branch = branch.left if row[branch.feature] <= branch.threshold else branch.right
    return branch


@pytest.mark.parametrize("seed", range(5))
def test_trees_give_what_walks_from_root_to_leaf_give(seed: int) -> None:
    roots, made = grown(seed)
    x = np.random.default_rng(seed).random((20, len(INPUTS)))
    x[0] = made.threshold[0, 0]  # as much as the threshold goes left
    assert made.predict(x) == pytest.approx([sum(walked(root, row) for root in roots) for row in x])


def test_a_row_gets_the_same_alone_and_among_others() -> None:
    _, made = grown(0)
    x = np.random.default_rng(1).random((20, len(INPUTS)))
    assert made.predict(x).tolist() == [made.predict(row[None])[0] for row in x]


def test_a_tree_has_sixteen_leaves_at_most() -> None:
    branch: Split | float = 0.0
    for n in range(15):
        branch = Split(0, float(n), branch, float(n + 1))
    x = np.zeros((17, 1))
    x[:, 0] = np.arange(17) - 0.5
    assert Trees.grown([branch]).predict(x).tolist() == [walked(branch, row) for row in x] == [*range(16), 15]
    with pytest.raises(ValueError, match="17 leaves"):
        Trees.grown([Split(0, 20.0, branch, 1.0)])


def test_trees_survive_their_file(tmp_path: Path) -> None:
    _, made = grown(0)
    made.write(tmp_path / "trees.npz")
    x = np.random.default_rng(0).normal(size=(20, len(INPUTS)))
    assert read_trees(tmp_path / "trees.npz").predict(x).tolist() == made.predict(x).tolist()


def test_the_trees_that_are_shipped_look_at_what_there_is() -> None:
    made = trees()
    assert len(made.value) > 0
    assert made.feature.max() < len(INPUTS)
    x = inputs(seen(), np.linspace(1, 0, N), np.arange(N), VectorsInMemory())  # type: ignore[arg-type]
    assert x is not None
    assert x.shape == (TOP, len(INPUTS))
    assert np.isfinite(x).all()
    assert made.predict(x).any()


def test_what_is_looked_at_does_not_depend_on_the_order_of_rows_though_coverages_tie() -> None:
    base, scores = seen(), np.random.default_rng(3).permutation(np.linspace(1, 0, N))
    tied = replace(base.matches, coverage=np.round(base.matches.coverage, 1))
    base.of_passage[:, OF_PASSAGE.index("coverage")] = tied.coverage
    shuffled = np.random.default_rng(4).permutation(N)
    per_row = {name: getattr(tied, name)[shuffled] for name in PER_ROW}
    other = Features(shuffled, base.of_passage[shuffled], base.of_query, replace(tied, **per_row))
    expected = inputs(base, scores, np.argsort(-scores), VectorsInMemory())  # type: ignore[arg-type]
    found = inputs(other, scores[shuffled], np.argsort(-scores[shuffled]), VectorsInMemory())  # type: ignore[arg-type]
    assert expected is not None
    assert found is not None
    assert np.unique(expected[:, INPUTS.index("coverage_place")]).size < TOP
    assert found == pytest.approx(expected)


def test_a_passage_is_told_how_those_like_it_came_off() -> None:
    three = first(seen(), 3)
    index = VectorsInMemory()
    index.vectors_of = np.eye(4, dtype=np.float32)[[0, 0, 1]]  # the first two say the same
    x = inputs(three, np.array([1.0, 0.0, 0.0]), np.arange(3), index)  # type: ignore[arg-type]
    assert x is not None
    assert x[:, INPUTS.index("fused_of_alike")] == pytest.approx([-1.0, 1.0, 0.5], abs=0.001)
    assert x[:, INPUTS.index("alike")].tolist() == [2, 2, 1]
    assert x[:, INPUTS.index("like_one_of_first_three")].tolist() == [1, 1, 0]


def test_only_the_best_change_places_and_the_others_stay_behind_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_rescoring, "trees", lambda: grown(3)[1])
    scores = np.random.default_rng(2).normal(size=N)
    before = np.argsort(-scores)
    after = np.argsort(-rescored(seen(), scores, VectorsInMemory()))  # type: ignore[arg-type]
    assert set(after[:TOP]) == set(before[:TOP])
    assert after[:TOP].tolist() != before[:TOP].tolist()
    assert after[TOP:].tolist() == before[TOP:].tolist()


def test_without_vectors_scores_stay_as_they_are() -> None:
    scores = np.random.default_rng(2).normal(size=N)
    assert rescored(seen(), scores, NoVectors()) is scores  # type: ignore[arg-type]


@pytest.mark.parametrize("n", [1, 2])
def test_fewer_passages_than_are_looked_at(n: int) -> None:
    after = rescored(first(seen(), n), np.linspace(0.5, 0.4, n), VectorsInMemory())  # type: ignore[arg-type]
    assert after.shape == (n,)
    assert np.isfinite(after).all()
