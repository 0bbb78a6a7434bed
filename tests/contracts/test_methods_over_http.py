"""Every method end to end: on a server over loopback, recorded, and then from the recording alone."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ragmed import catalog
from ragmed.answers.citations import problems
from ragmed.generators.openai_chat import OpenAIChat
from ragmed.generators.replay import Replay
from ragmed.types import Document, Query
from tests.chat_server_for_tests import Call, chat_server
from tests.methods_for_tests import made
from tests.model_for_tests import SearchForTests
from tests.passages_for_tests import THREE

NOTE = Document("note", "Letter", "Insulin lowers blood glucose in her case.", "notes", "", "")
QUERIES = [
    Query("open", "What does insulin do to blood glucose?"),
    Query("choice", "What lowers blood glucose?", {"A": "fever", "B": "insulin"}),
    Query("about_notes", "What does the letter say of insulin?", notes=(NOTE,)),
]
SOURCE = re.compile(r'<source id="(\d+)"[^>]*>\n(?:.*\n)*?(Insulin [^\n]*)\n</source>')


def quotes_insulin(call: Call) -> str:
    """What a model might reply that finds the one source on insulin, and has no more to say to anything."""
    choice = "B" if "Options:" in call.words else None
    reply = {"answer": "Insulin lowers it.", "answer_choice": choice, "queries": ["insulin and blood glucose"]}
    if "<source" in call.words:
        found = SOURCE.search(call.words)
        quoted = [] if found is None else [{"text": found[2], "quote": found[2], "source": int(found[1])}]
        reply |= {"statements": quoted, "choice": choice, "abstain": None if quoted else "No source tells."}
    return json.dumps(reply)


@pytest.mark.parametrize("name", sorted(catalog.files("methods")))
def test_a_method_over_http_and_from_its_recording(name: str, tmp_path: Path) -> None:
    method = made(name)
    path = str(tmp_path / "replies.jsonl")
    with chat_server(quotes_insulin) as server:
        model = OpenAIChat(model="scripted", base_url=server.url, key_variable="")
        answers = method.answer(QUERIES, SearchForTests(), Replay(path, record=model))
        assert server.calls
    texts = {p.passage_id: p.text for p in THREE}
    for answer in answers:
        assert answer.outcome in {"answered", "abstained"}
        notes = {e.passage.passage_id: e.passage.text for e in answer.evidence}
        assert problems(answer, texts | notes) == []
    assert next(answer for answer in answers if answer.query_id == "choice").choice == "B"
    again = method.answer(QUERIES, SearchForTests(), Replay(path))
    assert again == answers
