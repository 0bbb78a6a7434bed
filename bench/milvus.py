"""Serving with Milvus beside serving from local files: what is found, how long it takes, loading, switching an alias.

``python bench/milvus.py [--only quality|load|switch] [--passages N]`` needs the extra ``milvus`` and the built indexes
pubmedqa and hpo_omim with the files of their evaluations. Passages, vectors and questions are real; for more passages
than there are, they are repeated. Milvus is milvus-lite, within the process or, where an address is named, as a server
of its own.
"""

from __future__ import annotations

import argparse
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import retrieval_data as data

from ragmed.analysis.terms import terms
from ragmed.evaluation.run import benchmark_questions
from ragmed.home import index_path, mirror
from ragmed.index import manifest
from ragmed.index.layout import make_component, make_retrievers
from ragmed.index.passages_store import PassageStore
from ragmed.index.searcher import Searcher
from ragmed.protocols import Fusion, OpenRetriever
from ragmed.recipe import parse_index_recipe, read_evaluation_recipe
from ragmed.report import Report
from ragmed.retrievers._milvus import Place
from ragmed.retrievers._milvus_collection import Loader
from ragmed.retrievers.dense import Dense, OpenDense
from ragmed.retrievers.milvus_bm25 import _BLOCK, MilvusBM25, _add_fields, _joined
from ragmed.retrievers.milvus_dense import MilvusDense
from ragmed.types import Passage, Query, Question

SETS = {
    "pubmedqa": ("pubmedqa", {"name": "pubmedqa", "split": "dev"}, None),
    "hpo_omim": ("phenopackets_omim", None, 300),
}
"""Index → its evaluation, the benchmark where it is of another split, and how many questions are asked (None: all)."""
DEPTH, N_TIMED = 100, 100
N_LOADED = 50_000
N_SEARCHERS, AFTER_S = 4, 3.0


class StoredVectors(data.KnownVectors):
    """An encoder that gives the vectors of an index for its passages, in their order, over and over."""

    def __init__(self, dense: OpenDense, n: int) -> None:
        super().__init__(dense.encoder, {})
        object.__setattr__(self, "_vectors", np.array(dense.vectors(np.arange(n))))
        object.__setattr__(self, "_at", 0)

    def encode_passages(self, texts: Sequence[str], progress: Any = None) -> Any:
        rows = np.arange(self._at, self._at + len(texts)) % len(self._vectors)
        object.__setattr__(self, "_at", self._at + len(texts))
        return self._vectors[rows]


class Opened:
    """A built index, read without its recipe in the home: its passages, its local retriever, its fusion."""

    def __init__(self, name: str) -> None:
        folder = index_path(name)
        recipe = parse_index_recipe(manifest.read(folder).table["recipe"], folder.with_suffix(".toml"))
        recipe = replace(recipe, retrievers=tuple(t for t in recipe.retrievers if t["name"] in ("bm25", "dense")))
        self.passages = PassageStore(folder / "passages")
        self.made = make_retrievers(recipe)
        self.local = {
            kind: retriever.open(folder / "retrievers" / kind, self.passages.ids)
            for kind, retriever in self.made.items()
        }
        self.fusion: Fusion = make_component("fusion", recipe.fusion, "bench", recipe)

    def encoder(self) -> StoredVectors:
        dense = self.local["dense"]
        assert isinstance(dense, OpenDense)
        return StoredVectors(dense, len(self.passages))


def main() -> None:
    """Run what is asked for and print a row for each figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("quality", "load", "switch"))
    parser.add_argument("--passages", type=int, default=N_LOADED, help=f"passages loaded (default {N_LOADED})")
    arguments = parser.parse_args()
    for name, measure in {"quality": quality, "load": lambda: load(arguments.passages), "switch": switch}.items():
        if arguments.only in (None, name):
            for what, value in measure():
                print(f"{what:<72} {value}", flush=True)


def quality() -> Iterator[tuple[str, str]]:
    """nDCG@10 and time of a query, served locally and by milvus-lite."""
    for name in SETS:
        opened, asked = Opened(name), questions(name)
        with tempfile.TemporaryDirectory() as folder:
            milvus = build_both(opened, Path(folder), len(opened.passages))
            for kind in ("bm25", "dense", "hybrid"):
                found, took = {}, {}
                for served, retrievers in (("local", opened.local), ("milvus", milvus)):
                    found[served], took[served] = searched(opened, retrievers, asked, kind)
                local, remote = data.ndcg(asked, found["local"]), data.ndcg(asked, found["milvus"])
                same = np.mean([a[:10] == b[:10] for a, b in zip(found["local"], found["milvus"], strict=True)])
                yield (
                    f"{name}, {kind}, {len(asked)} questions: nDCG@10 local, Milvus, difference",
                    f"{local:.4f}  {remote:.4f}  {remote - local:+.4f}  (first ten alike: {same:.1%})",
                )
                yield (
                    f"{name}, {kind}: ms a query alone, local, Milvus (medians)",
                    f"{took['local']:.1f}  {took['milvus']:.1f}",
                )


def questions(name: str) -> list[Question]:
    """Of the evaluation, those whose answer the index holds."""
    evaluation, benchmark, limit = SETS[name]
    recipe = read_evaluation_recipe(evaluation)
    if benchmark is not None:
        recipe = replace(recipe, benchmark=benchmark)
    have = set(PassageStore(index_path(name) / "passages").doc_ids)
    asked = benchmark_questions(recipe, Report(), mirror=mirror())[:limit]
    kept = (replace(q, relevant={d: g for d, g in q.relevant.items() if d in have}) for q in asked)
    return [question for question in kept if question.relevant]


def build_both(opened: Opened, folder: Path, n: int, **place: Any) -> dict[str, OpenRetriever]:
    """Both retrievers over Milvus, loaded with ``n`` of the passages, over and over, and opened."""
    passages = Repeated(opened.passages, n)
    ids = [passage.passage_id for passage in passages]
    dense = MilvusDense(encoder=opened.encoder(), **place)
    milvus: dict[str, OpenRetriever] = {}
    for kind, retriever in {"bm25": MilvusBM25(**place), "dense": dense}.items():
        (folder / kind).mkdir()
        retriever.build(passages, folder / kind)
        milvus[kind] = retriever.open(folder / kind, ids)
    return milvus


def searched(
    opened: Opened, retrievers: Mapping[str, OpenRetriever], asked: Sequence[Question], kind: str
) -> tuple[list[list[str]], float]:
    """The documents found for each question, and the median time of a query in ms, its encoding included."""
    searcher = Searcher("bench", retrievers, opened.passages.ids)
    doc_ids = opened.passages.doc_ids
    found, took = [], []
    for question in asked:
        query = Query(question.query.query_id, question.query.text)
        started = time.perf_counter()
        [one] = searcher.find([query], DEPTH, opened.fusion, None if kind == "hybrid" else kind)
        took.append(1000 * (time.perf_counter() - started))
        found.append([doc_ids[row] for row in one.ranking.rows.tolist()])
    return found, statistics.median(took[:N_TIMED])


class Repeated(Sequence[Passage]):
    """Passages over and over, each time under other ids, up to ``n``."""

    def __init__(self, passages: Sequence[Passage], n: int) -> None:
        self._passages, self._n = list(passages), n

    def __len__(self) -> int:
        return self._n

    def __getitem__(self, row: Any) -> Any:
        if isinstance(row, slice):
            return [self[i] for i in range(*row.indices(self._n))]
        if not 0 <= row < self._n:
            raise IndexError(row)
        turn, at = divmod(row, len(self._passages))
        passage = self._passages[at]
        return replace(passage, passage_id=f"{passage.passage_id}/{turn}") if turn else passage


def load(n: int) -> Iterator[tuple[str, str]]:
    """Passages a second from vectors and analysed texts in hand to collections that are counted and can be searched."""
    opened = Opened("pubmedqa")
    passages = list(Repeated(opened.passages, n))
    encoder = opened.encoder()
    started = time.perf_counter()
    some = passages[: len(opened.passages)]
    fields = [terms(f"{p.title} {p.section} {p.question} {p.text}") for p in some]
    yield "analysed, passages a second", f"{len(some) / (time.perf_counter() - started):,.0f}"
    texts = [_joined(field) for field in fields]
    of_passages = {
        "dense": encoder.encode_passages([""] * n),
        "bm25": (texts * (n // len(texts) + 1))[:n],
    }
    with tempfile.TemporaryDirectory() as folder, lite_server() as uri:
        load_one(
            MilvusDense(encoder=encoder), "dense", some, of_passages["dense"][: len(some)], Path(folder)
        )  # imports
        for where, place in (("in a folder", {}), ("at an address", {"uri": uri, "collection": "load"})):
            made = {"dense": MilvusDense(encoder=encoder, **place), "bm25": MilvusBM25(**place)}
            walls, cpus = [], []
            for kind, retriever in made.items():
                path = Path(folder) / f"{kind} {where}"
                path.mkdir()
                wall, cpu = time.perf_counter(), time.process_time()
                load_one(retriever, kind, passages, of_passages[kind], path)
                walls.append(time.perf_counter() - wall)
                cpus.append(time.process_time() - cpu)
                yield (
                    f"milvus-lite {where}: {n:,} for {kind}: a second, a CPU second here",
                    f"{n / walls[-1]:,.0f}  {n / cpus[-1]:,.0f}",
                )
            yield (
                f"milvus-lite {where}: passages, vector and text: a second, a CPU second here",
                f"{n / sum(walls):,.0f}  {n / sum(cpus):,.0f}",
            )
    yield "the local dense index, beside: written a second", f"{written_locally(passages, encoder):,.0f}"


def load_one(retriever: Place, kind: str, passages: Sequence[Passage], values: Any, path: Path) -> None:
    """As the retriever's ``build``, with what it encodes or analyses in hand."""
    with Loader(retriever, kind, path, len(passages)) as loader:
        types = loader.connection.pymilvus.DataType
        if kind == "dense":
            field = "vector"
            loader.create(lambda schema: schema.add_field(field, types.FLOAT_VECTOR, dim=values.shape[1]))
        else:
            field = "terms"
            loader.create(lambda schema: _add_fields(schema, loader.connection))
        for start in range(0, len(passages), _BLOCK):
            loader.append(passages[start : start + _BLOCK], field, values[start : start + _BLOCK])
        if kind == "dense":
            loader.finish(field, "FLAT", "IP", {})
        else:
            loader.finish("weights", "SPARSE_INVERTED_INDEX", "BM25", {"bm25_k1": 0.9, "bm25_b": 0.4})


def written_locally(passages: Sequence[Passage], encoder: StoredVectors) -> float:
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        Dense(encoder, index="flat").build(passages, Path(folder))
        return len(passages) / (time.perf_counter() - started)


def switch() -> Iterator[tuple[str, str]]:
    """Searches that fail while a second collection is loaded and the alias is switched to it."""
    opened, asked = Opened("pubmedqa"), questions("pubmedqa")
    with lite_server() as uri, tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        place = {"uri": uri, "collection": "switch", "keep": 1}
        milvus = build_both(opened, Path(first), len(opened.passages), **place)
        done = threading.Event()
        n_found, errors, seen = [0] * N_SEARCHERS, [], set()

        def search(number: int) -> None:
            i = number
            while not done.is_set():
                query = asked[i % len(asked)].query
                try:
                    if number % 2:  # an open index: the collection that it was built with
                        found = len(milvus["dense"].search([query], 10)[0])
                    else:  # another program: whatever the alias names
                        dense = milvus["dense"]
                        client = dense._connection.client  # type: ignore[attr-defined]
                        vector = dense._encoded([query])[0].tolist()  # type: ignore[attr-defined]
                        found = len(client.search("switch_dense", [vector], limit=10, anns_field="vector")[0])
                        seen.add(client.describe_alias("switch_dense")["collection_name"])
                    if found != 10:
                        errors.append(f"{found} hits")
                except Exception as error:  # whatever it is, it is counted
                    errors.append(repr(error))
                n_found[number] += 1
                i += N_SEARCHERS

        threads = [threading.Thread(target=search, args=[number]) for number in range(N_SEARCHERS)]
        for thread in threads:
            thread.start()
        started = time.perf_counter()
        build_both(opened, Path(second), len(opened.passages), **place)
        took = time.perf_counter() - started
        time.sleep(AFTER_S)
        done.set()
        for thread in threads:
            thread.join()
        yield (
            "searches while a second build loaded and switched the alias",
            f"{sum(n_found):,} in {took + AFTER_S:.1f} s",
        )
        yield "of those by alias: collections that it named", ", ".join(sorted(seen))
        yield "searches that failed or found too little", str(len(errors)) + (f": {errors[0]}" if errors else "")


@contextmanager
def lite_server() -> Iterator[str]:
    """The address of a milvus-lite of its own process, which is ended afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "milvus_lite", "server", "--data-dir", folder]
        server = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            for _ in range(300):
                with socket.socket() as trial:
                    if trial.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
