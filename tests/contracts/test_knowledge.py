"""What every reader of a knowledge graph's sources must do, run over each file of ragmed/knowledge/."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import pytest

from ragmed import catalog
from ragmed.errors import DamagedFile
from ragmed.protocols import Knowledge
from ragmed.report import Report
from ragmed.types import Edge, NameKind, Node, NodeKind, Retired
from tests.knowledge_for_tests import FILES, OPTIONS

ID = re.compile(r"[A-Za-z][\w.\-]*:\S.*\Z")
PREDICATE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\Z")
DATE = re.compile(r"(\d{4}(-\d{2}(-\d{2})?)?)?\Z")


@pytest.fixture(params=sorted(catalog.files("knowledge")))
def name(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture
def files(name: str, tmp_path: Path) -> Mapping[str, Path]:
    return FILES[name](tmp_path)


def made(name: str, files: Mapping[str, Path], report: Report | None = None) -> Knowledge:
    table = {"name": name, **OPTIONS.get(name, {})}
    reader: Knowledge = catalog.make("knowledge", table, "test", files=files, report=report or Report())
    return reader


def test_a_reader_is_made_without_its_files_being_opened(name: str) -> None:
    assert isinstance(made(name, {}), Knowledge)


def test_every_reader_has_files_for_these_tests(name: str) -> None:
    assert name in FILES, "write tiny files of this source and name them in tests/knowledge_for_tests.py"


def test_nodes_have_an_id_with_a_prefix_a_name_and_a_kind(name: str, files: Mapping[str, Path]) -> None:
    nodes = [fact for fact in made(name, files).facts() if isinstance(fact, Node)]
    assert len({node.node_id for node in nodes}) == len(nodes) > 0
    for node in nodes:
        assert ID.match(node.node_id), node
        assert node.name.strip() == node.name != ""
        assert node.kind in get_args(NodeKind)
        assert node.source
        assert node.url == "" or node.url.startswith("http")
        assert all(ID.match(other) and other != node.node_id for other in node.same_as)
        assert all(other.text.strip() and other.kind in get_args(NameKind) for other in node.names)
        texts = [other.text for other in node.names]
        assert len(set(texts)) == len(texts), "a name given twice"
        assert node.name not in texts


def test_retired_ids_are_not_those_of_nodes(name: str, files: Mapping[str, Path]) -> None:
    facts = list(made(name, files).facts())
    current = {fact.node_id for fact in facts if isinstance(fact, Node)}
    for fact in facts:
        if isinstance(fact, Retired):
            assert ID.match(fact.node_id)
            assert fact.node_id not in current
            assert fact.node_id not in (fact.replaced_by, *fact.consider)


def test_edges_are_statements_with_values_in_their_bounds(name: str, files: Mapping[str, Path]) -> None:
    edges = [fact for fact in made(name, files).facts() if isinstance(fact, Edge)]
    assert edges
    for edge in edges:
        assert ID.match(edge.subject), edge
        assert ID.match(edge.object), edge
        assert PREDICATE.match(edge.predicate), edge
        assert edge.source
        assert edge.frequency is None or (math.isfinite(edge.frequency) and 0 <= edge.frequency <= 1)
        assert math.isfinite(edge.confidence)
        assert 0 <= edge.confidence <= 1
        assert 0 <= edge.n_present <= edge.n_examined
        assert edge.sex in ("", "female", "male")
        assert edge.onset == "" or ID.match(edge.onset)
        assert DATE.match(edge.date)
        assert all(item.strip() for item in edge.evidence)


def test_every_fact_is_one_of_the_records(name: str, files: Mapping[str, Path]) -> None:
    assert all(isinstance(fact, Node | Retired | Edge) for fact in made(name, files).facts())


def test_the_same_files_give_the_same_facts_and_the_same_report(name: str, files: Mapping[str, Path]) -> None:
    one, two = Report(), Report()
    assert list(made(name, files, one).facts()) == list(made(name, files, two).facts())
    assert one == two
    reader = made(name, files)
    assert list(reader.facts()) == list(reader.facts()), "read again by one reader"


def test_the_release_is_words(name: str, files: Mapping[str, Path]) -> None:
    release = made(name, files).release()
    assert isinstance(release, str)
    assert release == release.strip()


@pytest.mark.parametrize("damage", ["empty", "other words", "a web page", "no text", "cut in a line"])
def test_a_file_that_is_not_what_it_should_be_is_named(name: str, files: Mapping[str, Path], damage: str) -> None:
    for path in files.values():
        whole = path.read_bytes()
        path.write_bytes(damaged(whole, damage))
        with pytest.raises(DamagedFile, match=re.escape(path.name)) as caught:
            list(made(name, files).facts())
        assert "\n" not in str(caught.value)
        path.write_bytes(whole)


def damaged(whole: bytes, damage: str) -> bytes:
    """A file's content, spoilt. One that is text is cut within the first field of its last line."""
    if damage == "cut in a line":
        lines = whole.splitlines(keepends=True)
        is_text = not whole.startswith((b"\x1f\x8b", b"BZh", b"PK"))
        return b"".join(lines[:-1]) + lines[-1][:2] if is_text and len(lines) > 1 else whole[: len(whole) // 2]
    return {
        "empty": b"",
        "other words": b"nothing of this kind\n",
        "a web page": b"<!DOCTYPE html>\n<html><body>404 not found</body></html>\n",
        "no text": b"\xff\xfe\x00\x81\n" * 8,
    }[damage]
