"""SL-HyDE's self-refinement: draft, search, write anew."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ragmed.queries.self_refine import SelfRefine
from ragmed.types import Evidence, Query
from tests.queries.scripted import finds_nothing, finds_three, replies_in_order

QUERY = Query("q", "Why fever?", {"A": "cold"})


def test_the_draft_retrieves_and_is_written_anew_from_what_it_found(tmp_path: Path) -> None:
    searches: list[list[Query]] = []

    def retrieve(queries: Sequence[Query], k: int) -> list[tuple[Evidence, ...]]:
        searches.append(list(queries))
        return finds_three(queries, k)

    generator = replies_in_order(tmp_path, ["A draft.", "A better one."])
    [[searched]] = SelfRefine(generator, n_references=2, max_words=3).rewrite([QUERY], retrieve)
    assert (searched.text, searched.documents, searched.lexical) == ("Why fever?", ("A better one.",), "A better one.")
    assert [query.lexical for query in searches[0]] == ["A draft."]
    assert generator.calls == [
        ["Please write a medical passage that answers this medical question.\n<Question>: Why fever?\n<Passage>: "],
        [
            "Based on the reference documents provided, please write a medical passage that answers this medical "
            "question.\n\n<Medical question>: Why fever?\n"
            "<Reference documents>: Beta blockers lower Insulin lowers blood\n<Passage>: "
        ],
    ]


def test_without_rounds_it_is_hyde(tmp_path: Path) -> None:
    generator = replies_in_order(tmp_path, ["A draft."])
    [[searched]] = SelfRefine(generator, n_rounds=0).rewrite([QUERY], finds_three)
    assert searched.documents == ("A draft.",)
    assert len(generator.calls) == 1


def test_the_draft_is_kept_where_a_round_brings_nothing(tmp_path: Path) -> None:
    generator = replies_in_order(tmp_path, ["A draft.", None])
    [[searched]] = SelfRefine(generator).rewrite([QUERY], finds_three)
    assert searched.documents == ("A draft.",)
    [[searched]] = SelfRefine(replies_in_order(tmp_path, ["A draft."])).rewrite([QUERY], finds_nothing)
    assert searched.documents == ("A draft.",)


def test_without_a_draft_the_question_is_searched_as_it_is_and_the_others_go_on(tmp_path: Path) -> None:
    other = Query("r", "Why pain?")
    generator = replies_in_order(tmp_path, [None, "Draft r.", "Better r."])
    [[first], [second]] = SelfRefine(generator).rewrite([QUERY, other], finds_three)
    assert first == QUERY
    assert second.documents == ("Better r.",)
    assert [len(prompts) for prompts in generator.calls] == [2, 1]
