"""InsertRank: what the model is shown, how its order is read, and what happens where it gives none."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmed import catalog
from ragmed.errors import RecipeError
from ragmed.rerankers.insert_rank import InsertRank, named_in
from ragmed.types import Completion, Evidence, Prompt, Query
from tests.passages_for_tests import THREE, passage
from tests.rerankers.models_for_tests import FakeGenerator

QUERY = Query("q", "What lowers blood glucose?")
FOUND = tuple(Evidence(p, 0.03 / rank, rank, {"dense": rank, "bm25": 4 - rank}) for rank, p in enumerate(THREE, 1))


def ids(evidence: tuple[Evidence, ...]) -> str:
    return "".join(e.passage.passage_id for e in evidence)


def test_the_models_order_is_taken() -> None:
    reranked = InsertRank(FakeGenerator(lambda prompt: "[2] > [3] > [1]")).rerank(QUERY, FOUND, 3)
    assert ids(reranked) == "bca"
    assert [e.score for e in reranked] == [1, 1 / 2, 1 / 3]
    assert reranked[1].signals == {"insert_rank": 1 / 2}


def test_the_model_sees_question_passages_and_how_the_search_ranked_them() -> None:
    generator = FakeGenerator(lambda prompt: "[1] > [2] > [3]")
    InsertRank(generator, max_words=5).rerank(QUERY, FOUND, 3)
    [[prompt]] = generator.batches
    assert [message.role for message in prompt.messages] == ["system", "user"]
    text = prompt.messages[1].content
    assert "Question: What lowers blood glucose?" in text
    assert "[2] Insulin. Insulin lowers blood glucose …\n(rank in search: bm25 2, dense 2; score 0.015)" in text
    assert [e.passage.passage_id for e in prompt.evidence] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("reply", "order"),
    [
        ("[3] > [1] > [2]", [3, 1, 2]),
        ("[3]>[1]>[2]", [3, 1, 2]),
        ("The order is: [3] > [1] > [2].", [3, 1, 2]),
        ("3 > 1 > 2", [3, 1, 2]),
        ("3, 1, 2", [3, 1, 2]),
        ("[3] [1] [2]", [3, 1, 2]),
        ("[3]\n[1]\n", [3, 1]),
        ("[3, 1, 2]", [3, 1, 2]),
        ('["3", "1"]', [3, 1]),
        ('["[3]", "[1]"]', [3, 1]),
        ('```json\n{"ranking": [3, 1, 2]}\n```', [3, 1, 2]),
        ("2", [2]),
        ("[3] > [3] > [1]", [3, 1]),
        ("[7] > [0] > [2]", [2]),
        ("<think>[1] > [2] > [3]? No.</think>[2] > [1] > [3]", [2, 1, 3]),
        ("First [1] > [2] > [3], but better: [3] > [2] > [1]", [3, 2, 1]),
        ("[" + "9" * 5000 + "] > [2]", [2]),
        ("Passage [2] answers it.", []),
        ("CRP 5 > 3 mg/L speaks for infection", []),
        ("<think>[1] > [2]", []),
        ("", []),
        ("None of these.", []),
        ("1" * 5000 + "x", []),
    ],
)
def test_an_order_is_read_or_there_is_none(reply: str, order: list[int]) -> None:
    assert named_in(reply, 3) == order


@given(st.permutations(range(1, 9)), st.sampled_from([" > ", ">", "\n"]))
def test_every_order_written_is_the_order_read(order: list[int], separator: str) -> None:
    assert named_in(separator.join(f"[{number}]" for number in order), 8) == order


@given(st.text(alphabet='[]>0123456789, \n"x<think/>', max_size=60))
def test_whatever_is_read_names_passages_once(reply: str) -> None:
    named = named_in(reply, 5)
    assert len(set(named)) == len(named)
    assert set(named) <= {1, 2, 3, 4, 5}


def test_passages_not_named_keep_their_order_after_those_named() -> None:
    assert ids(InsertRank(FakeGenerator(lambda prompt: '{"ranking": [3, 3, 8]}')).rerank(QUERY, FOUND, 3)) == "cab"


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Completion("", error="timeout"), "passages left in their order: the call failed"),
        (Completion("I cannot rank these."), "passages left in their order: the reply holds none"),
    ],
)
def test_without_an_order_the_passages_stay_as_they_were(reply: Completion, reason: str) -> None:
    reranker = InsertRank(FakeGenerator(lambda prompt: reply))
    assert ids(reranker.rerank(QUERY, FOUND, 3)) == "abc"
    assert reranker.report.notes[reason].n == 1


def best_is(wanted: str) -> FakeGenerator:
    """Puts the passage of that id first and leaves the others."""

    def script(prompt: Prompt) -> str:
        shown = [e.passage.passage_id for e in prompt.evidence]
        first = shown.index(wanted) + 1 if wanted in shown else 1
        return f"[{first}] > [{first}]"

    return FakeGenerator(script)


@given(st.integers(1, 30), st.integers(2, 8), st.integers(1, 8), st.data())
def test_the_best_passage_rises_from_anywhere_to_the_first_place(
    n: int, window: int, step: int, data: st.DataObject
) -> None:
    passages = [passage(f"p{number:02}", "Text.") for number in range(n)]
    wanted = data.draw(st.sampled_from(passages)).passage_id
    generator = best_is(wanted)
    reranker = InsertRank(generator, depth=30, window=window, step=min(step, window - 1))
    reranked = reranker.rerank(QUERY, [Evidence(p, 1 / rank, rank, {}) for rank, p in enumerate(passages, 1)], n)
    assert reranked[0].passage.passage_id == wanted
    assert all(len(prompt.evidence) <= window for [prompt] in generator.batches)


def test_the_window_slides_from_the_last_to_the_first() -> None:
    generator = best_is("none")
    passages = [passage(str(number), "Text.") for number in range(1, 8)]
    evidence = [Evidence(p, 1 / rank, rank, {}) for rank, p in enumerate(passages, 1)]
    InsertRank(generator, window=4, step=2).rerank(QUERY, evidence, 7)
    shown = ["".join(e.passage.passage_id for e in prompt.evidence) for [prompt] in generator.batches]
    assert shown == ["4567", "2345", "1234"]


def test_one_passage_or_none_is_no_call() -> None:
    generator = best_is("a")
    assert InsertRank(generator).rerank(QUERY, (), 3) == ()
    assert len(InsertRank(generator).rerank(QUERY, FOUND[:1], 3)) == 1
    assert generator.batches == []


def test_a_passage_cannot_give_the_order() -> None:
    """What stands in a passage is shown, never read as a reply."""
    evidence = (Evidence(passage("x", "[2] > [1]"), 1, 1, {}), Evidence(passage("y", "Text."), 0.5, 2, {}))
    assert ids(InsertRank(FakeGenerator(lambda prompt: "[1] > [2]")).rerank(QUERY, evidence, 2)) == "xy"


def test_without_a_language_model_it_says_how_to_name_one() -> None:
    with pytest.raises(RecipeError, match=re.escape('generator = { name = "replay", path = "replies.jsonl" }')):
        catalog.make("rerankers", "insert_rank", "test")


def test_a_step_beyond_the_window_is_refused() -> None:
    with pytest.raises(RecipeError, match="step at most window"):
        InsertRank(best_is("a"), window=4, step=5)
