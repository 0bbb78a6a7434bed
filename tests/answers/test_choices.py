"""Which option a reply names: strictly, and as MIRAGE's script reads it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmed.answers.choices import (
    ParsedChoice,
    choice_of,
    legacy_choice,
    legacy_match,
    parse_choice,
    read_choice,
)
from ragmed.types import Answer, Query, Question, Result

OPTIONS = {"A": "IgG Anti HBcAg", "B": "HBsAg", "C": "IgG Anti HBsAg", "D": "Anti Hbs"}
YES_NO = {"A": "yes", "B": "no", "C": "maybe"}


def strict(reply: str, options: dict[str, str] | None = OPTIONS) -> str:
    parsed = parse_choice(reply, options)
    return parsed.choice if parsed.outcome == "answered" else parsed.outcome


def reply(choice: object) -> str:
    return json.dumps({"step_by_step_thinking": "Option A is tempting: C, too.", "answer_choice": choice})


# Legacy: the ordered patterns of MIRAGE's script, one by one


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("B", "B"),
        ("  C", "C"),
        ("B or C", "B"),
        ("B and C", "B"),
        ("B/C", "B"),
        ("B, C", "B"),
        ("The right one is Option C, not Option B", "C"),
        ("option D", "D"),
        ("The answer is: C", "C"),
        ("answer:D", "D"),
        ("B. HBsAg", "B"),
        ('B"}', "B"),
        ("B: HBsAg", "B"),
    ],
)
def test_legacy_each_pattern_finds_its_letter(text: str, letter: str) -> None:
    assert legacy_choice([text]) == letter
    assert legacy_choice(['{"step_by_step_thinking": "D", "answer_choice": "' + text]) == letter


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("B, or rather Option C", "B"),  # letter + "," comes before "Option X"
        ("Option C: D", "C"),  # "Option X" comes before ": X"
        ("D. See: B", "B"),  # ": X" comes before letter + "."
        ('B": see option C', "C"),
        ("B or else option C: D", "B"),
        ("D: C", "C"),
    ],
)
def test_legacy_an_earlier_pattern_wins(text: str, letter: str) -> None:
    assert legacy_choice([text]) == letter


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "b",
        "(B)",
        "B)",
        "**B**",
        "HBsAg",
        "no",
        "Information not available",
        "E",
        "E. HBsAg",
        "OPTION B",
        "Both",
    ],
)
def test_legacy_anything_else_is_a(text: str) -> None:
    assert legacy_choice([text]) == "A"
    assert legacy_match(text) == ""


def test_legacy_reads_behind_the_last_field_spelt_as_the_script_spells_it() -> None:
    assert legacy_choice(['{"answer_choice": "B"} {"answer_choice": "C"}']) == "C"
    assert legacy_choice(['{"answer_choice":"C"}']) == "A"  # no space: the whole text is read, and nothing fits
    assert legacy_choice(["{'answer_choice': 'C'}"]) == "A"
    assert legacy_choice(['{"answer_choice": "C", "step_by_step_thinking": "Vitamin: B"}']) == "B"


def test_legacy_a_letter_inside_a_word_counts_where_a_colon_stands_before_it() -> None:
    assert legacy_choice(["The answer is: Because of that, C"]) == "B"


def test_legacy_only_the_first_of_several_replies_counts() -> None:
    assert legacy_choice(["C", "B", "B"]) == "C"


def test_legacy_no_reply_is_wrong_and_an_empty_one_is_a() -> None:
    assert legacy_choice([]) is None
    assert legacy_choice([""]) == "A"


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("Answer: Option B", "B"),
        ("Option C. Answer: option D", "D"),
        ("OPTION C", "C"),
        ('B"', "B"),
        ("B: HBsAg", "B"),
        ("B", "A"),
        ("B. HBsAg", "A"),
        ("B or C", "A"),
        ("the marker: C", "A"),
    ],
)
def test_legacy_pmc_llama_has_patterns_of_its_own(text: str, letter: str) -> None:
    assert legacy_choice([text], model="axiong/PMC_LLaMA_13B") == letter


# Strict: JSON


@pytest.mark.parametrize(
    "value",
    [
        *[
            "B",
            "b",
            "B.",
            "(B)",
            "[B]",
            "B)",
            "B:",
            "**B**",
            "Option B",
            "option b",
            "B. HBsAg",
            "B: HBsAg",
            "B) HBsAg",
        ],
        *["(B) HBsAg", "B HBsAg", "b. hbsag", "B - HBsAg", "HBsAg", "hbsag.", "HBsAg (B)", " B ", ["B"]],
        *["B. HBsAg (surface antigen)", "The correct answer is B.", "\\boxed{B}", "Answer: B"],
    ],
)
def test_json_a_choice_however_it_is_put(value: object) -> None:
    assert strict(reply(value)) == "B"


@pytest.mark.parametrize(
    "value",
    [
        *["A or B", "A and B", "A/B", "A, B", "A, B and C", "B. Anti Hbs", "E", "E. HBsAg", "", "AB", "None", "N/A"],
        *["None of the above", "All of them", ["A", "B"], [], {}, {"letter": "B"}, 2, True, None, "x" * 10_000],
        *["HBsAg and Anti Hbs", "Because B", "A B C", "Str{A/B/C/...}"],
    ],
)
def test_json_anything_else_is_unparsed(value: object) -> None:
    assert strict(reply(value)) == "unparsed"


@pytest.mark.parametrize(
    "text",
    [
        '```json\n{"step_by_step_thinking": "x", "answer_choice": "B"}\n```',
        'Sure!\n```\n{"answer_choice": "B"}\n```\nThe first option, A, is wrong.',
        '{"answer_choice": "A"}\nOn reflection:\n{"answer_choice": "B"}',
        '{"answer_choice": "B", "step_by_step_thinking": "not \\"answer_choice\\": \\"C\\""}',
        '{"step_by_step_thinking": "a "quoted" word breaks it", "answer_choice": "B"}',
        '{"step_by_step_thinking": "a line\nbreak", "answer_choice": "B"}',
        '{"step_by_step_thinking": "x", "answer_choice": "B"',
        "{'step_by_step_thinking': 'x', 'answer_choice': 'B'}",
        '{"answer_choice":"B"}',
        '{"answer_choice" : B}',
        '{"Answer_Choice": "B"}',
        '{"answer": "B"}',
        '{"choice": "B"}',
        '<think>Perhaps {"answer_choice": "A"}</think>{"answer_choice": "B"}',
        'Reply with {"answer_choice": Str{A/B/C/D}}. {"answer_choice": "B"} as {"answer_choice": Str{A/B/C/D}}',
    ],
)
def test_json_is_found_in_whatever_surrounds_it(text: str) -> None:
    assert strict(text) == "B"


def test_json_that_was_cut_off_inside_its_answer_is_unparsed() -> None:
    assert strict('{"step_by_step_thinking": "x", "answer_choice": "B') == "unparsed"


def test_json_decides_even_where_the_text_says_otherwise() -> None:
    assert strict('The answer is (C). {"answer_choice": "B"}') == "B"
    assert strict('The answer is (C). {"answer_choice": "all"}') == "unparsed"


def test_a_reply_cut_off_while_it_was_thinking_is_unparsed() -> None:
    assert strict("<think>The answer is (B). But") == "unparsed"


def test_ragmeds_own_replies_are_read() -> None:
    assert strict('{"statements": [], "choice": "B"}') == "B"
    assert strict('{"statements": [], "choice": null, "abstain": "no source tells"}') == "abstained"


# Strict: prose


@pytest.mark.parametrize(
    "text",
    [
        "The answer is (B).",
        "So the answer is B",
        "The correct answer is: B. HBsAg",
        "Therefore, the best answer is **B**.",
        "Final answer: B",
        "Answer: (b)",
        "The answer is option B, because it persists.",
        "The answer is therefore B.",
        "The most likely answer would be B.",
        "the answer is HBsAg.",
        "The answer is B HBsAg.",
        "A persists only for a while. B is the correct answer.",
        "(B) is the best option",
        "A. IgG Anti HBcAg\nB. HBsAg\nC. IgG Anti HBsAg\nD. Anti Hbs\n\nThe answer is B.",
        "The answer is B.\n\nTo repeat: the answer is B.",
        r"The answer is $\boxed{B}$.",
        "B",
        "b.",
        "(B)",
        "B. HBsAg",
        "HBsAg",
        "B\n\nIt persists in chronic hepatitis.",
        "It persists.\n\n**B. HBsAg**",
    ],
)
def test_prose_that_says_it_plainly(text: str) -> None:
    assert strict(text) == "B"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n",
        "I think B.",
        "B seems likely.",
        "The answer is A or B.",
        "The answer is B, or possibly C? The answer is C.",
        "The answer is B. No: the answer is C.",
        "The answer is E.",
        "The answer is not B.",
        "The incorrect answer is B.",
        "If the answer is B, then the liver is ill.",
        "Neither A nor B is the correct answer.",
        "the answer is a matter of taste.",
        "The answer is B12 deficiency.",
        "A. IgG Anti HBcAg\nB. HBsAg\nC. IgG Anti HBsAg\nD. Anti Hbs",
        "A is wrong, B is right.",
        "A patient with HBsAg is ill.",
        "[1, 2",
        "{}",
        "null",
        "42",
    ],
)
def test_prose_that_does_not_is_unparsed_and_never_a(text: str) -> None:
    assert strict(text) == "unparsed"


@pytest.mark.parametrize(
    "text",
    [
        "I don't know.",
        "I abstain",
        "I cannot answer this question.",
        "Unknown",
        "Not enough information to answer.",
        "The answer cannot be determined from the documents.",
        reply("Information not available"),
        reply("Cannot be determined"),
        reply("I do not know"),
        reply("unknown"),
    ],
)
def test_abstentions_are_those_that_say_so(text: str) -> None:
    assert strict(text) == "abstained"


def test_an_option_that_reads_like_an_abstention_is_an_option() -> None:
    options = {"A": "Malaria", "B": "Cannot be determined"}
    assert strict(reply("Cannot be determined"), options) == "B"
    assert strict("The answer is cannot be determined.", options) == "B"


def test_yes_no_and_maybe_are_options_texts() -> None:
    assert strict(reply("A. yes"), YES_NO) == "A"
    assert strict(reply("No"), YES_NO) == "B"
    assert strict("Therefore, the answer is maybe.", YES_NO) == "C"
    assert strict("The answer is no longer clear.", YES_NO) == "unparsed"
    assert strict(reply("A. no"), YES_NO) == "unparsed"


def test_without_options_the_answer_is_yes_no_or_maybe() -> None:
    assert strict(reply("Yes"), None) == "yes"
    assert strict("The answer is no.", None) == "no"
    assert strict(reply("A"), None) == "unparsed"


def test_two_options_of_one_text_are_told_apart_by_the_letter_only() -> None:
    options = {"A": "36 hours", "B": "36 hours", "C": "72 hours"}
    assert strict(reply("36 hours"), options) == "unparsed"
    assert strict(reply("B. 36 hours"), options) == "B"


def test_options_that_are_letters_themselves() -> None:
    options = {"A": "B", "B": "C", "C": "d"}
    assert strict(reply("B"), options) == "B"
    assert strict(reply("A. B"), options) == "A"
    assert strict(reply("d"), options) == "C"
    assert strict(reply("c"), {"A": "a", "B": "d", "C": "bd"}) == "C"
    assert strict(reply("c"), {"A": "c", "B": "d", "C": "bd"}) == "unparsed"


def test_letters_beyond_d() -> None:
    options = {letter: f"organism {letter}" for letter in "ABCDEFGHIJ"}
    assert strict(reply("J"), options) == "J"
    assert strict("The answer is (I).", options) == "I"
    assert strict("The answer is I think unclear.", options) == "unparsed"


def test_a_text_that_only_begins_like_a_letter_is_none() -> None:
    options = {"C": "Liver enzymes", "D": "C-reactive protein", "E": "E. coli"}
    assert strict(reply("C-reactive protein level"), options) == "unparsed"
    assert strict(reply("C-reactive protein"), options) == "D"
    assert strict(reply("E. coli"), options) == "E"
    assert strict(reply("E. coli infection"), {"A": "E. coli", "E": "None"}) == "unparsed"


def test_a_statement_names_the_longest_text_that_fits() -> None:
    options = {"A": "Alcohol", "B": "a = g sin x", "C": "A 'milkmaid' grip", "D": "a = g (sin x)", "E": "Alcohol abuse"}
    for letter, text in options.items():
        assert strict(f"The answer is {text}.", options) == letter
        assert strict(f"The answer is “{text}”.", options) == letter


@given(st.text(max_size=200), st.sampled_from([OPTIONS, YES_NO, {}, None]))
def test_any_text_gives_an_option_or_nothing(text: str, options: dict[str, str] | None) -> None:
    for parsed in (parse_choice(text, options), parse_choice('{"answer_choice": "' + text, options)):
        assert (parsed.outcome == "answered") == bool(parsed.choice)
        assert not parsed.choice or parsed.choice in (options or {"yes", "no", "maybe"})
    assert read_choice(text, options) in {"", *(options or {"yes", "no", "maybe"})}
    assert legacy_choice([text]) in set("ABCD")


@pytest.mark.parametrize(
    "text",
    [
        "a" * 300_000,
        "the answer is " * 20_000,
        " " * 300_000 + "answer" + " " * 300_000,
        '{"a":' * 60_000,
        '"answer_choice": ' * 20_000,
        '{"answer_choice": ' + "[" * 100_000,
        '{"answer_choice": "' + "B " * 100_000 + '"}',
        "answer: (" * 30_000,
        "A\nB\n" * 100_000,
        "\x00\ud800" * 1000,
    ],
)
def test_long_and_odd_replies_come_to_nothing_and_to_an_end(text: str) -> None:
    """Where a pattern were quadratic, these would take hours."""
    assert parse_choice(text, OPTIONS).outcome == "unparsed"


# Of a system's result


def answer(outcome: str, choice: str | None) -> Result:
    return Result("q", answer=Answer("q", "?", "Text.", (), (), outcome, choice, 0.5))  # type: ignore[arg-type]


def test_the_choice_of_a_result() -> None:
    question = Question(Query("q", "?", YES_NO), choice="A")
    assert choice_of(question, answer("answered", "A")) == ParsedChoice("answered", "A", "answer")
    assert choice_of(question, answer("answered", "yes")).choice == "A"
    assert choice_of(question, answer("answered", None)).outcome == "unparsed"
    assert choice_of(question, answer("answered", "E")).outcome == "unparsed"
    assert choice_of(question, answer("abstained", None)).outcome == "abstained"
    assert choice_of(question, answer("failed", "A")) == ParsedChoice("failed")
    assert choice_of(question, Result("q", reply="The answer is (B).")).choice == "B"
    assert choice_of(question, Result("q")).outcome == "failed"
    assert choice_of(question, None).outcome == "failed"
    assert choice_of(Question(Query("q", "?"), choice="yes"), answer("answered", "yes")).choice == "yes"
