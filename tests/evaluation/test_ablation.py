"""With and without a part of the pipeline: figures worked out by hand, errors in a line, reports and programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ragmed.cli import run
from ragmed.errors import DamagedFile, RagmedError, RecipeError, UnknownName
from ragmed.evaluation.adhoc import folder_recipe
from ragmed.evaluation.report import report_page
from ragmed.evaluation.results import read_results
from ragmed.evaluation.run import evaluate
from ragmed.evaluation.statistics import paired_bootstrap, paired_randomisation
from ragmed.evaluation.store import RESULTS
from ragmed.recipe import EvaluationRecipe, parse_evaluation_recipe

DOCUMENTS = {
    "d1": "Aspirin relieves headache.",
    "d2": "Warfarin thins the blood.",
    "d3": "Insulin lowers glucose.",
    "d4": "Cephalgia is common.",
}
QUERIES = {"q1": "aspirin", "q2": "insulin glucose", "q3": "headache"}
QRELS = [("q1", "d1"), ("q2", "d3"), ("q3", "d4")]
ONTOLOGY = """\
format-version: 1.2
data-version: 2025-01-01

[Term]
id: MONDO:0000001
name: headache
synonym: "cephalgia" EXACT []
"""
GRAPH = """
[[sources]]
name = "mondo"
reader = { name = "obo", source = "mondo" }
licence = "none"

[[sources.files]]
name = "ontology"
path = "tiny.obo"
folder = "FOLDER"
"""
RETRIEVER = '''
"""For tests: words, those that the graph knows in all their names, and in no other."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ragmed.graph.store import Graph
from ragmed.protocols import Retriever
from ragmed.retrievers.bm25 import BM25


class Opened:
    kind = "lexical"

    def __init__(self, words, graph):
        self._words, self._graph = words, graph

    def search(self, queries, k, allowed=None):
        other = [replace(query, text=self._others(query.text)) for query in queries]
        return self._words.search(other, k, allowed)

    def _others(self, text):
        names = [list(map(str.lower, [node.name, *(name.text for name in node.names)])) for node in self._nodes()]
        return " ".join(name for of_one in names if text in of_one for name in of_one if name != text)

    def _nodes(self):
        return [self._graph.node(row) for row in range(self._graph.n_nodes)]


@dataclass(frozen=True)
class NamesForTests(BM25):
    graph: Graph | None = None

    def build(self, passages, path, *progress):
        return {**super().build(passages, path, *progress), "graph": self.graph.graph_id}

    def open(self, path, passage_ids):
        return Opened(super().open(path, passage_ids), self.graph)


COMPONENT: type[Retriever] = NamesForTests
'''
RERANKER = '''
"""For tests: last first."""

from dataclasses import dataclass, replace

from ragmed.graph.store import Graph
from ragmed.protocols import Reranker


@dataclass(frozen=True)
class LastFirstForTests:
    graph: Graph | None = None
    depth: int = 10

    def rerank(self, query, evidence, k):
        backwards = list(reversed(evidence))[:k]
        return tuple(replace(e, rank=n, score=-float(n)) for n, e in enumerate(backwards, start=1))


COMPONENT: type[Reranker] = LastFirstForTests
'''
METHOD = '''
"""For tests: retrieve and read, with a graph that it does not use."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ragmed.graph.store import Graph
from ragmed.methods.retrieve_then_read import RetrieveThenRead
from ragmed.protocols import Method


@dataclass(frozen=True)
class ReadForTests(RetrieveThenRead):
    graph: Graph | None = None
    without_graph: ClassVar[Mapping[str, Any]] = STAND_IN


COMPONENT: type[Method] = ReadForTests
'''

FUSION = '''
"""For tests: reciprocal ranks, with a graph that it does not use."""

from dataclasses import dataclass

from ragmed.fusion.rrf import ReciprocalRankFusion
from ragmed.graph.store import Graph
from ragmed.protocols import Fusion


@dataclass(frozen=True)
class RanksForTests(ReciprocalRankFusion):
    graph: Graph | None = None


COMPONENT: type[Fusion] = RanksForTests
'''

Recipe = Callable[..., EvaluationRecipe]


@pytest.fixture
def recipe(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Recipe:
    """Makes the recipe of an evaluation of four documents and three questions, with these tables changed."""
    folder = tmp_path / "set"
    (folder / "qrels").mkdir(parents=True)
    write_lines(folder / "corpus.jsonl", [{"_id": k, "title": "", "text": v} for k, v in DOCUMENTS.items()])
    write_lines(folder / "queries.jsonl", [{"_id": k, "text": v} for k, v in QUERIES.items()])
    judged = "".join(f"{query}\t{document}\t1\n" for query, document in QRELS)
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + judged)
    (home / "tiny.obo").write_text(ONTOLOGY)
    (home / "indexes" / "graphs").mkdir(parents=True)
    (home / "indexes" / "graphs" / "tiny.toml").write_text(GRAPH.replace("FOLDER", str(home)))
    components = {
        "retrievers/names_for_tests": RETRIEVER,
        "rerankers/last_first_for_tests": RERANKER,
        "fusion/ranks_for_tests": FUSION,
        "methods/read_for_tests": METHOD.replace("STAND_IN", "{}"),
        "methods/read_one_for_tests": METHOD.replace("STAND_IN", '{"name": "retrieve_then_read", "k": 1}'),
        "methods/endless_for_tests": METHOD.replace("STAND_IN", '{"name": "read_for_tests"}'),
    }
    for name, text in components.items():
        path = tmp_path / "components" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setenv("RAGMED_COMPONENTS", str(tmp_path / "components"))
    base = folder_recipe("beir", folder, "bm25")

    def made(index: dict[str, Any] | None = None, **table: Any) -> EvaluationRecipe:
        both = {"graph": "tiny", "retrievers": [{"name": "bm25"}, {"name": "names_for_tests"}], "fusion": "rrf"}
        systems = {"systems": [{"name": "both"}, {"name": "words", "retriever": "bm25"}], "measures": ["R@100"]}
        changed = {**base.table, "index": {**both, **(index or {})}, **systems, **table}
        return parse_evaluation_recipe(changed, home / "eval" / "tiny.toml")

    return made


def write_lines(path: Path, rows: list[dict[str, str]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_what_the_graph_does_is_told_without_asking(recipe: Recipe) -> None:
    results = read_results(evaluate(recipe()))
    # bm25 finds d1 for q1 and q3 and d3 for q2; only by the graph's other name d4 is found, for q3.
    assert list(results.systems) == ["both", "words", "both-without-graph"]
    assert results.systems["both"].figures("R@100") == {"q1": 1.0, "q2": 1.0, "q3": 1.0}
    assert results.systems["both-without-graph"].figures("R@100") == {"q1": 1.0, "q2": 1.0, "q3": 0.0}
    [table] = results.ablations
    assert (table["part"], table["system"], table["without"]) == ("graph", "both", "both-without-graph")
    assert table["left_out"] == ["retriever names_for_tests"]
    row = table["rows"][0]
    assert (row["measure"], row["subset"], row["n"]) == ("R@100", "", 3)
    assert (row["with"], row["without"], row["difference"]) == pytest.approx((1, 2 / 3, 1 / 3))
    seed = results.seed
    assert (row["low"], row["high"]) == paired_bootstrap([1, 1, 1], [1, 1, 0], seed=seed)[1:]
    assert results.summary["graph_card"]["sources"][0]["release"] == "2025-01-01"
    assert row["p"] == paired_randomisation([1, 1, 1], [1, 1, 0], seed=seed) == 1.0


def test_questions_with_linked_diseases_or_drugs_are_told_of_apart(recipe: Recipe) -> None:
    [table] = read_results(evaluate(recipe())).ablations
    [linked] = [row for row in table["rows"] if row["subset"] == "linked"]
    assert (linked["n"], linked["with"], linked["without"]) == (1, 1.0, 0.0)
    assert linked["p_holm"] == 1.0


def test_without_the_graph_a_system_is_what_it_is_with_the_others_alone(recipe: Recipe) -> None:
    results = evaluate(recipe())
    runs = [(results / name / "run.trec").read_text().replace(name, "") for name in ("both-without-graph", "words")]
    assert runs[0] == runs[1] != ""


def test_everything_that_uses_the_graph_is_left_out(recipe: Recipe) -> None:
    index = {"rerankers": [{"name": "last_first_for_tests"}, {"name": "mmr"}], "queries": [{"name": "spelling"}]}
    three = [{"name": name} for name in ("bm25", "dense", "names_for_tests")]
    [table] = read_results(evaluate(recipe({**index, "retrievers": three, "fusion": "ranks_for_tests"}))).ablations
    retriever, reranker, fusion = table["left_out"]
    assert (retriever, reranker) == ("retriever names_for_tests", "reranker LastFirstForTests")
    assert fusion == "fusion RanksForTests (adaptive instead)"


def test_a_systems_own_reranker_is_given_the_graph(recipe: Recipe) -> None:
    systems = [{"name": "words", "retriever": "bm25", "rerankers": [{"name": "last_first_for_tests"}]}]
    [table] = read_results(evaluate(recipe(systems=systems))).ablations
    assert table["left_out"] == ["reranker LastFirstForTests"]


@pytest.mark.parametrize(("method", "k"), [("read_for_tests", 2), ("read_one_for_tests", 1)])
def test_a_method_is_replaced_by_the_one_that_it_names(recipe: Recipe, method: str, k: int) -> None:
    systems = [{"name": "words", "retriever": "bm25", "method": {"name": method, "k": 2}}]
    results = evaluate(recipe(systems=systems, answers=True))
    [table] = read_results(results).ablations
    assert table["left_out"] == ["method ReadForTests (retrieve_then_read instead)"]
    lines = [
        (results / name / "answers.jsonl").read_text().splitlines()[0] for name in ("words", "words-without-graph")
    ]
    assert [json.loads(line)["trace"][0]["k"] for line in lines] == [2, k]


def test_a_method_is_no_part_where_no_answers_are_asked_for(recipe: Recipe) -> None:
    systems = [{"name": "words", "retriever": "bm25", "method": "read_for_tests"}]
    assert read_results(evaluate(recipe(systems=systems))).ablations == ()


def test_what_stands_in_for_the_graph_must_not_use_it(recipe: Recipe) -> None:
    systems = [{"name": "words", "retriever": "bm25", "method": {"name": "endless_for_tests"}}]
    with pytest.raises(RecipeError, match="read_for_tests uses the graph too"):
        evaluate(recipe(systems=systems, answers=True))


@pytest.mark.parametrize(
    ("part", "left_out"),
    [("rerankers", "reranker MMR"), ("queries", "rewriter Spelling"), ("bm25", "retriever bm25")],
)
def test_any_part_may_be_left_out(recipe: Recipe, part: str, left_out: str) -> None:
    index = {"rerankers": [{"name": "mmr"}], "queries": [{"name": "spelling"}]}
    results = read_results(evaluate(recipe(index), ablate=[part]))
    tables = {table["part"]: table for table in results.ablations}
    assert set(tables) == {"graph", part}
    assert tables[part]["left_out"] == [left_out]
    assert {row["subset"] for row in tables[part]["rows"]} == {""}
    assert f"both-without-{part}" in results.systems
    assert "words-without-bm25" not in results.systems


def test_nothing_is_left_out_of_a_pipeline_without_a_graph(recipe: Recipe) -> None:
    plain = recipe({"retrievers": [{"name": "bm25"}]})
    results = read_results(evaluate(plain))
    assert results.ablations == ()
    assert list(results.systems) == ["both", "words"]
    assert "Ablation" not in report_page(results)


def test_nothing_is_left_out_where_none_is_asked_for(recipe: Recipe) -> None:
    assert read_results(evaluate(recipe(), ablate=None)).ablations == ()


@pytest.mark.parametrize(
    ("part", "change", "kind", "complaint"),
    [
        ("graph", {"index": {"retrievers": [{"name": "bm25"}]}}, RecipeError, "no system uses a knowledge graph"),
        ("graph", {"systems": [{"name": "a", "retriever": "names_for_tests"}]}, RecipeError, "no system uses"),
        ("rerankers", {}, RecipeError, "no system has rerankers"),
        ("queries", {}, RecipeError, "no system has rewriters"),
        ("bm25", {"index": {"retrievers": [{"name": "bm25"}]}}, RecipeError, "no system searches with bm25 and others"),
        ("bm52", {}, UnknownName, "no parts of the pipeline named 'bm52'.*graph.*bm25"),
        (
            "bm52",
            {"index": {"retrievers": [{"name": "bm25"}, {"name": "graph"}]}},
            UnknownName,
            "have: bm25, graph, queries, rerankers ",
        ),
        ("graph", {"systems": [{"name": "a"}, {"name": "a-without-graph"}]}, RecipeError, "is taken by a system"),
    ],
)
def test_what_cannot_be_left_out_is_told_in_one_line_before_anything_runs(
    recipe: Recipe, part: str, change: dict[str, Any], kind: type[RagmedError], complaint: str, tmp_path: Path
) -> None:
    with pytest.raises(kind, match=complaint) as error:
        evaluate(recipe(**change), ablate=[part], folder=tmp_path / "results")
    assert "\n" not in str(error.value)
    assert not list((tmp_path / "results").glob(f"*/{RESULTS}"))


def test_run_again_it_gives_the_same_bytes_and_asks_nothing(recipe: Recipe) -> None:
    results = evaluate(recipe())
    names = ["summary.json", f"both/{RESULTS}", f"both-without-graph/{RESULTS}", "both-without-graph/run.trec"]
    made = {name: (results / name).read_bytes() for name in names}
    times = {name: (results / name / "durations.jsonl").stat().st_mtime_ns for name in ("both", "both-without-graph")}
    evaluate(recipe())
    assert {name: (results / name).read_bytes() for name in names} == made
    sizes = [len((results / name / "durations.jsonl").read_text().splitlines()) for name in times]
    assert sizes == [3, 3]
    heads = {json.loads(made[f"{name}/{RESULTS}"].splitlines()[0])["fingerprint"] for name in times}
    assert len(heads) == 2


def test_the_report_shows_it_and_compares_only_whole_systems(recipe: Recipe) -> None:
    page = report_page(read_results(evaluate(recipe())))
    section = page[page.index("<h2>Ablation</h2>") :].split("</section>")[0]
    for said in ("both with and without graph", "retriever names_for_tests", "+0.3333", "questions with linked"):
        assert said in section
    compared = page[page.index("<h2>Systems compared</h2>") :].split("</section>")[0]
    assert "words − both" in compared
    assert "without" not in compared


def test_on_the_command_line_and_for_programs(recipe: Recipe, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = recipe()
    path = home / "tiny.toml"
    [file] = made.files.files
    lines = [
        'benchmark = { name = "beir" }\nmeasures = ["R@100"]\n[index]\ngraph = "tiny"\nfusion = "rrf"',
        'retrievers = [{ name = "bm25" }, { name = "names_for_tests" }]',
        f'[[files]]\nname = "folder"\npath = "**/*"\nfolder = "{file.folder}"\n',
    ]
    path.write_text("\n".join(lines))
    assert run(["eval", str(path), "--ablate", "graph", "--ablate", "bm25"]) == 0
    printed = capsys.readouterr().out
    assert "hybrid with and without graph (left out: retriever names_for_tests)" in printed
    assert "R@100\tall questions\t1.0000\t0.6667\t+0.3333\t" in printed
    assert "R@100\tquestions with linked diseases, drugs or other names\t1.0000\t0.0000\t+1.0000\t" in printed
    assert run(["eval", str(path), "--json"]) == 0
    [table] = json.loads(capsys.readouterr().out)["ablations"]
    assert {"n", "with", "without", "difference", "low", "high", "p", "p_holm"} <= set(table["rows"][0])
    assert run(["eval", str(path), "--ablate", "rerankers"]) == 1
    assert "nothing to ablate: no system has rerankers" in capsys.readouterr().err


def test_a_damaged_table_is_told(recipe: Recipe) -> None:
    results = evaluate(recipe())
    whole = json.loads((results / "summary.json").read_text())
    for change in ({"without": "gone"}, {"rows": [{"measure": "R@100"}]}, {"part": 3}):
        tables = [whole["ablations"][0] | change]
        (results / "summary.json").write_text(json.dumps(whole | {"ablations": tables}))
        with pytest.raises(DamagedFile, match="ablations"):
            read_results(results)
