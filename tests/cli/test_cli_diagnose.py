"""``ragmed diagnose``: what is printed, and what wrong input leads to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ragmed.cli import run


def test_a_ranking_shows_signs_questions_and_statements(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diagnose", "ectopia lentis, aortic root aneurysm", "--not", "intellectual disability", "-k", "2"]) == 0
    shown = capsys.readouterr().out
    assert "1. " in shown
    assert "   for:     " in shown
    assert "To ask or test for next:" in shown
    assert "[1] " in shown
    assert "It is no diagnosis." in shown


def test_a_share_that_the_source_does_not_give_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diagnose", "HP:0001083", "HP:0002616", "-k", "20", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    cited = {citation["marker"]: citation["quote"] for citation in found["citations"]}
    signs = [sign for disease in found["diseases"] for sign in disease["signs"] if sign["how"] == "stated"]
    assert {sign["share"] is None for sign in signs} == {True, False}
    for sign in signs:
        if sign["share"] is None:
            assert not any("patients" in cited[marker] for marker in sign["markers"])


def test_a_batch_prints_a_line_a_case_and_fails_where_one_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = tmp_path / "cases.jsonl"
    cases.write_text('{"id": "1", "observed": ["HP:0001083"]}\n{"id": "2", "observed": ["HP:0002616"]}\n')
    assert run(["diagnose", "--batch", str(cases), "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["id"] for line in lines] == ["1", "2"]
    assert all(set(line) == {"id", "diseases"} for line in lines)
    cases.write_text("nothing\n")
    assert run(["diagnose", "--batch", str(cases)]) == 1
    assert "line 1: not a JSON object" in capsys.readouterr().err


def test_a_page_of_the_differences_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.html"
    assert run(["diagnose", "ectopia lentis, arachnodactyly", "--html", str(page)]) == 0
    html = page.read_text(encoding="utf-8")
    assert "<svg" in html
    assert "Marfan syndrome" in html


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ([], 2, "name findings"),
        (["purple hair"], 1, "no finding was recognised"),
        (["fever", "--graph", "nowhere"], 1, "no indexes/graphs named 'nowhere'"),
        (["fever", "--diseases", "ICD11"], 1, "have: DECIPHER, OMIM, ORPHA"),
        (["--batch", "missing.jsonl"], 2, "does not exist"),
        (["fever", "-k", "0"], 2, "not in the range"),
    ],
)
def test_wrong_input_is_told_in_one_line(
    arguments: list[str], status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["diagnose", *arguments]) == status
    assert said in capsys.readouterr().err
