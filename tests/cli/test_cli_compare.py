"""``ragmed compare``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.results_for_tests import row, write_results

Run = Callable[..., Any]

FIRST = [row(f"q{i}", AP=repr(i / 40), Accuracy="1.0", outcome="answered", choice="A", gold="A") for i in range(20)]
SECOND = [
    row(f"q{i}", AP=repr(i / 40 + 0.25), Accuracy="0.0", outcome="answered", choice="B", gold="A") for i in range(5, 25)
]


@pytest.fixture
def folders(tmp_path: Path) -> tuple[str, str]:
    first = write_results(tmp_path / "first", {"bm25": FIRST})
    second = write_results(tmp_path / "second", {"hybrid": SECOND}, benchmark="another")
    return str(first), str(second)


def test_a_comparison_as_json(ragmed: Run, folders: tuple[str, str]) -> None:
    ran = ragmed("compare", *folders, "--json", "--seed", "5")
    assert (ran.code, ran.err) == (0, "")
    found = json.loads(ran.out)
    assert (found["systems"], found["seed"], found["n_resamples"]) == (["first", "second"], 5, 10_000)
    assert [test["measure"] for test in found["tests"]] == ["AP", "Accuracy"]
    test = found["tests"][0]
    assert (test["n"], test["n_only_first"], test["n_only_second"]) == (15, 5, 5)
    assert test["difference"] == pytest.approx(0.25)
    assert (test["n_wins"], test["n_losses"]) == (15, 0)
    assert len(found["harm"][0]["harmed"]) == 15


def test_a_comparison_as_text_tells_what_was_left_out(ragmed: Run, folders: tuple[str, str]) -> None:
    out = ragmed("compare", *folders, "--measure", "ap").out
    assert out.startswith("different benchmarks: quiz, another\n")
    assert "\nAP\tsecond − first\t" in out
    assert "\t15/0/0\t15\n" in out
    assert "AP: 5 questions only in first, 5 only in second; left out\n" in out
    assert "first → second: of 15 questions 15 right → wrong, 0 wrong → right (McNemar p < 0.0001)" in out
    assert out.endswith("1 test, 100,000 exchanges, 10,000 resamples, seed 20250731\n")


def test_a_comparison_as_a_page(ragmed: Run, folders: tuple[str, str], tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert ragmed("compare", *folders, "--html", str(page)).out.endswith(f"written: {page}\n")
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert "AP: difference of the means" in text
    assert "went from right to wrong" in text


def test_systems_of_one_folder_are_compared(ragmed: Run, tmp_path: Path) -> None:
    folder = write_results(tmp_path / "both", {"bm25": FIRST, "hybrid": FIRST})
    found = json.loads(ragmed("compare", str(folder), "--json").out)
    assert found["systems"] == ["bm25", "hybrid"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "Missing argument"),
        (("{first}",), 1, "needs two systems"),
        (("{first}", "nowhere"), 1, "no evaluation results named 'nowhere'"),
        (("{first}", "{second}", "-m", "P@5"), 1, "no measures named 'P@5'; have: AP, Accuracy"),
        (("{first}:dense", "{second}"), 1, "named 'dense'; have: bm25"),
        (("{first}", "{second}", "--html", "/nowhere/page.html"), 1, "page.html"),
    ],
)
def test_what_cannot_be_compared_is_one_line(
    ragmed: Run, folders: tuple[str, str], arguments: tuple[str, ...], code: int, said: str
) -> None:
    first, second = folders
    ran = ragmed("compare", *(argument.format(first=first, second=second) for argument in arguments))
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
    assert code == 2 or ran.err.count("\n") == 1


def test_a_damaged_folder_names_file_and_line(ragmed: Run, folders: tuple[str, str]) -> None:
    table = Path(folders[0]) / "bm25" / "per_question.tsv"
    table.write_text(table.read_text(encoding="utf-8").replace("\t1.0\t", "\tnan\t", 1), encoding="utf-8")
    ran = ragmed("compare", *folders)
    assert (ran.code, ran.out) == (1, "")
    assert "per_question.tsv:2: Accuracy is 'nan'" in ran.err
