"""Other names that passages give: which pairs are read, which are believed, and questions under other names."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragmed.graph.other_names import OtherNames, Pair, key, pairs, write_other_names
from tests.passages_for_tests import passage

FILLER = [passage(f"f{n}", f"Nothing of the kind is said in note {n}.") for n in range(40)]


def _opened(folder: Path, *texts: str) -> OtherNames:
    passages = [*FILLER, *(passage(f"p{n}", text) for n, text in enumerate(texts))]
    write_other_names(passages, folder)
    return OtherNames(folder)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We gave exampletinib (AZ-1234) to mice.", [("exampletinib", "AZ-1234")]),
        ("AZ-1234 (exampletinib) was given.", [("AZ-1234", "exampletinib")]),
        ("Xatinib (Xalya®, formerly AZ-1234) was given.", [("Xatinib", "Xalya"), ("Xatinib", "AZ-1234")]),
        ("Examplya™ (exampletinib) was given.", []),  # begins the text: its capital says nothing
        ("They took Examplya™ [exampletinib].", [("Examplya", "exampletinib")]),
        ("exampletinib, also known as Examplya, was given", [("exampletinib", "Examplya")]),
        ("toca (Toca 511) was given", []),  # they share a word
        ("AZ1234 (AZ-1234) was given", []),  # the same name
        ("fever (severe) and rash (mild)", []),  # neither is written as a name
        ("all patients (n = 40; 12 women)", []),
        ("the 2exampletinib (AZ-1234)", []),  # the end of a word is none
        ("their age (51 years) and dose (10 mg)", []),
    ],
)
def test_pairs_are_read_where_a_text_gives_a_thing_two_names(text: str, expected: list[tuple[str, str]]) -> None:
    assert list(pairs(text)) == [Pair(*pair) for pair in expected]


def test_a_name_is_found_however_its_code_is_written(tmp_path: Path) -> None:
    names = _opened(tmp_path, "Of exampletinib (AZ-1234) little is known.")
    assert [key(text) for text in ("AZ1234", "az-1234", "AZ‑1234")] == ["az1234"] * 3
    for written in ("AZ1234", "AZ-1234", "az-1234"):
        assert names.of(written) == ["exampletinib"]
    assert names.of("Exampletinib") == ["AZ-1234"]
    assert names.of("fever") == []
    assert len(names) == 2


def test_a_pair_is_believed_where_either_name_mostly_comes_with_the_other(tmp_path: Path) -> None:
    alone = ["Exampletinib was given."] * 3
    assert _opened(tmp_path, "Of exampletinib (AZ-1234) little is known.", *alone[:2]).of("AZ-1234")
    folder = tmp_path / "rarer"
    folder.mkdir()
    assert _opened(folder, "Of exampletinib (AZ-1234) little is known.", *alone).of("AZ-1234") == []


def test_a_common_word_is_no_name(tmp_path: Path) -> None:
    texts = [f"A device (HX-{n}00) and another (HX-{n}00) with AZ-1234." for n in range(4)]
    assert len(_opened(tmp_path, *["The device (AZ-1234) was used."] * 6, *texts)) == 0


def test_a_question_is_reworded_with_the_name_it_does_not_use(tmp_path: Path) -> None:
    names = _opened(tmp_path, "Of exampletinib (AZ-1234) little is known.", "Of samplemab (Toca 511) as well.")
    assert names.rewordings("Is AZ1234 safe?") == ("Is exampletinib safe?",)
    assert names.rewordings("Toca 511 or exampletinib?") == ("samplemab or exampletinib?", "Toca 511 or AZ-1234?")
    assert names.rewordings("Is exampletinib AZ-1234?") == ()
    assert names.rewordings("What is fever?") == ()
    assert names.rewordings("") == ()


def test_an_empty_collection_has_no_names(tmp_path: Path) -> None:
    assert write_other_names([], tmp_path) == 0
    assert OtherNames(tmp_path).rewordings("Is AZ1234 safe?") == ()


def test_two_builds_are_the_same(tmp_path: Path) -> None:
    texts = ["exampletinib (Examplya; AZ-1234)", "exampletinib (AZ-1234)", "samplemab (Toca 511)"]
    read = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        _opened(tmp_path / name, *texts)
        read.append({file.name: file.read_bytes() for file in (tmp_path / name).iterdir()})
    assert read[0] == read[1]
