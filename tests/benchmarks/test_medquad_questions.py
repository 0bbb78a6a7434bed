"""MedQuAD's questions asked of the other pages that answer them."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from ragmed.benchmarks.medquad_questions import MedQuADQuestions
from ragmed.errors import DamagedFile
from ragmed.protocols import Benchmark
from ragmed.types import Question


def page(number: int, site: str, focus: str, cuis: str, *pairs: tuple[str, str], answer: str = "Yes.") -> str:
    asked = "".join(
        f'<QAPair><Question qid="{number}-{i}" qtype="{kind}">{text}</Question><Answer>{answer}</Answer></QAPair>'
        for i, (kind, text) in enumerate(pairs, start=1)
    )
    coded = "".join(f"<CUI>{cui}</CUI>" for cui in cuis.split())
    return f'<Document source="{site}"><Focus>{focus}</Focus>{coded}<QAPairs>{asked}</QAPairs></Document>'


PAGES = [
    page(1, "GARD", "Kufs disease", "C1", ("symptoms", "What are the symptoms of Kufs disease ?")),
    page(2, "GHR", "CLN4", "C1", ("symptoms", "What are the symptoms of CLN4 ?"), ("causes", "What causes CLN4 ?")),
    page(3, "GHR", "CLN4 type B", "C1", ("symptoms", "What are the symptoms of CLN4 type B ?")),
    page(4, "CDC", "Flu", "C2", ("causes", "What causes flu ?")),
]


def read(folder: Path, *pages: str | bytes, **options: Any) -> tuple[MedQuADQuestions, dict[str, Question]]:
    path = folder / "medquad.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for i, content in enumerate(pages):
            archive.writestr(f"MedQuAD-master/site/{i}.xml", content)
    benchmark = MedQuADQuestions({"medquad": path}, **options)
    return benchmark, {question.query.query_id: question for question in benchmark.questions()}


def test_relevant_is_what_another_site_answers_under_another_name(tmp_path: Path) -> None:
    benchmark, questions = read(tmp_path, *PAGES)
    assert isinstance(benchmark, Benchmark)
    kufs, cln4, type_b = "medquad:site/0#1-1", "medquad:site/1#2-1", "medquad:site/2#3-1"
    assert {query_id: dict(question.relevant) for query_id, question in questions.items()} == {
        kufs: {cln4: 1, type_b: 1},
        # Two pages of one site under other names are two things to it.
        cln4: {kufs: 1},
        type_b: {kufs: 1},
    }
    assert benchmark.search_query(questions[kufs]) == "What are the symptoms of Kufs disease ?"
    assert questions[kufs].group == "symptoms"
    # No other page tells the causes of CLN4 or of flu.
    assert benchmark.report.skipped["no other site answers it"].n == 2


def test_a_question_never_finds_its_own_pair(tmp_path: Path) -> None:
    _, questions = read(tmp_path, *PAGES)
    assert all(question.meta["exclude"] == query_id for query_id, question in questions.items())
    assert not any(query_id in question.relevant for query_id, question in questions.items())


def test_what_is_asked_elsewhere_in_the_same_words_is_not_asked(tmp_path: Path) -> None:
    same = page(5, "CDC", "Kufs", "C1", ("symptoms", "What are the symptoms of KUFS disease?"))
    benchmark, questions = read(tmp_path, PAGES[0], same)
    assert not questions
    assert benchmark.report.skipped["asked elsewhere in the same words"].n == 2


def test_codes_that_many_names_share_do_not_join_them(tmp_path: Path) -> None:
    assert len(read(tmp_path, *PAGES, max_focuses=3)[1]) == 3
    assert not read(tmp_path, *PAGES, max_focuses=2)[1]


def test_one_name_joins_pages_whatever_their_codes(tmp_path: Path) -> None:
    other = page(5, "NINDS", "kufs disease", "C9 C1", ("symptoms", "How does it show ?"))
    _, questions = read(tmp_path, PAGES[0], other)
    assert {query_id: list(question.relevant) for query_id, question in questions.items()} == {
        "medquad:site/0#1-1": ["medquad:site/1#5-1"],
        "medquad:site/1#5-1": ["medquad:site/0#1-1"],
    }


def test_of_more_questions_than_asked_for_the_same_are_taken(tmp_path: Path) -> None:
    few, questions = read(tmp_path, *PAGES, n=2)
    assert len(questions) == 2
    assert list(questions) == list(read(tmp_path, *PAGES, n=2)[1]) == sorted(questions)
    assert few.report.skipped["beyond the number of questions asked for"].n == 1


def test_what_cannot_be_read_is_counted(tmp_path: Path) -> None:
    unanswered = page(7, "ADAM", "Kufs disease", "C1", ("symptoms", "Kufs ?"), answer=" ")
    untyped = page(8, "ADAM", "Kufs disease", "C1", ("", "Kufs ?"))
    bad = (b"<a", b'<!DOCTYPE a [<!ENTITY b "c">]><a/>', unanswered, untyped)
    benchmark, questions = read(tmp_path, *PAGES, *bad)
    assert len(questions) == 3
    assert benchmark.report.skipped["page not read: not valid XML, or too large"].n == 2
    assert benchmark.report.skipped["no answer: removed upstream for copyright"].n == 1
    assert benchmark.report.skipped["without question, focus or type"].n == 1


def test_a_broken_archive_is_damage(tmp_path: Path) -> None:
    (tmp_path / "medquad.zip").write_bytes(b"PK\x03\x04")
    with pytest.raises(DamagedFile, match="not a whole zip archive"):
        list(MedQuADQuestions({"medquad": tmp_path / "medquad.zip"}).questions())


@pytest.mark.mirror
def test_medquad_gives_its_questions(mirror: Path) -> None:
    benchmark = MedQuADQuestions({"medquad": mirror / "medquad" / "MedQuAD-master.zip"})
    questions = list(benchmark.questions())
    assert len(questions) == 485
    assert benchmark.report.skipped["asked elsewhere in the same words"].n == 2614
    pairs = 16407 - benchmark.report.skipped["without question, focus or type"].n
    assert 485 + 2614 + benchmark.report.skipped["no other site answers it"].n == pairs
