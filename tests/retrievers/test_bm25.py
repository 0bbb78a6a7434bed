"""BM25 against rank_bm25, and against scores worked out by hand."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from rank_bm25 import BM25Okapi

from ragmed.analysis.terms import terms
from ragmed.retrievers.bm25 import BM25, OpenBM25
from ragmed.types import Query
from tests.passages_for_tests import THREE, passage

WORDS = ["fever", "insulin", "glucose", "heart", "aorta", "lens", "cough"]


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=12), min_size=2, max_size=12),
    query=st.lists(st.sampled_from(WORDS), min_size=1, max_size=4),
    k1=st.floats(0.1, 3),
    b=st.floats(0, 1),
)
def test_scores_equal_rank_bm25_with_lucenes_idf(
    tmp_path_factory: object, texts: list[list[str]], query: list[str], k1: float, b: float
) -> None:
    path = Path(tmp_path_factory.mktemp("bm25"))  # type: ignore[attr-defined]
    passages = [passage(f"p{i:02}", " ".join(text)) for i, text in enumerate(texts)]
    BM25(k1=k1, b=b).build(passages, path)
    [found] = BM25().open(path, [p.passage_id for p in passages]).search([Query("q", " ".join(query))], 99)
    reference = BM25Okapi([terms(" ".join(text)) for text in texts], k1=k1, b=b)
    n = len(texts)
    for term in reference.idf:
        df = sum(term in frequencies for frequencies in reference.doc_freqs)
        reference.idf[term] = math.log(1 + (n - df + 0.5) / (df + 0.5))
    expected = reference.get_scores(terms(" ".join(query)))
    got = dict(zip(found.rows.tolist(), found.scores.tolist(), strict=True))
    for i, score in enumerate(expected):
        np.testing.assert_allclose(got.get(i, 0.0), score, rtol=1e-5, atol=1e-6)


def test_one_term_score_by_hand(tmp_path: Path) -> None:
    """N = 2, df = 1, tf = 2, lengths 2 and 1: idf = ln 2, factor 0.9 * (0.6 + 0.4 * 2 / 1.5)."""
    BM25(k1=0.9, b=0.4).build([passage("a", "fever fever"), passage("b", "cough")], tmp_path)
    [found] = BM25().open(tmp_path, ["a", "b"]).search([Query("q", "fever")], 5)
    expected = math.log(2) * 2 * 1.9 / (2 + 0.9 * (0.6 + 0.4 * 2 / 1.5))
    assert math.isclose(found.scores[0], expected, rel_tol=1e-6)


def test_a_weightier_title_brings_its_passage_up(tmp_path: Path) -> None:
    passages = [passage("text", "fever and cough and lens and heart"), passage("title", "lens heart", title="Fever")]
    BM25(title_weight=5.0).build(passages, tmp_path)
    assert BM25().open(tmp_path, ["text", "title"]).search([Query("q", "fever")], 2)[0].rows[0] == 1


def test_passages_without_a_query_term_are_not_hits(tmp_path: Path) -> None:
    BM25().build(THREE, tmp_path)
    assert BM25().open(tmp_path, ["a", "b", "c"]).search([Query("q", "xylophone")], 3)[0].rows.size == 0


def test_document_frequencies_count_passages(tmp_path: Path) -> None:
    BM25().build(THREE, tmp_path)
    opened = OpenBM25(tmp_path, ["a", "b", "c"])
    assert list(opened.document_frequencies(terms("lower fever xylophone"))) == [2, 1, 0]
