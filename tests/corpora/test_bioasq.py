"""BioASQ's golden files: abstracts put together of snippets, without the questions and answers."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from ragmed import sources
from ragmed.corpora.bioasq import BioASQ, merge
from ragmed.errors import DamagedFile
from ragmed.recipe import read_corpus_recipe
from ragmed.report import Report
from ragmed.types import Document

ADDRESS = "http://www.ncbi.nlm.nih.gov/pubmed/{}"


def snippet(pmid: int, start: int, text: str, section: str = "abstract") -> dict[str, Any]:
    return {
        "document": ADDRESS.format(pmid),
        "text": text,
        "offsetInBeginSection": start,
        "offsetInEndSection": start + len(text),
        "beginSection": section,
        "endSection": section,
    }


def corpus(folder: Path, *questions: Any, name: str = "Task7BGoldenEnriched") -> BioASQ:
    path = folder / f"{name}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}/7B1_golden.json", json.dumps({"questions": questions}))
    return BioASQ(files={"task7b": path}, licence="CC BY 2.5", report=Report())


def question(*snippets: Any, documents: tuple[int, ...] = ()) -> dict[str, Any]:
    return {
        "id": "q1",
        "body": "THE QUESTION?",
        "ideal_answer": ["THE ANSWER."],
        "exact_answer": "yes",
        "documents": [ADDRESS.format(pmid) for pmid in documents],
        "snippets": list(snippets),
    }


def test_an_abstract_is_put_together_of_its_snippets(tmp_path: Path) -> None:
    first = question(snippet(7, 40, "It passes within a week."), snippet(7, 0, "On fever.", "title"), documents=(7,))
    second = question(snippet(7, 0, "Fever is common in children."))
    (document,) = corpus(tmp_path, first, second).documents()
    assert document == Document(
        doc_id="PMID:7",
        title="On fever.",
        text="Fever is common in children. … It passes within a week.",
        source="bioasq",
        url="https://pubmed.ncbi.nlm.nih.gov/7/",
        licence="CC BY 2.5",
        kind="abstract",
        meta={"pmid": "7"},
    )


def test_questions_and_answers_never_enter_a_document(tmp_path: Path) -> None:
    (document,) = corpus(tmp_path, question(snippet(7, 0, "Fever is common."), documents=(7,))).documents()
    assert "THE" not in f"{document.title} {document.text} {document.question} {document.meta}"


def test_documents_come_by_rising_pmid_and_once(tmp_path: Path) -> None:
    asked = question(snippet(30, 0, "C."), snippet(4, 0, "A."), snippet(30, 0, "C."), documents=(30, 4))
    assert [document.doc_id for document in corpus(tmp_path, asked, asked).documents()] == ["PMID:4", "PMID:30"]


def test_a_document_without_a_snippet_is_left_out(tmp_path: Path) -> None:
    read = corpus(tmp_path, question(snippet(7, 0, "Text."), snippet(8, 0, " "), documents=(7, 8, 9)))
    assert [document.doc_id for document in read.documents()] == ["PMID:7"]
    assert read.report.skipped["no snippet gives its text"].examples == ["PMID:8", "PMID:9"]


def test_an_abstract_known_by_its_title_only_has_that_as_text(tmp_path: Path) -> None:
    read = corpus(tmp_path, question(snippet(7, 0, "On fever.", "title")))
    (document,) = read.documents()
    assert (document.title, document.text) == ("On fever.", "On fever.")
    assert read.report.notes["title only"].n == 1


def test_a_title_that_nobody_gives_is_empty(tmp_path: Path) -> None:
    read = corpus(tmp_path, question(snippet(7, 0, "Fever is common.")))
    assert next(read.documents()).title == ""
    assert read.report.notes["no snippet gives the title"].n == 1


@pytest.mark.parametrize(
    ("spans", "text"),
    [
        ([(0, "Fever is common in children."), (29, "It passes.")], "Fever is common in children. It passes."),
        ([(0, "Fever is common in children."), (60, "It passes.")], "Fever is common in children. … It passes."),
        ([(0, "Fever is common in children."), (6, "is common in")], "Fever is common in children."),
        ([(6, "is common in"), (0, "Fever is common in children.")], "Fever is common in children."),
        ([(0, "Fever is common in childr"), (6, "is common in children, who")], "Fever is common in children, who"),
        # The same place in two versions of an abstract.
        ([(0, "RESULTS: Fever is common."), (3, "Results\n\nFever is common. It passes.")],
         "Results Fever is common. It passes."),
        ([(0, "P&lt;0.05 in all <b>groups</b>.")], "P<0.05 in all groups."),
        ([(0, '<AbstractText Label="AIM" NlmCategory="OBJECTIVE">To see.')], "AIM: To see."),
        # What joins the two comes last.
        ([(0, "One two three four five."), (11, "nine ten eleven twelve."), (19, "four five. Nine ten eleven")],
         "One two three four five. … nine ten eleven twelve. … four five. Nine ten eleven"),
        ([(0, "Nausea and vomiting are seen."), (30, "Headaches are seldom seen."),
          (11, "vomiting are seen. Headaches are seldom")],
         "Nausea and vomiting are seen. Headaches are seldom seen."),
    ],
)  # fmt: skip
def test_what_snippets_share_is_said_once(spans: list[tuple[int, str]], text: str) -> None:
    assert merge(spans) == text


def test_words_that_stand_twice_in_an_abstract_do_not_join_its_parts() -> None:
    first, second = "It was seen after receipt of rotavirus vaccine.", "Of rotavirus vaccine more was sold."
    assert merge([(0, first), (900, second)]) == f"{first} … {second}"
    assert merge([(0, first), (len(first) + 1, second)]) == f"{first} {second}"


def test_a_less_than_sign_is_no_markup() -> None:
    assert merge([(0, "p < 0.05 and q > 3")]) == "p < 0.05 and q > 3"


def test_a_title_that_runs_into_the_abstract_is_parted(tmp_path: Path) -> None:
    long = snippet(7, 0, "Fever in wards (FIW): a trial.<AbstractText Label='x'>", "title")
    long["text"] = 'Fever in wards (FIW): a trial.<AbstractText Label="AIM">Fever is common in children.'
    after = snippet(7, 5, "Fever is common in children. It passes.")
    (document,) = corpus(tmp_path, question(long, after)).documents()
    assert document.title == "Fever in wards (FIW): a trial."
    assert document.text == "AIM: Fever is common in children. It passes."


@pytest.mark.parametrize("title", ["Infection with E.Coli in wards.", "Use of 2.5 mg vs. Placebo: what now?"])
def test_a_stop_within_a_title_does_not_part_it(tmp_path: Path, title: str) -> None:
    (document,) = corpus(tmp_path, question(snippet(7, 0, title, "title"))).documents()
    assert document.title == title


def test_snippets_that_contradict_their_offsets_are_noted(tmp_path: Path) -> None:
    long = "A text of some length that says one thing. " * 5
    read = corpus(tmp_path, question(snippet(7, 0, long), snippet(7, 10, "Something else.")))
    list(read.documents())
    assert read.report.notes["snippets of one place differ"].examples == ["PMID:7"]


def test_what_is_wrong_with_a_question_is_counted_and_passed_over(tmp_path: Path) -> None:
    wrong = question(snippet(7, 0, "Text."), {"text": "x"}, "y", {**snippet(8, 0, "x"), "text": None})
    wrong["documents"] = ["https://example.org/1"]
    read = corpus(tmp_path, "no question", wrong, {"documents": None})
    assert [document.doc_id for document in read.documents()] == ["PMID:7"]
    assert {reason: tally.n for reason, tally in read.report.skipped.items()} == {
        "not a question": 1,
        "address not of PubMed": 1,
        "no snippet gives its text": 1,
    }
    assert read.report.notes["snippet without a PubMed address"].n == 2
    assert read.report.notes["snippet without text or offset"].n == 1


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"[]", b'{"questions": 3}', b"[" * 100_000])
def test_what_is_no_golden_file_is_damage(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    with pytest.raises(DamagedFile, match=r"a\.zip"):
        list(BioASQ(files={"task7b": path}).documents())


def test_an_archive_without_golden_files_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "x")
    with pytest.raises(DamagedFile, match=r"holds no \.json"):
        list(BioASQ(files={"task7b": path}).documents())


@pytest.mark.mirror
def test_the_golden_files_give_the_text_of_7808_abstracts(mirror: Path) -> None:
    recipe = read_corpus_recipe("bioasq")
    read = BioASQ(files=sources.locate(recipe, mirror), report=Report())
    documents = list(read.documents())
    assert len(documents) == recipe.counts["documents"] == 7808
    assert read.report.n_skipped == 286
    assert set(read.report.skipped) == {"no snippet gives its text"}
    assert not any("<b>" in document.text or "AbstractText" in document.text for document in documents)
