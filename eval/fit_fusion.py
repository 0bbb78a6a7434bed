"""Fit the weights of the adaptive fusion (ragmed/fusion/_adaptive_weights.py) on development questions.

    RAGMED_MIRROR=… python eval/fit_fusion.py --cache DIR [--write]

Prints nDCG@10 of BM25, dense, RRF and the fusion for each set: fitted on all of them, and on all but that one. Needs
scipy, the corpora bioasq, pubmedqa, hpo, medquad and openstax_anatomy built, and the indexes medquad, hpo_omim and
hpo_diseases. Some ten minutes, half of it encoding, which the folder DIR keeps for the next time.

The sets ask differently and find different things, none of them from a test set:

- bioasq: expert questions → abstracts (BioASQ 7–9); pubmedqa: titles' questions → abstracts, development half
- cases: findings of a case report → OMIM disease profiles (phenopackets, development genes); all_cases: → all profiles
- answers: MedQuAD's questions → answers on the same topic; kqa: patients' questions → their answers among MedQuAD's
- questions: MedQuAD's questions → pairs that ask the same otherwise, not the pair itself; titled: with their titles;
  reworded: only those that name the disease otherwise, in the index medquad
- glossary: a textbook's definition, without the word → the passages that use it
- terms: definitions of HPO terms → names and synonyms
- rest_of_abstract, rest_of_answer: the first third of a text → the rest of it: long questions in prose
"""

from __future__ import annotations

import argparse
import hashlib
import random
import re
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from ragmed.analysis.sentences import sentence_spans
from ragmed.api import open_index
from ragmed.collection.store import BuiltCorpus
from ragmed.encoders.minilm import MiniLM
from ragmed.evaluation.run import benchmark_questions
from ragmed.fusion import _adaptive_weights
from ragmed.fusion._features import OF_PASSAGE, OF_QUERY, Features, features
from ragmed.fusion.rrf import ReciprocalRankFusion
from ragmed.home import home, mirror
from ragmed.index.open import Index
from ragmed.index.searcher import Searcher
from ragmed.protocols import Allowed, Progress, Ranking, Vectors, no_progress
from ragmed.recipe import read_evaluation_recipe
from ragmed.report import Report
from ragmed.retrievers.bm25 import BM25
from ragmed.retrievers.dense import Dense
from ragmed.types import Document, Passage, Query

_PENALTY = 3e-4
_N_FITTED, _N_MEASURED = 300, 700
"""Questions of a set that are fitted on, and that are measured, at most."""
_N_PASSAGES = 60
"""Best passages of a question that are fitted on."""
_ROUNDS, _AHEAD, _HASTE, _MOST = 10, 0.002, 60.0, 16.0
"""A set on which the fusion is not this far ahead of the better list counts more in the next round, up to a limit."""
_DISCOUNTS = 1 / np.log2(np.arange(2, 12))


@dataclass(frozen=True)
class Set:
    """Questions, and what should be found for them: passage or document id → grade. A question's own is never found."""

    name: str
    passages: Sequence[Passage]
    questions: Sequence[tuple[str, str]]
    relevant: Sequence[Mapping[str, int]]
    index: Index | None = None
    """An index to search, where the passages are to be those of one."""


@dataclass(frozen=True)
class Judged:
    """A question's features with the grade of each passage, and the grades that a perfect ranking begins with."""

    seen: Features
    grades: NDArray[np.float64]
    ideal: NDArray[np.float64]
    baselines: Mapping[str, NDArray[np.intp]]


@dataclass(frozen=True)
class CachedMiniLM:
    """MiniLM whose passage vectors are kept in a folder."""

    folder: Path
    model: MiniLM = field(default_factory=MiniLM)
    dim = 384
    max_tokens = 256

    def fingerprint(self) -> str:
        return self.model.fingerprint()

    def load(self) -> None:
        self.model.load()

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self.model.encode_queries(texts)

    def encode_passages(self, texts: Sequence[str], progress: Progress = no_progress) -> Vectors:
        key = hashlib.sha256("\0".join([self.fingerprint(), *texts]).encode()).hexdigest()[:24]
        path = self.folder / f"{key}.npy"
        if not path.exists():
            np.save(path, self.model.encode_passages(texts, progress))
        vectors: Vectors = np.load(path)
        return vectors

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [0] * len(texts)

    def count_truncated(self, texts: Sequence[str]) -> int:
        return 0


def passage(passage_id: str, text: str, title: str = "", question: str = "") -> Passage:
    return Passage(passage_id, passage_id, 0, len(text), text, title, "", "", "", question=question)


def corpus(name: str) -> Iterator[Document]:
    return iter(BuiltCorpus(home() / "corpora" / name / "built"))


def asked(recipe: str) -> list[Any]:
    return benchmark_questions(read_evaluation_recipe(recipe), Report(), mirror=mirror(), fetch=False)


def abstracts() -> Iterator[Set]:
    pubmedqa = {d.doc_id: passage(d.doc_id, d.text, d.title) for d in corpus("pubmedqa")}
    bioasq = {d.doc_id: passage(d.doc_id, d.text, re.sub(r"^PubMed \d+$", "", d.title)) for d in corpus("bioasq")}
    both = list({**pubmedqa, **bioasq}.values())
    for name, passages in (("bioasq", both), ("pubmedqa", list(pubmedqa.values()))):
        questions = asked("bioasq_dev" if name == "bioasq" else "pubmedqa")
        texts = [(q.query.query_id, q.query.text) for q in questions]
        yield Set(name, passages, texts, [q.relevant for q in questions])
    halves = {p.passage_id: divided(p.text, 0.4) for p in pubmedqa.values()}
    chosen = chosen_of([i for i, (first, rest) in halves.items() if first and rest], 500)
    rest = [replace(p, text=halves[p.passage_id][1], title="") if p.passage_id in chosen else p for p in both]
    yield Set("rest_of_abstract", rest, [(i, halves[i][0]) for i in chosen], [{i: 1} for i in chosen])


def cases() -> Iterator[Set]:
    questions = asked("phenopackets_dev")
    texts = [(q.query.query_id, q.query.text) for q in questions]
    for name, index in (("cases", open_index("hpo_omim")), ("all_cases", open_index("hpo_diseases"))):
        yield Set(name, list(index.passages), texts, [q.relevant for q in questions], index)
    terms, definitions = [], []
    for document in corpus("hpo"):
        if document.kind != "disease":
            first, *others = document.text.split("\n")
            also = " ".join(line.split("is also called:")[1].strip() for line in others if "is also called:" in line)
            terms.append(passage(document.doc_id, f"{document.title}. {also}"))
            definition = first.removeprefix(f"{document.title}:").strip()
            if definition != first and len(definition.split()) >= 8:
                definitions.append((document.doc_id, definition))
    yield Set("terms", terms, definitions, [{doc_id: 1} for doc_id, _ in definitions])


def consumer_questions() -> Iterator[Set]:
    by_focus: dict[str, list[Document]] = defaultdict(list)
    for document in corpus("medquad"):
        by_focus[document.meta.get("focus", "").lower()].append(document)
    several = [focus for focus in sorted(by_focus) if len({d.meta["site"] for d in by_focus[focus]}) > 1]
    focuses = [*chosen_of(several, len(several)), *chosen_of(sorted(by_focus.keys() - set(several)), len(by_focus))]
    pairs: list[Document] = []
    for focus in focuses:
        if len(pairs) < 7000:
            pairs += by_focus[focus]
    answers = [passage(d.doc_id, d.text) for d in pairs]

    def alike(document: Document) -> list[Document]:
        return by_focus[document.meta.get("focus", "").lower()]

    first_of = {d.question: d for d in reversed(pairs)}
    some = chosen_of(list(first_of.values()), 1000)
    same_topic = [
        {o.doc_id: 3 if o.meta.get("question_type") == d.meta.get("question_type") else 1 for o in alike(d)}
        for d in some
    ]
    yield Set("answers", answers, [(f"?{d.doc_id}", d.question) for d in some], same_topic)
    questions = [q for q in asked("medlfqa_kqa") if q.reference]
    long_answers = [passage(q.query.query_id, q.reference) for q in questions]
    own = [{q.query.query_id: 1} for q in questions]
    yield Set("kqa", answers + long_answers, [(f"?{q.query.query_id}", q.query.text) for q in questions], own)
    others = {
        d.doc_id: {
            o.doc_id: 1
            for o in alike(d)
            if o.meta.get("question_type") == d.meta.get("question_type") and o.question != d.question
        }
        for d in pairs
    }
    with_others = [d for d in pairs if others[d.doc_id]]
    asking = [(d.doc_id, d.question) for d in with_others]
    same = [others[d.doc_id] for d in with_others]
    yield Set("questions", [passage(d.doc_id, d.text, question=d.question) for d in pairs], asking, same)
    yield Set("titled", [passage(d.doc_id, d.text, d.title, d.question) for d in pairs], asking, same)
    reworded = asked("medquad_questions")
    medquad = open_index("medquad")
    own_id = [(q.meta["exclude"], q.query.text) for q in reworded]
    yield Set("reworded", list(medquad.passages), own_id, [q.relevant for q in reworded], medquad)
    halves = {d.doc_id: divided(d.text, 0.3) for d in pairs}
    chosen = chosen_of([i for i, (first, rest) in halves.items() if first and rest], 400)
    rest = [replace(p, text=halves[p.passage_id][1]) if p.passage_id in chosen else p for p in answers]
    texts = [(f"?{i}", " ".join(halves[i][0].split()[:120])) for i in chosen]
    yield Set("rest_of_answer", rest, texts, [{i: 1} for i in chosen])


def glossary() -> Iterator[Set]:
    passages, found, relevant = [], [], []
    for document in corpus("openstax_anatomy"):
        own, defined = [], ""
        ends = [section.start for section in document.sections[1:]] + [len(document.text)]
        for section, end in zip(document.sections, ends, strict=True):
            text = document.text[section.start : end]
            if section.title.startswith("Glossary"):
                defined = text
            elif not section.title.startswith("Chapter Review"):
                words = text.split()
                pieces = [" ".join(words[i : i + 150]) for i in range(0, len(words), 150)]
                own += [(f"{document.doc_id}#{section.start}-{i}", p) for i, p in enumerate(pieces) if len(p) > 100]
        passages += [passage(passage_id, text, document.title) for passage_id, text in own]
        for word, definition in re.findall(r"^- ([^:\n]+): (.+)$", defined, re.MULTILINE):
            word = re.sub(r"\(.*?\)", "", word).strip().lower()
            using = {passage_id: 1 for passage_id, text in own if word in text.lower()}
            if len(definition.split()) >= 6 and 1 <= len(using) <= 6:
                found.append((f"{document.doc_id}:{word}", definition))
                relevant.append(using)
    yield Set("glossary", passages, found, relevant)


def divided(text: str, share: float) -> tuple[str, str]:
    """The first sentences of a text, and the others; empty where there are fewer than five."""
    sentences = [text[start:end].strip() for start, end in sentence_spans(text)]
    n = max(1, int(len(sentences) * share))
    return (" ".join(sentences[:n]), " ".join(sentences[n:])) if len(sentences) >= 5 else ("", "")


def chosen_of(items: Sequence[Any], n: int) -> list[Any]:
    return random.Random(0).sample(list(items), min(n, len(items)))


def judged(of: Set, cache: Path) -> list[Judged]:
    """The set's questions, as the retrievers and the fusion's features see them."""
    ids = [p.passage_id for p in of.passages]
    rows_of: dict[str, list[int]] = defaultdict(list)
    for row, one in enumerate(of.passages):
        rows_of[one.doc_id].append(row)
    with tempfile.TemporaryDirectory() as folder:
        if of.index is not None:
            return [seen for seen in _judged(of, of.index.searcher, rows_of) if seen is not None]
        retrievers = {"bm25": BM25(), "dense": Dense(CachedMiniLM(cache), index="flat")}
        opened = {}
        for name, retriever in retrievers.items():
            path = Path(folder) / name
            path.mkdir()
            retriever.build(of.passages, path)
            opened[name] = retriever.open(path, ids)
        view = Searcher(of.name, opened, ids)
        return [seen for seen in _judged(of, view, rows_of) if seen is not None]


def _judged(of: Set, view: Searcher, rows_of: Mapping[str, Sequence[int]]) -> Iterator[Judged | None]:
    for number in sorted(chosen_of(range(len(of.questions)), _N_MEASURED)):
        query_id, text = of.questions[number]
        relevant = of.relevant[number]
        grade_of = {row: grade for i, grade in relevant.items() if grade > 0 for row in rows_of.get(i, ())}
        if not grade_of:
            continue
        allowed: Allowed | None = None
        if query_id in rows_of and query_id not in relevant:
            allowed = np.ones(len(of.passages), dtype=np.bool_)
            allowed[rows_of[query_id]] = False
        query = Query(query_id, text)
        [found] = view.find([query], 100, ReciprocalRankFusion(), allowed=allowed)
        seen = features(query, "bm25", "dense", found.rankings, view)
        assert seen is not None
        lists: dict[str, Ranking] = {**found.rankings, "rrf": found.ranking}
        yield Judged(
            seen,
            np.array([grade_of.get(row, 0) for row in seen.rows.tolist()], dtype=np.float64),
            np.array(sorted(grade_of.values(), reverse=True)[:10], dtype=np.float64),
            {name: np.searchsorted(seen.rows, ranking.rows[:10]) for name, ranking in lists.items()},
        )


def ndcg(one: Judged, best: NDArray[np.intp]) -> float:
    grades = one.grades[best[:10]]
    return float((grades @ _DISCOUNTS[: len(grades)]) / (one.ideal @ _DISCOUNTS[: len(one.ideal)]))


def mean_ndcg(questions: Sequence[Judged], best_of: Callable[[Judged], NDArray[np.intp]]) -> float:
    return float(np.mean([ndcg(one, best_of(one)) for one in questions]))


def fused(weights: NDArray[np.float64]) -> Callable[[Judged], NDArray[np.intp]]:
    return lambda one: np.argsort(-(one.seen.of_passage @ (one.seen.of_query @ weights)), kind="stable")


def tensors(questions: Sequence[Judged]) -> tuple[NDArray[Any], ...]:
    """Questions of a set with their best passages: (q, n, 8), (q, 23), the wished-for shares (q, n), a mask (q, n)."""
    usable = [one for one in questions if one.grades.any()]
    usable = [usable[i] for i in sorted(chosen_of(range(len(usable)), _N_FITTED))]
    n = _N_PASSAGES
    x, mask = np.zeros((len(usable), n, len(OF_PASSAGE))), np.zeros((len(usable), n), dtype=bool)
    wished = np.zeros((len(usable), n))
    z = np.stack([one.seen.of_query for one in usable])
    for i, one in enumerate(usable):
        p = one.seen.of_passage
        quick = p[:, 1] + p[:, 6]
        kept = np.argsort(-quick, kind="stable")[: n - 10]
        kept = np.concatenate([kept, np.setdiff1d(np.flatnonzero(one.grades), kept)[:10]])
        x[i, : len(kept)], mask[i, : len(kept)] = p[kept], True
        wished[i, : len(kept)] = 2 ** one.grades[kept] - 1
    return x, z, wished / wished.sum(axis=1, keepdims=True), mask


def fit(sets: Sequence[tuple[NDArray[Any], ...]], importance: Sequence[float]) -> NDArray[np.float64]:
    """The weights (23, 8) that give relevant passages the highest share of a softmax over each question's passages.

    ``importance`` says how much each set counts.
    """
    shares = [each / sum(importance) for each in importance]
    shape = (len(OF_QUERY), len(OF_PASSAGE))
    penalty = np.full((shape[0], 1), _PENALTY)
    penalty[0] *= 0.1
    start = np.zeros(shape)
    start[0, [0, 1, 5, 6]] = 4.0

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(shape)
        total, gradient = float((penalty * weights**2).sum()), 2 * penalty * weights
        for (x, z, wished, mask), counts in zip(sets, shares, strict=True):
            scores = np.where(mask, np.einsum("qnp,qp->qn", x, z @ weights), -np.inf)
            highest = scores.max(axis=1, keepdims=True)
            share = np.exp(scores - highest)
            sums = share.sum(axis=1, keepdims=True)
            logs = np.where(mask, scores - highest - np.log(sums), 0.0)
            total -= counts * float((wished * logs).sum()) / len(x)
            pull = np.einsum("qn,qnp->qp", share / sums - wished, x)
            gradient = gradient + counts * (z.T @ pull) / len(x)
        return total, gradient.ravel()

    found = minimize(loss, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 400})
    weights: NDArray[np.float64] = found.x.reshape(shape)
    return weights


def write(weights: NDArray[np.float64], sets: Mapping[str, Sequence[Judged]]) -> None:
    means = np.mean([np.mean([one.seen.of_query for one in of], axis=0) for of in sets.values()], axis=0)
    rows = ",\n        ".join("[" + ", ".join(f"{value:.4f}" for value in row) + "]" for row in weights)
    usual = ",\n    ".join(f'"{name}": {mean:.4f}' for name, mean in zip(OF_QUERY, means, strict=True))
    Path(_adaptive_weights.__file__).write_text(
        '"""The weights of the adaptive fusion, written by eval/fit_fusion.py: do not edit.\n\n'
        "``WEIGHTS``: a row for each feature of a query, a column for each of a passage (`ragmed.fusion._features`).\n"
        '``MEANS``: the features of an average development question, the sets counting the same.\n"""\n\n'
        "from __future__ import annotations\n\nimport numpy as np\n\n"
        f"WEIGHTS = np.array(\n    [\n        {rows},\n    ]\n)\nMEANS = {{\n    {usual},\n}}\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cache", type=Path, required=True, help="folder for the vectors of the passages")
    parser.add_argument("--write", action="store_true", help="write the weights into ragmed")
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    sets: dict[str, list[Judged]] = {}
    for sources in (abstracts(), cases(), consumer_questions(), glossary()):
        for one in sources:
            sets[one.name] = judged(one, options.cache)
            print(f"{one.name}: {len(one.passages):,} passages, {len(sets[one.name])} questions", flush=True)
    ready = {name: tensors(questions) for name, questions in sets.items()}
    parts = {
        name: max(mean_ndcg(of, lambda one, which=which: one.baselines[which]) for which in ("bm25", "dense"))  # type: ignore[misc]
        for name, of in sets.items()
    }
    importance = dict.fromkeys(sets, 1.0)
    for _ in range(_ROUNDS):
        weights = np.round(fit(list(ready.values()), list(importance.values())), 4)
        for name, of in sets.items():
            behind = parts[name] + _AHEAD - mean_ndcg(of, fused(weights))
            importance[name] = min(_MOST, importance[name] * float(np.exp(_HASTE * max(0.0, behind))))
    print("importance: " + ", ".join(f"{name} {value:.2f}" for name, value in importance.items()))
    print(f"{'set':18}{'bm25':>8}{'dense':>8}{'rrf':>8}{'fitted':>8}{'unseen':>8}")
    table = []
    for name, questions in sets.items():
        others = [other for other in sets if other != name]
        unseen = fit([ready[other] for other in others], [importance[other] for other in others])
        row = [
            mean_ndcg(questions, lambda one, which=which: one.baselines[which]) for which in ("bm25", "dense", "rrf")
        ]  # type: ignore[misc]
        row += [mean_ndcg(questions, fused(weights)), mean_ndcg(questions, fused(unseen))]
        table.append(row)
        print(f"{name:18}" + "".join(f"{value:8.4f}" for value in row), flush=True)
    print(f"{'mean':18}" + "".join(f"{value:8.4f}" for value in np.mean(table, axis=0)))
    if options.write:
        write(weights, sets)


if __name__ == "__main__":
    main()
