"""Two and more systems compared on the questions that they share, measure by measure.

Each pair is tested by paired randomisation: under the null hypothesis, which of two figures belongs to which
system is a coin's toss for each question. The mean difference carries a 95 % interval by the paired bootstrap. Where
both results mean over groups, so does the comparison.
p-values are corrected by Holm's method over everything that is printed, pairs times measures: who wants to test one
measure names it beforehand.

Source: Smucker, Allan and Carterette 2007, "A Comparison of Statistical Significance Tests for Information
Retrieval Evaluation" (CIKM); Holm 1979 (Scandinavian Journal of Statistics 6).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import inf, isfinite
from pathlib import Path
from typing import Any

from ragmed.errors import RagmedError, UnknownName
from ragmed.evaluation.harm import Harm, harm
from ragmed.evaluation.results import QuestionRow, Results, SystemResults, read_results
from ragmed.evaluation.statistics import (
    N_PERMUTATIONS,
    N_RESAMPLES,
    SEED,
    effect_size,
    holm,
    mean,
    paired_bootstrap,
    paired_randomisation,
)
from ragmed.home import home

_TIE = 1e-12
"""Figures closer than this are equal: they differ by rounding."""


class NotComparable(RagmedError):
    """Systems that share no question, or no measure."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A system that takes part, under a label that no other has."""

    label: str
    benchmark: str
    system: SystemResults


@dataclass(frozen=True, slots=True)
class PairedTest:
    """``second`` less ``first`` in one measure, over the ``n`` questions to which it applies in both.

    ``p_holm`` is corrected for all tests of the comparison. Wins are those of ``second``. ``n_only_first`` and
    ``n_only_second`` count questions that only one has a figure for. ``macro``: means are over groups.
    ``effect_size`` is the mean difference over its standard deviation, None where that is 0 or unknown.
    """

    measure: str
    first: str
    second: str
    n: int
    n_only_first: int
    n_only_second: int
    mean_first: float
    mean_second: float
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    effect_size: float | None
    macro: bool
    n_wins: int
    n_ties: int
    n_losses: int

    def table(self) -> dict[str, Any]:
        """The test as JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True)
class Comparison:
    """Everything told of a comparison. ``harms`` has a report for each pair of systems that chose answers.

    ``n_other_gold``: questions for which the results do not name the same right answer; they count in no test.
    """

    contenders: tuple[Contender, ...]
    tests: tuple[PairedTest, ...]
    harms: tuple[tuple[str, str, Harm], ...]
    n_other_gold: int
    seed: int
    n_resamples: int
    n_permutations: int

    @property
    def benchmarks(self) -> tuple[str, ...]:
        """The benchmarks' names, each once: more than one is worth a warning."""
        return tuple(dict.fromkeys(contender.benchmark for contender in self.contenders))

    def table(self) -> dict[str, Any]:
        """The comparison as JSON values."""
        return {
            "systems": [contender.label for contender in self.contenders],
            "benchmarks": list(self.benchmarks),
            "seed": self.seed,
            "n_resamples": self.n_resamples,
            "n_permutations": self.n_permutations,
            "n_tests": len(self.tests),
            "n_other_gold": self.n_other_gold,
            "tests": [test.table() for test in self.tests],
            "harm": [{"first": first, "second": second} | found.table() for first, second, found in self.harms],
        }


def find_contenders(names: Sequence[str]) -> list[Contender]:
    """The systems that ``names`` mean: a results folder or its name, of all its systems or, with ``:system``, of one.

    Raises:
        UnknownName: no such results, or no such system in them.
        MissingFile, DamagedFile: see `read_results`.
    """
    found = [(folder, system) for name in names for folder, system in _systems(name)]
    unique = list(dict.fromkeys((results.folder.absolute(), system) for results, system in found))
    opened = {results.folder.absolute(): results for results, _ in found}
    folders = list(dict.fromkeys(folder for folder, _ in unique))
    names_of = [opened[folder].name for folder in folders]
    prefixes = {
        folder: name if names_of.count(name) == 1 else str(opened[folder].folder)
        for folder, name in zip(folders, names_of, strict=True)
    }
    return [
        Contender(
            _label(prefixes, folder, system, opened[folder]), opened[folder].benchmark, opened[folder].systems[system]
        )
        for folder, system in unique
    ]


def contenders_of(results: Results) -> list[Contender]:
    """All systems of one results folder, by their own names."""
    return [Contender(name, results.benchmark, system) for name, system in results.systems.items()]


def compare(
    contenders: Sequence[Contender],
    measures: Sequence[str] = (),
    *,
    seed: int = SEED,
    n_resamples: int = N_RESAMPLES,
    n_permutations: int = N_PERMUTATIONS,
) -> Comparison:
    """Test every pair of systems in every measure that both have, or in those named.

    Raises:
        NotComparable: fewer than two systems, or no question or measure in common.
        UnknownName: no system has a measure of that name.
    """
    if len(contenders) < 2:
        raise NotComparable("a comparison needs two systems; name two results folders, or one with several systems")
    chosen = _measures(contenders, measures)
    other_gold = _other_gold(contenders)
    tests = []
    for measure in chosen:
        for first, second in combinations(contenders, 2):
            pair = _Pair(first, second, measure, other_gold)
            if pair.shared:
                tests.append(pair.test(seed, n_resamples, n_permutations))
    if not tests:
        raise NotComparable("the systems have no question and measure in common; compare results of one benchmark")
    corrected = holm([test["p"] for test in tests])
    return Comparison(
        contenders=tuple(contenders),
        tests=tuple(PairedTest(**test, p_holm=p) for test, p in zip(tests, corrected, strict=True)),
        harms=tuple(harms(contenders)),
        n_other_gold=len(other_gold),
        seed=seed,
        n_resamples=n_resamples,
        n_permutations=n_permutations,
    )


class _Pair:
    """The figures of two systems in one measure, on the questions that they share."""

    def __init__(self, first: Contender, second: Contender, measure: str, left_out: frozenset[str]) -> None:
        self._labels = (measure, first.label, second.label)
        self._figures = tuple(_figures(contender, measure, left_out) for contender in (first, second))
        a, b = self._figures
        self.shared = [query_id for query_id in a if query_id in b]
        summaries = [contender.system.measures.get(measure) for contender in (first, second)]
        self._macro = all(summary is not None and summary.macro for summary in summaries)
        self._group_of = {row.query_id: row.group for row in first.system.rows}

    def test(self, seed: int, n_resamples: int, n_permutations: int) -> dict[str, Any]:
        """The fields of a `PairedTest` without the correction."""
        of_a, of_b = ([figures[query_id] for query_id in self.shared] for figures in self._figures)
        groups = [self._group_of[query_id] for query_id in self.shared] if self._macro else None
        difference, low, high = paired_bootstrap(of_b, of_a, groups=groups, n_resamples=n_resamples, seed=seed)
        p = paired_randomisation(of_b, of_a, groups=groups, n_resamples=n_permutations, seed=seed)
        effect = effect_size(of_b, of_a) if len(self.shared) > 1 else inf
        gains = [after - before for before, after in zip(of_a, of_b, strict=True)]
        n_wins, n_losses = sum(gain > _TIE for gain in gains), sum(gain < -_TIE for gain in gains)
        measure, first, second = self._labels
        return {
            "measure": measure,
            "first": first,
            "second": second,
            "n": len(self.shared),
            "n_only_first": len(self._figures[0]) - len(self.shared),
            "n_only_second": len(self._figures[1]) - len(self.shared),
            "mean_first": mean(of_a, groups),
            "mean_second": mean(of_b, groups),
            "difference": difference,
            "low": low,
            "high": high,
            "p": p,
            "effect_size": effect if isfinite(effect) else None,
            "macro": self._macro,
            "n_wins": n_wins,
            "n_ties": len(self.shared) - n_wins - n_losses,
            "n_losses": n_losses,
        }


def _measures(contenders: Sequence[Contender], named: Sequence[str]) -> list[str]:
    have = list(dict.fromkeys(label for contender in contenders for label in contender.system.measures))
    folded = {label.casefold(): label for label in have}
    for name in named:
        if name.casefold() not in folded:
            raise UnknownName("measures", name, have, "these are the ones in the results")
    return list(dict.fromkeys(folded[name.casefold()] for name in named)) if named else have


def _figures(contender: Contender, measure: str, left_out: frozenset[str]) -> dict[str, float]:
    figures = contender.system.figures(measure)
    return {query_id: figure for query_id, figure in figures.items() if query_id not in left_out}


def _other_gold(contenders: Sequence[Contender]) -> frozenset[str]:
    """Questions that are not the same everywhere, by their right answers."""
    golds: dict[str, str] = {}
    differing = set()
    for contender in contenders:
        for row in contender.system.rows:
            if row.gold and golds.setdefault(row.query_id, row.gold) != row.gold:
                differing.add(row.query_id)
    return frozenset(differing)


def harms(contenders: Sequence[Contender]) -> Iterator[tuple[str, str, Harm]]:
    """For each pair of systems that chose answers, what became of right and wrong from the first to the second."""
    left_out = _other_gold(contenders)
    for first, second in combinations(contenders, 2):
        before, after = (_verdicts(contender.system.rows, left_out) for contender in (first, second))
        if before.keys() & after.keys():
            yield first.label, second.label, harm(before, after)


def _verdicts(rows: Sequence[QuestionRow], left_out: frozenset[str]) -> dict[str, str]:
    """Of the questions whose right answer is known."""
    return {row.query_id: row.verdict for row in rows if row.gold and row.verdict and row.query_id not in left_out}


def _systems(name: str) -> Iterator[tuple[Results, str]]:
    results, system = _find(name)
    if system and system not in results.systems:
        raise UnknownName(f"system of {results.folder}", system, results.systems)
    yield from ((results, each) for each in ([system] if system else results.systems))


def _find(name: str) -> tuple[Results, str]:
    """The results, and the system after a colon; empty where none is named."""
    for folder_name, system in dict.fromkeys([(name, ""), (name.rpartition(":")[0], name.rpartition(":")[2])]):
        if not folder_name:
            continue
        for folder in (Path(folder_name), results_folder() / folder_name):
            if (folder / "summary.json").is_file():
                return read_results(folder), system
    if Path(name).is_dir():
        read_results(Path(name))  # says what it lacks
    have = [path.parent.name for path in results_folder().glob("*/summary.json")]
    raise UnknownName("evaluation results", name, have, "run one with: ragmed eval eval/<name>.toml")


def results_folder() -> Path:
    """Where evaluations write their folders."""
    return home() / "eval" / "results"


def _label(prefixes: dict[Path, str], folder: Path, system: str, results: Results) -> str:
    if len(prefixes) == 1:
        return system
    return prefixes[folder] if len(results.systems) == 1 else f"{prefixes[folder]}:{system}"
