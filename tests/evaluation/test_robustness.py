"""Perturbed questions keep their answer; what that changes is told with its interval."""

from __future__ import annotations

import difflib
import re
from dataclasses import replace

import pytest

from ragmed.evaluation.robustness import (
    OF_A_VISIT,
    OF_THE_ASKER,
    PERTURBATIONS,
    IrrelevantDetails,
    Paraphrase,
    ShuffledOptions,
    Typos,
    change,
)
from ragmed.types import Query, Question

CASE = (
    "A 23-year-old woman comes to the physician because of a 2-week history of palpitations. She takes metoprolol "
    "25 mg twice daily without relief. Blood pressure is 142/88 mm Hg and TSH is 0.1 mU/L. "
    "Which of the following is the most likely diagnosis?"
)
OPTIONS = {"A": "Graves disease", "B": "Anxiety", "C": "Phaeochromocytoma", "D": "Anaemia"}


def question(
    text: str = CASE, options: dict[str, str] | None = None, choice: str = "A", query_id: str = "q1"
) -> Question:
    return Question(Query(query_id, text, OPTIONS if options is None else options), group="g", choice=choice)


@pytest.mark.parametrize("kind", PERTURBATIONS)
def test_equal_seeds_give_equal_questions_of_the_same_id(kind: str) -> None:
    perturbation, plain = PERTURBATIONS[kind], question()
    changed = perturbation.perturb(plain, 1)
    assert changed == perturbation.perturb(plain, 1)
    assert changed.query != plain.query
    assert changed.query.query_id == "q1"
    assert replace(changed, query=plain.query, choice=plain.choice) == plain


@pytest.mark.parametrize("kind", PERTURBATIONS)
def test_other_seeds_give_other_questions(kind: str) -> None:
    assert len({str(PERTURBATIONS[kind].perturb(question(), seed).query) for seed in range(20)}) > 1


@pytest.mark.parametrize("kind", PERTURBATIONS)
@pytest.mark.parametrize("text", ["", " ", "?", "5 mg", "\ud800", "Ω" * 5000, "a " * 3000, "...?!"])
def test_odd_questions_do_no_harm(kind: str, text: str) -> None:
    assert PERTURBATIONS[kind].perturb(question(text, {}), 0).query.query_id == "q1"


# ── options ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_right_letter_moves_with_its_text() -> None:
    for seed in range(50):
        for choice in OPTIONS:
            changed = ShuffledOptions().perturb(question(choice=choice), seed)
            options = changed.query.options or {}
            assert list(options) == list(OPTIONS)
            assert sorted(options.values()) == sorted(OPTIONS.values())
            assert options != OPTIONS
            assert options[changed.choice] == OPTIONS[choice]


def test_every_place_is_reached() -> None:
    reached = {ShuffledOptions().perturb(question(), seed).choice for seed in range(60)}
    assert reached == set(OPTIONS)


def test_options_of_one_text_keep_the_right_one_right() -> None:
    options = {"A": "Yes", "B": "Yes", "C": "No"}
    for seed in range(20):
        changed = ShuffledOptions().perturb(question(options=options, choice="C"), seed)
        assert changed.query.options is not None
        assert changed.query.options[changed.choice] == "No"


@pytest.mark.parametrize("last", ["None of the above", "All of these", "All the above", "Neither", "Both of them"])
def test_what_stands_for_the_others_keeps_its_place(last: str) -> None:
    for seed in range(20):
        changed = ShuffledOptions().perturb(question(options={**OPTIONS, "E": last}, choice="E"), seed)
        assert changed.query.options is not None
        assert (changed.query.options["E"], changed.choice) == (last, "E")


@pytest.mark.parametrize(
    "text",
    ["Both A and C", "A & B", "(B) or (C)", "Options A", "A, B and C", "Either AB", "both a & b", "Both 1 and 2"],
)
def test_options_that_name_others_by_letter_are_not_moved(text: str) -> None:
    plain = question(options={**OPTIONS, "E": text})
    assert ShuffledOptions().perturb(plain, 0) is plain


def test_nothing_to_shuffle_is_left_as_it_is() -> None:
    yes_no = Question(Query("q", "Is it so?"), choice="yes")
    assert ShuffledOptions().perturb(yes_no, 0) is yes_no
    same = question(options={"A": "Yes", "B": "Yes"})
    assert ShuffledOptions().perturb(same, 0) is same


def test_yes_and_no_as_choices_without_a_letter_stay_right() -> None:
    changed = ShuffledOptions().perturb(question(options={"A": "yes", "B": "no"}, choice="yes"), 0)
    assert changed.choice == "yes"


# ── typos ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def changed_words(before: str, after: str) -> list[tuple[str, str]]:
    assert len(before.split()) == len(after.split())
    return [(b, a) for b, a in zip(before.split(), after.split(), strict=True) if b != a]


def test_numbers_units_doses_and_negations_are_never_touched() -> None:
    protected = {
        "23-year-old",
        "2-week",
        "25",
        "mg",
        "twice",
        "daily",
        "without",
        "142/88",
        "mm",
        "Hg",
        "0.1",
        "mU/L.",
        "TSH",
    }
    for seed in range(200):
        slips = changed_words(CASE, Typos(rate=1).perturb(question(), seed).query.text)
        assert not {before for before, _ in slips} & protected


def test_each_slip_is_one_and_spares_the_ends_of_the_word() -> None:
    for seed in range(200):
        slips = changed_words(CASE, Typos(rate=0.3).perturb(question(), seed).query.text)
        assert slips
        for before, after in slips:
            assert before[0] == after[0]
            assert before[-2:] == after[-2:] or before[-1] == after[-1]
            assert abs(len(before) - len(after)) <= 1
            assert difflib.SequenceMatcher(None, before, after).ratio() > 0.6


def test_the_rate_is_of_the_words_that_may_have_a_slip() -> None:
    text = " ".join(["fever"] * 100)
    for rate, n in ((0.1, 10), (0.5, 50), (1.0, 100), (0.001, 1)):
        assert len(changed_words(text, Typos(rate).perturb(question(text), 3).query.text)) == n


def test_no_vowel_takes_the_place_of_another() -> None:
    for seed in range(300):
        slips = changed_words("perineal pain", Typos(1).perturb(question("perineal pain"), seed).query.text)
        assert all(after != "peroneal" for _, after in slips)


def test_options_have_no_slips() -> None:
    assert Typos(1).perturb(question(), 0).query.options == OPTIONS


@pytest.mark.parametrize("rate", [0, -0.1, 1.1])
def test_a_rate_that_is_no_share_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="rate"):
        Typos(rate)


# ── paraphrase ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Which of the following is true?",
            {"Of the following, which is true?", "Among the following, which is true?"},
        ),
        (
            "Which of the following drugs are safe?",
            {"Which of these drugs are safe?", "Which among the following drugs are safe?"},
        ),
        (
            "What are the symptoms of gout?",
            {"Which are the symptoms of gout?", "What symptoms are known of gout?"},
        ),
        ("What are the treatments for gout?", {"Which treatments are there for gout?"}),
        ("How is gout treated?", {"In what way is gout treated?", "In which way is gout treated?"}),
        ("why does it itch?", {"for what reason does it itch?", "for which reason does it itch?"}),
        (
            "What is the most likely diagnosis?",
            {"Which diagnosis is the most likely one?", "What would be the most likely diagnosis?"},
        ),
    ],
)
def test_openings_are_said_in_other_words(text: str, expected: set[str]) -> None:
    assert {Paraphrase().perturb(question(text), seed).query.text for seed in range(30)} == expected


@pytest.mark.parametrize(
    "text", ["How many bones has a hand?", "Is gout painful?", "What is gout?", "When is it felt?"]
)
def test_an_opening_without_a_rule_is_introduced(text: str) -> None:
    assert Paraphrase().perturb(question(text), 0).query.text.endswith(text)


def test_only_the_sentence_that_asks_is_changed() -> None:
    changed = Paraphrase().perturb(question(), 0).query.text
    assert changed.rpartition(". ")[0] == CASE.rpartition(". ")[0]
    assert re.search(r"(?:Of|Among) the following, which is the most likely diagnosis\?$", changed)


def test_what_asks_nothing_stays() -> None:
    plain = question("The most common cause of fever in children", {})
    assert Paraphrase().perturb(plain, 0) is plain


def test_a_stem_that_options_complete_is_introduced() -> None:
    changed = {Paraphrase().perturb(question("It has swollen. The cause is"), seed).query.text for seed in range(20)}
    assert changed == {
        "It has swollen. Please choose the answer that fits. The cause is",
        "It has swollen. Which of the answers fits here? The cause is",
    }


# ── irrelevant details ────────────────────────────────────────────────────────────────────────────────────────────


def test_details_stand_before_the_sentence_that_asks_and_leave_the_rest() -> None:
    changed = IrrelevantDetails(2).perturb(question(), 0).query.text
    before, _, asked = CASE.rpartition("Which of")
    assert changed.startswith(before)
    assert changed.endswith("Which of" + asked)
    added = changed[len(before) : -len("Which of" + asked)]
    assert sum(sentence in added for sentence in OF_A_VISIT) == 2
    for sentence in OF_A_VISIT:
        added = added.replace(sentence, "")
    assert added.strip() == ""


def test_without_a_patient_they_are_of_the_asker() -> None:
    changed = IrrelevantDetails(1).perturb(question("What is gout?"), 0).query.text
    assert changed.endswith(" What is gout?")
    assert changed.removesuffix(" What is gout?") in OF_THE_ASKER


@pytest.mark.parametrize("n", [0, 7])
def test_so_many_sentences_are_there_and_no_more(n: int) -> None:
    with pytest.raises(ValueError, match="n_sentences"):
        IrrelevantDetails(n)


# ── what it changes ───────────────────────────────────────────────────────────────────────────────────────────────


def test_the_change_is_over_the_questions_that_both_runs_have() -> None:
    found = change({"a": 1.0, "b": 0.5, "c": 0.0, "x": 1.0}, {"a": 0.0, "b": 0.5, "c": 0.25, "y": 1.0})
    assert (found.n, found.n_only_one) == (3, 2)
    assert (found.n_worse, found.n_better, found.n_equal) == (1, 1, 1)
    assert (found.plain, found.perturbed) == (0.5, 0.25)
    assert found.difference == pytest.approx(-0.25)
    assert found.low <= found.difference <= found.high


def test_a_change_of_nothing_has_an_interval_of_nothing() -> None:
    found = change({"a": 1.0, "b": 0.5}, {"a": 1.0, "b": 0.5})
    assert (found.difference, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_a_change_everywhere_is_significant_and_seeded() -> None:
    plain = {str(i): i / 100 for i in range(100)}
    worse = {query_id: figure - 0.05 for query_id, figure in plain.items()}
    found = change(plain, worse, seed=3)
    assert found.p < 0.001
    assert found.high < 0
    assert found == change(plain, worse, seed=3)


def test_runs_without_a_common_question_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="no question in common"):
        change({"a": 1.0}, {"b": 1.0})
