"""The report of an evaluation: whole, self-contained, and not flattering."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from ragmed import charts
from ragmed.errors import DamagedFile
from ragmed.evaluation.compare import compare, contenders_of
from ragmed.evaluation.leakage import leakage
from ragmed.evaluation.report import measures_in_order, report_page, write_report
from ragmed.evaluation.report_of_comparison import comparison_page
from ragmed.evaluation.results import read_results
from ragmed.types import Answer, Document, Query, Question
from tests.results_for_tests import row, write_results

HOSTILE = '<script>alert(1)</script>"&\x00\x1b[31m'


def answered(query_id: str, choice: str, confidence: float, outcome: str = "answered") -> dict[str, str]:
    right = outcome == "answered" and choice == "A"
    cells = {"Accuracy": repr(float(right)), "Accuracy (legacy)": repr(float(right or outcome == "unparsed"))}
    return row(query_id, outcome=outcome, choice=choice, gold="A", confidence=repr(confidence), **cells)


CHOICES = [
    answered("q1", "A", 0.9),
    answered("q2", "B", 0.8),
    answered("q3", "C", 0.3),
    answered("q4", "", 0.1, "abstained"),
    answered("q5", "", 0.0, "unparsed"),
    answered("q6", "", 0.0, "failed"),
]
RANKED = [row(f"q{i}", group="ab"[i % 2], **{"P@5": repr(i / 10), "nDCG@10": repr(1 - i / 10)}) for i in range(11)]


class Page(HTMLParser):
    """The tags of a page, with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def page_of(folder: Path) -> str:
    return report_page(read_results(folder))


def rows_of(page: str) -> list[list[str]]:
    """The cells of every table's rows."""
    return [
        [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", line)]
        for line in re.findall(r"<tr>(.*?)</tr>", page)
    ]


@pytest.fixture
def choices(tmp_path: Path) -> Path:
    answers = [Answer("q2", "Which one?", "It is B [1].", (), (), "answered", "B", 0.8)]
    without = [answered(f"q{i}", "A", 0.5) for i in range(1, 7)]
    return write_results(tmp_path / "choices", {"direct": without, "with": CHOICES}, answers=answers)


@pytest.fixture
def ranked(tmp_path: Path) -> Path:
    other = [{**cells, "nDCG@10": "0.5"} for cells in RANKED]
    texts = {"q10": "What has the lowest figure?"}
    return write_results(tmp_path / "ranked", {"bm25": RANKED, "dense": other}, texts=texts)


def hostile(tmp_path: Path) -> str:
    rows = [row("q1", group=HOSTILE, **{HOSTILE: "0.5"}), row("q2", group="b", **{HOSTILE: "0.25"})]
    folder = write_results(
        tmp_path / "h",
        {"s&<b>": rows, 's"': rows},
        texts={"q1": HOSTILE},
        name=HOSTILE,
        description=HOSTILE,
        published=[{"measure": HOSTILE, "value": 0.1, "name": HOSTILE, "source": HOSTILE}],
        recipe={HOSTILE: HOSTILE},
        index_card={HOSTILE: HOSTILE},
        versions={HOSTILE: HOSTILE},
        report={"n_read": 1, "n_kept": 0, "skipped": {HOSTILE: {"n": 1, "examples": [HOSTILE]}}, "notes": {}},
    )
    return page_of(folder)


def test_the_report_needs_nothing_but_itself(choices: Path, ranked: Path) -> None:
    for folder in (choices, ranked):
        path = write_report(folder)
        assert path == folder / "report.html"
        tags = Page(path.read_text(encoding="utf-8")).tags
        assert not [tag for tag, _ in tags if tag in ("script", "link", "img", "iframe", "object")]
        assert not [k for _, attributes in tags for k in attributes if k in ("src", "href", "srcset")]
    assert sorted(path.name for path in ranked.iterdir() if path.is_file()) == [
        "questions.jsonl",
        "report.html",
        "summary.json",
    ]


def test_two_reports_of_the_same_results_are_the_same(ranked: Path) -> None:
    assert page_of(ranked) == page_of(ranked)


def test_nothing_of_the_results_becomes_markup(tmp_path: Path) -> None:
    page = hostile(tmp_path)
    assert "<script" not in page
    assert "\x00" not in page
    assert "\x1b" not in page
    assert "<b>" not in page


def test_every_chart_is_well_formed_and_says_what_it_shows(choices: Path, ranked: Path, tmp_path: Path) -> None:
    for page in (page_of(choices), page_of(ranked), hostile(tmp_path)):
        drawn = page.split("<svg")[1:]
        assert drawn
        ids = [attributes["id"] for _, attributes in Page(page).tags if "id" in attributes]
        assert len(ids) == len(set(ids))
        for chart in drawn:
            element = ElementTree.fromstring("<svg" + chart.split("</svg>")[0] + "</svg>")
            assert [child.get("id") for child in element[:2]] == element.get("aria-labelledby", "").split()
            assert all(child.text for child in element[:2])


def test_every_mean_stands_with_its_interval_and_number(ranked: Path) -> None:
    rows = rows_of(page_of(ranked))
    assert ["nDCG@10", "bm25", "0.5000", "[0.4000, 0.6000]", "11", "questions"] in rows
    grouped = [cells for cells in rows if cells[:2] == ["a", "bm25"]]
    assert len(grouped) == 2
    for cells in grouped:
        assert re.fullmatch(r"\[\d\.\d{4}, \d\.\d{4}\]", cells[3])
        assert cells[4] == "6"


def test_the_mean_of_groups_is_said_to_be_one(tmp_path: Path) -> None:
    folder = write_results(tmp_path / "macro", {"s": RANKED})
    text = (folder / "summary.json").read_text(encoding="utf-8")
    (folder / "summary.json").write_text(text.replace('"macro": false', '"macro": true'), encoding="utf-8")
    assert ["nDCG@10", "s", "0.5000", "[0.4000, 0.6000]", "11", "groups"] in rows_of(page_of(folder))


def test_an_interval_without_width_is_not_certainty(tmp_path: Path) -> None:
    folder = write_results(tmp_path / "r", {"s": [row("q1", AP="1.0"), row("q2", AP="1.0")]})
    assert "it is no certainty" not in page_of(folder)
    text = (folder / "summary.json").read_text(encoding="utf-8")
    (folder / "summary.json").write_text(text.replace('"low": 0.9', '"low": 1.0'), encoding="utf-8")
    assert "it is no certainty" in page_of(folder)


def test_a_legacy_figure_stands_after_its_strict_one(tmp_path: Path) -> None:
    cells = {"Accuracy (legacy)": "1.0", "P@5": "1.0", "Accuracy": "0.0", "Legacy F1": "1.0"}
    results = read_results(write_results(tmp_path / "r", {"s": [row("q", **cells)]}))
    assert measures_in_order(results) == ["P@5", "Accuracy", "Accuracy (legacy)", "Legacy F1"]
    assert "takes a reply that it cannot read" in report_page(results)


def test_abstained_unparsed_and_failed_are_counted_apart(choices: Path) -> None:
    rows = rows_of(page_of(choices))
    assert ["system", "right", "wrong", "abstained", "unparsed", "failed", "all"] in rows
    assert ["with", "1", "2", "1", "1", "1", "6"] in rows
    [shares] = [cells for cells in rows if cells[0] == "with" and cells[-1] == "50.0%"]
    assert shares[1].startswith("16.7 % [")
    assert shares[2].startswith("33.3 % [")


def test_answers_without_a_known_right_one_have_outcomes_only(tmp_path: Path) -> None:
    rows = [row("q1", F1="0.5", outcome="answered", confidence="0.5"), row("q2", F1="0.0", outcome="abstained")]
    page = page_of(write_results(tmp_path / "free", {"s": rows}))
    assert "answered 1, abstained 1, unparsed 0, failed 0" in page
    assert "Calibration" not in page


def test_calibration_is_of_answers_given(choices: Path) -> None:
    page = page_of(choices)
    # |0.9 − 1| + |0.8 − 0| + |0.3 − 0|, a third each.
    assert "Reliability of with: 3 answers, expected calibration error 0.400" in page
    assert ["0.800", "0.000", "[0.000, 0.793]", "1"] in rows_of(page)
    assert "with: from 0.000 at 0.167 to 0.667 at 0.5" in page


def test_published_figures_stand_with_difference_and_source(tmp_path: Path) -> None:
    published = [
        {"measure": "nDCG@10", "system": "s", "group": "", "value": 0.45, "name": "BM25", "source": "Li 2025"},
        {"measure": "nDCG@10", "system": "s", "group": "a", "value": 0.999, "source": "Li 2025"},
        {"measure": "AP", "system": "", "group": "", "value": 0.1},
    ]
    rows = rows_of(page_of(write_results(tmp_path / "p", {"s": RANKED}, published=published)))
    assert ["nDCG@10", "s", "0.5000 [0.4000, 0.6000]", "0.4500", "+0.0500", "yes", "BM25 — Li 2025"] in rows
    [of_group] = [cells for cells in rows if cells[0] == "nDCG@10 of a" and len(cells) == 7]
    assert (of_group[4], of_group[5]) == ("-0.4990", "no")
    assert ["AP", "s", "not measured", "0.1000", "", "", ""] in rows


def test_expected_figures_that_do_not_hold_are_said_first(tmp_path: Path) -> None:
    entry = {"system": "s", "measure": "AP", "group": "", "value": 0.5, "tolerance": 0.01}
    expected = [entry | {"measured": 0.4, "ok": False}, entry | {"measured": None, "ok": False}]
    page = page_of(write_results(tmp_path / "e", {"s": RANKED}, expected=expected))
    assert "2 of 2 expected figures are out of their tolerance." in page
    assert ["AP", "s", "0.4000", "0.5000", "± 0.01", "NO"] in rows_of(page)
    assert ["AP", "s", "not measured", "0.5000", "± 0.01", "NO"] in rows_of(page)


def test_a_trial_and_what_was_skipped_are_said(tmp_path: Path) -> None:
    report = {"n_read": 13, "n_kept": 11, "skipped": {"no text": {"n": 2, "examples": ["x:1"]}}, "notes": {}}
    page = page_of(write_results(tmp_path / "t", {"s": RANKED}, limit=11, report=report))
    assert "A trial: only the first 11 questions were asked." in page
    assert "2 items of the benchmark could not be used" in page
    assert ["no text", "2", "x:1"] in rows_of(page)


def test_systems_are_compared_pair_by_pair(ranked: Path) -> None:
    page = page_of(ranked)
    assert "nDCG@10: difference of the means, with its 95 % interval" in page
    assert "over the 2 tests above" in page
    assert "11 points: 5 above the diagonal, 5 below, the rest on it" in page


def test_one_system_alone_is_compared_with_nothing(tmp_path: Path) -> None:
    page = page_of(write_results(tmp_path / "one", {"s": RANKED}))
    assert "Systems compared" not in page
    assert "Harm and help" not in page


def test_harm_is_told_from_the_first_system_or_the_one_named(choices: Path) -> None:
    page = page_of(choices)
    assert "only where direct retrieves nothing does this tell what retrieval harmed" in page
    assert "Of 6 questions, 2 went from right to wrong and 0 from wrong to right" in page
    assert "From right to wrong: q2, q3." in page
    path = choices / "summary.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | {"without_retrieval": "direct"}))
    assert "From direct, which retrieves nothing" in page_of(choices)


def test_the_most_confident_wrong_answers_are_printed(choices: Path) -> None:
    rows = rows_of(page_of(choices))
    first = next(i for i, cells in enumerate(rows) if cells[0] == "q2")
    assert rows[first] == ["q2", "0.80", "B (right: A)", "Which one? → It is B [1]."]
    assert rows[first + 1] == ["q3", "0.30", "C (right: A)", "–"]


def test_the_lowest_figures_are_printed_with_their_questions(ranked: Path) -> None:
    rows = rows_of(page_of(ranked))
    assert ["q10", "0.0000", "What has the lowest figure?"] in rows


def test_without_texts_the_report_says_so(tmp_path: Path) -> None:
    assert "does not hold the texts of the questions" in page_of(write_results(tmp_path / "r", {"s": RANKED}))


def test_long_texts_are_cut(tmp_path: Path) -> None:
    page = page_of(write_results(tmp_path / "r", {"s": RANKED}, texts={"q10": "word " * 1000}))
    [asked] = [cells[2] for cells in rows_of(page) if cells[:2] == ["q10", "0.0000"] and len(cells) == 3]
    assert len(asked) <= 702
    assert asked.endswith(" …")


def test_costs_are_printed_by_system(choices: Path) -> None:
    (choices / "with" / "cost.json").write_text('{"latency_s": {"p50": 0.25}, "n_calls": 1200}')
    rows = rows_of(page_of(choices))
    assert ["latency s: p50", "–", "0.25"] in rows
    assert ["n calls", "–", "1,200"] in rows


def test_card_recipe_versions_and_seed_are_on_the_page(tmp_path: Path) -> None:
    summary: dict[str, Any] = {
        "index_card": {"index_id": "abc"},
        "recipe": {"benchmark": {"name": "beir"}},
        "versions": {"ragmed": "0.1.0"},
    }
    page = Page(page_of(write_results(tmp_path / "r", {"s": RANKED}, **summary))).text
    for said in ('"index_id": "abc"', '"name": "beir"', "0.1.0", "Seed 7."):
        assert said in page


def test_a_damaged_folder_gives_no_report(ranked: Path) -> None:
    (ranked / "dense" / "per_question.tsv").write_text("query_id\tgroup\n")
    with pytest.raises(DamagedFile):
        write_report(ranked)
    assert not (ranked / "report.html").exists()


def test_a_comparison_page_stands_alone(choices: Path) -> None:
    page = comparison_page(compare(contenders_of(read_results(choices)), n_resamples=200))
    assert "Comparison of direct, with" in page
    assert "went from right to wrong" in page


# ── leakage ───────────────────────────────────────────────────────────────────────────────────────────────────────

ASKED = "Which hormone made by the pancreas lowers the concentration of glucose in the blood?"


def test_leakage_names_the_questions_that_stand_in_the_documents() -> None:
    questions = [
        Question(Query("q1", ASKED, {"A": "Insulin", "B": "Glucagon"}), group="g", choice="A"),
        Question(Query("q2", "Which gland lies in front of the trachea and makes thyroxine?"), group="g", choice="yes"),
    ]
    found = leakage(questions, [Document("d1", "T", f"{ASKED} Insulin.", "s", "", "CC0")])
    assert (found["query_ids"], found["n_documents"], found["n_hits"]) == (["q1"], 1, 1)
    assert (found["groups"]["g"]["n_questions"], found["groups"]["g"]["n_with_answer"]) == (2, 1)
    assert json.loads(json.dumps(found)) == found


def test_measures_are_told_without_the_questions_found(tmp_path: Path) -> None:
    questions = [Question(Query("q0", ASKED))]
    found = leakage(questions, [Document("d1", "T", ASKED, "s", "", "CC0")])
    page = page_of(write_results(tmp_path / "l", {"s": RANKED}, leakage=found))
    assert "1 of 11 questions stand in what was searched" in page
    [cells] = [
        cells for cells in rows_of(page) if cells[:2] == ["nDCG@10", "s"] and len(cells) == 6 and cells[5] == "10"
    ]
    assert (cells[2], cells[3]) == ("0.5000", "0.4500")


def test_an_audit_that_was_not_made_is_said(ranked: Path) -> None:
    assert "Not looked into" in page_of(ranked)


# ── charts ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_bar_with_an_interval_begins_at_zero_on_either_side() -> None:
    chart = charts.interval_chart("B", [("up", 0.5, 0.25, 1.0), ("down", -0.25, -0.5, 0.0)])
    bars = [(float(a["x"] or 0), float(a["width"] or 0)) for tag, a in Page(chart).tags if tag == "rect"]
    assert bars[0][1] == pytest.approx(2 * bars[1][1], abs=0.2)
    assert bars[1][0] + bars[1][1] == pytest.approx(bars[0][0], abs=0.2)
    assert "up: 0.500, from 0.250 to 1.000" in chart


def test_parts_fill_a_stacked_bar_by_their_shares() -> None:
    chart = charts.stacked_chart("S", [("a", {"x": 3, "y": 1}), ("none", {})], ["x", "y"])
    widths = [float(a["width"] or 0) for tag, a in Page(chart).tags if tag == "rect"][2:]
    assert widths[0] == pytest.approx(3 * widths[1], abs=0.3)
    assert widths[2:] == [0, 0]


def test_more_parts_than_can_be_told_apart_are_refused() -> None:
    with pytest.raises(ValueError, match="tells 5 apart"):
        charts.stacked_chart("S", [], list("abcdef"))
    with pytest.raises(ValueError, match="tells 5 apart"):
        charts.line_chart("L", {str(i): [] for i in range(6)}, x_label="x", y_label="y")


def test_points_that_fall_together_make_a_larger_one() -> None:
    chart = charts.scatter_chart("P", [(0.5, 0.5)] * 4 + [(0.1, 0.9)], x_label="x", y_label="y")
    radii = sorted(float(a["r"] or 0) for tag, a in Page(chart).tags if tag == "circle")
    assert radii == [3.0, 6.0]


def test_a_long_line_keeps_its_ends() -> None:
    line = [(float(i), float(i % 7)) for i in range(100_000)]
    chart = charts.line_chart("L", {"a": line}, x_label="x", y_label="y")
    assert len(chart) < 20_000
    assert "from 0.000 at 0 to 4.000 at 1e+05" in chart


@pytest.mark.parametrize("points", [[], [(0.0, 0.0)], [(3.0, 3.0), (3.0, 3.0)]])
def test_charts_of_little_or_nothing_are_charts(points: list[tuple[float, float]]) -> None:
    for chart in (
        charts.scatter_chart("P", points, x_label="x", y_label="y"),
        charts.line_chart("L", {"a": points}, x_label="x", y_label="y", from_zero=False, steps=True),
        charts.reliability_chart("R", []),
        charts.interval_chart("I", []),
        charts.stacked_chart("S", [], ["a"]),
    ):
        ElementTree.fromstring(chart[chart.index("<svg") : chart.index("</svg>")] + "</svg>")
        assert "nan" not in chart
        assert "inf" not in chart
