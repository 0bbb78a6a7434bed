"""The best k by block-max pruning against all postings added up."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ragmed.protocols import Allowed
from ragmed.retrievers._postings import Postings, PostingsWriter

PRUNED, ADDED_UP = 0, 1 << 30
"""Values of ``small`` for which an index of any size has bounds, or none."""


@dataclass(frozen=True)
class Matrix:
    """Scores as a dense matrix (n_terms, n_rows); 0 where a row has not the term."""

    scores: NDArray[np.float32]

    def write(self, path: Path, small: int) -> Postings:
        writer = PostingsWriter(path, self.scores.shape[1], small)
        for of_term in self.scores:
            rows = np.flatnonzero(of_term).astype(np.uint32)
            writer.append(np.array([0, len(rows)]), rows, of_term[rows])
        writer.close()
        return Postings(path, self.scores.shape[1], small)

    def best(self, terms: list[tuple[int, float]], k: int, allowed: Allowed | None, ids: list[str]) -> list[object]:
        total = np.zeros(self.scores.shape[1], dtype=np.float32)
        for term, weight in terms:
            total += self.scores[term] * np.float32(weight)
        rows = [row for row in np.flatnonzero(total).tolist() if allowed is None or allowed[row]]
        rows.sort(key=lambda row: (-total[row], ids[row]))
        return [(row, float(total[row])) for row in rows[:k]]


@st.composite
def matrices(draw: st.DrawFn) -> Matrix:
    """Few distinct scores, so that ties abound; common terms and rare ones."""
    n_terms, n_rows = draw(st.integers(1, 6)), draw(st.integers(1, 400))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    levels = np.array(draw(st.lists(st.floats(0.25, 9, width=32), min_size=1, max_size=5)), dtype=np.float32)
    shares = np.array(draw(st.lists(st.sampled_from([0.01, 0.1, 0.6, 1.0]), min_size=n_terms, max_size=n_terms)))
    scores = rng.choice(levels, (n_terms, n_rows)) * (rng.random((n_terms, n_rows)) < shares[:, None])
    scores[:, rng.integers(n_rows)] = levels[0]
    return Matrix(scores.astype(np.float32))


@st.composite
def queries(draw: st.DrawFn, matrix: Matrix) -> list[tuple[int, float]]:
    terms = draw(st.lists(st.integers(0, len(matrix.scores) - 1), unique=True, min_size=1))
    weights = st.sampled_from([1.0, 2.0, 0.3, 1e-30]) | st.floats(
        -2, 3, allow_nan=False, allow_subnormal=False, width=32
    )
    return [(term, draw(weights)) for term in sorted(terms)]


def best(postings: Postings, terms: list[tuple[int, float]], k: int, allowed: Allowed | None, ids: list[str]) -> object:
    found = postings.search(terms, k, allowed, ids)
    return list(zip(found.rows.tolist(), found.scores.tolist(), strict=True))


@settings(max_examples=120, deadline=None)
@given(data=st.data(), k=st.integers(0, 30))
@pytest.mark.parametrize("small", [PRUNED, ADDED_UP])
def test_finds_exactly_what_adding_up_all_postings_finds(
    tmp_path_factory: pytest.TempPathFactory, small: int, data: st.DataObject, k: int
) -> None:
    matrix = data.draw(matrices())
    n = matrix.scores.shape[1]
    ids = [f"p{(row * 7919) % 1009:04}-{row}" for row in range(n)]
    allowed = data.draw(st.none() | st.integers(0, 2**32))
    mask = None if allowed is None else np.random.default_rng(allowed).random(n) < 0.3
    postings = matrix.write(tmp_path_factory.mktemp("postings"), small)
    terms = data.draw(queries(matrix))
    found = best(postings, terms, k, mask, ids)
    assert found == matrix.best(terms, k, mask, ids)
    rows = np.arange(n)[::-1]
    expected = dict(matrix.best(terms, n, None, ids))  # type: ignore[arg-type]
    assert postings.scores(terms, rows).tolist() == [expected.get(row, 0.0) for row in rows.tolist()]


@pytest.mark.parametrize("k", [1, 10, 100])
@pytest.mark.parametrize("n_terms", [2, 9, 80])
def test_finds_the_same_among_many_rows_in_many_rounds(tmp_path: Path, k: int, n_terms: int) -> None:
    rng = np.random.default_rng(7)
    shares = rng.uniform(0, 0.2, n_terms) ** 2
    scores = np.where(rng.random((n_terms, 30_003)) < shares[:, None], rng.gamma(2, 1, (n_terms, 30_003)), 0)
    matrix = Matrix(scores.astype(np.float32))
    ids = [f"{row:06}" for row in range(30_003)]
    postings = matrix.write(tmp_path, PRUNED)
    terms = [(term, float(1 + term % 3)) for term in range(n_terms) if postings.count(term)]
    assert best(postings, terms, k, None, ids) == matrix.best(terms, k, None, ids)
    allowed = rng.random(30_003) < 0.01
    assert best(postings, terms, k, allowed, ids) == matrix.best(terms, k, allowed, ids)


def test_all_rows_alike_come_in_the_order_of_their_ids(tmp_path: Path) -> None:
    matrix = Matrix(np.ones((2, 1000), dtype=np.float32))
    ids = [f"{999 - row:03}" for row in range(1000)]
    found = matrix.write(tmp_path, PRUNED).search([(0, 1.0), (1, 1.0)], 3, None, ids)
    assert found.rows.tolist() == [999, 998, 997]


def test_pruning_scores_few_of_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scores = np.zeros((2, 80_000), dtype=np.float32)
    scores[0] = 0.5
    scores[1, 123::8000] = 4.0
    postings = Matrix(scores).write(tmp_path, PRUNED)
    seen: list[int] = []
    exact = postings.scores
    monkeypatch.setattr(postings, "scores", lambda terms, rows: seen.append(len(rows)) or exact(terms, rows))
    found = postings.search([(0, 1.0), (1, 1.0)], 10, None, [f"{row:05}" for row in range(80_000)])
    assert found.rows.tolist() == list(range(123, 80_000, 8000))
    assert sum(seen) < 200


def test_common_terms_have_bounds_no_score_exceeds(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    scores = np.zeros((2, 805), dtype=np.float32)
    scores[0, ::2] = rng.random(403)
    scores[1, 5] = 1
    Matrix(scores).write(tmp_path, PRUNED)
    bounds, top = np.load(tmp_path / "bounds.npy"), np.load(tmp_path / "bound_tops.npy")
    assert np.load(tmp_path / "bound_terms.npy").tolist() == [0]
    highest = np.append(scores[0], np.zeros(3)).reshape(-1, 8).max(axis=1)
    assert (bounds * (top[0] / 255) >= highest * (1 - 1e-6)).all()
    assert (bounds * (top[0] / 255) <= highest + top[0] / 254).all()


def test_threads_find_the_same(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    matrix = Matrix(np.where(rng.random((5, 5000)) < 0.2, rng.random((5, 5000)), 0).astype(np.float32))
    postings, ids = matrix.write(tmp_path, PRUNED), [f"{row:04}" for row in range(5000)]
    searches = [[(term, 1.0) for term in range(5) if term != left_out] for left_out in range(5)] * 20
    alone = [best(postings, terms, 10, None, ids) for terms in searches]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda terms: best(postings, terms, 10, None, ids), searches)) == alone
