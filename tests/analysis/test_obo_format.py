"""OBO files: what a stanza says, and where a file is damaged."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmed.analysis.obo import Reference, Synonym, Term, descendants, names_of, read_obo, read_release
from ragmed.errors import DamagedFile
from ragmed.types import Name

FILE = """\
format-version: 1.2
data-version: x/releases/2024-12-18/x.obo
synonymtypedef: OMO:0003012 "acronym" EXACT
! a comment

[Term]
id: X:1 ! one
name: one
def: "The \\"first\\".\\nIt is one." [PMID:1]
synonym: "ONE" EXACT OMO:0003012 [X:2]
synonym: "uno" BROAD []
xref: Y\\:1 "one of Y" {source="A", source="B:2"}
is_a: X:0 {source="A"} ! zero
relationship: part_of X:9 {source="A"} ! nine
comment:
is_obsolete: true {source="A"}
replaced_by: X:2
consider: X:3
alt_id: X:4

[Typedef]
id: part_of
name: part of

[Instance]
id: X:5
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "x.obo"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_term_is_read_with_all_that_is_said_of_it(tmp_path: Path) -> None:
    ontology = read_obo(written(tmp_path, FILE))
    assert ontology.terms == {
        "X:1": Term(
            identifier="X:1",
            name="one",
            definition='The "first". It is one.',
            synonyms=[Synonym("ONE", "EXACT", "OMO:0003012 acronym"), Synonym("uno", "BROAD", "")],
            parents=["X:0"],
            relationships=[("part_of", "X:9")],
            references=[Reference("Y:1", ("A", "B:2"))],
            former_ids=["X:4"],
            obsolete=True,
            replaced_by=["X:2"],
            consider=["X:3"],
        )
    }
    assert ontology.relations == {"part_of": "part of"}
    assert ontology.release == read_release(tmp_path / "x.obo") == "2024-12-18"


@pytest.mark.parametrize(
    ("synonym", "name"),
    [
        (Synonym("AB", "EXACT", "abbreviation"), Name("AB", "abbreviation")),
        (Synonym("AB", "EXACT", "OMO:0003012 acronym"), Name("AB", "abbreviation")),
        (Synonym("Recurrent UTIs", "EXACT", "abbreviation"), Name("Recurrent UTIs", "synonym")),
        (Synonym("nosebleed", "EXACT", "layperson layperson term"), Name("nosebleed", "lay")),
        (Synonym("haemorrhage", "EXACT", "uk_spelling"), Name("haemorrhage", "synonym")),
        (Synonym("bleeding", "BROAD", ""), Name("bleeding", "related")),
        (Synonym("bleeding", "RELATED", "layperson"), Name("bleeding", "related")),
        (Synonym("bleeding", "EXACT", "AMBIGUOUS ambiguous"), Name("bleeding", "related")),
        (Synonym("bleeding of the left nostril", "NARROW", ""), None),
        (Synonym("old name", "EXACT", "obsolete_synonym"), None),
        (Synonym("nosebled", "EXACT", "OMO:0003006 misspelling"), None),
    ],
)
def test_scope_and_type_say_what_a_synonym_is(synonym: Synonym, name: Name | None) -> None:
    assert names_of(Term("X:1", synonyms=[synonym])) == (() if name is None else (name,))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", r"holds no \[Term\]"),
        ("format-version: 1.2\n", r"holds no \[Term\]"),
        ("[Term]\nid: X:1\nname: one\n[Term]\nid: X:1\nname: two\n", "line 5: a second term X:1"),
        ("[Term]\nid: X:1\nname: one\nsynonym: one\n", "line 4: synonym without a quoted text"),
        ("[Term]\nid: X:1\nname: one\ndef: one\n", "line 4: def without a quoted text"),
        ("[Term]\nid: X:1\nname: one\nrelationship: part_of\n", "line 4: relationship without a term"),
        ("[Term]\nid: X:1\nname: one\nis\n", "line 4: no tag with a value"),
        ("[Term]\nid: X:1\nname: one\n\n[Term]\nid: X:2\n", "X:2 has no name"),
        ("[Term]\nid: X:1\nname: one\nis_a: X:0", "its last line has no end"),
    ],
)
def test_a_damaged_file_is_named_with_the_place(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(DamagedFile, match=r"x\.obo.*" + complaint):
        read_obo(written(tmp_path, text))


@given(st.integers(0, len(FILE) - 1))
def test_a_file_cut_anywhere_but_at_the_end_of_a_line_is_damaged(
    tmp_path_factory: pytest.TempPathFactory, at: int
) -> None:
    path = written(tmp_path_factory.mktemp("cut"), FILE[:at])
    if not FILE[:at].endswith("\n"):
        with pytest.raises(DamagedFile):
            read_obo(path)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"])))
def test_what_is_escaped_comes_back(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    path = written(tmp_path_factory.mktemp("obo"), f'[Term]\nid: X:1\nname: one\ndef: "{escaped}" []\n')
    assert read_obo(path).terms["X:1"].definition == " ".join(text.split())


def test_descendants_of_a_circle_are_found_once() -> None:
    terms = [Term("X:1", parents=["X:2"]), Term("X:2", parents=["X:1"]), Term("X:3", parents=["X:1", "X:2"])]
    assert descendants(terms, "X:1") == {"X:1", "X:2", "X:3"}
    assert descendants(terms, "X:3") == {"X:3"}
