"""The passage store at a million passages: what opening costs, and reading at random.

``python bench/storage.py [--passages N]`` prints the rows that ``make bench`` shows. Each figure comes from a
process of its own, so that resident memory is that of opening alone.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ragmed.index.passages_store import write_passages
from ragmed.types import Passage

SEED = 7
WORDS = [f"word{i}" for i in range(5000)]

OPEN = """
import json, random, sys, time
from pathlib import Path
import numpy
from ragmed.index.passages_store import PassageStore

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

before, started = resident(), time.perf_counter()
store = PassageStore(Path(sys.argv[1]))
length, opened = len(store), time.perf_counter() - started
opened_bytes = resident() - before
rows = random.Random(7).sample(range(length), 1000)
started = time.perf_counter()
ids = [store[row].passage_id for row in rows]
read = (time.perf_counter() - started) / len(rows)
started = time.perf_counter()
assert [store.row_of(passage_id) for passage_id in ids] == rows
found = (time.perf_counter() - started) / len(rows)
print(json.dumps({"open_s": opened, "open_bytes": opened_bytes, "read_s": read, "find_s": found,
                  "all_bytes": resident() - before, "n": length}))
"""


def passages(n: int) -> Iterator[Passage]:
    """Passages of about 150 words."""
    choose = random.Random(SEED)
    texts = [" ".join(choose.choices(WORDS, k=150)) for _ in range(1000)]
    for i in range(n):
        text = f"{i} {texts[i % 1000]}"
        yield Passage(
            passage_id=f"PMID:{i}:0-{len(text)}",
            doc_id=f"PMID:{i}",
            start=0,
            end=len(text),
            text=text,
            title=f"Title {i}",
            source="pubmed",
            url=f"https://pubmed.ncbi.nlm.nih.gov/{i}/",
            licence="none",
            published="2025",
            meta={"journal": f"Journal {i % 999}"},
        )


def rows(n: int = 1_000_000, runs: int = 5) -> list[dict[str, Any]]:
    """Figures of a store of ``n`` passages."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        started = time.perf_counter()
        write_passages(folder, passages(n))
        written_s = time.perf_counter() - started
        size = sum(path.stat().st_size for path in folder.iterdir())
        runs_of = [
            json.loads(subprocess.run([sys.executable, "-c", OPEN, name], capture_output=True, check=True).stdout)
            for _ in range(runs)
        ]
    return [
        {
            "what": f"open {n:,} passages ({size / 1e9:.2f} GB)",
            "unit": "ms",
            "goal": "< 200 ms",
            "values": [run["open_s"] * 1000 for run in runs_of],
        },
        {
            "what": "  resident memory for it",
            "unit": "MB",
            "goal": "< 100 MB",
            "values": [run["open_bytes"] / 1e6 for run in runs_of],
        },
        {"what": "  read a passage at random", "unit": "ms", "values": [run["read_s"] * 1000 for run in runs_of]},
        {"what": "  find a passage by its id", "unit": "ms", "values": [run["find_s"] * 1000 for run in runs_of]},
        {"what": "  write a passage", "unit": "ms", "values": [written_s / n * 1000]},
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=int, default=1_000_000)
    for row in rows(parser.parse_args().passages):
        print(json.dumps(row))
