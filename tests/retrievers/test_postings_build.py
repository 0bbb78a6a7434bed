"""Texts to postings: the same postings however they are cut into segments."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragmed.analysis.terms import terms
from ragmed.retrievers import _postings_build
from ragmed.retrievers._postings_build import Inverter

Posting = tuple[str, int, tuple[int, ...]]


def postings(passages: list[tuple[str, str, str]], folder: Path, segment_tokens: int, batch: int) -> list[Posting]:
    inverter = Inverter(folder, segment_tokens)
    for texts in passages:
        inverter.add(texts)
    lengths = inverter.finish()
    assert lengths.tolist() == [[len(terms(text)) for text in texts] for texts in passages]
    found = []
    for of_batch in inverter.batches(batch):
        fields = np.stack([of_batch.frequency(field) for field in range(3)], axis=1).tolist()
        for i, term in enumerate(of_batch.terms):
            for at in range(int(of_batch.starts[i]), int(of_batch.starts[i + 1])):
                found.append((term, int(of_batch.rows[at]), tuple(fields[at])))
    return found


WORDS = st.lists(st.sampled_from(["fever", "the", "Fevers", "aorta", "naïve", "δ", "𝛼", "zoster"]), max_size=8)


@settings(max_examples=80, deadline=None)
@given(
    passages=st.lists(st.tuples(*[WORDS.map(" ".join)] * 3), max_size=12),
    segment_tokens=st.integers(1, 40),
    batch=st.integers(1, 20),
)
def test_any_segments_give_the_postings_counted_by_hand(
    tmp_path_factory: pytest.TempPathFactory,
    passages: list[tuple[str, str, str]],
    segment_tokens: int,
    batch: int,
) -> None:
    expected: dict[tuple[bytes, int], list[int]] = {}
    for row, texts in enumerate(passages):
        for field, text in enumerate(texts):
            for term, count in Counter(terms(text)).items():
                expected.setdefault((term.encode(), row), [0, 0, 0])[field] = count
    found = postings(passages, tmp_path_factory.mktemp("segments"), segment_tokens, batch)
    assert found == [(term.decode(), row, tuple(counts)) for (term, row), counts in sorted(expected.items())]


def test_frequencies_count_up_to_what_their_bits_hold(tmp_path: Path) -> None:
    many = "fever " * 70_000
    assert postings([(many, "", many)], tmp_path, 1000, 10) == [("fever", 0, (255, 0, 65_535))]


def test_words_forgotten_keep_their_terms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_postings_build, "_KNOWN_WORDS", 2)
    found = postings([("fever cough lens aorta fevers cough", "", "the")], tmp_path, 1000, 10)
    assert found == [("aorta", 0, (1, 0, 0)), ("cough", 0, (2, 0, 0)), ("fever", 0, (2, 0, 0)), ("len", 0, (1, 0, 0))]
