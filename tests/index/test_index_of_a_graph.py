"""An index joined to a knowledge graph: it is built, opened and searched with it, and refuses another release of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ragmed.errors import DamagedIndex, StaleIndex, UnknownName
from ragmed.index import graphs
from ragmed.index.build import build
from ragmed.index.graphs import build_graph, graph_card, open_graph
from ragmed.index.open import Index
from ragmed.recipe import read_graph_recipe, read_index_recipe
from tests.cli.conftest import INDEX_TOML, environment

GRAPH_TOML = """
description = "Two drugs."

[[sources]]
name = "notes"
reader = "triples"
licence = "CC0"

[[sources.files]]
name = "triples"
path = "notes/triples.jsonl"
url = "https://example.org/triples.jsonl"
"""
TRIPLE = {"subject": "X:1", "subject_name": "insulin", "subject_kind": "drug", "predicate": "treats"}
WITH_GRAPH = INDEX_TOML.replace("description", 'graph = "notes"\ndescription', 1) + '\n[[retrievers]]\nname = "graph"\n'


@pytest.fixture
def home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in environment(folder).items():
        monkeypatch.setenv(name, value)
    files = {"indexes/graphs/notes.toml": GRAPH_TOML, "indexes/joined.toml": WITH_GRAPH}
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    _write(folder, "diabetes")
    return folder


def _write(home: Path, *objects: str) -> None:
    lines = [json.dumps({**TRIPLE, "object": name, "object_kind": "disease"}) for name in objects]
    (home / "notes").mkdir(exist_ok=True)
    (home / "notes" / "triples.jsonl").write_text("\n".join(lines), encoding="utf-8")


def _built(home: Path) -> Index:
    build(read_index_recipe("joined"), home / "indexes" / "joined", mirror=home, fetch=False)
    return Index(home / "indexes" / "joined")


def test_the_graph_is_compiled_when_it_is_asked_for_and_the_index_is_joined_to_it(home: Path) -> None:
    index = _built(home)
    [found] = index.find(["What treats diabetes?"], 3, "graph")
    assert index.passages[int(found.ranking.rows[0])].doc_id == "d2"
    facts = next(facts for facts in index.manifest.table["retrievers"] if facts["name"] == "graph")
    assert facts["graph"] == graph_card(home / "indexes" / "graphs" / "notes")["graph_id"]
    assert index.graph_retrievers == {"graph"}


def test_a_graph_of_another_release_than_the_index_is_refused(home: Path) -> None:
    _built(home)
    _write(home, "diabetes", "fever")
    build_graph(read_graph_recipe("notes"), home / "indexes" / "graphs" / "notes", mirror=home, fetch=False)
    with pytest.raises(StaleIndex, match=r"another release.*ragmed index build joined"):
        Index(home / "indexes" / "joined")
    assert len(_built(home).search(["insulin"], 1)[0]) == 1


def test_two_builds_of_a_graph_are_one(home: Path) -> None:
    ids = {
        build_graph(read_graph_recipe("notes"), home / "indexes" / "graphs" / name, mirror=home, fetch=False).index_id
        for name in ("notes", "again")
    }
    assert len(ids) == 1


def test_a_changed_recipe_has_the_graph_compiled_anew(home: Path) -> None:
    first = open_graph("notes").graph_id
    path = home / "indexes" / "graphs" / "notes.toml"
    path.write_text(GRAPH_TOML.replace("Two drugs", "A drug"), encoding="utf-8")
    assert open_graph("notes").graph_id != first


def test_a_damaged_graph_says_how_to_rebuild_it(home: Path) -> None:
    open_graph("notes")
    (home / "indexes" / "graphs" / "notes" / "edges" / "object.npy").unlink()
    graphs._opened.cache_clear()  # as in another process: this one has the file mapped
    with pytest.raises(DamagedIndex, match=r"object\.npy: missing .*ragmed graph build notes"):
        open_graph("notes", build=False)


def test_an_unknown_graph_lists_those_there_are(home: Path) -> None:
    with pytest.raises(UnknownName, match=r"have: .*notes"):
        open_graph("nowhere")
