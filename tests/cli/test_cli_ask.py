"""``ragmed ask``."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from ragmed.answers.json import answer_from_json

Run = Callable[..., Any]
Process = Callable[..., subprocess.CompletedProcess[bytes]]


def test_the_answer_carries_a_marker_that_leads_to_its_source(ragmed: Run) -> None:
    ran = ragmed("ask", "What is arachnodactyly?", "--index", "tiny")
    assert ran.code == 0
    assert "abnormally long and slender. [1]" in ran.out
    assert "\n[1] Arachnodactyly — d1:0-88 — https://example.org/d1\n" in ran.out
    assert ran.out.endswith("index tiny (tiny 2025-01-01)\n")
    assert ran.err == ""
    assert "\x1b" not in ran.out


def test_json_is_exactly_one_answer(ragmed: Run) -> None:
    ran = ragmed("ask", "What is arachnodactyly?", "--index", "tiny", "--json")
    answer = answer_from_json(json.loads(ran.out))
    assert answer.outcome == "answered"
    assert answer.citations[0].doc_id == "d1"
    assert ran.out.count("\n") == 1


def test_no_answer_is_a_success(ragmed: Run) -> None:
    ran = ragmed("ask", "Who won the football match on Saturday?", "-i", "tiny", "--json")
    assert ran.code == 0
    assert json.loads(ran.out)["outcome"] == "abstained"


def test_the_chosen_option_is_printed_first(ragmed: Run) -> None:
    ran = ragmed(
        "ask", "Which hormone lowers blood glucose?", "-i", "tiny", "--option", "A=Insulin", "--option", "B=Cortisol"
    )
    assert ran.code == 0
    assert ran.out.splitlines()[0] == "A: Insulin"


@pytest.mark.parametrize("options", [["--option", "A"], ["--option", "A=x", "--option", "A=y"], ["--option", "=x"]])
def test_malformed_options_are_wrong_usage(ragmed: Run, options: list[str]) -> None:
    ran = ragmed("ask", "What is fever?", "-i", "tiny", *options)
    assert ran.code == 2
    assert ran.out == ""


def test_one_option_is_no_choice(ragmed: Run) -> None:
    ran = ragmed("ask", "What is fever?", "-i", "tiny", "--option", "A=x")
    assert (ran.code, ran.out) == (1, "")
    assert "at least two options" in ran.err


def test_a_question_may_begin_with_a_dash(ragmed: Run) -> None:
    assert ragmed("ask", "-i", "tiny", "--", "-what is fever?").code == 0


def test_the_question_comes_from_standard_input_for_a_dash(ragmed_process: Process) -> None:
    ran = ragmed_process("ask", "-", "-i", "tiny", "--json", stdin="What is a café-au-lait spot?\n".encode())
    assert json.loads(ran.stdout)["question"] == "What is a café-au-lait spot?"


@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [
        (["ask", b"fever \xff\xfe", "-i", "tiny"], b""),
        (["ask", "-", "-i", "tiny"], b"fever \xff\xfe"),
        (["ask", "-", "-i", "tiny"], bytes(1_000_000)),
        (["ask", "-", "-i", "tiny"], b""),
        (["ask", "  ", "-i", "tiny", "--json"], b""),
        (["ask", "fever", "-i", b"t\xff"], b""),
        (["ask", "fever", "-i", "nowhere", "--json"], b""),
        (["ask", "fever", "-i", "./nowhere"], b""),
        (["search", b"\xff", "-i", "tiny"], b""),
        (["show", b"\xff", "-i", "tiny"], b""),
        (["verify", "-"], b"{}"),
        (["verify", "-"], b"\xff"),
        (["verify", "no-such-file.json"], b""),
        (["index", "build", "nowhere"], b""),
        (["index", "build", "nowhere.toml"], b""),
        (["index", "remove", "nowhere"], b""),
        (["corpus", "info", "nowhere"], b""),
    ],
)
def test_errors_are_one_line_on_standard_error(
    ragmed_process: Process, arguments: list[str | bytes], stdin: bytes
) -> None:
    ran = ragmed_process(*arguments, stdin=stdin)
    assert ran.returncode == 1
    assert ran.stdout == b""
    assert ran.stderr.startswith(b"ragmed: ")
    assert ran.stderr.count(b"\n") == 1
