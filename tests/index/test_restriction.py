"""Which passages a restriction lets through."""

from __future__ import annotations

import datetime
import itertools
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmed.columns import write_array
from ragmed.errors import DamagedIndex, QuestionError
from ragmed.index.passages_store import PassageStore, write_passages
from ragmed.index.restriction import allowed, days, normal, unknown, values
from ragmed.types import Passage, Restriction


def passage(
    source: str = "pubmed",
    licence: str = "CC0",
    kind: str = "document",
    published: str = "",
    types: str | None = None,
    retracted: str = "",
) -> Passage:
    meta = {key: value for key, value in (("publication_types", types), ("retracted", retracted)) if value}
    return Passage("?", "d", 0, 1, "x", "", source, "", licence, published, kind, meta=meta)


def store(folder: Path, passages: Sequence[Passage]) -> PassageStore:
    """The passages, named by their rows."""
    folder.mkdir(exist_ok=True)
    write_passages(
        folder,
        (Passage(**{**{f: getattr(p, f) for f in p.__slots__}, "passage_id": str(i)}) for i, p in enumerate(passages)),
    )
    return PassageStore(folder)


FEW = [
    passage("pubmed", "CC0", "document", "2019-06-15", "Review; Journal Article"),
    passage("HPO", "HPO licence", "disease", "2025-01"),
    passage("pubmed", "CC BY", "document", "2019", "Journal Article", retracted="PMID:7"),
    passage("medquad", "CC BY", "qa", "Spring 2019"),
    passage("medquad", "CC BY", "qa"),
]


@pytest.fixture
def few(tmp_path: Path) -> PassageStore:
    return store(tmp_path / "few", FEW)


@pytest.mark.parametrize(
    ("restriction", "rows"),
    [
        (Restriction(), [0, 1, 2, 3, 4]),
        (Restriction(sources=("pubmed",)), [0, 2]),
        (Restriction(sources=("PubMed", "hpo")), [0, 1, 2]),
        (Restriction(licences=("cc by",)), [2, 3, 4]),
        (Restriction(kinds=("disease", "qa")), [1, 3, 4]),
        (Restriction(publication_types=("journal article",)), [0, 2]),
        (Restriction(publication_types=("review",)), [0]),
        (Restriction(publication_types=("Journal",)), []),
        (Restriction(publication_types=("",)), []),
        (Restriction(retracted=False), [0, 1, 3, 4]),
        (Restriction(retracted=True), [2]),
        (Restriction(sources=("pubmed",), retracted=False), [0]),
        (Restriction(sources=("nowhere",)), []),
        (Restriction(sources=("nowhere", "hpo")), [1]),
        (Restriction(published_from="2019-06-01", published_to="2019-06-30"), [0, 2]),
        (Restriction(published_from="2019-07"), [1, 2]),
        (Restriction(published_from="2020"), [1]),
        (Restriction(published_to="2019-06-14"), [2]),
        (Restriction(published_to="2018"), []),
        (Restriction(published_from="0001"), [0, 1, 2]),
        (Restriction(published_from="2025-01-31"), [1]),
        (Restriction(published_from="2025-02-01"), []),
    ],
)
def test_what_passes(few: PassageStore, restriction: Restriction, rows: list[int]) -> None:
    assert np.flatnonzero(allowed(few, restriction)).tolist() == rows


def test_a_passage_is_given_back_as_it_was_written(few: PassageStore) -> None:
    assert [(p.published, dict(p.meta)) for p in few] == [(p.published, dict(p.meta)) for p in FEW]


def test_no_passage_at_all(tmp_path: Path) -> None:
    empty = store(tmp_path, [])
    assert allowed(empty, Restriction(sources=("pubmed",), published_from="2019", retracted=False)).tolist() == []
    assert values(empty) == {"sources": {}, "licences": {}, "kinds": {}, "publication_types": {}}


def test_the_values_there_are_the_most_frequent_first(few: PassageStore) -> None:
    assert values(few) == {
        "sources": {"medquad": 2, "pubmed": 2, "HPO": 1},
        "licences": {"CC BY": 3, "CC0": 1, "HPO licence": 1},
        "kinds": {"document": 2, "qa": 2, "disease": 1},
        "publication_types": {"Journal Article": 2, "Review": 1},
    }
    assert list(values(few)["sources"]) == ["medquad", "pubmed", "HPO"]


def test_a_type_named_twice_in_a_passage_counts_once(tmp_path: Path) -> None:
    assert values(store(tmp_path, [passage(types="Review; Review;")]))["publication_types"] == {"Review": 1}


def test_values_that_no_passage_has(few: PassageStore) -> None:
    restriction = Restriction(sources=("PubMed", "pubmde"), publication_types=("Letter",), licences=("cc0",))
    assert unknown(few, restriction) == {"sources": ("pubmde",), "publication_types": ("Letter",)}
    assert unknown(few, Restriction(published_from="2031")) == {}


@pytest.mark.parametrize(
    "date", ["2019-13", "2019-00", "2019-6", "2019-02-30", "19", "Spring 2019", "2019/06/01", "٢٠١٩", "2019 ", "0000"]
)
def test_what_is_no_date(tmp_path: Path, date: str) -> None:
    """In a passage it is an unknown date; in a restriction an error that says how to write one."""
    undated = store(tmp_path, [passage(published=date)])
    assert undated[0].published == date
    assert allowed(undated, Restriction()).tolist() == [True]
    assert allowed(undated, Restriction(published_from="0001")).tolist() == [False]
    assert allowed(undated, Restriction(published_to="9999")).tolist() == [False]
    for field in ("published_from", "published_to"):
        with pytest.raises(QuestionError, match=f"{field} = .* is no date; write it as in "):
            allowed(undated, Restriction(**{field: date}))  # type: ignore[arg-type]


def test_a_range_that_ends_before_it_begins(few: PassageStore) -> None:
    with pytest.raises(QuestionError, match="published from 2020 to 2019-12: this ends before it begins"):
        allowed(few, Restriction(published_from="2020", published_to="2019-12"))
    assert allowed(few, Restriction(published_from="2019-06", published_to="2019")).any()


def test_one_string_where_several_are_expected(few: PassageStore) -> None:
    with pytest.raises(QuestionError, match=r"sources = 'pubmed' must be a sequence of values: .*\('pubmed',\)"):
        allowed(few, Restriction(sources="pubmed"))  # type: ignore[arg-type]


def test_restrictions_that_say_the_same_become_equal() -> None:
    one = Restriction(sources=("PubMed", "hpo"), licences=("CC0",), published_from="2019", retracted=False)
    other = Restriction(
        sources=["HPO", "pubmed", "hpo"],  # type: ignore[arg-type]
        licences=("cc0",),
        published_from="2019",
        retracted=False,
    )
    assert normal(one) == normal(other)
    assert hash(normal(one)) == hash(normal(other))


def test_a_column_cut_short_is_damage(tmp_path: Path) -> None:
    damaged = store(tmp_path / "damaged", FEW)
    for codes in ([0, 0], [9, 9, 9, 9, 9]):
        write_array(tmp_path / "damaged" / "retracted.codes.npy", np.array(codes, dtype=np.uint32))
        with pytest.raises(DamagedIndex, match="the column retracted is damaged; rebuild it"):
            allowed(damaged, Restriction(retracted=False))


def test_a_changed_flag_is_damage_of_the_passage(tmp_path: Path) -> None:
    damaged = store(tmp_path / "damaged", FEW)
    write_array(tmp_path / "damaged" / "retracted.codes.npy", np.zeros(5, dtype=np.uint32))
    assert allowed(damaged, Restriction(retracted=False))[2]
    with pytest.raises(DamagedIndex, match="checksum differs"):
        damaged[2]


def calendar(date: str) -> Iterator[datetime.date]:
    """Every day that a date may mean."""
    parts = [int(part) for part in date.split("-")]
    day = datetime.date(parts[0], 1, 1)
    while day.year == parts[0]:
        if parts == [day.year, day.month, day.day][: len(parts)]:
            yield day
        day += datetime.timedelta(days=1)


DATES = st.sampled_from(["2019", "2019-01", "2019-12", "2019-12-31", "2020", "2020-02", "2020-02-29", "2020-03-01"])


@given(date=DATES, limit=DATES)
def test_dates_pass_as_the_calendar_says(date: str, limit: str) -> None:
    bounds, of_limit = days(date), days(limit)
    assert bounds is not None
    assert of_limit is not None
    assert (bounds[1] >= of_limit[0]) == (max(calendar(date)) >= min(calendar(limit)))
    assert (bounds[0] <= of_limit[1]) == (min(calendar(date)) <= max(calendar(limit)))


PASSAGES = st.lists(
    st.builds(
        passage,
        source=st.sampled_from(["hpo", "HPO", "pubmed"]),
        licence=st.sampled_from(["", "CC0", "cc by"]),
        kind=st.sampled_from(["document", "qa"]),
        published=st.one_of(DATES, st.sampled_from(["", "2019-13", "about 2019"])),
        types=st.sampled_from(["", "Review", "review; Letter", "Case Reports;Letter", "Reviewer"]),
        retracted=st.sampled_from(["", "yes", "PMID:1"]),
    ),
    max_size=8,
)


def some(*among: str) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(among), max_size=2).map(tuple)


RESTRICTIONS = st.builds(
    Restriction,
    sources=some("hpo", "PUBMED", "x"),
    licences=some("cc0", "CC BY", ""),
    kinds=some("qa", "x"),
    publication_types=some("REVIEW", "letter", "x"),
    published_from=st.one_of(st.just(""), DATES),
    published_to=st.one_of(st.just(""), DATES),
    retracted=st.sampled_from([None, True, False]),
).filter(
    lambda r: (
        not (r.published_from and r.published_to) or min(calendar(r.published_from)) <= max(calendar(r.published_to))
    )
)
COUNT = itertools.count()


def naive(passage: Passage, restriction: Restriction) -> bool:
    """A restriction read word for word from its documentation, day by day."""

    def among(values: Sequence[str], wanted: Sequence[str]) -> bool:
        return not wanted or any(value.lower() == one.lower() for value in values for one in wanted)

    types = [part.strip() for part in passage.meta.get("publication_types", "").split(";")]
    if not (
        among([passage.source], restriction.sources)
        and among([passage.licence], restriction.licences)
        and among([passage.kind], restriction.kinds)
        and among(types, restriction.publication_types)
    ):
        return False
    if restriction.retracted is not None and ("retracted" in passage.meta) != restriction.retracted:
        return False
    if not (restriction.published_from or restriction.published_to):
        return True
    if days(passage.published) is None:
        return False
    first = min(calendar(restriction.published_from)) if restriction.published_from else datetime.date.min
    last = max(calendar(restriction.published_to)) if restriction.published_to else datetime.date.max
    return any(first <= day <= last for day in calendar(passage.published))


@given(passages=PASSAGES, restriction=RESTRICTIONS)
def test_columns_decide_as_the_passages_read_one_by_one(
    tmp_path_factory: pytest.TempPathFactory, passages: list[Passage], restriction: Restriction
) -> None:
    folder = tmp_path_factory.getbasetemp() / f"restriction{next(COUNT)}"
    try:
        opened = store(folder, passages)
        assert allowed(opened, restriction).tolist() == [naive(p, restriction) for p in passages]
    finally:
        shutil.rmtree(folder)
