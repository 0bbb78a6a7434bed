"""``ragmed graph extract``: a file of statements, gone on with after an interruption, and a graph made of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ragmed.cli import run
from ragmed.index.graphs import open_graph
from tests.cli.conftest import BUILDER, CORPUS_TOML, Ran, environment

INDEX_TOML = """
[[corpora]]
name = "texts"
splitter = "whole"

[[retrievers]]
name = "bm25"
"""
TEXTS = """\
d1\tOne\tExamplolol treats gout. Gout may cause fever.
d2\tTwo\tFever is a sign of measles.
d3\tThree\tExamplolol does not treat gout.
"""
KNOWN = "".join(
    json.dumps(row) + "\n"
    for row in (
        {"subject": "T:1", "subject_name": "Examplolol", "subject_kind": "drug", "predicate": "is_a", "object": "T:9"},
        {"subject": "T:2", "subject_name": "Gout", "subject_kind": "disease", "predicate": "is_a", "object": "T:9"},
        {"subject": "T:3", "subject_name": "Fever", "subject_kind": "finding", "predicate": "is_a", "object": "T:9"},
        {"subject": "T:4", "subject_name": "Measles", "subject_kind": "disease", "predicate": "is_a", "object": "T:9"},
        {"subject": "T:9", "subject_name": "Anything", "predicate": "is_a", "object": "T:9"},
    )
)
GRAPH_TOML = """
[[sources]]
name = "known"
reader = "triples"
licence = "CC0"
[[sources.files]]
name = "known"
path = "known.jsonl"
url = "https://example.org/known.jsonl"
"""
MODEL = '''
"""A fake language model for tests: it finds the sentence that begins with Examplolol, and obeys two words."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from ragmed.protocols import Generator
from ragmed.types import Completion, Prompt


@dataclass(frozen=True)
class ModelForTests:
    fails_at: str = ""
    stops_at: str = ""

    def complete(self, prompts: Sequence[Prompt]) -> list[Completion]:
        return [self._reply(prompt.evidence[0].passage.text) for prompt in prompts]

    def _reply(self, text: str) -> Completion:
        if self.stops_at and self.stops_at in text:
            raise KeyboardInterrupt
        if self.fails_at and self.fails_at in text:
            return Completion("", error="timed out")
        if "Examplolol treats" not in text:
            return Completion('{"triples": []}')
        triple = {"subject": "Examplolol", "predicate": "treats", "object": "gout", "quote": "Examplolol treats gout."}
        return Completion(json.dumps({"triples": [triple]}))


COMPONENT: type[Generator] = ModelForTests
'''

Extract = Callable[..., Ran]


@pytest.fixture(scope="module")
def extraction_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the corpus and index ``texts`` and the graph ``known``."""
    folder = tmp_path_factory.mktemp("extraction")
    files = {
        "corpora/texts.toml": CORPUS_TOML.replace("tiny/lines.tsv", "lines.tsv").replace("= 4", "= 3"),
        "indexes/texts.toml": INDEX_TOML,
        "indexes/graphs/known.toml": GRAPH_TOML,
        "lines.tsv": TEXTS,
        "known.jsonl": KNOWN,
        "components/corpora/lines.py": BUILDER,
        "components/generators/model_for_tests.py": MODEL,
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    for command in (["corpus", "build", "texts"], ["index", "build", "texts"]):
        built = subprocess.run(
            [sys.executable, "-m", "ragmed", *command],
            env={**os.environ, **environment(folder)},
            capture_output=True,
            text=True,
        )
        assert built.returncode == 0, built.stderr
    return folder


@pytest.fixture
def extract(
    extraction_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> Extract:
    """Run ``ragmed graph extract texts --graph known`` with more arguments; statements go to ``tmp_path``."""
    for name, value in environment(extraction_home).items():
        monkeypatch.setenv(name, value)

    def call(*arguments: str, source: str = "texts") -> Ran:
        capfdbinary.readouterr()
        out = ["--graph", "known", "--out", str(tmp_path / "out.jsonl")]
        code = run(["graph", "extract", source, *out, *arguments])
        captured = capfdbinary.readouterr()
        return Ran(code, captured.out.decode("utf-8"), captured.err.decode("utf-8"))

    return call


def _rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "out.jsonl").read_text(encoding="utf-8").splitlines()]


def _words(rows: list[dict[str, Any]]) -> set[str]:
    return {
        f"{row['subject_name']} {'not ' if row['negated'] else ''}{row['predicate']} {row['object_name']}"
        for row in rows
    }


def test_statements_are_written_with_sentence_and_passage(extract: Extract, tmp_path: Path) -> None:
    assert extract().code == 0
    rows = _rows(tmp_path)
    assert _words(rows) == {
        "Examplolol treats Gout",
        "Examplolol not treats Gout",
        "Gout causes Fever",
        "Measles has_finding Fever",
    }
    [found] = [row for row in rows if row["object_name"] == "Gout" and not row["negated"]]
    assert found["quote"] == "Examplolol treats gout."
    assert found["evidence"] == ["d1"]
    assert (found["subject"], found["subject_kind"]) == ("T:1", "drug")


def test_conflicts_are_reported(extract: Extract) -> None:
    ran = extract()
    assert "1 conflict:" in ran.out
    assert "T:1 not treats T:2" in ran.out


def test_running_it_twice_changes_nothing(extract: Extract, tmp_path: Path) -> None:
    extract()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    again = extract("--json")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert json.loads(again.out)["n_new"] == 0


def test_only_new_passages_are_read(extract: Extract, tmp_path: Path) -> None:
    assert json.loads(extract("--limit", "2", "--json").out)["n_new"] == 2
    assert _words(_rows(tmp_path)) == {"Examplolol treats Gout", "Gout causes Fever", "Measles has_finding Fever"}
    assert json.loads(extract("--json").out)["n_new"] == 1


def test_in_parts_or_at_once_makes_no_difference(extract: Extract, tmp_path: Path) -> None:
    extract("--limit", "1")
    extract()
    in_parts = (tmp_path / "out.jsonl").read_bytes()
    extract("--restart")
    assert (tmp_path / "out.jsonl").read_bytes() == in_parts


def test_a_corpus_is_read_where_there_is_no_such_index(extract: Extract, extraction_home: Path, tmp_path: Path) -> None:
    assert extract(source=str(extraction_home / "corpora" / "texts")).code == 0
    assert len(_rows(tmp_path)) == 4


def test_neither_index_nor_corpus(extract: Extract) -> None:
    ran = extract(source="nothing")
    assert (ran.code, ran.out) == (1, "")
    assert "no indexes named 'nothing'" in ran.err


def test_a_language_model_reads_them(extract: Extract, tmp_path: Path) -> None:
    assert extract("--generator", "model_for_tests", "--replies", "2").code == 0
    [row] = _rows(tmp_path)
    assert (row["subject"], row["predicate"], row["object"]) == ("T:1", "treats", "T:2")
    assert (row["method"], row["confidence"]) == ("MedKGent", 0.95)


def test_ctrl_c_keeps_what_was_read_and_says_how_to_go_on(
    extract: Extract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ragmed.cli.graph.extract._AT_ONCE", 1)
    ran = extract("--generator", "model_for_tests:stops_at=measles", "--json")
    assert ran.code == 130
    assert "to go on, run the same command" in ran.err
    assert json.loads(ran.out)["n_passages"] == 1
    assert len(_rows(tmp_path)) == 1


def test_a_passage_without_a_reply_is_asked_for_again(extract: Extract) -> None:
    first = extract("--generator", "model_for_tests:fails_at=measles", "--json")
    assert first.code == 1
    assert "timed out" in first.err
    assert json.loads(first.out)["n_passages"] == 2
    again = extract("--generator", "model_for_tests:fails_at=measles", "--json")
    assert json.loads(again.out)["n_new"] == 0
    assert again.code == 1


def test_another_generator_does_not_go_on_with_the_file(extract: Extract) -> None:
    extract()
    ran = extract("--generator", "model_for_tests")
    assert ran.code == 1
    assert "--restart" in ran.err
    assert extract("--generator", "model_for_tests", "--restart").code == 0


def test_without_a_language_model_as_generator_it_says_so(extract: Extract) -> None:
    ran = extract("--generator", "extractive")
    assert ran.code == 1
    assert "needs a language model" in ran.err


def test_a_file_of_something_else_is_left_alone(extract: Extract, tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").write_text("my notes\n", encoding="utf-8")
    ran = extract()
    assert ran.code == 2
    assert "was not written by this command" in ran.err
    assert (tmp_path / "out.jsonl").read_text(encoding="utf-8") == "my notes\n"


def test_a_graph_can_be_made_of_the_file(extract: Extract, extraction_home: Path, tmp_path: Path) -> None:
    extract()
    recipe = extraction_home / "indexes" / "graphs" / "extracted.toml"
    more = GRAPH_TOML.replace('"known"', '"extracted"', 1).replace("known.jsonl", "out.jsonl").replace("url", "folder")
    more = more.replace("https://example.org/out.jsonl", str(tmp_path))
    recipe.write_text(GRAPH_TOML + more, encoding="utf-8")
    assert run(["graph", "build", "extracted", "--offline"]) == 0
    graph = open_graph("extracted")
    found = [graph.edge(int(number)) for number in graph.edges_of(graph.row("T:4"), "has_finding")]
    assert [(edge.object, edge.quote, edge.evidence) for edge in found] == [
        ("T:3", "Fever is a sign of measles.", ("d2",))
    ]
