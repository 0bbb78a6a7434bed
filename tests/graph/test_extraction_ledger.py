"""The file of passages read: what is in it is not read again, whatever happened while it was written."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ragmed.errors import DamagedFile, RecipeError
from ragmed.graph.extraction import Reading
from ragmed.graph.ledger import Ledger
from ragmed.types import Edge, Node
from tests.graph.extraction_for_tests import passage_of

MADE_WITH = {"graph": "g1", "patterns": 1}
ONE, TWO = passage_of("Gout.", "d1"), passage_of("Fever.", "d2")
READING = Reading(
    ONE.passage_id,
    "d1",
    "2020",
    (Edge("D:a", "treats", "TEXT:b", "text", evidence=(ONE.passage_id,), confidence=0.5, quote="Gout."),),
    (Node("TEXT:b", "b", "other", "text"),),
    ((("D:a", "D:c"), "Gout."), (("D:a",), "")),
)


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    Ledger(tmp_path / "read", MADE_WITH).add(ONE, READING)
    again = Ledger(tmp_path / "read", MADE_WITH)
    assert list(again.readings()) == [READING]
    assert (again.holds(ONE), again.holds(TWO)) == (True, False)


@pytest.mark.parametrize("changed", [replace(ONE, text="Gout!"), replace(ONE, published="2021")])
def test_a_passage_that_changed_is_read_again(tmp_path: Path, changed: object) -> None:
    ledger = Ledger(tmp_path / "read", MADE_WITH)
    ledger.add(ONE, READING)
    assert not ledger.holds(changed)  # type: ignore[arg-type]
    ledger.add(changed, replace(READING, statements=()))  # type: ignore[arg-type]
    assert [reading.statements for reading in Ledger(tmp_path / "read", MADE_WITH).readings()] == [()]


def test_a_line_that_was_cut_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "read"
    Ledger(path, MADE_WITH).add(ONE, READING)
    Ledger(path, MADE_WITH).add(TWO, Reading(TWO.passage_id, "d2"))
    path.write_bytes(path.read_bytes()[:-9])
    cut = Ledger(path, MADE_WITH)
    assert (cut.holds(ONE), cut.holds(TWO)) == (True, False)
    cut.add(TWO, Reading(TWO.passage_id, "d2"))
    assert len(Ledger(path, MADE_WITH)) == 2


def test_readings_come_in_the_order_of_their_ids(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "read", MADE_WITH)
    ledger.add(TWO, Reading(TWO.passage_id, "d2"))
    ledger.add(ONE, READING)
    assert [reading.doc_id for reading in ledger.readings()] == ["d1", "d2"]


def test_what_was_made_with_something_else_is_not_mixed(tmp_path: Path) -> None:
    Ledger(tmp_path / "read", MADE_WITH).add(ONE, READING)
    with pytest.raises(RecipeError, match="begin anew with --restart"):
        Ledger(tmp_path / "read", {"graph": "g2"})


@pytest.mark.parametrize("text", ["A letter.\n", '{"a": 1}\n', "[1]\n"])
def test_another_file_is_left_alone(tmp_path: Path, text: str) -> None:
    (tmp_path / "read").write_text(text, encoding="utf-8")
    with pytest.raises(DamagedFile, match="line 1"):
        Ledger(tmp_path / "read", MADE_WITH)
    assert (tmp_path / "read").read_text(encoding="utf-8") == text


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "read"
    Ledger(path, MADE_WITH)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"passage_id": "x"}) + "\n")
    with pytest.raises(DamagedFile, match="line 2"):
        Ledger(path, MADE_WITH)
