"""How fast PubMed's files become documents, on one core, against pubmed_parser on the same file.

``python bench/pubmed.py [--articles N] [--runs N] [--reference-python PATH]`` makes a file (`pubmed_files`) and reads
it in fresh processes, in turn. Only reading is timed, not starting Python nor importing; each article's result is used
and dropped. `rows` gives the figures in the form of ``bench/run.py``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pubmed_files

N_ARTICLES = 30_000
SEED = 7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=N_ARTICLES, help=f"articles in the file (default {N_ARTICLES})")
    parser.add_argument("--runs", type=int, default=5, help="runs of each reader (default 5)")
    parser.add_argument("--reference-python", default=sys.executable, help="the Python that has pubmed_parser")
    parser.add_argument("--read", nargs=2, metavar=("READER", "FILE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.read:
        print(json.dumps(read(arguments.read[0], Path(arguments.read[1]))))
    else:
        print(json.dumps(rows(arguments.articles, arguments.runs, arguments.reference_python), indent=1))


def rows(n_articles: int = N_ARTICLES, runs: int = 5, reference_python: str = sys.executable) -> list[dict[str, Any]]:
    """One row: microseconds an article, theirs, and the ratio of the two best runs."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pubmed26n0001.xml.gz"
        n_bytes = pubmed_files.write_file(path, n_articles, SEED)
        n_packed = path.stat().st_size
        ours, theirs = [], []
        for _ in range(runs):  # in turn, so that a slow minute slows both
            ours.append(_process(sys.executable, "ragmed", path))
            theirs.append(_process(reference_python, "pubmed_parser", path))
    times = [run["seconds"] / n_articles * 1e6 for run in ours]
    reference = [run["seconds"] / n_articles * 1e6 for run in theirs]
    return [
        {
            "what": "PubMed file, per article",
            "unit": "µs",
            "goal": "≤ 200 µs, ≥ 3×",
            "median": statistics.median(times),
            "min": min(times),
            "max": max(times),
            "reference": "pubmed_parser.parse_medline_xml",
            "reference_median": statistics.median(reference),
            "ratio": statistics.median(reference) / statistics.median(times),
            "note": (
                f"{1e6 / min(times):,.0f} articles/s at best, {1e6 / min(reference):,.0f} by the reference; peak "
                f"{max(run['peak_mb'] for run in ours):.0f} MB resident, {max(run['peak_mb'] for run in theirs):.0f} "
                f"MB by the reference. The file: {n_articles:,} generated articles, {ours[0]['n']:,} of them with an "
                f"abstract, {n_bytes / n_articles / 1000:.1f} kB of XML each, packed to {n_packed / n_bytes:.0%}"
            ),
        }
    ]


def read(reader: str, path: Path) -> dict[str, float]:
    """Read a file once: how many results, in how many seconds, with how much memory at the peak."""

    articles: Any
    if reader == "ragmed":
        from ragmed.corpora.pubmed import PubMed

        articles = PubMed(files={"baseline/pubmed26n0001.xml.gz": path}).documents()
    else:
        import pubmed_parser

        articles = pubmed_parser.parse_medline_xml(str(path))
    started = time.perf_counter()
    n = sum(1 for _ in articles)
    seconds = time.perf_counter() - started
    # Not getrusage: what the parent had before it started this process counts there.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = int(status.partition("VmHWM:")[2].split()[0])
    return {"n": n, "seconds": seconds, "peak_mb": peak / (1e6 if sys.platform == "darwin" else 1e3)}


def _process(python: str, reader: str, path: Path) -> dict[str, Any]:
    """`read` in a process of its own."""
    command = [python, str(Path(__file__).resolve()), "--read", reader, str(path)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment, text=True).stdout
    result: dict[str, Any] = json.loads(output)
    return result


if __name__ == "__main__":
    main()
