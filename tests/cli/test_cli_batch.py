"""``ragmed ask --batch``: every line is answered or told why not, in order, and a run that was killed goes on."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ragmed.answers.json import answer_from_json
from tests.chat_server_for_tests import Call, chat_server, failing_one_in_ten
from tests.cli.conftest import environment

Run = Callable[..., Any]
Process = Callable[..., subprocess.CompletedProcess[bytes]]

SLOW = '''
"""A fake language model for tests: it copies the first sentence of the first source, slowly, and fails on demand."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ragmed.analysis.sentences import sentence_spans
from ragmed.protocols import Generator
from ragmed.types import Completion, Prompt


@dataclass(frozen=True)
class SlowForTests:
    log: str = ""
    delay_s: float = 0.0
    mood: str = "calm"
    concurrency: int = 8

    def complete(self, prompts: Sequence[Prompt]) -> list[Completion]:
        return [self._reply(prompt) for prompt in prompts]

    def _reply(self, prompt: Prompt) -> Completion:
        time.sleep(self.delay_s)
        if "crash" in prompt.query.text:
            raise ZeroDivisionError("a fault of the model")
        if self.log:
            with Path(self.log).open("a", encoding="utf-8") as file:
                file.write(prompt.query.query_id + "\\n")
        if "fails" in prompt.query.text and self.mood == "calm" and not Path(self.log + ".mended").exists():
            return Completion("", error="timed out")
        text = prompt.evidence[0].passage.text
        start, end = sentence_spans(text)[0]
        statement = {"text": text[start:end], "quote": text[start:end], "source": 1}
        return Completion(json.dumps({"statements": [statement], "confidence": 0.9}), 100, 20)


COMPONENT: type[Generator] = SlowForTests
'''
QUESTIONS = ["What is fever?", "What is insulin?", "What is arachnodactyly?", "What is a café-au-lait spot?"]


@pytest.fixture
def folder(tiny_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the test's own, in which ``ragmed`` finds the generator ``slow_for_tests``."""
    (tmp_path / "components" / "generators").mkdir(parents=True)
    (tmp_path / "components" / "generators" / "slow_for_tests.py").write_text(SLOW, encoding="utf-8")
    for name, value in variables(tiny_home, tmp_path).items():
        monkeypatch.setenv(name, value)
    return tmp_path


def variables(tiny_home: Path, folder: Path) -> dict[str, str]:
    own = environment(tiny_home)
    return {**own, "RAGMED_COMPONENTS": os.pathsep.join([own["RAGMED_COMPONENTS"], str(folder / "components")])}


@pytest.fixture
def batch(ragmed: Run, folder: Path, tiny_home: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Answer ``questions.jsonl`` of the folder into ``answers.jsonl``."""
    monkeypatch.setenv("RAGMED_COMPONENTS", variables(tiny_home, folder)["RAGMED_COMPONENTS"])

    def call(*more: str, options: str = "") -> Any:
        generator = f"slow_for_tests:log={folder / 'asked'}{options}"
        files = ["--batch", str(folder / "questions.jsonl"), "--out", str(folder / "answers.jsonl")]
        return ragmed("ask", *files, "-i", "tiny", "--generator", generator, *more)

    return call


def write(folder: Path, *lines: Any) -> None:
    text = "".join((line if isinstance(line, str) else json.dumps(line, ensure_ascii=False)) + "\n" for line in lines)
    (folder / "questions.jsonl").write_text(text, encoding="utf-8")


def answers(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "answers.jsonl").read_text(encoding="utf-8").splitlines()]


def asked(folder: Path) -> list[str]:
    path = folder / "asked"
    return path.read_text(encoding="utf-8").split() if path.exists() else []


def test_a_line_is_a_question_or_an_object(batch: Run, folder: Path) -> None:
    write(folder, "What is fever?", '"What is insulin?"', {"id": "mine", "question": "What is arachnodactyly?"})
    ran = batch()
    assert (ran.code, ran.err) == (0, "")
    assert "3 questions: answered 3" in ran.out
    assert [row["id"] for row in answers(folder)] == ["1", "2", "mine"]
    assert [row["answer"]["question"] for row in answers(folder)] == QUESTIONS[:3]
    for row in answers(folder):
        answer = answer_from_json(row["answer"])
        assert (answer.query_id, answer.outcome) == (row["id"], row["outcome"]) == (row["id"], "answered")
        assert answer.usage.n_prompt_tokens == 100
        assert answer.usage.generation_s == 0.0
        assert answer.index_card["name"] == "tiny"


def test_everything_that_can_be_said_about_a_question(batch: Run, folder: Path) -> None:
    (folder / "note.txt").write_text("The patient had a fever.", encoding="utf-8")
    write(
        folder,
        {
            "id": 7,
            "question": "Which lowers glucose?",
            "options": ["Cortisol", "Insulin"],
            "history": [{"role": "user", "content": "Hello."}, {"role": "assistant", "content": "Yes?"}],
            "notes": "note.txt",
            "style": "patient",
            "language": "FR",
            "meta": {"gold": "B"},
        },
    )
    assert batch().code == 0
    assert [row["id"] for row in answers(folder)] == ["7"]


def test_one_bad_line_does_not_stop_the_night(batch: Run, folder: Path) -> None:
    write(
        folder,
        {"id": "a", "question": "What is fever?"},
        '{"question": "cut',
        {"id": "c", "question": "  "},
        {"id": "a", "question": "What is insulin?"},
        {"id": "d", "qestion": "What is insulin?"},
        {"id": "e", "question": "What is insulin?", "options": ["one"]},
        {"id": "f", "question": "What is insulin?", "history": [{"role": "system", "content": "Obey."}]},
        {"id": "g", "question": "What is insulin?", "notes": "nowhere.txt"},
        {"id": [1], "question": "What is insulin?"},
        {"id": "z", "question": "What is insulin?"},
    )
    ran = batch()
    assert ran.code == 1
    assert "8 questions failed; run the same command" in ran.out
    rows = answers(folder)
    assert [row["id"] for row in rows] == ["a", "2", "c", "a", "d", "e", "f", "g", "9", "z"]
    assert ["error" in row for row in rows] == [False, *[True] * 8, False]
    told = ["not JSON", "empty", "given on line 1 already", "'qestion'", "at least two", "history", "nowhere", "the id"]
    for row, words in zip(rows[1:-1], told, strict=True):
        assert words in row["error"], row
        assert row["error"].startswith("line ")


def test_a_fault_of_the_model_costs_its_own_question_only(batch: Run, folder: Path) -> None:
    write(folder, *QUESTIONS, "What makes you crash?")
    assert batch().code == 1
    assert [row.get("outcome") for row in answers(folder)] == [*["answered"] * 4, None]
    assert answers(folder)[-1]["error"] == "ZeroDivisionError: a fault of the model"


def test_what_failed_is_asked_again_and_nothing_else(batch: Run, folder: Path) -> None:
    write(folder, *QUESTIONS[:2], "Why is it that fever fails?", QUESTIONS[3])
    first = batch()
    assert first.code == 1
    assert [row["outcome"] for row in answers(folder)] == ["answered", "answered", "failed", "answered"]
    (folder / "asked").unlink()
    (folder / "asked.mended").touch()
    second = batch("--json")
    assert second.code == 0
    assert asked(folder) == ["3"]
    assert [row["outcome"] for row in answers(folder)] == ["answered"] * 4
    assert [row["id"] for row in answers(folder)] == ["1", "2", "3", "4"]
    report = json.loads(second.out)
    assert (report["n_questions"], report["n_taken_over"], report["n_failed"]) == (4, 3, 0)


def test_a_whole_file_is_left_as_it_is(batch: Run, folder: Path) -> None:
    write(folder, *QUESTIONS)
    batch()
    made = (folder / "answers.jsonl").read_bytes()
    (folder / "asked").unlink()
    assert batch().code == 0
    assert asked(folder) == []
    assert (folder / "answers.jsonl").read_bytes() == made


def test_a_question_that_was_edited_or_added_is_asked(batch: Run, folder: Path) -> None:
    write(folder, {"id": "a", "question": QUESTIONS[0]}, {"id": "b", "question": QUESTIONS[1]})
    batch()
    (folder / "asked").unlink()
    lines = [{"id": "c", "question": QUESTIONS[3]}, {"id": "a", "question": QUESTIONS[0]}]
    write(folder, *lines, {"id": "b", "question": QUESTIONS[2]})
    assert batch().code == 0
    assert sorted(asked(folder)) == ["b", "c"]
    assert [row["id"] for row in answers(folder)] == ["c", "a", "b"]
    assert answers(folder)[2]["answer"]["question"] == QUESTIONS[2]


def test_other_settings_need_another_file_or_a_new_beginning(batch: Run, folder: Path) -> None:
    write(folder, *QUESTIONS)
    batch()
    made = (folder / "answers.jsonl").read_bytes()
    for changed in ({"options": ",mood=odd"}, {}):
        ran = batch(*([] if changed else ["--method", "retrieve_then_read:k=3"]), **changed)
        assert ran.code == 1
        assert "made with other settings" in ran.err
        assert "--restart" in ran.err
        assert ran.err.count("\n") == 1
    assert (folder / "answers.jsonl").read_bytes() == made
    assert batch("--restart", options=",mood=odd").code == 0


def test_how_fast_a_model_is_asked_is_no_setting_of_its_answers(batch: Run, folder: Path) -> None:
    write(folder, *QUESTIONS)
    batch()
    assert batch("--workers", "1", options=",concurrency=2").code == 0


@pytest.mark.parametrize("cut", [0, 1, 6, 40, 0.5, -1])
def test_a_cut_file_is_gone_on_with_to_the_same_bytes(batch: Run, folder: Path, cut: float) -> None:
    write(folder, *QUESTIONS, "{")
    batch()
    out = folder / "answers.jsonl"
    whole = out.read_bytes()
    out.write_bytes(whole[: int(cut * len(whole)) if 0 < cut < 1 else int(cut)])
    batch()
    assert out.read_bytes() == whole


@pytest.mark.parametrize("workers", ["1", "2", "3", "64"])
def test_the_number_of_workers_changes_nothing(batch: Run, folder: Path, workers: str) -> None:
    write(folder, *(f"{question} ({n})" for n in range(5) for question in QUESTIONS))
    batch("--workers", "7")
    whole = (folder / "answers.jsonl").read_bytes()
    batch("--workers", workers, "--restart")
    assert (folder / "answers.jsonl").read_bytes() == whole


def test_a_file_that_is_no_batch_is_never_touched(batch: Run, folder: Path) -> None:
    write(folder, *QUESTIONS)
    for text in ("my notes\n", "my notes", '{"question": "What is fever?"}\n', "[1]\n"):
        (folder / "answers.jsonl").write_text(text)
        for more in ([], ["--restart"]):
            ran = batch(*more)
            assert (ran.code, ran.err.count("\n")) == (1, 1)
            assert (folder / "answers.jsonl").read_text() == text
    (folder / "answers.jsonl").unlink()
    batch()
    write(folder, {"id": "other", "question": QUESTIONS[0]})
    assert "questions that are not in" in batch().err


def test_the_answers_cannot_go_where_there_is_no_folder(ragmed: Run, folder: Path) -> None:
    write(folder, *QUESTIONS)
    questions = folder / "questions.jsonl"
    for batch_path, out, words in [
        (questions, folder / "missing" / "a.jsonl", "no such folder"),
        (questions, folder, "is a folder"),
        (questions, questions, "file of questions"),
        (folder / "nowhere.jsonl", folder / "a.jsonl", "no such file"),
    ]:
        ran = ragmed("ask", "--batch", str(batch_path), "--out", str(out), "-i", "tiny")
        assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
        assert words in ran.err
    assert not (folder / "missing").exists()


def test_an_empty_file_gives_an_empty_one(batch: Run, folder: Path) -> None:
    write(folder, "", "  ")
    ran = batch()
    assert ran.code == 0
    assert ran.out.startswith("0 questions")
    assert (folder / "answers.jsonl").read_bytes() == b""


def test_questions_come_from_standard_input_for_a_dash(ragmed_process: Process, tmp_path: Path) -> None:
    out = tmp_path / "answers.jsonl"
    arguments = ["ask", "--batch", "-", "--out", str(out), "-i", "tiny"]
    assert ragmed_process(*arguments, stdin="\ufeffWhat is fever?\nWhat is insulin?\n".encode()).returncode == 0
    made = out.read_bytes()
    assert [row["answer"]["question"] for row in answers(tmp_path)] == QUESTIONS[:2]
    assert ragmed_process(*arguments, stdin=b"What is fever?\nWhat is insulin?\n").returncode == 0
    assert out.read_bytes() == made


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["What is fever?", "--batch", "q.jsonl", "--out", "a.jsonl"],
        ["--batch", "q.jsonl"],
        ["What is fever?", "--out", "a.jsonl"],
        ["What is fever?", "--restart"],
        ["--batch", "q.jsonl", "--out", "a.jsonl", "-o", "A=x", "-o", "B=y"],
        ["--batch", "q.jsonl", "--out", "a.jsonl", "--workers", "0"],
    ],
)
def test_wrong_usage(ragmed: Run, arguments: list[str]) -> None:
    ran = ragmed("ask", *arguments, "-i", "tiny")
    assert (ran.code, ran.out) == (2, "")


def test_what_concerns_every_question_stops_it(ragmed: Run, folder: Path) -> None:
    write(folder, *QUESTIONS)
    files = ["--batch", str(folder / "questions.jsonl"), "--out", str(folder / "answers.jsonl")]
    ran = ragmed("ask", *files, "-i", "tiny", "--method", "direct")
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert "needs a language model" in ran.err
    assert (folder / "answers.jsonl").read_bytes() == b""


def test_two_at_once_do_not_write_into_one_file(folder: Path, tiny_home: Path, batch: Run) -> None:
    write(folder, *QUESTIONS)
    first = start(folder, tiny_home, delay_s=0.5)
    while not (folder / "asked").exists():
        time.sleep(0.02)
    ran = batch()
    assert ran.code == 1
    assert "another process is writing answers" in ran.err
    assert first.wait() == 0


def start(folder: Path, tiny_home: Path, *, delay_s: float) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "ragmed", "ask", "--batch", str(folder / "questions.jsonl"), "-i", "tiny"]
    command += ["--out", str(folder / "answers.jsonl"), "--workers", "3"]
    command += ["--generator", f"slow_for_tests:log={folder / 'asked'},delay_s={delay_s}"]
    return subprocess.Popen(
        command,
        env={**os.environ, **variables(tiny_home, folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_killing_it_and_starting_again_gives_the_same_bytes(folder: Path, tiny_home: Path, end: signal.Signals) -> None:
    write(folder, *(f"{question} ({n})" for n in range(6) for question in QUESTIONS), {"id": "bad"})
    assert start(folder, tiny_home, delay_s=0.05).wait() == 1
    out = folder / "answers.jsonl"
    whole = out.read_bytes()
    out.unlink()
    (folder / "asked").unlink()
    n_killed = 0
    while True:
        process = start(folder, tiny_home, delay_s=0.05)
        n_before = len(asked(folder))
        while process.poll() is None and len(asked(folder)) < n_before + 7:
            time.sleep(0.005)
        if process.poll() is not None:
            break
        process.send_signal(end)
        if process.wait() == 1:
            break  # it was through with its work when the signal came
        assert process.returncode == (130 if end == signal.SIGINT else -signal.SIGKILL)
        n_killed += 1
    assert process.returncode == 1
    assert n_killed >= 2
    assert out.read_bytes() == whole
    # Asked twice is only what was on its way when it was killed: with three workers three questions at a time.
    assert len(asked(folder)) <= 24 + 3 * n_killed


def test_a_server_that_fails_one_call_in_ten_loses_no_question(ragmed: Run, folder: Path) -> None:
    def script(call: Call) -> str:
        [text] = re.findall(r'<source id="1"[^>]*>\n(.*?)\n</source>', call.words, re.DOTALL)
        return json.dumps({"statements": [{"text": text, "quote": text, "source": 1}]})

    write(folder, *(f"{question} ({n})" for n in range(25) for question in QUESTIONS))
    files = ["--batch", str(folder / "questions.jsonl"), "--out", str(folder / "answers.jsonl"), "-i", "tiny"]
    with chat_server(failing_one_in_ten(script)) as server:
        generator = f"openai_chat:model=scripted,base_url={server.url},concurrency=16,backoff_s=0.01"
        ran = ragmed("ask", *files, "--generator", generator)
    assert (ran.code, ran.err) == (0, "")
    assert len(server.asked) > 100
    assert [row["outcome"] for row in answers(folder)] == ["answered"] * 100
