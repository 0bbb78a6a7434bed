"""Dense retrieval: every type of index finds what comparing with all finds, and wrong input is told."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragmed.errors import DamagedIndex, EncoderError, StaleIndex
from ragmed.protocols import Progress, Vectors, no_progress
from ragmed.retrievers import _vector_index
from ragmed.retrievers._vector_index import VectorIndexType
from ragmed.retrievers._vectors import StoredVectors, VectorsWriter
from ragmed.retrievers.dense import Dense, OpenDense
from ragmed.types import Passage, Query
from tests.passages_for_tests import passage

TYPES: tuple[VectorIndexType, ...] = ("flat", "hnsw", "ivf")
N = 3000


@dataclass(frozen=True)
class SeededEncoder:
    """A text's vector is drawn with the text's hash as seed; ``given`` overrides single texts."""

    dim: int = 16
    given: Mapping[str, float] | None = None
    max_tokens: int = 3

    def fingerprint(self) -> str:
        return f"seeded/{self.dim}"

    def load(self) -> None:
        pass

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return np.array([self._vector(text) for text in texts], dtype=np.float32).reshape(-1, self.dim)

    def encode_passages(self, texts: Sequence[str], progress: Progress = no_progress) -> Vectors:
        progress(len(texts), len(texts))
        return self.encode_queries(texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def count_truncated(self, texts: Sequence[str]) -> int:
        return sum(n > self.max_tokens for n in self.count_tokens(texts))

    def _vector(self, text: str) -> Vectors:
        if self.given is not None and text in self.given:
            return np.full(self.dim, self.given[text], dtype=np.float32)
        vector = np.random.default_rng(list(text.encode())).standard_normal(self.dim)
        return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def numbered(n: int) -> list[Passage]:
    return [passage(f"p{i:05}", f"text {i}") for i in range(n)]


def ids(n: int) -> list[str]:
    return [f"p{i:05}" for i in range(n)]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    built = {}
    for index in TYPES:
        built[index] = tmp_path_factory.mktemp(index)
        facts = Dense(SeededEncoder(), index).build(numbered(N), built[index])
        assert facts["index"] == index
    return built


def opened(folders: Mapping[str, Path], index: str) -> OpenDense:
    return OpenDense(SeededEncoder(), folders[index], ids(N))


QUERIES = [Query(str(i), f"question {i}") for i in range(40)]


@pytest.mark.parametrize("index", ["hnsw", "ivf"])
def test_an_index_finds_what_comparing_with_all_finds(folders: Mapping[str, Path], index: str) -> None:
    exact = opened(folders, "flat").search(QUERIES, 10)
    found = opened(folders, index).search(QUERIES, 10)
    shared = [len(np.intersect1d(one.rows, other.rows)) for one, other in zip(exact, found, strict=True)]
    assert sum(shared) >= 0.9 * 10 * len(QUERIES)
    for one, other in zip(exact, found, strict=True):
        assert other.scores == pytest.approx(one.scores, abs=0.05)


@pytest.mark.parametrize("index", TYPES)
def test_a_score_does_not_depend_on_how_it_was_asked_for(folders: Mapping[str, Path], index: str) -> None:
    batch = opened(folders, index).search(QUERIES, 10)
    alone = opened(folders, index)
    for query, ranking in zip(QUERIES, batch, strict=True):
        [again] = alone.search([query], 10)
        assert again.rows.tolist() == ranking.rows.tolist()
        assert again.scores.tolist() == ranking.scores.tolist() == alone.scores(query, ranking.rows).tolist()


@pytest.mark.parametrize("index", TYPES)
@pytest.mark.parametrize("n_allowed", [1, 5, 40, 1500, 2500, N])
def test_as_many_of_the_allowed_are_found_as_there_are(folders: Mapping[str, Path], index: str, n_allowed: int) -> None:
    allowed = np.zeros(N, dtype=np.bool_)
    allowed[np.random.default_rng(0).permutation(N)[:n_allowed]] = True
    for k in (10, 100, 2 * N):
        for ranking in opened(folders, index).search(QUERIES[:3], k, allowed):
            assert len(ranking) == min(k, n_allowed)
            assert allowed[ranking.rows].all()


@pytest.mark.parametrize("index", TYPES)
def test_k_beyond_the_corpus_gives_all_of_it(folders: Mapping[str, Path], index: str) -> None:
    [ranking] = opened(folders, index).search(QUERIES[:1], 10 * N)
    assert sorted(ranking.rows.tolist()) == list(range(N))


def test_what_an_index_misses_is_made_up_by_comparing_with_all(
    folders: Mapping[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_vector_index.VectorIndex, "candidates", lambda *_: np.array([7]))
    [ranking] = opened(folders, "hnsw").search(QUERIES[:1], 10)
    assert len(ranking) == 10


@pytest.mark.parametrize("index", TYPES)
def test_two_builds_of_each_type_give_the_same_bytes(
    folders: Mapping[str, Path], index: VectorIndexType, tmp_path: Path
) -> None:
    Dense(SeededEncoder(), index).build(numbered(N), tmp_path)
    again = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert again == {file.name: file.read_bytes() for file in folders[index].iterdir()}


@pytest.mark.parametrize("index", TYPES)
def test_threads_see_the_same_of_each_type(folders: Mapping[str, Path], index: str) -> None:
    expected = opened(folders, index).search(QUERIES, 10)
    shared = opened(folders, index)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda query: shared.search([query], 10)[0], QUERIES * 4))
    for ranking, of_query in zip(found, expected * 4, strict=True):
        assert ranking.rows.tolist() == of_query.rows.tolist()


@pytest.mark.parametrize("index", TYPES)
def test_vectors_are_near_those_encoded(folders: Mapping[str, Path], index: str) -> None:
    rows = np.array([5, 0, 2999])
    vectors = opened(folders, index).vectors(rows)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 1], abs=0.01)
    assert vectors == pytest.approx(SeededEncoder().encode_queries([f"text {row}" for row in rows]), abs=0.01)


def test_the_type_follows_from_the_number_of_passages() -> None:
    assert _vector_index.chosen("auto", 50_000) == "flat"
    assert _vector_index.chosen("auto", 50_001) == "ivf"
    assert _vector_index.chosen("hnsw", 50_001) == "hnsw"
    assert _vector_index.chosen("ivf", 100) == "flat"


def test_building_encodes_in_blocks_and_counts_over_all(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    n = 20_000
    passages = [passage(f"p{i:05}", "word " * (4 if i % 1000 == 0 else 2)) for i in range(n)]
    facts = Dense(SeededEncoder()).build(passages, tmp_path, lambda done, total: seen.append((done, total)))
    assert facts["n_truncated"] == 20
    assert len(seen) > 2
    assert seen == sorted(seen)
    assert seen[-1] == (n, n)


def test_a_distinct_query_is_encoded_once(tmp_path: Path) -> None:
    asked: list[str] = []

    @dataclass(frozen=True)
    class Listening(SeededEncoder):
        def encode_queries(self, texts: Sequence[str]) -> Vectors:
            asked.extend(texts)
            return super().encode_queries(texts)

    Dense(SeededEncoder()).build(numbered(5), tmp_path)
    dense = OpenDense(Listening(), tmp_path, ids(5))
    dense.search([Query(str(i), f"q{i % 3}") for i in range(30)], 2)
    dense.scores(Query("again", "q1"), np.arange(5))
    assert sorted(asked) == ["q0", "q1", "q2"]


def test_a_vector_that_is_not_finite_names_its_passage(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="'p00003' is not finite"):
        Dense(SeededEncoder(given={"text 3": np.nan})).build(numbered(5), tmp_path)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_query_whose_vector_is_not_finite_is_an_error(tmp_path: Path, value: float) -> None:
    Dense(SeededEncoder()).build(numbered(5), tmp_path)
    dense = OpenDense(SeededEncoder(given={"odd": value}), tmp_path, ids(5))
    with pytest.raises(EncoderError, match="query 'odd' is not finite"):
        dense.search([Query("q", "odd")], 2)


def test_an_encoder_of_another_dimension_makes_the_index_stale(tmp_path: Path) -> None:
    Dense(SeededEncoder()).build(numbered(5), tmp_path)
    with pytest.raises(StaleIndex, match="16 dimensions, the encoder 8"):
        OpenDense(SeededEncoder(dim=8), tmp_path, ids(5))


@pytest.mark.parametrize("index", ["hnsw", "ivf"])
def test_a_damaged_index_is_told(folders: Mapping[str, Path], tmp_path: Path, index: str) -> None:
    shutil.copytree(folders[index], tmp_path, dirs_exist_ok=True)
    file = tmp_path / f"{index}.faiss"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(DamagedIndex, match=file.name):
        OpenDense(SeededEncoder(), tmp_path, ids(N)).search(QUERIES[:1], 10)


@pytest.mark.parametrize("index", TYPES)
def test_a_vector_of_zeros_scores_zero_on_either_side(tmp_path: Path, index: VectorIndexType) -> None:
    encoder = SeededEncoder(given={"text 3": 0.0, "nothing": 0.0})
    Dense(encoder, index).build(numbered(500), tmp_path)
    dense = OpenDense(encoder, tmp_path, ids(500))
    assert dense.scores(Query("q", "question"), np.array([3])).tolist() == [0.0]
    [ranking] = dense.search([Query("q", "nothing")], 3)
    assert ranking.scores.tolist() == [0.0, 0.0, 0.0]


def test_no_passages_are_built_and_searched(tmp_path: Path) -> None:
    Dense(SeededEncoder()).build([], tmp_path)
    dense = OpenDense(SeededEncoder(), tmp_path, [])
    assert len(dense.search([Query("q", "fever")], 3)[0]) == 0
    assert len(dense.scores(Query("q", "fever"), np.zeros(0, dtype=np.int64))) == 0


@settings(max_examples=30, deadline=None)
@given(
    values=st.lists(
        st.lists(st.floats(-1, 1, width=16), min_size=8, max_size=8).filter(lambda row: max(map(abs, row)) > 0.01),
        min_size=1,
        max_size=5,
    )
)
def test_compact_vectors_keep_their_direction(
    tmp_path_factory: pytest.TempPathFactory, values: list[list[float]]
) -> None:
    folder = tmp_path_factory.mktemp("vectors")
    given = np.array(values, dtype=np.float32)
    given /= np.linalg.norm(given, axis=1, keepdims=True)
    with VectorsWriter(folder, 8, compact=True) as writer:
        for row in given:
            writer.append(row[None])
    read = StoredVectors(folder).rows(np.arange(len(given)))
    assert (read * given).sum(axis=1) == pytest.approx(np.ones(len(given)), abs=1e-3)
