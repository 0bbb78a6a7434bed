"""``ragmed graph``: build, list, stats, show and path."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ragmed.cli import run
from tests.cli.conftest import Ran, Run, environment

RECIPE = """
description = "Seven nodes for tests."

[[sources]]
name = "tiny"
reader = "tiny_facts"
title = "Seven nodes"
licence = "CC0"

[[sources.files]]
name = "facts"
path = "tiny/facts.tsv"
url = "https://example.org/facts.tsv"
"""

READER = '''
"""Nodes, retired ids and statements, one a line."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ragmed.protocols import Knowledge
from ragmed.report import Report
from ragmed.types import Edge, Name, Node, Retired


@dataclass(frozen=True)
class TinyFacts:
    files: Mapping[str, Path]
    report: Report

    def facts(self) -> Iterator[Node | Retired | Edge]:
        for line in self.files["facts"].read_text(encoding="utf-8").splitlines():
            what, *fields = line.split("\\t")
            if what == "node":
                node_id, name, kind, *names = fields
                others = tuple(Name(text, "synonym") for text in names)
                yield Node(node_id, name, kind, "tiny", others, "Defined.", f"https://example.org/{node_id}")
            elif what == "retired":
                yield Retired(*fields)
            elif what == "odd":
                self.report.skip("an odd line", fields[0])
            else:
                share = float(fields[2]) if fields[2] else None
                negated = what.startswith("not_")
                predicate = what.removeprefix("not_")
                yield Edge(fields[0], predicate, fields[1], "tiny", negated, share, evidence=tuple(fields[3:]))

    def release(self) -> str:
        return "2025-01-16"


COMPONENT: type[Knowledge] = TinyFacts
'''

FACTS = """\
node\tHP:1\tFinding <of any kind>\tfinding
node\tHP:2\tEctopia lentis\tfinding\tDislocated lens
node\tHP:3\tMyopia\tfinding\tNear-sightedness
node\tOMIM:1\tMarfan syndrome\tdisease
node\tOMIM:2\tMyopia 2\tdisease\tMyopia
node\tDB:1\tExamplolol\tdrug
node\tHP:9\tAlone\tmodifier
retired\tHP:22\tLens out of place\tHP:2
retired\tHP:23\tGone
odd\tline 10
is_a\tHP:2\tHP:1\t
is_a\tHP:3\tHP:1\t
has_finding\tOMIM:1\tHP:2\t0.6\tPMID:11\tOMIM:1
has_finding\tOMIM:1\tHP:3\t0.25\tPMID:11
not_has_finding\tOMIM:2\tHP:2\t\tPMID:12
has_finding\tOMIM:2\tHP:3\t1\tPMID:12
treats\tDB:1\tOMIM:1\t\tPMID:13
treats\tDB:1\tOMIM:404\t\tPMID:13
"""


@pytest.fixture(scope="module")
def graph_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("graphs")
    files = {
        "indexes/graphs/default.toml": RECIPE,
        "tiny/facts.tsv": FACTS,
        "components/knowledge/tiny_facts.py": READER,
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def graph(graph_home: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Run a command of ``ragmed graph`` in this process: ``graph("show", "HP:2")``."""
    for name, value in environment(graph_home).items():
        monkeypatch.setenv(name, value)

    def call(*arguments: str) -> Ran:
        capfdbinary.readouterr()
        code = run(("graph", *arguments))
        captured = capfdbinary.readouterr()
        return Ran(code, captured.out.decode("utf-8"), captured.err.decode("utf-8"))

    return call


def test_a_graph_is_built_and_listed(graph: Run, graph_home: Path) -> None:
    built = json.loads(graph("build", "--offline", "--json").out)
    assert (built["name"], built["n_nodes"], built["n_edges"]) == ("default", 7, 7)
    assert built["path"] == str(graph_home / "indexes" / "graphs" / "default")
    assert "a statement about an id that no source has" in built["report"]["notes"]
    assert graph("build", "--if-missing").out == ""
    assert graph("build").out.startswith("default: 7 nodes, 7 statements, ")
    [row] = [row for row in json.loads(graph("list", "--json").out)["graphs"] if row["name"] == "default"]
    assert (row["state"], row["graph_id"], row["description"]) == ("built", built["graph_id"], "Seven nodes for tests.")
    assert "default\tbuilt\t7\t7\t" in graph("list").out


def test_an_unknown_recipe_lists_those_there_are(graph: Run) -> None:
    ran = graph("build", "defualt")
    assert (ran.code, ran.out) == (1, "")
    assert "default" in ran.err
    assert graph("build", "--no-such-option").code == 2


def test_stats_count_and_say_what_was_left_out(graph: Run) -> None:
    counted = json.loads(graph("stats", "--json").out)
    assert counted["nodes_by_kind"] == {"finding": 3, "disease": 2, "modifier": 1, "drug": 1}
    assert counted["edges_by_predicate"] == {"has_finding": 4, "is_a": 2, "treats": 1}
    assert counted["edges_by_source"] == {"tiny": 7}
    assert (counted["n_negated"], counted["n_with_share"], counted["n_with_evidence"]) == (1, 3, 5)
    assert (counted["n_components"], counted["n_isolated"]) == (2, 1)
    assert counted["largest_component"] == pytest.approx(6 / 7)
    assert counted["degrees"]["hubs"][0][0] in ("OMIM:1", "HP:3")
    shown = graph("stats").out
    assert "release: 2025-01-16\nlicence: CC0\n" in shown
    assert "tiny\tan odd line\t1\tline 10\n" in shown
    assert "all together\ta statement about an id that no source has\t1\tOMIM:404\n" in shown


def test_show_prints_a_node_and_what_is_said_of_it(graph: Run) -> None:
    shown = graph("show", "dislocated LENS").out
    assert shown.startswith("Ectopia lentis\nHP:2, finding, source: tiny, https://example.org/HP:2\n")
    assert "synonym: Dislocated lens\nDefined.\n" in shown
    assert "Statements of it: 1\n  Ectopia lentis — is a → Finding <of any kind> (tiny)\n" in shown
    assert "  Marfan syndrome — has finding → Ectopia lentis (60 % of patients; PMID:11, OMIM:1)\n" in shown
    assert "  Myopia 2 — not: has finding → Ectopia lentis (PMID:12)\n" in shown


def test_show_for_programs(graph: Run) -> None:
    shown = json.loads(graph("show", "HP:2", "--json", "--limit", "1").out)
    assert (shown["node_id"], shown["n_statements_of"], shown["n_statements_with"]) == ("HP:2", 1, 2)
    assert len(shown["statements_with"]) == 1
    assert shown["statements_of"][0]["object_name"] == "Finding <of any kind>"


def test_show_goes_on_where_it_ended(graph: Run) -> None:
    first, rest = graph("show", "HP:3", "--limit", "1").out, graph("show", "HP:3", "--limit", "1", "--skip", "1").out
    assert "Statements of others with it: 2, 1 to 1 here\n  Myopia 2 — has finding → Myopia (100 %" in first
    assert "  more with --skip 1\n" in first
    assert "Statements of others with it: 2, 2 to 2 here\n  Marfan syndrome — has finding → Myopia (25 %" in rest


def test_a_name_of_several_nodes_lists_them(graph: Run) -> None:
    ran = graph("show", "myopia")
    assert (ran.code, ran.out) == (1, "")
    assert "is the name of 2 nodes: HP:3 (Myopia, finding); OMIM:2 (Myopia 2, disease); give the id of one" in ran.err


def test_an_unknown_name_offers_what_is_like_it(graph: Run) -> None:
    assert "names like it: HP:2 (Ectopia lentis, finding)" in graph("show", "ectopia of the lens").err
    assert "ids look like: HP:1" in graph("show", "xylophone").err


def test_a_retired_id_says_so(graph: Run) -> None:
    assert "HP:22 is retired; HP:2 has taken its place\n" in graph("show", "HP:22").out
    assert json.loads(graph("path", "HP:22", "OMIM:1", "--json").out)["remarks"] == [
        "HP:22 is retired; HP:2 has taken its place"
    ]
    gone = graph("show", "HP:23")
    assert gone.code == 1
    assert "it is retired, and nothing takes its place" in gone.err


def test_path_prints_chains_with_what_they_rest_on(graph: Run) -> None:
    assert graph("path", "examplolol", "hp:2", "--max-paths", "1").out == (
        "1. Examplolol —treats→ Marfan syndrome (PMID:13) "
        "—has finding→ Ectopia lentis (60 % of patients; PMID:11, OMIM:1)\n"
    )
    [found] = json.loads(graph("path", "DB:1", "HP:2", "--max-paths", "1", "--json").out)["paths"]
    assert [node["id"] for node in found["nodes"]] == ["DB:1", "OMIM:1", "HP:2"]
    assert [statement["evidence"] for statement in found["statements"]] == [["PMID:13"], ["PMID:11", "OMIM:1"]]
    assert found["forward"] == [True, True]


def test_path_from_a_name_of_several_nodes_begins_at_any_of_them(graph: Run) -> None:
    ran = graph("path", "myopia", "OMIM:1", "--max-paths", "1")
    remark, way = ran.out.splitlines()
    assert remark == "'myopia' is the name of 2 nodes: HP:3 (Myopia, finding); OMIM:2 (Myopia 2, disease)"
    assert way.startswith("1. Myopia ←has finding— Marfan syndrome (25 %")
    told = json.loads(graph("path", "myopia", "OMIM:1", "--json").out)
    assert [[end["id"] for end in told[side]] for side in ("from", "to")] == [["HP:3", "OMIM:2"], ["OMIM:1"]]


def test_no_path_is_said(graph: Run, tmp_path: Path) -> None:
    page = tmp_path / "ways.html"
    ran = graph("path", "DB:1", "HP:9", "--html", str(page))
    assert (ran.code, not page.exists()) == (0, True)
    assert ran.out.startswith("No way from Examplolol to Alone of at most 3 statements.\n")
    assert graph("path", "DB:1", "HP:2", "--max-hops", "0").code == 2


def test_pages_are_drawn(graph: Run, tmp_path: Path) -> None:
    ways, node = tmp_path / "ways.html", tmp_path / "node.html"
    assert graph("path", "DB:1", "HP:1", "--html", str(ways)).out.endswith(f"written: {ways}\n")
    assert graph("show", "HP:2", "--html", str(node)).out.endswith(f"written: {node}\n")
    for page in (ways, node):
        text = page.read_text(encoding="utf-8")
        assert "<svg" in text
        assert "Finding &lt;of any kind&gt;" in text
        assert "<script" not in text


def test_a_graph_may_be_named_by_its_folder(graph: Run, graph_home: Path) -> None:
    graph("build")
    folder = str(graph_home / "indexes" / "graphs" / "default")
    assert graph("show", "HP:2", "--graph", folder).code == 0
    assert json.loads(graph("stats", folder, "--json").out)["n_nodes"] == 7
    assert graph("show", "HP:2", "--graph", str(graph_home)).code == 1


@pytest.mark.parametrize("command", ["build", "list", "stats", "show", "path"])
def test_every_command_has_help_with_examples(graph: Run, command: str) -> None:
    ran = graph(command, "--help")
    assert ran.code == 0
    assert f"ragmed graph {command}" in ran.out.split("Examples:")[1]
