"""Where sentences of biomedical prose end."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmed.analysis.sentences import MAX_CHARS, sentence_spans


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    "text",
    [
        "We grew E. coli and S. aureus in 0.5 ml.",
        "Give e.g. aspirin, i.e. 75 mg, vs. placebo, approx. 3 times b.i.d. for days.",
        "Smith et al. found it, cf. Fig. 2 and Figs. S1 to S3.",
        "Dr. Smith of the U.S. Food and Drug Administration in St. Louis wrote no. 3 of vol. 12.",
        "It rose (p < 0.05; 95% CI 1.2–3.4) in J. R. Smith's cohort.",
        "It was seen on Dec. 31, 1999 by M. D. Anderson staff.",
        '"Is it?" he asked.',
        "1. Wash your hands.",
        "A line that is\nbroken in the middle.",
    ],
)
def test_these_are_one_sentence(text: str) -> None:
    assert sentences(text) == [text]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It rose. It fell! Why? Nobody knows.", ["It rose.", "It fell!", "Why?", "Nobody knows."]),
        ("It rose (p < 0.05). It fell.", ["It rose (p < 0.05).", "It fell."]),
        ("Made in the U.S. The rest is not.", ["Made in the U.S.", "The rest is not."]),
        ("The answer was no. We left.", ["The answer was no.", "We left."]),
        ("He lacks vitamin C. Scurvy follows.", ["He lacks vitamin C.", "Scurvy follows."]),
        ("He said “stop.” (She went on.) So did I.", ["He said “stop.”", "(She went on.)", "So did I."]),
        ("It works.[1,2] It is safe. [3] Use it.", ["It works.[1,2]", "It is safe. [3]", "Use it."]),
        ("It is common at night.1 By five it is rare.", ["It is common at night.1", "By five it is rare."]),
        ("It improved quality of life.Patients were glad.", ["It improved quality of life.", "Patients were glad."]),
        ("We stained it. p53 was seen. mTOR was not.", ["We stained it.", "p53 was seen.", "mTOR was not."]),
        ("First.\nalpha-Mannosidosis is rare.", ["First.", "alpha-Mannosidosis is rare."]),
        ("1. Wash. 2. Dry.", ["1. Wash.", "2. Dry."]),
        ("Wait... what? Well... The end.", ["Wait... what?", "Well...", "The end."]),
    ],
)
def test_these_are_several(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_blank_lines_bullets_and_labels_end_sentences() -> None:
    text = "Symptoms\n\nThey include\n- fever\n- cough\n1) a rash\nMETHODS: We looked\nagain"
    assert sentences(text) == [
        "Symptoms",
        "They include",
        "- fever",
        "- cough",
        "1) a rash",
        "METHODS: We looked\nagain",
    ]


def test_a_text_without_words_has_no_sentences() -> None:
    assert sentence_spans("") == []
    assert sentence_spans(" \n\t ") == []


def test_a_monstrous_sentence_is_cut_at_white_space() -> None:
    spans = sentence_spans("word " * 10_000)
    assert max(end - start for start, end in spans) <= MAX_CHARS
    assert all(("word " * 10_000)[start:end].split()[-1] == "word" for start, end in spans)


@given(st.text(alphabet=st.sampled_from("ab EM.1?!\n\t-()[]\"'”e.g:é・"), max_size=300) | st.text(max_size=300))
def test_spans_are_ordered_disjoint_trimmed_and_hold_every_character(text: str) -> None:
    spans = sentence_spans(text)
    covered = 0
    for start, end in spans:
        assert not text[covered:start].strip()
        assert covered <= start < end
        assert text[start:end] == text[start:end].strip()
        assert end - start <= MAX_CHARS
        covered = end
    assert not text[covered:].strip()


@pytest.mark.parametrize("unit", ["a", "a ", ".", ". ", ".)", "\n", " ", "\n \t", "x.", "[1] ", "A. ", ".\" '", "1. "])
def test_no_text_takes_more_than_linear_time(unit: str) -> None:
    text = unit * (300_000 // len(unit))
    start = time.perf_counter()
    sentence_spans(text)
    assert time.perf_counter() - start < 5
