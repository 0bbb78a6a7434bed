"""BM25 against rank_bm25, and against scores worked out by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rank_bm25 import BM25Okapi

from ragmed import catalog
from ragmed.analysis.terms import terms
from ragmed.retrievers import _postings_build, bm25
from ragmed.retrievers._bm25_rule import CorpusShape, FieldShape, Parameters
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


def folder(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.iterdir()}


@settings(max_examples=40, deadline=None)
@given(
    texts=st.lists(st.lists(st.sampled_from(WORDS), max_size=12), max_size=12),
    segment_tokens=st.integers(1, 30),
)
def test_an_index_is_the_same_whatever_the_size_of_the_segments(
    tmp_path_factory: pytest.TempPathFactory, texts: list[list[str]], segment_tokens: int
) -> None:
    path = tmp_path_factory.mktemp("bm25")
    passages = [passage(f"p{i:02}", " ".join(text), title=text[0] if text else "") for i, text in enumerate(texts)]
    (path / "one").mkdir()
    (path / "other").mkdir()
    BM25().build(passages, path / "one")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bm25, "Inverter", lambda folder: _postings_build.Inverter(folder, segment_tokens))
        BM25().build(passages, path / "other")
    assert folder(path / "one") == folder(path / "other")


def test_a_field_of_weight_zero_is_as_good_as_absent(tmp_path: Path) -> None:
    (tmp_path / "with").mkdir()
    (tmp_path / "without").mkdir()
    facts = BM25(title_weight=0.0).build(
        [passage("a", "cough", title="Fever"), passage("b", "fever")], tmp_path / "with"
    )
    BM25(title_weight=0.0).build([passage("a", "cough"), passage("b", "fever")], tmp_path / "without")
    assert folder(tmp_path / "with") == folder(tmp_path / "without")
    assert facts["n_postings"] == 2


def test_scores_of_rows_in_any_order_are_those_of_the_search(tmp_path: Path) -> None:
    BM25().build(THREE, tmp_path)
    opened = OpenBM25(tmp_path, ["a", "b", "c"])
    query = Query("q", "lower heart rate", expansions=(("body temperature", 0.25), ("insulin", -0.5), ("zzz", 2.0)))
    [found] = opened.search([query], 3)
    assert opened.scores(query, found.rows[::-1]).tolist() == found.scores[::-1].tolist()
    assert found.scores[-1] < 0


def test_coverage_is_the_share_of_the_questions_idf_that_a_passage_matches(tmp_path: Path) -> None:
    BM25().build(THREE, tmp_path)
    opened = OpenBM25(tmp_path, ["a", "b", "c"])
    idf = {df: math.log(1 + (3 - df + 0.5) / (df + 0.5)) for df in (0, 1, 2)}
    query = Query("q", "Does insulin lower, lower the xylophone?", expansions=(("fever", 1.0),))
    of_all = idf[1] + idf[2] + idf[0]  # insulin, lower and xylophone; 'does' only asks
    expected = [0.0, (idf[1] + idf[2]) / of_all, idf[2] / of_all]
    assert opened.matches(query, np.array([2, 1, 0])).coverage == pytest.approx(expected)
    assert opened.matches(Query("q", "the of"), np.array([0, 1])).coverage.tolist() == [0, 0]
    assert opened.matches(query, np.zeros(0, dtype=np.int64)).coverage.tolist() == []


def test_parameters_not_given_come_from_the_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[CorpusShape] = []

    def rule(shape: CorpusShape) -> Parameters:
        seen.append(shape)
        return Parameters(k1=2.0, b=0.5, title_weight=3.0, question_weight=0.5)

    monkeypatch.setattr(bm25, "parameters", rule)
    passages = [passage("a", "fever fever cough", title="Fever"), passage("b", "lens"), passage("c", "")]
    facts = BM25(b=0.1).build(passages, tmp_path)
    text = FieldShape(present=2 / 3, mean_length=2.0, variation=0.5, repetition=4 / 3)
    title = FieldShape(present=1 / 3, mean_length=1.0, variation=0.0, repetition=1.0)
    assert seen == [CorpusShape(3, title, FieldShape(0.0, 0.0, 0.0, 0.0), text)]
    chosen = {"k1": 2.0, "b": 0.1, "title_weight": 3.0, "question_weight": 0.5}
    assert facts.items() >= {name: str(value) for name, value in chosen.items()}.items()
    assert json.loads((tmp_path / "parameters.json").read_text()) == {**chosen, "text_weight": 1.0}
    assert OpenBM25(tmp_path, ["a", "b", "c"]).parameters["k1"] == 2.0


def test_a_recipe_may_set_a_parameter_and_leave_the_others_to_the_rule() -> None:
    assert catalog.make("retrievers", {"name": "bm25", "k1": 1}, "test") == BM25(k1=1)


def test_nothing_but_the_index_is_left_in_its_folder(tmp_path: Path) -> None:
    BM25().build(THREE, tmp_path)
    names = (
        "bound_terms.npy bound_tops.npy bounds.npy lengths.npy parameters.json rows.npy scores.npy starts.npy "
        "terms.bin terms.npy"
    )
    assert sorted(folder(tmp_path)) == names.split()


def test_no_passages_make_an_index_that_finds_nothing(tmp_path: Path) -> None:
    BM25().build([], tmp_path)
    assert len(OpenBM25(tmp_path, []).search([Query("q", "fever")], 5)[0]) == 0


def _two_names(folder: Path) -> tuple[OpenBM25, list[str]]:
    passages = [
        passage("own", "Exampletinib was safe."),
        passage("other", "AZ-1234 was safe."),
        passage("written otherwise", "AZ1234 was given."),
        passage("neither", "Something else was safe."),
        passage("numbers", "1234 children."),
    ]
    ids = [one.passage_id for one in passages]
    BM25().build(passages, folder)
    opened = BM25().open(folder, ids)
    assert isinstance(opened, OpenBM25)
    return opened, ids


def test_a_code_is_found_with_and_without_its_hyphen(tmp_path: Path) -> None:
    opened, ids = _two_names(tmp_path)
    for written in ("AZ1234", "AZ-1234", "az‑1234"):
        [found] = opened.search([Query("q", f"Is {written} harmful?")], 5)
        assert {"other", "written otherwise"} <= {ids[row] for row in found.rows}


def test_a_rewording_finds_what_the_question_does_not_and_counts_less(tmp_path: Path) -> None:
    opened, ids = _two_names(tmp_path)
    plain = Query("q", "Is exampletinib safe?")
    query = Query("q", plain.text, rewordings=("Is AZ-1234 safe?",))
    [alone], [found] = opened.search([plain], 5), opened.search([query], 5)
    assert [ids[row] for row in found.rows[:2]] == ["own", "other"]
    assert found.scores[0] == alone.scores[0]
    rows = np.arange(len(ids))
    scores = opened.scores(query, rows)
    np.testing.assert_array_equal(scores[found.rows], found.scores)
    assert (scores >= opened.scores(plain, rows)).all()
    assert scores[1] > opened.scores(plain, rows)[1]
    assert opened.matches(query, rows).coverage[1] > opened.matches(plain, rows).coverage[1]


def test_a_rewording_in_words_that_no_passage_has_changes_nothing(tmp_path: Path) -> None:
    opened, ids = _two_names(tmp_path)
    plain = Query("q", "Is exampletinib safe?")
    query = Query("q", plain.text, rewordings=("Is unheardofine safe?", plain.text, ""))
    np.testing.assert_array_equal(opened.scores(query, np.arange(len(ids))), opened.scores(plain, np.arange(len(ids))))
