"""Lucene's BM25 against scores worked out by hand; skipped where pyserini or Java is missing."""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path

import numpy as np
import pytest

from ragmed.errors import DamagedIndex, MissingExtra
from ragmed.retrievers import lucene
from ragmed.retrievers.lucene import Lucene
from ragmed.types import Query
from tests.passages_for_tests import THREE, passage

needs_lucene = pytest.mark.skipif(
    importlib.util.find_spec("pyserini") is None or importlib.util.find_spec("jnius_config") is None,
    reason="needs the extra lucene",
)


@needs_lucene
def test_one_term_score_by_hand(tmp_path: Path) -> None:
    """N = 2, n = 1, tf = 2, lengths 2 and 1: idf = ln(1 + 1.5 / 1.5), divided by 2 + 0.9 (0.6 + 0.4 * 2 / 1.5)."""
    Lucene().build([passage("a", "fever fever"), passage("b", "cough")], tmp_path)
    [found] = Lucene().open(tmp_path, ["a", "b"]).search([Query("q", "fever")], 5)
    assert found.scores[0] == pytest.approx(math.log(2) * 2 / (2 + 0.9 * (0.6 + 0.4 * 2 / 1.5)), rel=1e-6)


@needs_lucene
def test_r2med_weighs_the_query_as_a_passage(tmp_path: Path) -> None:
    """|q| = 3 known terms, mean length 1.5: a term's count c becomes idf c / (c + 0.9 (0.6 + 0.4 * 3 / 1.5))."""
    Lucene().build([passage("a", "fever fever"), passage("b", "cough")], tmp_path)
    query = Query("q", "fever fever cough xylophone")
    [plain] = Lucene().open(tmp_path, ["a", "b"]).search([query], 5)
    [weighted] = Lucene(query_weighting="r2med").open(tmp_path, ["a", "b"]).search([query], 5)
    factor = 0.9 * (0.6 + 0.4 * 3 / 1.5)
    for row, count in ((0, 2), (1, 1)):
        score = float(plain.scores[plain.rows == row][0])
        expected = score / count * math.log(3 / 1.5) * count / (count + factor)
        assert float(weighted.scores[weighted.rows == row][0]) == pytest.approx(expected, rel=1e-5)


@needs_lucene
def test_what_is_allowed_is_found_however_deep_it_lies(tmp_path: Path) -> None:
    passages = [passage(f"p{i:03}", "fever " * (200 - i)) for i in range(200)]
    ids = [p.passage_id for p in passages]
    Lucene().build(passages, tmp_path)
    opened = Lucene().open(tmp_path, ids)
    allowed = np.zeros(200, dtype=np.bool_)
    [whole] = opened.search([Query("q", "fever")], 200)
    allowed[whole.rows[-5:]] = True
    [found] = opened.search([Query("q", "fever")], 3, allowed)
    assert found.rows.tolist() == whole.rows[-5:-2].tolist()


@needs_lucene
def test_an_index_of_other_passages_is_refused(tmp_path: Path) -> None:
    Lucene().build(THREE, tmp_path)
    with pytest.raises(DamagedIndex, match="holds 3 passages, not 2"):
        Lucene().open(tmp_path, ["a", "b"])


def test_without_pyjnius_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "jnius_config", None)
    lucene._start_java.cache_clear()
    with pytest.raises(MissingExtra, match=r"ragmed\[lucene\]"):
        Lucene().build(THREE, tmp_path)
    lucene._start_java.cache_clear()
