"""Systems are compared on the questions they share, and what they do not share is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragmed.errors import MissingFile, UnknownName
from ragmed.evaluation import compare as comparing
from ragmed.evaluation.compare import Comparison, NotComparable, compare, contenders_of, find_contenders
from ragmed.evaluation.results import read_results
from tests.results_for_tests import row, write_results

GOOD = [row(f"q{i}", AP=repr(0.5 + i / 100)) for i in range(40)]
BAD = [row(f"q{i}", AP=repr(0.3 + i / 100)) for i in range(40)]


def compared(folder: Path, measures: tuple[str, ...] = (), **options: int) -> Comparison:
    return compare(contenders_of(read_results(folder)), measures, **{"n_resamples": 500, **options})


def test_the_difference_is_the_second_less_the_first(tmp_path: Path) -> None:
    [test] = compared(write_results(tmp_path / "r", {"bad": BAD, "good": GOOD})).tests
    assert (test.measure, test.first, test.second, test.n) == ("AP", "bad", "good", 40)
    assert test.difference == pytest.approx(0.2)
    assert (test.mean_first, test.mean_second) == (pytest.approx(0.495), pytest.approx(0.695))
    assert test.low <= test.difference <= test.high
    assert (test.n_wins, test.n_ties, test.n_losses) == (40, 0, 0)
    assert test.p < 0.01


def test_equal_systems_tie_everywhere(tmp_path: Path) -> None:
    [test] = compared(write_results(tmp_path / "r", {"a": GOOD, "b": GOOD})).tests
    assert (test.difference, test.low, test.high, test.p, test.n_ties) == (0, 0, 0, 1, 40)


def test_figures_that_differ_by_rounding_are_ties(tmp_path: Path) -> None:
    [test] = compared(
        write_results(tmp_path / "r", {"a": [row("q", AP="0.3")], "b": [row("q", AP=repr(0.1 + 0.2))]})
    ).tests
    assert (test.n_wins, test.n_ties, test.n_losses) == (0, 1, 0)


def test_questions_of_only_one_are_counted_and_left_out(tmp_path: Path) -> None:
    a = [row("q1", AP="0.5"), row("q2", AP="1.0"), row("q3", AP="0.0")]
    b = [row("q1", AP="0.75"), row("q4", AP="0.0"), row("q3")]
    [test] = compared(write_results(tmp_path / "r", {"a": a, "b": b})).tests
    assert (test.n, test.n_only_first, test.n_only_second) == (1, 2, 1)
    assert test.difference == pytest.approx(0.25)


def test_every_pair_is_tested_and_the_correction_covers_all_tests(tmp_path: Path) -> None:
    systems = {
        name: [{**cells, "RR": cells["AP"]} for cells in rows] for name, rows in (("a", BAD), ("b", GOOD), ("c", BAD))
    }
    found = compared(write_results(tmp_path / "r", systems))
    assert [(t.measure, t.first, t.second) for t in found.tests] == [
        (measure, first, second) for measure in ("AP", "RR") for first, second in (("a", "b"), ("a", "c"), ("b", "c"))
    ]
    assert all(test.p <= test.p_holm <= 1 for test in found.tests)
    smallest = min(found.tests, key=lambda test: test.p)
    assert smallest.p_holm == pytest.approx(min(1, 6 * smallest.p))


def test_only_the_measures_named_are_tested_whatever_their_case(tmp_path: Path) -> None:
    rows = [{**cells, "nDCG@10": cells["AP"]} for cells in GOOD]
    found = compared(write_results(tmp_path / "r", {"a": rows, "b": rows}), ("NDCG@10", "ndcg@10"))
    assert [test.measure for test in found.tests] == ["nDCG@10"]
    with pytest.raises(UnknownName, match=r"no measures named 'P@1'; have: AP, nDCG@10"):
        compared(tmp_path / "r", ("P@1",))


def test_equal_seeds_give_equal_figures(tmp_path: Path) -> None:
    folder = write_results(tmp_path / "r", {"a": BAD, "b": [*GOOD[20:], *BAD[:20]]})
    assert compared(folder, seed=3).table() == compared(folder, seed=3).table()


def test_questions_with_another_right_answer_are_not_the_same_questions(tmp_path: Path) -> None:
    a = [row("1", Accuracy="1.0", outcome="answered", choice="A", gold="A"), row("2", Accuracy="1.0", gold="B")]
    b = [row("1", Accuracy="0.0", outcome="answered", choice="A", gold="C"), row("2", Accuracy="1.0", gold="B")]
    found = compared(write_results(tmp_path / "r", {"a": a, "b": b}))
    assert (found.n_other_gold, found.tests[0].n, found.harms) == (1, 1, ())


def test_choices_bring_a_report_of_what_changed(tmp_path: Path) -> None:
    a = [row("1", Accuracy="1.0", outcome="answered", choice="A", gold="A")]
    b = [row("1", Accuracy="0.0", outcome="answered", choice="B", gold="A")]
    [(first, second, harm)] = compared(write_results(tmp_path / "r", {"a": a, "b": b})).harms
    assert (first, second, harm.harmed) == ("a", "b", ("1",))


def test_nothing_to_compare_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotComparable, match="needs two systems"):
        compared(write_results(tmp_path / "one", {"a": GOOD}))
    other = [row("x", AP="1.0")]
    with pytest.raises(NotComparable, match="no question and measure in common"):
        compared(write_results(tmp_path / "two", {"a": [row("q", AP="1.0")], "b": other}))


# ── names ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def labels(*names: str) -> list[str]:
    return [contender.label for contender in find_contenders(names)]


def test_systems_are_named_by_folder_name_and_system(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = comparing.results_folder()
    assert results == home / "eval" / "results"
    write_results(results / "old", {"bm25": GOOD, "dense": BAD})
    write_results(results / "new", {"bm25": GOOD})
    write_results(tmp_path / "else:where", {"bm25": GOOD})
    assert labels("old") == ["bm25", "dense"]
    assert labels("old:dense", "old:bm25") == ["dense", "bm25"]
    assert labels("old", "new") == ["old:bm25", "old:dense", "new"]
    assert labels(str(tmp_path / "else:where"), "new:bm25") == ["else:where", "new"]
    monkeypatch.chdir(results)
    assert labels("old/", "./new") == ["old:bm25", "old:dense", "new"]


def test_a_system_named_twice_takes_part_once(home: Path) -> None:
    write_results(comparing.results_folder() / "old", {"bm25": GOOD, "dense": BAD})
    assert labels("old", "old:dense") == ["bm25", "dense"]


def test_two_folders_of_one_name_are_told_apart(home: Path, tmp_path: Path) -> None:
    for place in ("x", "y"):
        write_results(tmp_path / place / "same", {"bm25": GOOD})
    assert labels(str(tmp_path / "x" / "same"), str(tmp_path / "y" / "same")) == [
        str(tmp_path / "x" / "same"),
        str(tmp_path / "y" / "same"),
    ]


def test_names_that_mean_nothing_list_what_there_is(home: Path, tmp_path: Path) -> None:
    write_results(comparing.results_folder() / "old", {"bm25": GOOD})
    with pytest.raises(UnknownName, match=r"no evaluation results named 'odl'; have: old .*ragmed eval"):
        find_contenders(["odl"])
    with pytest.raises(UnknownName, match=r"named 'bm52'; have: bm25"):
        find_contenders(["old:bm52"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingFile, match=r"summary\.json: not there"):
        find_contenders([str(tmp_path / "empty")])
