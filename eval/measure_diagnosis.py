"""How often the diagnosed disease comes first, and among the first ten, on the phenopacket store's development cases.

    RAGMED_MIRROR=… .venv/bin/python eval/measure_diagnosis.py                 # every view, printed
    RAGMED_MIRROR=… .venv/bin/python eval/measure_diagnosis.py --write         # and written into docs/graph.md

Views of a case: its findings as HPO terms, present and absent; told in plain English, each by any of its names; each
replaced by one of its parents with probability one half; and as terms, with every annotation left out that rests on the
case's own publication. The shipped weights were fitted on these cases: eval/fit_diagnosis.py prints what they reach on
diseases left out of the fit. Beside them BM25 over the names of each disease's findings. Shares with Wilson's 95 %
interval.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from fit_diagnosis import Case, cases, imprecise
from numpy.typing import NDArray

from ragmed.analysis.terms import terms
from ragmed.analysis.wording import listed
from ragmed.diagnosing import Diagnoser
from ragmed.evaluation.pages import write_between
from ragmed.evaluation.statistics import wilson
from ragmed.graph.diagnosis import Ranker
from ragmed.graph.findings import without_publications
from ragmed.graph.store import Graph

PAGE = Path(__file__).parents[1] / "docs" / "graph.md"
_FEW = 5
_OPENINGS = ("The patient has", "On examination there is", "Findings include", "Also noted:")
_KINDS_TOLD = ("preferred", "synonym", "lay")

View = Callable[[Case], NDArray[np.float64]]
"""The score of every disease for a case."""


class Views:
    """The ways in which a case is shown, and ranked."""

    def __init__(self) -> None:
        self.diagnoser = Diagnoser()
        self.graph: Graph = self.diagnoser.graph
        self.profiles = self.diagnoser.profiles
        self.ranker = self.diagnoser.ranker
        n = len(self.profiles)
        self.words = Words([terms(" ".join(map(self.graph.name, self.profiles.profile(place)))) for place in range(n)])

    def terms(self, case: Case) -> NDArray[np.float64]:
        return self.ranker.scores(case.observed, [row for row in case.excluded if row not in case.observed])

    def english(self, case: Case) -> NDArray[np.float64]:
        read = self.diagnoser.reader.read([told(self.graph, case)])
        return self.ranker.scores([one.node for one in read.observed], [one.node for one in read.excluded])

    def blurred(self, case: Case) -> NDArray[np.float64]:
        observed = imprecise(self.graph, case.observed, random.Random(case.name))
        return self.ranker.scores(observed, [row for row in case.excluded if row not in observed])

    def left_out(self, case: Case) -> NDArray[np.float64]:
        scores = self.terms(case)
        left = without_publications(self.graph, self.profiles, [f"PMID:{case.pmid}"])
        own = Ranker(self.graph, left).scores(case.observed, [r for r in case.excluded if r not in case.observed])
        scores[np.searchsorted(self.profiles.disease, left.disease)] = own
        return scores

    def bm25(self, case: Case) -> NDArray[np.float64]:
        return self._by_words(case.observed)

    def bm25_blurred(self, case: Case) -> NDArray[np.float64]:
        return self._by_words(imprecise(self.graph, case.observed, random.Random(case.name)))

    def _by_words(self, observed: list[int]) -> NDArray[np.float64]:
        return self.words.scores(terms(" ".join(map(self.graph.name, observed))))


class Words:
    """BM25 as rank_bm25 and Lucene compute it, k1 0.9 and b 0.4, over stemmed words: the baseline of the field."""

    def __init__(self, texts: list[list[str]]) -> None:
        lengths = np.array([len(text) for text in texts], dtype=np.float64)
        self._norm = 0.9 * (1 - 0.4 + 0.4 * lengths / lengths[lengths > 0].mean())
        counts: dict[str, Counter[int]] = {}
        for place, text in enumerate(texts):
            for term in text:
                counts.setdefault(term, Counter())[place] += 1
        self._postings = {
            term: (np.fromiter(found, np.int64, len(found)), np.fromiter(found.values(), np.float64, len(found)))
            for term, found in counts.items()
        }

    def scores(self, query: list[str]) -> NDArray[np.float64]:
        n = len(self._norm)
        scores = np.zeros(n)
        for term in query:
            if term in self._postings:
                places, counts = self._postings[term]
                idf = np.log(1 + (n - len(places) + 0.5) / (len(places) + 0.5))
                scores[places] += idf * counts * 1.9 / (counts + self._norm[places])
        return scores


def told(graph: Graph, case: Case) -> str:
    """A case in plain English: each finding by any of its names, what is absent after "There is no"."""
    dice = random.Random(case.name)

    def name(row: int) -> str:
        first, end = int(graph.first_name[row]), int(graph.first_name[row + 1])
        node = graph.node(row)
        names = [node.name, *(one.text for one in node.names if one.kind in _KINDS_TOLD)][: end - first]
        chosen = dice.choice(names)
        return chosen if chosen[:2].isupper() else chosen[:1].lower() + chosen[1:]

    sentences = []
    observed = list(case.observed)
    while observed:
        some, observed = observed[:4], observed[4:]
        sentences.append(f"{_OPENINGS[len(sentences) % len(_OPENINGS)]} {listed(list(map(name, some)))}.")
    for row in case.excluded:
        if row not in case.observed:
            sentences.append(f"There is no {name(row)}.")
    return " ".join(sentences)


def ranks(views: Views, view: View, shown: list[Case]) -> NDArray[np.float64]:
    """How many diseases come before the right one, half of those with its score counted."""
    found = []
    for case in shown:
        scores = view(case)
        right = scores[views.profiles.place(case.disease)]
        found.append(float((scores > right).sum() + ((scores == right).sum() - 1) / 2))
    return np.array(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--limit", type=int, help="only so many cases, drawn at random: for a trial")
    arguments = parser.parse_args()
    views = Views()
    known = {int(row) for row, n in zip(views.profiles.disease, views.profiles.n_findings, strict=True) if n}
    shown = [case for case in cases(views.graph) if case.disease in known]
    if arguments.limit:
        shown = sorted(random.Random(0).sample(shown, arguments.limit), key=lambda case: case.name)
    of_disease: Counter[int] = Counter()
    few = np.zeros(len(shown), dtype=bool)
    for i, case in enumerate(shown):
        of_disease[case.disease] += 1
        few[i] = of_disease[case.disease] <= _FEW
    named: Mapping[str, View] = {
        "HP terms, the case's publication left out": views.left_out,
        "HP terms": views.terms,
        "plain English": views.english,
        "half of the findings as their parents": views.blurred,
        "BM25 on the terms' names": views.bm25,
        "BM25, half of the findings as their parents": views.bm25_blurred,
    }
    lines = [
        f"| {len(shown):,} cases as | first | first ten | first, at most {_FEW} a disease ({few.sum()}) | first ten |",
        "|---|---|---|---|---|",
    ]
    for name, view in named.items():
        began = time.perf_counter()
        found = ranks(views, view, shown)
        cells = []
        for some in (found, found[few]):
            for top in (some < 0.5, some < 9.5):
                interval = wilson(int(top.sum()), len(top))
                cells.append(f"{top.mean():.3f} [{interval.low:.3f}, {interval.high:.3f}]")
        lines.append(f"| {name} | {' | '.join(cells)} |")
        print(lines[-1], f"{1000 * (time.perf_counter() - began) / len(shown):.1f} ms a case", flush=True)
    if arguments.write:
        write_between(PAGE, "diagnosis table", "\n".join(lines))


if __name__ == "__main__":
    main()
