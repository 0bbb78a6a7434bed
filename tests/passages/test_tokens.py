"""Recursive splitting by tokens: nothing is longer than the encoder reads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragmed import catalog
from ragmed.encoders.minilm import MiniLM
from ragmed.errors import RecipeError
from ragmed.passages.tokens import Tokens
from ragmed.protocols import Encoder, Progress, Vectors, no_progress
from ragmed.retrievers.dense import encoder_text
from ragmed.types import Document, Section


@dataclass(frozen=True)
class FakeEncoder:
    """A token is a word; two more open and close a text. ``joint`` more are counted where two words meet."""

    max_tokens: int = 12
    joint: int = 0
    counted: list[int] = field(default_factory=list, compare=False)
    dim = 1

    def fingerprint(self) -> str:
        return "fake"

    def load(self) -> None: ...

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return np.ones((len(texts), 1), dtype=np.float32)

    def encode_passages(self, texts: Sequence[str], progress: Progress = no_progress) -> Vectors:
        return self.encode_queries(texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        self.counted.extend(map(len, texts))
        words = [len(re.findall(r"\S+", text)) for text in texts]
        return [2 + n + self.joint * max(0, n - 1) for n in words]

    def count_truncated(self, texts: Sequence[str]) -> int:
        return sum(n > self.max_tokens for n in self.count_tokens(texts))


FAKE: type[Encoder] = FakeEncoder


def document(text: str, title: str = "", question: str = "", sections: tuple[Section, ...] = ()) -> Document:
    return Document("d", title, text, "s", "u", "CC0", question=question, sections=sections)


def split(text: str, encoder: Encoder | None = None, **options: str) -> list[str]:
    return [p.text for p in Tokens(encoder or FakeEncoder()).split(document(text, **options))]


def words(n: int, stop: str = ".") -> str:
    return " ".join(f"w{number}" for number in range(n)) + stop


def test_paragraphs_are_joined_while_they_fit() -> None:
    four = words(4)
    assert split("\n\n".join([four] * 5)) == [f"{four}\n\n{four}", f"{four}\n\n{four}", four]


def test_a_paragraph_that_does_not_fit_is_cut_into_lines_sentences_and_words() -> None:
    assert split(f"{words(6)}\n{words(6)}") == [words(6), words(6)]
    assert split(f"W{words(6)} W{words(6)}") == [f"W{words(6)}", f"W{words(6)}"]
    assert split(words(25)) == [words(10, ""), " ".join(f"w{n}" for n in range(10, 20)), "w20 w21 w22 w23 w24."]


def test_title_headings_and_question_have_their_room() -> None:
    assert split(words(10), title="A title of five words") == ["w0 w1 w2 w3 w4", "w5 w6 w7 w8 w9."]
    assert split(words(10), question="Why five of them here?") == ["w0 w1 w2 w3 w4", "w5 w6 w7 w8 w9."]
    sections = (Section(0, "Short"), Section(5, "A heading of five words"))
    passages = Tokens(FakeEncoder()).split(document(words(10), sections=sections))
    assert [p.text for p in passages] == ["w0 w1 w2 w3 w4", "w5 w6 w7 w8 w9."]


def test_the_room_kept_may_be_given() -> None:
    passages = Tokens(FakeEncoder(), reserve=8).split(document(words(4), title="A title of five words"))
    assert [p.text for p in passages] == ["w0 w1", "w2 w3."]


def test_a_title_longer_than_the_encoder_reads_leaves_a_quarter() -> None:
    assert split(words(6), title=words(100)) == ["w0 w1 w2", "w3 w4 w5."]
    assert split(words(6), title="x" * 100_000) == ["w0 w1 w2", "w3 w4 w5."]


def test_a_reserve_that_leaves_no_room_is_an_error_in_the_recipe() -> None:
    with pytest.raises(RecipeError, match="leaves no room"):
        catalog.make("passages", {"name": "tokens", "reserve": 256}, "test")


def test_tokens_of_pieces_need_not_add_up() -> None:
    encoder = FakeEncoder(joint=1)
    passages = split(words(50), encoder)
    assert encoder.count_truncated(passages) == 0
    assert " ".join(passages) == words(50)


def test_a_word_without_end_is_cut_and_counted_once_or_twice() -> None:
    """Into sentences of 2,000 characters at most, and each of those into 17 pieces of 120 at most."""
    for n_chars in (200_000, 2_000_000):
        encoder = FakeEncoder()
        passages = split("x" * n_chars, encoder)
        assert max(map(len, passages)) == 120
        assert len(passages) == 17 * n_chars // 2000
        assert max(encoder.counted) <= 120
        assert sum(encoder.counted) <= 2 * n_chars


def test_work_grows_with_the_text() -> None:
    counted = []
    for n_words in (5_000, 50_000):
        encoder = FakeEncoder()
        split(words(n_words), encoder)
        counted.append(sum(encoder.counted))
    assert counted[1] < 15 * counted[0]


@given(
    st.text(alphabet="ab. \n的-", max_size=600), st.sampled_from(["", "Marfan syndrome"]), st.sampled_from(["", "Why?"])
)
@settings(deadline=None, max_examples=50)
def test_what_minilm_reads_of_a_passage_is_never_cut_off(text: str, title: str, question: str) -> None:
    encoder = MiniLM(max_tokens=24)
    sections = (Section(len(text) // 2, "Signs > Eyes"),)
    passages = list(Tokens(encoder).split(document(text, title, question, sections)))
    assert encoder.count_truncated([encoder_text(p) for p in passages]) == 0
    assert "".join("".join(p.text.split()) for p in passages) == "".join(text.split())
