"""What every generator and every method must do, run over each file of their folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragmed import catalog
from ragmed.answers.reply import parse_reply
from ragmed.protocols import Generator, Method
from ragmed.types import Evidence, Prompt, Query
from tests.passages_for_tests import THREE

EVIDENCE = tuple(Evidence(p, 1.0, rank, {"bm25": rank, "dense": rank}) for rank, p in enumerate(THREE, start=1))
QUERIES = [
    Query("open", "What does insulin do to blood glucose?"),
    Query("yes_no", "Does insulin lower blood glucose?"),
    Query("choice", "What lowers blood glucose?", {"A": "fever", "B": "insulin"}),
    Query("elsewhere", "Who won the football match?"),
]


@pytest.fixture(params=sorted(catalog.files("generators")))
def generator(request: pytest.FixtureRequest, tmp_path: Path) -> Generator:
    # A generator that replays has nothing of its own to say: it records another, then says the same again.
    options = {"replay": {"path": str(tmp_path / "replies.jsonl"), "record": {"name": "extractive"}}}
    made: Generator = catalog.make("generators", {"name": request.param, **options.get(request.param, {})}, "test")
    return made


@pytest.fixture(params=sorted(catalog.files("methods")))
def method(request: pytest.FixtureRequest) -> Method:
    made: Method = catalog.make("methods", request.param, "test")
    return made


def retrieve(queries: list[Query], k: int) -> list[tuple[Evidence, ...]]:
    assert all(query.options is None for query in queries), "retrieval must not see the options"
    return [EVIDENCE[:k] for _ in queries]


def test_is_a_generator(generator: Generator) -> None:
    assert isinstance(generator, Generator)


def test_one_readable_completion_per_prompt_and_the_same_each_time(generator: Generator) -> None:
    prompts = [Prompt(query, EVIDENCE) for query in QUERIES]
    completions = generator.complete(prompts)
    assert len(completions) == len(prompts)
    assert all(parse_reply(completion.text) is not None for completion in completions)
    assert generator.complete(prompts) == completions


def test_without_evidence_it_abstains(generator: Generator) -> None:
    [completion] = generator.complete([Prompt(QUERIES[0], ())])
    reply = parse_reply(completion.text)
    assert reply is not None
    assert reply.abstain


def test_is_a_method(method: Method) -> None:
    assert isinstance(method, Method)


def test_an_answer_for_each_query_in_order(method: Method, generator: Generator) -> None:
    answers = method.answer(QUERIES, retrieve, generator)  # type: ignore[arg-type]
    assert [answer.query_id for answer in answers] == [query.query_id for query in QUERIES]
    by_id = {answer.query_id: answer for answer in answers}
    assert by_id["open"].citations[0].passage_id == "b"
    assert by_id["yes_no"].choice == "yes"
    assert by_id["choice"].choice == "B"
    assert [option.option for option in by_id["choice"].options] == ["A", "B"]
    assert by_id["elsewhere"].outcome == "abstained"
    assert by_id["elsewhere"].choice is None


def test_every_quotation_is_verbatim(method: Method, generator: Generator) -> None:
    texts = {p.passage_id: p.text for p in THREE}
    for answer in method.answer(QUERIES, retrieve, generator):  # type: ignore[arg-type]
        for citation in answer.citations:
            assert texts[citation.passage_id][citation.start : citation.end] == citation.quote


def test_no_queries_give_no_answers(method: Method, generator: Generator) -> None:
    assert method.answer([], retrieve, generator) == []  # type: ignore[arg-type]
