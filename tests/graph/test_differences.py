"""What tells diseases apart, and what to ask next: shares, bits, and what is never asked."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmed.graph.differences import FollowUp, differences, follow_up, in_words
from ragmed.graph.shares import Chances, Shares
from tests.graph_for_tests import graph_of, small_hpo

# A tree: 1 (eye) and 2 (heart) below the root 0; 11, 12 are kinds of 1, 111 of 11; 21 is a kind of 2.
ABOVE = {0: [], 1: [0], 2: [0], 11: [1, 0], 12: [1, 0], 111: [11, 1, 0], 21: [2, 0]}
USUAL = {0: 1.0, 1: 0.4, 2: 0.3, 11: 0.2, 12: 0.1, 111: 0.05, 21: 0.1}
SURE = Chances(1e-6, 1 - 1e-6, 1.0)


def ancestors(finding: int) -> frozenset[int]:
    return frozenset([finding, *ABOVE[finding]])


def share(profile: dict[int, float], finding: int, chances: Chances = SURE) -> float:
    shares = Shares([profile], ancestors=ancestors, background=USUAL.__getitem__, chances=chances)
    return float(shares.of(finding)[0])


def test_who_has_a_kind_of_a_finding_has_the_finding() -> None:
    assert share({111: 0.3, 12: 0.5}, 1) == 0.5
    assert share({111: 0.3, 11: 0.1}, 11) == 0.3


def test_what_is_stated_more_generally_is_divided_as_it_is_over_all_diseases() -> None:
    assert share({1: 0.8}, 11) == pytest.approx(0.8 * 0.2 / 0.4)


def test_silence_is_no_denial() -> None:
    assert share({}, 21) == pytest.approx(0.1)
    assert share({}, 21, Chances(0.02, 0.9, 0.5)) == pytest.approx(0.05)
    assert share({21: 0.0}, 21) == pytest.approx(1e-6)


def test_what_is_denied_is_denied_of_all_its_kinds_and_not_of_what_it_is_a_kind_of() -> None:
    assert share({1: 0.0}, 111) == pytest.approx(1e-6)
    assert share({11: 0.0}, 1) == pytest.approx(0.4)
    assert share({11: 0.0, 111: 0.2}, 11) == 0.2


def test_nothing_is_sure() -> None:
    assert (share({11: 1.0}, 11, Chances()), share({11: 0.0}, 11, Chances())) == (0.9, 0.1)


@pytest.mark.parametrize("wrong", [(0.0, 0.9), (0.1, 1.0), (0.5, 0.4)])
def test_chances_that_make_certain_are_refused(wrong: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="floor"):
        Chances(*wrong)


def asked(*profiles: dict[int, float], p: list[float] | None = None, **known: object) -> tuple[FollowUp, ...]:
    return follow_up(
        profiles,
        p or [1.0] * len(profiles),
        ancestors=ancestors,
        background=USUAL.__getitem__,
        **known,  # type: ignore[arg-type]
    )


def test_the_bits_are_the_entropy_before_less_the_entropy_expected_after() -> None:
    [best] = asked({21: 0.9}, {21: 0.0}, p=[3, 1], n=1)
    chance = 0.75 * 0.9 + 0.25 * 0.1
    after_yes, after_no = 0.75 * 0.9 / chance, 0.75 * 0.1 / (1 - chance)
    assert (best.finding, best.before) == (21, (0.75, 0.25))
    assert best.chance == pytest.approx(chance)
    assert best.if_present == pytest.approx((after_yes, 1 - after_yes))
    assert best.if_absent == pytest.approx((after_no, 1 - after_no))
    expected = chance * entropy(after_yes) + (1 - chance) * entropy(after_no)
    assert best.bits == pytest.approx(entropy(0.75) - expected)


def entropy(p: float) -> float:
    return -sum(x * math.log2(x) for x in (p, 1 - p) if x)


def test_what_tells_most_is_asked_first_and_what_tells_nothing_never() -> None:
    findings = asked({21: 0.9, 12: 0.5, 11: 0.7}, {12: 0.2, 11: 0.7})
    assert [one.finding for one in findings] == [21, 12]
    assert findings[0].bits > findings[1].bits


def test_what_follows_from_what_is_known_is_not_asked() -> None:
    one, other = {1: 0.9, 11: 0.9, 21: 0.9}, {12: 0.9}
    assert {f.finding for f in asked(one, other)} == {11, 12, 21}
    assert {f.finding for f in asked(one, other, observed=[111])} == {12, 21}
    assert {f.finding for f in asked(one, other, excluded=[1])} == {21}
    assert asked(one, other, observed=[111], excluded=[12, 2]) == ()


def test_of_kinds_of_one_another_only_one_is_asked() -> None:
    assert [f.finding for f in asked({111: 0.9, 11: 0.5}, {12: 0.9})] == [12, 111]


def test_the_next_question_is_the_one_that_tells_most_once_the_first_is_answered() -> None:
    first, again, other = {21: 0.9, 11: 0.9}, {12: 0.75}, {12: 0.1}
    findings = asked(first, again, other)
    assert [f.finding for f in findings] == [21, 12, 11]  # 11 alone tells more than 12, but the same as 21
    assert findings[2].bits > findings[1].bits


def test_one_candidate_or_none_leaves_nothing_to_ask() -> None:
    assert asked() == asked({21: 0.9}) == asked({21: 0.9}, {21: 0.1}, p=[1.0, 0.0]) == ()


@pytest.mark.parametrize("wrong", [[1.0], [1.0, -1.0], [1.0, math.nan]])
def test_probabilities_that_are_none_are_refused(wrong: list[float]) -> None:
    with pytest.raises(ValueError, match="2 candidates"):
        asked({}, {}, p=wrong)


def test_an_answer_is_read_for_what_it_raises_and_lowers() -> None:
    [best] = asked({21: 0.9}, {21: 0.0}, n=1)
    assert in_words(best, ["Valve syndrome", "Lens syndrome"]) == (
        "present → raises Valve syndrome (50 → 90 %), lowers Lens syndrome (50 → 10 %); "
        "absent → raises Lens syndrome (50 → 90 %), lowers Valve syndrome (50 → 10 %)"
    )


def test_differences_say_in_whom_how_often_and_what_is_known() -> None:
    found = differences(
        [{11: 0.8, 21: 0.3}, {12: 0.9, 21: 0.3}, {1: 0.0}],
        [111],
        [21],
        ancestors=ancestors,
        background=USUAL.__getitem__,
    )
    assert [(d.finding, d.known, d.stated) for d in found] == [
        (21, "excluded", (0.3, 0.3, None)),
        (111, "observed", (None, None, 0.0)),
        (12, "", (None, 0.9, 0.0)),
    ]
    first, second, last = found
    assert (first.raises, first.lowers) == ((0, 1), (2,))
    assert (second.raises, second.lowers) == ((0,), (1, 2))
    assert (last.raises, last.lowers, last.specificity) == ((1,), (0, 2), -math.log2(0.1))


def test_there_is_no_difference_where_there_is_one_disease() -> None:
    assert differences([{11: 1.0}], ancestors=ancestors, background=USUAL.__getitem__) == ()


PROFILES = st.lists(st.dictionaries(st.sampled_from(sorted(ABOVE)), st.floats(0, 1)), min_size=1, max_size=4)
KNOWN = st.sets(st.sampled_from(sorted(ABOVE)), max_size=3)


@given(PROFILES, KNOWN, KNOWN, st.data())
def test_laws_of_what_is_asked(
    profiles: list[dict[int, float]], observed: set[int], excluded: set[int], data: st.DataObject
) -> None:
    p = data.draw(st.lists(st.floats(0, 1), min_size=len(profiles), max_size=len(profiles)))
    findings = asked(*profiles, p=p, observed=observed, excluded=excluded)
    assert findings == asked(*profiles, p=p, observed=sorted(observed), excluded=sorted(excluded, reverse=True))
    for one in findings:
        assert 0 < one.bits <= math.log2(len(profiles)) + 1e-9
        assert not any(one.finding in ancestors(finding) for finding in observed)
        assert not ancestors(one.finding) & excluded
        for shares in (one.before, one.if_present, one.if_absent):
            assert sum(shares) == pytest.approx(1)
        expected = [
            one.chance * yes + (1 - one.chance) * no for yes, no in zip(one.if_present, one.if_absent, strict=True)
        ]
        assert expected == pytest.approx(one.before)  # what is to be learnt cannot be known beforehand
    asked_for = [one.finding for one in findings]
    assert not any(a != b and a in ancestors(b) for a in asked_for for b in asked_for)


def test_over_a_graph(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, small_hpo())
    lens, aorta, myopia = (graph.row(i) for i in ("HP:0001083", "HP:0002616", "HP:0000545"))
    both, lens_only = {lens: 0.6, aorta: 0.8, myopia: 0.5}, {lens: 0.9, myopia: 0.5, aorta: 0.0}
    found = follow_up([both, lens_only], [0.5, 0.5], [lens], ancestors=graph.ancestors, background=lambda row: 0.1, n=1)
    assert [graph.name(one.finding) for one in found] == ["Aortic root aneurysm"]
