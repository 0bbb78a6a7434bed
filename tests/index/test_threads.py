"""One open index serves many threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import ragmed
from ragmed import threads
from ragmed.index import searcher
from ragmed.types import Query
from tests.cli.conftest import environment


def test_answers_from_many_threads_are_those_of_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(folder).items():
        monkeypatch.setenv(name, value)
    index = ragmed.open_index("tiny")
    questions = ["What is arachnodactyly?", "What does insulin do?", "What causes fever?", "Who won the cup?"] * 8
    expected = [ragmed.ask(question, index=index) for question in questions[:4]] * 8
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda question: ragmed.ask(question, index=index), questions)) == expected


def test_an_answer_is_the_same_from_a_name_a_path_and_an_open_index(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(folder).items():
        monkeypatch.setenv(name, value)
    path = folder / "indexes" / "tiny"
    answers = [ragmed.ask("What is fever?", index=index) for index in ("tiny", path, ragmed.open_index(path))]
    assert answers[0] == answers[1] == answers[2]
    assert ragmed.verify_answer(ragmed.to_json(answers[0])).ok


def test_retrievers_that_search_at_once_find_what_they_find_one_after_another(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(folder).items():
        monkeypatch.setenv(name, value)
    index = ragmed.open_index("tiny")
    queries = [Query(str(n), text) for n, text in enumerate(["What is arachnodactyly?", "What does insulin do?"])]
    expected = index.searcher.find(queries, 5, index.pipeline.fusion)
    monkeypatch.setattr(searcher, "_MANY", 0)
    monkeypatch.setattr(threads, "n_cores", lambda: 2)
    for one, other in zip(index.searcher.find(queries, 5, index.pipeline.fusion), expected, strict=True):
        assert one.rankings.keys() == other.rankings.keys()
        for ranking, alike in (
            (one.ranking, other.ranking),
            *zip(one.rankings.values(), other.rankings.values(), strict=True),
        ):
            np.testing.assert_array_equal(ranking.rows, alike.rows)
            np.testing.assert_array_equal(ranking.scores, alike.scores)
