"""Filters that decide by what a document says of itself: retraction, kind, date, licence."""

from __future__ import annotations

from typing import Any

import pytest

from ragmed import catalog
from ragmed.errors import RecipeError
from ragmed.filters.ids import Ids
from ragmed.filters.kinds import Kinds
from ragmed.filters.licence import Licence
from ragmed.filters.published import Published
from ragmed.filters.retracted import Retracted
from ragmed.types import Document


def document(**fields: Any) -> Document:
    given = {"doc_id": "d", "title": "", "text": "Text.", "source": "s", "url": "u", "licence": "CC0"} | fields
    return Document(**given)


def test_retracted_documents_are_refused() -> None:
    documents = [document(meta={"retracted": "PMID:2"}), document(meta={}), document(meta={"retracted": ""})]
    assert Retracted().refuse(documents) == ["retracted", "", ""]


def test_kinds_are_kept_or_dropped_by_name() -> None:
    documents = [document(kind=kind) for kind in ("qa", "abstract", "document")]
    assert Kinds().refuse(documents) == ["", "", ""]
    assert Kinds(keep=("abstract",)).refuse(documents) == ["of another kind", "", "of another kind"]
    assert Kinds(drop=("qa",)).refuse(documents) == ["of another kind", "", ""]
    assert Kinds(keep=("qa",), drop=("qa",)).refuse(documents) == ["of another kind"] * 3


def test_ids_are_kept_by_their_beginning() -> None:
    documents = [document(doc_id=doc_id) for doc_id in ("OMIM:1", "ORPHA:1", "omim:1", "DECIPHER:1")]
    assert Ids().refuse(documents) == [""] * 4
    assert Ids(prefixes=("OMIM:",)).refuse(documents) == ["", *["of another id"] * 3]
    assert Ids(prefixes=("OMIM:", "ORPHA:")).refuse(documents) == ["", "", *["of another id"] * 2]


@pytest.mark.parametrize(
    ("published", "reason"),
    [
        ("2014-12-31", "published too early"),
        ("2014", "published too early"),
        ("2015-05", "published too early"),
        ("2015-06", ""),
        ("2015", ""),
        ("2015-06-01", ""),
        ("2018", ""),
        ("2020-12-31", ""),
        ("2021", "published too late"),
        ("2021-01-01", "published too late"),
    ],
)
def test_dates_are_compared_as_far_as_both_are_known(published: str, reason: str) -> None:
    assert Published(since="2015-06", until="2020").refuse([document(published=published)]) == [reason]


@pytest.mark.parametrize("published", ["", "spring 2020", "n.d."])
def test_a_document_without_a_date_is_kept_unless_asked(published: str) -> None:
    assert Published(since="2015").refuse([document(published=published)]) == [""]
    assert Published(since="2015", keep_unknown=False).refuse([document(published=published)]) == [
        "date of publication not known"
    ]


def test_without_limits_every_date_passes() -> None:
    assert Published().refuse([document(published=date) for date in ("1809", "2026-01-01")]) == ["", ""]


@pytest.mark.parametrize("date", ["15", "2015-6", "June 2015", "2015-06-30T00:00"])
def test_a_limit_that_is_no_date_is_an_error_in_the_recipe(date: str) -> None:
    with pytest.raises(RecipeError, match="is no date"):
        catalog.make("filters", {"name": "published", "since": date}, "test")


@pytest.mark.parametrize(
    ("licence", "reason"),
    [
        ("CC BY 4.0", ""),
        ("CC BY-NC 4.0", "licence forbids commercial use"),
        ("as the publisher says", "licence not known to permit commercial use"),
        (" ", "no licence stated"),
    ],
)
def test_by_default_only_licences_known_to_permit_commercial_use_pass(licence: str, reason: str) -> None:
    assert Licence().refuse([document(licence=licence)]) == [reason]


def test_a_list_names_the_licences_that_pass() -> None:
    filter_ = catalog.make("filters", {"name": "licence", "allow": ["CC BY", "HPO licence"]}, "test")
    documents = [document(licence=name) for name in ("CC BY 3.0", "HPO licence", "CC BY-SA 4.0", "CC0", "")]
    assert filter_.refuse(documents) == ["", "", "licence not allowed", "licence not allowed", "no licence stated"]


def test_any_other_word_for_the_rule_is_an_error_in_the_recipe() -> None:
    with pytest.raises(RecipeError, match="allow"):
        catalog.make("filters", {"name": "licence", "allow": "comercial"}, "test")
