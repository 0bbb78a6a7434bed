"""Splitting by headings."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ragmed.passages.sections import Sections
from ragmed.types import Document, Section


def document(*parts: tuple[str, str, str] | tuple[str, str]) -> Document:
    """Of (title, text) or (title, text, page); a title "-" gives no section."""
    text, sections = "", []
    for title, content, *page in parts:
        if title != "-":
            sections.append(Section(len(text), title, page[0] if page else ""))
        text += content + "\n\n"
    return Document("d", "T", text, "s", "u", "CC0", sections=tuple(sections))


def split(document: Document, max_chars: int = 40, pages: bool = False) -> list[tuple[str, str]]:
    return [(p.section, p.text) for p in Sections(max_chars, pages).split(document)]


def test_short_sections_of_one_heading_are_packed() -> None:
    paper = document(
        ("Methods > People", "Ten men."), ("Methods > Tests", "Two tests."), ("Methods > Place", "At home, daily.")
    )
    assert split(paper) == [("Methods > People", "Ten men.\n\nTwo tests.\n\nAt home, daily.")]
    assert split(paper, 25) == [
        ("Methods > People", "Ten men.\n\nTwo tests."),
        ("Methods > Place", "At home, daily."),
    ]


def test_two_top_level_sections_are_never_in_one_passage() -> None:
    paper = document(("-", "Lead."), ("Methods", "Ten."), ("Results > A", "Six."), ("Results > B", "Four."))
    assert split(paper) == [("", "Lead."), ("Methods", "Ten."), ("Results > A", "Six.\n\nFour.")]


def test_a_long_section_is_cut_between_sentences() -> None:
    paper = document(("Results", "One was ill. Two were well. Three were not seen."), ("Results > More", "And so on."))
    assert split(paper, 30) == [
        ("Results", "One was ill. Two were well."),
        ("Results", "Three were not seen."),
        ("Results > More", "And so on."),
    ]


def test_a_new_page_begins_no_passage_unless_asked() -> None:
    book = document(("Heart", "It beats.", "3"), ("Heart", "It rests.", "4"))
    (passage,) = Sections().split(book)
    assert (passage.text, passage.section, passage.page) == ("It beats.\n\nIt rests.", "Heart", "3–4")
    assert split(book, pages=True) == [("Heart", "It beats."), ("Heart", "It rests.")]
    sheets = document(("", "One.", "1"), ("", "Two.", "2"))
    assert [p.page for p in Sections().split(sheets)] == ["1–2"]
    assert [p.page for p in Sections(pages=True).split(sheets)] == ["1", "2"]


def test_without_sections_it_cuts_between_sentences() -> None:
    assert split(document(("-", "One was ill. Two were well. Three were not seen.")), 30) == [
        ("", "One was ill. Two were well."),
        ("", "Three were not seen."),
    ]


def test_empty_sections_and_such_beyond_the_end_give_nothing() -> None:
    text = "Only this."
    sections = (Section(0, "A"), Section(10, "B"), Section(10, "C"), Section(99, "D"))
    found = list(Sections().split(Document("d", "T", text, "s", "u", "CC0", sections=sections)))
    assert [(p.section, p.text) for p in found] == [("A", "Only this.")]


@given(
    st.text(alphabet="aB. \n", max_size=200),
    st.lists(
        st.tuples(st.integers(0, 200), st.sampled_from(["", "A", "A > B", "C"]), st.sampled_from("12")), max_size=9
    ),
    st.integers(1, 60),
    st.booleans(),
)
def test_nothing_is_lost_or_mixed(text: str, places: list[tuple[int, str, str]], max_chars: int, pages: bool) -> None:
    sections = tuple(Section(start, title, page) for start, title, page in sorted(places))
    whole = Document("d", "T", text, "s", "u", "CC0", sections=sections)
    passages = list(Sections(max_chars, pages).split(whole))
    assert all(text[p.start : p.end] == p.text and p.text.strip() for p in passages)
    assert "".join("".join(p.text.split()) for p in passages) == "".join(text.split())
    for passage in passages:
        starts = [s for s in sections if passage.start < s.start < passage.end and text[s.start : passage.end].strip()]
        tops = {s.title.split(" > ")[0] for s in starts if text[s.start : _next(sections, s, len(text))].strip()}
        assert tops <= {passage.section.split(" > ")[0]}


def _next(sections: tuple[Section, ...], section: Section, end: int) -> int:
    return next((s.start for s in sections[sections.index(section) + 1 :]), end)
