"""Hybrid search over one or ten million passages: how long a build takes, how much memory, how fast a query is.

``python bench/scale.py [--passages N] [--folder FOLDER]`` prints the rows that ``make bench`` shows for a million.
Passages are generated, lazily and the same for the same row and seed. A text is a bag of words, each drawn with equal
chance from one real passage, its topic, or from all of them (the mixture of Jelinek and Mercer 1980 that language
models of retrieval smooth with, as in Zhai and Lafferty 2004); lengths are those of PubMedQA's abstracts, and a word in
two hundred comes from an open vocabulary that follows Zipf's law, so that terms grow with the collection. A vector is
its topic's with noise, cosine 0.8 to it. Questions are real and really encoded. Building and searching run in
processes of their own. Resident memory is given apart: anonymous (RssAnon, what a process needs), and pages of mapped
files (RssFile, which the system takes back when memory is short).
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, overload

import numpy as np
import retrieval_data as data
from numpy.typing import NDArray

from ragmed.encoders.minilm import MiniLM
from ragmed.index.layout import make_component, make_retrievers
from ragmed.index.searcher import Searcher
from ragmed.protocols import Progress, Vectors, no_progress
from ragmed.recipe import parse_index_recipe
from ragmed.retrievers.dense import Dense
from ragmed.types import Passage, Query

SEED = 7
K, N_WARM, N_TIMED, N_EXACT = 10, 100, 400, 200
TOPIC_CORPORA = {"pubmedqa", "bioasq", "primer", "openstax_anatomy", "medquad"}
"""Corpora of running text."""
MIN_WORDS = 30
"""A shorter passage is not a topic."""
TOPIC_SHARE, OPEN_SHARE, N_OPEN = 0.5, 0.005, 10_000_000
NOISE = 0.75
"""Norm of the noise added to a unit vector: cosine 0.8."""
N_NOISES = 1 << 15
BLOCK = 256
"""Passages whose words are drawn at once."""
PUBMED = 24_000_000
"""Abstracts of PubMed."""
GOALS = {1_000_000: ("≤ 25 ms", "", "≤ 2,000 MB"), 10_000_000: ("", "≤ 150 ms", "≤ 6,000 MB")}
"""Of so many passages: median, 95th percentile, resident memory."""
PARTS = ("bm25", "dense")
RECIPE = {
    "corpora": [{"name": "generated"}],
    "retrievers": [{"name": "bm25"}, {"name": "dense", "encoder": "minilm"}],
}


@dataclass(frozen=True)
class Topics:
    """Real passages to generate from: ``words[starts[t]:starts[t + 1]]`` are topic t's, numbers of ``vocabulary``."""

    vocabulary: NDArray[np.object_]
    words: NDArray[np.int32]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    vectors: Vectors

    @classmethod
    def load(cls) -> Topics:
        """From the cache of the benchmarks, made at the first call."""
        path = data.cache_folder() / "topics.npz"
        if not path.exists():
            cls._make(path)
        with np.load(path) as arrays:
            vocabulary = np.array(str(arrays["vocabulary"]).split(" "), dtype=object)
            return cls(vocabulary, *(arrays[name] for name in ("words", "starts", "lengths", "vectors")))

    @staticmethod
    def _make(path: Path) -> None:
        found = data.passages()
        vectors = data.passage_vectors(found)
        number: dict[str, int] = {}
        words: list[int] = []
        starts, rows, lengths = [0], [], []
        for row, passage in enumerate(found):
            of_passage = f"{passage.title} {passage.text}".split()
            if passage.source not in TOPIC_CORPORA or len(of_passage) < MIN_WORDS:
                continue
            words += [number.setdefault(word, len(number)) for word in of_passage]
            starts.append(len(words))
            rows.append(row)
            if passage.source == "pubmedqa":
                lengths.append(len(of_passage))
        np.savez(
            path,
            vocabulary=np.array(" ".join(number)),
            words=np.array(words, dtype=np.int32),
            starts=np.array(starts),
            lengths=np.array(lengths),
            vectors=np.asarray(vectors)[rows],
        )

    def __len__(self) -> int:
        return len(self.starts) - 1

    def of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The topic of each generated passage."""
        return (_mixed(rows, 0) % np.uint64(len(self))).astype(np.int64)


class Texts(Sequence[Passage]):
    """Generated passages, to be indexed by their words."""

    def __init__(self, topics: Topics, n: int) -> None:
        self._topics, self._n = topics, n
        self._block = lru_cache(4)(self._draw)

    def __len__(self) -> int:
        return self._n

    @overload
    def __getitem__(self, row: int) -> Passage: ...
    @overload
    def __getitem__(self, row: slice) -> list[Passage]: ...
    def __getitem__(self, row: int | slice) -> Passage | list[Passage]:
        if isinstance(row, slice):
            return [self[i] for i in range(*row.indices(self._n))]
        if not 0 <= row < self._n:
            raise IndexError(row)
        return _passage(row, self._block(row // BLOCK)[row % BLOCK])

    def __iter__(self) -> Iterator[Passage]:
        return (self[row] for row in range(self._n))

    def _draw(self, block: int) -> list[str]:
        topics, rng = self._topics, np.random.default_rng([SEED, block])
        of_rows = topics.of(np.arange(block * BLOCK, (block + 1) * BLOCK))
        lengths = rng.choice(topics.lengths, BLOCK)
        ends = np.cumsum(lengths)
        starts = np.repeat(topics.starts[of_rows], lengths)
        sizes = np.repeat(topics.starts[of_rows + 1] - topics.starts[of_rows], lengths)
        at = starts + (rng.random(len(starts)) * sizes).astype(np.int64)
        at = np.where(rng.random(len(at)) < TOPIC_SHARE, at, rng.integers(0, len(topics.words), len(at)))
        drawn = topics.vocabulary[topics.words[at]]
        new = np.flatnonzero(rng.random(len(at)) < OPEN_SHARE)
        drawn[new] = [f"x{int(N_OPEN**share)}" for share in rng.random(len(new)).tolist()]
        words = drawn.tolist()
        return [
            " ".join(words[end - length : end]) for length, end in zip(lengths.tolist(), ends.tolist(), strict=True)
        ]


class RowNumbers(Sequence[Passage]):
    """The same passages, each with its row as its text: what `GivenVectors` encodes."""

    def __init__(self, n: int) -> None:
        self._n = n

    def __len__(self) -> int:
        return self._n

    @overload
    def __getitem__(self, row: int) -> Passage: ...
    @overload
    def __getitem__(self, row: slice) -> list[Passage]: ...
    def __getitem__(self, row: int | slice) -> Passage | list[Passage]:
        if isinstance(row, slice):
            return [self[i] for i in range(*row.indices(self._n))]
        if not 0 <= row < self._n:
            raise IndexError(row)
        return _passage(row, str(row))

    def __iter__(self) -> Iterator[Passage]:
        return (self[row] for row in range(self._n))


class GivenVectors:
    """The default encoder for questions; for a passage, given as its row, its topic's vector with noise."""

    def __init__(self, topics: Topics | None = None) -> None:
        self._encoder, self._topics = MiniLM(), topics
        rng = np.random.default_rng(SEED)
        self._noises = rng.standard_normal((N_NOISES if topics else 0, self.dim), dtype=np.float32)
        self._noises *= NOISE / math.sqrt(2 * self.dim)  # two of them are added up

    @property
    def dim(self) -> int:
        return self._encoder.dim

    @property
    def max_tokens(self) -> int:
        return self._encoder.max_tokens

    def fingerprint(self) -> str:
        return self._encoder.fingerprint()

    def load(self) -> None:
        self._encoder.load()

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._encoder.encode_queries(texts)

    def encode_passages(self, texts: Sequence[str], progress: Progress = no_progress) -> Vectors:
        vectors = np.empty((len(texts), self.dim), dtype=np.float32)
        for start in range(0, len(texts), 4096):
            vectors[start : start + 4096] = self.of(np.array(list(map(int, texts[start : start + 4096])), np.int64))
            progress(min(start + 4096, len(texts)), len(texts))
        return vectors

    def of(self, rows: NDArray[np.int64]) -> Vectors:
        """The vectors of generated passages."""
        assert self._topics is not None
        vectors: Vectors = self._topics.vectors[self._topics.of(rows)]
        for salt in (1, 2):
            vectors += self._noises[(_mixed(rows, salt) % np.uint64(N_NOISES)).astype(np.int64)]
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [0] * len(texts)

    def count_truncated(self, texts: Sequence[str]) -> int:
        return 0


class Ids(Sequence[str]):
    """The ids of generated passages, in the order of their rows."""

    def __init__(self, n: int) -> None:
        self._n = n

    def __len__(self) -> int:
        return self._n

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> list[str]: ...
    def __getitem__(self, row: int | slice) -> str | list[str]:
        if isinstance(row, slice):
            return [self[i] for i in range(*row.indices(self._n))]
        if not 0 <= row < self._n:
            raise IndexError(row)
        return f"generated:{row:08d}"


def rows(n: int = 1_000_000, folder: Path | None = None) -> list[dict[str, Any]]:
    """Figures of ``n`` passages. ``folder`` keeps the index; one that is there is searched and not built again."""
    Topics.load()
    with tempfile.TemporaryDirectory() as temporary:
        path = (folder or Path(temporary)) / str(n)
        path.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor() as pool:  # a core each
            parts = dict(zip(PARTS, pool.map(lambda name: _process(name, n, path), PARTS), strict=True))
        found = _process("search", n, path)
    median_goal, p95_goal, memory_goal = GOALS.get(n, ("", "", ""))
    resident = found["anonymous_mb"] + found["mapped_mb"]
    growing = found["anonymous_mb"] - found["empty_mb"]
    bytes_each = {name: part["bytes"] / n for name, part in parts.items()}
    rows = [
        {
            "what": f"hybrid search, {n:,} generated passages, one query",
            "unit": "ms",
            "goal": median_goal,
            "values": found["ms"],
            "note": f"of {len(found['ms'])} questions, encoding included; median "
            + ", ".join(f"{name} {ms:.1f} ms" for name, ms in found["parts_ms"].items()),
        },
        {
            "what": "  its 95th percentile",
            "unit": "ms",
            "goal": p95_goal,
            "values": [float(np.quantile(found["ms"], 0.95))],
        },
        {
            "what": "  resident memory after it",
            "unit": "MB",
            "goal": memory_goal,
            "values": [resident],
            "note": f"{found['anonymous_mb']:,.0f} MB anonymous, {found['mapped_mb']:,.0f} MB pages of mapped files",
        },
        *(
            {
                "what": f"  build of {name}",
                "unit": "s",
                "values": [part["seconds"]],
                "note": (
                    f"peak {part['peak_mb']:,.0f} MB resident, {part['peak_anonymous_mb']:,.0f} MB of it anonymous; "
                    f"{part['bytes'] / 1e9:.2f} GB on disk, {bytes_each[name]:,.0f} bytes a passage: "
                    f"{bytes_each[name] * PUBMED / 1e9:.1f} GB for PubMed's {PUBMED / 1e6:.0f} million. "
                    f"{part['facts']}. Generating the passages is counted in, and both retrievers are built at once"
                ),
            }
            for name, part in parts.items()
        ),
        {
            "what": "  recall@10 of the dense list, against exact search",
            "unit": "",
            "values": [found["recall"]],
            "note": f"of {N_EXACT} questions, over generated vectors; on real ones see the index types above",
        },
    ]
    if n >= 1_000_000:  # fewer say nothing of what grows
        rows.append(
            {
                "what": f"  anonymous memory, carried on to {PUBMED / 1e6:.0f} million",
                "unit": "MB",
                "goal": "≤ 16,000 MB",
                "values": [found["empty_mb"] + growing * PUBMED / n],
                "note": (
                    f"{growing:,.0f} MB of the above grow with passages; the files would be "
                    f"{sum(bytes_each.values()) * PUBMED / 1e9:.0f} GB, of which the system keeps in memory what is "
                    "used and fits"
                ),
            }
        )
    return rows


def build(name: str, n: int, folder: Path) -> dict[str, Any]:
    """One retriever's files in ``folder/name``."""
    done = folder / f"{name}.json"
    if done.exists():
        figures: dict[str, Any] = json.loads(done.read_text(encoding="utf-8"))
        return figures
    path = folder / name
    path.mkdir(parents=True, exist_ok=True)
    topics = Topics.load()
    retriever = _retrievers(GivenVectors(topics))[name]
    passages = RowNumbers(n) if isinstance(retriever, Dense) else Texts(topics, n)
    started = time.perf_counter()

    shown = started

    def progress(finished: int, total: int) -> None:
        nonlocal shown
        if time.perf_counter() - shown > 30:
            shown = time.perf_counter()
            print(f"{name}: {finished:,} of {total:,}, {shown - started:.0f} s", file=sys.stderr)

    with _Peak() as peak:
        facts = retriever.build(passages, path, progress)
        seconds = time.perf_counter() - started
    figures = {
        "seconds": seconds,
        "bytes": sum(file.stat().st_size for file in path.rglob("*") if file.is_file()),
        "facts": ", ".join(f"{key} {value}" for key, value in facts.items() if key != "encoder"),
        "peak_mb": peak.resident_mb,
        "peak_anonymous_mb": peak.anonymous_mb,
    }
    done.write_text(json.dumps(figures), encoding="utf-8")
    return figures


def search(n: int, folder: Path) -> dict[str, Any]:
    """Open both retrievers, ask real questions one at a time."""
    recipe = parse_index_recipe(RECIPE, Path("scale.toml"))
    fusion = make_component("fusion", recipe.fusion, "scale.toml: [fusion]", recipe)
    encoder = GivenVectors()
    encoder.load()
    encoder.encode_queries(["warm up"])
    empty, _ = memory()
    ids = Ids(n)
    opened = {name: retriever.open(folder / name, ids) for name, retriever in _retrievers(encoder).items()}
    searcher = Searcher("scale", opened, ids)
    asked = [Query(q.query.query_id, q.query.text) for of_set in data.questions().values() for q in of_set]
    asked = [asked[i] for i in np.random.default_rng(SEED).permutation(len(asked))[: N_WARM + N_TIMED + N_EXACT]]
    for query in asked[:N_WARM]:
        searcher.find([query], K, fusion)
    times, parts = [], {name: [] for name in ("encoding", *opened)}
    for query in asked[N_WARM : N_WARM + N_TIMED]:
        times.append(_ms(lambda query=query: searcher.find([query], K, fusion)))
    anonymous, mapped = memory()
    for query in asked[N_WARM : N_WARM + N_TIMED // 4]:
        parts["encoding"].append(_ms(lambda query=query: encoder.encode_queries([query.text])))
        for name in opened:
            parts[name].append(_ms(lambda name=name, query=query: searcher.find([query], 100, fusion, name)))
    unseen = asked[N_WARM + N_TIMED :]
    approximate = [found.ranking.rows.tolist() for found in searcher.find(unseen, K, fusion, "dense")]
    exact = _exact([query.text for query in unseen], n)
    return {
        "ms": times,
        "parts_ms": {name: float(np.median(values)) for name, values in parts.items()},
        "anonymous_mb": anonymous,
        "mapped_mb": mapped,
        "empty_mb": empty,
        "recall": float(np.mean([len(set(a) & set(e)) / len(e) for a, e in zip(approximate, exact, strict=True)])),
    }


def memory() -> tuple[float, float]:
    """Resident megabytes of this process: anonymous, and of mapped files."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    anonymous, mapped = (int(status.partition(f"{key}:")[2].split()[0]) / 1000 for key in ("RssAnon", "RssFile"))
    return anonymous, mapped


class _Peak:
    """The most memory in use while the context lasts, looked at every tenth of a second."""

    resident_mb = anonymous_mb = 0.0

    def __enter__(self) -> _Peak:
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.1):
            anonymous, mapped = memory()
            self.resident_mb = max(self.resident_mb, anonymous + mapped)
            self.anonymous_mb = max(self.anonymous_mb, anonymous)


def _exact(texts: Sequence[str], n: int) -> list[list[int]]:
    """Rows of the K highest cosines, by multiplying with every vector, generated anew."""
    encoder = GivenVectors(Topics.load())
    queries = encoder.encode_queries(texts)
    scores = np.full((len(texts), K), -np.inf, dtype=np.float32)
    rows = np.zeros((len(texts), K), dtype=np.int64)
    for start in range(0, n, 16_384):
        of_block = np.arange(start, min(start + 16_384, n))
        block = queries @ encoder.of(of_block).T
        best = np.argpartition(-block, K, axis=1)[:, :K]
        scores = np.hstack([scores, np.take_along_axis(block, best, axis=1)])
        rows = np.hstack([rows, of_block[best]])
        order = np.argsort(-scores, axis=1, kind="stable")[:, :K]
        scores, rows = np.take_along_axis(scores, order, axis=1), np.take_along_axis(rows, order, axis=1)
    return rows.tolist()


def _retrievers(encoder: Any) -> dict[str, Any]:
    """The retrievers of the default recipe, with another encoder."""
    recipe = parse_index_recipe(RECIPE, Path("scale.toml"))
    return {
        name: replace(retriever, encoder=encoder) if isinstance(retriever, Dense) else retriever
        for name, retriever in make_retrievers(recipe).items()
    }


def _passage(row: int, text: str) -> Passage:
    return Passage(
        passage_id=f"generated:{row:08d}",
        doc_id=f"generated:{row:08d}",
        start=0,
        end=len(text),
        text=text,
        title="",
        source="generated",
        url="",
        licence="",
    )


def _mixed(rows: NDArray[np.int64], salt: int) -> NDArray[np.uint64]:
    """A 64-bit hash of each row (splitmix64; Steele, Lea and Flood 2014)."""
    x = rows.astype(np.uint64) + np.uint64((SEED + salt) * 0x9E3779B97F4A7C15 & (1 << 64) - 1)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def _process(part: str, n: int, folder: Path) -> dict[str, Any]:
    command = [sys.executable, str(Path(__file__).resolve()), "--part", part, "--passages", str(n)]
    output = subprocess.run([*command, "--folder", str(folder)], check=True, stdout=subprocess.PIPE, text=True).stdout
    figures: dict[str, Any] = json.loads(output)
    return figures


def _ms(call: Callable[[], Any]) -> float:
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="keep the index there, and search the one that is there")
    parser.add_argument("--part", choices=("bm25", "dense", "search"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.part == "search":
        print(json.dumps(search(given.passages, given.folder)))
    elif given.part:
        print(json.dumps(build(given.part, given.passages, given.folder)))
    else:
        for row in rows(given.passages, given.folder):
            if len(row["values"]) > 1:
                row["median"] = float(np.median(row.pop("values")))
            print(json.dumps(row, ensure_ascii=False), flush=True)
