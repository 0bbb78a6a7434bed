"""A build on a Ray cluster whose nodes and driver are killed, and how encoding scales from one worker to two.

``python bench/ray_build.py [--passages N] [--max-tokens N] [--scaling N]``

The cluster has two nodes on this machine, each processes of its own with one core (bound to it where there is
``taskset``). Documents are drawn from a list of words, the same each time. First the index is built by the local
engine. Then on the cluster: when a third of the vectors is done, every process of the second node is killed with
SIGKILL; when two thirds are, the driver; then the same command is run again. Both indexes must have the same seal,
which is a hash of every byte.

Encoding is measured on fewer passages with one node and with two: time from when the first block began to when the
last one ended, and CPU time of the workers. Other work on the machine slows two workers more than one, so the CPU
time that a passage takes is given too: what two workers cost each other apart from waiting for a core.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ray

SEED, WORDS = 7, 40
TOKEN = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": os.environ.get("RAY_AUTH_TOKEN") or secrets.token_hex(32)}
"""Every process of the cluster shows it, and no other can join."""
BUILDER = '''
"""One document per line: id, title and text, separated by tabs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ragmed.protocols import Corpus
from ragmed.types import Document


@dataclass(frozen=True)
class Lines:
    files: Mapping[str, Path]

    def documents(self) -> Iterator[Document]:
        with self.files["lines"].open(encoding="utf-8") as lines:
            for line in lines:
                doc_id, title, text = line.rstrip("\\n").split("\\t")
                yield Document(doc_id, title, text, "generated", f"https://example.org/{doc_id}", "CC0")

    def release(self) -> str:
        return ""


COMPONENT: type[Corpus] = Lines
'''


def make_home(home: Path, n_passages: int, max_tokens: int) -> None:
    """A home with a corpus of as many documents, each one passage, and a recipe for it."""
    rng = random.Random(SEED)
    words = sorted({word.strip(".,;:()`") for word in (Path(__file__).parent.parent / "README.md").read_text().split()})
    (home / "corpora").mkdir(parents=True)
    (home / "indexes").mkdir()
    (home / "components" / "corpora").mkdir(parents=True)
    (home / "components" / "corpora" / "lines.py").write_text(BUILDER)
    with (home / "lines.tsv").open("w") as file:
        for i in range(n_passages):
            file.write(f"d{i}\tDocument {i}\t{' '.join(rng.choices(words, k=WORDS))}.\n")
    (home / "corpora" / "generated.toml").write_text(
        'title = "Generated"\nhomepage = ""\nlicence = "CC0"\nbuilder = "lines"\n'
        '[[files]]\nname = "lines"\npath = "lines.tsv"\nurl = "https://example.org/lines.tsv"\n'
    )
    (home / "indexes" / "big.toml").write_text(
        '[[corpora]]\nname = "generated"\nsplitter = "whole"\n[[retrievers]]\nname = "bm25"\n'
        f'[[retrievers]]\nname = "dense"\nencoder = {{ name = "minilm", max_tokens = {max_tokens} }}\n'
    )


def environment(home: Path) -> dict[str, str]:
    return {
        **os.environ,
        "RAGMED_HOME": str(home),
        "RAGMED_MIRROR": str(home),
        "RAGMED_COMPONENTS": str(home / "components"),
        "RAY_USAGE_STATS_ENABLED": "0",
        **TOKEN,
    }


class Node:
    """A node of the cluster: all its processes are one group."""

    def __init__(self, core: int, arguments: Sequence[str]) -> None:
        bound = ["taskset", "-c", str(core)] if shutil.which("taskset") else []
        command = [sys.executable, "-m", "ray.scripts.scripts", "start", *arguments, "--num-cpus", "1", "--block"]
        more = ["--object-store-memory", str(150 * 2**20), "--disable-usage-stats"]
        self._process = subprocess.Popen(
            [*bound, *command, *more],
            env={**os.environ, **TOKEN},
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        """SIGKILL to each of its processes: those of its group and all that these started."""
        for pid in [*_descendants(self._process.pid), self._process.pid]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self._process.wait()


def _descendants(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    found = [int(child) for child in children.read_text().split()] if children.exists() else []
    return [*found, *(grandchild for child in found for grandchild in _descendants(child))]


@contextmanager
def cluster(n_nodes: int) -> Iterator[tuple[str, list[Node]]]:
    """The head's address and the nodes, the head first."""
    with socket.socket() as free:
        free.bind(("", 0))
        port = free.getsockname()[1]
    address = f"{ray.util.get_node_ip_address()}:{port}"
    nodes = [Node(0, ["--head", f"--port={port}", "--include-dashboard=false"])]
    try:
        _wait_for(address, 1)
        nodes += [Node(core, [f"--address={address}"]) for core in range(1, n_nodes)]
        _wait_for(address, n_nodes)
        yield address, nodes
    finally:
        for node in reversed(nodes):
            node.kill()


def _wait_for(address: str, n_nodes: int) -> None:
    code = (
        "import ray, logging, sys, time\n"
        f"ray.init(address={address!r}, log_to_driver=False, logging_level=logging.ERROR)\n"
        f"while sum(n['Alive'] for n in ray.nodes()) < {n_nodes}: time.sleep(0.5)\n"
    )
    for _ in range(20):
        host, _, port = address.partition(":")
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
        except OSError:
            time.sleep(1)
            continue
        subprocess.run([sys.executable, "-c", code], check=True, timeout=90, env={**os.environ, **TOKEN})
        return
    raise SystemExit("the cluster did not start")


def build(home: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "ragmed", "index", "build", "big", "--offline", "--json", *options]
    return subprocess.Popen(command, env=environment(home), stdout=subprocess.PIPE, text=True, start_new_session=True)


def n_vectors(home: Path) -> int:
    """Blocks of vectors that are done: the shards that numpy wrote."""
    n = 0
    for path in (home / "indexes" / ".big.shards").glob("*/[0-9a-f]*"):
        with path.open("rb") as file:
            n += file.read(34)[32:] == b"PK"
    return n


def facts(home: Path) -> Mapping[str, Any]:
    table = json.loads((home / "indexes" / "big" / "manifest.json").read_text())
    ids = (home / "indexes" / "big" / "passages" / "passage_id.bin").read_bytes()
    return {"seal": table["seal"], "n_passages": table["n_passages"], "bytes of ids": len(ids)}


def kills(home: Path, n_passages: int) -> None:
    started = time.monotonic()
    local = build(home)
    local.wait()
    expected = facts(home)
    print(f"local engine: {time.monotonic() - started:.0f} s, {expected}", flush=True)
    shutil.rmtree(home / "indexes" / "big")
    n_blocks = -(-n_passages // 8192)
    started = time.monotonic()

    def say(what: str) -> None:
        print(
            f"{time.monotonic() - started:6.0f} s  {what}; {n_vectors(home)} of {n_blocks} blocks encoded", flush=True
        )

    with cluster(2) as (address, nodes):
        say("cluster of two nodes is up")
        driver = build(home, "--engine", "ray", "--address", address)
        while n_vectors(home) < -(-n_blocks // 3):
            assert driver.poll() is None
            time.sleep(0.5)
        nodes.pop().kill()
        say("second node killed")
        while n_vectors(home) < 2 * n_blocks // 3:
            assert driver.poll() is None
            time.sleep(0.5)
        driver.kill()
        driver.wait()
        say("driver killed")
        again = build(home, "--engine", "ray", "--address", address)
        assert again.wait() == 0
        say("the same command has run to its end")
    found = facts(home)
    print(f"ray engine: {found}; {'the same' if found == expected else 'ANOTHER INDEX'}", flush=True)
    left = sorted(path.name for path in (home / "indexes").iterdir())
    print(f"left in the folder of indexes: {left}", flush=True)


def scaling(home: Path, n_passages: int) -> None:
    n_blocks = -(-n_passages // 8192)
    measured = {}
    for n_nodes in (1, 2):
        with cluster(n_nodes) as (address, _):
            command = [sys.executable, __file__, "--driver", address]
            ran = subprocess.run(command, env=environment(home), stdout=subprocess.PIPE, text=True, check=True)
        rows = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
        rows = [row for row in rows if row["step"] == "encode"]
        wall = max(row["ended"] for row in rows) - min(row["ended"] - row["duration_s"] for row in rows)
        cpu = sum(row["cpu_s"] for row in rows)
        busy = sum(row["duration_s"] for row in rows)
        n_workers = len({row["process"] for row in rows})
        measured[n_nodes] = (wall, cpu)
        print(
            f"{n_nodes} node(s), {n_workers} worker(s): {n_passages:,} passages in {n_blocks} blocks, {wall:.1f} s, "
            f"{n_passages / wall:.0f} passages/s; CPU time {cpu:.1f} s ({cpu / busy:.0%} of a core while at work), "
            f"{n_passages / cpu:.0f} passages per CPU second",
            flush=True,
        )
        shutil.rmtree(home / "indexes" / "big")
    (wall_1, cpu_1), (wall_2, cpu_2) = measured[1], measured[2]
    print(
        f"scaling efficiency from 1 to 2 workers: {wall_1 / (2 * wall_2):.2f} by the clock, "
        f"{cpu_1 / cpu_2:.2f} by CPU time"
    )


def driver(address: str) -> None:
    """Build in this process and print what each task took."""

    class Print(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            print(record.getMessage(), file=sys.__stdout__, flush=True)

    log = logging.getLogger("ragmed.index.engines.ray")
    log.setLevel(logging.DEBUG)
    log.addHandler(Print())
    from ragmed.home import index_path, mirror
    from ragmed.index.build import build as build_index
    from ragmed.index.engines.ray import Ray
    from ragmed.recipe import read_index_recipe

    engine = Ray(address=address)
    build_index(read_index_recipe("big"), index_path("big"), mirror=mirror(), fetch=False, engine=engine)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--max-tokens", type=int, default=32)
    parser.add_argument("--scaling", type=int, default=65_536, help="passages encoded to measure scaling")
    parser.add_argument("--driver", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.driver:
        driver(options.driver)
        return
    print(f"encoder: minilm, {options.max_tokens} tokens; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for work, n in ((kills, options.passages), (scaling, options.scaling)):
        if n:
            with tempfile.TemporaryDirectory() as folder:
                make_home(Path(folder) / "home", n, options.max_tokens)
                work(Path(folder) / "home", n)


if __name__ == "__main__":
    main()
