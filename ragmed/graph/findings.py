"""What findings each disease has, and how often: the statements ``has_finding`` of a graph, compiled for ranking.

A disease's rows about one finding are joined: patients counted ("7/12" and "1/8") are added up, to (present + 0.5) of
(examined + 1); where none are counted the highest frequency given stands, one half where none is given. A finding that
nobody examined had, or that is denied and never affirmed, is *denied*. A patient who has a finding has all of which it
is a kind: ``implied`` holds, for each finding, the diseases with it or with a kind of it, and the highest frequency of
these.

Diseases are compiled by the prefix of their ids, one profile for each identifier of OMIM, of Orphanet, and so on: the
same disease under two systems is compared with those of its own only.

Files, below a folder for each prefix: ``disease.npy`` (uint32, rows of nodes, ascending); by finding, as compressed
sparse rows over all nodes of the graph, ``stated_*``, ``implied_*`` and ``denied_*``: ``start.npy`` (int64),
``column.npy`` (uint32, places in ``disease``), ``share.npy`` (float32); ``n_publications.npy``, ``n_patients.npy``
(uint32).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ragmed.columns import map_array, write_array
from ragmed.errors import UnknownName
from ragmed.graph.store import Graph, Numbers

PREDICATE = "has_finding"
NOT_GIVEN = 0.5
"""The frequency of a finding whose source gives none."""
_MIN_DISEASES = 5
"""Fewer diseases of one prefix are not worth comparing."""
_RARELY = 1e-4
"""Added to how often a finding is met, for those that no disease has."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Sparse (n_nodes, n_diseases): for each finding the diseases that have it, and how often."""

    start: NDArray[np.int64]
    column: NDArray[np.uint32]
    share: NDArray[np.float32]

    def of(self, finding: int) -> tuple[NDArray[np.uint32], NDArray[np.float32]]:
        """The places of the diseases with a finding, and their frequencies."""
        first, end = int(self.start[finding]), int(self.start[finding + 1])
        return self.column[first:end], self.share[first:end]


class Profiles:
    """The compiled profiles of the diseases of one prefix. ``disease`` (n,): their rows in the graph, ascending.

    ``n_publications`` and ``n_patients`` (n,): how many publications a profile rests on, and how many patients its best
    counted finding. ``usual`` (n_nodes,): how often a finding is met in any of the diseases, on average, and a little
    more.
    """

    def __init__(
        self,
        disease: NDArray[np.uint32],
        stated: Rows,
        implied: Rows,
        denied: Rows,
        n_publications: NDArray[np.uint32],
        n_patients: NDArray[np.uint32],
        usual: NDArray[np.float64] | None = None,
    ) -> None:
        self.disease, self.stated, self.implied, self.denied = disease, stated, implied, denied
        self.n_publications, self.n_patients = n_publications, n_patients
        self._usual = usual

    def __len__(self) -> int:
        return len(self.disease)

    @cached_property
    def usual(self) -> NDArray[np.float64]:
        if self._usual is not None:
            return self._usual
        sums = np.concatenate([[0.0], np.cumsum(self.implied.share, dtype=np.float64)])
        mean: NDArray[np.float64] = (sums[self.implied.start[1:]] - sums[self.implied.start[:-1]]) / max(len(self), 1)
        return mean + _RARELY

    @cached_property
    def rarity(self) -> NDArray[np.float64]:
        """(n_nodes,): the inverse document frequency of each finding: in how few profiles it is stated."""
        n = np.diff(self.stated.start)
        return np.log(1 + (len(self) - n + 0.5) / (n + 0.5))

    @cached_property
    def n_findings(self) -> NDArray[np.int64]:
        """(n,): findings stated of each disease."""
        return np.bincount(self.stated.column, minlength=len(self))

    @cached_property
    def total(self) -> NDArray[np.float64]:
        """(n,): the findings to be expected in a patient with each disease: the sum of its frequencies."""
        total: NDArray[np.float64] = np.bincount(self.stated.column, self.stated.share, len(self)).astype(np.float64)
        return total

    def place(self, disease: int) -> int | None:
        """The place of a disease's row in ``disease``."""
        at = int(np.searchsorted(self.disease, disease))
        return at if at < len(self.disease) and self.disease[at] == disease else None

    @cached_property
    def _by_disease(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
        findings = np.repeat(np.arange(len(self.stated.start) - 1), np.diff(self.stated.start))
        order = np.argsort(self.stated.column, kind="stable")
        start = np.concatenate([[0], np.cumsum(self.n_findings)])
        return start, findings[order], self.stated.share[order]

    def profile(self, place: int) -> dict[int, float]:
        """Finding → frequency, as stated of the disease at a place."""
        start, findings, share = self._by_disease
        part = slice(int(start[place]), int(start[place + 1]))
        return dict(zip(findings[part].tolist(), share[part].tolist(), strict=True))

    def denied_of(self, place: int) -> list[int]:
        """The findings denied of the disease at a place."""
        at = np.flatnonzero(self.denied.column == place)
        found: list[int] = (np.searchsorted(self.denied.start, at, side="right") - 1).tolist()
        return found

    def with_denied(self, place: int) -> dict[int, float]:
        """Finding → frequency, as stated of the disease at a place; of what is denied of it 0."""
        return {**dict.fromkeys(self.denied_of(place), 0.0), **self.profile(place)}

    def background(self, finding: int) -> float:
        """How often a finding is met in any of the diseases: ``usual`` of it."""
        return float(self.usual[finding])


def share_told(graph: Graph, numbers: Sequence[int]) -> float | None:
    """The share of patients (0–1) that statements about one finding of a disease give together; None: none."""
    some = [number for number in numbers if not graph.negated[number]]
    examined = sum(int(graph.n_examined[number]) for number in some)
    if examined:
        return sum(int(graph.n_present[number]) for number in some) / examined
    given = [share for number in some if not np.isnan(share := float(graph.frequency[number]))]
    return max(given) if given else 0.0 if numbers and not some else None


def compile_profiles(graph: Graph, folder: Path) -> list[str]:
    """Write the profiles of a graph's diseases below ``folder``, by prefix; return the prefixes."""
    numbers = _statements(graph)
    written = []
    for prefix, diseases in _by_prefix(graph, numbers).items():
        if len(diseases) >= _MIN_DISEASES:
            path = folder / prefix
            path.mkdir(parents=True)
            _write(path, profiles_of(graph, numbers[np.isin(graph.subject[numbers], diseases)]))
            written.append(prefix)
    return written


def open_profiles(graph: Graph, prefix: str = "OMIM") -> Profiles:
    """The profiles of the diseases whose ids begin so, as ``"OMIM"`` or ``"ORPHA"``. Raises `UnknownName`."""
    folder = graph.folder / "findings"
    have = sorted(path.name for path in folder.glob("*")) if folder.is_dir() else []
    if prefix not in have:
        raise UnknownName("diseases with findings, by the prefix of their ids,", prefix, have)
    path = folder / prefix
    rows = {
        kind: Rows(*(map_array(path / f"{kind}_{part}.npy") for part in ("start", "column", "share")))
        for kind in ("stated", "implied", "denied")
    }
    own = (map_array(path / f"{name}.npy") for name in ("n_publications", "n_patients", "usual"))
    return Profiles(map_array(path / "disease.npy"), rows["stated"], rows["implied"], rows["denied"], *own)


def without_publications(graph: Graph, profiles: Profiles, publications: Sequence[str]) -> Profiles:
    """The profiles that rest on a publication, made again without it; how often findings are met stays as it is.

    Each row of the annotations that names one of the ids (``"PMID:…"``) is left out, also where it names others too.
    """
    cited = _citing(graph, publications)
    numbers = _statements(graph)
    touched = np.unique(graph.subject[numbers[np.isin(numbers, cited)]])
    touched = touched[np.isin(touched, profiles.disease)]
    own = numbers[np.isin(graph.subject[numbers], touched) & ~np.isin(numbers, cited)]
    return profiles_of(graph, own, touched.astype(np.uint32), profiles.usual)


def _citing(graph: Graph, publications: Sequence[str]) -> Numbers:
    """The numbers of the edges that rest on one of these publications."""
    wanted = set(publications)
    found = [i for i, evidence in enumerate(graph.evidence) if wanted.intersection(evidence)]
    return np.flatnonzero(np.isin(graph.provenance, np.array(found, dtype=np.uint32)))


def _statements(graph: Graph) -> Numbers:
    code = graph.code(PREDICATE)
    return np.flatnonzero(graph.predicate == code) if code is not None else np.zeros(0, dtype=np.int64)


def _by_prefix(graph: Graph, numbers: Numbers) -> dict[str, NDArray[np.uint32]]:
    found: dict[str, list[int]] = {}
    for row in np.unique(graph.subject[numbers]).tolist():
        found.setdefault(graph.node_id(row).partition(":")[0], []).append(row)
    return {prefix: np.array(rows, dtype=np.uint32) for prefix, rows in sorted(found.items())}


def profiles_of(
    graph: Graph,
    numbers: Numbers,
    diseases: NDArray[np.uint32] | None = None,
    usual: NDArray[np.float64] | None = None,
) -> Profiles:
    """The profiles that these statements give, of the diseases that are their subjects, or of those named."""
    subject, finding = np.asarray(graph.subject[numbers]), np.asarray(graph.object[numbers]).astype(np.int64)
    disease = np.unique(subject) if diseases is None else diseases
    column = np.searchsorted(disease, subject).astype(np.int64)
    key, pair = np.unique(column * graph.n_nodes + finding, return_inverse=True)
    n, column_of, finding_of = len(key), (key // graph.n_nodes).astype(np.uint32), key % graph.n_nodes
    negated = np.asarray(graph.negated[numbers]).astype(bool)
    present, examined = (
        np.bincount(pair, weights=np.where(negated, 0, values[numbers]), minlength=n)
        for values in (graph.n_present, graph.n_examined)
    )
    counted = graph.n_examined[numbers] > 0
    given = np.nan_to_num(graph.frequency[numbers].astype(np.float64), nan=NOT_GIVEN)
    best = np.zeros(n)
    said = ~negated & ~counted
    np.maximum.at(best, pair[said], given[said])
    share = np.where(examined > 0, np.where(present > 0, (present + 0.5) / (examined + 1), 0.0), best)
    stated, denied = np.flatnonzero(share > 0), np.flatnonzero(share == 0)
    patients = np.zeros(len(disease))
    np.maximum.at(patients, column_of[stated], examined[stated])
    return Profiles(
        disease.astype(np.uint32),
        _rows(finding_of[stated], column_of[stated], share[stated], graph.n_nodes),
        _implied(graph, finding_of[stated], column_of[stated], share[stated]),
        _rows(finding_of[denied], column_of[denied], share[denied], graph.n_nodes),
        _publications(graph, numbers, column, len(disease)),
        patients.astype(np.uint32),
        usual,
    )


def _rows(finding: NDArray[np.int64], column: NDArray[np.uint32], share: NDArray[np.float64], n_nodes: int) -> Rows:
    order = np.lexsort((column, finding))
    start = np.concatenate([[0], np.cumsum(np.bincount(finding, minlength=n_nodes))])
    return Rows(start.astype(np.int64), column[order].astype(np.uint32), share[order].astype(np.float32))


def _implied(graph: Graph, finding: NDArray[np.int64], column: NDArray[np.uint32], share: NDArray[np.float64]) -> Rows:
    """What is stated, for every finding of which it is a kind too, at the highest frequency."""
    above: Mapping[int, list[int]] = {row: sorted(graph.ancestors(row)) for row in np.unique(finding).tolist()}
    times = np.array([len(above[row]) for row in finding.tolist()], dtype=np.int64)
    implied = np.array([other for row in finding.tolist() for other in above[row]], dtype=np.int64)
    columns, shares = np.repeat(column, times).astype(np.int64), np.repeat(share, times)
    if not len(implied):
        return _rows(finding, column, share, graph.n_nodes)
    order = np.lexsort((-shares, columns, implied))
    implied, columns, shares = implied[order], columns[order], shares[order]
    first = np.concatenate([[True], (implied[1:] != implied[:-1]) | (columns[1:] != columns[:-1])])
    return _rows(implied[first], columns[first].astype(np.uint32), shares[first], graph.n_nodes)


def _publications(graph: Graph, numbers: Numbers, column: NDArray[np.int64], n: int) -> NDArray[np.uint32]:
    """How many publications the statements about each disease name."""
    counts = np.zeros(n, dtype=np.uint32)
    evidence = graph.evidence
    cited: dict[int, set[str]] = {}
    for place, provenance in zip(column.tolist(), graph.provenance[numbers].tolist(), strict=True):
        cited.setdefault(place, set()).update(one for one in evidence[provenance] if one.startswith("PMID:"))
    for place, publications in cited.items():
        counts[place] = len(publications)
    return counts


def _write(folder: Path, profiles: Profiles) -> None:
    for kind in ("stated", "implied", "denied"):
        rows: Rows = getattr(profiles, kind)
        for part in ("start", "column", "share"):
            write_array(folder / f"{kind}_{part}.npy", getattr(rows, part))
    for name in ("disease", "n_publications", "n_patients", "usual"):
        write_array(folder / f"{name}.npy", getattr(profiles, name))
