"""Fit the weights that `ragmed.graph.diagnosis` ranks diseases with, on case reports of development genes.

    RAGMED_MIRROR=… .venv/bin/python eval/fit_diagnosis.py            # cross-validated figures
    RAGMED_MIRROR=… .venv/bin/python eval/fit_diagnosis.py --write    # and the weights, fitted on all cases

A conditional logit (McFadden 1974; listwise softmax loss): the diagnosed disease among the 150 likeliest under the
weights so far, all cases as told and again with each finding replaced by a parent with probability one half. A case
counts by its disease's number of cases to the power of -0.7, so that no disease rules. L2-regularised, L-BFGS of scipy
where it is installed (`pip install scipy`). Cross-validation leaves out whole diseases, five-fold.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from ragmed import sources
from ragmed.benchmarks.phenopackets import Phenopackets
from ragmed.graph import diagnosis
from ragmed.graph.diagnosis import FEATURES, Ranker
from ragmed.graph.findings import open_profiles, without_publications
from ragmed.graph.store import Graph
from ragmed.home import mirror
from ragmed.index.graphs import open_graph
from ragmed.recipe import read_evaluation_recipe

N_CANDIDATES = 150
L2 = 1e-3
FIRST = dict.fromkeys(FEATURES, 0.0) | {"specific": 1.0, "stated": 1.0, "patients": 0.5, "unexplained": -0.1}
"""Weights by which candidates are chosen before there are any: hardly tuned."""

SIGNS = {
    "excluded_usual": (0.3, None),
    "excluded_seldom": (0.0, None),
    "excluded_denied": (0.0, None),
    "unexplained": (None, 0.0),
}
"""What clinical sense demands of a weight (least, most), whatever the cases say: a usual finding that the patient has
not speaks against a disease. (In case reports it seems to speak for it: what is looked for and not found is written
down where the disease is known, and the annotations were made from the same reports.)"""
N_FOLDS, N_ROUNDS = 5, 2
VARIANTS = ("as told", "imprecise", "publication left out")
TRAINED_ON = VARIANTS[:2]

Example = tuple[int, NDArray[np.float32], int]
"""The place of the right disease among the candidates, their features, the case's disease."""


class Case(NamedTuple):
    """A case report: what was observed, and what was diagnosed."""

    name: str
    disease: int
    observed: list[int]
    excluded: list[int]
    pmid: str


def cases(graph: Graph) -> list[Case]:
    """The cases whose disease the graph has, findings as rows of its nodes."""
    recipe = read_evaluation_recipe("phenopackets_omim")
    paths = sources.locate(recipe.files, mirror())
    found = []
    for question in Phenopackets(paths).questions():
        disease = next((node for one in question.relevant if (node := graph.find(one))), None)
        if disease is not None:
            observed, excluded = (
                list(dict.fromkeys(n.row for one in question.meta.get(key, "").split("; ") if (n := graph.find(one))))
                for key in ("observed", "excluded")
            )
            name, pmid = question.query.query_id, question.meta.get("pmid", "")
            found.append(Case(name, disease.row, observed, excluded, pmid))
    return found


def imprecise(graph: Graph, observed: list[int], dice: random.Random) -> list[int]:
    """Each finding replaced by one of its parents with probability one half."""
    blurred = []
    for row in observed:
        parents = graph.parents(row)
        blurred.append(dice.choice(parents) if parents and dice.random() < 0.5 else row)
    return list(dict.fromkeys(blurred))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    graph = open_graph()
    profiles = open_profiles(graph)
    known = profiles.disease[profiles.n_findings > 0].tolist()
    told = [case for case in cases(graph) if case.disease in known]
    diseases = np.array([case.disease for case in told])
    order = np.random.default_rng(0).permutation(np.unique(diseases)).tolist()
    fold = {disease: i % N_FOLDS for i, disease in enumerate(order)}
    seen = {name: [view(graph, case, name, random.Random(case.name)) for case in told] for name in VARIANTS}
    weights = [np.array([FIRST[name] for name in FEATURES])] * (N_FOLDS + 1)
    ranker = Ranker(graph, profiles, FIRST)
    for _ in range(N_ROUNDS):
        examples: list[list[Example]] = [[] for _ in weights]
        for name in TRAINED_ON:
            for case, (observed, excluded) in zip(told, seen[name], strict=True):
                features = ranker.features(observed, excluded)
                place = profiles.place(case.disease)
                for i in range(N_FOLDS + 1):  # the last holds every case
                    if fold[case.disease] != i:
                        best = np.argsort(-(features @ weights[i]), kind="stable")[:N_CANDIDATES]
                        right = np.flatnonzero(best == place)
                        if len(right):
                            examples[i].append((int(right[0]), features[best].astype(np.float32), case.disease))
        weights = [fit(some) for some in examples]
    for name in VARIANTS:
        ranks = []
        for case, (observed, excluded) in zip(told, seen[name], strict=True):
            features = left_out(ranker, case) if name == "publication left out" else ranker.features(observed, excluded)
            scores = features @ weights[fold[case.disease]]
            place = profiles.place(case.disease)
            ranks.append(int((scores > scores[place]).sum()))
        report(name, np.array(ranks), diseases)
    for name, weight in zip(FEATURES, weights[-1], strict=True):
        print(f"{name:30} {weight:9.4f}")
    if arguments.write:
        content = {"weights": {name: round(float(w), 4) for name, w in zip(FEATURES, weights[-1], strict=True)}}
        Path(diagnosis.__file__).with_name("_diagnosis_weights.json").write_text(json.dumps(content, indent=1) + "\n")


def view(graph: Graph, case: Case, variant: str, dice: random.Random) -> tuple[list[int], list[int]]:
    """The findings observed and excluded, as a variant shows them."""
    observed = imprecise(graph, case.observed, dice) if variant == "imprecise" else case.observed
    return observed, [row for row in case.excluded if row not in observed]


def left_out(ranker: Ranker, case: Case) -> NDArray[np.float64]:
    """The features with every annotation left out that rests on the case's own publication."""
    features = ranker.features(case.observed, case.excluded)
    left = _without(ranker, case.pmid)
    places = np.searchsorted(ranker.profiles.disease, left.profiles.disease)
    features[places] = left.features(case.observed, case.excluded)
    return features


@lru_cache(64)
def _without(ranker: Ranker, pmid: str) -> Ranker:
    """Of the diseases that a publication says something of: cases of one publication follow one another."""
    left = without_publications(ranker.graph, ranker.profiles, [f"PMID:{pmid}"])
    return Ranker(ranker.graph, left, FIRST)


def report(name: str, ranks: NDArray[np.int64], diseases: NDArray[np.int64]) -> None:
    """Print how many are first, and in ten: of all, of at most five of a disease, of diseases on average."""
    number = Counter[int]()
    five = np.zeros(len(ranks), dtype=bool)
    for n, disease in enumerate(diseases.tolist()):
        number[disease] += 1
        five[n] = number[disease] <= 5
    mean = np.mean([np.mean(ranks[diseases == disease] == 0) for disease in number])
    print(
        f"{name}: first {np.mean(ranks == 0):.3f}, in ten {np.mean(ranks < 10):.3f} of {len(ranks):,} cases; "
        f"at most five of a disease: {np.mean(ranks[five] == 0):.3f}, {np.mean(ranks[five] < 10):.3f} "
        f"of {five.sum()}; mean of {len(number)} diseases {mean:.3f}"
    )


def fit(examples: list[Example]) -> NDArray[np.float64]:
    """The weights, for features as they are (they are put on one scale while fitting)."""
    number = Counter(disease for _, _, disease in examples)
    every = np.concatenate([features for _, features, _ in examples])
    spread = every.std(axis=0) + 1e-9
    scaled = every / spread
    sizes = [len(features) for _, features, _ in examples]
    start = np.concatenate([[0], np.cumsum(sizes)])
    right = start[:-1] + np.array([place for place, _, _ in examples])
    of = np.repeat(np.arange(len(examples)), sizes)
    importance = np.array([number[disease] ** -0.7 for _, _, disease in examples])
    importance /= importance.sum()

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = scaled @ weights
        highest = np.maximum.reduceat(scores, start[:-1])
        exponent = np.exp(scores - highest[of])
        sums = np.add.reduceat(exponent, start[:-1])
        value = -(importance * (scores[right] - highest - np.log(sums))).sum() + L2 * weights @ weights
        slope = scaled.T @ (exponent / sums[of] * importance[of]) - scaled[right].T @ importance + 2 * L2 * weights
        return float(value), slope

    bounds = [
        tuple(None if bound is None else bound * scale for bound in SIGNS.get(name, (None, None)))
        for name, scale in zip(FEATURES, spread, strict=True)
    ]
    result = minimize(
        loss, np.zeros(len(FEATURES)), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500}
    )
    return np.asarray(result.x / spread)


if __name__ == "__main__":
    main()
