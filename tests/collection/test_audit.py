"""Benchmark files told by their fields, and their questions found in a corpus by overlap of words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ragmed.collection import audit as audit_module
from ragmed.collection.audit import Audit, audit
from ragmed.collection.benchmark_files import BenchmarkQuestion, read_benchmarks
from ragmed.errors import DamagedFile, MissingFile
from ragmed.report import Report
from ragmed.types import Document

VIGNETTE = (
    "A 43-year-old sailor has bleeding gums, loose teeth and corkscrew hairs after four months at sea. "
    "Which vitamin does he lack?"
)
ANSWER = "Ascorbic acid"
LONG_ANSWER = "He lacks ascorbic acid, without which the hydroxylation of proline in collagen comes to a halt."


def document(text: str, doc_id: str = "d", **fields: str) -> Document:
    return Document(doc_id, fields.pop("title", ""), text, "s", f"https://example.org/{doc_id}", "CC0", **fields)


def asked(question: str = VIGNETTE, answer: str = ANSWER, question_id: str = "q", name: str = "b") -> BenchmarkQuestion:
    return BenchmarkQuestion(name, question_id, question, answer)


def found_in(*texts: str, questions: list[BenchmarkQuestion] | None = None, **options: float) -> Audit:
    documents = [document(text, f"d{i}") for i, text in enumerate(texts, start=1)]
    return audit(documents, questions or [asked()], **options)  # type: ignore[arg-type]


def test_a_question_in_a_document_is_found_whatever_its_case_and_punctuation() -> None:
    shouted = "Quiz.\n\n" + VIGNETTE.upper().replace(",", " –") + "\n\nAnswer: ASCORBIC ACID."
    result = found_in("Scurvy is rare.", shouted)
    [hit] = result.hits
    assert (hit.benchmark, hit.question_id, hit.doc_id, hit.url) == ("b", "q", "d2", "https://example.org/d2")
    assert (hit.question_share, hit.has_answer, hit.field) == (1.0, True, "text")
    assert hit.overlap.startswith("a 43 year old sailor")
    assert hit.overlap.endswith("which vitamin does he lack")
    counts = result.found["b"]
    assert (counts.n_questions, counts.n_searched, counts.n_question, counts.n_with_answer) == (1, 1, 1, 1)
    assert counts.share == 1.0


def test_a_question_without_its_answer_is_told_apart() -> None:
    result = found_in(VIGNETTE)
    assert [hit.has_answer for hit in result.hits] == [False]
    assert (result.found["b"].n_question, result.found["b"].n_with_answer) == (1, 0)


def test_an_answer_must_stand_word_for_word() -> None:
    assert [hit.has_answer for hit in found_in(VIGNETTE + " Acid, ascorbic.").hits] == [False]


@pytest.mark.parametrize("answer", ["yes", "No.", "None of the above", ""])
def test_an_answer_that_tells_nothing_is_not_looked_for(answer: str) -> None:
    [hit] = found_in(VIGNETTE + f" {answer}", questions=[asked(answer=answer)]).hits
    assert hit.has_answer is None


def test_a_corpus_about_the_same_thing_in_other_words_holds_nothing() -> None:
    result = found_in("Sailors with bleeding gums and loose teeth lack ascorbic acid, a vitamin, after months at sea.")
    assert result.hits == ()
    assert result.found["b"].share == 0.0


def test_the_share_of_a_question_decides() -> None:
    half = VIGNETTE[: len(VIGNETTE) // 2]
    [hit] = found_in(half, threshold=0.2).hits
    assert 0.2 <= hit.question_share < 0.5
    assert found_in(half, threshold=0.5).hits == ()


def test_titles_and_questions_of_documents_are_searched() -> None:
    documents = [document("x", "d1", title=VIGNETTE), document("x", "d2", question=VIGNETTE)]
    assert [(hit.doc_id, hit.field) for hit in audit(documents, [asked()]).hits] == [
        ("d1", "title"),
        ("d2", "question"),
    ]


def test_no_overlap_runs_across_two_fields_or_two_documents() -> None:
    first, second = "who first described the disease of", "sailors that was later called scurvy"
    question = [asked(f"{first} {second}?")]
    assert audit([document(second, title=first)], question, threshold=0.05).hits == ()
    assert audit([document(first), document(second)], question, threshold=0.05).hits == ()
    assert audit([document(f"{first} {second}")], question).hits


def test_a_long_answer_is_found_by_itself() -> None:
    result = found_in("On collagen. " + LONG_ANSWER, questions=[asked(answer=LONG_ANSWER)])
    [hit] = result.hits
    assert (hit.question_share, hit.answer_share, hit.has_answer) == (0.0, 1.0, True)
    counts = result.found["b"]
    assert (counts.n_question, counts.n_answer, counts.n_any) == (0, 1, 1)


def test_a_short_question_must_stand_there_whole() -> None:
    question = [asked("Which vitamin prevents scurvy at sea?")]
    assert found_in("Ask: which vitamin prevents scurvy at sea?", questions=question).hits
    assert found_in("Which vitamin prevents scurvy at home?", questions=question).hits == ()


def test_a_question_of_a_few_words_is_counted_and_not_looked_for() -> None:
    result = found_in("Scurvy is due to", questions=[asked("Scurvy is due to")])
    assert result.hits == ()
    assert (result.found["b"].n_questions, result.found["b"].n_searched) == (1, 0)


def test_a_phrase_of_many_questions_counts_for_nothing() -> None:
    phrase = "which of the following is the single most likely diagnosis in this patient"
    questions = [asked(f"{name}, {phrase}?", question_id=name) for name in ("fever", "rash", "cough", "pain")]
    result = found_in(f"We asked {phrase}.", questions=questions, threshold=0.05)
    assert result.hits == ()
    assert found_in(f"We asked {phrase}.", questions=questions[:3], threshold=0.05).hits


def test_questions_of_common_phrases_alone_are_not_looked_for() -> None:
    questions = [
        BenchmarkQuestion("b", str(i), "Which of the following statements about this is true?", f"answer {i}")
        for i in range(4)
    ]
    assert found_in("x", questions=questions).found["b"].n_searched == 0


def test_the_same_question_in_many_benchmarks_is_still_found_in_each() -> None:
    questions = [asked(name=f"b{i}", answer=f"answer {i}") for i in range(6)] + [asked(name="twin", answer="answer 0")]
    result = found_in(VIGNETTE, questions=questions)
    assert {name: counts.n_question for name, counts in result.found.items()} == {
        **{f"b{i}": 1 for i in range(6)},
        "twin": 1,
    }
    assert {hit.benchmark for hit in result.hits} == {"twin", *(f"b{i}" for i in range(6))}


def test_the_best_documents_are_named_and_ties_go_to_the_first() -> None:
    texts = [VIGNETTE[:80]] + [VIGNETTE] * 8
    hits = found_in(*texts, threshold=0.3).hits
    assert [hit.doc_id for hit in hits] == ["d2", "d3", "d4", "d5", "d6"]


def test_batches_and_pieces_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"Padding {i}. " * 7 + (VIGNETTE if i % 5 == 0 else LONG_ANSWER) for i in range(20)]
    questions = [asked(answer=LONG_ANSWER), asked("Which vitamin does he lack?", "no", "short")]
    whole = found_in(*texts, questions=questions)
    assert whole.hits
    monkeypatch.setattr(audit_module, "_BATCH_WORDS", 16)
    monkeypatch.setattr(audit_module, "_PIECE", 25)
    assert found_in(*texts, questions=questions) == whole


def test_an_empty_corpus_and_empty_documents() -> None:
    assert audit([], [asked()]).n_documents == 0
    assert found_in("", "").hits == ()
    assert audit([document("Text.")], []).found == {}


# ── benchmark files ───────────────────────────────────────────────────────────────────────────────────────────────


def read(folder: Path, content: object, name: str = "b.json") -> list[BenchmarkQuestion]:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return read_benchmarks([path], Report())


def test_sets_of_items_as_mirage_has_them(tmp_path: Path) -> None:
    options = {"A": "Retinol", "B": ANSWER}
    found = read(tmp_path, {"medqa": {"0001": {"question": VIGNETTE, "options": options, "answer": "B"}}, "mmlu": {}})
    assert found == [BenchmarkQuestion("b:medqa", "0001", VIGNETTE, ANSWER, ("Retinol", ANSWER))]


def test_items_by_id_as_pubmedqa_has_them(tmp_path: Path) -> None:
    item = {"QUESTION": "Is it?", "CONTEXTS": ["x"], "final_decision": "yes", "LONG_ANSWER": "It is."}
    assert read(tmp_path, {"21645374": item}) == [BenchmarkQuestion("b", "21645374", "Is it?", "It is.")]


def test_lines_as_medagentsbench_has_them(tmp_path: Path) -> None:
    line = {"realidx": 7, "question": "Q?", "options": {"A": "x", "B": "y"}, "answer_idx": "B", "answer": "y"}
    found = read(tmp_path, f"{json.dumps(line)}\n\n{json.dumps(line | {'realidx': 8, 'answer_idx': 'A'})}\n", "a.jsonl")
    assert [(q.benchmark, q.question_id, q.answer) for q in found] == [("a", "7", "y"), ("a", "8", "x")]


def test_lines_as_medlfqa_and_r2med_have_them(tmp_path: Path) -> None:
    assert read(tmp_path, '{"Question": "Q?", "Free_form_answer": "F.", "Must_have": ["m"]}') == [
        BenchmarkQuestion("b", "1", "Q?", "F.")
    ]
    assert read(tmp_path, '{"id": "0", "text": "Claim", "answer": "A."}') == [
        BenchmarkQuestion("b", "0", "Claim", "A.")
    ]


def test_a_list_named_questions_as_bioasq_has_it(tmp_path: Path) -> None:
    item = {"id": "5e7f", "body": "Is it?", "ideal_answer": ["It is.", "Yes, it is."], "exact_answer": "yes"}
    assert read(tmp_path, {"questions": [item]}) == [BenchmarkQuestion("b", "5e7f", "Is it?", "It is.")]


def test_choices_in_a_list_have_letters(tmp_path: Path) -> None:
    assert read(tmp_path, [{"query": "Q?", "options": ["x", "y"], "answer": "B"}])[0].answer == "y"


def test_an_answer_that_is_not_told_stays_empty(tmp_path: Path) -> None:
    assert read(tmp_path, [{"question": "Q?", "opa": "x", "cop": 1}])[0].answer == ""


def test_two_files_called_alike_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    paths = [tmp_path / folder / "test.jsonl" for folder in ("medqa", "mmlu")]
    for path in paths:
        path.parent.mkdir()
        path.write_text('{"question": "Q?"}')
    assert [question.benchmark for question in read_benchmarks(paths, Report())] == ["medqa/test", "mmlu/test"]


def test_what_cannot_be_read_of_a_file_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "b.jsonl"
    path.write_text('{"question": "Q?"}\n{cut\n{"question": " "}\n[1]\n')
    report = Report()
    assert len(read_benchmarks([path], report)) == 1
    assert {reason: tally.n for reason, tally in report.skipped.items()} == {
        "not JSON": 1,
        "no question": 1,
        "not an object": 1,
    }
    assert report.n_read == 4


def test_a_file_without_questions_names_the_fields_looked_for(tmp_path: Path) -> None:
    with pytest.raises(DamagedFile, match=r"question, query, body, text \(in any case\); its items have: q_id, score"):
        read(tmp_path, '{"q_id": "0", "score": 1}\n{"q_id": "1", "score": 1}\n')


@pytest.mark.parametrize("content", ["", "{}", "[]", "null", "3", "<html>", "[" * 100_000, "\0\0"])
def test_what_is_no_benchmark_is_an_error(tmp_path: Path, content: str) -> None:
    with pytest.raises(DamagedFile):
        read(tmp_path, content)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match=r"b\.json: cannot be read"):
        read_benchmarks([tmp_path / "b.json"], Report())


@pytest.mark.mirror
def test_mirage_has_7663_questions_and_an_answer_to_each(mirror: Path) -> None:
    questions = read_benchmarks([mirror / "mirage" / "benchmark.json"], Report())
    assert len(questions) == 7663
    assert all(question.answer for question in questions)


@pytest.mark.mirror
def test_every_conclusion_of_pubmedqa_stands_in_its_abstract(mirror: Path) -> None:
    from ragmed.corpora.pubmedqa import PubMedQA

    path = mirror / "pubmedqa" / "ori_pqal.json"
    questions = read_benchmarks([path, mirror / "mirage" / "benchmark.json"], Report())
    result = audit(PubMedQA(files={"ori_pqal": path}).documents(), questions)
    assert result.found["ori_pqal"].n_answer == 1000
    assert result.found["benchmark:medqa"].n_any == 0
    own = {hit.question_id for hit in result.hits if hit.doc_id == f"PMID:{hit.question_id}"}
    assert len(own) == 1000
