"""The knowledge graph: opening it, and personalised PageRank over generated graphs beside networkx.pagerank.

``python bench/graph.py [--skip-large]`` prints the rows that ``make bench`` shows. Each graph is ranked in a process of
its own, so that peak memory is that of opening and ranking alone. The generated graphs have PrimeKG's size (129,375
nodes, 8,100,498 edges) and a million edges between 50,000 nodes; objects are drawn so that a few are joined to much
(the density falls with the power 2/3), subjects evenly. Seeds are five nodes at random; the tolerance is 0.01 for both.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from ragmed.columns import write_array
from ragmed.graph.writing import Source, write_graph
from ragmed.types import Edge, Node

SEED = 7
SIZES = {"1M edges": (50_000, 1_000_000), "8.1M edges (PrimeKG's size)": (129_375, 8_100_498)}

RANK = """
import json, random, resource, sys, time
from pathlib import Path
from ragmed.graph.neighbours import EdgeWeights, neighbours
from ragmed.graph.ranking import personalised_pagerank
from ragmed.graph.store import Graph

graph = Graph(Path(sys.argv[1]))
started = time.perf_counter()
neighbours(graph, EdgeWeights())
first = time.perf_counter() - started
choose, times = random.Random(7), []
for _ in range(int(sys.argv[2])):
    seeds = {row: 1.0 for row in choose.sample(range(graph.n_nodes), 5)}
    started = time.perf_counter()
    scores = personalised_pagerank(graph, seeds)
    times.append(time.perf_counter() - started)
    assert abs(scores.sum() - 1) < 1e-9
status = Path("/proc/self/status")  # what resource tells begins with the peak of the process that started this one
if status.exists():
    peak = 1024 * int(status.read_text().partition("VmHWM:")[2].split()[0])
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"first_s": first, "times_s": times[1:], "peak_bytes": peak}))
"""

NETWORKX = """
import json, random, resource, sys, time
import networkx, numpy
from pathlib import Path

edges = Path(sys.argv[1]) / "edges"
graph = networkx.Graph()
graph.add_nodes_from(range(len(numpy.load(edges / "start.npy")) - 1))
graph.add_edges_from(zip(*(numpy.load(edges / f"{name}.npy").tolist() for name in ("subject", "object"))))
choose, times = random.Random(7), []
for _ in range(int(sys.argv[2])):
    seeds = dict.fromkeys(choose.sample(range(len(graph)), 5), 1.0)
    started = time.perf_counter()
    # It stops where a step changes less than nodes times tol (L1).
    networkx.pagerank(graph, alpha=0.5, personalization=seeds, tol=0.01 / len(graph))
    times.append(time.perf_counter() - started)
status = Path("/proc/self/status")  # what resource tells begins with the peak of the process that started this one
if status.exists():
    peak = 1024 * int(status.read_text().partition("VmHWM:")[2].split()[0])
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"times_s": times, "peak_bytes": peak}))
"""

OPEN = """
import json, time
from ragmed.index.graphs import open_graph
started = time.perf_counter()
graph = open_graph("default")
print(json.dumps({"open_s": time.perf_counter() - started, "n_nodes": graph.n_nodes, "n_edges": graph.n_edges}))
"""


N_COMPARED = 100
"""Diseases that pyhpo is timed with: all would take it minutes."""
DIAGNOSE = """
import json, sys, time
from ragmed.diagnosing import Diagnoser
diagnoser = Diagnoser()
graph, profiles = diagnoser.graph, diagnoser.profiles
times, findings = [], []
for run in range(int(sys.argv[1])):
    place = next(p for p in range(run * 97, len(profiles)) if len(profiles.profile(p)) >= 10)
    findings = [graph.node_id(row) for row in sorted(profiles.profile(place))[:10]]
    began = time.perf_counter()
    diagnoser.rank(findings, k=10)
    times.append(time.perf_counter() - began)
print(json.dumps({"times_s": times[1:], "findings": findings, "n_diseases": len(profiles)}))
"""
PYHPO = """
import json, sys, time
from pyhpo import Ontology
from pyhpo.set import HPOSet
Ontology()
case = HPOSet.from_queries(sys.argv[2:])
diseases = sorted(Ontology.omim_diseases, key=lambda one: one.id)[: int(sys.argv[1])]
times = []
for _ in range(3):
    began = time.perf_counter()
    for disease in diseases:
        case.similarity(disease.hpo_set(), kind="omim", method="graphic")
    times.append(time.perf_counter() - began)
print(json.dumps({"times_s": times}))
"""


def generate(folder: Path, n_nodes: int, n_edges: int) -> None:
    """Write a graph; its edges go to disk as columns, since as many records would take minutes."""
    facts = [*(Node(f"N:{i}", f"node {i}", "other", "s") for i in range(n_nodes)), Edge("N:0", "causes", "N:1", "s")]
    write_graph(folder, [Source("s", facts)])
    choose = np.random.default_rng(SEED)
    subject = choose.integers(0, n_nodes, n_edges)
    object_ = (choose.random(n_edges) ** 3 * n_nodes).astype(np.int64)
    subject, object_ = np.divmod(np.sort(subject * n_nodes + object_), n_nodes)
    by_object = np.argsort(object_, kind="stable")
    columns = {name: np.zeros(n_edges, dtype) for name, dtype in _constant(folder).items()}
    columns |= {"subject": subject.astype(np.uint32), "object": object_.astype(np.uint32)}
    columns |= {"frequency": np.full(n_edges, np.nan, np.float32), "confidence": np.ones(n_edges, np.float32)}
    for name, values in columns.items():
        write_array(folder / "edges" / f"{name}.npy", values)
    write_array(folder / "edges" / "start.npy", np.searchsorted(subject, np.arange(n_nodes + 1)))
    write_array(folder / "into" / "start.npy", np.searchsorted(object_[by_object], np.arange(n_nodes + 1)))
    write_array(folder / "into" / "edge.npy", by_object.astype(np.uint32))


def _constant(folder: Path) -> dict[str, Any]:
    return {path.stem: np.load(path).dtype for path in (folder / "edges").glob("*.npy") if path.stem != "start"}


def rows(runs: int = 15, *, skip_large: bool = False) -> list[dict[str, Any]]:
    """Figures of opening the default graph and of ranking the generated ones."""
    opened = [json.loads(_output([OPEN])) for _ in range(5)]
    size = f"{opened[0]['n_nodes']:,} nodes, {opened[0]['n_edges']:,} edges"
    found: list[dict[str, Any]] = [
        {
            "what": f"open the default graph ({size})",
            "unit": "ms",
            "goal": "≤ 300 ms",
            "values": [run["open_s"] * 1000 for run in opened],
        }
    ]
    theirs: dict[str, Any] = {}
    for what, (n_nodes, n_edges) in SIZES.items():
        is_large = n_edges > 2_000_000
        if is_large and skip_large:
            continue
        with tempfile.TemporaryDirectory() as name:
            generate(Path(name), n_nodes, n_edges)
            ran = json.loads(_output([RANK, name, str(runs + 1)]))
            theirs = theirs or json.loads(_output([NETWORKX, name, "3"]))
        ranked = {
            "what": f"personalised PageRank, {what}",
            "unit": "ms",
            "goal": "≤ 200 ms" if is_large else "≤ 20 ms",
            "values": [seconds * 1000 for seconds in ran["times_s"]],
            "note": f"the first of a process also merges both directions of the edges: {ran['first_s']:.2f} s",
        }
        memory = {"what": "  peak memory of the process", "unit": "MB", "values": [ran["peak_bytes"] / 1e6]}
        if is_large:
            memory["goal"] = "≤ 1,500 MB"
            ranked["note"] += f"; networkx left out: a million edges took it {theirs['peak_bytes'] / 1e9:.1f} GB"
        else:
            ranked |= {"reference": "networkx.pagerank", "reference_values": [t * 1000 for t in theirs["times_s"]]}
            memory |= {"reference": "networkx.pagerank", "reference_values": [theirs["peak_bytes"] / 1e6]}
        found += [ranked, memory]
    return [*found, _diagnosis(runs)]


def _diagnosis(runs: int) -> dict[str, Any]:
    """A case's findings against every disease, beside pyhpo's similarity of the case with each."""
    ours = json.loads(_output([DIAGNOSE, str(runs)]))
    theirs = json.loads(_output([PYHPO, str(N_COMPARED), *ours["findings"]]))
    n = ours["n_diseases"]
    return {
        "what": f"diseases ranked by {len(ours['findings'])} findings ({n:,} diseases)",
        "unit": "ms",
        "goal": "≤ 100 ms",
        "values": [seconds * 1000 for seconds in ours["times_s"]],
        "reference": f"pyhpo, graph information content, of {N_COMPARED} diseases, times {n / N_COMPARED:.0f}",
        "reference_values": [seconds * 1000 * n / N_COMPARED for seconds in theirs["times_s"]],
        "note": "findings never seen before by the process: nothing is remembered of them",
    }


def _output(arguments: list[str]) -> str:
    return subprocess.run([sys.executable, "-c", *arguments], capture_output=True, check=True, text=True).stdout


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--skip-large", action="store_true", help="leave out the graph of PrimeKG's size")
    for row in rows(skip_large=parser.parse_args().skip_large):
        print(json.dumps(row, ensure_ascii=False))
