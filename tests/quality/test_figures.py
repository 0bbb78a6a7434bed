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
    assert all(
        p.published == "2025-01-16" and p.doc_id.partition(":")[0] in p.passage_id for p in index.passages[::500]
    )


def test_answers_what_it_can_and_declines_what_it_cannot(index: Index) -> None:
    """50 answerable and 50 unanswerable questions that nothing was tuned on; the bar for each is 90 %."""
    rows = [json.loads(line) for line in (QUESTIONS / "default_test.jsonl").read_text(encoding="utf-8").splitlines()]
    assert sum(row["answerable"] for row in rows) == 50 == len(rows) - 50
    outcome = {row["id"]: ask(row["text"], index=index).outcome for row in rows}
    declined = [row["text"] for row in rows if row["answerable"] and outcome[row["id"]] != "answered"]
    answered = [row["text"] for row in rows if not row["answerable"] and outcome[row["id"]] != "abstained"]
    assert len(declined) <= 5, declined
    assert len(answered) <= 5, answered


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
