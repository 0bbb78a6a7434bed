"""Diseases that may explain a patient's findings, with what speaks for and against each, and what to ask next.

    told ──read──► findings ──rank──► diseases ──► signs, each with the statement that says so
                                            └────► the findings that would tell most about which it is

Statements are those of a knowledge graph (by default the annotations of the Human Phenotype Ontology), so that each
figure can be opened and checked. Only diseases of the graph are compared: rare ones, with the default graph. What is
ranked first is what the annotations explain best; it is no diagnosis.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from ragmed.errors import QuestionError
from ragmed.graph.diagnosis import Candidate, How, Ranker, Sign
from ragmed.graph.differences import FollowUp, differences, follow_up, in_words
from ragmed.graph.differences_chart import differences_figure, named_without_share
from ragmed.graph.evidence import passage_of, triples
from ragmed.graph.findings import open_profiles
from ragmed.graph.presentation import FindingsReader, Presentation, Told
from ragmed.graph.store import Graph
from ragmed.home import graph_path
from ragmed.index.graphs import graph_card, open_graph
from ragmed.json_lines import lines, text_of
from ragmed.types import Citation

N_COMPARED = 10
"""Likeliest diseases among which the next findings to ask for are sought."""
MAX_CHARS = 200_000
"""Longer texts are not read."""
_BATCH_K = 100


@dataclass(frozen=True, slots=True)
class ToldFinding:
    """A finding of the patient: ``text`` says it; ``is_near``: in words that are not its name."""

    finding_id: str
    name: str
    text: str
    is_near: bool = False


@dataclass(frozen=True, slots=True)
class FindingSign:
    """How a finding stands to a disease (`ragmed.graph.diagnosis.How`).

    ``through_id`` and ``through`` are the finding of the disease that it is compared with; ``share`` how often that is
    met there (0–1; None: its source does not say); ``points`` what it adds to the score; ``markers`` the
    citations that say so.
    """

    finding_id: str
    name: str
    how: How
    through_id: str
    through: str
    share: float | None
    points: float
    markers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RankedDisease:
    """A disease that may explain the findings. ``probability`` (0–1) is among the diseases compared, if it is one of
    them; ``score`` its logarithm but for a constant of the case."""

    disease_id: str
    name: str
    url: str
    probability: float
    score: float
    signs: tuple[FindingSign, ...]

    @property
    def signs_for(self) -> tuple[FindingSign, ...]:
        return tuple(sign for sign in self.signs if sign.how in ("stated", "narrower", "broader", "excluded as usual"))

    @property
    def signs_against(self) -> tuple[FindingSign, ...]:
        return tuple(sign for sign in self.signs if sign not in self.signs_for)


@dataclass(frozen=True, slots=True)
class NextFinding:
    """A finding to ask or test for: ``bits`` it is expected to tell, ``chance`` (0–1) that it is present, and how the
    answer is read."""

    finding_id: str
    name: str
    definition: str
    bits: float
    chance: float
    reading: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What may explain a patient's findings. ``citations`` are quoted by their markers."""

    observed: tuple[ToldFinding, ...]
    excluded: tuple[ToldFinding, ...]
    diseases: tuple[RankedDisease, ...]
    ask_next: tuple[NextFinding, ...]
    citations: tuple[Citation, ...]
    notices: tuple[str, ...]
    graph_card: Mapping[str, Any] = field(default_factory=dict)


class Diagnoser:
    """A graph made ready to diagnose with, for any number of patients, from any number of threads.

    Args:
        graph: its name.
        diseases: the prefix of the ids of the diseases compared, as ``"OMIM"`` or ``"ORPHA"``.

    Raises:
        UnknownName: no such graph, or it has no such diseases. IndexFault, CorpusError: it cannot be opened or built.
    """

    def __init__(self, graph: str = "default", diseases: str = "OMIM") -> None:
        self.graph: Graph = open_graph(graph)
        self.card = graph_card(graph_path(graph))
        self.profiles = open_profiles(self.graph, diseases)
        self.reader = FindingsReader(self.graph, self.profiles)
        self.ranker = Ranker(self.graph, self.profiles)

    def diagnose(
        self, observed: str | Sequence[str], excluded: str | Sequence[str] = (), *, k: int = 5, n_ask: int = 5
    ) -> Diagnosis:
        """The ``k`` likeliest diseases, and up to ``n_ask`` findings to ask for.

        Args:
            observed: texts, or identifiers of findings. excluded: what the patient has not.

        Raises:
            QuestionError: nothing that is told is a finding of the graph; or the text is too long.
        """
        presentation = self._read(observed, excluded)
        if not presentation.observed:
            told = "; ".join(presentation.notices)
            raise QuestionError(
                f"no finding was recognised{f' ({told})' if told else ''}; name findings as HPO does, one after "
                "another, or give their ids: ragmed diagnose 'ectopia lentis, tall stature'"
            )
        has, has_not = _rows(presentation.observed), _rows(presentation.excluded)
        ranked = self.ranker.rank(has, has_not, max(k, N_COMPARED))
        cited = _Citations(self.graph)
        diseases = tuple(self._ranked(candidate, cited) for candidate in ranked[: max(k, 0)])
        return Diagnosis(
            tuple(map(self._told, presentation.observed)),
            tuple(map(self._told, presentation.excluded)),
            diseases,
            self._ask_next(ranked, has, has_not, n_ask),
            tuple(cited.citations),
            presentation.notices,
            self.card,
        )

    def rank(self, observed: Sequence[str], excluded: Sequence[str] = (), k: int = _BATCH_K) -> dict[str, Any]:
        """The diseases alone: ``{"diseases": [[id, score], …]}``, with ``"notices"`` where something must be said."""
        presentation = self._read(observed, excluded)
        ranked = self.ranker.rank(_rows(presentation.observed), _rows(presentation.excluded), k, explain=False)
        found: dict[str, Any] = {"diseases": [[self.graph.node_id(one.disease), round(one.score, 6)] for one in ranked]}
        if presentation.notices:
            found["notices"] = list(presentation.notices)
        return found

    def page(self, diagnosis: Diagnosis) -> str:
        """A figure of the findings in which the diseases of a diagnosis differ, as HTML for `ragmed.charts.page`."""
        rows = [self.graph.row(one.disease_id) for one in diagnosis.diseases]
        has, has_not = (
            [self.graph.row(one.finding_id) for one in told] for told in (diagnosis.observed, diagnosis.excluded)
        )
        found = differences(
            [self._profile(row) for row in rows],
            has,
            has_not,
            ancestors=self.graph.ancestors,
            background=self.profiles.background,
            n=15,
        )
        candidates = [(one.name, one.probability) for one in diagnosis.diseases]
        return differences_figure(
            "Findings that tell the diseases apart",
            found,
            candidates,
            self.graph.name,
            no_share=[named_without_share(self.graph, row) for row in rows],
        )

    def _read(self, observed: str | Sequence[str], excluded: str | Sequence[str]) -> Presentation:
        told = [[one] if isinstance(one, str) else list(one) for one in (observed, excluded)]
        if sum(len(text) for texts in told for text in texts) > MAX_CHARS:
            raise QuestionError(f"what is told is longer than {MAX_CHARS:,} characters; give the findings alone")
        return self.reader.read(*told)

    def _told(self, told: Told) -> ToldFinding:
        return ToldFinding(self.graph.node_id(told.node), self.graph.name(told.node), told.text, told.is_near)

    def _ranked(self, candidate: Candidate, cited: _Citations) -> RankedDisease:
        node = self.graph.node(candidate.disease)
        signs = tuple(self._sign(sign, cited) for sign in candidate.signs)
        return RankedDisease(node.node_id, node.name, node.url, candidate.probability, candidate.score, signs)

    def _sign(self, sign: Sign, cited: _Citations) -> FindingSign:
        known = sign.through >= 0
        return FindingSign(
            self.graph.node_id(sign.node),
            self.graph.name(sign.node),
            sign.how,
            self.graph.node_id(sign.through) if known else "",
            self.graph.name(sign.through) if known else "",
            sign.share,
            sign.points,
            tuple(cited.marker(number) for number in triples(self.graph, sign.edges)),
        )

    def _ask_next(
        self, ranked: Sequence[Candidate], has: Sequence[int], has_not: Sequence[int], n: int
    ) -> tuple[NextFinding, ...]:
        compared = ranked[:N_COMPARED]
        if n <= 0 or len(compared) < 2:
            return ()
        asked = follow_up(
            [self._profile(one.disease) for one in compared],
            [one.probability for one in compared],
            has,
            has_not,
            ancestors=self.graph.ancestors,
            background=self.profiles.background,
            n=n,
        )
        names = [self.graph.name(one.disease) for one in compared]
        return tuple(self._next(one, names) for one in asked)

    def _next(self, one: FollowUp, names: Sequence[str]) -> NextFinding:
        node = self.graph.node(one.finding)
        return NextFinding(node.node_id, node.name, node.definition, one.bits, one.chance, in_words(one, names))

    def _profile(self, disease: int) -> dict[int, float]:
        """Finding → share, those that are denied at 0."""
        place = self.profiles.place(disease)
        assert place is not None
        return self.profiles.with_denied(place)


class _Citations:
    """Statements as they are cited, each once."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._markers: dict[str, int] = {}
        self.citations: list[Citation] = []

    def marker(self, number: int) -> int:
        """The marker of an edge's citation."""
        passage = passage_of(self._graph, number)
        if passage.passage_id not in self._markers:
            marker = self._markers[passage.passage_id] = len(self.citations) + 1
            self.citations.append(
                Citation(
                    marker,
                    passage.passage_id,
                    0,
                    len(passage.text),
                    passage.text,
                    1.0,
                    passage.doc_id,
                    passage.title,
                    passage.source,
                    passage.url,
                    passage.licence,
                )
            )
        return self._markers[passage.passage_id]


def diagnose(
    observed: str | Sequence[str],
    excluded: str | Sequence[str] = (),
    *,
    k: int = 5,
    n_ask: int = 5,
    graph: str = "default",
    diseases: str = "OMIM",
) -> Diagnosis:
    """Rank diseases by what is told of a patient. Arguments and errors as for `Diagnoser`, which serves many patients.

    >>> diagnosis = diagnose(["HP:0001083", "HP:0002616", "HP:0001166"])
    >>> diagnosis.diseases[0].name
    'Marfan syndrome'
    """
    return _diagnoser(graph, diseases).diagnose(observed, excluded, k=k, n_ask=n_ask)


def diagnose_file(path: Path, diagnoser: Diagnoser, k: int = _BATCH_K) -> Iterator[dict[str, Any]]:
    """For each line of a JSON lines file ``{"id", "observed": […], "excluded": […]}``: its id, and `Diagnoser.rank`.

    Findings are identifiers or names. A line that cannot be read gives no disease, and its ``"error"``.
    """
    for n, line in lines(path):
        try:
            case = json.loads(line)
        except (ValueError, RecursionError):
            case = None
        if not isinstance(case, dict):
            yield {"id": f"line {n}", "diseases": [], "error": f"line {n:,}: not a JSON object"}
            continue
        name = text_of(case.get("id")) or f"line {n}"
        has, has_not = (
            [some] if isinstance(some, str) else some
            for some in (case.get(key, []) for key in ("observed", "excluded"))
        )
        if not all(isinstance(some, list) and all(isinstance(one, str) for one in some) for some in (has, has_not)):
            yield {"id": name, "diseases": [], "error": f"line {n:,}: observed and excluded are lists of ids or names"}
            continue
        try:
            yield {"id": name, **diagnoser.rank(has, has_not, k)}
        except QuestionError as error:
            yield {"id": name, "diseases": [], "error": f"line {n:,}: {error}"}


@lru_cache(2)
def _diagnoser(graph: str, diseases: str) -> Diagnoser:
    return Diagnoser(graph, diseases)


def _rows(told: Iterable[Told]) -> list[int]:
    return [one.node for one in told]
