"""``ragmed corpus stats``, ``diff`` and ``audit``."""

from __future__ import annotations

import csv
import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ragmed.cli import _charts
from tests.cli.conftest import CORPUS_TOML, LINES, environment

Run = Callable[..., Any]


def build(folder: Path, lines: str, name: str = "kept") -> None:
    """Build a corpus of that name from those lines, in the tiny home."""
    from ragmed.collection.build import build as build_corpus
    from ragmed.recipe import read_corpus_recipe

    recipe = CORPUS_TOML.partition("[counts]")[0].replace("tiny/lines.tsv", f"{name}/lines.tsv")
    (folder / "corpora" / f"{name}.toml").write_text(recipe, encoding="utf-8")
    (folder / name).mkdir(exist_ok=True)
    (folder / name / "lines.tsv").write_text(lines, encoding="utf-8")
    build_corpus(read_corpus_recipe(name), mirror=folder, fetch=False, workers=1)


@pytest.fixture
def built(tiny_home: Path, ragmed: Run, request: pytest.FixtureRequest) -> str:
    """The name of a corpus of this test's own, of the four lines."""
    name = request.node.name.removeprefix("test_").partition("[")[0]
    build(tiny_home, LINES, name)
    return name


def test_stats_count_what_is_there(ragmed: Run, built: str) -> None:
    found = json.loads(ragmed("corpus", "stats", built, "--json").out)
    assert (found["corpus"], found["n_documents"], found["n_words"]) == (built, 4, 49)
    assert found["licences"]["values"] == {"CC0": 4}
    assert found["commercial_use"] == {"yes": 4, "no": 0, "unknown": 0}
    assert found["report"]["n_kept"] == 4
    lines = ragmed("corpus", "stats", built).out.splitlines()
    assert lines[0].startswith(f"{built}: 4 documents, 49 words, ")
    assert "10–19\t4\t1.0000" in lines
    assert "build report: 4 read, 4 kept, 0 skipped" in lines


def test_stats_write_a_page(ragmed: Run, built: str, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    ran = ragmed("corpus", "stats", built, "--html", str(page))
    assert ran.out.endswith(f"written: {page}\n")
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    nowhere = ragmed("corpus", "stats", built, "--html", str(tmp_path / "no" / "page.html"))
    assert (nowhere.code, nowhere.err.count("\n")) == (1, 1)


def test_stats_draw_bars_on_a_terminal(tiny_home: Path, built: str) -> None:
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "ragmed", "corpus", "stats", built],
        env={**os.environ, **environment(tiny_home), "TERM": "xterm", "PYTHONUTF8": "1"},
        stdout=follower,
        stderr=subprocess.DEVNULL,
    )
    os.close(follower)
    shown = b""
    while True:
        try:
            block = os.read(leader, 65536)
        except OSError:  # how Linux says that the other end was closed
            break
        if not block:
            break
        shown += block
    os.close(leader)
    assert process.wait() == 0
    assert "█" * 20 in shown.decode()


def test_a_terminal_without_blocks_gets_signs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setattr(_charts, "_has_blocks", lambda: False)
    _charts.print_bars("title", [("a", 2), ("b", 0)], 2)
    assert "#" * 40 in capsys.readouterr().out


def test_diff_of_two_builds(ragmed: Run, tiny_home: Path, built: str) -> None:
    first, second, *rest = LINES.splitlines()
    changed = second.replace("Insulin\t", "Insulin, human\t")
    build(tiny_home, "\n".join([changed, *rest, "d5\tRash\tA rash is a change of the skin."]), built)
    found = json.loads(ragmed("corpus", "diff", built, "--json").out)
    assert (found["n_added"], found["n_removed"], found["n_changed"]) == (1, 1, 1)
    assert (found["added"], found["removed"]) == (["d5"], ["d1"])
    assert found["changed"] == [{"doc_id": "d2", "fields": ["title"]}]
    assert found["n_changed_by_field"] == {"title": 1}
    text = ragmed("corpus", "diff", built).out
    assert "added: 1: d5\nremoved: 1: d1\nchanged: 1: d2 (title)\n" in text
    assert ragmed("corpus", "diff", built, "--list", "removed").out == "d1\n"
    assert ragmed("corpus", "diff", built, "--list", "changed").out == "d2\ttitle\n"
    assert first.startswith("d1\t")


def test_diff_of_two_corpora_by_name_and_folder(ragmed: Run, tiny_home: Path, built: str) -> None:
    build(tiny_home, LINES, "twin")
    same = json.loads(ragmed("corpus", "diff", built, str(tiny_home / "corpora" / "twin" / "built"), "--json").out)
    assert (same["n_added"], same["n_removed"], same["n_changed"]) == (0, 0, 0)
    build(tiny_home, "".join(f"n{i}\tT\tText {i}.\n" for i in range(9)), "twin")
    text = ragmed("corpus", "diff", built, "twin", "-n", "2").out
    assert "added: 9: n0, n1, …\nremoved: 4: d1, d2, …\nchanged: 0\n" in text
    every = json.loads(ragmed("corpus", "diff", built, "twin", "-n", "2", "--list", "added", "--json").out)
    assert (len(every["added"]), len(every["removed"])) == (9, 2)


def test_diff_needs_two_states(ragmed: Run, built: str) -> None:
    ran = ragmed("corpus", "diff", built)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)


@pytest.mark.parametrize("command", [["stats"], ["diff"], ["audit", "-b", "x.json"]])
def test_a_corpus_that_is_not_there_is_an_error(ragmed: Run, command: list[str], tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('[{"question": "Q?"}]')
    arguments = [str(tmp_path / part) if part == "x.json" else part for part in command]
    for corpus in ("nowhere", "./nowhere"):
        ran = ragmed("corpus", *arguments, corpus)
        assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)


@pytest.fixture
def benchmark(tmp_path: Path) -> Path:
    """Two questions, of which the corpus holds one, with its answer."""
    path = tmp_path / "quiz.jsonl"
    questions = [
        {"id": "q1", "question": "Insulin is a hormone made by the pancreas that lowers", "answer": "Blood glucose"},
        {"id": "q2", "question": "Which hormone raises the concentration of sugar in the blood?", "answer": "Glucagon"},
    ]
    path.write_text("".join(json.dumps(question) + "\n" for question in questions), encoding="utf-8")
    return path


def test_audit_tells_which_questions_stand_in_a_corpus(ragmed: Run, built: str, benchmark: Path) -> None:
    ran = ragmed("corpus", "audit", built, "--benchmark", str(benchmark), "--json")
    assert ran.code == 0
    found = json.loads(ran.out)
    assert found["benchmarks"]["quiz"] == {
        "n_questions": 2,
        "n_searched": 2,
        "n_question": 1,
        "n_with_answer": 1,
        "n_answer": 0,
        "n_any": 1,
        "share": 0.5,
    }
    assert [(hit["question_id"], hit["doc_id"], hit["has_answer"]) for hit in found["hits"]] == [("q1", "d2", True)]
    text = ragmed("corpus", "audit", built, "-b", str(benchmark)).out
    assert "quiz\t2\t2\t1\t1\t0\t50.00%\n" in text
    assert "\tinsulin is a hormone made by the pancreas that lowers\n" in text


def test_audit_of_an_index(ragmed: Run, benchmark: Path) -> None:
    found = json.loads(ragmed("corpus", "audit", "--index", "tiny", "-b", str(benchmark), "--json").out)
    assert (found["corpus"], found["n_documents"]) == ("index tiny", 4)
    assert [hit["doc_id"] for hit in found["hits"]] == ["d2"]


def test_audit_writes_every_hit_as_csv(ragmed: Run, built: str, benchmark: Path, tmp_path: Path) -> None:
    path = tmp_path / "hits.csv"
    assert ragmed("corpus", "audit", built, "-b", str(benchmark), "--csv", str(path), "--show", "0").code == 0
    with path.open(encoding="utf-8", newline="") as file:
        [row] = csv.DictReader(file)
    assert (row["benchmark"], row["question_id"], row["question_share"]) == ("quiz", "q1", "1.0")


@pytest.mark.parametrize(("share", "code"), [("0.49", 1), ("0.5", 0)])
def test_audit_fails_where_more_is_found_than_allowed(
    ragmed: Run, built: str, benchmark: Path, share: str, code: int
) -> None:
    ran = ragmed("corpus", "audit", built, "-b", str(benchmark), "--fail-over", share, "--json")
    assert ran.code == code
    assert json.loads(ran.out)["failed"] is bool(code)


def test_audit_of_nothing_or_of_both_is_wrong_usage(ragmed: Run, built: str, benchmark: Path) -> None:
    assert ragmed("corpus", "audit", "-b", str(benchmark)).code == 2
    assert ragmed("corpus", "audit", built, "-i", "tiny", "-b", str(benchmark)).code == 2
    assert ragmed("corpus", "audit", built).code == 2


def test_audit_names_the_fields_it_looked_for(ragmed: Run, built: str, tmp_path: Path) -> None:
    path = tmp_path / "qrels.jsonl"
    path.write_text('{"q_id": "0", "p_id": "d1", "score": 1}\n{"q_id": "1"}\n')
    ran = ragmed("corpus", "audit", built, "-b", str(path))
    assert (ran.code, ran.out) == (1, "")
    assert "question, query, body, text" in ran.err
