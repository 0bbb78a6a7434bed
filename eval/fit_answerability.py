"""Fit the decision to answer or abstain (`ragmed.answers.answerability`) on the development questions.

    python eval/fit_answerability.py            # needs the indexes default, pubmedqa and medquad

Logistic regression with a small L2 penalty, by Newton's method. Each set of questions weighs the same, and so
do its answerable and unanswerable halves. Prints the weights to copy into the module and, by ten-fold
cross-validation, how often answerable questions are answered and the others declined. Test questions
(``*_test.jsonl``) are not read here; ``tests/quality/test_figures.py`` measures on them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragmed import catalog
from ragmed.answers.answerability import terms_of
from ragmed.api import open_index
from ragmed.types import Prompt, Query

QUESTIONS = Path(__file__).parents[1] / "tests" / "questions"
PENALTY = 0.2
SEED = 0


def main(sets: list[str]) -> None:
    """Fit on ``<set>_dev.jsonl`` for each named set."""
    names, features, answerable, weights, of_set = collect(sets)
    fitted = fit(features, answerable, weights)
    print("weights:", dict(zip(["intercept", *names], fitted.round(2).tolist(), strict=True)))
    predicted = np.zeros(len(features))
    order = np.random.default_rng(SEED).permutation(len(features))
    for fold in range(10):
        test = order[fold::10]
        train = np.setdiff1d(order, test)
        predicted[test] = probability(features[test], fit(features[train], answerable[train], weights[train]))
    for i, name in enumerate(sets):
        yes, no = (of_set == i) & (answerable == 1), (of_set == i) & (answerable == 0)
        print(
            f"{name}: answered {np.mean(predicted[yes] > 0.5):.3f} of {yes.sum()} answerable, "
            f"declined {np.mean(predicted[no] <= 0.5):.3f} of {no.sum()} unanswerable (cross-validated)"
        )


def collect(sets: list[str]) -> tuple[list[str], Any, Any, Any, Any]:
    """Names, features, labels, weights and set number of every development question."""
    features, answerable, of_set = [], [], []
    for i, name in enumerate(sets):
        lines = (QUESTIONS / f"{name}_dev.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        index = open_index(rows[0]["index"])
        generator = catalog.make("generators", index.recipe.generator, name, term_statistics=index.term_statistics)
        for row, evidence in zip(rows, index.search([row["text"] for row in rows], k=30), strict=True):
            terms = terms_of(generator.features(Prompt(Query("q", row["text"]), evidence)))
            features.append(list(terms.values()))
            answerable.append(float(row["answerable"]))
            of_set.append(i)
    groups = np.array(of_set) * 2 + np.array(answerable, dtype=int)
    sizes = np.bincount(groups)
    weights = len(groups) / (len(sizes) * sizes[groups])
    return list(terms), np.array(features), np.array(answerable), weights, np.array(of_set)


def fit(features: NDArray[Any], answerable: NDArray[Any], weights: NDArray[Any]) -> NDArray[Any]:
    """Intercept and weights of the penalised maximum of the likelihood."""
    design = np.c_[np.ones(len(features)), features]
    penalty = PENALTY * np.diag([0.0, *np.ones(features.shape[1])])
    fitted = np.zeros(design.shape[1])
    for _ in range(100):
        p = probability(features, fitted)
        gradient = design.T @ (weights * (p - answerable)) + penalty @ fitted
        hessian = (design.T * (weights * p * (1 - p))) @ design + penalty
        fitted -= np.linalg.solve(hessian, gradient)
    return fitted


def probability(features: NDArray[Any], fitted: NDArray[Any]) -> NDArray[Any]:
    """The model's probability for each row."""
    p: NDArray[Any] = 1 / (1 + np.exp(-(fitted[0] + features @ fitted[1:])))
    return p


if __name__ == "__main__":
    main(sys.argv[1:] or ["default", "primer", "pubmedqa", "medquad"])
