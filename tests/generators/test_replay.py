"""Replies from a file: what each line replies to, what is recorded, and that a file outlives interruptions."""

from __future__ import annotations

import json
import multiprocessing
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ragmed import catalog
from ragmed.errors import DamagedFile, MissingFile, RecipeError, StorageError
from ragmed.generators.replay import Replay, prompt_key
from ragmed.types import Completion, Evidence, Message, Prompt, Query
from tests.passages_for_tests import THREE


def prompt(content: str, query_id: str = "q") -> Prompt:
    return Prompt(Query(query_id, "ignored"), (), (Message("user", content),))


def write(path: Path, *rows: dict[str, Any]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def told(content: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": content}]


@dataclass(frozen=True)
class Echo:
    """Replies with the prompt and the number of the call, and remembers what it was asked."""

    asked: list[str] = field(default_factory=list)
    fails_on: str = "never"

    def complete(self, prompts: Sequence[Prompt]) -> list[Completion]:
        replies = []
        for one in prompts:
            self.asked.append(one.messages[0].content)
            if self.asked[-1] == self.fails_on:
                replies.append(Completion("", error="timed out"))
            else:
                replies.append(Completion(f"{self.asked[-1]} #{len(self.asked)}", 3, 2))
        return replies


# What a line replies to


def test_a_line_with_messages_replies_to_the_same_messages(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", {"messages": told("Why?"), "text": "Because."})
    [right, wrong] = Replay(path).complete([prompt("Why?", "any query"), prompt("How?")])
    assert (right.text, right.error) == ("Because.", "")
    assert wrong.error


def test_a_line_with_a_query_id_replies_whatever_is_asked(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", {"query_id": "q2", "text": "Two."}, {"query_id": "q1", "text": "One."})
    completions = Replay(path).complete([prompt("a", "q1"), prompt("b", "q2")])
    assert [completion.text for completion in completions] == ["One.", "Two."]


def test_lines_that_name_nothing_are_used_up_in_order(tmp_path: Path) -> None:
    replay = Replay(write(tmp_path / "r.jsonl", {"text": "1"}, {"text": "2"}, {"text": "3"}))
    assert [c.text for c in replay.complete([prompt("a"), prompt("b")])] == ["1", "2"]
    [third, fourth] = replay.complete([prompt("c"), prompt("d")])
    assert (third.text, fourth.text) == ("3", "")
    assert "no reply" in fourth.error


def test_messages_come_before_the_query_id_and_that_before_the_order(tmp_path: Path) -> None:
    path = write(
        tmp_path / "r.jsonl",
        {"text": "by order"},
        {"query_id": "q", "text": "by id"},
        {"query_id": "q", "messages": told("Why?"), "text": "by messages"},
    )
    completions = Replay(path).complete([prompt("Why?"), prompt("How?"), prompt("How?", "r")])
    assert [completion.text for completion in completions] == ["by messages", "by id", "by order"]


def test_a_prompt_repeated_in_one_call_is_given_the_samples_one_after_another(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", *({"messages": told("Why?"), "text": text} for text in ("A", "B")))
    replay = Replay(path)
    again = [prompt("Why?", "q1"), prompt("Why?", "q1"), prompt("Why?", "q1"), prompt("Why?", "q2")]
    assert [c.text for c in replay.complete(again)] == ["A", "B", "", "A"]
    assert [c.text for c in replay.complete(again)] == ["A", "B", "", "A"]


def test_a_prompt_without_messages_is_known_by_question_and_evidence(tmp_path: Path) -> None:
    query, evidence = Query("q", "Why?"), Evidence(THREE[0], 1.0, 1, {})
    with_evidence = Prompt(query, (evidence,))
    path = write(tmp_path / "r.jsonl", {"prompt_key": prompt_key(with_evidence), "text": "Because."})
    [same, other] = Replay(path).complete([with_evidence, Prompt(query, ())])
    assert (same.text, other.text) == ("Because.", "")


def test_counts_and_errors_are_replayed(tmp_path: Path) -> None:
    path = write(
        tmp_path / "r.jsonl",
        {"text": "ok", "n_prompt_tokens": 7, "n_completion_tokens": 2},
        {"error": "rate limit"},
    )
    assert Replay(path).complete([prompt("a"), prompt("b")]) == [
        Completion("ok", 7, 2),
        Completion("", error="rate limit"),
    ]


# What is missing or damaged


def test_a_missing_reply_names_file_query_and_prompt(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", {"query_id": "other", "text": "x"})
    [completion] = Replay(path).complete([prompt("What is gout?", "q7")])
    assert completion.text == ""
    for part in (path, "'q7'", prompt_key(prompt("What is gout?"))[:12], "What is gout?", "record"):
        assert part in completion.error


def test_a_missing_file_is_an_error_at_the_first_prompt_only(tmp_path: Path) -> None:
    replay = Replay(str(tmp_path / "none.jsonl"))
    with pytest.raises(MissingFile, match=r"none\.jsonl: no such file of replies"):
        replay.complete([prompt("a")])


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("{broken", "not a JSON object"),
        ("[1]", "not a JSON object"),
        ('{"query_id": "q"}', "has neither a reply"),
        ('{"text": 3}', "has neither a reply"),
        ('{"text": "x", "n_prompt_tokens": -1}', "n_prompt_tokens is not a count"),
        ('{"text": "x", "messages": []}', "messages are not a list"),
        ('{"text": "x", "messages": [{"role": "user"}]}', "messages are not a list"),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: str, fault: str) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(f'{{"text": "fine"}}\n{line}\n', encoding="utf-8")
    with pytest.raises(DamagedFile, match=rf"r\.jsonl, line 2: .*{fault}|r\.jsonl, line 2: {fault}"):
        Replay(str(path)).complete([prompt("a")])


def test_a_recipe_must_name_the_file() -> None:
    with pytest.raises(RecipeError, match="replay needs path"):
        catalog.make("generators", "replay", "test")


# Recording


def test_a_recorded_reply_is_asked_for_once_and_replayed_without_the_model(tmp_path: Path) -> None:
    path, model = str(tmp_path / "new" / "r.jsonl"), Echo()
    prompts = [prompt("a", "q1"), prompt("b", "q2")]
    first = Replay(path, record=model).complete(prompts)
    assert first == [Completion("a #1", 3, 2), Completion("b #2", 3, 2)]
    assert Replay(path, record=model).complete(prompts[::-1]) == first[::-1]
    assert Replay(path).complete(prompts) == first
    assert model.asked == ["a", "b"]


def test_a_recorded_file_can_be_read_by_a_person(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    Replay(str(path), record=Echo()).complete([prompt("Ménière?", "q1")])
    assert json.loads(path.read_text()) == {
        "query_id": "q1",
        "messages": told("Ménière?"),
        "text": "Ménière? #1",
        "n_prompt_tokens": 3,
        "n_completion_tokens": 2,
    }


def test_samples_of_one_prompt_are_recorded_apart_and_equal_questions_asked_once(tmp_path: Path) -> None:
    path, model = str(tmp_path / "r.jsonl"), Echo()
    prompts = [prompt("a", "q1"), prompt("a", "q1"), prompt("a", "q2")]
    first = Replay(path, record=model).complete(prompts)
    assert [completion.text for completion in first] == ["a #1", "a #2", "a #1"]
    assert Replay(path).complete(prompts) == first


def test_an_error_is_returned_and_asked_for_again(tmp_path: Path) -> None:
    path = str(tmp_path / "r.jsonl")
    [completion] = Replay(path, record=Echo(fails_on="a")).complete([prompt("a")])
    assert completion.error == "timed out"
    [completion] = Replay(path, record=Echo()).complete([prompt("a")])
    assert completion.text == "a #1"


def test_what_was_recorded_before_the_model_failed_is_kept(tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class Breaks(Echo):
        def complete(self, prompts: Sequence[Prompt]) -> list[Completion]:
            if len(self.asked) >= 4:
                raise ConnectionError("gone")
            return super().complete(prompts)

    path, prompts = str(tmp_path / "r.jsonl"), [prompt(str(i)) for i in range(9)]
    with pytest.raises(ConnectionError):
        Replay(path, record=Breaks(), batch_size=2).complete(prompts)
    model = Echo()
    Replay(path, record=model, batch_size=2).complete(prompts)
    assert model.asked == ["4", "5", "6", "7", "8"]


@pytest.mark.parametrize("n_bytes", [1, 10, 40])
def test_a_last_line_that_was_cut_is_dropped_and_recorded_again(tmp_path: Path, n_bytes: int) -> None:
    path, prompts = tmp_path / "r.jsonl", [prompt("a"), prompt("b")]
    whole = Replay(str(path), record=Echo()).complete(prompts)
    first_line = path.read_bytes().splitlines(keepends=True)[0]
    path.write_bytes(path.read_bytes()[: len(first_line) + n_bytes])
    assert [c.text for c in Replay(str(path)).complete(prompts)] == ["a #1", ""]
    Replay(str(path), record=Echo(asked=["a"])).complete(prompts)
    assert Replay(str(path)).complete(prompts) == whole
    assert len(path.read_bytes().splitlines()) == 2


def test_a_last_line_that_only_lacks_its_end_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(json.dumps({"messages": told("a"), "text": "by hand"}), encoding="utf-8")
    Replay(str(path), record=Echo()).complete([prompt("a"), prompt("b")])
    assert [c.text for c in Replay(str(path)).complete([prompt("a"), prompt("b")])] == ["by hand", "b #1"]


def test_nothing_is_added_to_a_packed_file(tmp_path: Path) -> None:
    import gzip

    path = tmp_path / "r.jsonl.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write(json.dumps({"messages": told("a"), "text": "A"}) + "\n")
    assert Replay(str(path)).complete([prompt("a")])[0].text == "A"
    with pytest.raises(StorageError, match="gunzip"):
        Replay(str(path), record=Echo()).complete([prompt("b")])


def test_threads_share_one_replay(tmp_path: Path) -> None:
    path, model = str(tmp_path / "r.jsonl"), Echo()
    replay = Replay(path, record=model)
    threads = [
        threading.Thread(target=replay.complete, args=[[prompt(f"{t}-{i}") for i in range(20)]]) for t in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    replayed = Replay(path).complete([prompt(f"{t}-{i}") for t in range(6) for i in range(20)])
    assert not [completion.error for completion in replayed if completion.error]


def record_many(path: str, name: str) -> None:
    Replay(path, record=Echo(), batch_size=1).complete([prompt(f"{name}-{i}" + "x" * 5000) for i in range(15)])


def test_processes_add_whole_lines_to_one_file(tmp_path: Path) -> None:
    path, context = str(tmp_path / "r.jsonl"), multiprocessing.get_context("spawn")
    processes = [context.Process(target=record_many, args=(path, name)) for name in "ab"]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    replayed = Replay(path).complete([prompt(f"{name}-{i}" + "x" * 5000) for name in "ab" for i in range(15)])
    assert not [completion.error for completion in replayed if completion.error]


def test_text_that_is_not_unicode_is_recorded_and_found(tmp_path: Path) -> None:
    path = str(tmp_path / "r.jsonl")
    Replay(path, record=Echo()).complete([prompt("fever \ud800")])
    [completion] = Replay(path).complete([prompt("fever \ud800")])
    assert completion.text == "fever \ufffd #1"
