"""The two ways to cut a document into passages."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ragmed.passages.sentences import Sentences
from ragmed.passages.whole import Whole
from ragmed.types import Document


def document(text: str) -> Document:
    return Document(
        doc_id="d",
        title="Title",
        text=text,
        source="test",
        url="https://example.org/d",
        licence="CC0",
        published="2025",
        kind="qa",
        question="Why?",
        meta={"focus": "x"},
    )


def test_whole_gives_the_document_and_its_id() -> None:
    (passage,) = Whole().split(document("One. Two."))
    assert (passage.passage_id, passage.start, passage.end, passage.text) == ("d", 0, 9, "One. Two.")


def test_a_passage_inherits_what_its_document_says_of_itself() -> None:
    for splitter in (Whole(), Sentences()):
        (passage,) = splitter.split(document("One."))
        assert (passage.title, passage.url, passage.licence) == ("Title", "https://example.org/d", "CC0")
        assert (passage.published, passage.kind, passage.question) == ("2025", "qa", "Why?")
        assert (passage.source, passage.doc_id, passage.meta) == ("test", "d", {"focus": "x"})


def test_a_document_without_text_gives_no_passage() -> None:
    for splitter in (Whole(), Sentences()):
        assert list(splitter.split(document(""))) == []
        assert list(splitter.split(document(" \n "))) == []


def test_sentences_are_packed_up_to_the_limit_and_never_cut() -> None:
    passages = list(Sentences(max_chars=20).split(document("One is one. Two is.  Three is three. Four.")))
    assert [p.text for p in passages] == ["One is one. Two is.", "Three is three.", "Four."]
    assert [p.passage_id for p in passages] == ["d:0-19", "d:21-36", "d:37-42"]


def test_a_sentence_longer_than_the_limit_stands_alone() -> None:
    passages = list(Sentences(max_chars=10).split(document("One. This one is much longer than ten. Two.")))
    assert [p.text for p in passages] == ["One.", "This one is much longer than ten.", "Two."]


@given(st.text(alphabet=st.sampled_from("abE.1?\n -"), max_size=400), st.integers(1, 60))
def test_offsets_give_the_text_back_and_hold_every_word(text: str, max_chars: int) -> None:
    whole = document(text)
    passages = list(Sentences(max_chars=max_chars).split(whole))
    assert all(text[p.start : p.end] == p.text and p.text.strip() for p in passages)
    assert "".join("".join(p.text.split()) for p in passages) == "".join(text.split())
    assert len({p.passage_id for p in passages}) == len(passages)
