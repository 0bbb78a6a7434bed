"""The figures that the README states, measured again on the real indexes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import pytrec_eval

from ragmed.api import ask, open_index, verify_answer
from ragmed.index.open import Index
from ragmed.types import Evidence

QUESTIONS = Path(__file__).parents[1] / "questions"


EVERYDAY = (
    ("first-line treatment of anaphylaxis", "anaphylaxis", "intramuscular adrenaline", None),
    ("signs of diabetic ketoacidosis", "diabetic-ketoacidosis", "vomiting.*breath", None),
    ("can I take ibuprofen with warfarin", "warfarin", "risk of serious bleeding", "no"),
    ("What are the symptoms of a heart attack?", "heart-attack", "chest pain", None),
    ("How is asthma treated?", "asthma", "nhaled corticosteroid", None),
    ("What are the side effects of statins?", "statins", "muscle", None),
    ("what should I do if someone is having a stroke", "stroke", "emergency services", None),
    ("Which antibiotics are used for community-acquired pneumonia?", "pneumonia", "amoxicillin", None),
    ("How is a urinary tract infection treated in women?", "cystitis", "nitrofurantoin", None),
    ("symptoms of hypothyroidism", "hypothyroidism", "feeling cold", None),
    ("What causes gout?", "gout", "uric acid", None),
    ("Is it safe to drink alcohol with metronidazole?", "metronidazole", "vomiting", "no"),
    ("How is depression treated?", "depression", "SSRI", None),
    ("What is the treatment of an opioid overdose?", "opioid-overdose", "naloxone", None),
    ("What are the warning signs of meningitis?", "meningitis", "stiff neck", None),
    ("Can pregnant women take valproate?", "valproate", "must be avoided", "no"),
    ("How is type 2 diabetes diagnosed?", "type-2-diabetes", "HbA1c", None),
    ("what helps against migraine", "migraine", "triptan", None),
    ("When should folic acid be started in pregnancy?", "folic-acid", "before conception", None),
    ("How do you treat a paracetamol overdose?", "paracetamol-overdose", "acetylcysteine", None),
)
"""Question, topic of the primer, what the answer says, and its yes or no."""


@pytest.fixture(scope="module")
def index(default_index: Path) -> Index:
    return open_index(default_index)


def test_the_opening_question_names_marfan_syndrome_with_its_citation(index: Index) -> None:
    answer = ask("Which disease combines ectopia lentis, arachnodactyly and aortic root aneurysm?", index=index)
    assert answer.outcome == "answered"
    assert answer.citations[0].title == "Marfan syndrome"
    assert answer.citations[0].doc_id == "OMIM:154700"
    assert answer.citations[0].url == "https://omim.org/entry/154700"


def test_the_default_index_holds_every_annotated_disease_and_defined_term(index: Index) -> None:
    kinds = [passage.kind for passage in index.passages]
    assert (kinds.count("disease"), kinds.count("finding")) == (12_687, 16_449)
    assert kinds.count("qa") == 533
    assert {p.published for p in index.passages[::500]} <= {"2025-01-16", "2026-11"}
    assert all(p.doc_id.partition(":")[0] in p.passage_id for p in index.passages[::500])


def test_answers_what_it_can_and_declines_what_it_cannot(index: Index) -> None:
    """55 answerable and 45 unanswerable questions that nothing was fitted on; the bar for each is 90 %."""
    rows = [json.loads(line) for line in (QUESTIONS / "default_test.jsonl").read_text(encoding="utf-8").splitlines()]
    assert sum(row["answerable"] for row in rows) == 55 == len(rows) - 45
    outcome = {row["id"]: ask(row["text"], index=index).outcome for row in rows}
    declined = [row["text"] for row in rows if row["answerable"] and outcome[row["id"]] != "answered"]
    answered = [row["text"] for row in rows if not row["answerable"] and outcome[row["id"]] != "abstained"]
    assert len(declined) <= 5, declined
    assert len(answered) <= 4, answered


def test_everyday_questions_are_answered_from_the_primer(index: Index) -> None:
    """Each answer says what it should, cites the topic, and never says yes where the evidence warns."""
    for question, topic, said, choice in EVERYDAY:
        answer = ask(question, index=index)
        assert answer.outcome == "answered", question
        assert answer.citations[0].doc_id.partition("#")[0] == f"primer:{topic}", question
        assert re.search(said, answer.text), (question, answer.text)
        assert answer.choice == choice, question


def test_every_sentence_of_every_answer_is_a_checked_quotation(index: Index) -> None:
    rows = [json.loads(line) for line in (QUESTIONS / "default_dev.jsonl").read_text(encoding="utf-8").splitlines()]
    for row in rows[::6]:
        answer = ask(row["text"], index=index)
        assert verify_answer(answer, index).ok
        for citation in answer.citations:
            passage = index.passage(citation.passage_id)
            assert passage.text[citation.start : citation.end] == citation.quote
        said = [part.strip() for part in re.split(r"\[\d+\]", answer.text)] if answer.citations else []
        quotes = [" ".join(citation.quote.split()) for citation in answer.citations]
        assert [part for part in said if part] == quotes


@pytest.mark.mirror
def test_pubmedqa_question_to_abstract(mirror: Path, pubmedqa_index: Path) -> None:
    """nDCG@10 of 1,000 questions, each with one relevant abstract; the bar is 0.985."""
    table = json.loads((mirror / "pubmedqa" / "ori_pqal.json").read_text(encoding="utf-8"))
    found = open_index(pubmedqa_index).search([entry["QUESTION"] for entry in table.values()], k=20)
    ndcg = pytrec_eval.RelevanceEvaluator({pmid: {f"PMID:{pmid}": 1} for pmid in table}, {"ndcg_cut_10"})
    run = {pmid: by_document(evidence) for pmid, evidence in zip(table, found, strict=True)}
    scores = ndcg.evaluate(run)
    assert len(scores) == 1000
    assert np.mean([score["ndcg_cut_10"] for score in scores.values()]) >= 0.985


def by_document(evidence: tuple[Evidence, ...]) -> dict[str, float]:
    """Each document's best score."""
    best: dict[str, float] = {}
    for item in evidence:
        best.setdefault(item.passage.doc_id, item.score)
    return best
