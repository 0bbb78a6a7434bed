"""LameR: candidates are shown, and what is searched."""

from __future__ import annotations

from pathlib import Path

from ragmed.queries.lamer import LameR
from ragmed.types import Query
from tests.queries.scripted import finds_nothing, finds_three, replies_by_query

QUERY = Query("q", "Why fever?", {"A": "cold", "B": "pyrogens"})


def test_the_question_and_the_passage_are_searched(tmp_path: Path) -> None:
    generator = replies_by_query(tmp_path, {"q": "Pyrogens."})
    [[searched]] = LameR(generator).rewrite([QUERY], finds_three)
    assert (searched.text, searched.documents, searched.lexical) == (
        "Why fever?",
        ("Pyrogens.",),
        "Why fever? Pyrogens.",
    )


def test_candidates_are_shown_in_order_and_cut(tmp_path: Path) -> None:
    generator = replies_by_query(tmp_path, {"q": "x"})
    LameR(generator, n_candidates=2, max_words=3).rewrite([QUERY], finds_three)
    assert generator.calls == [
        [
            'Give a question "Why fever?" and its possible answering passages (most of these passages are wrong) '
            "enumerated as:\n1. Beta blockers lower\n2. Insulin lowers blood\n"
            "please write a correct answering passage."
        ]
    ]


def test_r2meds_prompt(tmp_path: Path) -> None:
    generator = replies_by_query(tmp_path, {"q": "x"})
    LameR(generator, n_candidates=1, task="MedQA-Diag").rewrite([QUERY], finds_three)
    assert generator.calls[0][0] == (
        "Give a Medical Exam and its possible relevant passages (most of these passages are wrong). Please write a "
        "correct passage that help answer the exam.\nJust output the correct passage, don't explanation.\n\n"
        "Exam: Why fever?\n\nPossible Relevant Passages: \n[1]. Beta blockers lower the heart rate."
    )
    LameR(generator, n_candidates=1, task="PMC-Clinical").rewrite([QUERY], finds_three)
    assert "correct similar case that help diagnose the case.\n" in generator.calls[1][0]


def test_a_question_that_finds_nothing_is_asked_about_without_candidates(tmp_path: Path) -> None:
    generator = replies_by_query(tmp_path, {"q": "Pyrogens."})
    [[searched]] = LameR(generator).rewrite([QUERY], finds_nothing)
    assert searched.lexical == "Why fever? Pyrogens."
    assert generator.calls == [['Give a question "Why fever?", please write a correct answering passage.']]
    assert LameR(task="Biology").prompt("Q", ()) == (
        "Give a Biology post. Please write a correct passage that help answer the post.\n"
        "Just output the correct passage, don't explanation.\n\nPost: Q"
    )


def test_without_a_passage_the_question_is_searched_as_it_is(tmp_path: Path) -> None:
    assert LameR(replies_by_query(tmp_path, {"q": None})).rewrite([QUERY], finds_three) == [(QUERY,)]


def test_all_questions_are_retrieved_in_one_search(tmp_path: Path) -> None:
    searches = []

    def retrieve(queries, k):  # type: ignore[no-untyped-def]
        searches.append((len(queries), k))
        return finds_three(queries, k)

    LameR(replies_by_query(tmp_path, {"q": "x"})).rewrite([QUERY] * 3, retrieve)
    assert searches == [(3, 10)]
    LameR(replies_by_query(tmp_path, {"q": "x"})).rewrite([], retrieve)
    assert searches == [(3, 10)]
