"""Linking: what opening a linker costs, and what a megabyte of text costs on one core.

``python bench/linking.py [--index NAME] [--graph NAME]`` prints the rows that ``make bench`` shows. The texts are
passages of an index; a megabyte is a million bytes of UTF-8. Beside it, in the same run, the names that the vocabulary
of query rewriting finds in the same texts, without what they mean and what is said of them.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import ragmed
from ragmed.collection.vocabularies import open_vocabulary
from ragmed.graph.linking import Linker
from ragmed.index.graphs import open_graph

SEED = 7
N_PASSAGES = 5000
N_PASSAGES_OF_REFERENCE = 500

OPEN = """
import json, sys, time
from pathlib import Path
from ragmed.graph.linking import Linker
from ragmed.index.graphs import open_graph

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

graph = open_graph(sys.argv[1])
before, started = resident(), time.perf_counter()
linker = Linker(graph)
print(json.dumps({"open_s": time.perf_counter() - started, "open_bytes": resident() - before}))
"""


def rows(index: str = "default", graph: str = "default", runs: int = 5) -> list[dict[str, Any]]:
    """Figures of linking passages of an index drawn at random."""
    opened = open_graph(graph)
    passages = ragmed.open_index(index).passages
    chosen = random.Random(SEED).sample(range(len(passages)), min(N_PASSAGES, len(passages)))
    texts = [passages[row].text for row in chosen]
    linker, vocabulary = Linker(opened), open_vocabulary()
    n_mentions = sum(map(len, linker.link_all(texts)))  # and what names mean is remembered from here on
    few = texts[:N_PASSAGES_OF_REFERENCE]
    cold = [
        json.loads(subprocess.run([sys.executable, "-c", OPEN, graph], capture_output=True, check=True).stdout)
        for _ in range(runs)
    ]
    ours, theirs = [], []
    for _ in range(runs):  # in turn, so that a slow minute slows both
        ours.append(_ms_per_megabyte(texts, linker.link))
        theirs.append(_ms_per_megabyte(few, vocabulary.mentions))
    return [
        {
            "what": f"link a MB of passages ({n_mentions / len(texts):.1f} mentions a passage)",
            "unit": "ms",
            "goal": "≤ 500 ms (2 MB/s)",
            "values": ours,
            "reference": "names alone, by the vocabulary",
            "reference_values": theirs,
            "digits": 0,
        },
        {
            "what": f"  open the linker of {opened.n_nodes:,} nodes",
            "unit": "s",
            "goal": "≤ 1 s",
            "values": [run["open_s"] for run in cold],
        },
        {
            "what": "  resident memory for it",
            "unit": "MB",
            "values": [run["open_bytes"] / 1e6 for run in cold],
            "digits": 0,
        },
    ]


def _ms_per_megabyte(texts: list[str], read: Callable[[str], object]) -> float:
    n_bytes = sum(len(text.encode()) for text in texts)
    started = time.perf_counter()
    for text in texts:
        read(text)
    return (time.perf_counter() - started) * 1000 / (n_bytes / 1e6)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", default="default")
    parser.add_argument("--graph", default="default")
    arguments = parser.parse_args()
    for row in rows(arguments.index, arguments.graph):
        print(json.dumps(row, ensure_ascii=False))
