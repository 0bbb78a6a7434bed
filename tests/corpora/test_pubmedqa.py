"""PubMedQA's abstracts, and never its questions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ragmed import sources
from ragmed.corpora.pubmedqa import PubMedQA
from ragmed.errors import DamagedFile
from ragmed.recipe import read_corpus_recipe
from ragmed.report import Report

ENTRY = {
    "QUESTION": "Do mitochondria play a role in leaves?",
    "CONTEXTS": ["Programmed cell death is  regulated.", "We looked at leaves."],
    "LABELS": ["BACKGROUND", "RESULTS"],
    "MESHES": ["Apoptosis", "Mitochondria"],
    "YEAR": "2011",
    "final_decision": "yes",
    "LONG_ANSWER": "Mitochondria take part.",
}


def corpus(folder: Path, content: object) -> PubMedQA:
    path = folder / "ori_pqal.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return PubMedQA(files={"ori_pqal": path}, licence="MIT")


def test_an_abstract_keeps_its_labels_and_ends_with_its_conclusion(tmp_path: Path) -> None:
    (document,) = corpus(tmp_path, {"21645374": ENTRY}).documents()
    assert document.text == (
        "BACKGROUND: Programmed cell death is regulated.\n"
        "RESULTS: We looked at leaves.\n"
        "CONCLUSIONS: Mitochondria take part."
    )
    assert document.doc_id == "PMID:21645374"
    assert document.url == "https://pubmed.ncbi.nlm.nih.gov/21645374/"
    assert (document.published, document.kind, document.licence) == ("2011", "abstract", "MIT")
    assert document.meta == {"mesh": "Apoptosis; Mitochondria"}


def test_the_question_and_its_answer_are_nowhere_in_the_document(tmp_path: Path) -> None:
    (document,) = corpus(tmp_path, {"1": ENTRY}).documents()
    assert (document.title, document.question) == ("", "")
    assert "Do mitochondria" not in repr(document)
    assert "yes" not in repr(document)


def test_an_abstract_without_a_year_has_none(tmp_path: Path) -> None:
    (document,) = corpus(tmp_path, {"1": {**ENTRY, "YEAR": None}}).documents()
    assert document.published == ""


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ('{"1": {"QUES', "not valid JSON"),
        ("[1]", "list instead of"),
        ({"17": {**ENTRY, "LABELS": ["ONE"]}}, "entry '17'"),
        ({"17": {"QUESTION": "?"}}, "entry '17'.*LABELS"),
        ({"17": None}, "entry '17'"),
    ],
)
def test_a_broken_file_says_where(tmp_path: Path, content: object, complaint: str) -> None:
    with pytest.raises(DamagedFile, match=complaint) as caught:
        list(corpus(tmp_path, content).documents())
    assert "\n" not in str(caught.value)


@pytest.mark.mirror
def test_the_published_file_holds_1000_abstracts_and_no_question(mirror: Path) -> None:
    recipe = read_corpus_recipe("pubmedqa")
    paths = sources.locate(recipe, mirror)
    documents = list(sources.open_source(recipe, paths, Report()).documents())
    assert len(documents) == 1000
    questions = json.loads(paths["ori_pqal"].read_text(encoding="utf-8"))
    for document in documents:
        question = questions[document.doc_id.removeprefix("PMID:")]["QUESTION"]
        assert question.casefold() not in repr(document).casefold()
