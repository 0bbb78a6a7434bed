"""What a corpus holds, counted once, and the page that shows it."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from ragmed import charts
from ragmed.collection import statistics
from ragmed.collection.statistics import Lengths, Tally, count_words, measure
from ragmed.collection.statistics_page import write_page
from ragmed.report import Report
from ragmed.types import Document, Section


def document(text: str = "Fever is a sign.", **fields: object) -> Document:
    plain = Document("d", "Title", text, "nih", "https://example.org/d", "CC BY 4.0")
    return replace(plain, **fields)  # type: ignore[arg-type]


def test_documents_words_and_characters_are_counted() -> None:
    found = measure([document(), document("One  two\n\nthree"), document("")])
    assert (found.n_documents, found.n_words, found.n_characters) == (3, 7, 31)
    assert found.n_empty == 1


def test_a_long_text_is_counted_as_a_short_one_is(monkeypatch: pytest.MonkeyPatch) -> None:
    text = " one\ttwo\n\nthree four "
    monkeypatch.setattr(statistics, "_PIECE", 5)
    assert count_words(text) == len(text.split()) == 4


def test_equal_texts_are_counted_from_the_second_on_and_empty_ones_never() -> None:
    found = measure([document("A b."), document("A b."), document("A b."), document("C."), document(""), document("")])
    assert found.n_equal_texts == 2


def test_percentiles_are_lengths_that_occur() -> None:
    lengths = Lengths()
    for n in range(1, 101):
        lengths.add(n)
    assert (lengths.percentile(50), lengths.percentile(95), lengths.max, lengths.mean) == (50, 95, 100, 50.5)
    assert Lengths().percentile(50) == 0


def test_long_lengths_are_rounded_by_less_than_a_thousandth() -> None:
    for n in (5000, 123_457, 99_999_999):
        lengths = Lengths()
        lengths.add(n)
        assert 0 <= n - lengths.percentile(50) < n / 1000
        assert lengths.max == n


def test_the_histogram_holds_every_document() -> None:
    lengths = Lengths()
    for n in [0, 1, 2, 4, 5, 9, 10, 19, 20, 49, 50, 99, 100, 4999, 1_000_000]:
        lengths.add(n)
    bins = dict(lengths.histogram())
    assert sum(bins.values()) == 15
    assert (bins["0"], bins["2–4"], bins["10–19"], bins["50–99"]) == (1, 2, 2, 2)
    assert (bins["2,000–4,999"], bins["500,000–999,999"]) == (1, 0)
    assert list(bins)[-1] == "1,000,000–1,999,999"


def test_dates_count_by_year_and_unknown_ones_apart() -> None:
    found = measure([document(published=date) for date in ("2024-01-16", "2024", "", "20241", "undated")])
    assert found.years.counts == {"2024": 2}
    assert found.n_undated == 3


@pytest.mark.parametrize(
    ("years", "periods"),
    [
        (("2001", "2003"), [("2001", 1), ("2002", 0), ("2003", 1)]),
        (("1969", "2003"), [("1960s", 1), ("1970s", 0), ("1980s", 0), ("1990s", 0), ("2000s", 1)]),
        ((), []),
    ],
)
def test_few_years_stand_alone_and_many_by_decades(years: tuple[str, ...], periods: list[tuple[str, int]]) -> None:
    assert measure([document(published=year) for year in years]).by_period() == periods


def test_impossible_years_do_not_make_a_chart_without_end() -> None:
    assert len(measure([document(published="0001"), document(published="9999")]).by_period()) == 100


def test_licences_count_by_what_they_permit() -> None:
    found = measure([document(licence=name) for name in ("CC BY 4.0", "CC0", "CC BY-NC 4.0", "ask the librarian")])
    assert found.table()["commercial_use"] == {"yes": 2, "no": 1, "unknown": 1}
    assert found.licences.counts["CC0"] == 1


def test_what_only_some_documents_have_is_counted() -> None:
    meta = {"language": "en", "publication_types": "Review; Journal Article", "journal": "BMC; Bioinformatics"}
    found = measure(
        [
            document(meta=meta, question="What?", sections=(Section(0, "A"),)),
            document(meta={"retracted": "PMID:1", "publication_types": "Review; Review"}),
        ]
    )
    assert (found.n_qa_pairs, found.n_with_sections, found.n_retracted) == (1, 1, 1)
    assert found.publication_types.most_common() == [("Review", 2), ("Journal Article", 1)]
    assert found.journals.most_common() == [("BMC; Bioinformatics", 1)]
    assert found.languages.most_common() == [("en", 1)]


def test_a_tally_holds_so_many_values_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "N_VALUES", 2)
    tally = Tally()
    for value in ("a", "b", "c", "b", "d", "x" * 1000):
        tally.add(value)
    assert tally.table(1) == {"values": {"b": 2}, "n_distinct": 2, "distinct_is_lower_bound": True, "n_in_others": 4}


def test_an_empty_corpus_has_statistics() -> None:
    found = measure([])
    assert found.table()["words_per_document"] == {"mean": 0, "median": 0, "p95": 0, "max": 0, "histogram": {}}
    assert "Corpus nothing" in write_page("nothing", found)


# ── the page ──────────────────────────────────────────────────────────────────────────────────────────────────────


class Page(HTMLParser):
    """The tags of a page, with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


HOSTILE = '<script>alert(1)</script>"&\x00\x1b[31m\ud800'


def hostile_page() -> str:
    report = Report()
    report.skip(HOSTILE, HOSTILE)
    meta = dict.fromkeys(("language", "publication_types", "journal"), HOSTILE)
    documents = [document(source=HOSTILE, kind=HOSTILE, licence=HOSTILE, meta=meta, published="2024")]
    return write_page(HOSTILE, measure(documents), report)


def test_the_page_needs_nothing_but_itself() -> None:
    tags = Page(hostile_page()).tags
    assert not [tag for tag, _ in tags if tag in ("script", "link", "img", "iframe", "object")]
    addresses = [v for _, attributes in tags for k, v in attributes.items() if k in ("src", "href", "srcset")]
    assert addresses == []


def test_nothing_of_a_source_becomes_markup_or_cannot_be_written() -> None:
    page = hostile_page()
    assert "<script" not in page
    assert "\x00" not in page
    assert "\x1b" not in page
    page.encode("utf-8")


def test_every_chart_says_in_words_what_it_shows() -> None:
    page = hostile_page()
    charts_on_it = page.split("<svg")[1:]
    assert len(charts_on_it) == 8
    ids = [attributes["id"] for _, attributes in Page(page).tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for chart in charts_on_it:
        element = ElementTree.fromstring("<svg" + chart.split("</svg>")[0] + "</svg>")
        labels = element.get("aria-labelledby", "").split()
        assert element.get("role") == "img"
        assert [child.get("id") for child in element[:2]] == labels
        assert all(child.text for child in element[:2])


def test_the_build_report_is_on_the_page() -> None:
    report = Report()
    report.skip("no abstract", "PMID:1", n=12)
    report.keep(3)
    page = write_page("c", measure([document()]), report)
    assert "15 items read, 3 kept, 12 skipped" in page
    assert "<td>no abstract</td>" in page


def test_a_bar_is_as_long_as_its_figure() -> None:
    chart = charts.bar_chart("Bars", [("a", 10), ("b", 5), ("c", 0)], of=20)
    widths = [float(a["width"] or 0) for tag, a in Page(chart).tags if tag == "rect"]
    assert widths[0] == pytest.approx(2 * widths[1], abs=0.1)
    assert widths[2] == 0
    assert "10 (50.0%)" in chart


def test_columns_without_a_figure_and_charts_without_a_column() -> None:
    heights = [
        float(a["height"] or 0) for tag, a in Page(charts.column_chart("C", [("x", 0), ("y", 0)])).tags if tag == "rect"
    ]
    assert heights == [0, 0]
    assert "no figures" in charts.column_chart("None", [])
