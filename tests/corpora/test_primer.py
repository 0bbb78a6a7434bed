"""The primer: Markdown of our own, read strictly, so that a slip of the pen does not go unseen."""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path

import pytest

import ragmed
from ragmed.analysis.sentences import sentence_spans
from ragmed.corpora import primer
from ragmed.corpora.primer import NOTICE, Primer
from ragmed.errors import DamagedFile
from ragmed.protocols import Parted
from ragmed.recipe import read_corpus_recipe
from ragmed.types import Document
from tests.conftest import CHECKOUT

PAGE = """\
# Heart and circulation

## Heart failure
kind: condition
also: congestive cardiac failure; CHF

### Definition
Heart failure is weakness of the pump.
The heart   fills or empties badly.

Heart failure is common.

### Symptoms and signs
Symptoms of heart failure are swollen legs.

### Questions
Q: What is heart failure?
A: Heart failure is weakness of the pump.
Q: Is heart failure common?
A: Yes, heart failure is common.

## Beta blockers
kind: drug
includes: bisoprolol; atenolol

### Uses
Beta blockers slow the heart.

### Questions
Q: What do beta blockers do?
A: Beta blockers slow the heart.
"""
SHIPPED = {file.name: CHECKOUT / file.path for file in read_corpus_recipe("primer").files}


def read(folder: Path, text: str | bytes) -> list[Document]:
    path = folder / "cardiovascular.md"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(Primer(files={"cardiovascular": path}, licence="Apache-2.0", edition="2026-11").documents())


def test_a_topic_is_a_document_and_so_is_each_of_its_questions(tmp_path: Path) -> None:
    documents = read(tmp_path, PAGE)
    assert [(document.doc_id, document.kind) for document in documents] == [
        ("primer:heart-failure", "textbook"),
        ("primer:heart-failure#q1", "qa"),
        ("primer:heart-failure#q2", "qa"),
        ("primer:beta-blockers", "textbook"),
        ("primer:beta-blockers#q1", "qa"),
    ]
    assert {document.source for document in documents} == {"primer"}
    assert {document.licence for document in documents} == {"Apache-2.0"}
    assert {document.published for document in documents} == {"2026-11"}


def test_a_topics_text_is_its_names_and_then_its_sections(tmp_path: Path) -> None:
    document = read(tmp_path, PAGE)[0]
    assert document.text == (
        "Heart failure: other names or related terms are congestive cardiac failure and CHF.\n\n"
        "Heart failure is weakness of the pump. The heart fills or empties badly.\n\n"
        "Heart failure is common.\n\n"
        "Symptoms of heart failure are swollen legs."
    )
    beginnings = [(section.title, document.text[section.start :].split(" ")[0]) for section in document.sections]
    assert beginnings == [("Definition", "Heart"), ("Symptoms and signs", "Symptoms")]


def test_a_topic_without_other_names_begins_with_its_first_section(tmp_path: Path) -> None:
    document = read(tmp_path, PAGE.replace("also: congestive cardiac failure; CHF\n", ""))[0]
    assert document.sections[0].start == 0
    assert document.text.startswith("Heart failure is weakness")


def test_an_answer_is_the_text_of_its_question(tmp_path: Path) -> None:
    pair = read(tmp_path, PAGE)[2]
    assert (pair.title, pair.question) == ("Heart failure", "Is heart failure common?")
    assert pair.text == "Yes, heart failure is common."
    assert pair.sections == ()


def test_every_document_says_that_it_is_no_basis_for_care(tmp_path: Path) -> None:
    documents = read(tmp_path, PAGE)
    assert {document.meta["notice"] for document in documents} == {NOTICE}
    assert documents[0].meta == documents[1].meta
    assert documents[3].meta == {
        "kind": "drug",
        "system": "Heart and circulation",
        "includes": "bisoprolol; atenolol",
        "language": "en",
        "notice": NOTICE,
    }


def test_the_address_is_the_place_in_the_package(tmp_path: Path) -> None:
    assert {document.url for document in read(tmp_path, PAGE)} == {
        "ragmed/primer/cardiovascular.md#heart-failure",
        "ragmed/primer/cardiovascular.md#beta-blockers",
    }


def test_files_are_read_in_the_order_of_their_names_or_apart(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / f"{name}.md").write_text(PAGE.replace("Heart failure\n", f"Heart failure {name}\n", 1))
    corpus = Primer(files={name: tmp_path / f"{name}.md" for name in ("b", "a")}, edition="2026-11")
    assert isinstance(corpus, Parted)
    assert corpus.parts() == ["a", "b"]
    assert list(corpus.documents()) == [*corpus.documents_of("a"), *corpus.documents_of("b")]
    assert corpus.release() == "2026-11"


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("# Heart and", "Heart and", 1, "does not begin with '# System'"),
        ("circulation\n", "circulation\nwords\n", 2, "text before the first"),
        ("kind: condition", "kind: disease", 3, "needs 'kind: condition' or 'kind: drug'"),
        ("kind: condition\n", "", 3, "needs 'kind: condition' or 'kind: drug'"),
        ("also:", "aka:", 5, "no header line"),
        ("also:", "kind:", 5, "the second of its key"),
        ("### Symptoms and signs", "### Definition", 13, "comes twice"),
        ("### Symptoms and signs", "# Symptoms", 13, "out of place"),
        ("### Symptoms and signs", "#### Symptoms", 13, "no heading"),
        ("Symptoms of heart failure are swollen legs.\n", "", 3, "'Symptoms and signs' of 'Heart failure' is empty"),
        ("A: Heart failure is weakness of the pump.\n", "", 18, "a question without an answer"),
        ("A: Yes, heart failure is common.\n", "", 20, "a question without an answer"),
        ("A: Beta blockers slow the heart.\n", "", 31, "a question without an answer"),
        ("A: Heart", "Answer: Heart", 18, "neither 'Q: …' nor"),
        ("Q: Is heart failure common?\n", "", 19, "neither 'Q: …' nor"),
        ("Q: What do beta blockers do?\nA: Beta blockers slow the heart.\n", "", 22, "needs a section and a question"),
        ("## Beta blockers", "## Heart failure", 22, "a second topic 'Heart failure'"),
    ],
)
def test_a_slip_is_named_with_file_and_line(tmp_path: Path, old: str, new: str, line: int, what: str) -> None:
    assert old in PAGE
    with pytest.raises(DamagedFile, match=rf"cardiovascular\.md:{line}: ") as raised:
        read(tmp_path, PAGE.replace(old, new, 1))
    assert what in str(raised.value)


def test_topics_before_a_slip_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text(PAGE.replace("kind: drug", "kind: pill"))
    documents = Primer(files={"a": path}).documents()
    assert [next(documents).doc_id for _ in range(3)][-1] == "primer:heart-failure#q2"
    with pytest.raises(DamagedFile):
        next(documents)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "1: the file does not begin"),
        (b"# Heart\n", "1: no '## Topic'"),
        (PAGE.encode("utf-16"), "1: not UTF-8"),
        (PAGE.replace("CHF", "CHF\xe9").encode("latin-1"), "5: not UTF-8"),
    ],
)
def test_another_file_is_damage(tmp_path: Path, content: bytes, what: str) -> None:
    with pytest.raises(DamagedFile) as raised:
        read(tmp_path, content)
    assert f"cardiovascular.md:{what}" in str(raised.value)


def test_a_file_far_too_large_is_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(primer, "MAX_FILE_BYTES", 100)
    with pytest.raises(DamagedFile, match="more than the 100 bytes"):
        read(tmp_path, PAGE)


def test_line_endings_and_a_byte_order_mark_make_no_difference(tmp_path: Path) -> None:
    assert read(tmp_path, "\ufeff" + PAGE.replace("\n", "\r\n")) == read(tmp_path, PAGE)


def test_the_primer_lists_every_file_that_comes_with_ragmed() -> None:
    assert ragmed.__file__ is not None
    folder = Path(ragmed.__file__).parent / "primer"
    assert sorted(path.name for path in SHIPPED.values()) == sorted(path.name for path in folder.glob("*.md"))


def test_no_two_topics_of_the_primer_share_an_id() -> None:
    ids = [document.doc_id for document in Primer(files=SHIPPED).documents()]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_the_primers_topics_are_whole(name: str) -> None:
    documents = list(Primer(files={name: SHIPPED[name]}).documents())
    for i, document in enumerate(documents):
        if document.kind == "textbook":
            assert len(document.sections) >= 4, document.doc_id
            pairs = list(takewhile(lambda d: d.kind == "qa", documents[i + 1 :]))
            assert len(pairs) >= 2, document.doc_id
        else:
            assert document.question.endswith("?"), document.doc_id


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_a_sentence_of_the_primer_stands_on_its_own(name: str) -> None:
    for document in Primer(files={name: SHIPPED[name]}).documents():
        for start, end in sentence_spans(document.text):
            sentence = document.text[start:end]
            assert sentence.split()[0] not in {"It", "Its", "This", "They", "Their", "These", "Those", "That", "Such"}
            assert sentence.endswith((".", "!")), sentence
            assert len(sentence.split()) <= 45, sentence
