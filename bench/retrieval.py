"""Hybrid search over 100,000 real passages, and what a user would pick instead, asked the same questions in turn.

``python bench/retrieval.py [--passages N] [--peers NAME …] [--peer-python PATH] [--seconds N]`` prints the rows that
``make bench`` shows. Passages and questions are those of `retrieval_data`; the peers are the files of ``bench/peers``,
each in a process of its own that is given the same passages with the vectors that ragmed searches, and encodes
questions by itself. A peer that is not installed is reported as such. ``--peer-python`` is a Python that has them: by
default that of the environment ``.venv/peers``, where there is one, since LlamaIndex's BM25 needs an older PyStemmer.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any, get_args
from unittest.mock import patch

import numpy as np
import retrieval_data as data

from ragmed import __version__
from ragmed.encoders.minilm import MiniLM
from ragmed.index import manifest
from ragmed.index.layout import make_retrievers
from ragmed.index.open import Index
from ragmed.index.passages_store import PassageStore, write_passages
from ragmed.protocols import Vectors
from ragmed.recipe import parse_index_recipe
from ragmed.retrievers._vector_index import VectorIndexType
from ragmed.retrievers.dense import Dense, encoder_text
from ragmed.types import Passage, Question

SEED = 7
N_TIMED, N_BATCH, K = 400, 1000, 10
RECIPE = {
    "corpora": [{"name": name, "splitter": splitter} for name, splitter in data.CORPORA],
    "retrievers": [{"name": "bm25"}, {"name": "dense", "encoder": "minilm"}],
}
PEERS = {
    "rank_bm25_faiss": "rank_bm25 + flat faiss + sentence-transformers",
    "llama_index_hybrid": "LlamaIndex, QueryFusionRetriever",
    "haystack_hybrid": "Haystack, InMemoryDocumentStore",
}


def rows(
    n: int = data.N_PASSAGES,
    peers: Sequence[str] = tuple(PEERS),
    peer_python: str = "",
    peer_seconds: float = 120,
) -> list[dict[str, Any]]:
    """Figures of ragmed and of its peers."""
    found = data.passages(n=n)
    asked = data.questions()
    vectors = data.passage_vectors(found)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        index = build(folder / "bench", found, vectors)
        rows = [*alone(index, asked, len(found)), *breakdown(index, asked)]
        write_for_peers(folder, found, vectors)
        for peer in peers:
            rows.append(beside(peer, index, asked, folder, peer_python or _peer_python(), peer_seconds))
        rows += approximate(folder, found, vectors, asked)
    return [*rows, *encodings(asked)]


def build(path: Path, found: Sequence[Passage], vectors: Vectors) -> Index:
    """The index that ``ragmed index build`` would make of these passages, without encoding them again."""
    recipe = parse_index_recipe(RECIPE, path.with_suffix(".toml"))
    (path / "passages").mkdir(parents=True)
    write_passages(path / "passages", found)
    store = PassageStore(path / "passages")
    facts = []
    for name, retriever in make_retrievers(recipe).items():
        if isinstance(retriever, Dense):
            retriever = replace(retriever, encoder=data.known_vectors(found, vectors))
        folder = path / "retrievers" / name
        folder.mkdir(parents=True)
        facts.append({"name": name, **retriever.build(store, folder)})
    manifest.seal(
        path,
        {
            "name": recipe.name,
            "description": "",
            "n_documents": len({passage.doc_id for passage in found}),
            "n_passages": len(found),
            "corpora": [],
            "filters": [],
            "retrievers": facts,
            "recipe": RECIPE,
            "versions": {"ragmed": __version__},
        },
    )
    return Index(path)


def alone(index: Index, asked: Mapping[str, Sequence[Question]], n: int) -> list[dict[str, Any]]:
    """One query at a time, and a thousand at once. No question is asked twice: vectors of questions are remembered."""
    mixed = _mixed(asked)
    _warm(index)
    times = [_ms(lambda q=q: _search(index, q))[0] for q in mixed[:N_TIMED]]
    batch = [question.query.text for question in mixed[N_TIMED : N_TIMED + N_BATCH]]
    seconds = _ms(lambda: index.search(batch, k=K))[0] / 1000
    return [
        {
            "what": f"hybrid search, {n:,} passages, one query",
            "unit": "ms",
            "goal": "≤ 10 ms",
            "values": times,
            "note": f"of {len(times)} questions; encoding and reading the {K} passages included",
        },
        {"what": "  its 95th percentile", "unit": "ms", "goal": "≤ 20 ms", "values": [_p95(times)]},
        {
            "what": f"  {len(batch):,} queries at once",
            "unit": "queries/s",
            "goal": "≥ 300",
            "values": [len(batch) / seconds],
        },
    ]


def breakdown(index: Index, asked: Mapping[str, Sequence[Question]]) -> list[dict[str, Any]]:
    """Where the time of one query goes."""
    unseen = _mixed(asked)[N_TIMED + N_BATCH :][:N_TIMED]
    retrievers = {
        name: type(retriever.open(index.path / "retrievers" / name, index.passages.ids))
        for name, retriever in make_retrievers(index.recipe).items()
    }
    parts: dict[str, tuple[type, str]] = {
        "encoding": (MiniLM, "encode_queries"),
        **{name: (opened, "search") for name, opened in retrievers.items()},
        "fusion": (type(index.pipeline.fusion), "fuse"),
        "reading passages": (Index, "evidence"),
    }
    spent: dict[str, list[float]] = {name: [] for name in parts}
    with ExitStack() as stack:
        clocks = {name: stack.enter_context(_clock(*part)) for name, part in parts.items()}
        for question in unseen:
            for clock in clocks.values():
                clock.clear()
            _search(index, question)
            for name, clock in clocks.items():
                spent[name].append(sum(clock))
    spent["dense"] = [dense - encoding for dense, encoding in zip(spent["dense"], spent["encoding"], strict=True)]
    return [{"what": f"  of that, {name}", "unit": "ms", "values": values} for name, values in spent.items()]


def write_for_peers(folder: Path, found: Sequence[Passage], vectors: Vectors) -> None:
    """What ``bench/peers`` read."""
    with (folder / "passages.jsonl").open("w", encoding="utf-8") as file:
        for passage in found:
            file.write(json.dumps({"id": passage.passage_id, "text": encoder_text(passage)}) + "\n")
    np.save(folder / "vectors.npy", vectors)


def beside(
    peer: str, index: Index, asked: Mapping[str, Sequence[Question]], folder: Path, python: str, seconds: float
) -> dict[str, Any]:
    """Questions of each set in turn, each to ragmed and to the peer, for so many seconds of the peer's."""
    what = f"  beside {PEERS[peer]}"
    command = [python, str(Path(__file__).parent / "peers" / f"{peer}.py"), str(folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, encoding="utf-8"
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        state = json.loads(process.stdout.readline() or '{"missing": "it stopped with an error"}')
        if "missing" in state:
            return {"what": what, "goal": "≥ 5×", "missing": f"not measured: {state['missing']}"}
        fresh = Index(index.path)  # one that remembers no question
        _warm(fresh)
        ours: list[float] = []
        theirs: list[float] = []
        rankings: list[tuple[Question, list[str], list[str]]] = []
        for question in _mixed(asked):
            ms, found = _ms(lambda question=question: _search(fresh, question))
            ours.append(ms)
            process.stdin.write(json.dumps(question.query.text) + "\n")
            process.stdin.flush()
            reply = json.loads(process.stdout.readline())
            theirs.append(reply["ms"])
            rankings.append((question, found, [fresh.passage(name).doc_id for name in reply["ids"]]))
            if sum(theirs) > 1000 * seconds:
                break
        process.stdin.close()
    quality = []
    for name, questions in asked.items():
        of_set = {id(question) for question in questions}
        ranked = [entry for entry in rankings if id(entry[0]) in of_set]
        if ranked:
            mine, other = (data.ndcg([e[0] for e in ranked], [e[i] for e in ranked]) for i in (1, 2))
            quality.append(f"{name} {mine:.3f} against {other:.3f} ({len(ranked)} questions)")
    return {
        "what": what,
        "unit": "ms",
        "goal": "≥ 5×, nDCG@10 ≥ theirs",
        "values": ours,
        "reference": f"theirs, p95 {_p95(theirs):.0f} ms",
        "reference_values": theirs,
        "note": (
            f"nDCG@10 {'; '.join(quality)}. It took {state['build_s']:.0f} s to build, {state['resident_mb']:,.0f} MB "
            f"resident ({state['ready']})"
        ),
    }


def encodings(asked: Mapping[str, Sequence[Question]]) -> list[dict[str, Any]]:
    """nDCG@10 of the vectors alone: ours in int8 against sentence-transformers in float32, questions and passages."""
    import reference

    judged = data.judged_passages()
    texts = [encoder_text(passage) for passage in judged]
    model = reference.model()

    def float32(some: Sequence[str]) -> Vectors:
        vectors: Vectors = model.encode(
            list(some), batch_size=32, normalize_embeddings=True, show_progress_bar=False
        ).astype(np.float32)
        return vectors

    ours = data.passage_vectors(judged)
    theirs = data.kept_vectors("sentence-transformers float32", texts, float32)
    result = []
    for name, questions in asked.items():
        written = [question.query.text for question in questions]
        values = []
        for passages, queries in (
            (ours, data.kept_vectors(MiniLM().fingerprint() + "/queries", written, MiniLM().encode_queries)),
            (theirs, data.kept_vectors("sentence-transformers float32", written, float32)),
        ):
            best = np.argsort(-(np.asarray(queries) @ np.asarray(passages).T), axis=1, kind="stable")[:, :K]
            values.append(data.ndcg(questions, [[judged[row].doc_id for row in of_one] for of_one in best.tolist()]))
        result.append(
            {
                "what": f"encoding: nDCG@10 of the vectors alone, {name}",
                "unit": "",
                "digits": 4,
                "goal": "within 0.003",
                "values": values[:1],
                "reference": "float32",
                "reference_values": values[1:],
                "note": f"{len(questions)} questions, {len(judged):,} passages: {values[0] - values[1]:+.4f}",
            }
        )
    return result


def approximate(
    folder: Path, found: Sequence[Passage], vectors: Vectors, asked: Mapping[str, Sequence[Question]]
) -> list[dict[str, Any]]:
    """Every type of index of the dense retriever: time without encoding, recall@10 of exact search, nDCG@10."""
    encoder = data.known_vectors(found, vectors)
    queries = [question.query for questions in asked.values() for question in questions]
    timed = random.Random(SEED).sample(queries, N_TIMED)
    passage_ids = [passage.passage_id for passage in found]
    exact: list[set[int]] = []
    exact_ms: list[float] = []
    exact_quality: dict[str, float] = {}
    result = []
    for index_type in sorted(get_args(VectorIndexType), key=lambda name: name != "flat"):
        if index_type == "auto":
            continue
        path = folder / index_type
        path.mkdir()
        retriever = Dense(encoder, index=index_type)
        build_ms, _ = _ms(lambda retriever=retriever, path=path: retriever.build(found, path))
        opened = retriever.open(path, passage_ids)
        best = [ranking.rows.tolist() for ranking in opened.search(queries, K)]
        times = [_ms(lambda query=query, opened=opened: opened.search([query], K))[0] for query in timed]
        ranked = iter([[found[row].doc_id for row in rows] for rows in best])
        quality = {name: data.ndcg(some, [next(ranked) for _ in some]) for name, some in asked.items()}
        size = sum(file.stat().st_size for file in path.iterdir()) / 1e6
        row = {"what": f"dense, index {index_type}, one query already encoded", "unit": "ms", "values": times}
        built = f"built in {build_ms / 1000:.0f} s, {size:,.0f} MB"
        if index_type == "flat":
            exact, exact_ms, exact_quality = list(map(set, best)), times, quality
            figures = ", ".join(f"nDCG@10 {name} {value:.4f}" for name, value in quality.items())
            result.append(row | {"note": f"{len(found):,} passages, {built}; {figures}"})
            continue
        recall = statistics.mean(len(of.intersection(rows)) / len(of) for of, rows in zip(exact, best, strict=True))
        figures = ", ".join(f"{name} {value - exact_quality[name]:+.4f}" for name, value in quality.items())
        result.append(row | {"reference": "flat", "reference_values": exact_ms, "note": built})
        result.append(
            {
                "what": "  its recall@10 of flat",
                "unit": "",
                "digits": 4,
                "goal": "≥ 0.97, nDCG@10 within 0.003",
                "values": [recall],
                "note": f"of {len(queries):,} questions; nDCG@10 against flat: {figures}",
            }
        )
    return result


def _search(index: Index, question: Question) -> list[str]:
    """The documents found."""
    [evidence] = index.search([question.query], k=K)
    return [one.passage.doc_id for one in evidence]


def _peer_python() -> str:
    own = Path(sys.prefix) / "peers" / "bin" / "python"
    return str(own) if own.exists() else sys.executable


def _warm(index: Index) -> None:
    for text in ("warm up", "What causes a headache?", "Which drugs treat high blood pressure?"):
        index.search([text], k=K)


def _mixed(asked: Mapping[str, Sequence[Question]]) -> list[Question]:
    """The questions of every set, shuffled, taken from each set in turn for as long as it has some."""
    shuffled = [random.Random(SEED).sample(list(questions), len(questions)) for questions in asked.values()]
    return [question for question in chain.from_iterable(zip_longest(*shuffled)) if question is not None]


@contextmanager
def _clock(owner: type, method: str) -> Iterator[list[float]]:
    """Milliseconds of each call of a method, for as long as the context lasts."""
    spent: list[float] = []
    original = getattr(owner, method)

    def timed(*args: Any, **kwargs: Any) -> Any:
        ms, result = _ms(lambda: original(*args, **kwargs))
        spent.append(ms)
        return result

    with patch.object(owner, method, timed):
        yield spent


def _ms(call: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = call()
    return (time.perf_counter() - started) * 1000, result


def _p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=int, default=data.N_PASSAGES)
    parser.add_argument("--peers", nargs="*", choices=sorted(PEERS), default=list(PEERS))
    parser.add_argument("--peer-python", default=_peer_python())
    parser.add_argument("--seconds", type=float, default=120, help="given to each peer's answers (default 120)")
    given = parser.parse_args()
    for row in rows(given.passages, given.peers, given.peer_python, given.seconds):
        for key in ("values", "reference_values"):
            if len(row.get(key, [])) > 1:
                row[f"median of {key}"] = statistics.median(row.pop(key))
        print(json.dumps(row, ensure_ascii=False), flush=True)
