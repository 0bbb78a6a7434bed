"""Learned sparse retrieval: the inverted index against the model's own dot products."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from ragmed.errors import EncoderError, MissingExtra, StaleIndex
from ragmed.retrievers import sparse
from ragmed.retrievers.dense import encoder_text
from ragmed.retrievers.sparse import Sparse
from ragmed.types import Query
from tests.passages_for_tests import THREE
from tests.sparse_encoder_for_tests import save_splade, save_word_matcher

IDS = [p.passage_id for p in THREE]
ALL = np.arange(3)


@pytest.fixture(scope="module")
def splade(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(save_splade(tmp_path_factory.mktemp("splade")))


@pytest.fixture(scope="module")
def matcher(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(save_word_matcher(tmp_path_factory.mktemp("matcher") / "model"))


def test_scores_are_the_dot_products_of_the_models_weights(splade: str, tmp_path: Path) -> None:
    from sentence_transformers import SparseEncoder

    retriever = Sparse(splade)
    retriever.build(THREE, tmp_path)
    model = SparseEncoder(splade, device="cpu")
    passages = model.encode_document([encoder_text(p) for p in THREE], convert_to_sparse_tensor=False).numpy()
    query = model.encode_query("insulin and glucose", convert_to_sparse_tensor=False).numpy()
    opened = retriever.open(tmp_path, IDS)
    found = opened.scores(Query("q", "insulin and glucose"), ALL)  # type: ignore[attr-defined]
    np.testing.assert_allclose(found, passages @ query, rtol=1e-5)
    assert np.ptp(found) > 0


def test_words_that_a_passage_shares_with_the_query_are_counted(matcher: str, tmp_path: Path) -> None:
    facts = Sparse(matcher).build(THREE, tmp_path)
    [ranking] = Sparse(matcher).open(tmp_path, IDS).search([Query("q", "blood glucose of the heart")], 3)
    assert dict(zip([IDS[row] for row in ranking.rows], ranking.scores.tolist(), strict=True)) == {"b": 2, "a": 2}
    assert [IDS[row] for row in ranking.rows] == ["a", "b"]
    assert str(facts["encoder"]).startswith("sparse/folder@")


def test_only_the_weightiest_terms_are_kept(splade: str, tmp_path: Path) -> None:
    facts = Sparse(splade, max_passage_terms=2).build(THREE, tmp_path)
    assert facts["n_postings"] == 6


def test_a_query_of_unknown_words_finds_nothing(matcher: str, tmp_path: Path) -> None:
    Sparse(matcher).build(THREE, tmp_path)
    assert len(Sparse(matcher).open(tmp_path, IDS).search([Query("q", "xylophone")], 3)[0]) == 0


def test_nothing_can_be_found_in_no_passages(matcher: str, tmp_path: Path) -> None:
    assert Sparse(matcher).build([], tmp_path)["n_postings"] == 0
    assert len(Sparse(matcher).open(tmp_path, []).search([Query("q", "fever")], 3)[0]) == 0


def test_an_index_of_another_vocabulary_is_stale(matcher: str, tmp_path: Path) -> None:
    Sparse(matcher).build(THREE, tmp_path)
    np.save(tmp_path / "n_terms.npy", np.array([7]))
    with pytest.raises(StaleIndex, match="rebuild"):
        Sparse(matcher).open(tmp_path, IDS).search([Query("q", "fever")], 3)


def test_the_fingerprint_is_of_the_weights(matcher: str, splade: str) -> None:
    assert Sparse(matcher).encoder.fingerprint() != Sparse(splade).encoder.fingerprint()


def test_a_model_that_is_neither_folder_nor_hub_id_is_refused() -> None:
    pytest.importorskip("sentence_transformers")
    with pytest.raises(EncoderError, match="no such folder"):
        Sparse("nowhere").encoder.load()


def test_without_sentence_transformers_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    sparse._load.cache_clear()
    with pytest.raises(MissingExtra, match=r"ragmed\[hf\]"):
        Sparse("a/b").encoder.load()
