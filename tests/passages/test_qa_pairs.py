"""Question-answer pairs stay whole."""

from __future__ import annotations

from ragmed.passages.qa_pairs import QAPairs
from ragmed.passages.sentences import Sentences
from ragmed.types import Document


def document(text: str, question: str = "") -> Document:
    return Document("d", "T", text, "s", "u", "CC0", question=question)


def test_an_answer_is_one_passage_with_its_question() -> None:
    answer = "  It is rest. " * 100 + "\n\n- and tea\n"
    (passage,) = QAPairs().split(document(answer, "What helps?"))
    assert passage.text == answer.strip()
    assert passage.question == "What helps?"
    assert passage.passage_id == f"d:2-{2 + len(answer.strip())}"


def test_an_answer_too_long_is_cut_between_paragraphs_then_sentences() -> None:
    answer = "Rest well.\n\nDrink tea.\n\nSee a doctor if it lasts. Call one at night."
    passages = list(QAPairs(max_answer_chars=30).split(document(answer, "What helps?")))
    assert [p.text for p in passages] == ["Rest well.\n\nDrink tea.", "See a doctor if it lasts.", "Call one at night."]
    assert {p.question for p in passages} == {"What helps?"}


def test_anything_else_is_split_by_sentences() -> None:
    text = "One is one. Two is two. " * 100
    assert list(QAPairs(max_chars=50).split(document(text))) == list(Sentences(max_chars=50).split(document(text)))


def test_an_empty_answer_gives_no_passage() -> None:
    assert list(QAPairs().split(document(" \n", "What helps?"))) == []


def test_a_word_without_end_is_cut() -> None:
    passages = list(QAPairs().split(document("x" * 2_000_000, "Why?")))
    assert len(passages) == 500
    assert {len(p.text) for p in passages} == {4000}
