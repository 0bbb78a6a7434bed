"""Texts to words."""

from __future__ import annotations

from collections import Counter

from hypothesis import example, given, settings
from hypothesis import strategies as st

from ragmed.analysis.terms import bag_of_words, words

TEXTS = st.text(st.sampled_from("aB5 _'’é\u0301½™İΣσ.-\n\u00a0\u2003"), max_size=30) | st.text(max_size=30)


@settings(max_examples=500, deadline=None)
@given(TEXTS)
@example("Crohn's ΟΔΟΣ-2 naïve β-blockers' 5½ _x_ İstanbul")
def test_a_bag_of_words_is_the_words_of_the_analysis_chain(text: str) -> None:
    assert Counter(bag_of_words(text)) == Counter(words(text.lower()))
    if text.lower() == text:
        assert Counter(bag_of_words(text)) == Counter(words(text))
