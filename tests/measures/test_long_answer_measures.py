"""Comprehensiveness, hallucination and ROUGE-L, by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from ragmed import catalog
from ragmed.measures.comprehensiveness import Comprehensiveness
from ragmed.measures.hallucination import Hallucination
from ragmed.measures.rouge_l import RougeL
from ragmed.protocols import Measure
from ragmed.types import Answer, Claim, Query, Question, Result


@dataclass(frozen=True)
class Scripted:
    """Entailed: what the text contains. Contradicted: what it contains after "not "."""

    is_model: bool = True

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[float, float]]:
        return [
            (float(claim in text and f"not {claim}" not in text), float(f"not {claim}" in text))
            for text, claim in pairs
        ]


def question(*must: str, nice: Sequence[str] = (), reference: str = "", query_id: str = "q") -> Question:
    claims = (*(Claim(text, True) for text in must), *(Claim(text, False) for text in nice))
    return Question(Query(query_id, "?"), claims=claims, reference=reference)


def answered(text: str, outcome: str = "answered") -> dict[str, Result]:
    return {"q": Result("q", answer=Answer("q", "?", text, (), (), outcome, None, 0.5))}  # type: ignore[arg-type]


ASKED = question("pain", "fever", "rash", nice=["cough"])


def test_comprehensiveness_is_the_share_of_must_haves_entailed() -> None:
    measure = Comprehensiveness(Scripted())
    assert measure.per_question([ASKED], answered("pain and not rash [1], cough [2]")) == {"q": pytest.approx(1 / 3)}
    assert measure.per_question([ASKED], answered("pain, fever, rash")) == {"q": 1.0}


def test_hallucination_is_the_share_of_all_statements_contradicted() -> None:
    measure = Hallucination(Scripted())
    assert measure.per_question([ASKED], answered("pain and not rash, not cough")) == {"q": 0.5}
    assert measure.per_question([ASKED], answered("pain")) == {"q": 0.0}


def test_an_abstention_says_nothing_right_and_nothing_wrong() -> None:
    given = answered("Searched for pain, fever, not rash.", "abstained")
    assert Comprehensiveness(Scripted()).per_question([ASKED], given) == {"q": 0.0}
    assert Hallucination(Scripted()).per_question([ASKED], given) == {"q": 0.0}
    assert RougeL().per_question([question(reference="pain")], given) == {"q": 0.0}


@pytest.mark.parametrize("given", [{}, answered("pain", "failed"), answered("pain", "unparsed"), {"q": Result("q")}])
def test_no_answer_is_the_worst(given: dict[str, Result]) -> None:
    assert Comprehensiveness(Scripted()).per_question([ASKED], given) == {"q": 0.0}
    assert Hallucination(Scripted()).per_question([ASKED], given) == {"q": 1.0}
    assert RougeL().per_question([question(reference="pain")], given) == {"q": 0.0}


def test_an_empty_reply_says_nothing() -> None:
    given = {"q": Result("q", reply=" ")}
    assert Comprehensiveness(Scripted()).per_question([ASKED], given) == {"q": 0.0}
    assert Hallucination(Scripted()).per_question([ASKED], given) == {"q": 0.0}


def test_they_apply_to_questions_with_statements() -> None:
    asked = [question(query_id="none"), question(nice=["cough"], query_id="nice"), question("pain", query_id="must")]
    assert set(Comprehensiveness(Scripted()).per_question(asked, {})) == {"must"}
    assert set(Hallucination(Scripted()).per_question(asked, {})) == {"nice", "must"}


def test_the_label_tells_a_proxy() -> None:
    assert Comprehensiveness(Scripted()).label == "Comprehensiveness"
    assert Hallucination(Scripted()).label == "Hallucination"
    assert Comprehensiveness(Scripted(is_model=False)).label == "Comprehensiveness (proxy)"
    made = catalog.make("measures", "hallucination", "test")
    assert isinstance(made, Measure)
    assert made.label == "Hallucination (proxy)"


def test_the_threshold_is_an_option() -> None:
    half = catalog.make("measures", {"name": "comprehensiveness", "threshold": 1.0}, "test")
    assert half.per_question([question("pain killers help")], answered("Pain killers help.")) == {"q": 1.0}


def test_rouge_l_is_the_f1_of_the_longest_common_subsequence() -> None:
    asked = [question(reference="the cat sat on the mat")]
    # "the cat on mat": 4 of 6 words of the reference, 4 of 5 of the answer
    [value] = RougeL().per_question(asked, answered("the cat lay on mat [1]")).values()
    assert value == pytest.approx(2 * (4 / 6) * (4 / 5) / (4 / 6 + 4 / 5))
    assert RougeL().per_question([question("pain")], answered("pain")) == {}


def test_rouge_l_stems_where_asked() -> None:
    asked = [question(reference="cats sleeping")]
    assert RougeL().per_question(asked, answered("cat sleeps")) == {"q": 0.0}
    assert RougeL(stem=True).per_question(asked, answered("cat sleeps")) == {"q": 1.0}
