"""Evidence stage by stage: passages found, evidence cited, sentences supported."""

from __future__ import annotations

import pytest

from ragmed.errors import RecipeError
from ragmed.measures._evidence import pairs
from ragmed.measures.evidence_precision import EvidencePrecision
from ragmed.measures.evidence_recall import EvidenceRecall
from ragmed.measures.passage_relevance import PassageRelevance
from ragmed.measures.snippet_recall import SnippetRecall
from ragmed.measures.support import Support
from ragmed.measures.supported_claims import SupportedClaims
from ragmed.types import Answer, Citation, Evidence, Outcome, Passage, Query, Question, Result, Snippet

FIBRILLIN = "Marfan syndrome is caused by mutations of fibrillin-1."
LENS = "Ectopia lentis is seen in most patients with the disease."
OTHER = "The disease is seen in most of the patients of this hospital."


def question(*snippets: Snippet, **relevant: int) -> Question:
    return Question(Query("q", "What causes Marfan syndrome?"), relevant=relevant, snippets=snippets)


def evidence(doc_id: str, text: str, rank: int = 1) -> Evidence:
    passage = Passage(f"{doc_id}:{rank}", doc_id, 0, len(text), text, "", "pubmed", "", "")
    return Evidence(passage, 1 / rank, rank, {})


def citation(doc_id: str, quote: str, *, marker: int = 1, support: float = 1.0) -> Citation:
    return Citation(marker, f"{doc_id}:1", 0, len(quote), quote, support, doc_id, "", "pubmed", "", "")


def result(
    *citations: Citation,
    passages: tuple[Evidence, ...] = (),
    text: str = "",
    outcome: Outcome = "answered",
) -> Result:
    return Result("q", passages=passages, answer=Answer("q", "…", text, citations, (), outcome, None, 0.9))


def test_passages_of_relevant_documents_are_relevant() -> None:
    found = Result(
        "q", passages=(evidence("a", "x"), evidence("b", "y", 2), evidence("a", "z", 3), evidence("c", "w", 4))
    )
    asked = question(a=2, b=0)
    assert PassageRelevance(k=4).per_question([asked], {"q": found}) == {"q": 0.5}
    assert PassageRelevance(k=2).per_question([asked], {"q": found}) == {"q": 0.5}
    assert PassageRelevance(k=8).per_question([asked], {"q": found}) == {"q": 0.25}


def test_where_only_the_answer_has_passages_they_are_those() -> None:
    answer = Answer("q", "…", "", (), (evidence("a", "x"),), "abstained", None, 0.0)
    found = {"q": Result("q", answer=answer)}
    assert PassageRelevance(k=1).per_question([question(a=1)], found) == {"q": 1.0}


def test_by_snippets_a_passage_must_hold_one_and_be_of_its_document() -> None:
    found = Result(
        "q",
        passages=(
            evidence("a", f"Background. {FIBRILLIN} {OTHER}"),
            evidence("a", OTHER, 2),
            evidence("b", FIBRILLIN, 3),
            evidence("a", "caused by mutations of fibrillin-1", 4),
        ),
    )
    asked = question(Snippet("a", FIBRILLIN), a=1)
    assert PassageRelevance(k=4, of="snippets").per_question([asked], {"q": found}) == {"q": 0.5}
    assert PassageRelevance(k=4).per_question([asked], {"q": found}) == {"q": 0.75}


def test_common_words_in_another_order_are_not_a_snippet() -> None:
    shared = set(LENS.lower().strip(".").split()) & set(OTHER.lower().strip(".").split())
    assert len(shared) >= len(set(LENS.split())) / 2  # by words alone it would be one
    found = {"q": Result("q", passages=(evidence("a", OTHER),))}
    asked = question(Snippet("a", LENS))
    assert PassageRelevance(k=1, of="snippets").per_question([asked], found) == {"q": 0.0}
    assert SnippetRecall(k=1).per_question([asked], found) == {"q": 0.0}


def test_snippets_that_the_passages_hold_are_found() -> None:
    asked = question(Snippet("a", FIBRILLIN), Snippet("a", LENS), Snippet("b", OTHER), Snippet("c", "…"))
    found = {"q": Result("q", passages=(evidence("a", f"{FIBRILLIN} {LENS}"), evidence("b", "Nothing.", 2)))}
    assert SnippetRecall(k=2).per_question([asked], found) == {"q": 0.5}


def test_a_snippet_cut_in_two_is_found_by_both_halves_and_not_by_one_word_of_it() -> None:
    words = FIBRILLIN.split()
    halves = (evidence("a", " ".join(words[:4])), evidence("a", " ".join(words[4:]), 2))
    asked = question(Snippet("a", FIBRILLIN))
    assert SnippetRecall(k=2, overlap=0.8).per_question([asked], {"q": Result("q", passages=halves)}) == {"q": 1.0}
    assert SnippetRecall(k=1, overlap=0.8).per_question([asked], {"q": Result("q", passages=halves)}) == {"q": 0.0}


def test_precision_of_the_citations() -> None:
    answered = {
        "q": result(citation("a", FIBRILLIN), citation("a", OTHER), citation("b", FIBRILLIN), citation("c", "x"))
    }
    asked = question(Snippet("a", f"{FIBRILLIN} {LENS}"), a=1, c=1)
    assert EvidencePrecision().per_question([asked], answered) == {"q": 0.75}
    assert EvidencePrecision(of="snippets").per_question([asked], answered) == {"q": 0.25}


def test_recall_of_the_gold_documents_and_of_the_snippets() -> None:
    answered = {"q": result(citation("a", FIBRILLIN), citation("x", LENS))}
    asked = question(
        Snippet("a", FIBRILLIN), Snippet("a", LENS), Snippet("d", "Snippets are of gold documents."), a=1, b=2, c=0
    )
    assert EvidenceRecall().per_question([asked], answered) == {"q": pytest.approx(1 / 3)}
    assert EvidenceRecall(of="snippets").per_question([asked], answered) == {"q": pytest.approx(1 / 3)}


def test_a_long_snippet_is_not_recalled_by_one_sentence_of_it() -> None:
    asked = question(Snippet("a", f"{FIBRILLIN} {LENS} {OTHER}"))
    answered = {"q": result(citation("a", FIBRILLIN))}
    assert EvidencePrecision(of="snippets").per_question([asked], answered) == {"q": 1.0}
    assert EvidenceRecall(of="snippets").per_question([asked], answered) == {"q": 0.0}


def test_recall_of_what_was_retrieved_judges_the_selection_alone() -> None:
    found = (evidence("a", FIBRILLIN), evidence("b", LENS, 2), evidence("z", OTHER, 3))
    answered = {"q": result(citation("a", FIBRILLIN), passages=found)}
    asked = question(a=1, b=1, c=1, d=1)
    assert EvidenceRecall().per_question([asked], answered) == {"q": 0.25}
    assert EvidenceRecall(pool="retrieved").per_question([asked], answered) == {"q": 0.5}


def test_where_no_gold_evidence_was_retrieved_there_was_none_to_select() -> None:
    answered = {"q": result(citation("z", OTHER), passages=(evidence("z", OTHER),))}
    assert EvidenceRecall(pool="retrieved").per_question([question(a=1)], answered) == {}
    assert EvidenceRecall().per_question([question(a=1)], answered) == {"q": 0.0}


EVERY = [PassageRelevance(), SnippetRecall(), EvidencePrecision(), EvidenceRecall(), Support(), SupportedClaims()]


@pytest.mark.parametrize("measure", EVERY)
@pytest.mark.parametrize(
    "results",
    [
        {},
        {"q": Result("q")},
        {"q": Result("q", reply="Fever [1]")},
        {"q": result(text="Nothing was found.", outcome="abstained")},
        {"q": result(citation("a", FIBRILLIN), text="It was cut. [1]", outcome="failed")},
    ],
)
def test_a_question_that_was_not_answered_counts_nought(measure: EvidencePrecision, results: dict[str, Result]) -> None:
    assert measure.per_question([question(Snippet("a", FIBRILLIN), a=1)], results) == {"q": 0.0}


@pytest.mark.parametrize("measure", [EvidencePrecision, EvidenceRecall, Support, SupportedClaims])
def test_answered_only_leaves_it_out_and_says_so(measure: type[EvidencePrecision]) -> None:
    only = measure(answered_only=True)
    asked = question(Snippet("a", FIBRILLIN), a=1)
    assert only.per_question([asked], {"q": result(text="No.", outcome="abstained")}) == {}
    assert only.per_question([asked], {}) == {}
    answered = result(citation("a", FIBRILLIN), text=f"{FIBRILLIN} [1]")
    assert only.per_question([asked], {"q": answered}) == {"q": 1.0}
    assert only.label.endswith("(answered_only=true)")


@pytest.mark.parametrize("measure", EVERY[:4])
def test_a_question_without_gold_evidence_is_left_out(measure: EvidencePrecision) -> None:
    assert measure.per_question([question(a=0)], {"q": result(citation("a", FIBRILLIN))}) == {}


def test_support_is_the_mean_of_the_citations() -> None:
    answered = result(citation("a", FIBRILLIN, support=1.0), citation("b", LENS, marker=2, support=0.25))
    assert Support().per_question([question()], {"q": answered}) == {"q": 0.625}
    assert Support().per_question([question()], {"q": result(text="No source. ")}) == {"q": 0.0}


def test_each_sentence_needs_a_quote_that_carries_it() -> None:
    answered = result(
        citation("a", FIBRILLIN, marker=1, support=0.9),
        citation("b", LENS, marker=2, support=0.2),
        text="It is caused by mutations. [1] The lens is dislocated [2]. No more is known. Genes are known. [1][2]",
    )
    # Carried; hardly carried; without a marker; by one quote of two only.
    assert SupportedClaims().per_question([question()], {"q": answered}) == {"q": 0.25}
    assert SupportedClaims(least=0.1).per_question([question()], {"q": answered}) == {"q": 0.75}


def test_a_marker_without_a_citation_supports_nothing() -> None:
    assert SupportedClaims().per_question([question()], {"q": result(text="It is so. [7]")}) == {"q": 0.0}


@pytest.mark.parametrize("measure", [PassageRelevance, SnippetRecall, EvidencePrecision, EvidenceRecall])
@pytest.mark.parametrize("overlap", [0.0, -1.0, 1.5])
def test_an_overlap_is_a_share(measure: type[EvidencePrecision], overlap: float) -> None:
    with pytest.raises(RecipeError, match="a share is above 0"):
        measure(overlap=overlap)


def test_a_depth_of_passages_is_one_or_more() -> None:
    for measure in (PassageRelevance, SnippetRecall):
        with pytest.raises(RecipeError, match="a depth is 1 or more"):
            measure(k=0)


def test_a_text_of_one_word_is_that_word_and_of_none_nothing() -> None:
    assert pairs("Fever.") == {("fever",)}
    assert pairs(" … ") == frozenset()
    asked = question(Snippet("a", "…"))
    assert SnippetRecall().per_question([asked], {"q": Result("q", passages=(evidence("a", "…"),))}) == {"q": 0.0}
    empty = {"q": result(citation("a", "…"))}
    assert EvidencePrecision(of="snippets").per_question([asked], empty) == {"q": 0.0}
