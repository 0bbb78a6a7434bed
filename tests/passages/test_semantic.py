"""Paragraphs joined while they stay with their topic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ragmed.encoders.minilm import MiniLM
from ragmed.passages.semantic import Semantic
from ragmed.protocols import Encoder, Progress, Vectors, no_progress
from ragmed.types import Document


@dataclass(frozen=True)
class FakeEncoder:
    """A text's vector is the share of its words that begin with a, b, c and anything else."""

    encoded: list[int] = field(default_factory=list, compare=False)
    dim = 4
    max_tokens = 100

    def fingerprint(self) -> str:
        return "fake"

    def load(self) -> None: ...

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), 4), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.split():
                vectors[row, "abc".find(word[0])] += 1
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)

    def encode_passages(self, texts: Sequence[str], progress: Progress = no_progress) -> Vectors:
        self.encoded.extend(map(len, texts))
        return self.encode_queries(texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def count_truncated(self, texts: Sequence[str]) -> int:
        return 0


FAKE: type[Encoder] = FakeEncoder

A, B, C = "a1 a2 a3 a4 a5", "b1 b2 b3 b4 b5", "c1 c2 c3 c4 c5"


def split(paragraphs: Sequence[str], min_chars: int = 10, max_chars: int = 1500, window: int = 5) -> list[str]:
    splitter = Semantic(FakeEncoder(), max_chars=max_chars, min_chars=min_chars, min_similarity=0.5, window=window)
    return [p.text for p in splitter.split(Document("d", "T", "\n\n".join(paragraphs), "s", "u", "CC0"))]


def test_a_paragraph_of_another_topic_begins_a_passage() -> None:
    assert split([A, A, B, B, C]) == [f"{A}\n\n{A}", f"{B}\n\n{B}", C]


def test_a_paragraph_stays_with_what_came_before_it_not_only_with_the_last() -> None:
    between = "a1 a2 b1 b2 b3"
    assert split([A, A, between, A]) == [f"{A}\n\n{A}\n\n{between}\n\n{A}"]


def test_only_the_last_paragraphs_count() -> None:
    drift = [A, A, "a1 a2 b1 b2", "a1 b2 b3 b4", "b1 b2 b3 b4"]
    assert len(split(drift, window=1)) == 1
    assert len(split(drift, window=5)) == 2


def test_a_short_piece_is_no_topic_of_its_own() -> None:
    assert split(["b", A, A]) == [f"b\n\n{A}\n\n{A}"]
    assert split(["b", A, A], min_chars=1) == ["b", f"{A}\n\n{A}"]


def test_no_passage_is_longer_than_the_limit() -> None:
    assert split([A] * 5, max_chars=30) == [f"{A}\n\n{A}", f"{A}\n\n{A}", A]
    sentences = "A1 is one. A2 is two. A3 is three."
    assert split([sentences], max_chars=25) == ["A1 is one. A2 is two.", "A3 is three."]


def test_blocks_of_paragraphs_make_no_difference(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    paragraphs = [A, A, B, A, C, C, B, B, A]
    expected = split(paragraphs)
    monkeypatch.setattr("ragmed.passages.semantic._BLOCK", 2)
    assert split(paragraphs) == expected


def test_every_character_is_encoded_once() -> None:
    for n_chars in (200_000, 2_000_000):
        encoder = FakeEncoder()
        passages = list(Semantic(encoder).split(Document("d", "T", "x" * n_chars, "s", "u", "CC0")))
        assert sum(len(p.text) for p in passages) == sum(encoder.encoded) == n_chars


def test_minilm_tells_two_topics_apart() -> None:
    heart = [
        "The heart has four chambers. The left ventricle pumps blood into the aorta.",
        "Blood returns to the heart through the veins, and the valves keep it from flowing back.",
        "When the heart muscle gets too little blood, its cells die: this is a myocardial infarction.",
    ]
    teeth = [
        "Brush your teeth twice a day with a fluoride toothpaste, and floss between them.",
        "Tooth decay begins where plaque stays on the enamel; dentists fill the cavities.",
    ]
    text = "\n\n".join(heart + teeth)
    passages = list(Semantic(MiniLM()).split(Document("d", "T", text, "s", "u", "CC0")))
    assert [p.text for p in passages] == ["\n\n".join(heart), "\n\n".join(teeth)]
    assert passages == list(Semantic(MiniLM()).split(Document("d", "T", text, "s", "u", "CC0")))
