"""Question-to-question matching finds passages by the question they answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ragmed.encoders.minilm import MiniLM
from ragmed.retrievers.questions import OpenQuestions, Questions
from ragmed.types import Query
from tests.passages_for_tests import passage

PASSAGES = (
    passage("text", "How do I bring down a fever? Nobody asked."),
    passage("fever", "Drink a lot and rest.", question="How can a fever be lowered?"),
    passage("blank", "Nothing.", question="  "),
    passage("sugar", "It helps sugar enter the cells.", question="What does insulin do?"),
)
IDS = [p.passage_id for p in PASSAGES]


def built(path: Path) -> OpenQuestions:
    Questions(MiniLM()).build(PASSAGES, path)
    return OpenQuestions(MiniLM(), path, IDS)


def test_a_question_is_found_by_its_like_and_passages_without_one_never_are(tmp_path: Path) -> None:
    [ranking] = built(tmp_path).search([Query("q", "How do I bring down a fever?")], 9)
    assert ranking.rows.tolist() == [1, 3]


def test_the_same_question_scores_one(tmp_path: Path) -> None:
    [ranking] = built(tmp_path).search([Query("q", "What does insulin do?")], 1)
    assert ranking.rows.tolist() == [3]
    np.testing.assert_allclose(ranking.scores, [1.0], atol=1e-6)


def test_a_row_without_a_question_scores_minus_one(tmp_path: Path) -> None:
    questions = built(tmp_path)
    query = Query("q", "How do I bring down a fever?")
    [ranking] = questions.search([query], 9)
    scores = questions.scores(query, np.array([3, 0, 1, 2]))
    assert scores[[1, 3]].tolist() == [-1.0, -1.0]
    assert scores[[2, 0]].tolist() == ranking.scores.tolist()


def test_only_allowed_questions_are_found(tmp_path: Path) -> None:
    allowed = np.array([True, False, True, True])
    [ranking] = built(tmp_path).search([Query("q", "How do I bring down a fever?")], 9, allowed)
    assert ranking.rows.tolist() == [3]


def test_documents_written_for_the_query_are_left_aside(tmp_path: Path) -> None:
    questions = built(tmp_path)
    plain = Query("q", "What does insulin do?")
    with_document = Query("q", "What does insulin do?", documents=("A fever can be lowered with paracetamol.",))
    assert questions.scores(with_document, np.arange(4)).tolist() == questions.scores(plain, np.arange(4)).tolist()


def test_a_corpus_without_questions_is_built_and_nothing_is_found(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    facts = Questions(MiniLM()).build(PASSAGES[:1], tmp_path, lambda done, total: seen.append((done, total)))
    assert facts["n_questions"] == 0
    assert seen[-1] == (1, 1)
    questions = OpenQuestions(MiniLM(), tmp_path, IDS[:1])
    assert len(questions.search([Query("q", "fever")], 3)[0]) == 0
    assert questions.scores(Query("q", "fever"), np.array([0])).tolist() == [-1.0]
