"""LiveQA-Med's questions and the judgements of MedQuAD's answers to them."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from ragmed.benchmarks.liveqa import LiveQA, answer_id
from ragmed.corpora.medquad import MedQuAD
from ragmed.errors import DamagedFile
from ragmed.protocols import Benchmark

QUESTIONS = """\
<?xml version="1.0" encoding="UTF-8"?>
<LiveQA2017-Medical-Test-Set-Full>
<NLM-QUESTION qid="TQ1">
 <Original-Question qfile="1.txt"><SUBJECT>Noonan</SUBJECT><MESSAGE> Is it
   inherited? </MESSAGE></Original-Question>
 <NIST-PARAPHRASE>Is Noonan syndrome inherited?</NIST-PARAPHRASE><NLM-Summary>Inheritance?</NLM-Summary>
 <ReferenceAnswers><RefAnswer aid="TQ1A1"><ANSWER>Often.</ANSWER></RefAnswer>
 <ReferenceAnswer aid="TQ1A2"><ANSWER>At times.</ANSWER></ReferenceAnswer></ReferenceAnswers>
</NLM-QUESTION>
<NLM-QUESTION qid="TQ2">
 <Original-Question qFile="2.txt"><Subject/><Message>Is it free of gluten?</Message></Original-Question>
 <Paraphrase>Does it contain gluten?</Paraphrase>
</NLM-QUESTION>
</LiveQA2017-Medical-Test-Set-Full>
"""
QRELS = "1 4-Excellent GARD_0000004_Sec2.txt\n1 1-Incorrect GHR_0000007_Sec1.txt\nTQ2 2-Related CDC_0000012_Sec1.txt\n"


def benchmark(folder: Path, questions: str = QUESTIONS, qrels: str = QRELS, **options: Any) -> LiveQA:
    (folder / "questions.xml").write_text(questions, encoding="utf-8")
    with zipfile.ZipFile(folder / "qrels.zip", "w") as archive:
        archive.writestr("QA-TestSet/All-qrels_LiveQAMed2017.txt", qrels)
        archive.writestr("QA-TestSet/readme.txt", "Question_ID judgment Answer_ID")
    return LiveQA({"questions": folder / "questions.xml", "qrels": folder / "qrels.zip"}, **options)


def test_a_question_has_graded_answers(tmp_path: Path) -> None:
    made = benchmark(tmp_path)
    first, second = made.questions()
    assert isinstance(made, Benchmark)
    assert (first.query.query_id, first.query.text) == ("TQ1", "Noonan\nIs it inherited?")
    assert first.relevant == {"medquad:2_GARD_QA/0000004#0000004-2": 3, "medquad:3_GHR_QA/0000007#0000007-1": 0}
    assert first.reference == "Often."
    assert first.meta == {"paraphrase": "Is Noonan syndrome inherited?", "summary": "Inheritance?"}
    assert (second.query.text, second.reference) == ("Is it free of gluten?", "")
    assert second.relevant == {"medquad:9_CDC_QA/0000012#0000012-1": 1}


def test_the_wording_may_be_chosen(tmp_path: Path) -> None:
    texts = [question.query.text for question in benchmark(tmp_path, text="paraphrase").questions()]
    assert texts == ["Is Noonan syndrome inherited?", "Does it contain gluten?"]
    made = benchmark(tmp_path, text="summary")
    assert [question.query.text for question in made.questions()] == ["Inheritance?"]
    assert made.report.skipped["question without id or text"].examples == ["questions.xml: TQ2"]


def test_judgements_may_lie_unpacked(tmp_path: Path) -> None:
    made = benchmark(tmp_path)
    (tmp_path / "qrels.txt").write_text("\ufeff" + QRELS.replace("\n", "\r\n\r\n"), encoding="utf-8")
    unpacked = LiveQA({**made.files, "qrels": tmp_path / "qrels.txt"})
    assert [q.relevant for q in unpacked.questions()] == [q.relevant for q in made.questions()]


def test_what_is_odd_is_counted(tmp_path: Path) -> None:
    odd = "1 3-Incomplete ADAM_0001_Sec1.txt\n1 3-Incomplete WHO_0001_Sec1.txt\n9 4-Excellent CDC_1_Sec1.txt\n"
    made = benchmark(tmp_path, qrels=odd + "1 4 CDC_2_Sec1\n1 1 CDC_2_Sec1\n")
    first, _ = made.questions()
    assert first.relevant == {
        "medquad:10_MPlus_ADAM_QA/0001#0001-1": 2,
        "WHO_0001_Sec1.txt": 2,
        "medquad:9_CDC_QA/2#2-1": 0,
    }
    assert {reason: tally.n for reason, tally in made.report.notes.items()} == {
        "judged answer that upstream removed for copyright": 1,
        "judged answer of an unknown source": 1,
        "judged twice; the later score counts": 1,
        "question without a relevant answer": 1,
    }
    assert made.report.skipped["judged, but its question is missing"].examples == ["TQ9"]


@pytest.mark.parametrize("line", ["1 4-Excellent", "1 5-Best CDC_1_Sec1.txt", "1 -1 CDC_1_Sec1.txt", "1 nan CDC_1"])
def test_a_malformed_judgement_names_file_and_line(tmp_path: Path, line: str) -> None:
    with pytest.raises(DamagedFile, match=r"qrels\.zip, line 4: not a judgement"):
        list(benchmark(tmp_path, qrels=QRELS + line + "\n").questions())


@pytest.mark.parametrize(
    ("questions", "what"),
    [
        ("<!DOCTYPE a [<!ENTITY b 'c'>]>" + QUESTIONS.partition("\n")[2], "declares a document type"),
        (QUESTIONS[:-30], "not valid XML"),
        ("", "not valid XML"),
    ],
)
def test_xml_that_is_not_whole_or_not_safe_is_damage(tmp_path: Path, questions: str, what: str) -> None:
    with pytest.raises(DamagedFile, match=rf"questions\.xml: {what}"):
        list(benchmark(tmp_path, questions=questions).questions())


def test_an_archive_without_judgements_is_damage(tmp_path: Path) -> None:
    made = benchmark(tmp_path)
    with zipfile.ZipFile(tmp_path / "qrels.zip", "w") as archive:
        archive.writestr("readme.txt", "x")
    with pytest.raises(DamagedFile, match="holds no file of judgements"):
        list(made.questions())


@pytest.mark.parametrize(
    ("name", "doc_id"),
    [
        ("MPlusHealthTopics_0000100_Sec1.txt", "medquad:4_MPlus_Health_Topics_QA/0000100#0000100-1"),
        ("CancerGov_0000013_2_6_Sec4.txt", "medquad:1_CancerGov_QA/0000013_2_6#0000013_2-4"),
        ("NIHSeniorHealth_0000001_Sec10", "medquad:7_SeniorHealth_QA/0000001#0000001-10"),
        ("0000001_Sec1.txt", ""),
        ("WHO_0000001_Sec1.txt", ""),
    ],
)
def test_answers_have_the_ids_of_medquads_documents(name: str, doc_id: str) -> None:
    assert answer_id(name) == doc_id


@pytest.mark.mirror
def test_every_document_of_medquad_can_be_named(mirror: Path) -> None:
    sources = {"CancerGov", "GARD", "GHR", "MPlusHealthTopics", "NIDDK", "NINDS", "NIHSeniorHealth", "NHLBI", "CDC"}
    found = set()
    for document in MedQuAD({"medquad": mirror / "medquad" / "MedQuAD-master.zip"}).documents():
        page, _, section = document.doc_id.rpartition("-")
        stem = page.split("/")[1].split("#")[0]
        found.add(document.meta["site"])
        assert answer_id(f"{document.meta['site']}_{stem}_Sec{section}.txt") == document.doc_id
    assert found == sources
