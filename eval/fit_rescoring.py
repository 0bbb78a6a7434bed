"""Fit the trees that look again at the best of the adaptive fusion (ragmed/fusion/_rescoring_trees.npz).

    RAGMED_MIRROR=… python eval/fit_rescoring.py --cache DIR [--write]

On the development sets of eval/fit_fusion.py, with the weights that it wrote. Prints nDCG@10 of the better part, of the
weighted sum, and with the trees: of each question when the trees were fitted without its fifth of every set, and of a
set when they were fitted without it and those of its kind. Needs scipy, lightgbm and what fit_fusion.py needs.
Some fifteen minutes, most of them fitting; the folder DIR keeps vectors, and what was seen, for the next time.
"""

from __future__ import annotations

import argparse
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fit_fusion
import lightgbm
import numpy as np
from numpy.typing import NDArray

from ragmed.fusion._adaptive_weights import WEIGHTS
from ragmed.fusion._features import features
from ragmed.fusion._rescoring import INPUTS, TOP, TREES, inputs
from ragmed.fusion._trees import Split, Trees
from ragmed.fusion.rrf import ReciprocalRankFusion
from ragmed.index.searcher import Searcher
from ragmed.types import Query

_N_QUESTIONS = 1500
"""Of a set, at most."""
_N_TREES = 300
_SETTINGS = {
    "objective": "lambdarank",
    "num_leaves": 12,
    "learning_rate": 0.05,
    "min_data_in_leaf": 200,
    "lambda_l2": 20.0,
    "feature_fraction": 0.4,
    "label_gain": [0, 1, 3, 7],
    "max_bin": 63,
    "lambdarank_truncation_level": 10,
    "num_threads": 1,
    "deterministic": True,
    "seed": 0,
    "verbose": -1,
}
_KINDS = ({"cases", "all_cases"}, {"questions", "titled", "reworded"})
"""Sets of one kind: none of them is fitted on where one is to be unseen."""
_FOLDS = 5


@dataclass(frozen=True)
class Seen:
    """A question's best passages: what the trees see of them, their grades, their fused scores.

    ``ideal``: the grades that a perfect ranking begins with; ``parts``: nDCG@10 of each retriever alone.
    """

    x: NDArray[np.float64]
    grades: NDArray[np.float64]
    scores: NDArray[np.float64]
    ideal: NDArray[np.float64]
    parts: Mapping[str, float]


def seen_of(of: fit_fusion.Set, view: Searcher, rows_of: Mapping[str, Sequence[int]]) -> list[Seen]:
    found_by = []
    for number in sorted(fit_fusion.chosen_of(range(len(of.questions)), _N_QUESTIONS)):
        query_id, text = of.questions[number]
        grade_of = {r: g for i, g in of.relevant[number].items() if g > 0 for r in rows_of.get(i, ())}
        if not grade_of:
            continue
        allowed = None
        if query_id in rows_of and query_id not in of.relevant[number]:
            allowed = np.ones(len(of.passages), dtype=np.bool_)
            allowed[rows_of[query_id]] = False
        query = Query(query_id, text)
        [found] = view.find([query], 100, ReciprocalRankFusion(), allowed=allowed)
        seen = features(query, "bm25", "dense", found.rankings, view)
        assert seen is not None
        scores = seen.of_passage @ (seen.of_query @ WEIGHTS)
        order = np.argsort(-scores, kind="stable")
        x = inputs(seen, scores, order, view)
        assert x is not None
        ideal = np.array(sorted(grade_of.values(), reverse=True)[:10], dtype=np.float64)
        parts = {
            name: _ndcg(np.array([grade_of.get(r, 0) for r in ranking.rows[:10].tolist()], dtype=np.float64), ideal)
            for name, ranking in found.rankings.items()
        }
        best = order[:TOP]
        grades = np.array([grade_of.get(r, 0) for r in seen.rows[best].tolist()], dtype=np.float64)
        found_by.append(Seen(x, grades, scores[best], ideal, parts))
    return found_by


def fitted(sets: Sequence[Sequence[Seen]]) -> Any:
    """A LightGBM model of questions with something to tell apart; each set counts the same."""
    usable = [(one, _N_QUESTIONS / len(of)) for of in sets for one in of if len(set(one.grades.tolist())) > 1]
    data = lightgbm.Dataset(
        np.vstack([one.x for one, _ in usable]),
        np.concatenate([np.minimum(one.grades, 3) for one, _ in usable]).astype(int),
        group=[len(one.grades) for one, _ in usable],
        weight=np.concatenate([np.full(len(one.grades), weight) for one, weight in usable]),
        init_score=np.concatenate([one.scores for one, _ in usable]),
    )
    return lightgbm.train(_SETTINGS, data, _N_TREES)


def ndcg(one: Seen, model: Any = None) -> float:
    scores = one.scores if model is None else one.scores + model.predict(one.x)
    return _ndcg(one.grades[np.argsort(-scores, kind="stable")[:10]], one.ideal)


def _ndcg(grades: NDArray[np.float64], ideal: NDArray[np.float64]) -> float:
    discounts = 1 / np.log2(np.arange(2, 12))
    return float((grades @ discounts[: len(grades)]) / (ideal @ discounts[: len(ideal)]))


def as_trees(model: Any) -> Trees:
    """The model's trees as arrays."""

    def branch(node: Mapping[str, Any]) -> Split | float:
        if "leaf_value" in node:
            return float(node["leaf_value"])
        assert node["decision_type"] == "<="
        left, right = branch(node["left_child"]), branch(node["right_child"])
        return Split(int(node["split_feature"]), float(node["threshold"]), left, right)

    return Trees.grown([branch(tree["tree_structure"]) for tree in model.dump_model()["tree_info"]])


def all_sets(cache: Path) -> dict[str, list[Seen]]:
    kept = cache / f"seen-{_N_QUESTIONS}.pkl"
    if kept.exists():
        known: dict[str, list[Seen]] = pickle.loads(kept.read_bytes())
        return known
    fit_fusion._judged = seen_of  # type: ignore[assignment]  # the sets are searched in the same way, other things kept
    sets: dict[str, list[Seen]] = {}
    for sources in (fit_fusion.abstracts(), fit_fusion.cases(), fit_fusion.consumer_questions(), fit_fusion.glossary()):
        for one in sources:
            sets[one.name] = fit_fusion.judged(one, cache)  # type: ignore[assignment]
            print(f"{one.name}: {len(one.passages):,} passages, {len(sets[one.name])} questions", flush=True)
    kept.write_bytes(pickle.dumps(sets))
    return sets


def measure(sets: Mapping[str, Sequence[Seen]]) -> None:
    """Print how the trees do on questions, and on kinds of question, that they were not fitted on."""
    chance = np.random.default_rng(0)
    fold_of = {name: chance.permutation(len(of)) % _FOLDS for name, of in sets.items()}
    held_out = {name: np.zeros(len(of)) for name, of in sets.items()}
    for fold in range(_FOLDS):
        model = fitted([[o for o, f in zip(of, fold_of[n], strict=True) if f != fold] for n, of in sets.items()])
        for name, of in sets.items():
            for i in np.flatnonzero(fold_of[name] == fold):
                held_out[name][i] = ndcg(of[i], model)
    print(f"{'set':18}{'better':>8}{'summed':>8}{'trees':>8}{'unseen':>8}")
    for name, of in sets.items():
        kind = next((kind for kind in _KINDS if name in kind), {name})
        unseen = fitted([other for other_name, other in sets.items() if other_name not in kind])
        better = max(float(np.mean([one.parts[part] for one in of])) for part in ("bm25", "dense"))
        row = (better, np.mean([ndcg(o) for o in of]), held_out[name].mean(), np.mean([ndcg(o, unseen) for o in of]))
        print(f"{name:18}" + "".join(f"{value:8.4f}" for value in row), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cache", type=Path, required=True, help="folder for vectors and for what was seen")
    parser.add_argument("--write", action="store_true", help="write the trees into ragmed")
    parser.add_argument("--only-write", action="store_true", help="the same, without measuring")
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    sets = all_sets(options.cache)
    if not options.only_write:
        measure(sets)
    if options.write or options.only_write:
        model = fitted(list(sets.values()))
        trees = as_trees(model)
        one = next(iter(sets.values()))[0]
        assert np.allclose(trees.predict(one.x), model.predict(one.x)), "the arrays are not the model"
        assert one.x.shape[1] == len(INPUTS)
        trees.write(TREES)


if __name__ == "__main__":
    main()
