"""Pages that show what was measured: what is written anew, what is measured anew, and what is left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragmed.errors import MissingFile
from ragmed.evaluation import pages
from ragmed.evaluation.pages import between, measure, measured, write_between
from ragmed.evaluation.results import Results
from ragmed.evaluation.store import DURATIONS, RESULTS
from tests.results_for_tests import row, write_results

PAGE = "Before.\n<!-- a -->\nold\n<!-- end of a -->\n<!-- b -->\nkept\n<!-- end of b -->\nAfter.\n"


def test_only_what_stands_between_the_markers_is_written(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text(PAGE, encoding="utf-8")
    write_between(path, "a", "new ≥ old")
    written = path.read_text(encoding="utf-8")
    assert written == PAGE.replace("old", "new ≥ old")
    assert between(written, "a", "old") == PAGE


@pytest.mark.parametrize(
    "page", ["Nothing.", "<!-- a -->", "<!-- end of a -->\n<!-- a -->", PAGE.replace("of a", "of c")]
)
def test_a_page_without_the_markers_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="no markers <!-- a --> and <!-- end of a -->"):
        between(page, "a", "new")


def test_results_that_cannot_be_used_are_left_out_and_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("good", "in part"):
        write_results(home / "eval" / "results" / name, {"bm25": [row("q1", RR="0.5")]})

    def check(results: Results) -> None:
        if results.name == "in part":
            raise MissingFile("in part: not every question was measured")

    assert [results.name for results in measured(["in part", "never", "good"], check)] == ["good"]
    first, second = capsys.readouterr().err.splitlines()
    assert first == "left out: in part: not every question was measured"
    assert second.startswith("left out: ")
    assert "never" in second


@pytest.mark.parametrize(("again", "kept"), [(False, {RESULTS, DURATIONS, "run.trec"}), (True, {"run.trec"})])
def test_measuring_goes_on_or_starts_anew(
    again: bool, kept: set[str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = home / "eval" / "results" / "quiz"
    (folder / "bm25").mkdir(parents=True)
    for name in (RESULTS, DURATIONS, "run.trec"):
        (folder / "bm25" / name).touch()
    done: list[object] = []
    monkeypatch.setattr(
        pages, "evaluate", lambda name, **_: done.append((name, {path.name for path in (folder / "bm25").iterdir()}))
    )
    monkeypatch.setattr(pages, "write_report", done.append)
    measure("quiz", lambda stage, n, total: None, again=again)
    assert done == [("quiz", kept), folder]
